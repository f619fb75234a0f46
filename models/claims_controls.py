"""Models that should explain nothing: one that never learnt, one that learnt others' labels."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..decoding import Model, load_model
from ..simulators import EMOTIONS
from .claims_study import Study
from .simulated import Record

if TYPE_CHECKING:
    from .network import EmotionNetwork

log = logging.getLogger(__name__)

UNTRAINED, SWAPPED = "untrained", "labels swapped"
EPOCHS = 30
_SEED = 11


def controls(study: Study) -> dict[str, Model]:
    """Return both controls by name, made once and kept.

    Both are networks of the architecture and size that is trained to ship, and read the
    same features against the same references as the study's model. The untrained one has
    its random weights from before training. The other is trained on the first `trained`
    training people of the code mix, each with the labels of the next: it may learn how
    emotions move and how features vary, but not what belongs together. It is kept from
    the epoch in which it fits those labels best (Adebayo et al. 2018, NeurIPS 31: both
    tests of explanations, random weights and random labels).
    """
    paths = {name: _path(study, name) for name in (UNTRAINED, SWAPPED)}
    if not all(path.exists() for path in paths.values()):
        people = study.sittings(split="training")
        _make(study.model, list(study.records(people, "training people")), paths)
    return {name: load_model(path) for name, path in paths.items()}


def swapped(records: Sequence[Record]) -> list[Record]:
    """Return records with the labels of the next person; all are of one length."""
    others = [*records[1:], *records[:1]]
    return [replace(one, truth=other.truth) for one, other in zip(records, others, strict=True)]


def _path(study: Study, name: str) -> Path:
    parts = (
        Path(__file__),
        *(Path(__file__).with_name(f"{x}.py") for x in ("network", "training")),
    )
    people = study.sittings(split="training")
    key = repr((study.model.identity, people, name, [part.read_bytes() for part in parts]))
    return study.folder / f"control-{hashlib.sha256(key.encode()).hexdigest()[:24]}.onnx"


def _make(model: Model, records: list[Record], paths: dict[str, Path]) -> None:
    from .export import export

    named = {target.name: target for target in model.card.targets}
    targets = tuple(named[name] for name in EMOTIONS)
    for name, network in networks(model, records).items():
        card = replace(model.card, name=name, targets=targets, scores={})
        export(network, card, paths[name])


def networks(
    model: Model, records: Sequence[Record], epochs: int = EPOCHS
) -> dict[str, EmotionNetwork]:
    """Return the networks of both controls, the second trained on swapped labels."""
    import torch

    from .training import Reference, Training, train

    card = model.card
    reference = Reference(card.normalisation.population, card.context, card.features)
    wrong = swapped(records)
    torch.manual_seed(_SEED)
    # No epochs: the scales of the features are set, and nothing is learnt.
    untrained = train(_network(model), wrong, wrong, reference, Training(epochs=0), _tell)
    plan = Training(epochs=epochs, patience=epochs, seed=_SEED)
    taught = train(deepcopy(untrained), wrong, wrong, reference, plan, _tell)
    return {UNTRAINED: untrained, SWAPPED: taught}


def _network(model: Model) -> EmotionNetwork:
    from .network import EmotionNetwork, NetworkShape

    card = model.card
    return EmotionNetwork(NetworkShape.of(card.features, len(EMOTIONS), card.n_context))


def _tell(epoch: int, loss: float, ccc: float) -> None:
    log.info("epoch %d on swapped labels: loss %.3f, CCC with them %.3f", epoch, loss, ccc)
