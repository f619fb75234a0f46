"""Frames, events and sizes in words, as every view says them, and numbers for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .signal import EmotionFrame, Event, Kind

# Clock offsets come all the time, and warnings are logged.
UNTOLD = frozenset({Kind.CLOCK_OFFSET, Kind.WARNING})


def size_text(size: int) -> str:
    """Return a number of bytes as people say it."""
    return f"{size / 1e3:.0f} kB" if size < 1e6 else f"{size / 1e6:.1f} MB"


def plain_line(names: list[str], frame: EmotionFrame) -> str:
    """Return a frame as text: time, ``joy=0.42`` …, and the reasons against it."""
    values = " ".join(f"{name}={value:.2f}" for name, value in zip(names, frame.mean, strict=True))
    reasons = ";".join(sorted(frame.reasons)) or "trusted"
    return f"{frame.time:.2f} {values} {reasons}"


def without_nan(value: Any) -> Any:
    """Return a value for JSON: a number that is not finite as null, tuples as lists."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def describe(event: Event) -> str:
    """Return an event as people would say it."""
    said = event.payload
    if event.kind == Kind.GAP:
        return f"{said['missing']} samples missing, starting over"
    if event.kind == Kind.MASK:
        return _masked(said["bad"], said.get("reasons", {}))
    if event.kind == Kind.STREAM_LOST:
        return "the stream has gone silent"
    if event.kind == Kind.STREAM_RETURNED:
        return "the stream is back"
    if event.kind == Kind.CLOCK_STEP:
        return f"the sender's clock was set by {said['step']:+.3f} s; no sample is lost"
    if event.kind == Kind.SLEPT:
        return f"this machine slept for {said['seconds']:.1f} s"
    if event.kind == Kind.NOTCH:
        return _line(said)
    if event.kind == Kind.ASR:
        return "artifact subspace reconstruction " + ("is at work" if said["active"] else "waits")
    if event.kind == Kind.OPERATOR:
        parts = [f"{what} {', '.join(said[what])}" for what in ("bad", "good") if what in said]
        return f"operator: {'; '.join(parts) or said.get('note', '')}"
    return f"{event.kind} {said.get('description', '')}".strip()


def _masked(bad: Sequence[str], reasons: Mapping[str, Sequence[str]]) -> str:
    if not bad:
        return "every channel is in use"
    why = [f"{name} ({', '.join(reasons[name])})" if reasons.get(name) else name for name in bad]
    return f"left out: {', '.join(why)}"


def _line(said: Mapping[str, Any]) -> str:
    if said["hz"] is None:
        return "no line noise was found: no notch"
    how = "filtered" if said["filtered"] else "not filtered, since it lies above the low-pass"
    return f"line noise at {said['hz']:g} Hz ({said['how']}): {how}"
