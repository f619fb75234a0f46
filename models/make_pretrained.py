"""Makes the model that ships: ``python -m rtemotion.models.make_pretrained``.

Simulates people, computes their features with the code that decodes, trains
the additive network, calibrates it on other people, scores it on yet others,
and writes the self-describing ONNX file. Everything follows from the seeds.
"""

from __future__ import annotations

import argparse
import logging
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from platformdirs import user_cache_path

from .. import __version__
from ..conditioning import ConditioningDesign
from ..decoding.card import ModelCard, Normalisation, PopulationReference, Target
from ..decoding.model import DEFAULT_MODEL
from ..features import FeatureSchema
from ..simulators import EMOTIONS
from ..simulators.codes import Code
from .export import export
from .network import AdditiveNetwork, NetworkShape
from .simulated import Recipe, Record, Recorder, draw_recipes, records
from .training import (
    Training,
    example,
    familiarity_of,
    interval_factors,
    population_of,
    scores,
    train,
)

log = logging.getLogger("rtemotion.models.make_pretrained")

SMOOTHING_S = 4.0
TEST_CODES: tuple[Code, ...] = ("network", "power", "mix", "none")
SIGNED = {"imcoh": True, "wpli2_lagged": False}


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the shipped model, or a smaller one from the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=_shipped())
    parser.add_argument(
        "--work",
        type=Path,
        default=user_cache_path("rtemotion", appauthor=False) / "training",
        help="keeps the simulated records, so that a broken run goes on where it was",
    )
    parser.add_argument("--people", type=int, default=480, help="to train on")
    parser.add_argument("--others", type=int, default=60, help="to stop and to calibrate on, each")
    parser.add_argument("--tested", type=int, default=30, help="to score on, for each code")
    parser.add_argument("--seconds", type=float, default=210.0, help="of each person after rest")
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(options.workers)
    schema, design = FeatureSchema(), ConditioningDesign()

    recorder = Recorder(schema, design, SMOOTHING_S, options.work)

    def simulate(recipes: list[Recipe], what: str) -> list[Record]:
        done = []
        for one in records(recipes, recorder, options.workers):
            done.append(one)
            if len(done) % 20 == 0:
                log.info("%s: %d of %d people", what, len(done), len(recipes))
        return done

    def people_for(what: str, n: int, offset: int) -> list[Record]:
        return simulate(draw_recipes(n, options.seed + offset, options.seconds), what)

    people = people_for("training", options.people, 0)
    stopping = people_for("early stopping", options.others, 1)
    calibration = people_for("calibration", options.others, 2)
    population = population_of(people)
    shape = NetworkShape(
        len(EMOTIONS),
        len(schema.bands),
        tuple(SIGNED[name] for name in schema.measures),
        len(schema.connectivity_bands),
    )
    torch.manual_seed(options.seed)
    network = train(
        AdditiveNetwork(shape),
        people,
        stopping,
        population,
        Training(epochs=options.epochs, seed=options.seed),
        lambda epoch, loss, ccc: log.info(
            "epoch %d: loss %.4f, held-out CCC %.3f", epoch, loss, ccc
        ),
    )
    tested = {
        code: simulate(
            [
                Recipe((options.seed + 3) * 100_000 + 1000 * k + i, "cap32", code, options.seconds)
                for i in range(options.tested)
            ],
            f"test {code}",
        )
        for k, code in enumerate(TEST_CODES)
    }
    card = _card(schema, design, people, calibration, population, network, tested, options)
    export(network, card, options.out)
    log.info("wrote %s: %s", options.out, card.scores)


def _card(
    schema: FeatureSchema,
    design: ConditioningDesign,
    people: list[Record],
    calibration: list[Record],
    population: PopulationReference,
    network: AdditiveNetwork,
    tested: Mapping[Code, list[Record]],
    options: argparse.Namespace,
) -> ModelCard:
    truth = np.concatenate([r.truth for r in people]).astype(np.float64)
    low, high = np.quantile(truth, [0.05, 0.95], axis=0)
    held_out = [example(r, population) for r in calibration]
    factors = interval_factors(network, held_out)
    targets = tuple(
        Target(
            name=name,
            low=0.0,
            high=1.0,
            construct="felt",
            prior_mean=float(truth[:, i].mean()),
            prior_std=float(truth[:, i].std()),
            prior_lower=float(low[i]),
            prior_upper=float(high[i]),
            interval=float(factors[i]),
        )
        for i, name in enumerate(EMOTIONS)
    )
    return ModelCard(
        name=DEFAULT_MODEL,
        version=__version__,
        description=(
            "Eight emotions from band power and lagged connectivity, additive in its inputs. "
            "Trained on simulated brains only: it shows that the way from signal to emotion "
            "works, and says nothing about people."
        ),
        trained_on="simulation",
        targets=targets,
        features=schema,
        conditioning=design,
        normalisation=Normalisation("baseline", 60.0, population),
        familiarity=familiarity_of([*held_out, *(example(r, population) for r in people)]),
        smoothing_s=SMOOTHING_S,
        scores=_scores(network, tested, population, options.tested),
        provenance={
            "script": "rtemotion.models.make_pretrained",
            "seed": options.seed,
            "people": options.people,
            "rtemotion": __version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    )


def _scores(
    network: AdditiveNetwork,
    tested: Mapping[Code, list[Record]],
    population: PopulationReference,
    n_people: int,
) -> dict[str, object]:
    found = {
        code: scores(network, [example(r, population) for r in rows])
        for code, rows in tested.items()
    }
    return {
        "protocol": (
            f"{n_people} unseen simulated people for each code, cap32, 10 mm and 30 degrees of "
            "jitter, own baseline, CCC per recording, mean over people and emotions"
        ),
        "mean_ccc": {code: round(float(rows.mean()), 4) for code, rows in found.items()},
        "ccc": {
            code: dict(zip(EMOTIONS, rows.mean(axis=0).round(4).tolist(), strict=True))
            for code, rows in found.items()
        },
    }


def _shipped() -> Path:
    return Path(__file__).parent / "pretrained" / f"{DEFAULT_MODEL}.onnx"


if __name__ == "__main__":
    main()
