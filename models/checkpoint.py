"""A training's progress as one file of plain arrays, so that a broken run goes on."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.optim import Optimizer

from ..errors import SetupError
from .network import EmotionNetwork


@dataclass(frozen=True)
class Progress:
    """How far a training has come.

    Attributes
    ----------
    best : EmotionNetwork
        The network that did best on held-out people.
    score : float
        How it did.
    waited : int
        Epochs since.
    epoch : int
        Epochs done.
    """

    best: EmotionNetwork
    score: float
    waited: int
    epoch: int

    def after(self, network: EmotionNetwork, score: float) -> Progress:
        """Return the progress after another epoch."""
        if score > self.score:
            return Progress(deepcopy(network), score, 0, self.epoch + 1)
        return Progress(self.best, self.score, self.waited + 1, self.epoch + 1)


def save_progress(
    path: Path,
    plan: str,
    state: Progress,
    network: EmotionNetwork,
    optimiser: Optimizer,
    rng: np.random.Generator,
) -> None:
    """Write a checkpoint so that it is never seen half written."""
    arrays = {f"network.{k}": v.cpu().numpy() for k, v in network.state_dict().items()}
    arrays |= {f"best.{k}": v.cpu().numpy() for k, v in state.best.state_dict().items()}
    for index, values in optimiser.state_dict()["state"].items():
        arrays |= {
            f"optimiser.{index}.{k}": torch.as_tensor(v).cpu().numpy() for k, v in values.items()
        }
    facts = {
        "plan": plan,
        "score": state.score,
        "waited": state.waited,
        "epoch": state.epoch,
        "rng": rng.bit_generator.state,
    }
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, facts=json.dumps(facts), **arrays)
    partial.replace(path)


def load_progress(
    path: Path,
    plan: str,
    network: EmotionNetwork,
    optimiser: Optimizer,
    rng: np.random.Generator,
) -> Progress:
    """Bring network, optimiser and randomness to where a checkpoint left them.

    Raises
    ------
    SetupError
        When it belongs to another plan or network.
    """
    with np.load(path, allow_pickle=False) as kept:
        arrays = {name: kept[name] for name in kept.files}
    facts = json.loads(str(arrays.pop("facts")))
    parts: dict[str, dict[str, torch.Tensor]] = {"network": {}, "best": {}, "optimiser": {}}
    for name, value in arrays.items():
        part, _, key = name.partition(".")
        parts[part][key] = torch.as_tensor(value)
    best = deepcopy(network)
    if facts["plan"] != plan or {k: v.shape for k, v in parts["network"].items()} != {
        k: v.shape for k, v in network.state_dict().items()
    }:
        raise SetupError(
            f"{path} is the checkpoint of another training; finish that one, or remove the file "
            "to begin anew"
        )
    network.load_state_dict(parts["network"])
    best.load_state_dict(parts["best"])
    whole = optimiser.state_dict()
    for key, value in parts["optimiser"].items():
        index, _, name = key.partition(".")
        whole["state"].setdefault(int(index), {})[name] = value
    optimiser.load_state_dict(whole)
    rng.bit_generator.state = facts["rng"]
    return Progress(best, facts["score"], facts["waited"], facts["epoch"])
