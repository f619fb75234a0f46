"""What the checks that judge whole blocks have in common.

Blocks are counted from the last reset, so that a judgement does not depend on how the
samples arrived; it is known at the block's end and holds from the next sample on.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray

LINES = (50.0, 60.0)
# A Hann window over a quarter of a second spreads the mains over this much, in Hz.
LINE_WIDTH = 9.0
LOWEST_HF, HIGHEST_HF = 30.0, 120.0
# From here up there is next to nothing of the brain.
LOWEST_TONE = 50.0


def total_over_channels(data: FloatArray) -> FloatArray:
    """Return the sum of each row, whatever rows lie beside it.

    The channels are added one after the other: numpy's own order changes with the
    number of rows, and with it the last bit.

    Parameters
    ----------
    data : array, shape (n_samples, n_channels)
        Quick where each channel's samples lie side by side.
    """
    if len(data) == 1:
        return np.add.accumulate(data, axis=1)[:, -1]
    total: FloatArray = np.add.reduce(np.asfortranarray(data), axis=1)
    return total


def median(values: FloatArray) -> float:
    """Return the median of finite values, shape (n,), at least one; quicker than numpy's."""
    ordered = np.sort(values)
    return float((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2.0)


class Latch:
    """States, one a channel, that are entered at one limit and left at another.

    Parameters
    ----------
    n : int
        Number of channels.
    hold : int
        Calm blocks in a row after which a state is left.

    Attributes
    ----------
    on : array of bool, shape (n,)
        The states.
    any : bool
        Whether any of them is on.
    """

    def __init__(self, n: int, hold: int) -> None:
        self._hold = hold
        self._n = n
        self.reset()

    def reset(self) -> None:
        """Leave every state."""
        self.on = np.zeros(self._n, dtype=bool)
        self.any = False
        self._calm = np.zeros(self._n, dtype=np.int64)

    def update(self, enter: NDArray[np.bool_], calm: NDArray[np.bool_]) -> None:
        """Take one block: where a state begins, and where nothing speaks for it any more."""
        self._calm = np.where(calm & ~enter, self._calm + 1, 0)
        self.on = enter | (self.on & (self._calm < self._hold))
        self.any = bool(self.on.any())


class UsualLevel:
    """The level a quantity usually has: a running median that bursts hardly move.

    The logarithm goes up or down by a fixed small step with each block, whichever way
    the block lies (stochastic approximation of the median; Robbins & Monro 1951).

    Parameters
    ----------
    n : int
        Number of channels.
    step : float
        Relative step a block.

    Attributes
    ----------
    value : array, shape (n,)
        The level; NaN before the first block.
    blocks : int
        Blocks seen.
    """

    def __init__(self, n: int, step: float = 0.03) -> None:
        self._n, self._step = n, step
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self.value = np.full(self._n, np.nan)
        self.blocks = 0

    def update(self, newest: FloatArray) -> None:
        """Take one block's values, shape (n,), NaN where unknown."""
        self.blocks += 1
        newest = np.maximum(newest, 1e-12)
        factor = 1.0 + max(self._step, 1.0 / self.blocks)
        moved = self.value * np.where(newest > self.value, factor, 1.0 / factor)
        # Nothing moves to or from what is unknown.
        if not math.isfinite(np.add.reduce(newest) + np.add.reduce(moved)):
            moved = np.where(np.isnan(self.value), newest, moved)
            moved = np.where(np.isnan(newest), self.value, moved)
        self.value = moved


class BlockSpectrum:
    """Slow and fast parts of a block of raw samples, from one matrix product.

    A Hann-windowed Fourier transform at the frequencies of interest, whose rows are
    made blind to an offset and to a straight line: electrodes have offsets ten thousand
    times the size of EEG.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    n_samples : int
        Length of a block.
    """

    def __init__(self, sfreq: float, n_samples: int) -> None:
        window = np.hanning(n_samples + 2)[1:-1]
        frequencies = np.arange(LOWEST_HF, min(0.4 * sfreq, HIGHEST_HF) + 1e-9, sfreq / n_samples)
        mains = np.array([*LINES, *(2.0 * line for line in LINES)])
        away = np.abs(frequencies[:, None] - mains).min(axis=1) >= LINE_WIDTH
        rows = _fourier_rows(frequencies[away], sfreq, window)
        self.has_hf = len(rows) > 0
        n_tone = 2 * int(np.count_nonzero(frequencies[away] >= LOWEST_TONE))
        self._tone = len(rows) + 1 - n_tone
        # Of the scale of all rows, that of these alone.
        self._tone_scale = np.sqrt(len(rows) / n_tone) if n_tone else np.nan
        # Scaled so that the sum of squares over rows is a mean density in V²/Hz.
        scale = 2.0 / (sfreq * (window**2).sum() * max(len(rows) // 2, 1))
        self._rows = np.concatenate([(window / window.sum())[None], np.sqrt(scale) * rows])

    def __call__(self, raw: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return mean (V), high-frequency level and tone (V/√Hz) of one block or several.

        NaN for channels with a missing sample, and for a level no rate can show.

        Parameters
        ----------
        raw : array, shape (..., n_samples, n_channels)
            Volts.

        Returns
        -------
        mean, fast, tone : array, shape (..., n_channels)
            The tone is the level from 50 Hz up.
        """
        # NaN in one channel stays in that channel.
        with np.errstate(invalid="ignore"):
            projected = self._rows @ raw
        mean, fast = projected[..., 0, :], projected[..., 1:, :]
        if not self.has_hf:
            return mean, np.full(mean.shape, np.nan), np.full(mean.shape, np.nan)
        high = projected[..., self._tone :, :]
        tone = self._tone_scale * np.sqrt(np.einsum("...ij,...ij->...j", high, high))
        return mean, np.sqrt(np.einsum("...ij,...ij->...j", fast, fast)), tone


class LineMeter:
    """Amplitude of the mains, and how far it stands out, in stretches of about a second.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    n_samples : int
        Length of a stretch.

    Attributes
    ----------
    lines : tuple of float
        Line frequencies the rate can show, Hz.
    """

    def __init__(self, sfreq: float, n_samples: int) -> None:
        self.lines = tuple(line for line in LINES if line < 0.48 * sfreq)
        window = np.hanning(n_samples + 2)[1:-1]
        around = np.array([-5.0, -4.0, -3.0, 3.0, 4.0, 5.0])
        beside = np.add.outer(np.array(self.lines), around).ravel()
        # No neighbour lies past the Nyquist frequency.
        beside = np.minimum(beside, 0.98 * sfreq / 2)
        scale = 2.0 / window.sum()
        self._line_rows = scale * _fourier_rows(np.array(self.lines), sfreq, window)
        self._beside_rows = scale * _fourier_rows(beside, sfreq, window)

    def amplitudes(self, raw: FloatArray) -> FloatArray:
        """Return amplitudes in volts, shape (n_lines, n_channels), NaN where unknown."""
        return np.sqrt(self._powers(self._line_rows, raw))

    def outstanding(self, raw: FloatArray) -> FloatArray:
        """Return power over that of the neighbours, shape (n_lines, n_channels)."""
        power = self._powers(self._line_rows, raw)
        beside = self._powers(self._beside_rows, raw).reshape(len(self.lines), -1, raw.shape[1])
        with np.errstate(invalid="ignore", divide="ignore"):
            outstanding: FloatArray = power / beside.mean(axis=1)
        return outstanding

    @staticmethod
    def _powers(rows: FloatArray, raw: FloatArray) -> FloatArray:
        with np.errstate(invalid="ignore"):
            projected = rows @ raw
        squares = projected * projected
        summed: FloatArray = squares[0::2] + squares[1::2]
        return summed


def _fourier_rows(frequencies: FloatArray, sfreq: float, window: FloatArray) -> FloatArray:
    """Return cosine and sine rows in turn, blind to straight lines, (2 n_frequencies, n)."""
    steps = np.arange(len(window))
    phase = 2.0 * np.pi * frequencies[:, None] * steps / sfreq
    rows = np.stack([np.cos(phase), np.sin(phase)], axis=1).reshape(-1, len(window)) * window
    line = np.stack([np.ones(len(window)), steps - steps.mean()])
    line /= np.linalg.norm(line, axis=1, keepdims=True)
    blind: FloatArray = rows - (rows @ line.T) @ line
    return blind
