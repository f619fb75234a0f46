"""What can be said of samples one by one: missing, railed, flat, unsettled or too large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..signal import Flag, FloatArray
from .design import ConditioningDesign
from .filters import RestartingFilter
from .quality import Cause, SampleChecks

BROKEN = np.uint8(Flag.MISSING | Flag.RAILED | Flag.FLAT)


@dataclass(frozen=True, eq=False)
class Samples:
    """Consecutive samples, checked and filtered.

    Attributes
    ----------
    raw, filtered : array, shape (n_samples, n_columns)
        Volts, before and after the filters; NaN where broken.
    given : array of uint8, same shape
        What the source and the checks of raw samples say against them.
    flags : array of uint8, same shape
        The same, with those flagged bad that the filters make unusable.
    unsettled, large : array of bool, same shape
        Those.
    clear : bool
        True when there is no flag at all.
    """

    raw: FloatArray
    filtered: FloatArray
    given: NDArray[np.uint8]
    flags: NDArray[np.uint8]
    unsettled: NDArray[np.bool_]
    large: NDArray[np.bool_]
    clear: bool

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.raw)

    def part(self, start: int, stop: int) -> Samples:
        """Return the samples ``start:stop``."""
        if stop - start == len(self):
            return self
        rows = slice(start, stop)
        flags = self.flags[rows]
        return Samples(
            self.raw[rows],
            self.filtered[rows],
            self.given[rows],
            flags,
            self.unsettled[rows],
            self.large[rows],
            self.clear or not flags.any(),
        )

    def causes(self, rows: slice) -> NDArray[np.uint16]:
        """Return every cause among some of the samples, shape (n_columns,)."""
        if self.clear:
            return np.zeros(self.flags.shape[1], dtype=np.uint16)
        causes: NDArray[np.uint16]
        causes = np.bitwise_or.reduce(self.given[rows], axis=0).astype(np.uint16)
        causes |= self.unsettled[rows].any(axis=0) * np.uint16(Cause.SETTLING)
        causes |= self.large[rows].any(axis=0) * np.uint16(Cause.TOO_LARGE)
        return causes


class SampleStep:
    """Checks and filters samples, whatever the samples after them.

    Parameters
    ----------
    design : ConditioningDesign
        Filters and limits.
    sfreq : float
        Sampling rate in Hz.
    n_columns : int
        Number of columns.
    """

    def __init__(self, design: ConditioningDesign, sfreq: float, n_columns: int) -> None:
        self._sos = design.realise(sfreq)
        self._settling = design.settling_samples(sfreq)
        self._largest = design.largest
        self._n_columns = n_columns
        self._checks = SampleChecks(design, sfreq, n_columns)
        self.reset()

    def reset(self) -> None:
        """Start with the filters of the design, without one for the mains that was found."""
        self.filter = RestartingFilter(self._sos, self._n_columns, self._settling)
        self.restart()

    def restart(self) -> None:
        """Begin anew after a gap."""
        self._checks.reset()
        self.filter.reset()

    def process(self, raw: FloatArray, given: NDArray[np.uint8]) -> Samples:
        """Check and filter consecutive samples.

        Parameters
        ----------
        raw : array, shape (n_samples, n_columns)
            Volts.
        given : array of uint8, same shape
            What the source says against them.
        """
        given = given | self._checks.process(raw)
        filtered, unsettled = self.filter.process(raw, (given & BROKEN) != 0)
        large = np.abs(filtered) >= self._largest
        flags = given
        if unsettled.any() or large.any():
            flags = given | (unsettled | large) * np.uint8(Flag.BAD)
        clear = not flags.any()
        return Samples(raw, filtered, given, flags, unsettled, large, clear)
