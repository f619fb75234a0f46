"""The simulated person of the demo: a headset to decode, and what is known of who wears it."""

from __future__ import annotations

import contextlib
import json
import logging
import math
from pathlib import Path
from typing import TYPE_CHECKING

from . import __version__
from .decoding import Baseline, BaselineSpan, Model
from .pipeline import Pipeline

if TYPE_CHECKING:
    from .simulators import Brain, SimulatedSource

log = logging.getLogger(__name__)

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
    brain = Brain(person, headset, seed=seed + 1)
    kept = _place(model, headset, seed)
    known = _read(kept)
    if known is None:
        known = known_of(Brain(person, headset, seed=seed, rest_s=REST_S), model, REST_S)
        _keep(kept, known)
    return SimulatedSource(brain, seconds=seconds), known


def _place(model: Model, headset: str, seed: int) -> Path | None:
    """Return where what was known is kept, since a visit takes seconds to live through."""
    from platformdirs import user_cache_path

    name = f"{__version__}-{model.sha256[:12]}-{headset}-{seed}.json"
    try:
        return user_cache_path("rtemotion", appauthor=False, ensure_exists=True) / "demo" / name
    except OSError:
        return None


def _read(path: Path | None) -> Baseline | None:
    from .person import unpack

    if path is None or not path.is_file():
        return None
    try:
        return unpack(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        log.info("%s cannot be used and is made anew", path)
        return None


def _keep(path: Path | None, known: Baseline | None) -> None:
    from .person import pack

    if path is None or known is None:
        return
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.write_text(json.dumps(pack(known)), "utf-8")
        new.replace(path)


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
