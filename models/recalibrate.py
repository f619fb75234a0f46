"""Gives a model file intervals anew: ``python -m rtemotion.models.recalibrate --out FILE``.

Intervals follow from people that the model was not trained on, decoded as it decodes. Its
weights stay to the bit; only its card is written anew. What was simulated is kept, so that
a broken run goes on where it was.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path

from ..decoding import Model
from ..decoding.card import ModelCard, by_size
from ..decoding.card_writing import with_card
from ..decoding.model import shipped_model
from ..simulators import EMOTIONS
from .calibrating import Errors, calibration_recipes, errors_as_served, intervals_of, of_whom
from .simulated import Recorder, records

log = logging.getLogger("rtemotion.models.recalibrate")


def main(arguments: Sequence[str] | None = None) -> None:
    """Recalibrate the shipped model, or another one from the options."""
    options = _options(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    model = Model(options.model)
    card = model.card
    recorder = Recorder(card.features, card.conditioning, card.smoothing_s, options.work)
    recipes = calibration_recipes(options.drawn, options.seed, options.seconds)
    people = []
    for record in records(recipes, recorder, options.workers):
        people.append(errors_as_served(model, record))
        log.info("%d of %d people", len(people), len(recipes))
    anew = recalibrated(card, people, options.seed)
    content = options.model.read_bytes()
    options.out.write_bytes(with_card(content, anew, str(options.out)))
    before, after = (dict(one.interval_by_size) for one in (card, anew))
    log.info("wrote %s: factors by channels were %s, are %s", options.out, before, after)


def recalibrated(card: ModelCard, people: Sequence[Errors], seed: int) -> ModelCard:
    """Return a card whose intervals hold 90 % of the labels of some people.

    Parameters
    ----------
    card : ModelCard
        The card before; it decodes the simulator's emotions.
    people : sequence of Errors
        People it was not trained on, decoded with this card.
    seed : int
        Of these people, for the record.
    """
    intervals = intervals_of(people)
    widths = dict(zip(EMOTIONS, intervals.by_target.tolist(), strict=True))
    covered = float(np.mean([_covered(card, one) for one in people]))
    said = f"{of_whom(len(people))} (seed {seed}); those before held {100 * covered:.1f} %"
    return replace(
        card,
        targets=tuple(replace(target, interval=widths[target.name]) for target in card.targets),
        interval_by_size=intervals.by_size,
        provenance={**card.provenance, "intervals": said},
    )


def _covered(card: ModelCard, one: Errors) -> float:
    """Return the share of a person's labels that a card's intervals hold."""
    widths = {target.name: target.interval for target in card.targets}
    half = np.array([widths[name] for name in EMOTIONS])
    return float((one.relative <= half * by_size(card.interval_by_size, one.n_channels)).mean())


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--model", type=Path, default=shipped_model())
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--work",
        type=Path,
        default=user_cache_path("rtemotion", appauthor=False) / "training",
        help="keeps simulated records, so that a broken run goes on",
    )
    parser.add_argument("--drawn", type=int, default=600, help="a third of them are calibrated on")
    parser.add_argument("--seconds", type=float, default=300.0, help="of each person after rest")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=3, help="of people no model was trained on")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
