"""A simulated headset as a source: no network, no file, paced like a real one."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import numpy as np

from ..errors import SetupError
from ..signal import Chunk, FloatArray, StreamInfo, Tick
from .brain import Brain
from .codes import EMOTIONS

TICK_S = 0.1


class SimulatedSource:
    """Yields a brain's samples at the pace of a real amplifier, or as fast as they come.

    A chunk is due when its last sample has been taken, counted from the moment
    iteration began: waiting longer once does not delay the rest.

    Parameters
    ----------
    brain : Brain
        What to read; reading starts where the brain is.
    speed : float
        Factor on real time; ``inf`` never waits.
    chunk_s : float
        Length of a chunk in seconds, at least one sample.
    seconds : float, optional
        How much to yield in all; without end by default.

    Attributes
    ----------
    truth : array, shape (n_samples, 8)
        The emotions behind the samples of the chunk yielded last.
    """

    def __init__(
        self,
        brain: Brain,
        speed: float = 1.0,
        chunk_s: float = 0.02,
        seconds: float | None = None,
    ) -> None:
        if not speed > 0:
            raise SetupError(f"the speed of a simulated source must be positive, got {speed}")
        if not (chunk_s > 0 and math.isfinite(chunk_s)):
            raise SetupError(f"a chunk must last a positive number of seconds, got {chunk_s}")
        if seconds is not None and not seconds >= 0:
            raise SetupError(f"'seconds' must not be negative, got {seconds}")
        self._brain = brain
        self._speed = speed
        self._chunk = max(1, round(chunk_s * brain.info.sfreq))
        self._first = brain.position
        self._left = None if seconds is None else round(seconds * brain.info.sfreq)
        self._started: float | None = None
        self._closed = False
        self.truth: FloatArray = np.empty((0, len(EMOTIONS)))

    @property
    def info(self) -> StreamInfo:
        """What is known about the stream."""
        return self._brain.info

    def __iter__(self) -> Iterator[Chunk | Tick]:
        """Yield chunks when they are due, and a tick at least every 100 ms between."""
        if self._started is None:
            self._started = time.monotonic()
        while not self._closed:
            n = self._chunk if self._left is None else min(self._chunk, self._left)
            if n == 0:
                return
            # Read ahead of time: making a block must not delay the chunk that needs it.
            chunk, truth = self._brain.read(n)
            yield from self._wait(chunk.stop / self.info.sfreq)
            if self._closed:
                return
            if self._left is not None:
                self._left -= n
            self.truth = truth
            yield chunk

    def _wait(self, due: float) -> Iterator[Tick]:
        """Sleep until `due` on the stream's clock, yielding ticks on the way."""
        if math.isinf(self._speed):
            return
        began = time.monotonic()
        while not self._closed:
            remaining = (due - self.now()) / self._speed
            if remaining <= 0:
                return
            time.sleep(min(remaining, TICK_S * 0.9))
            if remaining > TICK_S * 0.9:
                yield Tick(self.now(), time.monotonic() - began)

    def now(self) -> float:
        """Return seconds on the clock of `Chunk.times`; NaN when nothing is paced.

        Before iteration begins this is the time of the first sample.
        """
        if math.isinf(self._speed):
            return math.nan
        start = self._first / self.info.sfreq
        if self._started is None:
            return start
        return start + (time.monotonic() - self._started) * self._speed

    def close(self) -> None:
        """Stop yielding; may be called twice."""
        self._closed = True
