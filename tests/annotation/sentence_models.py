"""Tiny sentence models, made here: a tokenizer of whole words and a table of vectors as ONNX."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from rtemotion.annotation.descriptions import DESCRIPTIONS, NEUTRAL
from rtemotion.annotation.lexicon import LexiconAnnotator

from .stories import SENTENCES


def vocabulary() -> list[str]:
    texts = [*SENTENCES, *NEUTRAL, *(s for own in DESCRIPTIONS.values() for s in own)]
    return ["[UNK]", *sorted({w for text in texts for w in re.findall(r"\w+", text.lower())})]


def vectors(words: list[str]) -> np.ndarray:
    """What the word list thinks of a word, among directions of its own."""
    rng = np.random.default_rng(7)
    lexicon = LexiconAnnotator()
    known = np.array([lexicon.score(word) for word in words])
    return np.hstack([2.0 * known, 0.05 * rng.normal(size=(len(words), 24))]).astype(np.float32)


def write_model(
    folder: Path,
    output: str = "last_hidden_state",
    inputs: tuple[str, ...] = ("input_ids", "attention_mask"),
    table: np.ndarray | None = None,
    max_tokens: int | None = None,
    weights: str = "model.onnx",
) -> Path:
    """Write a model whose hidden states are the words' vectors, or whose output is their mean."""
    folder.mkdir(parents=True, exist_ok=True)
    words = vocabulary()
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, "[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    if max_tokens is not None:
        (folder / "sentence_bert_config.json").write_text(
            json.dumps({"max_seq_length": max_tokens})
        )
    table = vectors(words) if table is None else table
    pooled = output == "sentence_embedding"
    hidden = "hidden" if pooled else output
    nodes = [helper.make_node("Gather", ["table", "input_ids"], [hidden])]
    shape: list[int | str] = [1, "n", table.shape[1]]
    if pooled:
        nodes.append(helper.make_node("ReduceMean", ["hidden", "axis"], [output], keepdims=0))
        shape = [1, table.shape[1]]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "n"]) for name in inputs],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
        [
            numpy_helper.from_array(table, "table"),
            numpy_helper.from_array(np.array([1], dtype=np.int64), "axis"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    path = folder / weights
    path.parent.mkdir(exist_ok=True)
    onnx.save(model, path)
    return folder
