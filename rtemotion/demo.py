"""The simulated person of the demo: a headset to decode, and what is known of who wears it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .decoding import Baseline, BaselineSpan, Model
from .pipeline import Pipeline

if TYPE_CHECKING:
    from .simulators import Brain, SimulatedSource

# How long the person rested before, and then felt something, s.
REST_S, MOVING_S = 80.0, 130.0


def open_demo(
    model: Model, headset: str = "cap32", seed: int = 1, seconds: float | None = None
) -> tuple[SimulatedSource, Baseline | None]:
    """Return a simulated headset, and what a model knows of its person from an earlier visit.

    Parameters
    ----------
    model : Model
        What is to decode it.
    headset : str
        Which headset, see `rtemotion.simulators.Brain`.
    seed : int
        Which person and session.
    seconds : float or None
        How much to yield; without end by default.

    Raises
    ------
    SetupError
        When there is no such headset.
    """
    from .simulators import Brain, SimulatedSource, Subject

    person = Subject.draw(seed)
    earlier = Brain(person, headset, seed=seed, rest_s=REST_S)
    known = known_of(earlier, model, REST_S)
    return SimulatedSource(Brain(person, headset, seed=seed + 1), seconds=seconds), known


def known_of(brain: Brain, model: Model, rest_s: float) -> Baseline | None:
    """Return what a model knows of a simulated person after a rest and two minutes more.

    None for a model that wants to know nothing. The brain rests for `rest_s` seconds.
    """
    pipeline = Pipeline(brain.info, model, span=BaselineSpan(0.0, rest_s))
    seconds = rest_s + (MOVING_S if model.card.context is not None else 5.0)
    step = round(5.0 * brain.info.sfreq)
    for _ in range(math.ceil(seconds / 5.0)):
        chunk, _ = brain.read(step)
        for _ in pipeline.process(chunk):
            pass
    return pipeline.decoder.known
