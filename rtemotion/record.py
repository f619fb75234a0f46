"""Recording LSL streams as they are: any number of them into one XDF file.

Each stream has a thread that receives and hands over to the file, so that none
waits for another, for the disk, or for whoever decodes beside it.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import OutletError, SourceError
from .lsl import load_pylsl
from .outlets.session_file import SessionFile
from .signal import Kind
from .sources.lsl_connect import measured_offset
from .sources.lsl_network import FoundStream, Query, found

log = logging.getLogger(__name__)

# Recording is in no hurry: few, large chunks leave the processor to others.
_PULL_S = 0.1
_LOOK_S = 0.2
_MEASURE_EVERY_S = 5.0
_MEASURE_TIMEOUT_S = 0.5
_OPEN_S = 5.0
_BUFFER_S = 360
_MOST_SAMPLES = 4096
# Types that are recorded when nothing is named; the last part of a word will do.
USUAL_TYPES = ("eeg", "marker", "markers", "rating", "ratings", "stim", "events", "annotations")

Chosen = Callable[[FoundStream], bool]


def choose(queries: Sequence[Query], everything: bool = False) -> Chosen:
    """Return which streams are to be recorded.

    Parameters
    ----------
    queries : sequence of Query
        Any of which may match; without one, EEG, markers and ratings.
    everything : bool
        Every stream there is.
    """

    def chosen(stream: FoundStream) -> bool:
        if everything:
            return True
        if queries:
            return any(query.matches(stream) for query in queries)
        return stream.type.strip().lower() in USUAL_TYPES

    return chosen


@dataclass(frozen=True)
class StreamStatus:
    """How the recording of one stream goes.

    Attributes
    ----------
    id : int
        Number of the stream in the file.
    stream : FoundStream
        What it is.
    samples : int
        Samples received.
    age : float
        Seconds since the last one came.
    connected : bool
        False while its sender is gone.
    problem : str
        Why it is not recorded any more; empty while it is.
    """

    id: int
    stream: FoundStream
    samples: int
    age: float
    connected: bool
    problem: str


class StreamRecorder:
    """Records the chosen LSL streams, those that appear later too, until closed.

    Parameters
    ----------
    target : SessionFile
        Where to; stays open.
    chosen : callable
        Says of a `FoundStream` whether it is wanted.
    """

    def __init__(self, target: SessionFile, chosen: Chosen) -> None:
        self._target, self._chosen = target, chosen
        self._receivers: dict[tuple[str, ...], _Receiver] = {}
        self._left_out: dict[tuple[str, ...], FoundStream] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="rtemotion-record", daemon=True)
        self._thread.start()

    def streams(self) -> list[StreamStatus]:
        """Return how each stream goes, in the order in which they were found."""
        return [receiver.status() for receiver in list(self._receivers.values())]

    def left_out(self) -> list[FoundStream]:
        """Return the streams seen that nobody asked for."""
        return list(self._left_out.values())

    def close(self) -> None:
        """Stop receiving; what has arrived is handed to the file."""
        self._stop.set()
        self._thread.join()
        for receiver in self._receivers.values():
            receiver.join()

    def _watch(self) -> None:
        resolver = load_pylsl().ContinuousResolver(forget_after=3.0)
        while not self._stop.wait(_LOOK_S):
            for info in sorted(resolver.results(), key=lambda info: -info.created_at()):
                stream = found(info)
                key = (stream.name, stream.type, stream.source_id or stream.uid, stream.hostname)
                if key in self._receivers:
                    continue
                if not self._chosen(stream):
                    self._left_out[key] = stream
                    continue
                self._receivers[key] = _Receiver(info, stream, self._target, self._stop)


class _Receiver:
    """Receives one stream, and again after its sender was gone."""

    def __init__(
        self, info: Any, stream: FoundStream, target: SessionFile, stop: threading.Event
    ) -> None:
        self._pylsl = load_pylsl()
        self._stream, self._target, self._stop = stream, target, stop
        self._info = info
        self._id = 0
        self._last = math.nan
        self._connected = False
        self._problem = ""
        name = f"rtemotion-record-{stream.name}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def status(self) -> StreamStatus:
        """Return how it goes."""
        return StreamStatus(
            self._id,
            self._stream,
            self._target.xdf.count(self._id) if self._id else 0,
            self._pylsl.local_clock() - self._last,
            self._connected,
            self._problem,
        )

    def join(self) -> None:
        """Wait for the thread, which has been asked to end."""
        self._thread.join()

    def _run(self) -> None:
        info = self._info
        while info is not None and not self._problem and not self._stop.is_set():
            try:
                self._receive(info)
            except RuntimeError as problem:  # pylsl's LostError and its like
                log.warning("'%s': %s Looking for it again.", self._stream.name, problem)
            except (SourceError, OutletError) as problem:
                self._problem = str(problem)
                log.warning("'%s' is not recorded: %s", self._stream.name, problem)
                return
            if self._connected:
                self._connected = False
                self._note(Kind.STREAM_LOST, {})
            info = self._found_again()

    def _receive(self, info: Any) -> None:
        inlet = self._pylsl.StreamInlet(info, max_buflen=_BUFFER_S, recover=False)
        full = inlet.info(_OPEN_S)
        if self._id == 0:
            self._id = self._target.add_stream(full.as_xml())
        elif not self._same(full):
            raise SourceError(
                f"stream '{self._stream.name}' came back with {full.channel_count()} channels of "
                "another format, expected the same as before; record it anew."
            )
        else:
            self._note(Kind.STREAM_RETURNED, {"reconnected": True})
        inlet.open_stream(_OPEN_S)
        self._connected = True
        due = 0.0
        while not self._stop.wait(_PULL_S):
            if (now := self._pylsl.local_clock()) >= due and self._measure(inlet):
                due = now + _MEASURE_EVERY_S
            self._pull(inlet)
        self._pull(inlet)

    def _pull(self, inlet: Any) -> None:
        """Hand over what has arrived, as the sender's own numbers or bytes."""
        while True:
            values, stamps = inlet.pull_chunk(0.0, _MOST_SAMPLES, as_numpy=True)
            if len(stamps) == 0:
                return
            self._last = self._pylsl.local_clock()
            if self._stream.text:
                self._target.xdf.texts(self._id, stamps.tolist(), values.tolist())
            else:
                self._target.xdf.numbers(self._id, stamps, values)

    def _measure(self, inlet: Any) -> bool:
        """Record where the sender's clock is; tell whether that could be measured."""
        measured = measured_offset(inlet, _MEASURE_TIMEOUT_S)
        if measured is not None:
            self._target.xdf.offset(self._id, measured["remote_time"], measured["offset"])
            self._note(Kind.CLOCK_OFFSET, measured)
        return measured is not None

    def _note(self, kind: str, payload: dict[str, Any]) -> None:
        sample, now = self._target.xdf.count(self._id), self._pylsl.local_clock()
        self._target.note(self._id, sample, now, kind, payload)

    def _same(self, full: Any) -> bool:
        return bool(
            full.channel_count() == self._stream.n_channels
            and full.channel_format() == self._info.channel_format()
        )

    def _found_again(self) -> Any:
        """Return the stream's next outlet, None when asked to stop or it has no identity."""
        if not self._stream.source_id:
            return None
        while not self._stop.wait(_LOOK_S):
            for info in self._pylsl.resolve_byprop("source_id", self._stream.source_id, 1, 1.0):
                if found(info).name == self._stream.name and info.uid() != self._info.uid():
                    self._info = info
                    return info
        return None
