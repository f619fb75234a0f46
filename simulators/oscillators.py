"""What sources do when left alone: rhythms of narrow band, and a 1/f background.

Every generator yields blocks, carries its filter state from one to the next, and is
already stationary when its first block is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.signal import butter, sosfilt, sosfreqz

from ..signal import FloatArray

SETTLE_S = 3.0
_LOWEST_HZ, _HIGHEST_HZ = 0.5, 45.0
_POLES_PER_SECTION = 2


class Rhythms:
    """Independent narrow-band rhythms with a phase quadrature, of unit power each.

    A rhythm is a carrier times a complex Gaussian envelope, low-passed at half its
    bandwidth (Butterworth, order 2): Re z is the rhythm and Im z the same rhythm a
    quarter of a cycle later, exactly, at any sampling rate.

    Parameters
    ----------
    centers : sequence of float
        Carrier frequencies in Hz, one a rhythm.
    half_widths : sequence of float
        Corner of each envelope's low-pass in Hz.
    sfreq : float
        Sampling rate in Hz.
    rng : numpy.random.Generator
        Source of randomness, owned from now on.
    """

    def __init__(
        self,
        centers: Sequence[float],
        half_widths: Sequence[float],
        sfreq: float,
        rng: np.random.Generator,
    ) -> None:
        carriers, self._carrier = np.unique(np.asarray(centers), return_inverse=True)
        self._cycles = carriers[:, None] / sfreq
        self._rng = rng
        self._sample = 0
        self._groups: list[tuple[FloatArray, FloatArray, FloatArray]] = []
        widths = np.asarray(half_widths, dtype=np.float64)
        for width in np.unique(widths):
            rows = np.repeat(widths == width, 2)
            sos = butter(2, width, fs=sfreq, output="sos")
            sos[0, :3] /= np.sqrt(_noise_gain(sos, sfreq))
            self._groups.append((rows, sos, np.zeros((len(sos), int(rows.sum()), 2))))
        self._envelopes(round(SETTLE_S * sfreq))

    def _envelopes(self, n: int) -> FloatArray:
        """Draw 2 k envelopes of unit variance, real and imaginary parts in turn."""
        out = self._rng.standard_normal((2 * len(self._carrier), n))
        for index, (rows, sos, state) in enumerate(self._groups):
            out[rows], state = sosfilt(sos, out[rows], axis=-1, zi=state)
            self._groups[index] = (rows, sos, state)
        return out

    def block(self, n: int) -> tuple[FloatArray, FloatArray]:
        """Return the next `n` samples (k, n): the rhythms, and a quarter cycle later."""
        envelopes = self._envelopes(n)
        angle = 2 * np.pi * ((self._cycles * np.arange(self._sample, self._sample + n)) % 1.0)
        self._sample += n
        cosine, sine = np.cos(angle)[self._carrier], np.sin(angle)[self._carrier]
        real, imaginary = envelopes[0::2], envelopes[1::2]
        now = real * cosine - imaginary * sine
        later = real * sine + imaginary * cosine
        return now, later


class Background:
    """Independent noises whose power falls as 1/f^exponent, unit power in 0.5..45 Hz.

    White noise through pole-zero pairs spaced evenly in log frequency (Keshner, Proc.
    IEEE 70, 1982), which keeps within about 1 dB of the power law from 0.5 Hz up.

    Parameters
    ----------
    count : int
        Number of noises.
    exponent : float
        Power falls as f to the minus `exponent`, 0..2.
    sfreq : float
        Sampling rate in Hz.
    rng : numpy.random.Generator
        Source of randomness, owned from now on.
    """

    def __init__(
        self, count: int, exponent: float, sfreq: float, rng: np.random.Generator
    ) -> None:
        self._rng = rng
        self._sos = power_law_filter(exponent, sfreq)
        self._state = np.zeros((len(self._sos), count, 2))
        self._count = count
        self.block(round(SETTLE_S * sfreq))

    def block(self, n: int) -> FloatArray:
        """Return the next `n` samples of every noise, shape (count, n)."""
        white = self._rng.standard_normal((self._count, n))
        out: FloatArray
        out, self._state = sosfilt(self._sos, white, axis=-1, zi=self._state)
        return out


def power_law_filter(exponent: float, sfreq: float) -> FloatArray:
    """Design second-order sections that turn white noise into 1/f^exponent noise.

    Returns
    -------
    array, shape (n_sections, 6)
        Scaled so that unit white noise leaves with unit power in 0.5..45 Hz.
    """
    highest = 0.45 * sfreq
    count = 2 * _POLES_PER_SECTION
    poles_hz = _LOWEST_HZ * (highest / _LOWEST_HZ) ** (np.arange(count) / count)
    ratio = float(poles_hz[1] / poles_hz[0])
    poles = np.exp(-2 * np.pi * poles_hz / sfreq)
    zeros = np.exp(-2 * np.pi * poles_hz * ratio ** (exponent / 2) / sfreq)
    sections = [
        np.concatenate([np.poly(zeros[k : k + 2]), np.poly(poles[k : k + 2])])
        for k in range(0, count, 2)
    ]
    sos = np.array(sections)
    sos[0, :3] /= np.sqrt(_noise_gain(sos, sfreq, (_LOWEST_HZ, _HIGHEST_HZ)))
    return sos


def _noise_gain(sos: FloatArray, sfreq: float, band: tuple[float, float] = (0.0, np.inf)) -> float:
    """Power of filtered unit white noise within `band` Hz."""
    frequencies, response = sosfreqz(sos, worN=2**15, fs=sfreq)
    inside = (frequencies >= band[0]) & (frequencies <= band[1])
    return float((np.abs(response[inside]) ** 2).sum() / len(frequencies))
