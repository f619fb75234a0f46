"""Opening a model file: ONNX with its description inside, run by onnxruntime alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..quiet_onnx import load_onnxruntime
from ..signal import FloatArray
from .card import METADATA_KEY, ModelCard
from .graph import DECODED, WEIGHTS, Tensor, graph_problem, tensors
from .onnx_file import forbidden

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
    sha256, size : str, int
        Hash of the file's content, and its length in bytes.
    identity : str
        Name, version, content hash and caveat; goes wherever results go.

    Raises
    ------
    ModelError
        When the file is missing, corrupt, foreign, not whole in itself, or not what its
        card says.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        content = _read(self.path)
        self._session, metadata, inputs, outputs = _opened(content, self.path)
        if METADATA_KEY not in metadata:
            raise ModelError(
                f"{self.path} is an ONNX model but not one of rtemotion: it carries no "
                f"'{METADATA_KEY}' description; train or export one with rtemotion."
            )
        self.card = ModelCard.from_json(metadata[METADATA_KEY], str(self.path))
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.size = len(content)
        self.identity = (
            f"{self.card.name} {self.card.version} sha256:{self.sha256[:12]} ({self.card.caveat})"
        )
        problem = graph_problem(self.card, inputs, outputs) or self._shape_problem()
        if problem:
            raise ModelError(f"{self.path} cannot be used: {problem}; export it again.")

    def _shape_problem(self) -> str:
        """Run the network once: what a graph says of its outputs need not be so."""
        features, n = self.card.features, 4
        n_bands, n_pairs = len(features.bands), n * (n - 1) // 2
        edges = (len(features.measures), len(features.connectivity_bands), n_pairs)
        pairs = np.stack(np.triu_indices(n, k=1), axis=1)
        context = np.zeros((self.card.n_context, n))
        electrodes = (pairs, np.eye(n, 3) * 0.1, np.ones(n, dtype=bool), context)
        decoded = self.run(np.zeros((n_bands, n)), np.zeros(edges), *electrodes)
        t = len(self.card.targets)
        expected: list[tuple[int, ...]] = [(t,), (t,), (t, n), (t, n_pairs)]
        found = [x.shape for x in decoded]
        if self.card.architecture == "additive":
            weights = self.weights(*electrodes)
            found += [x.shape for x in (weights.node, weights.edge, weights.bias)]
            expected += [(t, n_bands, n), (t, *edges), (t,)]
        if found == expected:
            return ""
        return f"its outputs have the shapes {found} instead of {expected}"

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
        context : array, shape (n_context, n_channels)
            Resting log power against the population's, and where the card has a context
            policy what `SlowContext` knows; 0 where unknown.

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
        anew only when a channel drops out, or its context changes.

        Raises
        ------
        ModelError
            When the model is not additive, so that there are none.
        """
        if self.card.architecture != "additive":
            raise ModelError(
                f"{self.path} is an {self.card.architecture} model: it has no weights that hold "
                "for any features, run it for each frame."
            )
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


def _opened(
    content: bytes, path: Path
) -> tuple[Any, dict[str, str], tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Return a session, its metadata, inputs and outputs."""
    ort = load_onnxruntime()
    if problem := forbidden(content):
        raise ModelError(f"{path} is not run: {problem}; export it whole, into one file.")
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(
            content, options, providers=["CPUExecutionProvider"], enable_fallback=0
        )
        # Text in a damaged file need not be text, which shows only when it is asked for.
        return (
            session,
            session.get_modelmeta().custom_metadata_map,
            tensors(session.get_inputs()),
            tensors(session.get_outputs()),
        )
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
