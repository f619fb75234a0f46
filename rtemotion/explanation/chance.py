"""What chance does to networks, beside what was found: outputs shifted in time, and halves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..features.graph import adjacency
from ..signal import FloatArray
from .graphs import degrees, distances, measures_of, over_bands
from .learning import FIRST, SECOND, WHOLE, Learnt
from .leaving_out import correlation

# Channels squared times shifts: measures of paths take long in large graphs.
_MOST_WORK = 400_000
_FEWEST = 20
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Chance:
    """What is found where outputs were shifted in time; arrays begin with the shifts.

    Attributes
    ----------
    degree : array, shape (n_shifts, n_emotions, n_channels)
    degree_limit : array, shape (n_emotions,)
        In 95 % of the shifts no channel at all has a larger degree.
    edge_limit : array, shape (n_emotions,)
        The same of edges, all bands together.
    measures : mapping of array, shape (n_some, n_emotions)
        Of some of the shifts.
    stability : array, shape (n_shifts, n_emotions)
        See `Stability`.
    distance, separation : array, shape (n_shifts, n_emotions, n_emotions)
        See `Stability`.
    """

    degree: FloatArray
    degree_limit: FloatArray
    edge_limit: FloatArray
    measures: Mapping[str, FloatArray]
    stability: FloatArray
    distance: FloatArray
    separation: FloatArray


@dataclass(frozen=True, eq=False)
class Stability:
    """How far patterns of a recording's halves agree, and emotions differ beyond that.

    Attributes
    ----------
    halves : array, shape (n_emotions,)
        Correlation between the halves of an emotion's edges, signs counted.
    distance : array, shape (n_emotions, n_emotions)
        Weighted Jaccard distance of the whole patterns.
    across : array, shape (n_emotions, n_emotions)
        Between the first half of one emotion and the second of another, the mean of both
        ways; on the diagonal how far an emotion lies from itself.
    """

    halves: FloatArray
    distance: FloatArray
    across: FloatArray

    @property
    def separation(self) -> FloatArray:
        """How much further two emotions lie apart than each from itself, between halves."""
        own = np.diag(self.across)
        return np.asarray(self.across - 0.5 * (own[:, None] + own))


def stability_of(edge: FloatArray) -> Stability:
    """Return what halves say of patterns.

    Parameters
    ----------
    edge : array, shape (3, n_emotions, n_bands, n_pairs)
        Of the whole, and of both halves.
    """
    across = distances(edge[FIRST], edge[SECOND])
    return Stability(
        np.array([alike(a, b) for a, b in zip(edge[FIRST], edge[SECOND], strict=True)]),
        distances(edge[WHOLE], edge[WHOLE]),
        0.5 * (across + across.T),
    )


def chance_of(learnt: Learnt, pairs: NDArray[np.int64], n_channels: int) -> Chance:
    """Return what the shifted outputs of some patterns give."""
    shifted = learnt.shifted.astype(np.float64)
    n_shifts, _, n_emotions = shifted.shape[:3]
    whole = over_bands(shifted[:, WHOLE])
    degree = degrees(whole, pairs, n_channels)
    edges = np.abs(np.nan_to_num(shifted[:, WHOLE]))
    found = [stability_of(one) for one in shifted]
    square = (n_shifts, n_emotions, n_emotions)
    return Chance(
        degree=degree,
        degree_limit=quantile(degree.max(axis=-1, initial=0.0), LEVEL),
        edge_limit=quantile(edges.max(axis=(-1, -2), initial=0.0), LEVEL),
        measures=_measures(whole, pairs, n_channels),
        stability=np.array([one.halves for one in found]).reshape(n_shifts, n_emotions),
        distance=np.array([one.distance for one in found]).reshape(square),
        separation=np.array([one.separation for one in found]).reshape(square),
    )


def quantile(values: FloatArray, level: float) -> FloatArray:
    """Return a quantile over shifts, the first axis; NaN where there were none."""
    if len(values) == 0:
        return np.full(values.shape[1:], np.nan)
    return np.asarray(np.quantile(values, level, axis=0))


def p_value(found: float, by_chance: FloatArray) -> float:
    """Return how often chance gives as much or more; NaN where it is not known."""
    known = by_chance[np.isfinite(by_chance)]
    if len(known) == 0 or not np.isfinite(found):
        return np.nan
    return float((1 + np.count_nonzero(known >= found)) / (1 + len(known)))


def alike(a: FloatArray, b: FloatArray) -> float:
    """Return the correlation of two patterns over what is known in both, signs counted."""
    both = np.isfinite(a) & np.isfinite(b)
    return correlation(a[both], b[both])


def _measures(
    whole: FloatArray, pairs: NDArray[np.int64], n_channels: int
) -> Mapping[str, FloatArray]:
    every = max(1, -(-len(whole) // max(_FEWEST, _MOST_WORK // n_channels**2)))
    found = [
        [measures_of(adjacency(values, pairs, n_channels)) for values in emotions]
        for emotions in whole[::every]
    ]
    names = found[0][0] if found else measures_of(np.zeros((n_channels, n_channels)))
    shape = (-1, whole.shape[1])
    return {
        name: np.array([[one[name] for one in emotions] for emotions in found]).reshape(shape)
        for name in names
    }
