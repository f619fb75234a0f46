"""Eyes: blinks and saccades, and the *eyes* code in which their rates follow emotions."""

from __future__ import annotations

import numpy as np

from ..signal import FloatArray
from .codes import EMOTIONS
from .head import standard_head
from .montages import STANDARD, positions_of

# Just before the eyeballs, MNI millimetres, and how fast a blink fades over the scalp.
_EYES_MNI_MM = ((-32.0, 82.0, -38.0), (32.0, 82.0, -38.0))
_BLINK_REACH_M = 0.045
_BLINK_LENGTH_S = 0.35
# Centres of the eyeballs, whose front is positive against their back.
_EYEBALLS_MNI_MM = ((-32.0, 62.0, -38.0), (32.0, 62.0, -38.0))
_GLANCE_DEG = 10.0
# Spread of the gaze about straight ahead, sideways and upwards.
_GAZE_DEG = (8.0, 5.0)
_SACCADES_SIDEWAYS = 0.7
# Duration of a saccade grows with its size: the main sequence (Baloh et al. 1975).
_SACCADE_S, _SACCADE_S_PER_DEG = 0.021, 0.0022
_REFRACTORY_S = 0.15
# The spike of the eye muscles at its start (Yuval-Greenberg et al. 2008), against the
# potential of a glance of 10°.
_SPIKE_SHARE, _SPIKE_S = 0.25, 0.005

# Under the code "eyes": natural logarithm of the factor on each rate at full emotion.
_DRIVEN = {
    "anticipation": (-0.7, 0.6, 0.0),
    "joy": (0.9, 0.0, 0.3),
    "trust": (-0.3, -0.5, -0.3),
    "fear": (0.0, 1.0, 0.5),
    "surprise": (-0.5, 0.0, 1.0),
    "sadness": (0.5, -0.8, 0.4),
    "disgust": (0.7, 0.3, -0.6),
    "anger": (-0.6, 0.7, -0.4),
}
EYE_DRIVE: FloatArray = np.array([_DRIVEN[emotion] for emotion in EMOTIONS]).T
"""Of the rates of blinks, sideways and upward saccades: shape (3, 8)."""


class Moments:
    """A Poisson process whose rate may follow emotions, asked block after block.

    Where it follows them, moments come at the highest rate there can be and are kept
    with the probability that the emotions of the moment ask for (thinning).

    Parameters
    ----------
    per_min : float
        Rate, at rest where it follows emotions.
    rng : numpy.random.Generator
        Source of randomness, shared with whoever draws what a moment is like.
    drive : array, shape (8,), optional
        Logarithm of the factor on the rate at full emotion.
    pause_s : float
        Nothing comes for so long after a moment.
    """

    def __init__(
        self,
        per_min: float,
        rng: np.random.Generator,
        drive: FloatArray | None = None,
        pause_s: float = 0.0,
    ) -> None:
        self._rng = rng
        self._drive = drive
        self._ceiling = 0.0 if drive is None else float(drive.clip(min=0.0).sum())
        self._per_s = per_min / 60.0 * float(np.exp(self._ceiling))
        self._pause_s = pause_s
        self._next = self._wait()

    def take(self, times: FloatArray, truth: FloatArray | None) -> float | None:
        """Return the next moment up to the last of `times` (s); None when there is none.

        The caller draws what the moment is like, then calls `after`.
        """
        while self._next <= times[-1]:
            moment = self._next
            if self._kept(moment, times, truth):
                return moment
            self._next += self._wait()
        return None

    def after(self) -> None:
        """Draw when the moment after the one just taken comes."""
        self._next += self._pause_s + self._wait()

    def _wait(self) -> float:
        return float(self._rng.exponential(1.0 / self._per_s)) if self._per_s > 0 else np.inf

    def _kept(self, moment: float, times: FloatArray, truth: FloatArray | None) -> bool:
        if self._drive is None or truth is None:
            return True
        row = min(int(np.searchsorted(times, moment)), len(times) - 1)
        share = float(np.exp(self._drive @ truth[row] - self._ceiling))
        return bool(self._rng.random() < share)


class Blinks:
    """Blinks, raised-cosine pulses of 0.35 s, or about that.

    Parameters
    ----------
    per_min, microvolts : float
        How often, and the typical peak at the electrode nearest the eyes.
    rng : numpy.random.Generator
        Source of randomness.
    follow : bool
        Whether the rate follows emotions.
    spread : float
        By how much more heights and lengths vary: standard deviation of logarithms.
    variety : numpy.random.Generator, optional
        Source of that; needed where there is any.
    """

    def __init__(
        self,
        per_min: float,
        microvolts: float,
        rng: np.random.Generator,
        follow: bool = False,
        spread: float = 0.0,
        variety: np.random.Generator | None = None,
    ) -> None:
        self._rng = rng
        self._microvolts = microvolts
        self._spread = spread
        self._variety = variety or np.random.default_rng(0)
        self._moments = Moments(per_min, rng, EYE_DRIVE[0] if follow else None, _BLINK_LENGTH_S)
        self._open: list[tuple[float, float, float]] = []

    def wave(self, times: FloatArray, truth: FloatArray | None = None) -> FloatArray:
        """Return the time course in volts at consecutive `times`."""
        while (start := self._moments.take(times, truth)) is not None:
            height = self._microvolts * 1e-6 * self._rng.lognormal(0.0, 0.2)
            self._moments.after()
            higher, longer = np.exp(self._spread * self._variety.standard_normal(2))
            self._open.append((start, height * higher, _BLINK_LENGTH_S * longer))
        wave = np.zeros(len(times))
        for start, height, length in self._open:
            phase = np.clip((times - start) / length, 0.0, 1.0)
            wave += 0.5 * height * (1 - np.cos(2 * np.pi * phase))
        self._open = [b for b in self._open if b[0] + b[2] > times[-1]]
        return wave


class Saccades:
    """Where the eyes look: jumps sideways and up or down, and the spikes that start them.

    Parameters
    ----------
    per_min : float
        How often.
    seed : numpy.random.SeedSequence
        Source of randomness.
    follow : bool
        Whether the rates follow emotions.
    """

    def __init__(self, per_min: float, seed: np.random.SeedSequence, follow: bool = False) -> None:
        shares = (_SACCADES_SIDEWAYS, 1 - _SACCADES_SIDEWAYS)
        self._axes = [
            _Axis(per_min * share, spread, rng, drive if follow else None)
            for share, spread, rng, drive in zip(
                shares,
                _GAZE_DEG,
                map(np.random.default_rng, seed.spawn(2)),
                EYE_DRIVE[1:],
                strict=True,
            )
        ]

    def waves(self, times: FloatArray, truth: FloatArray | None = None) -> FloatArray:
        """Return gaze sideways and upwards, and the spikes, in glances of 10°, (3, n)."""
        gazes, spikes = zip(*(axis.waves(times, truth) for axis in self._axes), strict=True)
        return np.array([*gazes, sum(spikes)])


class _Axis:
    """The gaze along one axis."""

    def __init__(
        self,
        per_min: float,
        spread_deg: float,
        rng: np.random.Generator,
        drive: FloatArray | None,
    ) -> None:
        self._rng = rng
        self._spread = spread_deg
        self._moments = Moments(per_min, rng, drive, _REFRACTORY_S)
        self._settled = self._gaze = 0.0
        self._open: list[tuple[float, float]] = []

    def waves(self, times: FloatArray, truth: FloatArray | None) -> tuple[FloatArray, FloatArray]:
        while (start := self._moments.take(times, truth)) is not None:
            goal = self._spread * float(self._rng.standard_normal())
            self._open.append((start, goal - self._gaze))
            self._gaze = goal
            self._moments.after()
        gaze, spikes = np.full(len(times), self._settled), np.zeros(len(times))
        still = []
        for start, jump in self._open:
            length = _SACCADE_S + _SACCADE_S_PER_DEG * abs(jump)
            phase = np.clip((times - start) / length, 0.0, 1.0)
            gaze += 0.5 * jump * (1 - np.cos(np.pi * phase))
            size = _SPIKE_SHARE * np.sqrt(abs(jump) / _GLANCE_DEG)
            spikes += size * np.exp(-0.5 * ((times - start) / _SPIKE_S) ** 2)
            if start + length + 6 * _SPIKE_S > times[-1]:
                still.append((start, jump))
            else:
                self._settled += jump
        self._open = still
        return gaze / _GLANCE_DEG, spikes


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


def gaze_topography(positions: FloatArray) -> FloatArray:
    """Return how electrodes see the gaze: rightwards, upwards, spikes, (n_channels, 3).

    Each eye is a current dipole that turns with the gaze (Plöchl et al. 2012); its field
    is that of a homogeneous medium, 1 at F8 for a glance to the right.
    """
    f8 = positions_of(STANDARD, ("F8",))
    fields = _dipoles(np.concatenate([f8, positions]))
    scale = fields[0, 0]
    spikes = -blink_topography(positions)
    return np.column_stack([fields[1:] / scale, spikes])


def _dipoles(positions: FloatArray) -> FloatArray:
    """Return the field of both eyes for a unit turn rightwards and upwards, (n, 2)."""
    eyes = standard_head().from_mni(np.array(_EYEBALLS_MNI_MM) / 1000.0)
    offset = positions[:, None, :] - eyes[None, :, :]
    cubed = np.linalg.norm(offset, axis=2, keepdims=True) ** 3
    field: FloatArray = (offset / cubed).sum(axis=1)[:, [0, 2]]
    return field
