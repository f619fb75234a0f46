"""Regressions that are no weighted sum as approximate model files: kernels and forests.

The graph brings the channels there are, in whatever order, into the order of the electrodes
that a regression was fitted on. A channel that is masked, or is none of these, stands at its
reference together with its pairs, as it does for every model. How far contributions are what
resetting an input does is measured on the graph itself, and stands in its card.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..decoding.card import Agreement, ModelCard, Tied
from ..decoding.graph import DECODED, INPUTS, tensors
from ..errors import ModelError
from ..features.measures import get_measure
from ..signal import FloatArray
from .graph_parts import (
    IR_VERSION,
    OPSET,
    GraphParts,
    Located,
    locate,
    require_onnx,
    session_of,
    write_graph,
)
from .learning.fitted import Fitted
from .linear_export import Electrodes

# Megabytes; beyond, a file opens slowly and a frame takes longer than a hop.
MOST_MB = 32.0
# Inputs of either kind that are reset to measure agreement.
_RESET = 100


@dataclass(frozen=True)
class Block:
    """Which of the features a regression is given, in the order of the electrodes."""

    power: bool
    edges: bool


@dataclass(frozen=True, eq=False)
class Claimed:
    """Names in the graph of what a regression says.

    Attributes
    ----------
    mean : str
        Shape (n_targets,).
    node : str or None
        Contributions of electrodes, (n_targets, n_electrodes); None where it has no power.
    edge : str or None
        Contributions of their pairs, (n_targets, n_pairs); None where it has no connectivity.
    """

    mean: str
    node: str | None
    edge: str | None


# Adds a regression to a graph, given the name of the features that it takes.
Body = Callable[[GraphParts, str], Claimed]


def write_nonlinear(
    body: Body,
    how: str,
    fitted: Fitted,
    card: ModelCard,
    electrodes: Electrodes,
    rows: FloatArray,
    std: FloatArray,
    path: Path,
) -> Agreement:
    """Write a regression as a model file whose reasons are approximate.

    Parameters
    ----------
    body : callable
        Adds the regression to the graph.
    how : str
        What its contributions are, in words.
    fitted : Fitted
        On the features of `electrodes`, ordered as in `linear_export.export_linear`.
    card, electrodes, rows, std, path
        As for `linear_export.export_linear`.

    Returns
    -------
    Agreement
        As measured.

    Raises
    ------
    ModelError
        If it does not fit card and electrodes, is too large, or the file would be refused.
    """
    require_onnx()
    block = block_of(fitted, card, electrodes)
    if fitted.n_targets != len(card.targets) or std.shape != (len(card.targets),):
        raise ModelError(
            f"The {fitted.name} is not exported: it predicts {fitted.n_targets} targets with "
            f"{std.size} standard deviations, and its card has {len(card.targets)} targets."
        )
    made = _graph(body, block, card, electrodes, std)
    size = made.ByteSize() / 1e6
    if size > MOST_MB:
        raise ModelError(
            f"The {fitted.name} is not exported: its file would have {size:.0f} MB, at most "
            f"{MOST_MB:.0f} are written; train on fewer rows (--step), on band power alone "
            "(--parts power), or another estimator (--estimator ridge)."
        )
    session = session_of(made.SerializeToString())
    rest = electrode_inputs(card, electrodes)

    def run(power: FloatArray, connectivity: FloatArray) -> Sequence[FloatArray]:
        feeds = {"power": power, "connectivity": connectivity, **rest}
        names = ["mean", "node_contribution", "edge_contribution"]
        found: Sequence[FloatArray] = session.run(names, feeds)
        return found

    agreement = agreement_of(run, card, electrodes, rows, how)
    whole = replace(
        approximate(card, agreement, electrodes),
        inputs=tensors(session.get_inputs()),
        outputs=tensors(session.get_outputs()),
    )
    whole.check(str(path))
    write_graph(made, whole, path)
    return agreement


def approximate(card: ModelCard, agreement: Agreement, electrodes: Electrodes) -> ModelCard:
    """Return a card of an approximate model that is tied to electrodes."""
    n = len(electrodes.channels)
    positions = tuple((float(x), float(y), float(z)) for x, y, z in electrodes.positions)
    return replace(
        card,
        architecture="approximate",
        agreement=agreement,
        context=None,
        tied=Tied(electrodes.channels, positions, "", ""),
        min_channels=min(card.min_channels, n),
        max_channels=n,
    )


def block_of(fitted: Fitted, card: ModelCard, electrodes: Electrodes) -> Block:
    """Return which features a regression was given: all power, all connectivity, or both.

    Raises
    ------
    ModelError
        If it was given some of them only, or others.
    """
    n_power, n_edges = _sizes(card, len(electrodes.channels))
    columns = fitted.columns
    block = Block(bool(len(columns)) and columns[0] == 0, bool((columns >= n_power).any()))
    start = 0 if block.power else n_power
    stop = n_power + n_edges if block.edges else n_power
    if not np.array_equal(columns, np.arange(start, stop)):
        raise ModelError(
            f"The {fitted.name} is not exported: its {len(columns)} features are not all power "
            f"({n_power}), all connectivity ({n_edges}) or both of {len(electrodes.channels)} "
            "electrodes with the card's bands and measures."
        )
    return block


def _sizes(card: ModelCard, n: int) -> tuple[int, int]:
    features = card.features
    n_edges = len(features.measures) * len(features.connectivity_bands) * (n * (n - 1) // 2)
    return len(features.bands) * n, n_edges


def _graph(
    body: Body, block: Block, card: ModelCard, electrodes: Electrodes, std: FloatArray
) -> Any:
    from onnx import TensorProto, helper

    parts = GraphParts()
    found = _Found.of(parts, card, electrodes)
    claimed = body(parts, found.features(parts, block))
    parts.add("Identity", [claimed.mean], "mean")
    parts.add("Identity", [parts.keep("std", std)], "std")
    found.shown(parts, claimed, len(card.targets))
    shapes, outputs = _shapes(card)
    kinds = {"pairs": TensorProto.INT64}
    graph = helper.make_graph(
        parts.nodes,
        "nonlinear",
        [
            helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), shapes[name])
            for name in INPUTS
        ],
        [
            helper.make_tensor_value_info(name, TensorProto.DOUBLE, outputs[name])
            for name in DECODED
        ],
        parts.kept,
    )
    made = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    made.producer_name = "rtemotion"
    return made


def _shapes(card: ModelCard) -> tuple[dict[str, tuple[Any, ...]], dict[str, tuple[Any, ...]]]:
    n_bands, n_targets = len(card.features.bands), len(card.targets)
    edges = (len(card.features.measures), len(card.features.connectivity_bands))
    # A regression has no use for what is known of the person beside its reference.
    n_context = replace(card, context=None).n_context
    inputs: dict[str, tuple[Any, ...]] = {
        "power": (n_bands, "channels"),
        "connectivity": (*edges, "pairs"),
        "pairs": ("pairs", 2),
        "positions": ("channels", 3),
        "mask": ("channels",),
        "context": (n_context, "channels"),
    }
    outputs: dict[str, tuple[Any, ...]] = {
        "mean": (n_targets,),
        "std": (n_targets,),
        "node_contribution": (n_targets, "channels"),
        "edge_contribution": (n_targets, "pairs"),
    }
    return inputs, outputs


@dataclass(frozen=True, eq=False)
class _Found:
    """What of a graph's channels and pairs is known, and the way to features and back."""

    card: ModelCard
    n: int
    at: Located

    @classmethod
    def of(cls, parts: GraphParts, card: ModelCard, electrodes: Electrodes) -> _Found:
        """Add the search for electrodes to a graph."""
        turning = [get_measure(m).antisymmetric for m in card.features.measures]
        at = locate(parts, electrodes.positions, electrodes.pairs, turning)
        return cls(card, len(electrodes.channels), at)

    def features(self, parts: GraphParts, block: Block) -> str:
        """Add the features of the electrodes in their own order, flat; 0 where unknown."""
        flat, rows = parts.keep("flat", np.array([-1])), []
        features = self.card.features
        if block.power:
            power = parts.add("Mul", [parts.double("power"), self.at.used])
            nothing = np.zeros((len(features.bands), self.n))
            where = parts.add("Expand", [self.at.which, parts.add("Shape", ["power"])])
            placed = self._scattered(parts, "no_power", nothing, where, power)
            rows.append(parts.add("Reshape", [placed, flat]))
        if block.edges:
            axis = parts.keep("edge_axis", np.array([1]))
            sign = parts.add("Unsqueeze", [self.at.sign, axis])
            edges = parts.add("Mul", [parts.double("connectivity"), sign])
            n_pairs = self.n * (self.n - 1) // 2
            shape = (len(features.measures), len(features.connectivity_bands), n_pairs)
            where = parts.add("Expand", [self.at.number, parts.add("Shape", ["connectivity"])])
            placed = self._scattered(parts, "no_edges", np.zeros(shape), where, edges)
            rows.append(parts.add("Reshape", [placed, flat]))
        return parts.add("Concat", rows, axis=0)

    def shown(self, parts: GraphParts, claimed: Claimed, n_targets: int) -> None:
        """Add contributions of the channels and pairs that there are."""
        for name, given, which, used in (
            ("node_contribution", claimed.node, self.at.which, self.at.used),
            ("edge_contribution", claimed.edge, self.at.number, self.at.both),
        ):
            if given is None:
                given = parts.keep(f"no_{name}", np.zeros((n_targets, self.n * self.n)))
            taken = parts.add("Gather", [given, which], axis=1)
            parts.add("Mul", [taken, used], name)

    @staticmethod
    def _scattered(
        parts: GraphParts, name: str, nothing: FloatArray, where: str, values: str
    ) -> str:
        return parts.add(
            "ScatterElements",
            [parts.keep(name, nothing), where, values],
            axis=nothing.ndim - 1,
            reduction="add",
        )


def agreement_of(
    run: Callable[[FloatArray, FloatArray], Sequence[FloatArray]],
    card: ModelCard,
    electrodes: Electrodes,
    rows: FloatArray,
    how: str,
) -> Agreement:
    """Measure how far contributions are what resetting their input does, as `resetting` does.

    Parameters
    ----------
    run : callable
        From power and connectivity to the prediction and the contributions of electrodes and
        of pairs, all electrodes in use.
    card : ModelCard
        Says what the features are.
    electrodes : Electrodes
    rows : array, shape (n_rows, n_features)
        Moments to draw from.
    how : str
        What its contributions are, in words.
    """
    rng = np.random.default_rng(0)
    n, features = len(electrodes.channels), card.features
    n_power, _ = _sizes(card, n)
    edges = (len(features.measures), len(features.connectivity_bands), -1)
    found: dict[str, list[FloatArray]] = {"node": [], "edge": []}
    for _ in range(_RESET):
        row = rows[int(rng.integers(len(rows)))].astype(np.float32)
        power, connectivity = row[:n_power].reshape(-1, n), row[n_power:].reshape(edges)
        channel, pair = int(rng.integers(n)), int(rng.integers(len(electrodes.pairs)))
        mean, node, edge = run(power, connectivity)
        without, lacking = power.copy(), connectivity.copy()
        without[:, channel] = 0.0
        lacking[:, :, pair] = 0.0
        for kind, claim, moved in (
            ("node", node[:, channel], run(without, connectivity)[0]),
            ("edge", edge[:, pair], run(power, lacking)[0]),
        ):
            found[kind].append(np.stack([claim, mean - moved]))
    node_agrees, edge_agrees = (
        _correlation(*np.concatenate(found[kind], axis=1)) for kind in ("node", "edge")
    )
    return Agreement(
        node_agrees,
        edge_agrees,
        protocol=(
            f"contributions are {how}; correlation over {_RESET} channels and pairs drawn from "
            "moments of training with how far setting one to its reference moves the prediction"
        ),
    )


def electrode_inputs(card: ModelCard, electrodes: Electrodes) -> dict[str, np.ndarray]:
    """Return what a graph is told of its electrodes, all in use and nothing known beside."""
    n = len(electrodes.channels)
    return {
        "pairs": electrodes.pairs,
        "positions": electrodes.positions.astype(np.float32),
        "mask": np.ones(n, dtype=np.float32),
        "context": np.zeros((replace(card, context=None).n_context, n), dtype=np.float32),
    }


def _correlation(claimed: FloatArray, done: FloatArray) -> float:
    flat = [float(np.ptp(x)) <= 1e-12 for x in (claimed, done)]
    if any(flat):
        # Where nothing is claimed and nothing moves, both say the same.
        return float(all(flat))
    return float(np.clip(np.corrcoef(claimed, done)[0, 1], -1.0, 1.0))
