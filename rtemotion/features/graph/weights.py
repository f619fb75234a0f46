"""The weights of a graph: made from pairs of channels, and checked."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import SetupError
from ...signal import FloatArray

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


def checked(weights: ArrayLike) -> FloatArray:
    """Return the weights of a graph, made exactly symmetric.

    Raises
    ------
    SetupError
        When they are not those of an undirected graph: of another shape, not finite,
        negative, not symmetric, or with anything on the diagonal.
    """
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


def per_pair_of_neighbours(total: FloatArray, degree: NDArray[np.intp]) -> FloatArray:
    """Return sums over pairs of neighbours as means; NaN for a channel without any edge."""
    values: FloatArray = total / np.maximum(degree * (degree - 1), 1)
    values[degree == 0] = np.nan
    return values
