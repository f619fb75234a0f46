"""Letting a recording pass at the pace of a clock."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

from ..signal import Tick

# A source says so at least every 100 ms when nothing arrives.
TICK_S = 0.1


class ReplayClock:
    """Stream time that runs `speed` times as fast as the wall's.

    Every moment is computed from the start, so waiting never adds up to drift.

    Parameters
    ----------
    speed : float
        1 for real time; infinite for no pace at all.
    """

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._start = time.monotonic()

    def start(self) -> None:
        """Put stream time zero at this moment."""
        self._start = time.monotonic()

    def now(self) -> float:
        """Return stream time in seconds; NaN without a pace."""
        if math.isinf(self._speed):
            return math.nan
        return (time.monotonic() - self._start) * self._speed

    def wait(self, due: float, last: float) -> Iterator[Tick]:
        """Sleep until stream time `due`, ticking at least every 100 ms.

        Parameters
        ----------
        due : float
            Stream time to wait for, s.
        last : float
            Stream time of the newest sample given out, s, for `Tick.idle`.
        """
        if math.isinf(self._speed):
            return
        while (left := (due - self.now()) / self._speed) > 0:
            time.sleep(min(left, TICK_S))
            if left > TICK_S:
                now = self.now()
                yield Tick(time=now, idle=max(now - last, 0.0))
