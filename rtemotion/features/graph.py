"""Graph measures of undirected, weighted connectivity matrices.

Every function takes a symmetric array (n, n) of weights that are finite and
not negative, with zeros on the diagonal; a weight of zero is no edge.
`adjacency` makes one from a vector of pairs. A path is as long as the sum of
1/weight over its edges.

A channel without any edge, as a masked one, still counts among the n channels
in whatever is averaged over channels or pairs. To leave such channels out,
take them out of the matrix: ``kept = weights.any(axis=0)``, then
``weights[np.ix_(kept, kept)]``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import SetupError
from ..signal import FloatArray

# A weight this much smaller than the largest is rounding, and opens no path: an
# edge so long would swallow the lengths of all others it is added to.
NEGLIGIBLE = 1e-12
# Paths whose lengths agree to this share are equally short.
SAME_LENGTH = 1e-12
# Merging two communities must gain this much modularity, or the gain is rounding.
SMALLEST_GAIN = 1e-12
# Largest eigenvalues that agree to this share belong to one eigenspace.
SAME_EIGENVALUE = 1e-10
# Asymmetry up to this share of the largest weight is rounding.
ASYMMETRY = 1e-9


def adjacency(
    values: ArrayLike,
    pairs: ArrayLike,
    n_channels: int,
    signed: Literal["absolute", "positive"] = "absolute",
) -> FloatArray:
    """Return the weights of a graph from a vector of connectivity values.

    Parameters
    ----------
    values : array, shape (n_pairs,)
        One connectivity value a pair; NaN (masked) becomes no edge.
    pairs : array of int, shape (n_pairs, 2)
        The two channels of every pair, each pair once.
    n_channels : int
        Number of channels.
    signed : {'absolute', 'positive'}
        What becomes of negative values: their magnitude, or no edge.

    Returns
    -------
    array, shape (n_channels, n_channels)
        Symmetric weights, zero on the diagonal and where there is no pair.

    Raises
    ------
    SetupError
        When the arrays do not fit one another, a value is infinite, or a pair
        is out of range, of one channel with itself, or listed twice.
    """
    values = np.asarray(values, dtype=np.float64)
    pairs = np.asarray(pairs, dtype=np.int64)
    if signed not in ("absolute", "positive"):
        raise SetupError(f"signed must be 'absolute' or 'positive', got '{signed}'.")
    if values.ndim != 1 or pairs.shape != (len(values), 2):
        raise SetupError(
            f"A graph needs values of shape (n_pairs,) and pairs of shape (n_pairs, 2), got "
            f"{values.shape} and {pairs.shape}; choose one measure and one band."
        )
    if np.isinf(values).any():
        where = int(np.flatnonzero(np.isinf(values))[0])
        raise SetupError(
            f"Connectivity must be finite or NaN, got {values[where]} in pair {where}."
        )
    first, second = pairs[:, 0], pairs[:, 1]
    if ((pairs < 0) | (pairs >= n_channels)).any() or (first == second).any():
        raise SetupError(
            f"Every pair must name two different channels from 0 to {n_channels - 1}; check "
            "that the pairs belong to these channels."
        )
    cells = np.minimum(first, second) * n_channels + np.maximum(first, second)
    if np.bincount(cells).max(initial=0) > 1:
        raise SetupError("A pair of channels is listed twice; give every pair once.")
    weights = np.zeros((n_channels, n_channels))
    kept = np.abs(values) if signed == "absolute" else np.maximum(values, 0.0)
    weights[first, second] = weights[second, first] = np.where(np.isnan(kept), 0.0, kept)
    return weights


def strength(weights: ArrayLike) -> FloatArray:
    """Return the sum of the weights at every channel, shape (n,); 0 without any edge."""
    total: FloatArray = _checked(weights).sum(axis=1)
    return total


def clustering(weights: ArrayLike) -> FloatArray:
    """Return the clustering coefficient of every channel, shape (n,).

    C_i = Σ_jk (w_ij w_jk w_ki)^(1/3) / (k_i (k_i - 1)) over the k_i channels
    with an edge to i, weights divided by the largest of the graph. This is
    networkx's ``clustering(weight=...)``; the Brain Connectivity Toolbox's
    ``clustering_coef_wu`` is the same without that division. 0 with one edge, where no
    triangle can be; NaN without any.

    References
    ----------
    Onnela et al. 2005, Phys. Rev. E 71:065103.
    """
    weights = _checked(weights)
    degree = np.count_nonzero(weights, axis=1)
    root = np.cbrt(weights / max(weights.max(), np.finfo(float).tiny))
    triangles = ((root @ root) * root).sum(axis=1)
    return _per_pair_of_neighbours(triangles, degree)


def path_lengths(weights: ArrayLike) -> FloatArray:
    """Return the length of the shortest path between every two channels, shape (n, n).

    Infinite where there is no path, 0 on the diagonal. Weights below 1e-12 of
    the largest are rounding and open no path, here and wherever paths are
    used.
    """
    return _shortest(_lengths(_checked(weights)))


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
    weights = _checked(weights)
    degree = np.count_nonzero(weights, axis=1)
    root, near = np.cbrt(weights), weights > 0.0
    total = np.zeros(len(weights))
    for channel, lengths in _among_neighbours(np.cbrt(_lengths(weights)), near):
        own = root[channel, near[channel]]
        total[channel] = own @ _inverse(lengths) @ own
    return _per_pair_of_neighbours(total, degree)


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


def eigenvector_centrality(weights: ArrayLike) -> FloatArray:
    """Return the eigenvector centrality of every channel, shape (n,), of length 1.

    In a graph that falls apart, only the part with the largest eigenvalue has
    values above 0; where several share it, the vector is the one that power
    iteration from equal values ends at, so that it does not depend on the
    order of the channels. NaN for a channel without any edge.

    References
    ----------
    Bonacich 1987, Am. J. Sociol. 92:1170.
    """
    weights = _checked(weights)
    alone = ~weights.any(axis=1)
    if alone.all():
        return np.full(len(weights), np.nan)
    values, vectors = np.linalg.eigh(weights)
    leading = vectors[:, values >= values[-1] * (1.0 - SAME_EIGENVALUE)]
    centrality: FloatArray = np.abs(leading @ leading.sum(axis=0))
    centrality /= np.linalg.norm(centrality)
    centrality[alone] = np.nan
    return centrality


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
    weights = _checked(weights)
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


def modularity(weights: ArrayLike, partition: ArrayLike) -> float:
    """Return Newman's modularity Q of a partition; NaN for a graph without edges.

    Q = Σ_c (W_c/W - (S_c/W)²), with W twice the weight of all edges, W_c
    twice that of the edges inside community c, and S_c the strength of its
    channels.

    Parameters
    ----------
    weights : array, shape (n, n)
        The graph.
    partition : array of int, shape (n,)
        The community of every channel, any numbers.

    References
    ----------
    Newman 2004, Phys. Rev. E 70:056131.
    """
    weights = _checked(weights)
    labels = np.asarray(partition)
    if labels.shape != (len(weights),):
        raise SetupError(
            f"A partition names one community a channel: expected shape ({len(weights)},), got "
            f"{labels.shape}."
        )
    if not weights.any():
        return np.nan
    member = (labels == np.unique(labels)[:, None]).astype(np.float64)
    between = member @ (weights / weights.sum()) @ member.T
    return float(np.trace(between) - np.square(between.sum(axis=1)).sum())


def communities(weights: ArrayLike) -> NDArray[np.int64]:
    """Return the community of every channel found by greedy modularity, shape (n,).

    Starts with each channel by itself and joins the two communities that gain
    most modularity until none gains any; nothing is random. Where two joins
    gain the same, the channels listed first are joined, so only then the
    order of channels matters. Communities are numbered from the largest, and
    by their first channel where they are equally large; a channel without
    any edge stays by itself.

    References
    ----------
    Clauset, Newman & Moore 2004, Phys. Rev. E 70:066111.
    """
    weights = _checked(weights)
    n = len(weights)
    labels = np.arange(n)
    if not weights.any():
        return labels
    between = weights / weights.sum()
    strengths = between.sum(axis=1)
    while True:
        gain = 2.0 * (between - strengths[:, None] * strengths)
        np.fill_diagonal(gain, -np.inf)
        kept, joined = divmod(int(gain.argmax()), n)
        if gain[kept, joined] <= SMALLEST_GAIN:
            break
        for rows in (between, between.T, strengths):
            rows[kept] += rows[joined]
            rows[joined] = 0.0
        labels[labels == joined] = kept
    _, first, index, sizes = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    number = np.empty(len(sizes), dtype=np.int64)
    number[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return number[index]


def maximum_spanning_tree(weights: ArrayLike) -> FloatArray:
    """Return the edges that join all channels with the largest total weight, shape (n, n).

    The weights of the n - 1 edges of the tree, zeros elsewhere; a tree for
    every part of a graph that falls apart. Where edges weigh the same, the
    choice among them depends on the order of the channels.

    References
    ----------
    Prim 1957, Bell Syst. Tech. J. 36:1389.
    """
    weights = _checked(weights)
    n = len(weights)
    tree = np.zeros((n, n))
    outside = np.ones(n, dtype=bool)
    best = np.zeros(n)
    nearest = np.zeros(n, dtype=np.int64)
    for _ in range(n):
        channel = int(np.where(outside, best, -1.0).argmax())
        outside[channel] = False
        if best[channel] > 0.0:
            other = nearest[channel]
            tree[channel, other] = tree[other, channel] = best[channel]
        closer = outside & (weights[channel] > best)
        best[closer] = weights[channel, closer]
        nearest[closer] = channel
    return tree


def _checked(weights: ArrayLike) -> FloatArray:
    array = np.asarray(weights, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or not array.size:
        raise SetupError(f"A graph needs weights of shape (n, n), got {array.shape}.")
    if not np.isfinite(array).all():
        raise SetupError(
            "The weights of a graph must be finite, got NaN or infinity; adjacency() turns "
            "masked pairs into no edge."
        )
    if array.min() < 0.0:
        raise SetupError(
            f"The weights of a graph must not be negative, got {array.min():g}; adjacency() "
            "takes magnitudes, or leaves negative values out with signed='positive'."
        )
    if array.diagonal().any():
        raise SetupError(
            "The weights of a graph must be zero on the diagonal, since no channel has an edge "
            "to itself; set it with numpy.fill_diagonal(weights, 0)."
        )
    apart = float(np.abs(array - array.T).max())
    if apart > ASYMMETRY * array.max():
        raise SetupError(
            f"The weights of a graph must be symmetric, got entries {apart:g} apart; these "
            "measures are for undirected connectivity."
        )
    symmetric: FloatArray = 0.5 * (array + array.T)
    return symmetric


def _per_pair_of_neighbours(total: FloatArray, degree: NDArray[np.intp]) -> FloatArray:
    values: FloatArray = total / np.maximum(degree * (degree - 1), 1)
    values[degree == 0] = np.nan
    return values


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
