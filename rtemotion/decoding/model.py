"""Opening a model file: ONNX with its description inside, run by onnxruntime alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..signal import FloatArray
from .card import METADATA_KEY, ModelCard

INPUTS = ("power", "connectivity", "pairs", "positions", "mask", "context")
DECODED = ("mean", "std", "node_contribution", "edge_contribution")
WEIGHTS = ("node_weight", "edge_weight", "bias")
OUTPUTS = (*DECODED, *WEIGHTS)
DEFAULT_MODEL = "simulated-plutchik"


@dataclass(frozen=True, eq=False)
class Weights:
    """The additive read-out: the prediction is ``bias + Σ weight · feature``.

    Attributes
    ----------
    node : array, shape (n_targets, n_bands, n_channels)
    edge : array, shape (n_targets, n_measures, n_bands, n_pairs)
    bias, std : array, shape (n_targets,)
    """

    node: FloatArray
    edge: FloatArray
    bias: FloatArray
    std: FloatArray

    def read_out(
        self, power: FloatArray, connectivity: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return mean, node and edge contributions, shapes as from `Model.run`."""
        node = np.einsum("tbc,bc->tc", self.node, power)
        edge = np.einsum("tmbp,mbp->tp", self.edge, connectivity)
        return self.bias + node.sum(axis=1) + edge.sum(axis=1), node, edge


class Model:
    """A decoder network together with its card.

    Parameters
    ----------
    path : path
        An ONNX file with an rtemotion card in its metadata.

    Attributes
    ----------
    card : ModelCard
        What the file says of itself.
    identity : str
        Name, version, content hash and caveat; goes wherever results go.

    Raises
    ------
    ModelError
        When the file is missing, corrupt, foreign, or not what its card says.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        content = _read(self.path)
        self._session = _session(content, self.path)
        metadata = self._session.get_modelmeta().custom_metadata_map
        if METADATA_KEY not in metadata:
            raise ModelError(
                f"{self.path} is an ONNX model but not one of rtemotion: it carries no "
                f"'{METADATA_KEY}' description; train or export one with rtemotion."
            )
        self.card = ModelCard.from_json(metadata[METADATA_KEY], str(self.path))
        digest = hashlib.sha256(content).hexdigest()[:12]
        self.identity = (
            f"{self.card.name} {self.card.version} sha256:{digest} ({self.card.caveat})"
        )
        self._check_signature()

    def _check_signature(self) -> None:
        inputs = [x.name for x in self._session.get_inputs()]
        outputs = [x.name for x in self._session.get_outputs()]
        if sorted(inputs) != sorted(INPUTS) or not set(OUTPUTS) <= set(outputs):
            raise ModelError(
                f"{self.path} does not have the inputs {', '.join(INPUTS)} and outputs "
                f"{', '.join(OUTPUTS)} that its format promises (it has {', '.join(inputs)} and "
                f"{', '.join(outputs)}); export it again."
            )
        features = self.card.features
        n = 4
        n_bands, n_pairs = len(features.bands), n * (n - 1) // 2
        edges = (len(features.measures), len(features.connectivity_bands), n_pairs)
        pairs = np.stack(np.triu_indices(n, k=1), axis=1)
        electrodes = (pairs, np.eye(n, 3) * 0.1, np.ones(n, dtype=bool), np.zeros((n_bands, n)))
        decoded = self.run(np.zeros((n_bands, n)), np.zeros(edges), *electrodes)
        weights = self.weights(*electrodes)
        n_targets = len(self.card.targets)
        found = [x.shape for x in (*decoded, weights.node, weights.edge, weights.bias)]
        expected: list[tuple[int, ...]] = [
            (n_targets,),
            (n_targets,),
            (n_targets, n),
            (n_targets, n_pairs),
            (n_targets, n_bands, n),
            (n_targets, *edges),
            (n_targets,),
        ]
        if found != expected:
            raise ModelError(
                f"{self.path} describes {n_targets} targets, but its outputs have the shapes "
                f"{found} instead of {expected}; export it again."
            )

    def run(
        self,
        power: FloatArray,
        connectivity: FloatArray,
        pairs: NDArray[np.int64],
        positions: FloatArray,
        mask: NDArray[np.bool_],
        context: FloatArray,
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Run the network on one window.

        Parameters
        ----------
        power : array, shape (n_bands, n_channels)
            Log band power minus its reference; 0 where unknown.
        connectivity : array, shape (n_measures, n_bands, n_pairs)
            Connectivity minus its reference; 0 where unknown.
        pairs : array of int, shape (n_pairs, 2)
            Channel indices of each pair.
        positions : array, shape (n_channels, 3)
            Metres, head frame; 0 where unknown.
        mask : array of bool, shape (n_channels,)
            Channels to use.
        context : array, shape (n_bands, n_channels)
            Slow mean log power against the population's; 0 where unknown.

        Returns
        -------
        mean, std : array, shape (n_targets,)
        node_contribution : array, shape (n_targets, n_channels)
        edge_contribution : array, shape (n_targets, n_pairs)
        """
        feeds = {
            "power": power,
            "connectivity": connectivity,
            **_electrode_feeds(pairs, positions, mask, context),
        }
        mean, std, node, edge = self._call(DECODED, feeds)
        return mean, std, node, edge

    def weights(
        self,
        pairs: NDArray[np.int64],
        positions: FloatArray,
        mask: NDArray[np.bool_],
        context: FloatArray,
    ) -> Weights:
        """Return what the features are multiplied with; parameters as for `run`.

        They follow from electrodes and slow context alone, so a stream needs them
        anew only when a channel drops out or a baseline comes in.
        """
        n_edges = (len(self.card.features.measures), len(self.card.features.connectivity_bands))
        feeds = {
            "power": np.zeros((len(self.card.features.bands), len(mask))),
            "connectivity": np.zeros((*n_edges, len(pairs))),
            **_electrode_feeds(pairs, positions, mask, context),
        }
        node, edge, bias, std = self._call((*WEIGHTS, "std"), feeds)
        return Weights(node, edge, bias, std)

    def _call(self, names: tuple[str, ...], feeds: dict[str, Any]) -> list[FloatArray]:
        typed = {
            name: value if value.dtype == np.int64 else value.astype(np.float32)
            for name, value in feeds.items()
        }
        try:
            outcome = self._session.run(list(names), typed)
        except _ort_errors() as error:
            raise ModelError(
                f"{self.path} failed on features of the shape its card describes "
                f"({_first_line(error)}); export it again."
            ) from error
        return [np.asarray(x, dtype=np.float64) for x in outcome]


def _electrode_feeds(
    pairs: NDArray[np.int64], positions: FloatArray, mask: NDArray[np.bool_], context: FloatArray
) -> dict[str, Any]:
    return {"pairs": pairs, "positions": positions, "mask": mask, "context": context}


def load_model(path: str | Path | None = None) -> Model:
    """Open a model file; without a path, the one that ships.

    The shipped model is trained on simulated brains and not validated on people.
    """
    return Model(path if path is not None else shipped_model())


def shipped_model(name: str = DEFAULT_MODEL) -> Path:
    """Return the path of a shipped model, without importing the trainable side."""
    import importlib.util

    spec = importlib.util.find_spec("rtemotion.models")
    if spec is None or not spec.submodule_search_locations:
        raise ModelError("The shipped models are missing; install rtemotion again.")
    return Path(spec.submodule_search_locations[0]) / "pretrained" / f"{name}.onnx"


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ModelError(f"There is no model file {path}.") from None
    except OSError as error:
        raise ModelError(f"The model file {path} cannot be read: {error.strerror}.") from error
    if not content:
        raise ModelError(f"The model file {path} is empty; get it again.")
    return content


def _session(content: bytes, path: Path) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except _ort_errors() as error:
        raise ModelError(
            f"{path} is not a readable ONNX model ({_first_line(error)}); it may be damaged or "
            "of another kind, get the file again."
        ) from error


def _ort_errors() -> tuple[type[Exception], ...]:
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    names = (
        "EPFail Fail InvalidArgument InvalidGraph InvalidProtobuf NoModel NotImplemented "
        "RuntimeException"
    )
    return (*(getattr(state, name) for name in names.split()), RuntimeError, ValueError)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:160] if str(error).strip() else "no reason given"
