"""A linear read-out on known electrodes as an ONNX graph, alone or on top of another model.

Its weights belong to electrodes, which the graph finds by where they sit: channels may come
in any order, one that is masked adds nothing, and the graph takes any number of them, as
that of every model file does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..decoding.card import ModelCard
from ..decoding.graph import INPUTS, OUTPUTS, WEIGHTS, tensors
from ..decoding.model import Model
from ..errors import ModelError
from ..features.measures import get_measure
from ..signal import FloatArray
from .graph_parts import (
    IR_VERSION,
    OPSET,
    GraphParts,
    locate,
    require_onnx,
    session_of,
    write_graph,
)

_BASE = "base_"


@dataclass(frozen=True, eq=False)
class PlacedWeights:
    """Weights on the features of certain electrodes: ``bias + Σ weight · feature``.

    Attributes
    ----------
    node : array, shape (n_targets, n_bands, n_channels)
    edge : array, shape (n_targets, n_measures, n_connectivity_bands, n_pairs)
    bias : array, shape (n_targets,)
    positions : array, shape (n_channels, 3)
        Of the electrodes: metres, head frame.
    pairs : array of int, shape (n_pairs, 2)
        Electrodes of each pair, i < j.
    """

    node: FloatArray
    edge: FloatArray
    bias: FloatArray
    positions: FloatArray
    pairs: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Underneath:
    """What the weights are added to.

    Attributes
    ----------
    model : Model
        An additive one.
    scale, std_scale : array, shape (n_targets,)
        Factors on all its weights and its constant, and on its standard deviation.
    """

    model: Model
    scale: FloatArray
    std_scale: FloatArray


def write_placed(
    weights: PlacedWeights,
    card: ModelCard,
    path: Path,
    std: FloatArray | None = None,
    under: Underneath | None = None,
) -> None:
    """Write a model file whose weights are given, in place of a network that emits them.

    Parameters
    ----------
    weights : PlacedWeights
        On features of the card's schema.
    card : ModelCard
        Its description, tied to these electrodes.
    path : Path
        Where to write; replaced at once when the file is complete and opens.
    std : array, shape (n_targets,), or None
        Standard deviation of the estimates, where there is no model underneath.
    under : Underneath or None
        The model that the weights are added to.

    Raises
    ------
    ModelError
        When the file would be refused on opening.
    SetupError
        When the package that writes such files is missing.
    """
    require_onnx()
    card.check(str(path))
    if card.architecture != "additive" or card.tied is None:
        raise ModelError(f"{path} is not written: its card is not that of weights on electrodes.")
    made = _on_top(weights, card, under) if under else _alone(weights, card, std)
    made.producer_name = "rtemotion"
    write_graph(made, _completed(card, made.SerializeToString()), path)


def _completed(card: ModelCard, graph: bytes) -> ModelCard:
    session = session_of(graph)
    found = {tensor.name: tensor for tensor in tensors(session.get_outputs())}
    return replace(
        card,
        inputs=tensors(session.get_inputs()),
        outputs=tuple(found[name] for name in OUTPUTS),
    )


def _alone(weights: PlacedWeights, card: ModelCard, std: FloatArray | None) -> Any:
    from onnx import TensorProto, helper

    parts = GraphParts()
    node, edge = _placed(parts, weights, card)
    parts.add("Identity", [node], "node_weight")
    parts.add("Identity", [edge], "edge_weight")
    parts.add("Identity", [parts.keep("bias", weights.bias)], "bias")
    spread = np.ones(len(weights.bias)) if std is None else std
    parts.add("Identity", [parts.keep("std", spread)], "std")
    _read_out(parts)
    n_bands, n_measures = len(card.features.bands), len(card.features.measures)
    shapes: dict[str, Sequence[int | str]] = {
        "power": (n_bands, "channels"),
        "connectivity": (n_measures, len(card.features.connectivity_bands), "pairs"),
        "pairs": ("pairs", 2),
        "positions": ("channels", 3),
        "mask": ("channels",),
        "context": (card.n_context, "channels"),
    }
    kinds = {"pairs": TensorProto.INT64}
    inputs = [
        helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), shapes[name])
        for name in INPUTS
    ]
    graph = helper.make_graph(parts.nodes, "placed", inputs, _outputs(card), parts.kept)
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )


def _on_top(weights: PlacedWeights, card: ModelCard, under: Underneath) -> Any:
    """Return a model's graph with its outputs scaled and the weights added to them."""
    onnx = require_onnx()
    made = onnx.load_from_string(under.model.path.read_bytes())
    for node in made.graph.node:
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                if name in OUTPUTS:
                    names[i] = _BASE + name
    for constant in made.graph.initializer:
        if constant.name in OUTPUTS:
            constant.name = _BASE + constant.name
    del made.graph.output[:]
    del made.graph.value_info[:]
    parts = GraphParts()
    node, edge = _placed(parts, weights, card)
    n = len(weights.bias)
    for name, more, rank in (("node_weight", node, 3), ("edge_weight", edge, 4)):
        scale = parts.keep(f"scale_{name}", under.scale.reshape(n, *[1] * (rank - 1)))
        scaled = parts.add("Mul", [parts.double(_BASE + name), scale])
        parts.add("Add", [scaled, more], name)
    scaled = parts.add("Mul", [parts.double(_BASE + "bias"), parts.keep("scale", under.scale)])
    parts.add("Add", [scaled, parts.keep("bias", weights.bias)], "bias")
    spread = parts.keep("std_scale", under.std_scale)
    parts.add("Mul", [parts.double(_BASE + "std"), spread], "std")
    _read_out(parts)
    made.graph.node.extend(parts.nodes)
    made.graph.initializer.extend(parts.kept)
    made.graph.output.extend(_outputs(card))
    return made


def _placed(parts: GraphParts, weights: PlacedWeights, card: ModelCard) -> tuple[str, str]:
    """Add weights of the channels there are; return the names of those of nodes and edges."""
    turning = [get_measure(m).antisymmetric for m in card.features.measures]
    found = locate(parts, weights.positions, weights.pairs, turning)
    node = parts.double(parts.keep("node", weights.node.astype(np.float32)))
    node = parts.add("Mul", [parts.add("Gather", [node, found.which], axis=2), found.used])
    edge = parts.double(parts.keep("edge", weights.edge.astype(np.float32)))
    edge = parts.add("Gather", [edge, found.number], axis=3)
    axis = parts.keep("sign_axis", np.array([1]))
    return node, parts.add("Mul", [edge, parts.add("Unsqueeze", [found.sign, axis])])


def _read_out(parts: GraphParts) -> None:
    """Add what follows from weights, constant and features, in double precision."""
    one, both = parts.keep("sum_1", np.array([1])), parts.keep("sum_12", np.array([1, 2]))
    by_band = parts.add("Mul", ["node_weight", parts.double("power")])
    parts.add("ReduceSum", [by_band, one], "node_contribution", keepdims=0)
    by_edge = parts.add("Mul", ["edge_weight", parts.double("connectivity")])
    parts.add("ReduceSum", [by_edge, both], "edge_contribution", keepdims=0)
    node = parts.add("ReduceSum", ["node_contribution", one], keepdims=0)
    edge = parts.add("ReduceSum", ["edge_contribution", one], keepdims=0)
    parts.add("Add", [parts.add("Add", ["bias", node]), edge], "mean")


def _outputs(card: ModelCard) -> list[Any]:
    from onnx import TensorProto, helper

    n, bands = len(card.targets), len(card.features.bands)
    edges = (len(card.features.measures), len(card.features.connectivity_bands), "pairs")
    shapes: dict[str, Sequence[int | str]] = {
        "mean": (n,),
        "std": (n,),
        "node_contribution": (n, "channels"),
        "edge_contribution": (n, "pairs"),
        "node_weight": (n, bands, "channels"),
        "edge_weight": (n, *edges),
        "bias": (n,),
    }
    assert set(WEIGHTS) < set(shapes)
    return [
        helper.make_tensor_value_info(name, TensorProto.DOUBLE, shapes[name]) for name in OUTPUTS
    ]
