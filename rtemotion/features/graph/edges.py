"""Graph measures of edges alone: strength, clustering, eigenvector centrality, tree."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ...signal import FloatArray
from .weights import checked, per_pair_of_neighbours

# Largest eigenvalues that agree to this share belong to one eigenspace.
SAME_EIGENVALUE = 1e-10


def strength(weights: ArrayLike) -> FloatArray:
    """Return the sum of the weights at every channel, shape (n,); 0 without any edge."""
    total: FloatArray = checked(weights).sum(axis=1)
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
    weights = checked(weights)
    degree = np.count_nonzero(weights, axis=1)
    root = np.cbrt(weights / max(weights.max(), np.finfo(float).tiny))
    triangles = ((root @ root) * root).sum(axis=1)
    return per_pair_of_neighbours(triangles, degree)


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
    weights = checked(weights)
    alone = ~weights.any(axis=1)
    if alone.all():
        return np.full(len(weights), np.nan)
    values, vectors = np.linalg.eigh(weights)
    leading = vectors[:, values >= values[-1] * (1.0 - SAME_EIGENVALUE)]
    centrality: FloatArray = np.abs(leading @ leading.sum(axis=0))
    centrality /= np.linalg.norm(centrality)
    centrality[alone] = np.nan
    return centrality


def maximum_spanning_tree(weights: ArrayLike) -> FloatArray:
    """Return the edges that join all channels with the largest total weight, shape (n, n).

    The weights of the n - 1 edges of the tree, zeros elsewhere; a tree for
    every part of a graph that falls apart. Where edges weigh the same, the
    choice among them depends on the order of the channels.

    References
    ----------
    Prim 1957, Bell Syst. Tech. J. 36:1389.
    """
    weights = checked(weights)
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
