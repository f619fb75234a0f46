"""Noticing that this machine slept, by two clocks of which one goes on meanwhile."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

_THRESHOLD_S = 0.1
Clock = Callable[[], float]


class SleepWatch:
    """Tells how long the machine slept since it was last asked.

    Parameters
    ----------
    awake, always : callable, optional
        Clocks in seconds: one that stands still while the machine sleeps, and one
        that goes on. By default those of the operating system: on Linux
        ``CLOCK_MONOTONIC`` and ``CLOCK_BOOTTIME``; on macOS ``CLOCK_UPTIME_RAW`` and
        ``CLOCK_MONOTONIC_RAW``, which are not adjusted and so do not drift apart.
        Elsewhere there are none, and nothing is noticed.

    Examples
    --------
    >>> moments = iter([10.0, 10.0, 70.0])
    >>> watch = SleepWatch(awake=lambda: 5.0, always=lambda: next(moments))
    >>> watch.slept(), watch.slept()
    (0.0, 60.0)
    """

    def __init__(self, awake: Clock | None = None, always: Clock | None = None) -> None:
        if awake is None or always is None:
            awake, always = _system_clocks()
        self._awake, self._always = awake, always
        self._difference = self._measure()

    def slept(self) -> float:
        """Return the seconds slept since the last call, 0.0 for less than 0.1 s."""
        difference = self._measure()
        grown = difference - self._difference
        # Read in this order a difference can only come out too small, when the
        # program is held up in between: the largest seen is the nearest to the truth.
        self._difference = max(difference, self._difference)
        return grown if grown > _THRESHOLD_S else 0.0

    def _measure(self) -> float:
        always = self._always()
        return always - self._awake()


def _system_clocks() -> tuple[Clock, Clock]:
    if sys.platform == "linux":
        return (
            lambda: time.clock_gettime(time.CLOCK_MONOTONIC),
            lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
        )
    if sys.platform == "darwin":
        return (
            lambda: time.clock_gettime(time.CLOCK_UPTIME_RAW),
            lambda: time.clock_gettime(time.CLOCK_MONOTONIC_RAW),
        )
    return (lambda: 0.0), (lambda: 0.0)
