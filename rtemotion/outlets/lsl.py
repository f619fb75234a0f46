"""Emotions on the wire: an LSL stream of numbers, and one of events beside it."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from ..columns import Columns
from ..errors import OutletError, SourceError
from ..signal import Event, Kind, Publication

# Numbers of events, from OpenViBE's first free label on; numeric markers keep their own.
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
        )
    )
}
OTHER = _FIRST_LABEL + 0x40

_UNITS = {"": "score", "_std": "score", "_lower": "score", "_upper": "score"}


class LSLOutlet:
    """Publish frames as an LSL stream of type ``Emotion``.

    Channels are four a target (``joy``, ``joy_std``, ``joy_lower``,
    ``joy_upper``), then ``quality`` and ``trusted`` (1 or 0), float32, irregular,
    stamped with the frame's time. A frame without a value goes out as NaN. Events
    go out on two streams of type ``Markers``: as JSON on ``<name>-events``, and as
    numbers on ``<name>-codes``.

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
    hop_s : float, optional
        Seconds between frames, part of the description.
    ranges : mapping of str to (float, float), optional
        Range of each target, part of the description.
    validated : bool
        Whether the model has a score on real data; part of the description.

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
        hop_s: float | None = None,
        ranges: Mapping[str, tuple[float, float]] | None = None,
        validated: bool = False,
    ) -> None:
        from ..lsl import load_pylsl

        self._columns = Columns.of(targets, model)
        try:
            self._pylsl = load_pylsl()
        except SourceError as problem:
            raise OutletError(str(problem)) from problem
        self.source_id = source_id or f"rtemotion-{uuid.uuid4().hex}"
        labels = (*self._columns.of_targets, "quality", "trusted")
        info = self._pylsl.StreamInfo(name, "Emotion", len(labels), 0.0, "float32", self.source_id)
        _describe(info, self._columns, ranges or {}, hop_s, validated)
        events = self._markers(f"{name}-events", "string", f"{self.source_id}-events")
        codes = self._markers(f"{name}-codes", "int32", f"{self.source_id}-codes")
        for kind, code in CODES.items():
            node = codes.desc().append_child("codes").append_child("code")
            node.append_child_value("value", str(code))
            node.append_child_value("kind", kind)
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
        text = json.dumps(
            {
                "kind": event.kind,
                "sample": event.sample,
                "time": event.time,
                "payload": dict(event.payload),
            }
        )
        stamp = self._stamp(event.time)
        self._events.push_sample([text], stamp)
        self._codes.push_sample([code_of(event)], stamp)

    def close(self) -> None:
        """Take the streams off the network; what was sent is delivered first."""
        self._frames = None
        self._events = None
        self._codes = None

    def _markers(self, name: str, fmt: str, source_id: str) -> Any:
        info = self._pylsl.StreamInfo(name, "Markers", 1, 0.0, fmt, source_id)
        info.desc().append_child_value("manufacturer", "rtemotion")
        channel = _channel(info.desc().append_child("channels"), "event", "Markers")
        channel.append_child_value("unit", "JSON" if fmt == "string" else "code")
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


def _describe(
    info: Any,
    columns: Columns,
    ranges: Mapping[str, tuple[float, float]],
    hop_s: float | None,
    validated: bool,
) -> None:
    description = info.desc()
    description.append_child_value("manufacturer", "rtemotion")
    description.append_child_value("model", columns.model)
    description.append_child_value("validated", "true" if validated else "false")
    if not validated:
        description.append_child_value(
            "note", "This model has no score on real recordings: do not act on its values."
        )
    if hop_s is not None:
        description.append_child_value("hop_s", repr(hop_s))
    channels = description.append_child("channels")
    for target in columns.targets:
        for suffix, unit in _UNITS.items():
            channel = _channel(channels, target + suffix, "Uncertainty" if suffix else "Emotion")
            channel.append_child_value("unit", unit)
            if not suffix and target in ranges:
                low, high = ranges[target]
                limits = channel.append_child("range")
                limits.append_child_value("minimum", repr(float(low)))
                limits.append_child_value("maximum", repr(float(high)))
    for label in ("quality", "trusted"):
        _channel(channels, label, "Quality").append_child_value("unit", "score")


def _channel(channels: Any, label: str, kind: str) -> Any:
    channel = channels.append_child("channel")
    channel.append_child_value("label", label)
    channel.append_child_value("type", kind)
    return channel
