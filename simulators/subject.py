"""Subjects that differ: in anatomy, in rhythm, in background, in amplifier."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from ..signal import FloatArray
from .codes import BANDS
from .head import Head, anchors_in_head, standard_head

BACKGROUND_DIPOLES = 80
# Posterior alpha: two occipital poles and the precuneus, MNI metres.
_ALPHA_MNI = np.array([[-0.022, -0.085, 0.010], [0.022, -0.085, 0.010], [0.0, -0.070, 0.035]])
# Background dipoles lie between these shares of the brain's radius.
_BACKGROUND_SHELL = (0.5, 0.9)

# Against a subject whose rhythms stand out: factors on amplitudes, and on the exponent
# of the background; fitted to the band powers of recordings (docs/simulation.md).
_REALISTIC_RHYTHMS = {"theta": 0.1, "alpha": 0.15, "beta": 0.15, "gamma": 0.2}
_REALISTIC_ALPHA, _REALISTIC_ALPHA_SPREAD = 0.5, 0.7
_REALISTIC_STEEPER = 0.2
# Root mean square shift of an electrode between two wearings, an angle of about 3°.
CAP_SHIFT_M = 0.005


@dataclass(frozen=True, eq=False)
class Subject:
    """One simulated person: everything that is theirs and does not change.

    Attributes
    ----------
    seed : int
        What the subject was drawn from.
    positions, directions : array, shape (29, 3)
        Where this subject's anchors are (metres, head frame), and which way their
        dipoles point (unit vectors).
    alpha_positions, alpha_directions : array, shape (3, 3)
        The same for the generators of resting alpha.
    background_positions, background_directions : array, shape (80, 3)
        The same for the background.
    gains : array, shape (29, 4)
        Factor on the moment of each anchor's rhythm in each band.
    alpha_hz : float
        Peak of alpha, 8.5..11.5 Hz.
    alpha_nam : float
        RMS moment of each alpha generator, nA·m.
    background_nam : float
        RMS moment of each background dipole, nA·m.
    exponent : float
        The background's power falls as 1/f to this.
    amplifier_gain : float
        Factor on everything this subject's amplifier delivers.
    session : int
        Which visit this is; 0 for the subject as drawn.
    cap_turn : tuple of float
        How the cap sits: a rotation vector about the centre of the head, radians. The
        electrodes are where it puts them, whatever the montage says.
    """

    seed: int
    positions: FloatArray
    directions: FloatArray
    alpha_positions: FloatArray
    alpha_directions: FloatArray
    background_positions: FloatArray
    background_directions: FloatArray
    gains: FloatArray
    alpha_hz: float
    alpha_nam: float
    background_nam: float
    exponent: float
    amplifier_gain: float
    session: int = 0
    cap_turn: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @classmethod
    def draw(
        cls,
        seed: int,
        jitter_mm: float = 10.0,
        orientation_deg: float = 30.0,
        gain_spread: float = 0.2,
        realistic: bool = False,
    ) -> Subject:
        """Draw a subject; the same seed is the same person.

        Parameters
        ----------
        seed : int
            Not negative.
        jitter_mm : float
            Root mean square distance of an anchor from its place in the atlas.
        orientation_deg : float
            Standard deviation of the angle between a dipole and the radial direction.
        gain_spread : float
            Standard deviation of the logarithm of every amplitude.
        realistic : bool
            The same person with rhythms as faint, and a background as steep, as
            recordings show them (see docs/simulation.md). By default rhythms stand out
            clearly, so that what an analysis finds can be told in minutes.
        """
        if seed < 0 or jitter_mm < 0 or orientation_deg < 0 or gain_spread < 0:
            raise ValueError("'seed', 'jitter_mm', 'orientation_deg', 'gain_spread' must be >= 0")
        children = np.random.SeedSequence(seed).spawn(4)
        anatomy, alpha, background, traits = (np.random.default_rng(c) for c in children)
        head = standard_head()
        places = _jitter(anchors_in_head(), jitter_mm, head, anatomy)
        alpha_places = _jitter(head.pull_inside(head.from_mni(_ALPHA_MNI)), jitter_mm, head, alpha)
        background_places = _scatter(head, BACKGROUND_DIPOLES, background)
        drawn = cls(
            seed=seed,
            positions=places,
            directions=_tilt(head.outward(places), orientation_deg, anatomy),
            alpha_positions=alpha_places,
            alpha_directions=_tilt(head.outward(alpha_places), orientation_deg, alpha),
            background_positions=background_places,
            background_directions=_unit(background.standard_normal((BACKGROUND_DIPOLES, 3))),
            gains=traits.lognormal(0.0, gain_spread, (len(places), len(BANDS))),
            alpha_hz=float(traits.uniform(8.5, 11.5)),
            alpha_nam=float(75.0 * traits.lognormal(0.0, gain_spread)),
            background_nam=float(18.0 * traits.lognormal(0.0, gain_spread)),
            exponent=float(traits.uniform(0.8, 1.3)),
            amplifier_gain=float(traits.lognormal(0.0, 0.5 * gain_spread)),
        )
        if not realistic:
            return drawn
        alpha_share = _REALISTIC_ALPHA * float(traits.lognormal(0.0, _REALISTIC_ALPHA_SPREAD))
        faint = [_REALISTIC_RHYTHMS[band] for band in BANDS]
        return replace(
            drawn,
            gains=drawn.gains * faint,
            alpha_nam=drawn.alpha_nam * alpha_share,
            exponent=drawn.exponent + _REALISTIC_STEEPER,
        )

    def in_session(self, session: int) -> Subject:
        """Return the same person on another day, who differs less than people do.

        The cap is put on about 5 mm (root mean square) elsewhere; gains, strength of
        alpha and background, alpha peak, exponent and the orientations in the
        background change by a fraction of what tells people apart. The anatomy stays.

        Parameters
        ----------
        session : int
            Not negative; the same number is the same day, 0 the subject as drawn.
        """
        if session < 0:
            raise ValueError(f"'session' must be >= 0, got {session}")
        if self.session:
            raise ValueError("a session is taken from the subject as drawn, not from another one")
        if session == 0:
            return self
        rng = np.random.default_rng((self.seed, session, 1))
        turn = CAP_SHIFT_M / standard_head().radius / np.sqrt(2.0) * rng.standard_normal(3)

        def about(value: float, spread: float) -> float:
            return float(value * rng.lognormal(0.0, spread))

        return replace(
            self,
            session=session,
            cap_turn=(float(turn[0]), float(turn[1]), float(turn[2])),
            gains=self.gains * rng.lognormal(0.0, 0.06, self.gains.shape),
            background_directions=_tilt(self.background_directions, 10.0, rng),
            alpha_hz=float(np.clip(self.alpha_hz + 0.15 * rng.standard_normal(), 8.5, 11.5)),
            alpha_nam=about(self.alpha_nam, 0.1),
            background_nam=about(self.background_nam, 0.05),
            exponent=self.exponent + 0.03 * float(rng.standard_normal()),
            amplifier_gain=about(self.amplifier_gain, 0.03),
        )

    @property
    def seeds(self) -> tuple[int, ...]:
        """Whose randomness it is: the subject's seed, and the session if not the first."""
        return (self.seed, self.session) if self.session else (self.seed,)

    def worn(self, positions: FloatArray) -> FloatArray:
        """Return where electrodes of a montage (n, 3) really sit, metres, head frame."""
        if not any(self.cap_turn):
            return positions
        center = standard_head().center
        turned: FloatArray = center + Rotation.from_rotvec(self.cap_turn).apply(positions - center)
        return turned


def _unit(vectors: FloatArray) -> FloatArray:
    scaled: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def _jitter(points: FloatArray, rms_mm: float, head: Head, rng: np.random.Generator) -> FloatArray:
    """Move points by Gaussian steps of `rms_mm` root mean square length."""
    step = rms_mm / 1000.0 / np.sqrt(3.0) * rng.standard_normal(points.shape)
    return head.pull_inside(points + step)


def _tilt(directions: FloatArray, sd_deg: float, rng: np.random.Generator) -> FloatArray:
    """Turn unit vectors by Gaussian angles about random axes at right angles to them."""
    aside = rng.standard_normal(directions.shape)
    aside -= (aside * directions).sum(axis=1, keepdims=True) * directions
    angle = np.deg2rad(sd_deg) * rng.standard_normal((len(directions), 1))
    tilted: FloatArray = np.cos(angle) * directions + np.sin(angle) * _unit(aside)
    return tilted


def _scatter(head: Head, count: int, rng: np.random.Generator) -> FloatArray:
    """Scatter points over a thick shell above the level of the brain's base."""
    directions = _unit(rng.standard_normal((count, 3)))
    directions[:, 2] = np.where(directions[:, 2] < -0.4, -directions[:, 2], directions[:, 2])
    low, high = _BACKGROUND_SHELL
    share = np.cbrt(rng.uniform(low**3, high**3, (count, 1)))
    points: FloatArray = head.center + head.brain_radius * share * directions
    return points
