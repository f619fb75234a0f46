"""Makes the model that ships: ``python -m rtemotion.models.make_pretrained``.

Simulates people, computes their features with the code that decodes, trains a
network, calibrates it on other people, scores it on yet others, and writes the
self-describing ONNX file. Everything follows from the seeds; what was simulated and
learnt is kept, so that a broken run goes on where it was.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from platformdirs import user_cache_path

from .. import __version__
from ..conditioning import ConditioningDesign
from ..decoding.card import Agreement, ModelCard, Normalisation, Target
from ..decoding.context import ContextPolicy, n_context
from ..decoding.model import DEFAULT_MODEL
from ..features import FeatureSchema
from ..simulators import EMOTIONS
from ..simulators.codes import Code
from .calibrating import calibration_recipes, errors_of, familiarity_of, intervals_of, of_whom
from .examples import Example
from .export import export
from .network import EmotionNetwork, NetworkShape
from .references import population_of
from .resetting import reset_agreement
from .simulated import Recipe, Record, Recorder, draw_recipes, records
from .training import Reference, Training, best_lag, scores, train

log = logging.getLogger("rtemotion.models.make_pretrained")

SMOOTHING_S = 1.5
TEST_CODES: tuple[Code, ...] = ("network", "power", "mix", "none")
REASONS = {
    "additive": "additive in its inputs",
    "approximate": "free to mix its inputs, so that reasons are approximate",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the shipped model, or another one from the options."""
    options = _options(arguments)
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
    recipes = calibration_recipes(10 * options.others, options.seed + 2, options.seconds)
    calibration = simulate(recipes, "calibration")
    reference = Reference(population_of(people), ContextPolicy(), schema)
    network = _trained(people, stopping, reference, options)
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
    card = _card(design, people, calibration, reference, network, tested, options)
    export(network, card, options.out)
    log.info("wrote %s: %s", options.out, card.scores)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=_shipped())
    parser.add_argument(
        "--work",
        type=Path,
        default=user_cache_path("rtemotion", appauthor=False) / "training",
        help="keeps simulated records and checkpoints, so that a broken run goes on",
    )
    parser.add_argument("--people", type=int, default=600, help="to train on")
    parser.add_argument(
        "--others",
        type=int,
        default=60,
        help="to stop on; of ten times as many those with a usual signal serve to calibrate",
    )
    parser.add_argument("--tested", type=int, default=30, help="to score on, for each code")
    parser.add_argument("--seconds", type=float, default=300.0, help="of each person after rest")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--architecture",
        choices=("additive", "approximate"),
        default="additive",
        help="whether features of the moment stay out of the transformer, so that reasons "
        "are exact",
    )
    return parser.parse_args(arguments)


def _trained(
    people: list[Record],
    stopping: list[Record],
    reference: Reference,
    options: argparse.Namespace,
) -> EmotionNetwork:
    schema = reference.schema
    shape = NetworkShape.of(schema, len(EMOTIONS), n_context(schema), options.architecture)
    plan = Training(epochs=options.epochs, seed=options.seed)
    deciding = repr((shape, plan, options.people, options.seconds, reference))
    name = f"training-{hashlib.sha256(deciding.encode()).hexdigest()[:16]}.npz"
    torch.manual_seed(options.seed)
    return train(
        EmotionNetwork(shape),
        people,
        stopping,
        reference,
        plan,
        lambda epoch, loss, ccc: log.info(
            "epoch %d: loss %.4f, held-out CCC %.3f", epoch, loss, ccc
        ),
        checkpoint=options.work / name,
        device="cuda" if torch.cuda.is_available() else "cpu",
    )


def _card(
    design: ConditioningDesign,
    people: list[Record],
    calibration: list[Record],
    reference: Reference,
    network: EmotionNetwork,
    tested: Mapping[Code, list[Record]],
    options: argparse.Namespace,
) -> ModelCard:
    truth = np.concatenate([r.truth for r in people]).astype(np.float64)
    low, high = np.quantile(truth, [0.05, 0.95], axis=0)
    held_out = [reference.example(r) for r in calibration]
    intervals = intervals_of([errors_of(network, x) for x in held_out])
    architecture = network.shape.architecture
    tests = {code: [reference.example(r) for r in rows] for code, rows in tested.items()}
    known = [x for code, rows in tests.items() if code != "none" for x in rows]
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
            interval=float(intervals.by_target[i]),
        )
        for i, name in enumerate(EMOTIONS)
    )
    return ModelCard(
        name=DEFAULT_MODEL,
        version=__version__,
        description=(
            f"Eight emotions from band power and lagged connectivity, {REASONS[architecture]}. "
            "Trained on simulated brains only: it shows that the way from signal to emotion "
            "works, and says nothing about people."
        ),
        trained_on="simulation",
        targets=targets,
        features=reference.schema,
        conditioning=design,
        normalisation=Normalisation("baseline", 60.0, reference.population),
        familiarity=familiarity_of([*calibration, *people]),
        smoothing_s=SMOOTHING_S,
        architecture=architecture,
        agreement=_agreement(network, held_out) if architecture == "approximate" else None,
        context=reference.policy,
        interval_by_size=intervals.by_size,
        information_delay_s=best_lag(network, known),
        scores=_scores(network, tests, options.tested),
        provenance={
            "script": "rtemotion.models.make_pretrained",
            "seed": options.seed,
            "people": options.people,
            "rtemotion": __version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
            "intervals": of_whom(len(calibration)),
        },
    )


def _scores(
    network: EmotionNetwork, tests: Mapping[Code, list[Example]], n_people: int
) -> dict[str, object]:
    found = {code: scores(network, rows) for code, rows in tests.items()}
    return {
        "protocol": (
            f"{n_people} unseen simulated people for each code, cap32, 10 mm and 30 degrees of "
            "jitter, own baseline, CCC per recording as served, mean over people and emotions"
        ),
        "mean_ccc": {code: round(float(rows.mean()), 4) for code, rows in found.items()},
        "ccc": {
            code: dict(zip(EMOTIONS, rows.mean(axis=0).round(4).tolist(), strict=True))
            for code, rows in found.items()
        },
    }


def _agreement(network: EmotionNetwork, held_out: list[Example]) -> Agreement:
    node, edge = reset_agreement(network, held_out)
    return Agreement(
        node,
        edge,
        f"{len(held_out)} unseen simulated people; correlation of contributions with how far "
        "setting the channel or pair to its reference moves the prediction",
    )


def _shipped() -> Path:
    return Path(__file__).parent / "pretrained" / f"{DEFAULT_MODEL}.onnx"


if __name__ == "__main__":
    main()
