"""What every recording also holds: eyes, muscles, mains, electrodes and the amplifier's noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import SetupError
from ..signal import FloatArray
from .amounts import amount, check_amounts, with_amounts
from .codes import Code
from .electrodes import Drift, Pops, Sweat
from .eyes import Blinks, Saccades, blink_topography, gaze_topography
from .muscles import Muscles, muscle_topography


@dataclass(frozen=True)
class Artifacts:
    """How much of each artifact there is; zero switches one off.

    By default there are mild blinks, mains and amplifier noise, and nothing else.

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
    blink_spread : float
        By how much more than a fifth heights of blinks vary, and their lengths:
        standard deviation of logarithms.
    saccades_per_min : float
        Jumps of the eyes, sideways or up and down.
    saccade_uv : float
        What a glance of 10° to the right gives at F8, µV.
    muscle_uv : float
        Typical root mean square of the tone right above a muscle, 20..120 Hz, µV.
    bursts_per_min : float
        Muscle bursts, anywhere on the head.
    burst_uv : float
        Typical root mean square of a burst right above the muscle, µV.
    pops_per_min : float
        Electrodes that give way, anywhere on the headset.
    pop_uv : float
        Typical step of a pop, µV.
    drift_uv : float
        Standard deviation of each electrode's slow wandering, µV.
    sweat_uv : float
        Typical size of the slow waves of wet skin, µV.
    dead : float
        Electrodes that deliver nothing but zeros, a whole number.

    Raises
    ------
    SetupError
        When an amount is negative or no number.
    """

    blinks_per_min: float = amount(6.0, "blinks", "a minute")
    blink_uv: float = amount(60.0, "blink-size", "µV")
    line_hz: float = amount(50.0, "line-frequency", "Hz")
    line_uv: float = amount(0.5, "line", "µV")
    sensor_nv_per_sqrt_hz: float = amount(50.0, "noise", "nV/√Hz")
    blink_spread: float = amount(0.0, "blink-spread", "log units", most=2.0)
    saccades_per_min: float = amount(0.0, "saccades", "a minute")
    saccade_uv: float = amount(30.0, "saccade-size", "µV")
    muscle_uv: float = amount(0.0, "muscle", "µV")
    bursts_per_min: float = amount(0.0, "bursts", "a minute")
    burst_uv: float = amount(25.0, "burst-size", "µV")
    pops_per_min: float = amount(0.0, "pops", "a minute")
    pop_uv: float = amount(100.0, "pop-size", "µV")
    drift_uv: float = amount(0.0, "drift", "µV")
    sweat_uv: float = amount(0.0, "sweat", "µV")
    dead: float = amount(0.0, "dead", "channels")

    def __post_init__(self) -> None:
        """Refuse amounts that cannot be."""
        check_amounts(self, "the artifact")
        if self.dead != int(self.dead):
            raise SetupError(f"the artifact 'dead' is {self.dead}, expected a whole number")

    @classmethod
    def none(cls) -> Artifacts:
        """Return no artifacts at all, noiseless amplifiers included."""
        return cls(0.0, 0.0, 50.0, 0.0, 0.0)

    @classmethod
    def realistic(cls) -> Artifacts:
        """Return a mixture of everything but dead channels, as strong as recordings show it."""
        return cls(
            blinks_per_min=10.0,
            blink_uv=260.0,
            blink_spread=0.35,
            line_uv=2.0,
            saccades_per_min=30.0,
            saccade_uv=20.0,
            muscle_uv=2.0,
            bursts_per_min=4.0,
            pops_per_min=0.5,
            drift_uv=20.0,
            sweat_uv=8.0,
        )

    @classmethod
    def of_code(cls, code: Code) -> Artifacts:
        """Return what a brain has by default: under confound codes, something to drive."""
        if code == "muscle":
            return cls(muscle_uv=2.0)
        if code == "eyes":
            return cls(blinks_per_min=12.0, saccades_per_min=30.0)
        return cls()

    @classmethod
    def read(cls, text: str, base: Artifacts | None = None) -> Artifacts:
        """Return artifacts described in words: ``none``, ``realistic`` and amounts.

        Parameters
        ----------
        text : str
            ``KEY=NUMBER`` separated by commas, after ``none`` or ``realistic`` to begin
            with other than `base`.
        base : Artifacts, optional
            What holds for what is not named; the default by default.

        Raises
        ------
        SetupError
            When it is not understood.
        """
        first, _, rest = text.partition(",")
        starts = {"none": cls.none, "realistic": cls.realistic}
        if first.strip() in starts:
            return with_amounts(starts[first.strip()](), rest, "the artifact")
        return with_amounts(base or cls(), text, "the artifact")


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
    code : str
        Under ``muscle`` and ``eyes`` these follow the emotions.

    Attributes
    ----------
    dead : array of int
        The electrodes that deliver nothing.

    Raises
    ------
    SetupError
        When a code has nothing to drive, or more electrodes are dead than there are.
    """

    def __init__(
        self,
        artifacts: Artifacts,
        positions: FloatArray,
        sfreq: float,
        seed: np.random.SeedSequence,
        code: Code = "none",
    ) -> None:
        _check_code(artifacts, code)
        self._what = what = artifacts
        self._sfreq = sfreq
        n = len(positions)
        blink, line, noise = (np.random.default_rng(child) for child in seed.spawn(3))
        self._noise_rng = noise
        self._topography = blink_topography(positions)[:, None]
        self._line = what.line_uv * 1e-6 * line.lognormal(0.0, 0.5, (n, 1))
        self._line_phase = 0.5 * line.standard_normal((n, 1))
        self._sample = 0
        gaze, muscle, *others, variety = seed.spawn(7)
        self._blinks = Blinks(
            *(what.blinks_per_min, what.blink_uv, blink, code == "eyes", what.blink_spread),
            np.random.default_rng(variety),
        )
        drift, sweat, pops, dead = (np.random.default_rng(child) for child in others)
        self._gaze = self._gaze_shape = self._muscles = self._muscle_shape = None
        if what.saccades_per_min > 0:
            self._gaze = Saccades(what.saccades_per_min, gaze, code == "eyes")
            self._gaze_shape = what.saccade_uv * 1e-6 * gaze_topography(positions)
        if what.muscle_uv > 0 or what.bursts_per_min > 0:
            self._muscles = Muscles(
                what.muscle_uv, what.burst_uv, what.bursts_per_min, sfreq, muscle, code == "muscle"
            )
            self._muscle_shape = muscle_topography(positions)
        self._drift = Drift(what.drift_uv, n, sfreq, drift) if what.drift_uv > 0 else None
        self._sweat = Sweat(what.sweat_uv, positions, sfreq, sweat) if what.sweat_uv > 0 else None
        self._pops = Pops(what.pops_per_min, what.pop_uv, n, pops) if what.pops_per_min else None
        self.dead = _choose_dead(int(what.dead), n, dead)

    def block(self, n: int, truth: FloatArray | None = None) -> FloatArray:
        """Return the next `n` samples in volts, shape (n_channels, n).

        Parameters
        ----------
        n : int
            At least one.
        truth : array, shape (n, 8), optional
            The emotions at each sample, for codes that follow them.
        """
        samples = np.arange(self._sample, self._sample + n)
        times = samples / self._sfreq
        out = self._noise(n) + self._topography * self._blinks.wave(times, truth)
        if self._what.line_uv > 0 and self._what.line_hz < self._sfreq / 2:
            cycles = (samples * (self._what.line_hz / self._sfreq)) % 1.0
            out += self._line * np.sin(2 * np.pi * cycles + self._line_phase)
        if self._gaze is not None and self._gaze_shape is not None:
            out += self._gaze_shape @ self._gaze.waves(times, truth)
        if self._muscles is not None and self._muscle_shape is not None:
            out += self._muscle_shape @ self._muscles.waves(times, truth)
        if self._drift is not None:
            out += self._drift.block(n)
        if self._sweat is not None:
            out += self._sweat.block(n)
        if self._pops is not None:
            self._pops.add(out, times)
        self._sample += n
        return out

    def _noise(self, n: int) -> FloatArray:
        density = self._what.sensor_nv_per_sqrt_hz * 1e-9
        sigma = float(density * np.sqrt(self._sfreq / 2))
        return sigma * self._noise_rng.standard_normal((len(self._topography), n))


def _check_code(artifacts: Artifacts, code: Code) -> None:
    if code == "muscle" and not artifacts.muscle_uv > 0:
        raise SetupError(
            "the code 'muscle' shows in muscle tone alone and the artifacts have none; "
            "give it some, such as muscle=2"
        )
    moving = artifacts.blinks_per_min > 0 or artifacts.saccades_per_min > 0
    if code == "eyes" and not moving:
        raise SetupError(
            "the code 'eyes' shows in blinks and saccades alone and the artifacts have neither; "
            "give it some, such as saccades=30"
        )


def _choose_dead(count: int, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    if count > n:
        raise SetupError(f"{count} channels cannot be dead in a headset of {n}")
    return np.sort(rng.choice(n, count, replace=False))
