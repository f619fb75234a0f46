"""A live LSL stream as a source."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Iterator

import numpy as np

from ..errors import SourceError
from ..lsl import load_pylsl
from ..signal import Chunk, Event, Kind, StreamInfo, Tick
from .lsl_metadata import StreamDescription
from .lsl_network import FoundStream, Query, find_streams, parse_query, resolve
from .lsl_threads import Connection, OffsetMeter, Reconnector, connect

__all__ = ["FoundStream", "LSLSource", "Query", "find_streams", "open_stream", "parse_query"]

logger = logging.getLogger(__name__)

# Below the 100 ms that a source may be silent, with room for a busy machine.
_PULL_S = 0.08
_CONNECT_TIMEOUT_S = 5.0
# A sender that was restarted may leave its old connection open and silent.
_SUSPECT_S = 3.0


class LSLSource:
    """Receive an LSL stream, unprocessed, and pick it up again when it returns.

    Chunks carry the sender's raw stamps and count the samples received; the clock
    stage turns them into sample times and finds what is missing. Measured clock
    offsets are events of kind ``"clock offset"`` (payload: ``offset``,
    ``uncertainty``, ``remote_time``, all s), and a stream that died and is back is
    one of kind ``"stream returned"`` with ``reconnected`` true. The iteration ends
    only when the source is closed.

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
    ) -> None:
        self._pylsl = load_pylsl()
        self._unit, self._buffer_s = unit, buffer_s
        # Pulling and closing exclude each other: liblsl would crash otherwise.
        self._lock = threading.RLock()
        self._closed = False
        self._received = 0
        self._reconnector: Reconnector | None = None
        self._meter: OffsetMeter | None = None
        self._connection: Connection | None = None
        # Asked to end and not waited for: receiving never waits for a thread.
        self._retired: list[OffsetMeter | Reconnector] = []
        asked = parse_query(query)
        first = connect(resolve(asked, wait), unit, buffer_s, _CONNECT_TIMEOUT_S)
        self._described: StreamDescription = first.described
        self._identity = _identity(asked, first.described.info)
        self._max_samples = int(np.clip(math.ceil(self.info.sfreq / 4), 32, 1024))
        self._adopt(first)

    @property
    def info(self) -> StreamInfo:
        """What is known about the stream."""
        return self._described.info

    def now(self) -> float:
        """Return LSL's local clock in seconds."""
        return float(self._pylsl.local_clock())

    def close(self) -> None:
        """Disconnect and end the threads; an iteration under way ends."""
        self._closed = True
        with self._lock:
            self._drop_connection()
            self._drop_reconnector()
            for worker in self._retired:
                worker.join()
            self._retired.clear()

    def __iter__(self) -> Iterator[Chunk | Event | Tick]:
        """Yield what arrives, and a tick whenever 80 ms pass without a sample.

        Raises
        ------
        SourceError
            If the stream comes back with other channels, rate or units.
        """
        while not self._closed:
            yield from self._clock_offsets()
            if self._returned():
                yield Event(
                    self._received, self.now(), Kind.STREAM_RETURNED, {"reconnected": True}
                )
            chunk = self._pull()
            if chunk is not None:
                yield chunk
                continue
            now = self.now()
            idle = now - self._last_arrival
            if idle > _SUSPECT_S and self._connection is not None:
                self._look_out(not_uid=self._connection.uid)
            if not self._closed:
                yield Tick(now, idle)

    def _pull(self) -> Chunk | None:
        """Return what has arrived, waiting a little for the first sample."""
        with self._lock:
            if self._closed or self._connection is None:
                return None
            try:
                values, stamps = self._connection.inlet.pull_chunk(
                    timeout=_PULL_S, max_samples=self._max_samples, min_samples=1, as_numpy=True
                )
            except RuntimeError as problem:  # pylsl's LostError and its like
                logger.warning("'%s': %s Looking for it again.", self.info.name, problem)
                self._drop_connection()
                self._drop_reconnector()
                self._look_out(not_uid="")
                return None
            if len(stamps) == 0:
                return None
            self._last_arrival = self.now()
            if self._reconnector is not None:
                self._drop_reconnector()  # it was only silent
        # Copies of the rows received, since consumers keep chunks and pylsl's
        # arrays are as long as the longest pull.
        data = values.astype(np.float64) * self._described.factors
        first = self._received
        self._received += len(data)
        return Chunk(data, first, np.array(stamps))

    def _clock_offsets(self) -> Iterator[Event]:
        for measured in self._meter.take() if self._meter is not None else ():
            yield Event(self._received, self.now(), Kind.CLOCK_OFFSET, measured)

    def _look_out(self, not_uid: str) -> None:
        with self._lock:
            if self._reconnector is None and not self._closed:
                self._reconnector = Reconnector(
                    self._identity, self._unit, self._buffer_s, not_uid
                )

    def _returned(self) -> bool:
        """Take over a new connection if there is one, waiting only without an old one."""
        with self._lock:
            if self._reconnector is None:
                return False
            fresh = self._reconnector.take(_PULL_S if self._connection is None else 0.0)
            if fresh is None:
                return False
            self._drop_reconnector()
            self._drop_connection()
            _check_unchanged(self._described, fresh.described)
            self._adopt(fresh)
            logger.warning("stream '%s' is back", self.info.name)
            return True

    def _adopt(self, connection: Connection) -> None:
        self._connection = connection
        self._meter = OffsetMeter(connection.inlet)
        self._last_arrival = self.now()

    def _drop_connection(self) -> None:
        if self._meter is not None:
            self._retire(self._meter)
            self._meter = None
        self._connection = None

    def _drop_reconnector(self) -> None:
        if self._reconnector is not None:
            self._retire(self._reconnector)
            self._reconnector = None

    def _retire(self, worker: OffsetMeter | Reconnector) -> None:
        worker.stop()
        self._retired = [old for old in self._retired if old.running()] + [worker]


def open_stream(
    query: str | None = None, wait: float = 10.0, unit: str | None = None
) -> LSLSource:
    """Open a live LSL stream; see `LSLSource`."""
    return LSLSource(query, wait=wait, unit=unit)


def _identity(asked: Query, info: StreamInfo) -> Query:
    """Return what the same stream is recognised by after its sender restarts."""
    if info.source_id:
        return Query(name=info.name, source_id=info.source_id)
    return Query(name=info.name, type=asked.type, hostname=info.host)


def _check_unchanged(old: StreamDescription, new: StreamDescription) -> None:
    said = {
        "channels": (old.info.channels, new.info.channels),
        "kinds of channel": (old.info.kinds, new.info.kinds),
        "sampling rate": (old.info.sfreq, new.info.sfreq),
        "units": (old.factors.tolist(), new.factors.tolist()),
    }
    changed = [what for what, (before, after) in said.items() if before != after]
    if changed:
        raise SourceError(
            f"stream '{old.info.name}' came back with other {' and '.join(changed)}, expected the "
            "same as before; start again to decode it as it is now."
        )
