"""Claim: a prediction is the sum of its contributions, each what resetting its input does."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..decoding import Model
from ..signal import FloatArray
from .claims_study import Finding, Study
from .claims_weights import emotions_in, features_at, weights_behind
from .contenders import within
from .simulated import Record

CLAIM = "sum"
TOLERANCE = 1e-5
_GOAL = f"at most {TOLERANCE:g}"
# Of the features of a frame, so many of those that add most are reset, and so many at random.
_LARGEST, _ANY = 10, 40
_WHOLE = 5


def measure(study: Study) -> Iterator[Finding]:
    """Check sums and resets through the network, one moment of everybody under each headset.

    Then check the sum of every frame that the whole program shows, after smoothing.
    """
    sums: dict[str, float] = {}
    resets: dict[str, float] = {}
    rng = np.random.default_rng(0)
    for headset in study.montages:
        for record in study.records(study.sittings(headset=headset)):
            scored = np.flatnonzero(within(record, study.benchmark.scored_span))
            off, moved = through_network(study.model, record, int(rng.choice(scored)), rng)
            sums[headset] = max(off, sums.get(headset, 0.0))
            resets[headset] = max(moved, resets.get(headset, 0.0))
    yield _finding("largest |prediction - sum of contributions|, network", sums)
    yield _finding("largest |change on resetting an input - its contribution|, network", resets)
    sittings = study.sittings()
    worst = {one.subject: 0.0 for one in sittings}
    for one, shown in zip(sittings, study.shown(sittings), strict=True):
        worst[one.subject] = float(np.nanmax(shown.off))
    yield _finding("largest |prediction - sum of contributions|, program", worst)


def _finding(what: str, worst: dict[str, float] | dict[int, float]) -> Finding:
    largest = max(worst.values())
    values = {str(name): value for name, value in worst.items()}
    return Finding(CLAIM, what, _GOAL, f"{largest:.1e}", largest <= TOLERANCE, values)


def through_network(
    model: Model, record: Record, frame: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Check one frame of a record with the context it had.

    Returns
    -------
    float
        How far the constant and the contributions of channels and pairs are from the
        prediction, at most over targets.
    float
        How far what resetting a feature, a channel or a pair does is from what it was
        said to add, at most over targets and over the inputs that were reset.
    """
    behind = weights_behind(model, record)[frame]
    power, connectivity = features_at(record, frame)
    targets = emotions_in(model)
    outcome = model.run(power, connectivity, *behind.electrodes)
    mean, _, node, edge = (x[targets] for x in outcome)

    def moved(reset: list[int] | NDArray[np.int64], said: FloatArray) -> float:
        features = np.concatenate([power.ravel(), connectivity.ravel()])
        features[reset] = 0.0
        left, right = np.split(features, [power.size])
        left, right = left.reshape(power.shape), right.reshape(connectivity.shape)
        changed = model.run(left, right, *behind.electrodes)[0][targets]
        return float(np.abs(mean - changed - said).max())

    one = behind.contributions(power, connectivity)
    found = [moved([k], one[:, k]) for k in _chosen(one, rng)]
    for whole, rows, first in (
        (node, len(power), 0),
        (edge, connectivity[..., 0].size, power.size),
    ):
        n = whole.shape[1]
        for k in rng.choice(n, min(_WHOLE, n), replace=False):
            found.append(moved(first + k + n * np.arange(rows), whole[:, k]))
    off = np.abs(behind.weights.bias + node.sum(axis=1) + edge.sum(axis=1) - mean).max()
    return float(off), max(found)


def _chosen(one: FloatArray, rng: np.random.Generator) -> NDArray[np.int64]:
    largest = np.argsort(-np.abs(one).max(axis=0))[:_LARGEST]
    others = rng.choice(one.shape[1], min(_ANY, one.shape[1]), replace=False)
    return np.union1d(largest, others)
