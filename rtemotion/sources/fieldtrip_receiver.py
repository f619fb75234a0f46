"""Fetching a FieldTrip buffer's samples in a thread of its own, which may block."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from .fieldtrip_client import BufferClient, BufferHeader

logger = logging.getLogger(__name__)

_WAIT_S = 0.05
_TIMEOUT_S = 2.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 3.0
# Batches that nobody has taken yet; the buffer itself keeps more.
_MOST_BATCHES = 64
# By how much more a buffer may be written than the time away makes likely.
_COUNT_TOLERANCE = 0.1
_COUNT_SLACK_S = 2.0


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples that have arrived.

    Attributes
    ----------
    values : array, shape (n_samples, n_channels)
        The buffer's own numbers.
    first : int
        Index of the first in the buffer.
    missing : int
        How many samples before it the buffer had dropped.
    events : tuple of (int, str)
        Sample in the buffer, and description, of events written meanwhile.
    arrival : float
        When they arrived, on the clock of `time.perf_counter`.
    """

    values: NDArray[Any]
    first: int
    missing: int
    events: tuple[tuple[int, str], ...]
    arrival: float


@dataclass(frozen=True)
class Back:
    """The buffer is there again.

    Attributes
    ----------
    same : bool
        Whether its samples are still counted as before.
    """

    same: bool


class Receiver:
    """Fetches what a buffer holds, and connects again when it was lost.

    Parameters
    ----------
    host, port
        See `BufferClient`.
    client : BufferClient
        Connected; closed with the receiver.
    header : BufferHeader
        What the buffer said; samples written from then on are fetched.
    """

    def __init__(self, host: str, port: int, client: BufferClient, header: BufferHeader) -> None:
        self._host, self._port = host, port
        self._client: BufferClient | None = client
        self._header = header
        self._next, self._events = header.n_samples, header.n_events
        self._most = int(np.clip(np.ceil(header.sfreq / 4), 32, 1024))
        self._seen = time.perf_counter()
        self._stop = threading.Event()
        self._results: queue.Queue[Batch | Back | SourceError] = queue.Queue(_MOST_BATCHES)
        self._thread = threading.Thread(target=self._run, name="rtemotion-fieldtrip", daemon=True)
        self._thread.start()

    def take(self, timeout: float) -> Batch | Back | None:
        """Return what comes next, None when nothing does within `timeout` s.

        Raises
        ------
        SourceError
            If the buffer is back with other channels or another rate.
        """
        try:
            result = self._results.get(timeout=timeout)
        except queue.Empty:
            return None
        if isinstance(result, SourceError):
            raise result
        return result

    def close(self) -> None:
        """Disconnect and end the thread."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    self._step(self._client or self._connected())
                except ConnectionError as problem:
                    if self._client is not None:
                        logger.warning("the FieldTrip buffer is lost: %s", problem)
                        self._client.close()
                        self._client = None
        except SourceError as problem:
            self._put(problem)
        finally:
            if self._client is not None:
                self._client.close()

    def _step(self, client: BufferClient) -> None:
        n_samples, n_events = client.wait(self._next, self._events, _WAIT_S)
        if n_samples < self._next:
            self._begin_again(client)
            return
        events: list[tuple[int, str]] = []
        if n_events > self._events:
            events = client.events(self._events, n_events)
        self._events = n_events
        start = self._next
        while self._next < n_samples and not self._stop.is_set():
            stop = min(n_samples, self._next + self._most)
            values = client.data(self._next, stop)
            if values is None:
                self._next = self._oldest(client, self._next, n_samples)
                continue
            if len(values) != stop - self._next or values.shape[1] != len(self._header.labels):
                raise ConnectionError(f"samples {self._next}:{stop} came as {values.shape}")
            missing = self._next - start
            self._seen = time.perf_counter()
            self._put(Batch(values, self._next, missing, tuple(events), self._seen))
            start = self._next = stop
            events = []
        if events:
            nothing = np.empty((0, len(self._header.labels)))
            self._put(Batch(nothing, self._next, 0, tuple(events), self._seen))

    def _oldest(self, client: BufferClient, start: int, stop: int) -> int:
        """Return the first sample that the buffer still has, by halving the doubt."""
        low, high = start, stop
        while high - low > 1 and not self._stop.is_set():
            middle = (low + high) // 2
            if client.data(middle, middle + 1) is None:
                low = middle
            else:
                high = middle
        return high

    def _begin_again(self, client: BufferClient) -> None:
        """Go on with a buffer that was emptied or written anew."""
        header = client.header()
        if header is None:
            self._stop.wait(_WAIT_S)  # emptied, and not yet written
            return
        self._check_unchanged(header)
        self._next, self._events = 0, 0
        self._put(Back(same=False))

    def _connected(self) -> BufferClient:
        """Connect again, however long it takes.

        Raises
        ------
        ConnectionError
            When the receiver is closed.
        """
        pause = _FIRST_PAUSE_S
        while not self._stop.wait(pause):
            pause = min(2.0 * pause, _LONGEST_PAUSE_S)
            client: BufferClient | None = None
            with contextlib.suppress(ConnectionError):
                client = BufferClient(self._host, self._port, _TIMEOUT_S)
                header = client.header()
                if header is not None:
                    self._client = client
                    self._go_on(header)
                    return client
                pause = _FIRST_PAUSE_S  # it answers, and will soon be written
            if client is not None:
                client.close()
        raise ConnectionError("closed")

    def _go_on(self, header: BufferHeader) -> None:
        self._check_unchanged(header)
        # A buffer begun anew while it was away cannot hold more than that long.
        away = time.perf_counter() - self._seen
        most = (1.0 + _COUNT_TOLERANCE) * away * header.sfreq + _COUNT_SLACK_S * header.sfreq
        same = header.n_samples >= self._next and header.n_samples > most
        if not same:
            self._next, self._events = header.n_samples, header.n_events
        self._put(Back(same))

    def _check_unchanged(self, header: BufferHeader) -> None:
        said = {
            "channels": (self._header.labels, header.labels),
            "sampling rate": (self._header.sfreq, header.sfreq),
            "number format": (self._header.format, header.format),
        }
        changed = [what for what, (before, after) in said.items() if before != after]
        if changed:
            raise SourceError(
                f"the FieldTrip buffer at {self._host}:{self._port} came back with another "
                f"{' and '.join(changed)}, expected the same as before; start again to decode it "
                "as it is now."
            )

    def _put(self, result: Batch | Back | SourceError) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(queue.Full):
                self._results.put(result, timeout=_WAIT_S)
                return
