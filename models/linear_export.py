"""Linear regressions of scikit-learn as model files: ridge, lasso, PLS, kernel ridge, a mean.

Whatever predicts a constant plus a sum of weights times features is exported, be it one
estimator or a pipeline of them: the weights are what the estimator does to each feature on
its own, and they have to explain what it does to all of them together. A regression is
fitted on the features of certain electrodes, and its file decodes no others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..decoding.card import ModelCard, Tied
from ..errors import ModelError
from ..signal import FloatArray
from .placed import PlacedWeights, write_placed

# Differences from a sum of weights times features, in units of the spread of predictions.
_ROUNDING = 1e-6
_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class Electrodes:
    """What a regression was fitted on.

    Attributes
    ----------
    channels : tuple of str
        Their names, in the order of the features.
    positions : array, shape (n_channels, 3)
        Metres, head frame.
    """

    channels: tuple[str, ...]
    positions: FloatArray

    @property
    def pairs(self) -> np.ndarray:
        """Pairs (i, j), i < j, in the order of the features, shape (n_pairs, 2)."""
        return np.stack(np.triu_indices(len(self.channels), k=1), axis=1)


def export_linear(
    estimator: Any,
    card: ModelCard,
    electrodes: Electrodes,
    rows: FloatArray,
    std: FloatArray,
    path: Path,
) -> None:
    """Write a fitted linear regression as a model file.

    Parameters
    ----------
    estimator : object
        Has a ``predict``; its features are power (bands × channels), then connectivity
        (measures × connectivity bands × pairs), against their reference as `Model.run`
        takes them, and its outputs the card's targets.
    card : ModelCard
        Its description: features, targets with the intervals that hold for `std`, scores.
        Architecture, context, electrodes and number of channels are filled in.
    electrodes : Electrodes
        Those it was fitted on.
    rows : array, shape (n_rows, n_features)
        Features such as it was fitted on, a few dozen or more, on which the file is
        compared with it.
    std : array, shape (n_targets,)
        Standard deviation of its errors on people or stretches that were held out.
    path : Path
        Where to write.

    Raises
    ------
    ModelError
        When it is not linear in its features, or does not fit card and electrodes.
    """
    features, n = card.features, len(electrodes.channels)
    node_shape = (len(features.bands), n)
    edge_shape = (len(features.measures), len(features.connectivity_bands), n * (n - 1) // 2)
    n_features = int(np.prod(node_shape) + np.prod(edge_shape))
    what = _name_of(estimator)
    if rows.ndim != 2 or rows.shape[1] != n_features:
        raise ModelError(
            f"The {what} is not exported: its features have the shape {rows.shape}, expected are "
            f"{n_features} columns for {n} electrodes with the card's bands and measures."
        )
    weights, bias = linear_in(estimator, rows)
    if len(bias) != len(card.targets) or std.shape != bias.shape:
        raise ModelError(
            f"The {what} is not exported: it predicts {len(bias)} targets with {std.size} "
            f"standard deviations, and its card has {len(card.targets)} targets."
        )
    node, edge = np.split(weights.T, [int(np.prod(node_shape))], axis=1)
    placed = PlacedWeights(
        node.reshape(-1, *node_shape),
        edge.reshape(-1, *edge_shape),
        bias,
        electrodes.positions,
        electrodes.pairs,
    )
    positions = tuple((float(x), float(y), float(z)) for x, y, z in electrodes.positions)
    tied = replace(
        card,
        architecture="additive",
        agreement=None,
        context=None,
        tied=Tied(electrodes.channels, positions, "", ""),
        min_channels=min(card.min_channels, n),
        max_channels=n,
    )
    write_placed(placed, tied, path, std)


def linear_in(estimator: Any, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the weights and the constant of a regression.

    Parameters
    ----------
    estimator : object
        Has a ``predict``.
    rows : array, shape (n_rows, n_features)
        Features such as it was fitted on.

    Returns
    -------
    weights : array, shape (n_features, n_targets)
    bias : array, shape (n_targets,)

    Raises
    ------
    ModelError
        When its predictions are no constant plus a sum of weights times features.
    """
    rows = np.asarray(rows, dtype=np.float64)
    n_features = rows.shape[1]
    steps = rows.std(axis=0)
    steps[steps < 1e-9] = 1.0
    bias = _predicted(estimator, np.zeros((1, n_features)))[0]
    weights = np.empty((n_features, len(bias)))
    for start in range(0, n_features, _AT_ONCE):
        some = np.arange(start, min(start + _AT_ONCE, n_features))
        moved = np.zeros((len(some), n_features))
        moved[np.arange(len(some)), some] = steps[some]
        weights[some] = (_predicted(estimator, moved) - bias) / steps[some, None]
    # Twice as far out as well, where trees and kernels level off.
    tried = np.concatenate([rows, 2.0 * rows - rows.mean(axis=0)])
    there = _predicted(estimator, tried)
    off = np.abs(tried @ weights + bias - there).max()
    if not off <= _ROUNDING * max(1e-3, float(np.ptp(there))):
        raise ModelError(
            f"The {_name_of(estimator)} is not exported: its predictions are no sum of weights "
            f"times features (off by {off:.2g}), so that no contribution would be what an input "
            "does; export a linear one, such as ridge, lasso, PLS or kernel ridge with a linear "
            "kernel, or an RBF kernel or a forest as approximate (kernel_export, forest_export)."
        )
    return weights, bias


def _predicted(estimator: Any, rows: FloatArray) -> FloatArray:
    return np.asarray(estimator.predict(rows), dtype=np.float64).reshape(len(rows), -1)


def _name_of(estimator: Any) -> str:
    steps = getattr(estimator, "steps", None)
    last = steps[-1][1] if steps else estimator
    kernel = getattr(last, "kernel", None)
    return type(last).__name__ + (f" with the kernel {kernel!r}" if kernel else "")
