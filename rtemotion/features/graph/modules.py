"""Communities of a graph, and how good a partition is."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import SetupError
from .weights import checked

# Merging two communities must gain this much modularity, or the gain is rounding.
SMALLEST_GAIN = 1e-12


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
    weights = checked(weights)
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
    weights = checked(weights)
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
