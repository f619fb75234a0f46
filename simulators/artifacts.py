"""What every recording also holds: blinks, line noise and the amplifier's own noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..signal import FloatArray
from .head import standard_head

# Just before the eyeballs, MNI millimetres, and how fast a blink fades over the scalp.
_EYES_MNI_MM = ((-32.0, 82.0, -38.0), (32.0, 82.0, -38.0))
_BLINK_REACH_M = 0.045
_BLINK_LENGTH_S = 0.35


@dataclass(frozen=True)
class Artifacts:
    """How much of each artifact there is; zero switches one off.

    Attributes
    ----------
    blinks_per_min : float
        Rate of a Poisson process.
    blink_uv : float
        Typical peak at the electrode nearest the eyes, µV.
    line_hz : float
        Mains frequency.
    line_uv : float
        Typical amplitude of the mains at an electrode, µV.
    sensor_nv_per_sqrt_hz : float
        White noise of electrode and amplifier, nV/√Hz.
    """

    blinks_per_min: float = 6.0
    blink_uv: float = 60.0
    line_hz: float = 50.0
    line_uv: float = 0.5
    sensor_nv_per_sqrt_hz: float = 50.0

    @classmethod
    def none(cls) -> Artifacts:
        """Return no artifacts at all, noiseless amplifiers included."""
        return cls(0.0, 0.0, 50.0, 0.0, 0.0)


class ArtifactGenerator:
    """Draws artifacts block after block.

    Parameters
    ----------
    artifacts : Artifacts
        How much of each.
    positions : array, shape (n_channels, 3)
        Electrodes, metres, head frame.
    sfreq : float
        Sampling rate in Hz.
    seed : numpy.random.SeedSequence
        Source of randomness; each artifact gets a child of its own.
    """

    def __init__(
        self,
        artifacts: Artifacts,
        positions: FloatArray,
        sfreq: float,
        seed: np.random.SeedSequence,
    ) -> None:
        self._what = artifacts
        self._sfreq = sfreq
        blink, line, noise = (np.random.default_rng(child) for child in seed.spawn(3))
        self._blink_rng, self._noise_rng = blink, noise
        self._topography = blink_topography(positions)[:, None]
        self._open: list[tuple[float, float]] = []
        self._next_blink = self._wait()
        n = len(positions)
        self._line = artifacts.line_uv * 1e-6 * line.lognormal(0.0, 0.5, (n, 1))
        self._line_phase = 0.5 * line.standard_normal((n, 1))
        self._sample = 0

    def block(self, n: int) -> FloatArray:
        """Return the next `n` samples in volts, shape (n_channels, n)."""
        samples = np.arange(self._sample, self._sample + n)
        times = samples / self._sfreq
        out = self._noise(n) + self._topography * self._blinks(times)
        if self._what.line_uv > 0 and self._what.line_hz < self._sfreq / 2:
            cycles = (samples * (self._what.line_hz / self._sfreq)) % 1.0
            out += self._line * np.sin(2 * np.pi * cycles + self._line_phase)
        self._sample += n
        return out

    def _noise(self, n: int) -> FloatArray:
        density = self._what.sensor_nv_per_sqrt_hz * 1e-9
        sigma = float(density * np.sqrt(self._sfreq / 2))
        return sigma * self._noise_rng.standard_normal((len(self._topography), n))

    def _wait(self) -> float:
        rate = self._what.blinks_per_min / 60.0
        return float(self._blink_rng.exponential(1.0 / rate)) if rate > 0 else np.inf

    def _blinks(self, times: FloatArray) -> FloatArray:
        """Return the blinks' time course in volts, raised-cosine pulses."""
        while self._next_blink <= times[-1]:
            height = self._what.blink_uv * 1e-6 * self._blink_rng.lognormal(0.0, 0.2)
            self._open.append((self._next_blink, height))
            self._next_blink += _BLINK_LENGTH_S + self._wait()
        wave = np.zeros(len(times))
        for start, height in self._open:
            phase = np.clip((times - start) / _BLINK_LENGTH_S, 0.0, 1.0)
            wave += 0.5 * height * (1 - np.cos(2 * np.pi * phase))
        self._open = [b for b in self._open if b[0] + _BLINK_LENGTH_S > times[-1]]
        return wave


def blink_topography(positions: FloatArray) -> FloatArray:
    """Return how strongly each electrode sees a blink, shape (n_channels,), 1 at the eye.

    The eyes lie outside the brain's shell, so the sphere model does not hold for them;
    a Gaussian of the distance to the nearer eye stands in, which puts Fp1 and Fp2 about
    halfway up and the back of the head at nothing.
    """
    eyes = standard_head().from_mni(np.array(_EYES_MNI_MM) / 1000.0)
    distance = np.linalg.norm(positions[:, None, :] - eyes[None, :, :], axis=2).min(axis=1)
    weights: FloatArray = np.exp(-0.5 * (distance / _BLINK_REACH_M) ** 2)
    return weights
