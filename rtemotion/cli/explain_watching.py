"""Watching a decoder on one recording, by the path that decodes live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..decoding import Baseline, Model
from ..decoding.inputs import InputBuilder
from ..decoding.model import Weights
from ..engine import Engine
from ..explanation.explaining import Montage, Recorded
from ..explanation.leaving_out import Groups
from ..explanation.seconds import Seconds, Watching
from ..signal import FloatArray, Publication, StreamInfo
from .printing import samples_bar

Labeller = Callable[[Seconds], FloatArray | None]
"""Returns what was true at some seconds, shape (n, n_emotions); None where nothing is known."""


@dataclass(frozen=True, eq=False)
class Opening:
    """One recording, ready to be decoded.

    Attributes
    ----------
    name : str
    start : callable
        Returns the engine.
    labels : callable
        See `Labeller`.
    n_samples : int or None
        Its length where that is known.
    """

    name: str
    start: Callable[[], Engine]
    labels: Labeller
    n_samples: int | None = None


@dataclass(frozen=True, eq=False)
class Watched:
    """What came of it.

    Attributes
    ----------
    recorded : Recorded
    montage : Montage
    groups : Groups
    info : StreamInfo
        The conditioned stream.
    known : Baseline or None
        What the decoder knew of the person at the end.
    reasons : mapping of str to float
        Share of the frames with a value that each reason stood against.
    """

    recorded: Recorded
    montage: Montage
    groups: Groups
    info: StreamInfo
    known: Baseline | None
    reasons: Mapping[str, float]

    def weights(self, model: Model) -> Weights:
        """Return what the model multiplies this person's features with, all channels in use."""
        card, mask = model.card, self.info.has_position
        inputs = InputBuilder(
            self.info, card.features, card.normalisation, self.known, None, card.context
        )
        return model.weights(self.montage.pairs, inputs.positions, mask, inputs.context(mask))


def watch(opening: Opening, measure: int) -> Watched | None:
    """Decode a recording; None where there was never a value.

    Parameters
    ----------
    opening : Opening
    measure : int
        Which measure of connectivity is kept.
    """
    with opening.start() as engine, samples_bar(opening.name, opening.n_samples) as advance:
        info, decoder = engine.pipeline.info, engine.pipeline.decoder
        montage = Montage.of(info.channels, info.positions)
        groups = Groups.of(montage.regions, montage.pairs)
        watching = Watching(measure, montage.pairs, groups)
        decoder.watch(watching)
        reasons: Counter[str] = Counter()
        n_frames = 0
        for item in engine:
            if isinstance(item, Publication):
                watching.see(item.frame)
                advance(item.frame.index or 0)
                if np.isfinite(item.frame.mean).all():
                    n_frames += 1
                    reasons.update(item.frame.reasons)
        known = decoder.known
    seconds = watching.seconds()
    if seconds is None:
        return None
    recorded = Recorded(opening.name, seconds, opening.labels(seconds))
    shares = {reason: count / n_frames for reason, count in reasons.items()}
    return Watched(recorded, montage, groups, info, known, shares)
