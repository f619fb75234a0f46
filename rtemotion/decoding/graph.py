"""What a model's graph takes and gives, and whether that is what its card promises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .card import ModelCard

INPUTS = ("power", "connectivity", "pairs", "positions", "mask", "context")
DECODED = ("mean", "std", "node_contribution", "edge_contribution")
WEIGHTS = ("node_weight", "edge_weight", "bias")
OUTPUTS = (*DECODED, *WEIGHTS)

Axes = tuple[int | str, ...]

_DTYPES = {"tensor(float)": "float32", "tensor(double)": "float64", "tensor(int64)": "int64"}
# Axes whose length depends on the montage: what one file for every headset leaves open.
_CHANNELS, _PAIRS = "channels", "pairs"


@dataclass(frozen=True)
class Tensor:
    """One input or output of the graph.

    Attributes
    ----------
    name : str
        Its name.
    dtype : str
        ``"float32"``, ``"float64"`` or ``"int64"``.
    axes : tuple of int or str
        A number for an axis of fixed length, a name for one that depends on the montage.
    """

    name: str
    dtype: str
    axes: Axes

    def __str__(self) -> str:
        """Return it as ``name: dtype (axis, axis)``."""
        return f"{self.name}: {self.dtype} ({', '.join(map(str, self.axes))})"


def outputs_of(architecture: str) -> tuple[str, ...]:
    """Return the names of the outputs that a model of this architecture has."""
    return OUTPUTS if architecture == "additive" else DECODED


def tensors(nodes: Sequence[Any]) -> tuple[Tensor, ...]:
    """Return the inputs or outputs of an onnxruntime session."""
    return tuple(
        Tensor(
            node.name,
            _DTYPES.get(node.type, node.type),
            tuple(axis if isinstance(axis, int | str) else "?" for axis in node.shape),
        )
        for node in nodes
    )


def graph_problem(card: ModelCard, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> str:
    """Say where a graph first departs from what its card promises; nothing if it does not.

    Outputs beyond those of the architecture are left alone.

    Parameters
    ----------
    card : ModelCard
        The description.
    inputs, outputs : sequence of Tensor
        What the graph has.
    """
    found = {
        "inputs": {tensor.name: tensor for tensor in inputs},
        "outputs": {tensor.name: tensor for tensor in outputs},
    }
    wanted = outputs_of(card.architecture)
    if set(found["inputs"]) != set(INPUTS) or not set(wanted) <= set(found["outputs"]):
        return (
            f"its graph has the inputs {', '.join(found['inputs'])} and the outputs "
            f"{', '.join(found['outputs'])}, expected are {', '.join(INPUTS)} and "
            f"{', '.join(wanted)}"
        )
    return next(_differences(card, found, wanted), "")


def _differences(
    card: ModelCard, found: dict[str, dict[str, Tensor]], wanted: tuple[str, ...]
) -> Iterator[str]:
    axes = _axes(card)
    for side, names in (("inputs", INPUTS), ("outputs", wanted)):
        said = {tensor.name: tensor for tensor in getattr(card, side)}
        for name in names:
            tensor = found[side][name]
            if not _fits(tensor, axes[name], _dtypes(name, side)):
                expected = Tensor(name, " or ".join(_dtypes(name, side)), axes[name])
                yield f"among the {side} of its graph is {tensor}, expected is {expected}"
            if said.get(name) != tensor:
                yield (
                    f"among the {side} of its graph is {tensor}, but it says "
                    f"{said.get(name, 'nothing of it')}"
                )


def _fits(tensor: Tensor, axes: Axes, dtypes: tuple[str, ...]) -> bool:
    if tensor.dtype not in dtypes or len(tensor.axes) != len(axes):
        return False
    return all(
        isinstance(found, str) if isinstance(axis, str) else found == axis
        for found, axis in zip(tensor.axes, axes, strict=True)
    )


def _dtypes(name: str, side: str) -> tuple[str, ...]:
    if name == "pairs":
        return ("int64",)
    return ("float32",) if side == "inputs" else ("float32", "float64")


def _axes(card: ModelCard) -> dict[str, Axes]:
    """Return the axes of every input and output that follow from a card."""
    features, targets = card.features, len(card.targets)
    bands = len(features.bands)
    edges = (len(features.measures), len(features.connectivity_bands), _PAIRS)
    return {
        "power": (bands, _CHANNELS),
        "connectivity": edges,
        "pairs": (_PAIRS, 2),
        "positions": (_CHANNELS, 3),
        "mask": (_CHANNELS,),
        "context": (card.n_context, _CHANNELS),
        "mean": (targets,),
        "std": (targets,),
        "node_contribution": (targets, _CHANNELS),
        "edge_contribution": (targets, _PAIRS),
        "node_weight": (targets, bands, _CHANNELS),
        "edge_weight": (targets, *edges),
        "bias": (targets,),
    }
