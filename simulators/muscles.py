"""Muscles of face, jaw and neck, and the *muscle* code in which their tension follows emotions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfilt

from ..signal import FloatArray
from .codes import EMOTIONS
from .montages import STANDARD, positions_of

# Electromyogram over the scalp is broad, from about 20 Hz up (Goncharova et al. 2003).
_LOW_HZ, _HIGH_HZ = 20.0, 120.0
_REACH_M = 0.03
_SETTLE_S = 1.0
_BURST_S, _BURST_SPREAD, _EDGE_S = 0.8, 0.5, 0.1
# Natural logarithm of the factor on a muscle's tone at the full emotion.
MUSCLE_GAIN = 1.2


@dataclass(frozen=True)
class Muscle:
    """A muscle: the electrode site above it, and the emotions that tense it."""

    name: str
    site: str
    emotions: tuple[str, ...]


def _both(name: str, left: str, right: str, *emotions: str) -> tuple[Muscle, Muscle]:
    return Muscle(f"left {name}", left, emotions), Muscle(f"right {name}", right, emotions)


MUSCLES: tuple[Muscle, ...] = (
    *_both("frontalis", "AF7", "AF8", "surprise", "fear"),
    Muscle("corrugator", "Fpz", ("anger", "sadness")),
    *_both("zygomaticus", "F9", "F10", "joy", "trust"),
    *_both("temporalis", "FT7", "FT8", "anticipation", "anger"),
    *_both("masseter", "T9", "T10", "disgust", "anticipation"),
    *_both("neck", "O9", "O10", "fear", "sadness"),
)
"""Eleven muscles under and around an electrode cap."""


class Muscles:
    """Noise of muscles: a steady tone, and bursts.

    Parameters
    ----------
    tone_uv, burst_uv : float
        Typical root mean square at an electrode right above a muscle, in 20..120 Hz,
        of its tone and of a burst.
    bursts_per_min : float
        Of all muscles together.
    sfreq : float
        Sampling rate in Hz; what lies above half of it is not seen.
    seed : numpy.random.SeedSequence
        Source of randomness.
    follow : bool
        Whether the tone follows emotions.
    """

    def __init__(
        self,
        tone_uv: float,
        burst_uv: float,
        bursts_per_min: float,
        sfreq: float,
        seed: np.random.SeedSequence,
        follow: bool = False,
    ) -> None:
        self._noise, self._rng = map(np.random.default_rng, seed.spawn(2))
        self._burst = 1e-6 * burst_uv
        self._per_s = bursts_per_min / 60.0
        self._open: list[tuple[int, float, float, float]] = []
        self._next = self._wait()
        count = len(MUSCLES)
        self._tone = 1e-6 * tone_uv * self._rng.lognormal(0.0, 0.5, (count, 1))
        self._drive = muscle_drive() if follow else None
        high = min(_HIGH_HZ, 0.45 * sfreq)
        # Order 1: the flanks of real electromyogram reach well into alpha.
        self._sos = butter(1, (_LOW_HZ, high), "bandpass", fs=sfreq, output="sos")
        self._state = np.zeros((len(self._sos), count, 2))
        # White noise whose density is that of unit power between 20 and 120 Hz.
        self._sigma = float(np.sqrt(sfreq / 2 / (_HIGH_HZ - _LOW_HZ)))
        self._filtered(round(_SETTLE_S * sfreq))

    def waves(self, times: FloatArray, truth: FloatArray | None = None) -> FloatArray:
        """Return what each muscle gives off at consecutive `times`, volts, (11, n)."""
        level = np.broadcast_to(self._tone, (len(MUSCLES), len(times))).copy()
        if self._drive is not None and truth is not None:
            level *= np.exp(MUSCLE_GAIN * (self._drive @ truth.T))
        for muscle, start, length, height in self._bursts(times):
            inside = np.minimum(times - start, start + length - times)
            level[muscle] += height * np.clip(inside / _EDGE_S, 0.0, 1.0)
        return level * self._filtered(len(times))

    def _filtered(self, n: int) -> FloatArray:
        white = self._sigma * self._noise.standard_normal((len(MUSCLES), n))
        out: FloatArray
        out, self._state = sosfilt(self._sos, white, axis=-1, zi=self._state)
        return out

    def _wait(self) -> float:
        return float(self._rng.exponential(1.0 / self._per_s)) if self._per_s > 0 else np.inf

    def _bursts(self, times: FloatArray) -> list[tuple[int, float, float, float]]:
        """Return muscle, start, length and height of bursts that touch `times`."""
        while self._next <= times[-1]:
            muscle = int(self._rng.integers(len(MUSCLES)))
            length = _BURST_S * float(self._rng.lognormal(0.0, _BURST_SPREAD))
            height = self._burst * float(self._rng.lognormal(0.0, 0.5))
            self._open.append((muscle, self._next, length, height))
            self._next += self._wait()
        now = self._open
        self._open = [burst for burst in now if burst[1] + burst[2] > times[-1]]
        return now


def muscle_drive() -> FloatArray:
    """Return 1 where an emotion tenses a muscle, shape (11, 8)."""
    return np.array([[float(e in muscle.emotions) for e in EMOTIONS] for muscle in MUSCLES])


def muscle_topography(positions: FloatArray) -> FloatArray:
    """Return how electrodes see the muscles, (n_channels, 11): Gaussians of 30 mm."""
    sites = positions_of(STANDARD, tuple(muscle.site for muscle in MUSCLES))
    distance = np.linalg.norm(positions[:, None, :] - sites[None, :, :], axis=2)
    weights: FloatArray = np.exp(-0.5 * (distance / _REACH_M) ** 2)
    return weights
