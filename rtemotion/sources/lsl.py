"""A live LSL stream as a source."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from ..lsl import load_pylsl
from ..signal import Chunk, Event, FloatArray, Kind, ReceivedChunk, StreamInfo, Tick
from .lsl_connect import Batch, Opening, connect
from .lsl_identity import identity
from .lsl_link import Link
from .lsl_markers import MarkerStreams
from .lsl_metadata import StreamDescription
from .lsl_network import FoundStream, Query, find_streams, parse_query
from .lsl_resolve import Duplicates, resolve
from .lsl_steps import StepFinder
from .lsl_watch import StreamWatcher
from .sleep import SleepWatch

__all__ = [
    "FoundStream",
    "LSLSource",
    "Query",
    "StreamWatcher",
    "find_streams",
    "open_stream",
    "parse_query",
]

logger = logging.getLogger(__name__)

_RECONNECT_TIMEOUT_S = 2.0


class LSLSource:
    """Receive an LSL stream, unprocessed, and pick it up again when it returns.

    Chunks carry the sender's raw stamps and numbers and count the samples received;
    the clock stage turns stamps into sample times and finds what is missing. The
    stream is open when this returns: nothing sent later is lost. Beside chunks and
    ticks there are events, each right before the sample it precedes:

    - ``"clock offset"`` (payload: ``offset``, ``uncertainty``, ``remote_time``, all s),
      the first before any sample if the sender answers within 2 s, then every 5 s;
    - ``"stream returned"`` with ``reconnected`` true, when a stream that died is back;
    - ``"clock step"`` (``step``, s), when the sender's clock was set, see `StepFinder`;
    - ``"machine slept"`` (``seconds``), when this machine did;
    - ``"marker"`` (``description``, ``stream``, and ``stamp`` on the sender's clock);
    - ``"warning"`` (``message``).

    The iteration ends only when the source is closed.

    Parameters
    ----------
    query : str, optional
        ``KEY=VALUE[,KEY=VALUE…]`` over name, type, source_id and hostname, or a
        bare name; without one, the only EEG stream.
    wait : float
        Seconds to wait for the stream.
    unit : str, optional
        Unit of EEG channels whose unit the sender does not state.
    buffer_s : int
        Seconds of signal kept for us while nobody iterates.
    sfreq : float, optional
        Sampling rate in Hz, in place of the one the sender states. A stream that
        states none is measured for 5 s.
    markers : str, optional
        Query for marker streams to receive beside the signal; ``""`` for all of
        type ``Markers``.
    duplicates : {"refuse", "newest"}
        What to do at the start about two senders with one name and source_id.
        Later on, the one that is connected stays, and a warning tells of the other.
    on_change : {"stop", "wait"}
        What to do when the stream comes back with other channels, rate or units: end
        with an error, or warn and wait until it comes back as it was.
    sleep : SleepWatch, optional
        What notices that this machine slept.

    Raises
    ------
    SourceError
        If there is no such stream (the message lists those there are) or more
        than one, or it cannot be decoded.
    """

    def __init__(
        self,
        query: str | None = None,
        wait: float = 10.0,
        unit: str | None = None,
        buffer_s: int = 360,
        sfreq: float | None = None,
        markers: str | None = None,
        duplicates: Duplicates = "refuse",
        on_change: Literal["stop", "wait"] = "stop",
        sleep: SleepWatch | None = None,
    ) -> None:
        self._pylsl = load_pylsl()
        asked = parse_query(query)
        asked_markers = None if markers is None else parse_query(markers, "Markers")
        opening = Opening(unit, sfreq, buffer_s)
        self._sleep = sleep or SleepWatch()
        self._closed = False
        self._received = 0
        # What is to be yielded next: leaving the loop over a source loses nothing.
        self._ready: deque[Chunk | Event] = deque()
        self._markers = None if asked_markers is None else MarkerStreams(asked_markers)
        try:
            first = connect(resolve(asked, wait, duplicates), opening)
            if self._markers is not None:
                self._markers.wait_for_first()
        except BaseException:
            self._end_markers()
            raise
        info = first.described.info
        again = replace(
            opening, sfreq=info.sfreq if first.collected else sfreq, timeout=_RECONNECT_TIMEOUT_S
        )
        self._max_samples = int(np.clip(math.ceil(info.sfreq / 4), 32, 1024))
        self._steps = StepFinder(info.sfreq)
        self._link = Link(first, identity(first.stream), again, on_change == "wait")

    @property
    def info(self) -> StreamInfo:
        """What is known about the stream."""
        return self._link.described.info

    @property
    def description(self) -> StreamDescription:
        """What the sender says about the stream, impedances included."""
        return self._link.described

    @property
    def factors(self) -> FloatArray:
        """What the sender's numbers are multiplied by to be volts, shape (n_channels,)."""
        return self._link.described.factors

    @property
    def xml(self) -> str:
        """The sender's ``<info>`` document, as received from it last."""
        return self._link.xml

    def now(self) -> float:
        """Return LSL's local clock in seconds."""
        return float(self._pylsl.local_clock())

    def close(self) -> None:
        """Disconnect and end the threads; an iteration under way ends."""
        self._closed = True
        self._link.close()
        self._end_markers()

    def __iter__(self) -> Iterator[Chunk | Event | Tick]:
        """Yield what arrives, and a tick whenever 80 ms pass without a sample.

        Raises
        ------
        SourceError
            If the stream comes back with other channels, rate or units.
        """
        while not self._closed:
            received = self._received
            self._gather()
            while self._ready and not self._closed:
                yield self._ready.popleft()
            if self._received == received and not self._closed:
                now = self.now()
                yield Tick(now, self._link.idle(now))

    def _gather(self) -> None:
        """Make ready what there is by now, in its order."""
        while (news := self._link.news()) is not None:
            if isinstance(news, Batch):
                self._add(news)
                continue
            kind, payload = news
            if kind == Kind.STREAM_RETURNED:
                self._steps.forget()
            self._tell(kind, payload)
        batch = self._link.pull(self._max_samples)
        if (slept := self._sleep.slept()) > 0:
            # Which of the clocks went on meanwhile, the next measurements will tell.
            self._steps.forget()
            self._link.hurry()
            self._tell(Kind.SLEPT, {"seconds": slept})
        if self._markers is not None:
            self._ready.extend(self._markers.poll(self._received))
        if batch is not None:
            self._add(batch)

    def _tell(self, kind: str, payload: dict[str, Any]) -> None:
        self._ready.append(Event(self._received, self.now(), kind, payload))

    def _add(self, batch: Batch) -> None:
        """Add a batch as chunks, cut where the sender's clock stepped."""
        steps = dict(self._steps.find(batch.stamps, batch.arrival))
        rows = sorted({0, *steps, len(batch.stamps)})
        for start, stop in zip(rows, rows[1:], strict=False):
            if start in steps:
                logger.warning(
                    "the clock of stream '%s' stepped by %+.3f s", self.info.name, steps[start]
                )
                self._tell(Kind.CLOCK_STEP, {"step": steps[start]})
            values = batch.values[start:stop]
            data = values.astype(np.float64) * self._link.described.factors
            self._ready.append(
                ReceivedChunk(data, self._received, batch.stamps[start:stop], values=values)
            )
            self._received += len(data)

    def _end_markers(self) -> None:
        if self._markers is not None:
            self._markers.stop()
            self._markers.join()


def open_stream(query: str | None = None, wait: float = 10.0, **options: Any) -> LSLSource:
    """Open a live LSL stream; see `LSLSource`, which also takes the options."""
    return LSLSource(query, wait=wait, **options)
