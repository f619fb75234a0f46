"""Random forests as model files, walked down tree by tree with ONNX's own operators.

What is shown for an input is what resetting it does: the forest is walked once as things are,
and once for each electrode and pair with its features at their reference. These do not add
up to the prediction, for trees make use of inputs together.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..decoding.card import Agreement, ModelCard
from ..errors import ModelError
from ..signal import FloatArray
from .graph_parts import GraphParts
from .learning.fitted import Fitted
from .linear_export import Electrodes
from .nonlinear_export import Block, Claimed, block_of, write_nonlinear

HOW = "what the forest says less what it says with the input at its reference"


@dataclass(frozen=True, eq=False)
class Trees:
    """Nodes of all trees, one after another; a leaf leads to itself.

    Attributes
    ----------
    feature : array of int32, shape (n_nodes,)
        Which is compared; 0 in leaves.
    threshold : array of float32, shape (n_nodes,)
    left, right : array of int32, shape (n_nodes,)
        Where to go when the feature is not above the threshold, and when it is.
    value : array of float32, shape (n_nodes, n_targets)
        What a leaf adds to every target; 0 for those of other forests.
    roots : array of int32, shape (n_trees,)
    depth : int
        Steps from a root to the deepest leaf.
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float32]
    roots: NDArray[np.int32]
    depth: int


def is_forest(estimator: Any) -> bool:
    """Tell whether an estimator is a random forest."""
    from sklearn.ensemble import RandomForestRegressor

    return isinstance(estimator, RandomForestRegressor)


def export_forest(
    fitted: Fitted,
    card: ModelCard,
    electrodes: Electrodes,
    rows: FloatArray,
    std: FloatArray,
    path: Path,
) -> Agreement:
    """Write random forests as a model file.

    Parameters and errors as for `nonlinear_export.write_nonlinear`.
    """
    if not all(is_forest(part.estimator) for part in fitted.parts):
        raise ModelError(
            f"The {fitted.name} is not exported as a forest, expected RandomForestRegressor."
        )
    trees = _trees_of(fitted)
    block = block_of(fitted, card, electrodes)
    shape = (len(card.features.bands), len(electrodes.channels), len(electrodes.pairs))

    def body(parts: GraphParts, x: str) -> Claimed:
        return _added(parts, x, trees, fitted, block, shape)

    return write_nonlinear(body, HOW, fitted, card, electrodes, rows, std, path)


def _trees_of(fitted: Fitted) -> Trees:
    """Put all trees of all forests into one row of nodes."""
    pieces: dict[str, list[np.ndarray]] = {
        name: [] for name in ("feature", "threshold", "left", "right", "value")
    }
    roots, start, depth = [], 0, 1
    for part in fitted.parts:
        forest = part.estimator.estimators_
        for tree in (one.tree_ for one in forest):
            here = np.arange(tree.node_count)
            leaf = tree.children_left < 0
            roots.append(start)
            depth = max(depth, int(tree.max_depth))
            pieces["feature"].append(np.where(leaf, 0, tree.feature))
            pieces["threshold"].append(_rounded_down(np.where(leaf, 0.0, tree.threshold)))
            pieces["left"].append(start + np.where(leaf, here, tree.children_left))
            pieces["right"].append(start + np.where(leaf, here, tree.children_right))
            value = np.zeros((tree.node_count, fitted.n_targets))
            value[:, list(part.targets)] = tree.value[:, :, 0] / len(forest)
            pieces["value"].append(value)
            start += tree.node_count
    whole = {name: np.concatenate(rows) for name, rows in pieces.items()}
    return Trees(
        whole["feature"].astype(np.int32),
        whole["threshold"],
        whole["left"].astype(np.int32),
        whole["right"].astype(np.int32),
        whole["value"].astype(np.float32),
        np.array(roots, dtype=np.int32),
        depth,
    )


def _rounded_down(threshold: FloatArray) -> NDArray[np.float32]:
    """Return thresholds in single precision that part single numbers as the double ones do."""
    single = threshold.astype(np.float32)
    above = single.astype(np.float64) > threshold
    lower: NDArray[np.float32] = np.where(above, np.nextafter(single, np.float32(-np.inf)), single)
    return lower


def _added(
    parts: GraphParts,
    x: str,
    trees: Trees,
    fitted: Fitted,
    block: Block,
    shape: tuple[int, int, int],
) -> Claimed:
    """Add the walks to a graph: one as things are, then one for every input that is reset."""
    from onnx import TensorProto

    n_nodes, n_edges = _inputs(block, shape)
    z = parts.add("Sub", [x, parts.keep("mean", fitted.mean)])
    z = parts.add("Div", [z, parts.keep("scale", fitted.scale)])
    # Trees were grown on single precision.
    z = parts.add("Cast", [z], to=TensorProto.FLOAT)
    reset = parts.keep("reset", (-fitted.mean / fitted.scale).astype(np.float32))
    feature = parts.keep("feature", trees.feature)
    threshold = parts.keep("threshold", trees.threshold)
    left, right = parts.keep("left", trees.left), parts.keep("right", trees.right)

    def next_of(values: str) -> str:
        below = parts.add("LessOrEqual", [parts.add("Gather", [values, feature]), threshold])
        return parts.add("Where", [below, left, right])

    usual, otherwise = next_of(z), next_of(reset)
    of_feature = parts.keep("input", _input_of(fitted, block, shape))
    of_node = parts.add("Gather", [of_feature, feature])
    walks = 1 + n_nodes + n_edges
    walk = parts.keep("walk", np.arange(walks, dtype=np.int32)[:, None])
    wide = parts.keep("wide", np.array([walks, len(trees.roots)]))
    at = parts.add("Expand", [parts.keep("roots", trees.roots), wide])
    for _ in range(trees.depth):
        own = parts.add("Equal", [parts.add("Gather", [of_node, at]), walk])
        there = parts.add("Gather", [otherwise, at])
        at = parts.add("Where", [own, there, parts.add("Gather", [usual, at])])
    value = parts.keep("value", trees.value)
    over = parts.keep("over", np.array([1]))
    said = parts.add("ReduceSum", [parts.add("Gather", [value, at]), over], keepdims=0)
    first = parts.add("Gather", [at, parts.keep("first", np.int64(0))])
    exact = parts.double(parts.add("Gather", [value, first]))
    mean = parts.add("ReduceSum", [exact, parts.keep("trees", np.array([0]))], keepdims=0)
    as_is = parts.add("Gather", [said, parts.keep("as_is", np.array([0]))])
    moved = parts.add("Transpose", [parts.double(parts.add("Sub", [as_is, said]))], perm=[1, 0])
    found: list[str | None] = []
    for name, start, count in (("node", 1, n_nodes), ("edge", 1 + n_nodes, n_edges)):
        chosen = parts.keep(f"{name}_walks", np.arange(start, start + count))
        found.append(parts.add("Gather", [moved, chosen], axis=1) if count else None)
    return Claimed(mean, *found)


def _inputs(block: Block, shape: tuple[int, int, int]) -> tuple[int, int]:
    """Return how many electrodes and pairs can be reset."""
    _, n, n_pairs = shape
    return (n if block.power else 0), (n_pairs if block.edges else 0)


def _input_of(fitted: Fitted, block: Block, shape: tuple[int, int, int]) -> NDArray[np.int32]:
    """Return the walk in which each feature is reset, shape (n_columns,)."""
    n_bands, n, n_pairs = shape
    n_nodes, _ = _inputs(block, shape)
    power = np.tile(1 + np.arange(n_nodes), n_bands) if block.power else np.empty(0, np.int64)
    rest = len(fitted.columns) - len(power)
    edges = np.tile(1 + n_nodes + np.arange(n_pairs), rest // n_pairs if rest else 0)
    return np.concatenate([power, edges]).astype(np.int32)
