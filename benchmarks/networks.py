"""How well the network of an emotion finds the pairs of electrodes that really carry it.

Simulated people of the frozen benchmark, code `network`, 30°: emotions change nothing but
the coupling of sources. After the rest, patterns are followed for five minutes; then every
pair of electrodes in every band is ranked by the magnitude of the emotion's edge, imaginary
coherence alone, and held against the true edges.

A pair is a true edge of an emotion in a band if its weight (`truth_edges`: how much of the
coupling that the emotion drives reaches these two sensors) is at least half of the largest
weight in that band. In bands that the emotion leaves alone no edge is true. Chance is an
AUROC of 0.5, and the share of true edges for the other figures.

    python benchmarks/networks.py [--people N] [--headset cap64] [--model FILE] [--json]

Settings are to be chosen on `--split training`, whom the test people never meet.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.stats import rankdata

from rtemotion import load_model
from rtemotion.decoding import Model
from rtemotion.decoding.context import SlowContext
from rtemotion.decoding.model import Weights
from rtemotion.errors import SetupError
from rtemotion.explanation import EmotionNetworks, Patterns
from rtemotion.models.simulated import Record, record
from rtemotion.signal import FloatArray
from rtemotion.simulators import EMOTIONS
from rtemotion.simulators.benchmark import Sitting, load_benchmark
from rtemotion.simulators.edges import TruthEdges, truth_edges

CODE, ORIENTATION_DEG = "network", 30.0
# After the rest: the longest window (8 s) and three time constants of the smoothing (4 s).
WARM_UP_S = 20.0
# A frame is a little shorter than a second at some rates; so much is recorded for that.
SPARE_S = 10.0
# Of most bands.
WINDOW_S = 4
MEASURE = "imcoh"
TRUE_SHARE = 0.5
TRUE_SHARES = (0.25, 0.5, 0.75)
TOP = 20
STANDARDISED, PATTERN, NO_INVERSE = "pattern, standardised", "pattern", "covariance, no inverse"
CONTRIBUTION, RANDOM, CEILING = (
    "mean |contribution|",
    "random decoder",
    "true emotions, delayed alike",
)
FIGURES = ("auroc", "average_precision", "precision_n", "precision_20")

Figures = dict[str, list[float]]
"""One list a figure, one entry an emotion (and band); what `FIGURES` names."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--people", type=int, default=10, help="the first N (default 10)")
    parser.add_argument("--headset", default="cap64")
    parser.add_argument("--model", help="model file (default: the one that ships)")
    parser.add_argument("--seconds", type=int, default=300, help="that patterns see")
    parser.add_argument("--split", choices=("test", "training"), default="test")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    model = load_model(options.model)
    benchmark = load_benchmark()
    sittings = benchmark.sittings(options.split, CODE, ORIENTATION_DEG, options.headset)
    people = []
    for number, sitting in enumerate(sittings[: options.people], 1):
        people.append(person(model, sitting, options.seconds))
        found = np.median(people[-1]["rankings"][STANDARDISED]["auroc"])
        print(
            f"{number} of {min(options.people, len(sittings))}: subject {sitting.subject}, "
            f"median AUROC {found:.3f}",
            file=sys.stderr,
            flush=True,
        )
    result = {
        "model": model.identity,
        "headset": options.headset,
        "split": options.split,
        "seconds": options.seconds,
        "people": people,
    }
    print(json.dumps(result) if options.json else report(result))


def person(model: Model, sitting: Sitting, seconds: int) -> dict:
    """Record one person, follow the patterns, and score every ranking."""
    card = model.card
    sitting = replace(sitting, seconds=WARM_UP_S + seconds + SPARE_S)
    one = record(sitting, card.features, card.conditioning, card.smoothing_s)
    truth = truth_edges(sitting.brain())
    weights = _in_bands(truth, _bands(model))
    ranked = rankings(model, one, seconds, sitting.rest_s + WARM_UP_S)
    main = ranked[STANDARDISED]
    return {
        "subject": sitting.subject,
        "true_share": [float(np.mean(_true(w, TRUE_SHARE))) for w in weights],
        "rankings": {name: scored(x, weights, TRUE_SHARE) for name, x in ranked.items()},
        "thresholds": {str(s): scored(main, weights, s) for s in TRUE_SHARES},
        "driven_bands": {str(s): scored_by_band(main, weights, s) for s in TRUE_SHARES},
    }


def rankings(model: Model, one: Record, seconds: int, start: float) -> dict[str, FloatArray]:
    """Return the size of every edge, (8, n_bands, n_pairs), by what it was ranked by."""
    frames = np.flatnonzero(one.times > start)[:seconds]
    if len(frames) < seconds:
        raise SetupError(f"a recording has {len(frames)} s in place of the {seconds} s asked for")
    order = [model.card.target_names.index(name) for name in EMOTIONS]
    measure = model.card.features.measures.index(MEASURE)
    means, contribution = decoded(model, one, frames)

    def edges(networks: EmotionNetworks, rows: list[int]) -> FloatArray:
        return np.abs(np.nan_to_num(networks.edge[rows, measure]))

    learnt = followed(model, one, frames, means)
    return {
        STANDARDISED: edges(learnt.standardised(), order),
        PATTERN: edges(learnt, order),
        NO_INVERSE: edges(followed(model, one, frames, means, shrinkage=1.0), order),
        CONTRIBUTION: contribution[order],
        RANDOM: edges(followed(model, one, frames, random_outputs(one, frames)), [*range(8)]),
        CEILING: edges(
            followed(model, one, frames, delayed(one, model.card.smoothing_s)[frames]), [*range(8)]
        ),
    }


def followed(
    model: Model,
    one: Record,
    frames: NDArray[np.intp],
    outputs: FloatArray,
    **settings: float,
) -> EmotionNetworks:
    """Return the networks after some frames, fed as while decoding."""
    names = tuple(str(k) for k in range(outputs.shape[1]))
    mask = one.mask > 0.5
    patterns = Patterns(names, model.card.features, one.pairs, len(mask), **settings)
    for frame, mean in zip(frames, outputs, strict=True):
        patterns.add(*_features(one, frame), mean, mask)
    return patterns.network()


def decoded(model: Model, one: Record, frames: NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
    """Return the outputs (n, n_targets), and mean |contribution| (n_targets, n_bands, n_pairs).

    A pair's contribution in a band is the sum over measures of weight times feature.
    """
    wanted = set(frames.tolist())
    means, sizes = [], 0.0
    for frame, weights in _weights(model, one):
        if frame in wanted:
            power, edges = _features(one, frame)
            means.append(weights.read_out(power, edges)[0])
            sizes = sizes + np.abs(np.einsum("tmbp,mbp->tbp", weights.edge, edges))
    return np.array(means), np.asarray(sizes) / len(frames)


def _weights(model: Model, one: Record) -> Iterator[tuple[int, Weights]]:
    """Yield every frame with the weights it is decoded with, as the decoder renews them."""
    card, mask = model.card, one.mask > 0.5
    if card.normalisation.policy != "baseline":
        raise SetupError(f"{model.path} does not decode against a person's own baseline")
    rest = one.rest_power - np.asarray(card.normalisation.population.log_power)[:, None]
    rest = np.where(mask & np.isfinite(rest), rest, 0.0)
    slow = card.context and SlowContext(card.context, card.features, one.pairs, len(mask))
    place = one.pairs, one.positions.astype(np.float64), mask
    weights = None
    for frame in range(len(one.times)):
        if weights is None:
            rows = [rest, np.where(mask, slow.rows, 0.0)] if slow else [rest]
            weights = model.weights(*place, np.concatenate(rows))
        yield frame, weights
        if slow and slow.add(*_features(one, frame)):
            weights = None


def _features(one: Record, frame: int) -> tuple[FloatArray, FloatArray]:
    return one.power[frame].astype(np.float64), one.connectivity[frame].astype(np.float64)


def random_outputs(one: Record, frames: NDArray[np.intp]) -> FloatArray:
    """Return outputs (n, 8) of a decoder that learnt nothing: weights drawn for every feature."""
    edges = one.connectivity[frames].reshape(len(frames), -1).astype(np.float64)
    weights = np.random.default_rng(0).normal(size=(edges.shape[1], len(EMOTIONS)))
    return np.asarray(edges @ weights)


def delayed(one: Record, smoothing_s: float) -> FloatArray:
    """Return the true emotions (n_frames, 8), as far behind as features: what could be had."""
    window = np.ones(WINDOW_S) / WINDOW_S
    held = lfilter(window, 1.0, one.truth.astype(np.float64), axis=0)
    left = np.exp(-1.0 / smoothing_s) if smoothing_s > 0 else 0.0
    return np.asarray(lfilter([1.0 - left], [1.0, -left], held, axis=0))


def scored(sizes: FloatArray, weights: FloatArray, share: float) -> Figures:
    """Return the figures of each emotion over all bands and pairs."""
    pairs = [(s.ravel(), _true(w, share).ravel()) for s, w in zip(sizes, weights, strict=True)]
    return _figures(pairs)


def scored_by_band(sizes: FloatArray, weights: FloatArray, share: float) -> Figures:
    """Return the figures of each emotion within each band that it drives."""
    return _figures(
        [
            (sizes[e, b], _true(weights[e], share)[b])
            for e, b in np.argwhere(weights.any(axis=2)).tolist()
        ]
    )


def _figures(rankings: list[tuple[FloatArray, NDArray[np.bool_]]]) -> Figures:
    found = [figures(sizes, true) for sizes, true in rankings if true.any() and not true.all()]
    return {name: [float(x[k]) for x in found] for k, name in enumerate(FIGURES)}


def figures(sizes: FloatArray, true: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """Return AUROC, average precision, and precision among the first n and the first 20.

    Parameters
    ----------
    sizes : array, shape (n,)
        What edges are ranked by, the largest first.
    true : array of bool, shape (n,)
        Which edges are true; n of the third figure is their number.
    """
    n = int(true.sum())
    below = rankdata(sizes)[true].sum() - n * (n + 1) / 2
    hits = true[np.argsort(-sizes, kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return (
        below / (n * (len(true) - n)),
        precision[hits].mean(),
        precision[n - 1],
        precision[min(TOP, len(hits)) - 1],
    )


def _true(weights: FloatArray, share: float) -> NDArray[np.bool_]:
    """Return the true edges (n_bands, n_pairs) among the weights of one emotion."""
    most = weights.max(axis=1, keepdims=True)
    return (weights >= share * most) & (most > 0.0)


def _bands(model: Model) -> tuple[str, ...]:
    features = model.card.features
    return tuple(features.bands[i].name for i in features.connectivity_bands)


def _in_bands(truth: TruthEdges, bands: tuple[str, ...]) -> FloatArray:
    """Return the true weights in the order of the model's bands."""
    missing = set(truth.bands) ^ set(bands)
    if missing:
        raise SetupError(
            f"emotions change {', '.join(truth.bands)}, the model has connectivity in "
            f"{', '.join(bands)}; take a model with these bands"
        )
    return truth.weights[:, [truth.bands.index(name) for name in bands]]


def report(result: dict) -> str:
    """Return the figures as lines: medians, with quartiles of AUROC."""
    people = result["people"]
    share = 100 * np.median([x for p in people for x in p["true_share"]])
    head = f"{'AUROC':>7s} {'(quartiles)':>16s} {'AP':>7s} {'P@n':>7s} {'P@20':>7s}"
    lines = [
        result["model"],
        f"{len(people)} {result['split']} people, {result['headset']}, {result['seconds']} s; "
        f"{share:.2f} % of edges are true; medians over people and emotions",
        "",
        f"{'ranked by':40s}{head}",
    ]
    lines += [_line(name, [p["rankings"][name] for p in people]) for name in people[0]["rankings"]]
    for title, key in (
        (f"{STANDARDISED}; true from", "thresholds"),
        ("within bands that are driven; from", "driven_bands"),
    ):
        lines.append("")
        lines += [
            _line(f"{title} {100 * s:.0f} %", [p[key][str(s)] for p in people])
            for s in TRUE_SHARES
        ]
    lines.append("")
    lines += [
        _line(name, [{f: [x[k]] for f, x in p["rankings"][STANDARDISED].items()} for p in people])
        for k, name in enumerate(EMOTIONS)
    ]
    return "\n".join(lines)


def _line(name: str, scores: list[Figures]) -> str:
    values = {f: [x for score in scores for x in score[f]] for f in FIGURES}
    low, middle, high = np.percentile(values["auroc"], [25, 50, 75])
    rest = " ".join(f"{np.median(values[f]):7.3f}" for f in FIGURES[1:])
    return f"{name:40s}{middle:7.3f} {f'({low:.3f}–{high:.3f})':>16s} {rest}"


if __name__ == "__main__":
    main()
