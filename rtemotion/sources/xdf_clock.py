"""Putting the streams of an XDF file, each with its own clock, on one timeline.

Stamps are in the clock of the stream's sender. Now and then the recorder
measured how far that clock was from its own. A sender that restarts may start its
clock anew, so stamps and measurements both may jump back.

The first measurement of a clock stands at its first sample, since a recorder knows
it before it records. So does the first one after a clock was set, which shows in
stamps and measurements that jump by as much, so that no time passed between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray

# Stamps run back by less than this when samples arrive in bursts.
_RESET_S = 1.0
# Seconds of any clock in use; beyond it is damage.
_CLOCK_LIMIT = 1e11
# Measurements drift by less than this from one to the next.
_STEP_S = 0.05
# By how much, in s and as a share of the step, stamps and measurements may disagree.
_CLOSE_S, _CLOSE_SHARE = 0.02, 0.25


@dataclass(frozen=True)
class ClockStep:
    """A sender's clock that was set while its samples went on.

    Attributes
    ----------
    place : int
        Index of the first sample stamped by the clock as set.
    step : float
        By how much later its stamps lie from there on, s.
    """

    place: int
    step: float


@dataclass(frozen=True, eq=False)
class Timeline:
    """The stamps of one stream and what was measured of its clock.

    Attributes
    ----------
    stamps : array, shape (n_samples,)
        Raw, s.
    offsets : array, shape (n_offsets,)
        What is added to a stamp to get the recorder's clock, s.
    measured : array, shape (n_offsets,)
        When they were measured, on the sender's clock, s.
    places : array, shape (n_offsets,)
        Index of the first sample after each measurement.
    shifts : array, shape (n_samples,)
        The offset that holds at each sample: the last one measured.
    steps : tuple of ClockStep
        Where the sender's clock was set.
    """

    stamps: FloatArray
    offsets: FloatArray
    measured: FloatArray
    places: NDArray[np.int64]
    shifts: FloatArray
    steps: tuple[ClockStep, ...] = ()

    @property
    def recorder(self) -> FloatArray:
        """Times on the recorder's clock, shape (n_samples,), s."""
        return self.stamps + self.shifts

    def known(self) -> FloatArray:
        """Return times as far as they were known when a sample came, shape (n_samples,), s.

        The stamps plus the last offset measured before, or none.
        """
        which = np.searchsorted(self.places, np.arange(len(self.stamps)), side="right")
        times: FloatArray = self.stamps + np.concatenate([[0.0], self.offsets])[which]
        return times


def make_timeline(
    stamps: FloatArray, measured: Sequence[float], offsets: Sequence[float], period: float = 0.0
) -> Timeline:
    """Put measurements of a clock among the samples; those that are no numbers are left out.

    Parameters
    ----------
    stamps : array, shape (n_samples,)
        Raw, s.
    measured, offsets : sequence of float
        When a clock was measured, on the sender's clock, and what came of it, s.
    period : float
        From one sample to the next, s.
    """
    times = np.asarray(measured, dtype=np.float64)
    values = np.asarray(offsets, dtype=np.float64)
    usable = (np.abs(times) < _CLOCK_LIMIT) & (np.abs(values) < _CLOCK_LIMIT)
    times, values = times[usable], values[usable]
    places, parts = _place(stamps, times)
    steps = _find_steps(stamps, values, places, period)
    for number, step in steps:
        places[number] = step.place
    for part, (start, _) in enumerate(_runs(stamps)):
        own = np.flatnonzero(parts == part)
        if len(own):
            places[own[0]] = start
    if len(places):
        places = np.maximum.accumulate(places)
    shifts = _shifts(stamps, values, places)
    return Timeline(stamps, values, times, places, shifts, tuple(step for _, step in steps))


def _find_steps(
    stamps: FloatArray, offsets: FloatArray, places: NDArray[np.int64], period: float
) -> list[tuple[int, ClockStep]]:
    """Return where a clock was set, with the number of the first measurement after it."""
    jumps = np.diff(stamps) - period
    found = []
    for number in (np.flatnonzero(np.abs(np.diff(offsets)) > _STEP_S) + 1).tolist():
        change = float(offsets[number] - offsets[number - 1])
        # A clock set back makes the measurement after it look older than it is.
        slack = int(min(abs(change) / period, len(stamps)) if period > 0 else 0) + 1
        start = max(int(places[number - 1]) - slack, 0)
        near = jumps[start : int(places[number]) + slack]
        if len(near) == 0:
            continue
        at = int(np.argmin(np.abs(near + change)))
        if abs(float(near[at]) + change) <= min(_CLOSE_S + period, _CLOSE_SHARE * abs(change)):
            found.append((number, ClockStep(start + at + 1, float(near[at]))))
    return found


def arrival(timeline: Timeline, period: float) -> FloatArray:
    """Return when each sample arrived, shape (n_samples,), s from the first one.

    Where even the recorder's time jumps back, a sample comes one `period` (s) after
    the one before it.
    """
    times = timeline.recorder
    out = np.empty_like(times)
    begin = 0.0
    for start, stop in _runs(times):
        out[start:stop] = np.maximum.accumulate(times[start:stop]) - times[start] + begin
        begin = out[stop - 1] + period
    return out


def _runs(times: FloatArray) -> list[tuple[int, int]]:
    """Return start and stop of every part in which time does not jump back."""
    if len(times) == 0:
        return []
    jumps = np.flatnonzero(np.diff(times) < -_RESET_S) + 1
    return list(pairwise([0, *jumps.tolist(), len(times)]))


def _place(
    stamps: FloatArray, measured: FloatArray
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each measurement the sample after it, and the part that sample's clock is of."""
    places = np.zeros(len(measured), dtype=np.int64)
    parts = np.zeros(len(measured), dtype=np.int64)
    runs = _runs(stamps)
    if not runs:
        return places, parts
    ranges = [(stamps[a:b].min(), stamps[a:b].max()) for a, b in runs]
    part = 0
    for start, stop in _runs(measured):
        first, last = measured[start:stop].min(), measured[start:stop].max()
        apart = [max(0.0, low - last, first - high) for low, high in ranges[part:]]
        part += int(np.argmin(apart))
        a, b = runs[part]
        running = np.maximum.accumulate(stamps[a:b])
        places[start:stop] = a + np.searchsorted(running, measured[start:stop])
        parts[start:stop] = part
    return np.maximum.accumulate(places) if len(places) else places, parts


def _shifts(stamps: FloatArray, offsets: FloatArray, places: NDArray[np.int64]) -> FloatArray:
    if len(offsets) == 0:
        return np.zeros_like(stamps)
    which = np.searchsorted(places, np.arange(len(stamps)), side="right") - 1
    shifts: FloatArray = offsets[np.maximum(which, 0)]
    return shifts
