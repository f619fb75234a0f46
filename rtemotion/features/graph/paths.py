"""Graph measures of shortest paths: efficiency, length, betweenness."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...signal import FloatArray
from .weights import checked, per_pair_of_neighbours

# A weight this much smaller than the largest is rounding, and opens no path: an
# edge so long would swallow the lengths of all others it is added to.
NEGLIGIBLE = 1e-12
# Paths whose lengths agree to this share are equally short.
SAME_LENGTH = 1e-12


def path_lengths(weights: ArrayLike) -> FloatArray:
    """Return the length of the shortest path between every two channels, shape (n, n).

    Infinite where there is no path, 0 on the diagonal. Weights below 1e-12 of
    the largest are rounding and open no path, here and wherever paths are
    used.
    """
    return _shortest(_lengths(checked(weights)))


def global_efficiency(weights: ArrayLike) -> float:
    """Return the mean of 1/(path length) over all pairs; 0 where there is no path.

    As the Brain Connectivity Toolbox's ``efficiency_wei``. Not bounded by 1
    where weights are not. NaN for a single channel.

    References
    ----------
    Latora & Marchiori 2001, Phys. Rev. Lett. 87:198701.
    """
    lengths = path_lengths(weights)
    n = len(lengths)
    return float(_inverse(lengths).sum() / (n * (n - 1))) if n > 1 else np.nan


def local_efficiency(weights: ArrayLike) -> FloatArray:
    """Return the efficiency among the neighbours of every channel, shape (n,).

    E_i = Σ_jk (w_ij w_ik / d_jk(N_i))^(1/3) / (k_i (k_i - 1)) over the k_i
    neighbours N_i of i, where d(N_i) are path lengths among them alone, with
    1/w^(1/3) as the length of an edge in place of d^(1/3). This is the
    variant of Wang et al., ``efficiency_wei(local=True)`` in the Brain
    Connectivity Toolbox, not the older one of Rubinov & Sporns 2010. 0 with
    one edge; NaN without any.

    References
    ----------
    Wang et al. 2017, Front. Hum. Neurosci. 10:673.
    """
    weights = checked(weights)
    degree = np.count_nonzero(weights, axis=1)
    root, near = np.cbrt(weights), weights > 0.0
    total = np.zeros(len(weights))
    for channel, lengths in _among_neighbours(np.cbrt(_lengths(weights)), near):
        own = root[channel, near[channel]]
        total[channel] = own @ _inverse(lengths) @ own
    return per_pair_of_neighbours(total, degree)


def characteristic_path_length(weights: ArrayLike) -> float:
    """Return the mean path length over the pairs with a path; NaN where there is none.

    Pairs without a path are left out, so compare graphs of the same channels only.
    """
    lengths = path_lengths(weights)
    joined = np.isfinite(lengths) & ~np.eye(len(lengths), dtype=bool)
    return float(lengths[joined].mean()) if joined.any() else np.nan


def diameter(weights: ArrayLike) -> float:
    """Return the longest of all shortest paths; NaN where there is no path at all.

    Pairs without a path are left out.
    """
    lengths = path_lengths(weights)
    longest = float(lengths[np.isfinite(lengths)].max())
    return longest if longest > 0.0 else np.nan


def betweenness_centrality(weights: ArrayLike) -> FloatArray:
    """Return the share of shortest paths that pass through every channel, shape (n,).

    For every pair of other channels, the share of their equally short paths
    that pass; the mean over the (n - 1)(n - 2)/2 pairs, as networkx's
    ``betweenness_centrality(normalized=True)``. 0 without any edge and with
    fewer than three channels.

    References
    ----------
    Brandes 2001, J. Math. Sociol. 25:163.
    """
    weights = checked(weights)
    n = len(weights)
    if n < 3:
        return np.zeros(n)
    before, after = _steps_of_shortest_paths(_lengths(weights))
    own = np.arange(n) * (n + 1)

    # Paths from the source to each channel: those of one step, of two, of three, ...
    reached = np.zeros(n * n)
    reached[own] = 1.0
    paths = reached.copy()
    while (reached := _added_up(after, reached[before], n * n)).any():
        paths += reached

    # Going back, each channel hands its count on to those before it, shared by paths.
    share = paths[before] / paths[after]
    passed = (paths > 0.0).astype(np.float64)
    through = np.zeros(n * n)
    while (passed := _added_up(before, share * passed[after], n * n)).any():
        through += passed
    through[own] = 0.0
    share_of_paths: FloatArray = through.reshape(n, n).sum(axis=0) / ((n - 1) * (n - 2))
    return share_of_paths


def _lengths(weights: FloatArray) -> FloatArray:
    lengths = np.full(weights.shape, np.inf)
    edges = weights > NEGLIGIBLE * weights.max()
    lengths[edges] = 1.0 / weights[edges]
    np.fill_diagonal(lengths, 0.0)
    return lengths


def _shortest(lengths: FloatArray) -> FloatArray:
    shortest = lengths.copy()
    _allow(shortest, range(len(shortest)))
    return shortest


def _allow(shortest: FloatArray, channels: Iterable[int]) -> None:
    # Floyd-Warshall: paths may now lead over these channels as well. A channel at a time
    # over whole arrays this is faster than scipy's compiled one at the sizes of EEG.
    via = np.empty_like(shortest)
    for channel in channels:
        np.add(shortest[:, channel, None], shortest[channel], out=via)
        np.minimum(shortest, via, out=shortest)


def _among_neighbours(
    lengths: FloatArray, near: NDArray[np.bool_]
) -> Iterator[tuple[int, FloatArray]]:
    # For every channel with two neighbours or more, the path lengths among these alone. Work
    # is shared by halving the channels: what is a neighbour of all in one half is allowed once
    # for that half. Of n³ log n steps instead of n⁴ where all are neighbours.
    everything = np.arange(len(lengths))
    waiting = [(everything, np.zeros(len(lengths), dtype=bool), lengths)]
    while waiting:
        channels, allowed, shortest = waiting.pop()
        new = near[channels].all(axis=0) & ~allowed
        if len(channels) > 1:
            shortest = shortest.copy()
            _allow(shortest, np.flatnonzero(new))
            half = len(channels) // 2
            for part in (channels[:half], channels[half:]):
                waiting.append((part, allowed | new, shortest))
        elif np.count_nonzero(own := near[channels[0]]) > 1:
            shortest = shortest[np.ix_(own, own)]
            _allow(shortest, np.flatnonzero(new[own]))
            yield int(channels[0]), shortest


def _inverse(lengths: FloatArray) -> FloatArray:
    inverse: FloatArray = 1.0 / np.where(lengths > 0.0, lengths, np.inf)
    return inverse


def _added_up(cells: NDArray[np.int64], values: FloatArray, n_cells: int) -> FloatArray:
    total: FloatArray = np.bincount(cells, values, n_cells).astype(np.float64, copy=False)
    return total


def _steps_of_shortest_paths(
    lengths: FloatArray,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    # Every edge that lies on a shortest path from a source, as the cells (source, channel)
    # of its two ends in an array (n, n): first the one nearer to the source.
    shortest = _shortest(lengths)
    n = len(lengths)
    before, after = [], []
    for source, reach in enumerate(shortest):
        via = reach[:, None] + lengths
        step = (via <= reach * (1.0 + SAME_LENGTH)) & (reach[:, None] < reach) & np.isfinite(via)
        near, far = np.nonzero(step)
        before.append(source * n + near)
        after.append(source * n + far)
    return np.concatenate(before), np.concatenate(after)
