"""From the system's clock, which may be set at any time, to one that only goes forward."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..signal import FloatArray

Clock = Callable[[], float]
# A difference that changes by more between two looks is a clock that was set, or a
# machine that slept; less is a clock being slewed, or read coarsely, and is followed.
STEP_S = 0.05
_GAIN = 0.05
_SLACK_S = 0.025


@dataclass(frozen=True, eq=False)
class Converted:
    """Stamps on the steady clock; `row` is the first after a step of the other, or None."""

    times: FloatArray
    row: int | None = None
    step: float = 0.0


class SteadyStamps:
    """Converts stamps of the system's clock, taken in this process just before.

    Parameters
    ----------
    wall, steady : callable, optional
        The system's clock and the steady one, in seconds. The default steady clock is
        the one that LSL uses on this machine.
    """

    def __init__(self, wall: Clock = time.time, steady: Clock = time.perf_counter) -> None:
        self._wall, self._steady = wall, steady
        self._looked = steady()
        self._last = np.nan
        self._offset = self._measure()

    def now(self) -> float:
        """Return the steady clock's time in seconds."""
        return self._steady()

    def convert(self, stamps: FloatArray) -> Converted:
        """Return stamps taken since the last call (none of them, even) as steady times.

        Call it often, and at once after the stamps were fetched: what happened to the
        system's clock is known to within one call.
        """
        since, before, measured = self._looked, self._offset, self._measure()
        self._looked = self._steady()
        step = measured - before
        if abs(step) < STEP_S:
            self._offset += _GAIN * step
            times, row = stamps - self._offset, None
        else:
            self._offset = measured
            row = self._first_after(stamps, before, measured, since)
            times = stamps - np.where(np.arange(len(stamps)) < row, before, measured)
        if len(times):
            self._last = float(times[-1])
        return Converted(times, row, step if row is not None else 0.0)

    def _first_after(
        self, stamps: FloatArray, before: float, measured: float, since: float
    ) -> int:
        """Return the row from which on the stamps fit the clock as it is now.

        The one that puts times into the span they can have come from, and leaves
        the smoothest course.
        """
        old, new = stamps - before, stamps - measured
        earliest, latest = since - _SLACK_S, self._looked + _SLACK_S
        costs = np.zeros(len(stamps) + 1)
        costs[1:] += np.cumsum(_outside(old, earliest, latest))
        costs[:-1] += np.cumsum(_outside(new, earliest, latest)[::-1])[::-1]
        if len(stamps) > 1:
            apart = np.diff(stamps)
            costs[1:-1] += np.abs(apart - (measured - before)) - np.abs(apart)
        if len(stamps) and np.isfinite(self._last):
            costs[1:] += abs(old[0] - self._last)
            costs[0] += abs(new[0] - self._last)
        return int(np.argmin(costs))

    def _measure(self) -> float:
        """Return by how much the system's clock is ahead of the steady one.

        Of a few readings the one that was least held up.
        """
        best, spread = 0.0, np.inf
        for _ in range(3):
            start = self._steady()
            wall = self._wall()
            end = self._steady()
            if end - start < spread:
                best, spread = wall - (start + end) / 2.0, end - start
        return best


def _outside(times: FloatArray, earliest: float, latest: float) -> FloatArray:
    return np.maximum(earliest - times, 0.0) + np.maximum(times - latest, 0.0)
