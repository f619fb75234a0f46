"""A sentence-embedding model in a folder: ONNX weights and the tokenizer that belongs to them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from ..quiet_onnx import load_onnxruntime
from ..signal import FloatArray
from .errors import AnnotationError

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_MAX_TOKENS = 512


class SentenceModel:
    """Turns sentences into unit vectors, on this machine.

    Parameters
    ----------
    folder : Path
        Holds ``model.onnx`` (or ``onnx/model.onnx``) and ``tokenizer.json``, as sentence
        embedding models are commonly published. Where ``1_Pooling/config.json`` says so, the
        first token stands for the sentence, otherwise the mean over its tokens does; an output
        ``sentence_embedding`` is taken as it is.

    Attributes
    ----------
    identity : str
        The folder's name and the hash of the weights.
    n_cut : int
        How many sentences so far were longer than the model reads.

    Raises
    ------
    AnnotationError
        If a file is missing or is not what it should be, or tokenizers is not installed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        weights = _weights_of(folder)
        self._tokenizer = _tokenizer(folder)
        self._session = _session(weights)
        self._inputs = [node.name for node in self._session.get_inputs()]
        if unknown := sorted(set(self._inputs) - set(_INPUTS)):
            raise AnnotationError(
                f"{weights} asks for the input '{unknown[0]}', expected a sentence model with "
                f"{', '.join(_INPUTS)}; use another model."
            )
        outputs = [node.name for node in self._session.get_outputs()]
        pooled = "sentence_embedding"
        self._output = pooled if pooled in outputs else outputs[0]
        self._takes_first = bool(
            _json(folder / "1_Pooling" / "config.json").get("pooling_mode_cls_token")
        )
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length=_max_tokens(folder, self._tokenizer))
        self.n_cut = 0
        with weights.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self.identity = f"{folder.resolve().name} sha256:{digest[:12]}"

    def embed(self, text: str) -> FloatArray:
        """Return the unit vector of a text, shape (n_dimensions,).

        Raises
        ------
        AnnotationError
            If the model cannot be run, or gives no such vector.
        """
        encoding = self._tokenizer.encode(text)
        self.n_cut += bool(encoding.overflowing)
        given = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        feed = {name: np.array([given[name]], dtype=np.int64) for name in self._inputs}
        try:
            (found,) = self._session.run([self._output], feed)
        except Exception as problem:
            raise AnnotationError(
                f"the model in {self.folder} cannot be run ({_first_line(problem)}), expected a "
                "sentence model that belongs to its tokenizer; check the folder."
            ) from problem
        vector = self._pool(np.asarray(found, dtype=np.float64), encoding.attention_mask)
        length = float(np.linalg.norm(vector))
        if not (np.isfinite(length) and length > 0.0):
            raise AnnotationError(
                f"the model in {self.folder} gives no direction for '{text[:40]}', expected "
                "finite numbers that are not all 0; use another model."
            )
        return vector / length

    def _pool(self, found: FloatArray, mask: list[int]) -> FloatArray:
        if found.ndim == 2 and len(found) == 1:
            only: FloatArray = found[0]
            return only
        if found.ndim != 3 or found.shape[:2] != (1, len(mask)):
            raise AnnotationError(
                f"the model in {self.folder} gives the shape {found.shape}, expected (1, "
                f"dimensions) or (1, {len(mask)} tokens, dimensions); use another model."
            )
        if self._takes_first:
            first: FloatArray = found[0, 0]
            return first
        weights = np.array(mask, dtype=np.float64)
        mean: FloatArray = (found[0] * weights[:, None]).sum(axis=0) / max(weights.sum(), 1.0)
        return mean


def _weights_of(folder: Path) -> Path:
    for path in (folder / "model.onnx", folder / "onnx" / "model.onnx"):
        if path.is_file():
            return path
    raise AnnotationError(
        f"{folder} holds no model.onnx, expected a folder with model.onnx and tokenizer.json; "
        "name one with --model."
    )


def _tokenizer(folder: Path) -> Any:
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise AnnotationError(
            f"{folder} holds no tokenizer.json, expected the tokenizer that belongs to the "
            "model; put it there."
        )
    try:
        from tokenizers import Tokenizer
    except ImportError as problem:
        raise AnnotationError(
            "sentence models need tokenizers, which is not installed; run: pip install "
            "'rtemotion[embedding]'"
        ) from problem
    try:
        return Tokenizer.from_file(str(path))
    except Exception as problem:
        raise AnnotationError(
            f"{path} is no tokenizer ({_first_line(problem)}), expected the tokenizer.json that "
            "belongs to the model; put it there."
        ) from problem


def _session(weights: Path) -> Any:
    ort = load_onnxruntime()
    options = ort.SessionOptions()
    # One thread adds in one order, so the same text has the same vector.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return ort.InferenceSession(
            str(weights), options, providers=["CPUExecutionProvider"], enable_fallback=0
        )
    except Exception as problem:
        raise AnnotationError(
            f"{weights} is no model that can be run ({_first_line(problem)}), expected ONNX; get "
            "it again."
        ) from problem


def _max_tokens(folder: Path, tokenizer: Any) -> int:
    said = _json(folder / "sentence_bert_config.json").get("max_seq_length")
    if isinstance(said, int) and said > 0:
        return said
    truncation = tokenizer.truncation or {}
    return int(truncation.get("max_length", _MAX_TOKENS))


def _json(path: Path) -> dict[str, Any]:
    """Return a JSON object beside the model, empty where there is none."""
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise AnnotationError(
            f"{path} cannot be read ({problem}), expected JSON; get the model again."
        ) from problem
    return found if isinstance(found, dict) else {}


def _first_line(problem: Exception) -> str:
    return (str(problem).strip() or type(problem).__name__).splitlines()[0][:200]
