"""Encoders fitted on the very people that ridges are fitted on, for a fair comparison."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch

from ..decoding.card import ModelCard
from ..signal import FloatArray
from ..simulators import EMOTIONS
from .network import EmotionNetwork, NetworkShape
from .references import population_of
from .resetting import reset_agreement
from .scoring import Rescaling
from .simulated import Record
from .training import Reference, Training, predict, train

log = logging.getLogger(__name__)

Architecture = Literal["additive", "approximate"]
# One of so many people is held out, to stop on and to rescale by.
FOLDS = 5
# Few people are seen often; frames are far more than what is independent in them.
PLANS: dict[Architecture, Training] = {
    "additive": Training(epochs=60, patience=15, no_baseline=0.0, decay=0.1),
    "approximate": Training(epochs=30, patience=8, no_baseline=0.0, decay=0.1, moments=12),
}


class FittedEncoder:
    """An encoder fitted on some people, rescaled by those it was stopped on.

    Parameters
    ----------
    architecture : {"additive", "approximate"}
        Which network.
    people : sequence of Record
        On whom it is fitted, at least five.
    card : ModelCard
        Says what the features are, and what they stand against.

    Attributes
    ----------
    agreement : tuple of float
        Of contributions of channels and of pairs with what resetting does, on the people
        held out: see `resetting.reset_agreement`.
    """

    def __init__(
        self, architecture: Architecture, people: Sequence[Record], card: ModelCard
    ) -> None:
        fitted = [r for k, r in enumerate(people) if k % FOLDS]
        held_out = [r for k, r in enumerate(people) if k % FOLDS == 0]
        schema = card.features
        self._reference = Reference(population_of(fitted), card.context, schema)
        shape = NetworkShape.of(schema, len(EMOTIONS), card.n_context, architecture)
        torch.manual_seed(0)
        self._network = train(
            EmotionNetwork(shape),
            fitted,
            held_out,
            self._reference,
            PLANS[architecture],
            lambda epoch, loss, ccc: log.info(
                "%s encoder, epoch %d: held-out CCC %.3f", architecture, epoch, ccc
            ),
        )
        tests = [self._reference.example(r) for r in held_out]
        self.agreement = reset_agreement(self._network, tests)
        shown = np.concatenate([self._predicted(r) for r in held_out])
        truth = np.concatenate([r.truth for r in held_out]).astype(np.float64)
        self._rescaling = Rescaling.fitted(shown, truth)

    def __call__(self, record: Record) -> FloatArray:
        """Return rescaled predictions of the eight emotions, shape (n_frames, 8)."""
        return self._rescaling(self._predicted(record))

    def _predicted(self, record: Record) -> FloatArray:
        with torch.no_grad():
            mean, _, _ = predict(self._network, self._reference.example(record))
        return mean.numpy().astype(np.float64)
