"""From a trained network and its card to the self-describing ONNX file."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ..decoding.card import METADATA_KEY, ModelCard
from ..decoding.graph import INPUTS, outputs_of, tensors
from ..decoding.model import Model
from ..quiet_onnx import load_onnxruntime


def export(network: torch.nn.Module, card: ModelCard, path: Path) -> None:
    """Write one ONNX file that takes any number of channels.

    Parameters
    ----------
    network : Module
        The trained network; takes and gives what `rtemotion.decoding.model.Model.run` does,
        followed by the weights where it is additive.
    card : ModelCard
        Its description, stored in the file's metadata; what the graph takes and gives is
        filled in.
    path : Path
        Where to write; replaced at once when the file is complete and opens.

    Raises
    ------
    ModelError
        When the file would be refused on opening.
    """
    import onnx

    card.check(str(path))
    model = _converted(network, card)
    model.producer_name = "rtemotion"
    del model.metadata_props[:]
    for node in model.graph.node:
        # Stack traces and scopes of the machine it was exported on.
        del node.metadata_props[:]
        node.doc_string = ""
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, _completed(card, model.SerializeToString()).to_json()
    onnx.checker.check_model(model)
    partial = path.with_suffix(".partial")
    partial.write_bytes(model.SerializeToString())
    try:
        Model(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _converted(network: torch.nn.Module, card: ModelCard) -> Any:
    n, features = 6, card.features
    n_pairs = n * (n - 1) // 2
    example = (
        torch.zeros(len(features.bands), n),
        torch.zeros(len(features.measures), len(features.connectivity_bands), n_pairs),
        torch.triu_indices(n, n, offset=1).T.contiguous(),
        torch.eye(n, 3) * 0.1,
        torch.ones(n),
        torch.zeros(card.n_context, n),
    )
    most = max(n, card.max_channels)
    channels = torch.export.Dim("channels", min=2, max=most)
    pairs = torch.export.Dim("pairs", min=1, max=most * (most - 1) // 2)
    dynamic = ({1: channels}, {2: pairs}, {0: pairs}, {0: channels}, {0: channels}, {1: channels})
    with warnings.catch_warnings():
        # The exporter warns about its own internals, nothing a caller could act on.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network.eval(),
            example,
            dynamo=True,
            input_names=list(INPUTS),
            output_names=list(outputs_of(card.architecture)),
            dynamic_shapes=dynamic,
            verbose=False,
        )
    assert program is not None
    return program.model_proto


def _completed(card: ModelCard, graph: bytes) -> ModelCard:
    ort = load_onnxruntime()
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return replace(
        card, inputs=tensors(session.get_inputs()), outputs=tensors(session.get_outputs())
    )
