"""Sample times from stamps: the filter that follows them, and the line of offsets.

Stamps come as the sender's clock would have had them if it had never been set, as
far as its steps are known. Times are straight lines over fixed blocks, each joined to
the one before, so that they never depend on how the samples arrived.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..signal import FloatArray
from .clock_filter import StampFilter
from .clock_jump import USUAL, Jump, before_loss, judge, level_of
from .clock_offset import UNSTATED_S, OffsetLine

# Times are moved smoothly by up to this much, s; by more they step.
STEP_S = 0.1
# A source knows the size of a sender's step from single stamps and arrivals, to within
# this, s, or so many times what a stamp may be off. What is beyond has been lost.
STEP_ROOM_S = 0.06
STEP_ROOM = 1.5
# A step is known when it is to within this, s.
UNSAID_S = 1e-4
# Chunks may each have a delay of their own, which shows only after a few of them: in a
# stream's first second odd stamps are judged by as much, s.
LEARNING_S = 1.0
# A sender may be off its nominal rate by more than its clock can be: for so long after it
# began, what drifts away has not jumped, s.
NEW_S = 5.0
# Stamps that run back by more are of a clock that began anew, s.
ANEW_S = 1.0


class SampleTimes:
    """Gives samples their times, and says how many are missing between two.

    Parameters
    ----------
    sfreq : float
        Nominal sampling rate in Hz.
    hold : int
        Number of samples by which a start or a jump is judged.

    Attributes
    ----------
    filter : StampFilter
        What follows the stamps.
    offset : OffsetLine
        What is added to them.
    announced : float
        By how much the sender's clock was said to have been set since the start, s.
    steps, resets : int
        Times that clocks were set, and times that stamps began anew.
    started : bool
        True once there was a sample.
    """

    def __init__(self, sfreq: float, hold: int) -> None:
        self.filter = StampFilter(sfreq)
        self.offset = OffsetLine()
        self.announced = 0.0
        # What the steps were by more than was said, and how uncertain that is (s²).
        self._unsaid = self._unsaid_var = 0.0
        self.steps = self.resets = 0
        # The clock that offsets measure may have been set with the stamps, or not.
        self._apart = self._before = 0.0
        self._stayed = False
        self.started = False
        self._hold, self._learning = hold, max(hold, round(LEARNING_S * sfreq))
        self._new, self._began = round(NEW_S * sfreq), 0
        self._rows = np.arange(2 * self._learning + self.filter.block, dtype=np.float64)
        self._stepping = False
        self._unmeasured: list[Mapping[str, Any]] = []
        # The block under way: times and stamps expected, deviations found.
        self._size = self._at = 0
        self._measures = self._odd = False
        self._times = self._expected = self._deviations = np.empty(0)
        self._next_time = np.nan

    @property
    def step(self) -> float:
        """By how much the sender's clock has been set since the start, s."""
        return self.announced + self._unsaid

    @property
    def stepping(self) -> bool:
        """True while it is not known by how much exactly the clock was set."""
        return self._stepping

    def needed(self, stamps: FloatArray) -> int:
        """Return by how many samples it is judged where times begin or go on."""
        first = stamps[: self._hold]
        unclear = not self.started and before_loss(first, self.filter.period) < len(first)
        return self._learning if unclear else self._hold

    def start(self, stamps: FloatArray) -> int:
        """Begin with the first samples and return how many of them gave the start."""
        n = min(self._hold, before_loss(stamps, self.filter.period))
        self.filter.start(stamps[:n])
        self.started = True
        self._block(n, measures=False, first=self._target())
        return n

    def follow(self, stamps: FloatArray, sure: int = 0) -> FloatArray:
        """Return times of the samples up to the first whose stamp is odd.

        Parameters
        ----------
        stamps : array, shape (n_samples,)
            Seconds.
        sure : int
            So many samples have been judged already.

        Returns
        -------
        array, shape (n_as_expected,)
            Seconds.
        """
        parts: list[FloatArray] = []
        done, n = 0, len(stamps)
        while True:
            at = self._at
            room = min(n - done, self._size - at)
            taken = self._take(stamps[done : done + room], sure - done)
            parts.append(self._times[at : at + taken])
            done += taken
            if self._at == self._size:
                self._end_block()
            if taken < room or done == n:
                break
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def judge(self, stamps: FloatArray, final: bool) -> Jump | None:
        """Judge the samples from an odd one on; None when more are needed."""
        learning = self.filter.count + self._at < self._learning
        hold = self._learning if learning else self._hold
        deviations = self._from_expected(stamps[:hold])
        limits = self.filter.tolerance, self.filter.period
        return judge(deviations, *limits, hold, final, learning, self._before_jump())

    def _before_jump(self) -> float:
        """Return where the stamps before the next drifted to, s, while the period is new."""
        if self.filter.count - self._began > self._new:
            return 0.0
        last = self._deviations[max(0, self._at - USUAL) : self._at]
        near = float(np.median(last)) if len(last) == USUAL else self.filter.aside
        # Jitter takes either aside, but not both to the same side by much.
        low, high = sorted((near, self.filter.aside))
        return max(low, 0.0) + min(high, 0.0)

    def jumped(self, jump: Jump, known: bool) -> int:
        """Go on after a jump and return how many more samples are missing before it.

        Stamps that run back leave open what lies between, unless it is `known` that
        samples are missing there.
        """
        if jump.spread:
            self.filter.disturbed(jump.spread)
        if not jump.level:
            return 0
        expected = float(self._times[self._at])
        self.filter.advance(self._at)
        if jump.level > 0:
            missing = self.filter.lose(jump.level, jump.rows)
        else:
            missing = 0 if known else 1
            self.filter.move(jump.level, jump.rows)
            if jump.level > -ANEW_S:
                # Small ones come of delays that change.
                self.filter.disturbed(-jump.level / 4.0)
            self.offset.restart()
            self._begin_anew(expected + missing * self.filter.period, jump.level)
        self._block(jump.rows, measures=False, first=self._onward(expected))
        return missing

    def broke_off(self) -> None:
        """Take note that what comes next may follow from another clock."""
        self._stepping = False
        self._measure_late()
        self.offset.restart()

    def resume(self, stamps: FloatArray, at_least: int) -> int:
        """Go on after the stream broke off and return how many samples are missing."""
        self._stepping = False
        self._measure_late()
        by = level_of(self._from_expected(stamps), self.filter.tolerance)
        expected = float(self._times[self._at])
        back = by < -self.filter.tolerance
        self.filter.advance(self._at)
        self.filter.resume(by, stamps)
        self._began = self.filter.count
        # Another clock's stamps say nothing of what has passed; our own clock does.
        passed = self._target() - expected if self.offset.fresh else by
        missing = max(at_least, round(passed / self.filter.period))
        if back:
            self._begin_anew(expected + missing * self.filter.period, by)
        self._block(len(stamps), measures=False, first=self._onward(expected))
        return missing

    def skip(self, n: int) -> None:
        """Leave out samples that are known to be missing."""
        expected = float(self._times[self._at])
        self.filter.advance(self._at + n)
        self._block(self.filter.block, first=self._onward(expected))

    def stepped(self, step: float) -> None:
        """Take note that the sender's clock was set by about `step` seconds."""
        self._before = self._clock_step()
        self._apart, self._stayed = self.step - self._before, False
        self.announced += step
        self.steps += 1
        self._stepping = self.started

    def settle_step(self, stamps: FloatArray) -> None:
        """Learn from the samples after a step what it was by more than was said."""
        by = level_of(self._from_expected(stamps), self.filter.tolerance)
        if abs(by) <= max(STEP_ROOM_S, STEP_ROOM * self.filter.tolerance):
            self._unsaid += by
            self._unsaid_var = self.filter.level_var(len(stamps))
            rows = self._rows[: self._size]
            self._expected = self.filter.time + self._unsaid + self.filter.period * rows
        self._stepping = False
        self._measure_late()

    def measured(self, payload: Mapping[str, Any], at_once: bool) -> float:
        """Take in a clock offset and return by how much times step because of it, s.

        They do so `at_once` when the offset has jumped; otherwise they follow smoothly.
        """
        if self._stepping:
            self._unmeasured.append(payload)
            return 0.0
        self._measure(payload)
        if not at_once or not self.started:
            return 0.0
        stamp = self.filter.time + self._at * self.filter.period
        by = stamp + self.offset.at(stamp) - float(self._times[self._at])
        if abs(by) <= STEP_S:
            return 0.0
        self._times = self._times + by
        self._next_time += by
        return by

    def _measure(self, payload: Mapping[str, Any]) -> None:
        offset = float(payload["offset"])
        uncertainty = float(payload.get("uncertainty", UNSTATED_S))
        expected = self.filter.time + self._clock_step()
        stamp = float(payload.get("remote_time", expected))
        if np.isfinite([offset, uncertainty, stamp]).all():
            self._decide(offset)
            step = self._clock_step()
            self.offset.add(stamp - step, offset + step, uncertainty)

    def _clock_step(self) -> float:
        """Return by how much the clock that offsets measure has been set, s."""
        return self._before if self._stayed else self.step - self._apart

    def _decide(self, offset: float) -> None:
        """See from an offset whether that clock was set with the stamps.

        Stamps that a sender makes up itself may jump while LSL's clock there goes on,
        and a measurement may be of before the step.
        """
        if self.offset.count:
            moved, known = self.step - self._apart, self.offset.at(self.filter.time)
            self._stayed = abs(offset + self._before - known) < abs(offset + moved - known)

    def _measure_late(self) -> None:
        waiting, self._unmeasured = self._unmeasured, []
        for payload in waiting:
            self._measure(payload)

    def _end_block(self) -> None:
        if self._measures:
            deviations = self._deviations
            if self._unsaid_var > UNSAID_S**2:
                deviations = deviations - self._refine_step(deviations)
            self.filter.update(deviations, self._odd)
        else:
            self.filter.advance(self._size)
        self._block(self.filter.block)

    def _refine_step(self, deviations: FloatArray) -> float:
        """Count a block's deviations as what is not yet known of the last step, s.

        Samples go on through a step as before, so where they lie is known better.
        """
        by = level_of(deviations, self.filter.tolerance)
        gain = self._unsaid_var / (self._unsaid_var + self.filter.level_var(len(deviations)))
        self._unsaid += gain * by
        self._unsaid_var *= 1.0 - gain
        return gain * by

    def _take(self, stamps: FloatArray, sure: int) -> int:
        at, n = self._at, len(stamps)
        deviations = stamps - self._expected[at : at + n]
        tolerance = self.filter.tolerance
        if not _all_within(deviations, tolerance):
            far = np.flatnonzero(np.abs(deviations) > tolerance)
            beyond = far[far >= sure]
            n = int(beyond[0]) if len(beyond) else n
            self._odd |= bool((far < n).any())
        self._deviations[at : at + n] = deviations[:n]
        self._at += n
        return n

    def _from_expected(self, stamps: FloatArray) -> FloatArray:
        rows = self._rows[self._at : self._at + len(stamps)]
        return stamps - (self.filter.time + self._unsaid + self.filter.period * rows)

    def _target(self) -> float:
        """Return the time that the next block's first sample has by filter and offset."""
        return self.filter.time + self.offset.at(self.filter.time)

    def _onward(self, expected: float) -> float:
        """Return the first time after a gap, before which `expected` would have come next."""
        target = self._target()
        return target if target < expected - STEP_S else max(expected, target)

    def _begin_anew(self, time: float, by: float) -> None:
        """Take note of stamps that ran back, the first of them at `time` by our own clock."""
        self.resets += 1
        self._unsaid_var = 0.0
        if by < -ANEW_S and self.offset.count and not self.offset.fresh:
            # Our own clock went on, and how far the sender's new one is off shows later.
            self.offset.pretend(self.filter.time, time - self.filter.time)

    def _block(self, size: int, measures: bool = True, first: float | None = None) -> None:
        """Lay out the next block: its times lead from where they are to where they should be."""
        rows = self._rows[:size]
        start, period = self.filter.time, self.filter.period
        stop = start + size * period
        time = self._next_time if first is None else first
        ahead = self._target() - time
        if ahead > STEP_S:
            time += ahead
        spacing = max((stop + self.offset.at(stop) - time) / size, 0.5 * period)
        self._size, self._at = size, 0
        self._measures, self._odd = measures, False
        self._expected = start + self._unsaid + period * rows
        self._times = time + spacing * rows
        self._deviations = np.empty(size)
        self._next_time = time + spacing * size


def _all_within(deviations: FloatArray, tolerance: float) -> bool:
    if len(deviations) > 64:
        largest, least = np.maximum.reduce(deviations), np.minimum.reduce(deviations)
        return bool(largest <= tolerance and least >= -tolerance)
    listed = deviations.tolist()
    return bool(max(listed) <= tolerance and min(listed) >= -tolerance)
