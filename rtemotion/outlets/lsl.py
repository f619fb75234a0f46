"""Emotions on the wire: an LSL stream of numbers, and one of events beside it."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from ..columns import SUFFIXES, Columns
from ..errors import OutletError, SetupError
from ..signal import Event, Kind, Publication
from .about import COVERAGE, STATISTICS, About, event_json

# Numbers of events, from OpenViBE's first free label on; numeric markers keep their own.
# Receivers know them by heart: a new kind goes to the end.
_FIRST_LABEL = 0x8101
CODES = {
    kind: _FIRST_LABEL + i
    for i, kind in enumerate(
        (
            Kind.MARKER,
            Kind.GAP,
            Kind.STREAM_LOST,
            Kind.STREAM_RETURNED,
            Kind.CLOCK_OFFSET,
            Kind.MASK,
            Kind.WARNING,
            Kind.CLOCK_STEP,
            Kind.SLEPT,
            Kind.OPERATOR,
            Kind.NOTCH,
            Kind.ASR,
        )
    )
}
OTHER = _FIRST_LABEL + 0x40


class LSLOutlet:
    """Publish frames as an LSL stream of type ``Emotion``.

    Channels are four a target (``joy``, ``joy_std``, ``joy_lower``,
    ``joy_upper``), then ``quality`` and ``trusted`` (1 or 0), float32, irregular,
    stamped with the frame's time. A frame without a value goes out as NaN. Events
    go out on two streams of type ``Markers``: as JSON on ``<name>-events``, and as
    numbers on ``<name>-codes``.

    The descriptions say what the model is, and of every channel what it holds.

    Parameters
    ----------
    targets : sequence of str
        Names of the emotions, in the order of `EmotionFrame.mean`.
    model : str
        Identity of the model, part of the stream's description.
    name : str
        Name of the stream.
    source_id : str, optional
        Identity of the stream; by default one that nobody else has.
    about : About, optional
        What else the description says.

    Raises
    ------
    OutletError
        If LSL cannot be used on this machine, or a target's name is taken.
    """

    def __init__(
        self,
        targets: Sequence[str],
        model: str,
        name: str = "rtemotion",
        source_id: str | None = None,
        about: About | None = None,
    ) -> None:
        from ..lsl import load_pylsl

        self._columns = Columns.of(targets, model)
        try:
            self._pylsl = load_pylsl()
        except SetupError as problem:
            raise OutletError(str(problem)) from problem
        self.source_id = source_id or f"rtemotion-{uuid.uuid4().hex}"
        labels = (*self._columns.of_targets, "quality", "trusted")
        info = self._pylsl.StreamInfo(name, "Emotion", len(labels), 0.0, "float32", self.source_id)
        _describe(info.desc(), self._columns, about or About())
        events = self._markers(f"{name}-events", "string", f"{self.source_id}-events")
        codes = self._markers(f"{name}-codes", "int32", f"{self.source_id}-codes")
        _describe_codes(codes.desc())
        try:
            self._frames: Any = self._pylsl.StreamOutlet(info)
            self._events: Any = self._pylsl.StreamOutlet(events)
            self._codes: Any = self._pylsl.StreamOutlet(codes)
        except RuntimeError as problem:
            raise OutletError(
                f"the LSL stream '{name}' cannot be opened ({problem}), expected a free TCP port "
                "from 16572 on; end other LSL programs or see `rtemotion doctor`."
            ) from problem

    def publish(self, publication: Publication) -> None:
        """Send one frame, stamped with its time; nothing once closed."""
        if self._frames is None:
            return
        frame = publication.frame
        values = [
            *self._columns.estimates(publication),
            float(frame.quality),
            float(frame.trusted),
        ]
        self._frames.push_sample(values, self._stamp(frame.time))

    def event(self, event: Event) -> None:
        """Send one event as JSON with ``kind``, ``sample``, ``time`` and ``payload``.

        A second stream carries its number (`code_of`) for programs that read only those.
        """
        if self._events is None:
            return
        stamp = self._stamp(event.time)
        self._events.push_sample([event_json(event)], stamp)
        self._codes.push_sample([code_of(event)], stamp)

    def close(self) -> None:
        """Take the streams off the network; what was sent is delivered first."""
        self._frames = None
        self._events = None
        self._codes = None

    def _markers(self, name: str, fmt: str, source_id: str) -> Any:
        info = self._pylsl.StreamInfo(name, "Markers", 1, 0.0, fmt, source_id)
        info.desc().append_child_value("manufacturer", "rtemotion")
        unit = "JSON" if fmt == "string" else "code"
        _channel(info.desc().append_child("channels"), "event", "Markers", unit)
        return info

    def _stamp(self, moment: float) -> float:
        # LSL takes 0 for "now" and -1 for "deduce it".
        return moment if math.isfinite(moment) and moment > 0 else self._pylsl.local_clock()


def code_of(event: Event) -> int:
    """Return the number of an event: a numeric marker's own, else its kind's in `CODES`."""
    if event.kind == Kind.MARKER:
        text = str(event.payload.get("description", "")).strip()
        if text.isdecimal() and 0 < int(text) < CODES[Kind.MARKER]:
            return int(text)
    return CODES.get(event.kind, OTHER)


def _describe(description: Any, columns: Columns, about: About) -> None:
    _say(
        description,
        {
            "manufacturer": "rtemotion",
            "model": columns.model,
            "sha256": about.sha256,
            "trained_on": about.trained_on,
            "caveat": about.caveat,
            "validated": _yes(about.validated),
            "note": ""
            if about.validated
            else "This model has no score on real recordings: do not act on its values.",
            "hop_s": _number(about.hop_s),
            "smoothing_s": _number(about.smoothing_s),
            "information_delay_s": _number(about.delay_s),
            "interval": repr(COVERAGE),
        },
    )
    if about.stream or about.source_id:
        said = {"name": about.stream, "source_id": about.source_id}
        _say(description.append_child("decoded_from"), said)
    if about.simulated:
        description.append_child_value("simulated", "true")
    channels = description.append_child("channels")
    for target in columns.targets:
        for suffix, statistic in zip(SUFFIXES, STATISTICS, strict=True):
            _describe_estimate(channels, target, target + suffix, statistic, about)
    for label in ("quality", "trusted"):
        channel = _channel(channels, label, "Quality", "score")
        _say(channel.append_child("range"), {"minimum": "0.0", "maximum": "1.0"})


def _describe_estimate(
    channels: Any, target: str, label: str, statistic: str, about: About
) -> None:
    """Say what one of an emotion's four channels holds."""
    known = about.target(target)
    is_mean, is_spread = statistic == "mean", statistic == "std"
    channel = _channel(channels, label, "Emotion" if is_mean else "Uncertainty", known.unit)
    _say(channel, {"target": target, "statistic": statistic, "construct": known.construct})
    low, high = _number(known.low), _number(known.high)
    if low and high and not is_spread:
        _say(channel.append_child("range"), {"minimum": low, "maximum": high})


def _describe_codes(description: Any) -> None:
    """Say what the numbers of events mean."""
    codes = description.append_child("codes")
    for kind, code in (CODES | {"any other kind": OTHER}).items():
        _say(codes.append_child("code"), {"value": str(code), "kind": kind})
    codes.append_child_value(
        "note",
        f"A marker that is a whole number from 1 to {CODES[Kind.MARKER] - 1} stays that number.",
    )


def _channel(channels: Any, label: str, kind: str, unit: str) -> Any:
    channel = channels.append_child("channel")
    _say(channel, {"label": label, "type": kind, "unit": unit})
    return channel


def _say(node: Any, values: Mapping[str, str]) -> None:
    """Add what is known."""
    for name, value in values.items():
        if value:
            node.append_child_value(name, value)


def _number(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else repr(float(value))


def _yes(value: bool) -> str:
    return "true" if value else "false"
