"""Kernel ridge and support vectors (RBF) as model files: ``bias + Σ dual · exp(-γ ‖z - s‖²)``.

What is shown for an input is the slope of the prediction at this moment times how far the
input is from its reference, its bands and measures summed: the local linear account.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..decoding.card import Agreement, ModelCard
from ..errors import ModelError
from ..signal import FloatArray
from .graph_parts import GraphParts
from .learning.fitted import Fitted
from .linear_export import Electrodes
from .nonlinear_export import MOST_MB, Block, Claimed, block_of, write_nonlinear

HOW = "the slope of the prediction at the moment times the distance from the reference"


@dataclass(frozen=True, eq=False)
class Kernels:
    """Sums of Gaussian bells on standardised features.

    Attributes
    ----------
    support : array, shape (n_support, n_columns)
        Their centres, in single precision.
    dual : array, shape (n_targets, n_support)
    gamma, bias : array, shape (n_targets,)
    """

    support: np.ndarray
    dual: FloatArray
    gamma: FloatArray
    bias: FloatArray


def is_kernel(estimator: Any) -> bool:
    """Tell whether an estimator is a sum of RBF kernels."""
    from sklearn.kernel_ridge import KernelRidge
    from sklearn.svm import SVR

    return isinstance(estimator, KernelRidge | SVR) and estimator.kernel == "rbf"


def export_kernels(
    fitted: Fitted,
    card: ModelCard,
    electrodes: Electrodes,
    rows: FloatArray,
    std: FloatArray,
    path: Path,
) -> Agreement:
    """Write kernel ridges or support vector regressions with an RBF kernel as a model file.

    Parameters and errors as for `nonlinear_export.write_nonlinear`.
    """
    if not all(is_kernel(part.estimator) for part in fitted.parts):
        raise ModelError(
            f"The {fitted.name} is not exported as a sum of kernels, expected KernelRidge or SVR "
            "with the kernel 'rbf'."
        )
    kernels = _kernels_of(fitted)
    size = kernels.support.nbytes / 1e6
    if size > MOST_MB:
        n_support, n_columns = kernels.support.shape
        raise ModelError(
            f"The {fitted.name} is not exported: {n_support} moments with {n_columns} features "
            f"are {size:.0f} MB, at most {MOST_MB:.0f} are written; train on fewer rows (--step), "
            "on band power alone (--parts power), or another estimator (--estimator ridge)."
        )
    block = block_of(fitted, card, electrodes)
    shape = (len(card.features.bands), len(electrodes.channels), len(electrodes.pairs))

    def body(parts: GraphParts, x: str) -> Claimed:
        return _added(parts, x, kernels, fitted, block, shape)

    return write_nonlinear(body, HOW, fitted, card, electrodes, rows, std, path)


def _kernels_of(fitted: Fitted) -> Kernels:
    """Put the estimators of all targets together, on the moments that any of them uses."""
    each = [(part.targets, *_of_one(part.estimator)) for part in fitted.parts]
    together, where = _union([rows for _, rows, *_ in each])
    dual = np.zeros((fitted.n_targets, len(together)))
    gamma, bias = np.ones(fitted.n_targets), np.zeros(fitted.n_targets)
    for (targets, _, own_dual, own_gamma, own_bias), place in zip(each, where, strict=True):
        for target, row in zip(targets, np.atleast_2d(own_dual), strict=True):
            np.add.at(dual[target], place, row)
        gamma[list(targets)], bias[list(targets)] = own_gamma, own_bias
    kept = dual.any(axis=0)
    return Kernels(together[kept].astype(np.float32), dual[:, kept], gamma, bias)


def _of_one(estimator: Any) -> tuple[FloatArray, FloatArray, float, float]:
    """Return centres, dual coefficients (n_targets, n_centres), gamma and bias."""
    if hasattr(estimator, "support_vectors_"):
        centres = np.asarray(estimator.support_vectors_)
        return centres, estimator.dual_coef_, estimator._gamma, float(estimator.intercept_[0])
    centres = np.asarray(estimator.X_fit_)
    gamma = 1.0 / centres.shape[1] if estimator.gamma is None else float(estimator.gamma)
    return centres, np.asarray(estimator.dual_coef_).T, gamma, 0.0


def _union(rows: Sequence[FloatArray]) -> tuple[FloatArray, list[np.ndarray]]:
    """Return the different rows of all, and where those of each are among them."""
    known: dict[bytes, int] = {}
    kept: list[FloatArray] = []
    where = []
    for own in rows:
        place = np.empty(len(own), dtype=np.int64)
        for k, row in enumerate(own):
            key = row.tobytes()
            if key not in known:
                known[key] = len(kept)
                kept.append(row)
            place[k] = known[key]
        where.append(place)
    return np.array(kept), where


def _added(
    parts: GraphParts,
    x: str,
    kernels: Kernels,
    fitted: Fitted,
    block: Block,
    shape: tuple[int, int, int],
) -> Claimed:
    """Add the sums and their slopes to a graph, in double precision."""
    scale = parts.keep("scale", fitted.scale)
    z = parts.add("Div", [parts.add("Sub", [x, parts.keep("mean", fitted.mean)]), scale])
    # Kept in single precision; turned into double once, when the file is opened.
    support = parts.double(parts.keep("support", kernels.support))
    squares = np.square(kernels.support.astype(np.float64)).sum(axis=1)
    flat, across = parts.keep("sum_0", np.array([0])), parts.keep("sum_1", np.array([1]))
    own = parts.add("ReduceSum", [parts.add("Mul", [z, z]), flat], keepdims=1)
    product = parts.add("Mul", [parts.add("MatMul", [support, z]), parts.keep("two", 2.0)])
    apart = parts.add("Add", [parts.add("Sub", [parts.keep("squares", squares), product]), own])
    apart = parts.add("Max", [apart, parts.keep("zero", 0.0)])
    steep = parts.keep("gamma", -kernels.gamma[:, None])
    bells = parts.add("Exp", [parts.add("Mul", [steep, apart])])
    weighted = parts.add("Mul", [bells, parts.keep("dual", kernels.dual)])
    summed = parts.add("ReduceSum", [weighted, across], keepdims=1)
    bias = parts.keep("bias", kernels.bias[:, None])
    mean = parts.add("Squeeze", [parts.add("Add", [summed, bias]), across])
    towards = parts.add(
        "Sub", [parts.add("MatMul", [weighted, support]), parts.add("Mul", [summed, z])]
    )
    slope = parts.add("Mul", [towards, parts.keep("slope", 2.0 * kernels.gamma[:, None])])
    moved = parts.add("Mul", [slope, parts.add("Div", [x, scale])])
    return _split(parts, mean, moved, block, shape)


def _split(
    parts: GraphParts, mean: str, moved: str, block: Block, shape: tuple[int, int, int]
) -> Claimed:
    """Sum what features do over bands and measures, electrode by electrode, pair by pair."""
    n_bands, n, n_pairs = shape
    stop = n_bands * n if block.power else 0
    axis, over = parts.keep("axis_of_features", np.array([1])), parts.keep("over", np.array([1]))
    found: list[str | None] = []
    for name, there, first, last, length in (
        ("node", block.power, 0, stop, n),
        ("edge", block.edges, stop, np.iinfo(np.int64).max, n_pairs),
    ):
        if not there:
            found.append(None)
            continue
        ends = [parts.keep(f"{name}_{k}", np.array([at])) for k, at in enumerate((first, last))]
        taken = parts.add("Slice", [moved, *ends, axis])
        wide = parts.keep(f"{name}_shape", np.array([0, -1, length]))
        found.append(
            parts.add("ReduceSum", [parts.add("Reshape", [taken, wide]), over], keepdims=0)
        )
    return Claimed(mean, *found)
