"""What the app says of a session, in words: header, status line, reasons against trust."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from .session import Session

# A reason as the engine spells it, and what it means to who reads it.
REASONS = {
    "warm-up": "the windows are still filling",
    "gap": "samples were lost, the windows fill anew",
    "too few channels": "too few channels are usable: mend contact, or name a montage",
    "stale": "nothing arrives: the stream is silent",
    "artifact": "blinks, muscle or movement in much of the window",
    "no baseline": "this person's rest, or the minute after it, is not known yet",
    "unfamiliar": "the signal is unlike what the model was trained on",
    "not validated": "the model was never tested on people",
}


_HOW = (
    "Ctrl+O chooses a headset, a recording or a simulation; a recording may be dropped here.\n"
    "F1 lists the keys."
)


def source_words(session: Session) -> str:
    """Return what is decoded, in one line; empty while it is being opened."""
    source = session.source
    if session.phase == "opening":
        return ""
    if source is None:
        return "no source"
    where = f" · {source.host}" if source.host else ""
    name = source.name or source.source_id or "unnamed stream"
    return f"{name}{where} · {len(source.channels)} ch · {source.sfreq:g} Hz"


def nothing_words(session: Session, connected: bool, problem: str) -> str:
    """Return why there is nothing to show, and what to do; empty where there is something."""
    if session.model is not None:
        return ""
    if not connected:
        return problem and f"The engine's process cannot be reached: {problem}" or "Starting …"
    if session.phase == "opening":
        return (
            "Opening the source …\n\nThe first time with a simulated headset, what is known of "
            "its person is worked out, which takes some seconds."
        )
    if session.phase == "failed":
        return "Nothing is decoded: the source could not be opened, as said above.\n\n" + _HOW
    return "Nothing is decoded yet.\n\n" + _HOW


def phase_words(session: Session) -> str:
    """Return how it is going, in a word or two."""
    if session.phase == "running":
        if session.latest.health.get("silent"):
            return "silent"
        if session.paused:
            return "paused"
        return "live" if session.speed is None else f"replay {session.speed:g}×"
    return session.phase


def trust_words(reasons: Iterable[str], trusted: bool) -> str:
    """Return whether the newest frame may be trusted, and what speaks against it."""
    if trusted:
        return "trusted"
    said = [f"{reason} ({REASONS[reason]})" if reason in REASONS else reason for reason in reasons]
    return "not to be trusted: " + "; ".join(said) if said else "waiting for the first frame"


def rest_words(session: Session) -> str:
    """Return what the person does until the model knows them, and for how long; or nothing."""
    if session.rest is None or not session.live or session.trusted:
        return ""
    start, end, known = session.rest
    at = session.position
    if at < start:
        return f"The rest begins in {count_down(start - at)}."
    if at < end:
        return f"Rest: sit still, {count_down(end - at)} left."
    if at < known:
        return f"The rest is known; about {count_down(known - at)} more until the model knows you."
    return ""


def count_down(seconds: float) -> str:
    """Return a length of time in minutes and whole seconds, 0:00 only once it is over."""
    minutes, left = divmod(math.ceil(max(seconds, 0.0)), 60)
    return f"{minutes}:{left:02d}"


def status_words(session: Session) -> str:
    """Return the facts of the run, in one line."""
    health = session.latest.health
    if not health:
        return ""
    parts = []
    if (age := health["sample_age"]) is not None:
        parts.append(f"newest sample {_ms(age)} ago")
    if health["latency_p50"] is not None:
        parts.append(
            f"latency p50 {_ms(health['latency_p50'], '')} / p99 {_ms(health['latency_p99'])}"
        )
    parts.append(f"late {health['late']}")
    if health["rate"] is not None:
        parts.append(f"{health['rate']:.2f} Hz")
    if health["drift_ppm"] is not None:
        parts.append(f"drift {health['drift_ppm']:+.0f} ppm".replace("-", "−"))
    parts.append(f"lost {health['lost']}")
    if health["stale"]:
        parts.append(f"stale {health['stale']}")
    return " · ".join(parts)


def recording_words(session: Session) -> str:
    """Return how much is recorded so far, empty when nothing is."""
    health: Mapping[str, Any] = session.latest.health
    if not session.recording or session.phase != "running":
        return ""
    if problem := health.get("recording_problem"):
        return f"NOT RECORDING: {problem}"
    return str(health.get("recording") or "● REC")


def clock_words(seconds: float) -> str:
    """Return a length of time as clocks show it."""
    # Rounded first, or 59.96 s would read 0:60.0.
    minutes, rest = divmod(round(max(seconds, 0.0), 1), 60.0)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"


def _ms(seconds: float, unit: str = " ms") -> str:
    return f"{seconds * 1e3:.0f}{unit}" if abs(seconds) < 10 else f"{seconds:.0f} s"
