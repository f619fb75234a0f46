"""What graphs of model files are put together from: operations, constants, pairs of electrodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..decoding.card import METADATA_KEY, ModelCard
from ..decoding.model import Model
from ..decoding.tied import TOLERANCE
from ..errors import SetupError
from ..quiet_onnx import load_onnxruntime
from ..signal import FloatArray

OPSET = 18
# What onnxruntime 1.20 reads, the oldest that is asked for.
IR_VERSION = 10
# Names that the graph of another model will not have.
_OWN = "placed_"


class GraphParts:
    """Nodes and constants of a graph in the making."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.kept: list[Any] = []

    def add(self, kind: str, inputs: list[str], name: str = "", **attributes: Any) -> str:
        """Add an operation; return the name of what it gives."""
        from onnx import helper

        name = name or f"{_OWN}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def keep(self, name: str, value: Any) -> str:
        """Add a constant; return its name."""
        from onnx import numpy_helper

        self.kept.append(numpy_helper.from_array(np.asarray(value), _OWN + name))
        return _OWN + name

    def double(self, name: str) -> str:
        """Add a conversion to double precision."""
        from onnx import TensorProto

        return self.add("Cast", [name], to=TensorProto.DOUBLE)


def session_of(graph: bytes) -> Any:
    """Return a graph ready to run, on one thread."""
    ort = load_onnxruntime()
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def write_graph(made: Any, card: ModelCard, path: Path) -> None:
    """Write a graph with its card, whole or not at all; the file is opened before it counts.

    Raises
    ------
    ModelError
        When the file would be refused on opening.
    """
    del made.metadata_props[:]
    entry = made.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, card.to_json()
    require_onnx().checker.check_model(made)
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(made.SerializeToString())
        Model(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def require_onnx() -> Any:
    """Return the package that writes ONNX files.

    Raises
    ------
    SetupError
        When it is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise SetupError(
            "Writing a model file needs the package onnx, which is not installed; get it with "
            "pip install 'rtemotion[train]'."
        ) from None
    return onnx


@dataclass(frozen=True)
class Located:
    """Names of what a graph finds out about its channels and pairs.

    Attributes
    ----------
    which, number : str
        The electrode that each channel is, and the pair of electrodes that each pair is.
    used, both : str
        1 where a channel or pair is known and not masked, else 0.
    sign : str
        In each measure, what a pair is multiplied by: 0 where it is not used, and -1 where
        its channels stand the other way round in an antisymmetric one.
    """

    which: str
    used: str
    number: str
    both: str
    sign: str


def locate(
    parts: GraphParts,
    positions: FloatArray,
    pairs: NDArray[np.int64],
    antisymmetric: Sequence[bool],
) -> Located:
    """Add the search for electrodes by where they sit.

    Parameters
    ----------
    parts : GraphParts
    positions : array, shape (n_electrodes, 3)
        Metres, head frame.
    pairs : array of int, shape (n_pairs, 2)
        Of electrodes, i < j.
    antisymmetric : sequence of bool
        For each measure.
    """
    n = len(positions)
    axis_1, column = parts.keep("axis_1", np.array([1])), parts.keep("axis_2", np.array([2]))
    place = parts.keep("positions", positions.astype(np.float32)[None])
    away = parts.add("Sub", [parts.add("Unsqueeze", ["positions", axis_1]), place])
    squared = parts.add("ReduceSum", [parts.add("Mul", [away, away]), column], keepdims=0)
    which = parts.add("ArgMin", [squared], axis=1, keepdims=0)
    nearest = parts.add("ReduceMin", [squared, axis_1], keepdims=0)
    known = parts.add("Less", [nearest, parts.keep("limit", np.float32(TOLERANCE**2))])
    used = parts.add("Mul", [parts.double(known), parts.double("mask")])
    sides = []
    for i in (0, 1):
        side = parts.add("Gather", ["pairs", parts.keep(f"side_{i}", np.int64(i))], axis=1)
        sides.append((parts.add("Gather", [which, side]), parts.add("Gather", [used, side])))
    row = parts.add("Mul", [sides[0][0], parts.keep("n", np.int64(n))])
    flat = parts.add("Add", [row, sides[1][0]])
    numbers, turned = _pair_tables(pairs, n, antisymmetric)
    number = parts.add("Gather", [parts.keep("number", numbers), flat])
    sign = parts.add("Gather", [parts.keep("turned", turned), flat], axis=1)
    both = parts.add("Mul", [sides[0][1], sides[1][1]])
    return Located(which, used, number, both, parts.add("Mul", [sign, both]))


def _pair_tables(
    pairs: NDArray[np.int64], n: int, antisymmetric: Sequence[bool]
) -> tuple[NDArray[np.int64], FloatArray]:
    """Return for any two of n electrodes their pair's number, and its sign in each measure.

    Shapes (n_channels², ) and (n_measures, n_channels²); an electrode makes no pair with
    itself, so that its sign is 0.
    """
    i, j = pairs.T
    number = np.zeros((n, n), dtype=np.int64)
    number[i, j] = number[j, i] = np.arange(len(pairs))
    sign = np.zeros((len(antisymmetric), n, n))
    sign[:, i, j] = 1.0
    sign[:, j, i] = np.where(antisymmetric, -1.0, 1.0)[:, None]
    return number.ravel(), sign.reshape(len(antisymmetric), -1)
