"""A FieldTrip buffer as a source: what acquisition programs write for real-time analysis."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from ..description import stream_xml
from ..errors import SourceError
from ..signal import Chunk, Event, FloatArray, Kind, ReceivedChunk, StreamInfo, Tick
from .fieldtrip_client import BufferClient, BufferHeader, load_fieldtrip
from .fieldtrip_receiver import Back, Batch, Receiver
from .labels import clean_labels, kinds_from_labels
from .units import to_volts_factor

# Below the 100 ms that a source may be silent, with room for a busy machine.
_TICK_S = 0.08
_ATTEMPT_S = 0.2
_TIMEOUT_S = 2.0
_LAG_MEMORY_S = 15.0
_ELECTRIC = {"eeg", "eog", "ecg", "emg"}


class FieldTripSource:
    """Receive what is written to a FieldTrip buffer, and go on when the buffer returns.

    The buffer numbers its samples and stamps none of them: times are the sample's
    number over the rate, from the moment of connecting on, and samples that were
    dropped before they could be fetched stand in `Chunk.missing_before`. A buffer that
    was written anew, or was away and counts otherwise than before, is an event of kind
    ``"stream returned"`` with ``reconnected`` true; how many samples are missing then
    follows from the time that has passed. The buffer's events are events of kind
    ``"marker"`` (``description``). The iteration ends only when the source is closed.

    Parameters
    ----------
    host, port
        Where the buffer is.
    unit : str, optional
        Unit of the EEG; a buffer does not say.
    wait : float
        Seconds to wait for the buffer and its first header.

    Raises
    ------
    SourceError
        If mne-realtime is not installed, no buffer answers, it holds no EEG, or the
        unit is missing or unknown.
    """

    def __init__(
        self,
        host: str = "localhost",
        port: int = 1972,
        unit: str | None = None,
        wait: float = 10.0,
    ) -> None:
        load_fieldtrip()
        factor = _factor(unit)
        client, header = _connect(host, port, wait)
        try:
            self._info = _info(header, host, port, unit or "")
        except BaseException:
            client.close()
            raise
        self._factors = np.array(
            [factor if kind in _ELECTRIC else 1.0 for kind in self._info.kinds]
        )
        self._format = header.format
        self._closed = threading.Event()
        self._lag = _LowestLag()
        self._start = time.perf_counter()
        self._last_arrival = self._start
        self._received = 0
        self._broken = False
        self._pending: list[tuple[int, str]] = []
        self._receiver = Receiver(host, port, client, header)

    @property
    def info(self) -> StreamInfo:
        """What is known about the stream."""
        return self._info

    @property
    def factors(self) -> FloatArray:
        """What the buffer's numbers are multiplied by to be volts, one a channel."""
        return self._factors

    @property
    def xml(self) -> str:
        """The stream's description as LSL's ``<info>`` document."""
        return stream_xml(self._info, self._format, self._info.unit)

    def now(self) -> float:
        """Return the present moment on the clock of the samples' times.

        That is this machine's clock, corrected by the shortest way that samples have
        had of late, since the amplifier's clock is not quite ours.
        """
        return time.perf_counter() - self._lag.value

    def close(self) -> None:
        """Disconnect; an iteration under way ends."""
        self._closed.set()
        self._receiver.close()

    def __iter__(self) -> Iterator[Chunk | Event | Tick]:
        """Yield what arrives, and a tick whenever 80 ms pass without a sample.

        Raises
        ------
        SourceError
            If the buffer comes back with other channels, another rate or format.
        """
        while not self._closed.is_set():
            result = self._receiver.take(_TICK_S)
            if isinstance(result, Batch):
                yield from self._items(result)
            elif isinstance(result, Back):
                self._broken = self._broken or not result.same
            elif not self._closed.is_set():
                yield Tick(self.now(), time.perf_counter() - self._last_arrival)

    def _items(self, batch: Batch) -> Iterator[Chunk | Event]:
        """Yield one batch as chunks, cut where events stand between two samples."""
        self._pending += batch.events
        n = len(batch.values)
        if n == 0:
            return
        missing = batch.missing
        if self._broken:
            self._broken = False
            self._pending = list(batch.events)
            missing = self._missed(n, batch.arrival)
            back = {"reconnected": True}
            yield Event(self._received + missing, self._time(missing), Kind.STREAM_RETURNED, back)
        self._last_arrival = batch.arrival
        first = self._received + missing
        placed = [(max(0, at - batch.first), text) for at, text in self._pending]
        self._pending = [event for event in self._pending if event[0] >= batch.first + n]
        times = self._start + (first + np.arange(n)) / self._info.sfreq
        self._lag.add(batch.arrival, batch.arrival - float(times[-1]))
        cuts = sorted({0, n, *(row for row, _ in placed if row < n)})
        for start, stop in pairwise(cuts):
            for row, text in placed:
                if row == start:
                    said = {"description": text}
                    yield Event(first + start, float(times[start]), Kind.MARKER, said)
            values = batch.values[start:stop]
            self._received = first + stop
            yield ReceivedChunk(
                values * self._factors,
                first + start,
                times[start:stop],
                missing_before=missing if start == 0 else 0,
                values=values,
            )

    def _missed(self, n: int, arrival: float) -> int:
        """Return how many samples the time away amounts to, one at least."""
        reached = (arrival - self._lag.value - self._start) * self._info.sfreq
        return max(1, round(reached) - (n - 1) - self._received)

    def _time(self, ahead: int) -> float:
        return self._start + (self._received + ahead) / self._info.sfreq


def open_buffer(address: str, unit: str | None = None, wait: float = 10.0) -> FieldTripSource:
    """Open a FieldTrip buffer as it is written on the command line.

    Parameters
    ----------
    address : str
        ``HOST[:PORT]``, the port being 1972 by default.
    unit, wait
        See `FieldTripSource`.

    Raises
    ------
    SourceError
        If the port is no number, and as `FieldTripSource` does.
    """
    host, colon, port = address.strip().removeprefix("buffer://").partition(":")
    if colon and not port.isdecimal():
        raise SourceError(
            f"'{address}' is not the address of a FieldTrip buffer, expected HOST or HOST:PORT."
        )
    return FieldTripSource(host or "localhost", int(port) if colon else 1972, unit, wait)


class _LowestLag:
    """The smallest delay of the last 15 to 30 s, in seconds."""

    def __init__(self) -> None:
        self._lowest = self._before = math.inf
        self._since = -math.inf

    @property
    def value(self) -> float:
        lowest = min(self._lowest, self._before)
        return lowest if math.isfinite(lowest) else 0.0

    def add(self, moment: float, lag: float) -> None:
        if moment - self._since > _LAG_MEMORY_S:
            self._before, self._lowest, self._since = self._lowest, math.inf, moment
        self._lowest = min(self._lowest, lag)


def _connect(host: str, port: int, wait: float) -> tuple[BufferClient, BufferHeader]:
    deadline = time.monotonic() + wait
    problem = ""
    while True:
        client: BufferClient | None = None
        try:
            client = BufferClient(host, port, _TIMEOUT_S)
            if (header := client.header()) is not None:
                return client, header
            problem = "it answers, but nothing was written to it yet"
        except ConnectionError as refused:
            problem = str(refused)
        if client is not None:
            client.close()
        if time.monotonic() >= deadline:
            raise SourceError(
                f"no FieldTrip buffer with data answers at {host}:{port} within {wait:g} s "
                f"({problem}); start the acquisition program, and check host, port (1972 unless "
                "it says otherwise) and firewall."
            )
        time.sleep(_ATTEMPT_S)


def _factor(unit: str | None) -> float:
    try:
        return to_volts_factor(unit or "")
    except SourceError as problem:
        raise SourceError(f"a FieldTrip buffer: {problem}") from None


def _info(header: BufferHeader, host: str, port: int, unit: str) -> StreamInfo:
    twice = sorted({name for name in header.labels if header.labels.count(name) > 1})
    if twice:
        raise SourceError(
            f"the FieldTrip buffer at {host}:{port} has more than one channel called "
            f"{', '.join(twice)}, expected unique names; correct them in the acquisition program."
        )
    channels = clean_labels(header.labels)
    kinds = kinds_from_labels(channels, ("eeg",) * len(channels))
    if "eeg" not in kinds:
        raise SourceError(
            f"the FieldTrip buffer at {host}:{port} has no EEG channel, found "
            f"{', '.join(channels[:8])}; name them in the acquisition program."
        )
    return StreamInfo(
        channels=channels,
        sfreq=header.sfreq,
        kinds=kinds,
        unit=unit,
        name=f"FieldTrip buffer {host}:{port}",
        source_id=f"fieldtrip-{host}-{port}",
        host=host,
    )
