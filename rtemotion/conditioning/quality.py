"""What speaks against a sample or a channel: missing, railed, flat, out of range."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from ..signal import Flag, FloatArray
from .blocks import Latch
from .design import ConditioningDesign

# A channel taken to be disconnected is used again after this many good blocks,
GOOD_BLOCKS = 4
# whose level lies this far inside the limits.
INSIDE = 0.8


class Cause(IntFlag):
    """Why a channel is left out or marked; the first seven are those of `Flag`."""

    MISSING = 1
    RAILED = 2
    FLAT = 4
    BLINK = 8
    MUSCLE = 16
    SOURCE = 32
    MOVEMENT = 64
    SETTLING = 128
    NO_CONTACT = 256
    TOO_LARGE = 512
    NOISY = 1024
    REFERENCE = 2048
    OPERATOR = 4096


def names_of(causes: int) -> tuple[str, ...]:
    """Return causes as users read them."""
    return tuple(cause.name.lower().replace("_", " ") for cause in Cause if causes & cause)  # type: ignore[union-attr]


@dataclass(frozen=True)
class ChannelQuality:
    """How a channel did in the last few seconds.

    Attributes
    ----------
    name : str
        The channel.
    quality : float
        Share of its samples with nothing against them, 0..1; NaN in the first second.
    reasons : tuple of str
        What spoke against the others: missing, railed, flat, blink, muscle, movement,
        settling, no contact, too large, noisy, reference, operator, or source (the
        sender itself marked them).
    rms : float
        Level of the filtered signal before it is referenced, volts.
    line : float
        Amplitude of the mains in the raw signal, volts.
    """

    name: str
    quality: float
    reasons: tuple[str, ...]
    rms: float
    line: float


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
        flags = np.zeros(data.shape, dtype=np.uint8)
        size = np.abs(data)
        # False for NaN too, so that one look finds both.
        if not size.max() < self._rail:
            flags |= ~np.isfinite(data) * np.uint8(Flag.MISSING)
            flags |= (size >= self._rail) * np.uint8(Flag.RAILED)
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
    high, low : Latch
        Channels whose level is too large, and too small for there to be contact.
    mean_square : array, shape (n_channels,)
        Of the newest block, V²; 0 where nothing is known.
    """

    def __init__(self, design: ConditioningDesign, n_channels: int) -> None:
        self._highest = design.highest_rms**2
        self._lowest = design.lowest_rms**2
        self.high = Latch(n_channels, GOOD_BLOCKS)
        self.low = Latch(n_channels, GOOD_BLOCKS)
        self.mean_square = np.zeros(n_channels)

    @property
    def bad(self) -> NDArray[np.bool_]:
        """Channels not to be used from the next sample on, shape (n_channels,)."""
        return self.high.on | self.low.on

    def reset(self) -> None:
        """Take every channel to be connected."""
        self.high.reset()
        self.low.reset()

    def block(self, filtered: FloatArray, square: FloatArray | None = None) -> None:
        """Judge one block.

        Parameters
        ----------
        filtered : array, shape (n_samples, n_channels)
            Volts, NaN where unknown.
        square : array, shape (n_channels,), optional
            Its mean square, where that is known already.
        """
        level = mean_square(filtered) if square is None else square
        self.mean_square = level
        inside = (level >= self._lowest) & (level <= self._highest)
        if np.count_nonzero(inside) == len(level) and not (self.high.any or self.low.any):
            return
        unknown = np.zeros(len(level), dtype=bool)
        if not np.isfinite(level).all():
            known = np.isfinite(filtered)
            n = known.sum(axis=0)
            level = (np.where(known, filtered, 0.0) ** 2).sum(axis=0) / np.maximum(n, 1)
            unknown = n == 0
        self.mean_square = level
        high, low = level > self._highest, (level < self._lowest) & ~unknown
        if self.high.any or high.any():
            self.high.update(high, level < self._highest * INSIDE**2)
        if self.low.any or low.any():
            self.low.update(low, (level > self._lowest / INSIDE**2) | unknown)


def mean_square(data: FloatArray) -> FloatArray:
    """Return the mean over samples, (..., n_samples, n_channels) to (..., n_channels)."""
    mean: FloatArray = np.einsum("...ij,...ij->...j", data, data) / data.shape[-2]
    return mean
