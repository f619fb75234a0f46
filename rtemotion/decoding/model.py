"""Opening a model file: ONNX with its description inside, run by onnxruntime alone."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..signal import FloatArray
from .card import METADATA_KEY, ModelCard

INPUTS = ("power", "connectivity", "pairs", "positions", "mask", "context")
OUTPUTS = ("mean", "std", "node_contribution", "edge_contribution")
DEFAULT_MODEL = "simulated-plutchik"


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
        n_pairs = n * (n - 1) // 2
        shape = (len(features.measures), len(features.connectivity_bands), n_pairs)
        outcome = self.run(
            np.zeros((len(features.bands), n)),
            np.zeros(shape),
            np.stack(np.triu_indices(n, k=1), axis=1),
            np.eye(n, 3) * 0.1,
            np.ones(n, dtype=bool),
            np.zeros((len(features.bands), n)),
        )
        n_targets = len(self.card.targets)
        expected = [(n_targets,), (n_targets,), (n_targets, n), (n_targets, n_pairs)]
        if [x.shape for x in outcome] != expected:
            raise ModelError(
                f"{self.path} describes {n_targets} targets, but its outputs have the shapes "
                f"{[x.shape for x in outcome]} instead of {expected}; export it again."
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
            "power": power.astype(np.float32),
            "connectivity": connectivity.astype(np.float32),
            "pairs": pairs,
            "positions": positions.astype(np.float32),
            "mask": mask.astype(np.float32),
            "context": context.astype(np.float32),
        }
        try:
            outcome = self._session.run(list(OUTPUTS), feeds)
        except _ort_errors() as error:
            raise ModelError(
                f"{self.path} failed on features of the shape its card describes "
                f"({_first_line(error)}); export it again."
            ) from error
        mean, std, node, edge = (np.asarray(x, dtype=np.float64) for x in outcome)
        return mean, std, node, edge


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
