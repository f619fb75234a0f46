"""Claim: what is said to drive a prediction does, and it matters to the truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray
from .claims_controls import SWAPPED, UNTRAINED, controls
from .claims_study import Finding, Study, numbers, said
from .claims_weights import Weighed, features_at, weights_behind
from .contenders import within
from .scoring import concordance, over_people
from .simulated import Record

CLAIM = "deletion"
OWN = "own"
# Shares of the features that are deleted.
SHARES = np.array([0.0, 0.01, 0.02, *np.arange(1, 21) / 20])
_TENTH = int(np.argmin(np.abs(SHARES - 0.1)))


@dataclass(frozen=True, eq=False)
class Curves:
    """What deletion does to one person's predictions, by who ranked the features.

    Attributes
    ----------
    drop : mapping
        Mean drop of the prediction at each share, shape (n_shares,); mean over emotions.
    ccc : mapping
        Concordance with the truth at each share, shape (n_shares,); mean over emotions.
    """

    drop: Mapping[str, FloatArray]
    ccc: Mapping[str, FloatArray]


def measure(study: Study) -> Iterator[Finding]:
    """Compare the model's own ranking of features with those of two controls.

    Features are single numbers: the power of a channel in a band, one measure of a pair
    in a band. Deleting one sets it to its reference, which takes its contribution out of
    the prediction, as the claim ``sum`` has verified; the context stays.

    *Drop of the prediction.* In every frame and for every emotion the features are ranked
    by their signed contribution, the largest first, and a growing share from the top is
    deleted. Measured is the area under the drop of the model's prediction over the share
    (deletion curves: Samek et al. 2017, IEEE TNNLS 28:2660; Petsiuk et al. 2018, BMVC).
    For an additive model no ranking can drop its own prediction further than its own
    contributions do, by construction: that they beat the controls shows that the controls
    say something else, and how much, and nothing about what is true.

    *Concordance lost.* The informative figure. On the stretch before the scored one
    features are ranked by the covariance of their contribution with the prediction: by
    how much of its ups and downs they carry, with their sign. Those ranked highest are
    deleted throughout the scored stretch, and what remains is compared with the true
    emotions. Neither the frames nor the truth that decide took part in the ranking, and
    nothing makes the loss large by construction: of features that do not tell the
    emotion, any number can go. What is left may run against the truth, so that more can
    be lost than there was. The mean that the prediction had is put back, as a shift
    alone would cost concordance whatever was deleted. Measured is the area under the
    concordance lost over the share, and the loss when a tenth of the features is gone.

    Both are means over emotions, and intervals are over people, of differences on the
    same person.
    """
    models = {OWN: study.model, **controls(study)}
    curves = []
    for record in study.records(study.sittings()):
        before = study.benchmark.oracle_spans()[0]
        ranks = (
            within(record, before),
            within(record, study.benchmark.scored_span),
        )
        behind = {name: weights_behind(each, record) for name, each in models.items()}
        curves.append(deleted(record, behind, *ranks))
    for control in (UNTRAINED, SWAPPED):
        yield _compared(curves, control, "drop", "area under the drop of the prediction")
        yield _compared(curves, control, "ccc", "area under the CCC lost")
    lost = over_people(np.array([each.ccc[OWN][0] - each.ccc[OWN][_TENTH] for each in curves]))
    yield Finding(
        CLAIM,
        "CCC lost when the tenth of the features that ranks highest is deleted",
        "above 0",
        said(lost),
        lost.low > 0.0,
        {
            "shares": SHARES.round(3).tolist(),
            "lost": numbers(lost),
            "ccc": {name: _mean([each.ccc[name] for each in curves]) for name in models},
            "drop": {name: _mean([each.drop[name] for each in curves]) for name in models},
        },
    )


def _compared(curves: list[Curves], control: str, which: str, what: str) -> Finding:
    def areas(name: str) -> FloatArray:
        rows = np.array([getattr(each, which)[name] for each in curves])
        if which == "ccc":
            rows = rows[:, :1] - rows
        return np.asarray(np.trapezoid(rows, SHARES, axis=1))

    own, other = areas(OWN), areas(control)
    ahead = over_people(own - other)
    return Finding(
        CLAIM,
        f"{what}, own ranking - {control}",
        "above 0",
        f"{own.mean():.3f} - {other.mean():.3f} = {said(ahead)}",
        ahead.low > 0.0,
        {
            "difference": numbers(ahead),
            OWN: own.round(6).tolist(),
            control: other.round(6).tolist(),
        },
    )


def _mean(rows: list[FloatArray]) -> list[float]:
    return [round(float(value), 6) for value in np.mean(rows, axis=0)]


def deleted(
    record: Record,
    behind: Mapping[str, list[Weighed]],
    before: NDArray[np.bool_],
    scored: NDArray[np.bool_],
) -> Curves:
    """Delete features of one person, ranked by several models, from what the first predicts.

    Parameters
    ----------
    record : Record
        The person.
    behind : mapping
        Name of a model to the weights behind each frame, see `weights_behind`; `OWN` is
        the one whose predictions are watched.
    before, scored : array of bool, shape (n_frames,)
        Frames on which features are ranked for deletion throughout, and frames in which
        features are deleted.
    """
    swings = {
        name: _swings(record, weighed, np.flatnonzero(before)) for name, weighed in behind.items()
    }
    throughout = {name: _ranked(swing) for name, swing in swings.items()}
    predicted: list[FloatArray] = []
    drops: dict[str, list[FloatArray]] = {name: [] for name in behind}
    left: dict[str, list[FloatArray]] = {name: [] for name in behind}
    for frame in np.flatnonzero(scored):
        own = behind[OWN][frame].contributions(*features_at(record, frame))
        predicted.append(behind[OWN][frame].weights.bias + own.sum(axis=1))
        for name, weighed in behind.items():
            theirs = (
                own if name == OWN else weighed[frame].contributions(*features_at(record, frame))
            )
            drops[name].append(_gone(own, _ranked(theirs)))
            left[name].append(predicted[-1][:, None] - _gone(own, throughout[name]))
    truth = record.truth[scored].astype(np.float64)
    mean = np.mean(predicted, axis=0)
    return Curves(
        {name: np.mean(rows, axis=(0, 1)) for name, rows in drops.items()},
        {name: _agreement(np.array(rows), mean, truth) for name, rows in left.items()},
    )


def _swings(record: Record, weighed: list[Weighed], frames: NDArray[np.intp]) -> FloatArray:
    """Return the covariance of contributions with their sum, shape (n_targets, n_features)."""
    first = weighed[frames[0]].contributions(*features_at(record, frames[0]))
    sums, products = np.zeros_like(first), np.zeros_like(first)
    total = np.zeros((len(first), 1))
    for frame in frames:
        one = weighed[frame].contributions(*features_at(record, frame))
        all_of_it = one.sum(axis=1, keepdims=True)
        sums += one
        products += one * all_of_it
        total += all_of_it
    return np.asarray(products / len(frames) - sums * total / len(frames) ** 2)


def _ranked(values: FloatArray) -> NDArray[np.intp]:
    """Return the features in order for each target, the largest first."""
    return np.argsort(-values, axis=1, kind="stable")


def _gone(own: FloatArray, order: NDArray[np.intp]) -> FloatArray:
    """Return what deleting each share of the features takes away, (n_targets, n_shares)."""
    taken = np.cumsum(np.take_along_axis(own, order, axis=1), axis=1)
    taken = np.concatenate([np.zeros((len(own), 1)), taken], axis=1)
    return taken[:, np.round(SHARES * own.shape[1]).astype(np.intp)]


def _agreement(left: FloatArray, mean: FloatArray, truth: FloatArray) -> FloatArray:
    """Return the CCC at each share of what is left, (n_frames, n_targets, n_shares).

    The mean of each target is put back first.
    """
    moved = left - left.mean(axis=0) + mean[:, None]
    return np.array([concordance(moved[..., k], truth).mean() for k in range(len(SHARES))])
