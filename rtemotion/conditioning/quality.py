"""What speaks against a sample or a channel: missing, railed, flat, disconnected."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..signal import Flag, FloatArray
from .design import ConditioningDesign

# A channel taken to be disconnected is used again after this many good blocks.
GOOD_BLOCKS = 4


class SampleChecks:
    """Flags of raw samples: missing, railed and flat, each from the past alone.

    Parameters
    ----------
    design : ConditioningDesign
        Rail and flatness limits.
    sfreq : float
        Sampling rate in Hz.
    n_channels : int
        Number of channels.
    """

    def __init__(self, design: ConditioningDesign, sfreq: float, n_channels: int) -> None:
        self._rail = design.rail
        self._flat_run = max(1, round(design.flat_after * sfreq))
        self._last = np.full(n_channels, np.nan)
        self._run = np.zeros(n_channels, dtype=np.int64)

    def reset(self) -> None:
        """Forget the past."""
        self._last[:] = np.nan
        self._run[:] = 0

    def process(self, data: FloatArray) -> NDArray[np.uint8]:
        """Return the flags of consecutive samples, shape (n_samples, n_channels)."""
        missing = ~np.isfinite(data)
        flags = missing * np.uint8(Flag.MISSING)
        railed = np.abs(data) >= self._rail
        if railed.any():
            flags |= railed * np.uint8(Flag.RAILED)
        flat = self._flat(data)
        if flat is not None:
            flags |= flat * np.uint8(Flag.FLAT)
        return flags

    def _flat(self, data: FloatArray) -> NDArray[np.bool_] | None:
        changed = np.empty(data.shape, dtype=bool)
        changed[0] = data[0] != self._last
        np.not_equal(data[1:], data[:-1], out=changed[1:])
        self._last = data[-1].copy()
        if not self._run.any() and changed.all():
            return None
        rows = np.arange(len(data))[:, None]
        last_change = np.maximum.accumulate(np.where(changed, rows, -1), axis=0)
        run = np.where(last_change < 0, self._run + rows + 1, rows - last_change)
        self._run = run[-1]
        return run >= self._flat_run


class ContactCheck:
    """Finds disconnected channels from the level of the filtered signal, block by block.

    Parameters
    ----------
    design : ConditioningDesign
        Highest and lowest plausible level.
    n_channels : int
        Number of channels.

    Attributes
    ----------
    bad : array of bool, shape (n_channels,)
        Channels not to be used from the next sample on.
    """

    def __init__(self, design: ConditioningDesign, n_channels: int) -> None:
        self._highest = design.highest_rms
        self._lowest = design.lowest_rms
        self.bad = np.zeros(n_channels, dtype=bool)
        self._good = np.zeros(n_channels, dtype=np.int64)

    def reset(self) -> None:
        """Take every channel to be connected."""
        self.bad[:] = False
        self._good[:] = 0

    def block(self, filtered: FloatArray) -> None:
        """Judge one block, shape (n_samples, n_channels), volts, NaN where unknown."""
        squares = np.einsum("ij,ij->j", filtered, filtered)
        n = np.full(len(squares), len(filtered))
        if not np.isfinite(squares).all():
            known = np.isfinite(filtered)
            n = known.sum(axis=0)
            squares = (np.where(known, filtered, 0.0) ** 2).sum(axis=0)
        rms = np.sqrt(squares / np.maximum(n, 1))
        wrong = (n > 0) & ((rms > self._highest) | (rms < self._lowest))
        self._good = np.where(wrong, 0, self._good + 1)
        self.bad = wrong | (self.bad & (self._good < GOOD_BLOCKS))
