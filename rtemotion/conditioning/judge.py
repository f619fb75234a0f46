"""Judges channels block by block: contact, noise, reference, muscle, movement, mains.

What it finds holds from the sample after the block on.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from ..signal import Flag, FloatArray
from .blocks import BlockSpectrum
from .design import ConditioningDesign
from .line import LineFinder
from .marks import MovementMarker, MuscleMarker, ToneMarker
from .noise import NoiseCheck
from .quality import Cause, ContactCheck, mean_square
from .reference import DetachedReference
from .samples import Samples

BLOCKS_PER_SECOND = 4
# Seconds that `quality` and `causes` look back.
MEMORY_S = 5
NOTHING = np.empty(0)
BROKEN = np.uint16(Cause.MISSING | Cause.RAILED | Cause.FLAT | Cause.SOURCE | Cause.SETTLING)
# What says nothing about how a channel compares with the others.
PASSING = int(Cause.NOISY | Cause.BLINK | Cause.MUSCLE | Cause.MOVEMENT)


class Judge:
    """Keeps the last second of samples and what the checks make of it.

    Parameters
    ----------
    design : ConditioningDesign
        The limits.
    sfreq : float
        Sampling rate in Hz.
    block : int
        Samples in a block.
    positions : array, shape (n_columns, 3)
        Metres, NaN where unknown.
    n : int
        Number of channels in use; further columns only serve as references.
    n_axes : int
        Number of axes of an accelerometer.

    Attributes
    ----------
    flags : array of uint8, shape (n_columns,)
        What holds against each column from the next sample on.
    causes : array of uint16, shape (n_columns,)
        Why, as combinations of `Cause`.
    holding : bool
        Whether anything does.
    why : array of uint16, shape (n_columns,)
        Every cause among the samples of the newest whole block.
    operator : array of bool, shape (n_columns,)
        Columns marked bad by a person.
    line : LineFinder
        What is known of the mains.
    level : array, shape (n_columns,)
        Of the last full second, filtered, volts RMS.
    """

    def __init__(
        self,
        design: ConditioningDesign,
        sfreq: float,
        block: int,
        positions: FloatArray,
        n: int,
        n_axes: int,
    ) -> None:
        n_columns = len(positions)
        self._n, self._block = n, block
        stretch = BLOCKS_PER_SECOND * block
        self._raw = np.zeros((stretch, n_columns))
        self._filtered = np.zeros((stretch, n_columns))
        self._flags = np.zeros((stretch, n_columns), dtype=np.uint8)
        self._motion = np.zeros((stretch, n_axes))
        limits = design.marking
        self._spectrum = BlockSpectrum(sfreq, block)
        self._contact = ContactCheck(design, n_columns)
        self._noise = NoiseCheck(limits, positions, BLOCKS_PER_SECOND)
        self._detached = DetachedReference(limits.common_mode)
        self._muscle = MuscleMarker(limits, n_columns)
        self._tone = ToneMarker(limits, n_columns)
        self._movement = MovementMarker(limits)
        self.line = LineFinder(sfreq, stretch, n_columns)
        self.operator = np.zeros(n_columns, dtype=bool)
        self.reset()

    def reset(self) -> None:
        """Forget everything, a person's marks included."""
        self.operator[:] = False
        self.line.reset()
        self.restart()

    def restart(self) -> None:
        """Begin anew after a gap; a person's marks and the line that was found stay."""
        marks = (self._muscle, self._tone, self._movement)
        for check in (self._contact, self._noise, self._detached, *marks):
            check.reset()
        n_columns = len(self.operator)
        self._at = self._taken = 0
        self._measured: deque[tuple[FloatArray, FloatArray, FloatArray, FloatArray]] = deque()
        self._seen = np.zeros(n_columns, dtype=np.uint16)
        self._seen_in_second = np.zeros(n_columns, dtype=np.uint16)
        self.why = np.zeros(n_columns, dtype=np.uint16)
        self._power = np.zeros(n_columns)
        self._history: list[tuple[FloatArray, NDArray[np.uint16]]] = []
        self.level = np.full(n_columns, np.nan)
        self.holding = True
        self.hold()

    def hold(self) -> None:
        """Put together what holds from the next sample on."""
        contact, noise, muscle = self._contact, self._noise, self._muscle
        alone = self._detached.on or self._movement.on or bool(np.count_nonzero(self.operator))
        marked = muscle.any or self._tone.any
        anything = contact.high.any or contact.low.any or noise.any or marked or alone
        if not (anything or self.holding):
            return
        self.holding = anything
        causes = (
            self.operator * np.uint16(Cause.OPERATOR)
            | contact.low.on * np.uint16(Cause.NO_CONTACT)
            | contact.high.on * np.uint16(Cause.TOO_LARGE)
            | noise.on * np.uint16(Cause.NOISY)
        )
        if self._detached.on:
            causes |= np.uint16(Cause.REFERENCE)
        flags = (causes != 0) * np.uint8(Flag.BAD)
        marks = (muscle.on | self._tone.on) * np.uint8(Flag.MUSCLE)
        if self._movement.on:
            marks |= np.uint8(Flag.MOVEMENT)
        self.flags = flags | marks
        self.causes = causes

    def take(self, samples: Samples, motion: FloatArray) -> None:
        """Keep samples to be judged, which do not reach beyond the end of the second.

        Parameters
        ----------
        samples : Samples
            Those after the ones judged so far.
        motion : array, shape (n_samples, n_axes)
            An accelerometer's values.
        """
        self._taken = self._at + len(samples)
        rows = slice(self._at, self._taken)
        self._raw[rows] = samples.raw
        self._filtered[rows] = samples.filtered
        self._flags[rows] = samples.flags
        self._motion[rows] = motion

    def advance(self, n: int, causes: NDArray[np.uint16]) -> bool:
        """Judge some of the samples taken, and return whether their block ends there.

        Parameters
        ----------
        n : int
            Number of samples, not beyond the end of the block.
        causes : array of uint16, shape (n_columns,)
            Every cause among them.
        """
        self._seen |= causes
        self._at += n
        if self._at % self._block:
            return False
        self._end_of_block()
        self.hold()
        return True

    def mark(self, flags: NDArray[np.uint8], causes: NDArray[np.uint16]) -> None:
        """Take note of what else there is against the samples judged last.

        Parameters
        ----------
        flags : array of uint8, shape (n_samples, n_columns)
            All that is known against whole blocks, or a part of one.
        causes : array of uint16, shape (n_columns,)
            Every cause among them that was not known before.
        """
        self._flags[self._at - len(flags) : self._at] = flags
        if self._at % self._block:
            self._seen |= causes
        else:
            self.why |= causes
            self._seen_in_second |= causes

    def _end_of_block(self) -> None:
        rows = slice(self._at - self._block, self._at)
        filtered, n = self._filtered[rows], self._n
        mean, fast, tone, square = self._measures()
        self._contact.block(filtered, square)
        square = self._contact.mean_square
        away = self._contact.bad
        self._noise.block(fast)
        if self.holding or np.count_nonzero(self._seen):
            if (self._seen & np.uint16(Cause.RAILED)).any():
                away = away | ((self._flags[rows] & np.uint8(Flag.RAILED)) != 0).all(axis=0)
            # A broken channel's level says nothing of what is usual.
            doubtful = ((self._seen & BROKEN) | self.causes) != 0
            fast = np.where(doubtful, np.nan, fast)
            tone = np.where(doubtful, np.nan, tone)
            held = self.flags & np.uint8(Flag.MUSCLE | Flag.MOVEMENT)
            self._seen_in_second |= self._seen | self.causes | held
        self.why, self._seen = self._seen, np.zeros(len(square), dtype=np.uint16)
        self._detached.block(filtered[:, :n], square[:n], away[:n])
        self._muscle.block(fast)
        self._tone.block(tone)
        pull = self._motion[rows].mean(axis=0) if self._motion.shape[1] else NOTHING
        self._movement.block(mean[:n], pull)
        self._power += square

    def _measures(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return mean, high-frequency level, tone and mean square of the block that has ended.

        Those of the blocks after it, as far as they were taken, come in one go.
        """
        if not self._measured:
            first = self._at - self._block
            whole = (self._taken - first) // self._block
            rows = slice(first, first + whole * self._block)
            shape = (whole, self._block, -1)
            mean, fast, tone = self._spectrum(self._raw[rows].reshape(shape))
            square = mean_square(self._filtered[rows].reshape(shape))
            self._measured.extend(zip(mean, fast, tone, square, strict=True))
        return self._measured.popleft()

    def end_of_second(self) -> bool | None:
        """Judge the second once it is full; return whether the mains were decided on.

        None while the second goes on.
        """
        if self._at < len(self._raw):
            return None
        self._at = 0
        usable = (self._seen_in_second & ~np.uint16(PASSING)) == 0
        self._noise.second(self._filtered, usable)
        self.level = np.sqrt(self._power / BLOCKS_PER_SECOND)
        clean = np.ones(len(self.operator))
        if self._flags.any():
            clean = np.count_nonzero(self._flags == 0, axis=0) / len(self._flags)
        self._history = [*self._history[1 - MEMORY_S :], (clean, self._seen_in_second)]
        self._seen_in_second = np.zeros_like(self._seen_in_second)
        self._power = np.zeros_like(self._power)
        return self.line.second(self._raw)

    @property
    def newest(self) -> FloatArray:
        """Raw samples of the block that has just ended, volts."""
        return self._raw[self._at - self._block : self._at]

    @property
    def filtered(self) -> FloatArray:
        """Filtered samples of the second that has just ended, volts."""
        return self._filtered

    @property
    def clean(self) -> FloatArray:
        """Share of good samples in the last seconds, shape (n_columns,); NaN at first."""
        if not self._history:
            return np.full(len(self.operator), np.nan)
        return np.asarray(np.mean([share for share, _ in self._history], axis=0))

    @property
    def recent_causes(self) -> NDArray[np.uint16]:
        """Every cause in the last seconds, shape (n_columns,)."""
        found = self.causes | self._seen_in_second
        for _, causes in self._history:
            found = found | causes
        return found
