"""Whether a contribution is what resetting its input does: exact, or how nearly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ..signal import FloatArray
from .examples import Example
from .network import EmotionNetwork


def reset_agreement(
    network: EmotionNetwork, examples: Sequence[Example], n_inputs: int = 400, seed: int = 0
) -> tuple[float, float]:
    """Return how far claims and deeds agree, for channels and for pairs.

    An input is a channel with the power of all its bands, or a pair with all its
    connectivity. Its claim is its contribution to the first prediction; its deed is how
    far the prediction moves when the input is set to its reference, context fixed.

    Parameters
    ----------
    network : EmotionNetwork
        Of either architecture.
    examples : sequence of Example
        Of people it was not trained on.
    n_inputs : int
        Inputs of each kind, drawn at random over examples and frames.
    seed : int
        Of the drawing.

    Returns
    -------
    node, edge : float
        Pearson correlation over inputs and targets; 1 for an additive network.
    """
    rng = np.random.default_rng(seed)
    found: dict[str, list[FloatArray]] = {"node": [], "edge": []}
    with torch.no_grad():
        for _ in range(n_inputs):
            x = examples[int(rng.integers(len(examples)))]
            frame = int(rng.integers(len(x.truth)))
            used = np.flatnonzero(x.mask.numpy() > 0.5)
            channel = int(rng.choice(used))
            both = np.isin(x.pairs.numpy(), used).all(axis=1)
            pair = int(rng.choice(np.flatnonzero(both)))
            power, edges = x.power[frame].float(), x.connectivity[frame].float()
            context = x.contexts[np.searchsorted(x.starts, frame, side="right") - 1]
            rest = (x.pairs, x.positions, x.mask, context)
            mean, _, by_node, by_edge, *_ = network(power, edges, *rest)
            without, lacking = power.clone(), edges.clone()
            without[:, channel] = 0.0
            lacking[:, :, pair] = 0.0
            for kind, claim, moved in (
                ("node", by_node[:, channel], network(without, edges, *rest)[0]),
                ("edge", by_edge[:, pair], network(power, lacking, *rest)[0]),
            ):
                found[kind].append(np.stack([claim.numpy(), (mean - moved).numpy()]))
    node, edge = (_correlation(*np.concatenate(rows, axis=1)) for rows in found.values())
    return node, edge


def _correlation(claimed: FloatArray, done: FloatArray) -> float:
    return float(np.asarray(np.corrcoef(claimed, done))[0, 1])
