"""What electrodes and skin add: slow drift, sweat, and pops of a contact that gives way."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, sosfilt

from ..signal import FloatArray

# Drift of half-cell and skin potentials wanders within about a minute.
_DRIFT_TAU_S = 60.0
_SWEAT_HZ, _SWEAT_PATCHES, _SWEAT_REACH_M = 0.3, 6, 0.05
_POP_TAU_S, _POP_SPREAD = 0.7, 0.5
# After so many time constants nothing is left of a pop.
_FORGOTTEN = 14.0


class Drift:
    """A slow wandering of every electrode's potential: Ornstein-Uhlenbeck, tau 60 s.

    Parameters
    ----------
    microvolts : float
        Standard deviation.
    count : int
        Number of electrodes.
    sfreq : float
        Sampling rate in Hz.
    rng : numpy.random.Generator
        Source of randomness.
    """

    def __init__(
        self, microvolts: float, count: int, sfreq: float, rng: np.random.Generator
    ) -> None:
        self._rng = rng
        stay = float(np.exp(-1.0 / (_DRIFT_TAU_S * sfreq)))
        sigma = 1e-6 * microvolts
        self._sos = np.array([[sigma * np.sqrt(1 - stay**2), 0.0, 0.0, 1.0, -stay, 0.0]])
        self._state = np.zeros((1, count, 2))
        # As if it had gone on forever.
        self._state[0, :, 0] = stay * sigma * rng.standard_normal(count)

    def block(self, n: int) -> FloatArray:
        """Return the next `n` samples in volts, shape (count, n)."""
        white = self._rng.standard_normal((self._state.shape[1], n))
        out: FloatArray
        out, self._state = sosfilt(self._sos, white, axis=-1, zi=self._state)
        return out


class Sweat:
    """Slow waves below 0.3 Hz, alike in neighbouring electrodes.

    Parameters
    ----------
    microvolts : float
        Typical standard deviation in the middle of a patch of wet skin.
    positions : array, shape (n_channels, 3)
        Electrodes, metres, head frame.
    sfreq : float
        Sampling rate in Hz.
    rng : numpy.random.Generator
        Source of randomness; draws where the patches are, too.
    """

    def __init__(
        self, microvolts: float, positions: FloatArray, sfreq: float, rng: np.random.Generator
    ) -> None:
        self._rng = rng
        middles = positions[rng.integers(len(positions), size=_SWEAT_PATCHES)]
        distance = np.linalg.norm(positions[:, None] - middles[None], axis=2)
        self._weights = 1e-6 * microvolts * np.exp(-0.5 * (distance / _SWEAT_REACH_M) ** 2)
        self._sos = butter(2, _SWEAT_HZ, fs=sfreq, output="sos")
        # A Butterworth low-pass of order 2 lets through π/(2√2) of its corner.
        share = _SWEAT_HZ * np.pi / (2 * np.sqrt(2.0)) / (sfreq / 2)
        self._sos[0, :3] /= np.sqrt(share)
        self._state = np.zeros((1, _SWEAT_PATCHES, 2))
        self.block(round(3.0 / _SWEAT_HZ * sfreq))

    def block(self, n: int) -> FloatArray:
        """Return the next `n` samples in volts, shape (n_channels, n)."""
        white = self._rng.standard_normal((_SWEAT_PATCHES, n))
        waves, self._state = sosfilt(self._sos, white, axis=-1, zi=self._state)
        out: FloatArray = self._weights @ waves
        return out


class Pops:
    """Sudden steps of one electrode that decay within a second or two.

    Parameters
    ----------
    per_min : float
        How often, anywhere on the headset.
    microvolts : float
        Typical height.
    count : int
        Number of electrodes.
    rng : numpy.random.Generator
        Source of randomness.
    """

    def __init__(
        self, per_min: float, microvolts: float, count: int, rng: np.random.Generator
    ) -> None:
        self._rng = rng
        self._per_s = per_min / 60.0
        self._height = 1e-6 * microvolts
        self._count = count
        self._open: list[tuple[int, float, float]] = []
        self._next = self._wait()

    def add(self, out: FloatArray, times: FloatArray) -> None:
        """Add the pops at consecutive `times` to `out` (count, n), volts."""
        while self._next <= times[-1]:
            sign = 1.0 if self._rng.random() < 0.5 else -1.0
            height = sign * self._height * float(self._rng.lognormal(0.0, _POP_SPREAD))
            self._open.append((int(self._rng.integers(self._count)), self._next, height))
            self._next += self._wait()
        for channel, start, height in self._open:
            since = times - start
            decay = np.exp(-np.maximum(since, 0.0) / _POP_TAU_S)
            out[channel] += np.where(since >= 0, height * decay, 0.0)
        last = times[-1] - _FORGOTTEN * _POP_TAU_S
        self._open = [pop for pop in self._open if pop[1] > last]

    def _wait(self) -> float:
        return float(self._rng.exponential(1.0 / self._per_s)) if self._per_s > 0 else np.inf
