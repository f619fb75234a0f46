"""How far a sender's clock is from ours, from measurements seconds apart.

A line through the measurements of the last minute, weighted by their uncertainty,
is extended to the stamp in question: two computers' clocks drift apart.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

MEMORY_S = 60.0
MOST_POINTS = 64
# Standard deviation of the drift between two clocks, as a share.
DRIFT_PRIOR = 100e-6
# Noise that a measurement has beside the uncertainty it states, and the uncertainty
# of one that states none, s.
NOISE_S = 1e-4
UNSTATED_S = 5e-4
# A measurement further than this from the line is an outlier, or the clock was set.
JUMP_S = 5e-3
_ROUNDS = 4


@dataclass(frozen=True)
class _Point:
    time: float
    offset: float
    uncertainty: float


class OffsetLine:
    """The offset as a function of the sender's stamp; 0.0 before the first measurement.

    Attributes
    ----------
    count : int
        Measurements taken in.
    drift : float
        Change of the offset per second.
    jumps : int
        Times that the offset was found to have jumped.
    fresh : bool
        True when the offset has been found another since `restart`.
    """

    def __init__(self) -> None:
        self.count = self.jumps = 0
        self.drift = 0.0
        self.fresh = False
        self._level = self._centre = 0.0
        self._points: deque[_Point] = deque(maxlen=MOST_POINTS)
        self._doubted: _Point | None = None
        self._restarted = False

    def at(self, stamp: float) -> float:
        """Return the offset at one of the sender's stamps, s."""
        return self._level + self.drift * (stamp - self._centre)

    def restart(self) -> None:
        """Expect that the next measurement is of another clock."""
        self._restarted, self.fresh = True, False

    def pretend(self, stamp: float, offset: float) -> None:
        """Use an offset nobody has measured, until the next measurement."""
        self._level, self._centre, self.drift = offset, stamp, 0.0
        self._points.clear()
        self._doubted = None

    def add(self, stamp: float, offset: float, uncertainty: float = UNSTATED_S) -> None:
        """Take in a measurement.

        One far from the line is left out until the next one says the same: then the
        offset has jumped, and the older ones are forgotten.

        Parameters
        ----------
        stamp : float
            The sender's clock when it was measured, s.
        offset : float
            Seconds to be added to the sender's stamps.
        uncertainty : float
            Seconds by which it may be wrong.
        """
        point = _Point(stamp, offset, abs(uncertainty))
        self.count += 1
        doubted, self._doubted = self._doubted, None
        if not self._points or self._agrees(point):
            self._points.append(point)
        elif self._restarted or len(self._points) == 1:
            self._begin([point])
        elif doubted is not None and abs(offset - doubted.offset) <= _room(point, doubted):
            self._begin([doubted, point])
        else:
            self._doubted = point
            return
        self._restarted = False
        self._fit()

    def _begin(self, points: list[_Point]) -> None:
        self._points.clear()
        self._points.extend(points)
        self.jumps += 1
        self.fresh = True

    def _agrees(self, point: _Point) -> bool:
        if not self._points:
            return False
        return abs(point.offset - self.at(point.time)) <= _room(point, self._points[-1])

    def _fit(self) -> None:
        """Fit a line by weighted least squares, far residuals counting less (Huber)."""
        newest = self._points[-1].time
        while self._points[0].time < newest - MEMORY_S:
            self._points.popleft()
        times = np.array([point.time - newest for point in self._points])
        offsets = np.array([point.offset for point in self._points])
        base = float(offsets[-1])
        offsets = offsets - base
        own = np.array([point.uncertainty / 2.0 for point in self._points]) ** 2
        noise, pull = NOISE_S, np.ones(len(times))
        level = drift = 0.0
        for _ in range(_ROUNDS):
            scale = np.sqrt(own + noise**2)
            weights = pull / scale**2
            w, wt, wtt = (float((weights * times**k).sum()) for k in range(3))
            wo, wto = float((weights * offsets).sum()), float((weights * times * offsets).sum())
            wtt += DRIFT_PRIOR**-2
            drift = (w * wto - wt * wo) / (w * wtt - wt * wt)
            level = (wo - drift * wt) / w
            sizes = np.abs(offsets - level - drift * times)
            noise = max(NOISE_S, 1.5 * float(np.median(sizes)))
            pull = 1.5 / np.maximum(sizes / np.sqrt(own + noise**2), 1.5)
        self._level, self._centre, self.drift = base + level, newest, drift


def _room(point: _Point, before: _Point) -> float:
    """Return how far apart two measurements of one undisturbed clock may be, s."""
    apart = abs(point.time - before.time)
    room = JUMP_S + max(point.uncertainty, before.uncertainty) + 2.0 * DRIFT_PRIOR * apart
    return room if math.isfinite(room) else math.inf
