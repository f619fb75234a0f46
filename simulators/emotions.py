"""How emotions move: slow, co-occurring, mostly low, between 0 and 1."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from scipy.special import expit

from ..errors import SetupError
from ..signal import FloatArray
from .codes import EMOTIONS

TAU_S = 20.0
KNOT_S = 0.25
RISE_S = 5.0
SETTLE_TAUS = 2.0
_OU_SHARE = 0.75
# Squashing: an emotion's mean is about a quarter, and it passes one half a fifth of the time.
_SLOPE, _THRESHOLD = 2.5, 0.8

# Who goes with whom; everything else is uncorrelated.
_TOGETHER = {
    ("joy", "trust"): 0.4,
    ("joy", "anticipation"): 0.25,
    ("joy", "sadness"): -0.3,
    ("fear", "surprise"): 0.3,
    ("disgust", "anger"): 0.4,
    ("trust", "disgust"): -0.3,
    ("sadness", "fear"): 0.15,
}


class Trajectories(Protocol):
    """Emotions as a function of time; asked for times that never go back."""

    def at(self, times: FloatArray) -> FloatArray:
        """Return the emotions (n_times, 8), 0..1, at `times` (n_times,) in seconds."""


def emotion_correlation() -> FloatArray:
    """Return the correlation between the emotions' hidden states, shape (8, 8)."""
    matrix = np.eye(len(EMOTIONS))
    for (first, second), value in _TOGETHER.items():
        i, j = EMOTIONS.index(first), EMOTIONS.index(second)
        matrix[i, j] = matrix[j, i] = value
    return matrix


class EmotionProcess:
    """Eight correlated, smoothed Ornstein-Uhlenbeck processes behind a logistic squashing.

    A process of time constant 3/4 `tau_s` goes through a low-pass of 1/4 `tau_s`, so
    that emotions do not jump and the integral of their autocorrelation is `tau_s`. The
    hidden states are stationary and of unit variance; they are drawn knot by knot every
    0.25 s, linear in between, so that asking more often or less changes nothing, and
    only the newest knots are kept.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness, owned by this process from now on.
    tau_s : float
        Time constant: the integral of the hidden autocorrelation, in seconds.
    rest_s : float
        All emotions are exactly 0 for so long, then come in within 5 s.
    """

    def __init__(
        self, rng: np.random.Generator, tau_s: float = TAU_S, rest_s: float = 0.0
    ) -> None:
        if not (tau_s > 0 and rest_s >= 0):
            raise ValueError(
                f"'tau_s' must be positive and 'rest_s' not negative: {tau_s}, {rest_s}"
            )
        self._rng = rng
        self._slow = float(np.exp(-KNOT_S / (_OU_SHARE * tau_s)))
        self._smooth = float(np.exp(-KNOT_S / ((1 - _OU_SHARE) * tau_s)))
        self._scale = 1.0 / _smoothed_deviation(self._slow, self._smooth)
        self._mix = np.linalg.cholesky(emotion_correlation())
        self._rest_s = rest_s
        self._driver = self._mix @ rng.standard_normal(len(EMOTIONS))
        self._first = 0
        self._hidden = np.zeros((1, len(EMOTIONS)))
        # The smoothing starts from nothing: let it forget that before the first knot.
        settle = round(SETTLE_TAUS * tau_s / KNOT_S)
        self._extend(settle + 1)
        self._hidden = self._hidden[settle:]

    def at(self, times: FloatArray) -> FloatArray:
        """Return the emotions at `times`, which must not lie before earlier ones.

        Parameters
        ----------
        times : array, shape (n_times,)
            Seconds since the start, ascending.

        Returns
        -------
        array, shape (n_times, 8)
            Each emotion, 0..1.
        """
        return squash(self.hidden(times), times, self._rest_s)

    def hidden(self, times: FloatArray) -> FloatArray:
        """Return the hidden states (n_times, 8) at `times`: unit variance, no rest."""
        if len(times) == 0:
            return np.empty((0, len(EMOTIONS)))
        position = times / KNOT_S
        self._extend(int(position[-1]) + 2)
        left = np.floor(position).astype(np.int64)
        share = (position - left)[:, None]
        rows = left - self._first
        hidden: FloatArray = (1 - share) * self._hidden[rows] + share * self._hidden[rows + 1]
        self._forget(int(left[-1]))
        return hidden

    def _extend(self, stop: int) -> None:
        """Have knots up to `stop`, exclusive."""
        missing = stop - self._first - len(self._hidden)
        if missing <= 0:
            return
        rows = [self._hidden[-1]]
        innovation = float(np.sqrt(1 - self._slow**2))
        for _ in range(missing):
            step = self._mix @ self._rng.standard_normal(len(EMOTIONS))
            self._driver = self._slow * self._driver + innovation * step
            target = self._scale * self._driver
            rows.append(self._smooth * rows[-1] + (1 - self._smooth) * target)
        self._hidden = np.concatenate([self._hidden, rows[1:]])

    def _forget(self, knot: int) -> None:
        """Drop the knots before `knot`."""
        drop = knot - self._first
        self._hidden = self._hidden[drop:]
        self._first = knot


class Story:
    """Emotions that a story drives in whoever hears it, with a share that is one's own.

    Everybody who hears the story shares one hidden trajectory, seeded by the story;
    a listener's own one is added, so that `own_share` of the hidden variance is theirs.

    Parameters
    ----------
    story : int
        Seed of the story.
    listener : tuple of int
        Seed of the listener's own part, such as subject and session.
    own_share : float
        0 (everyone alike) .. 1 (the story moves nobody).
    tau_s, rest_s : float
        As for `EmotionProcess`.

    Raises
    ------
    SetupError
        When a seed is negative or `own_share` no share.
    """

    def __init__(
        self,
        story: int,
        listener: tuple[int, ...],
        own_share: float = 0.0,
        tau_s: float = TAU_S,
        rest_s: float = 0.0,
    ) -> None:
        if not 0.0 <= own_share <= 1.0 or min(story, *listener) < 0:
            raise SetupError(
                f"a story needs seeds from 0 on and an own share of 0..1, got story {story}, "
                f"listener {listener} and {own_share:g}"
            )
        # The length keeps the seed of a story apart from that of any listener.
        self._told = EmotionProcess(np.random.default_rng((story,)), tau_s)
        self._own = EmotionProcess(np.random.default_rng((story, 1, *listener)), tau_s)
        self._weights = float(np.sqrt(1 - own_share)), float(np.sqrt(own_share))
        self._rest_s = rest_s

    def at(self, times: FloatArray) -> FloatArray:
        """Return the emotions (n_times, 8), 0..1, at ascending `times` in seconds."""
        told, own = self._told.hidden(times), self._own.hidden(times)
        return squash(self._weights[0] * told + self._weights[1] * own, times, self._rest_s)


def squash(hidden: FloatArray, times: FloatArray, rest_s: float = 0.0) -> FloatArray:
    """Bring hidden states (n_times, 8) to 0..1; exactly 0 for `rest_s`, then in within 5 s."""
    onset = np.clip((times - rest_s) / RISE_S, 0.0, 1.0) if rest_s else 1.0
    level: FloatArray = expit(_SLOPE * (hidden - _THRESHOLD)) * np.reshape(onset, (-1, 1))
    return level


def _smoothed_deviation(slow: float, smooth: float) -> float:
    """Return the standard deviation of a unit AR(1) of coefficient `slow`, once smoothed.

    The variance of the cascade y = b y' + (1 - b) x, x an AR(1) of coefficient a, is
    (1 - b)² (1 + ab) / ((1 - ab) (1 - b²)).
    """
    product = slow * smooth
    variance = (1 - smooth) ** 2 * (1 + product) / ((1 - product) * (1 - smooth**2))
    return float(np.sqrt(variance))
