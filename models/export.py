"""From a trained network and its card to the self-describing ONNX file."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch

from ..decoding.card import METADATA_KEY, ModelCard
from ..decoding.model import INPUTS, OUTPUTS
from .network import AdditiveNetwork

MOST_CHANNELS = 512


def export(network: AdditiveNetwork, card: ModelCard, path: Path) -> None:
    """Write one ONNX file that takes any number of channels.

    Parameters
    ----------
    network : AdditiveNetwork
        The trained network.
    card : ModelCard
        Its description, stored in the file's metadata.
    path : Path
        Where to write; replaced at once when the file is complete.
    """
    import onnx

    card.check(str(path))
    n, shape = 6, network.shape
    n_pairs = n * (n - 1) // 2
    example = (
        torch.zeros(shape.n_bands, n),
        torch.zeros(len(shape.signed), shape.n_connectivity_bands, n_pairs),
        torch.triu_indices(n, n, offset=1).T.contiguous(),
        torch.eye(n, 3) * 0.1,
        torch.ones(n),
        torch.zeros(shape.n_bands, n),
    )
    channels = torch.export.Dim("channels", min=2, max=MOST_CHANNELS)
    pairs = torch.export.Dim("pairs", min=1, max=MOST_CHANNELS * (MOST_CHANNELS - 1) // 2)
    dynamic = ({1: channels}, {2: pairs}, {0: pairs}, {0: channels}, {0: channels}, {1: channels})
    with warnings.catch_warnings():
        # The exporter warns about its own internals, nothing a caller could act on.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network.eval(),
            example,
            dynamo=True,
            input_names=list(INPUTS),
            output_names=list(OUTPUTS),
            dynamic_shapes=dynamic,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    model.producer_name = "rtemotion"
    del model.metadata_props[:]
    for node in model.graph.node:
        # Stack traces and scopes of the machine it was exported on.
        del node.metadata_props[:]
        node.doc_string = ""
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, card.to_json()
    onnx.checker.check_model(model)
    partial = path.with_suffix(".partial")
    partial.write_bytes(model.SerializeToString())
    partial.replace(path)
