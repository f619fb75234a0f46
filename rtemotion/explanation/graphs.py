"""The network of an emotion as a graph: its measures, and how far two emotions lie apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..features.graph import (
    adjacency,
    betweenness_centrality,
    communities,
    diameter,
    global_efficiency,
    maximum_spanning_tree,
    modularity,
    strength,
)
from ..signal import FloatArray


@dataclass(frozen=True, eq=False)
class EmotionGraph:
    """One emotion's network in one band, or over all of them.

    Attributes
    ----------
    emotion, band : str
        `ALL_BANDS` for the root mean square over bands.
    weights : array, shape (n_channels, n_channels)
        Magnitudes of the pattern.
    degree : array, shape (n_channels,)
        Weighted degree.
    betweenness : array, shape (n_channels,)
        Share of shortest paths that lead over a channel.
    community : array of int, shape (n_channels,)
        By greedy modularity.
    tree : array, shape (n_channels, n_channels)
        Maximum spanning tree.
    measures : mapping
        Of the whole graph, see `MEASURES`.
    """

    emotion: str
    band: str
    weights: FloatArray
    degree: FloatArray
    betweenness: FloatArray
    community: NDArray[np.int64]
    tree: FloatArray
    measures: Mapping[str, float]


ALL_BANDS = "all"


def over_bands(edge: FloatArray) -> FloatArray:
    """Return the root mean square over bands of a pattern, shape (..., n_pairs).

    Parameters
    ----------
    edge : array, shape (..., n_bands, n_pairs)
        NaN where unknown, and so where no band is known.
    """
    known = np.isfinite(edge)
    total = np.square(np.where(known, edge, 0.0)).sum(axis=-2)
    count = known.sum(axis=-2)
    mean = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    return np.asarray(np.sqrt(mean))


def _mean_weight(weights: FloatArray) -> float:
    n = len(weights)
    return float(weights.sum() / (n * (n - 1))) if n > 1 else np.nan


def _scaled(weights: FloatArray) -> FloatArray:
    """Return weights with a mean of 1, so that graphs compare by how they are arranged."""
    mean = _mean_weight(weights)
    return weights / mean if mean > 0.0 else weights


MEASURES: Mapping[str, Callable[[FloatArray], float]] = {
    "mean weight": _mean_weight,
    "global efficiency": lambda weights: global_efficiency(_scaled(weights)),
    "diameter": lambda weights: diameter(_scaled(weights)),
    "modularity": lambda weights: modularity(weights, communities(weights)),
}
"""Measures of a whole graph; efficiency and diameter of weights that were scaled to mean 1."""


def graph_of(
    emotion: str, band: str, values: FloatArray, pairs: NDArray[np.int64], n_channels: int
) -> EmotionGraph:
    """Return the graph of an emotion's pattern.

    Parameters
    ----------
    emotion, band : str
    values : array, shape (n_pairs,)
        The pattern; NaN where unknown, which is no edge.
    pairs : array of int, shape (n_pairs, 2)
    n_channels : int
    """
    weights = adjacency(values, pairs, n_channels)
    return EmotionGraph(
        emotion=emotion,
        band=band,
        weights=weights,
        degree=strength(weights),
        betweenness=betweenness_centrality(weights),
        community=communities(weights),
        tree=maximum_spanning_tree(weights),
        measures=measures_of(weights),
    )


def measures_of(weights: FloatArray) -> dict[str, float]:
    """Return `MEASURES` of a graph."""
    return {name: measure(weights) for name, measure in MEASURES.items()}


def degrees(values: FloatArray, pairs: NDArray[np.int64], n_channels: int) -> FloatArray:
    """Return the weighted degree of every channel in many graphs at once, (..., n_channels)."""
    weights = np.nan_to_num(np.abs(values))
    ends = np.zeros((len(pairs), n_channels))
    ends[np.arange(len(pairs))[:, None], pairs] = 1.0
    return np.asarray(weights @ ends)


def jaccard_distance(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the weighted Jaccard distance of networks, 0 (the same) to 1 (nothing shared).

    1 - Σ min(|a|, |b|) / Σ max(|a|, |b|) over all edges of all bands, either network scaled
    to a total of 1, so that it says where emotions differ, and not by how much one of them
    is the clearer. NaN where a network has no edge.

    Parameters
    ----------
    a, b : array, shape (..., n_edges)
        Patterns; NaN is no edge.

    References
    ----------
    Ioffe 2010, IEEE ICDM, 246 (weighted Jaccard).
    """
    a, b = (np.nan_to_num(np.abs(x)) for x in (a, b))
    with np.errstate(invalid="ignore"):
        a, b = (x / x.sum(axis=-1, keepdims=True) for x in (a, b))
        # Of numbers that add up to 1 each, the larger ones add up to 2 less the smaller.
        shared = np.minimum(a, b).sum(axis=-1)
        return np.asarray(1.0 - shared / (2.0 - shared))


def distances(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return distances of every emotion in one set to every one in another.

    Parameters
    ----------
    first, second : array, shape (n_emotions, n_bands, n_pairs)

    Returns
    -------
    array, shape (n_emotions, n_emotions)
    """
    a, b = (x.reshape(len(x), -1) for x in (first, second))
    return np.stack([jaccard_distance(row, b) for row in a])
