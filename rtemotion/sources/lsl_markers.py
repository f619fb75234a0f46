"""Marker streams received beside the EEG, as events."""

from __future__ import annotations

import logging
import math
import re
import threading
from dataclasses import dataclass
from typing import Any

from ..lsl import load_pylsl
from ..signal import Event, Kind
from .lsl_connect import measured_offset
from .lsl_network import FoundStream, Query, found
from .lsl_threads import Worker

logger = logging.getLogger(__name__)

_POLL_S = 0.1
_TIMEOUT_S = 2.0
_FORGET_S = 2.0
# A sender that has been away this long is dropped, and taken up anew when it returns.
_GONE_S = 60.0
_FIRST_ROUND_S = 0.6
_BUFFER = 100
# What our own LSL outlet calls its two streams of events.
_OURS = ("-events", "-codes")
# Its identity, where it is not given one; it may be out of sight when these are found.
_OUR_ID = re.compile(r"rtemotion-[0-9a-f]{32}-(events|codes)")


@dataclass(eq=False)
class _Markers:
    """One marker stream that is open."""

    stream: FoundStream
    inlet: Any
    offset: float
    away_s: float = 0.0


class MarkerStreams(Worker[None]):
    """Opens every marker stream that fits a query, those that appear later too.

    liblsl's own recovery is on for these: an inlet without it throws away what it
    holds when the sender ends, the last markers of an experiment among it.

    Parameters
    ----------
    query : Query
        Which streams; those of this program's own events never.
    """

    def __init__(self, query: Query) -> None:
        super().__init__("rtemotion-lsl-markers")
        self._query = query
        self._lock = threading.Lock()
        self._open: dict[tuple[str, ...], _Markers] = {}
        self._looked = threading.Event()
        self.start()

    def wait_for_first(self) -> None:
        """Wait until the streams that were there at the start are open, 2 s at most."""
        self._looked.wait(_TIMEOUT_S)

    def streams(self) -> list[FoundStream]:
        """Return the streams that are open."""
        with self._lock:
            return [markers.stream for markers in self._open.values()]

    def poll(self, sample: int) -> list[Event]:
        """Return what has arrived since the last call, without waiting.

        Parameters
        ----------
        sample : int
            Index of the next sample of the EEG.
        """
        with self._lock:
            present = list(self._open.items())
        events: list[Event] = []
        for key, markers in present:
            try:
                events += _pulled(markers, sample)
            except RuntimeError as problem:
                logger.info("marker stream '%s': %s", markers.stream.name, problem)
                with self._lock:
                    self._open.pop(key, None)
        return events

    def _run(self) -> None:
        resolver = load_pylsl().ContinuousResolver(forget_after=_FORGET_S)
        looked_s = 0.0
        while not self._stop.wait(_POLL_S):
            looked_s += _POLL_S
            infos = resolver.results()
            streams = [found(info) for info in infos]
            self._drop_absent({_key(stream) for stream in streams})
            # Whose events they are shows when everything has answered.
            if looked_s < _FIRST_ROUND_S:
                continue
            for info, stream in zip(infos, streams, strict=True):
                if self._wanted(stream, streams) and not self._stop.is_set():
                    self._connect(info, stream)
            self._looked.set()
        with self._lock:
            self._open.clear()

    def _wanted(self, stream: FoundStream, others: list[FoundStream]) -> bool:
        if _key(stream) in self._open or stream.sfreq > 0 or not self._query.matches(stream):
            return False
        ours = {s.source_id + end for s in others if s.type == "Emotion" for end in _OURS}
        return stream.source_id not in ours and not _OUR_ID.fullmatch(stream.source_id)

    def _connect(self, info: Any, stream: FoundStream) -> None:
        pylsl = load_pylsl()
        try:
            inlet = pylsl.StreamInlet(info, max_buflen=_BUFFER, recover=True)
            inlet.as_numpy = True
            inlet.open_stream(_TIMEOUT_S)
            measured = measured_offset(inlet, _TIMEOUT_S)
        except RuntimeError as problem:
            logger.info("marker stream '%s' is not open yet: %s", stream.name, problem)
            return
        logger.info("receiving the markers of %s", stream)
        with self._lock:
            offset = measured["offset"] if measured is not None else 0.0
            self._open[_key(stream)] = _Markers(stream, inlet, offset)

    def _drop_absent(self, present: set[tuple[str, ...]]) -> None:
        with self._lock:
            for key, markers in list(self._open.items()):
                markers.away_s = 0.0 if key in present else markers.away_s + _POLL_S
                if markers.away_s >= _GONE_S:
                    del self._open[key]


def _key(stream: FoundStream) -> tuple[str, ...]:
    # liblsl recovers by source_id; without one, a restarted sender is another stream.
    return (stream.source_id or stream.uid, stream.name, stream.type)


def _pulled(markers: _Markers, sample: int) -> list[Event]:
    events: list[Event] = []
    while True:
        values, stamp = markers.inlet.pull_sample(0.0)
        if values is None:
            return events
        measured = measured_offset(markers.inlet, 0.0)
        if measured is not None:
            markers.offset = measured["offset"]
        payload = {
            "description": " ".join(_text(value) for value in values),
            "stream": markers.stream.name,
            "stamp": stamp,
        }
        events.append(Event(sample, stamp + markers.offset, Kind.MARKER, payload))


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value.decode("latin-1")
    number = float(value)
    return str(int(number)) if math.isfinite(number) and number.is_integer() else repr(number)
