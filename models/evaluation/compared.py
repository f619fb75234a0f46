"""The model beside its baselines, on the same folds and the same draws of people and stimuli."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...signal import FloatArray
from . import baselines as known
from .crossfit import HeldOut, Transform, crossfit
from .equal_terms import MOST_COMPONENTS, as_smooth, principal
from .regressors import Regressor, RidgeRegressor
from .result import Compared, EqualTerms, Scored
from .scores import METRICS, Cells, Score, by_clip, cells_of, drawn, score, scores_of
from .splits import Fold, Protocol, folds_of
from .table import EvaluationError, FeatureTable, IntArray

R = METRICS.index("r")


@dataclass(frozen=True, eq=False)
class Run:
    """What all that is compared has in common.

    Attributes
    ----------
    table : FeatureTable
        Labelled rows.
    labels : array, shape (n_rows, n_lags, n_targets)
    folds : tuple of Fold
    protocol : Protocol
    gap_s : float
    resamples, seed : int
        Of the draws of subjects and stimuli.
    blocks : int
        Blocks of time in protocol D.
    """

    table: FeatureTable
    labels: FloatArray
    folds: tuple[Fold, ...]
    protocol: Protocol
    gap_s: float
    resamples: int
    seed: int
    blocks: int

    def fitted(
        self,
        features: NDArray[np.floating],
        regressor: Regressor | None = None,
        transform: Transform | None = None,
    ) -> HeldOut:
        """Return held-out predictions from other features, by a ridge unless told otherwise."""
        return crossfit(
            self.table,
            features,
            self.labels,
            self.folds,
            self.protocol,
            self.gap_s,
            regressor or RidgeRegressor(),
            transform,
        )

    def under(self, protocol: Protocol, gap_s: float | None = None) -> Run:
        """Return the same under another protocol or with a wider gap.

        Raises
        ------
        EvaluationError
            If there are too few groups for it.
        """
        gap = self.gap_s if gap_s is None else gap_s
        folds = folds_of(self.table, protocol, gap, self.blocks)
        return replace(self, folds=folds, protocol=protocol, gap_s=gap)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Scores of one thing that was fitted, and of every draw of subjects and stimuli.

    Attributes
    ----------
    values : array, shape (5, n_targets)
    draws : array, shape (n_draws, 5, n_targets)
    """

    values: FloatArray
    draws: FloatArray

    @classmethod
    def of(cls, run: Run, held: HeldOut) -> Comparison:
        """Score held-out predictions, whole clips where labels are one rating a clip."""
        if run.table.kind == "rating":
            held = by_clip(run.table, held)
        cells: Cells = cells_of(run.table, held, run.protocol)
        return cls(scores_of(cells), drawn(cells, run.resamples, run.seed))

    def metric(self, which: int, target: int | None) -> tuple[float, FloatArray]:
        """Return a score and its draws, of one target or of the mean over targets."""
        if target is not None:
            return float(self.values[which, target]), self.draws[:, which, target]
        usable = np.isfinite(self.values[which])
        if not usable.any():
            return np.nan, np.empty(0)
        return (
            float(self.values[which, usable].mean()),
            self.draws[:, which, usable].mean(axis=1),
        )


def scored(found: Comparison, target: int | None) -> Scored:
    """Return all scores with intervals, of one target or of the mean over targets."""
    return Scored(*(score(*found.metric(k, target)) for k in range(len(METRICS))))


def difference(first: Comparison, second: Comparison, target: int | None) -> Score:
    """Return how much more r one reaches than another, over the same draws."""
    (a, drawn_a), (b, drawn_b) = first.metric(R, target), second.metric(R, target)
    if len(drawn_a) != len(drawn_b):
        return Score(a - b, np.nan, np.nan)
    return score(a - b, drawn_a - drawn_b)


def beside(
    run: Run, held: HeldOut, columns: IntArray, regressor: Regressor
) -> tuple[Mapping[str, Comparison], tuple[Compared, ...]]:
    """Fit every baseline that can be had.

    Parameters
    ----------
    run : Run
    held : HeldOut
        The model's own predictions.
    columns : array of int
        The model's features.
    regressor : Regressor
        The model; what repeats the headline without some features uses it.
    """
    table = run.table
    x = table.features
    found: dict[str, Comparison] = {}
    told: list[Compared] = []

    def add(name: str, make: Callable[[], tuple[Run, HeldOut] | str]) -> None:
        try:
            made = make()
        except EvaluationError as problem:
            made = str(problem)
        if isinstance(made, str):
            told.append(Compared(name, str(run.protocol), None, says=made))
            return
        where, predictions = made
        comparison = Comparison.of(where, predictions)
        found[name] = comparison
        each = tuple(scored(comparison, k) for k in range(len(table.target_names)))
        told.append(Compared(name, str(where.protocol), scored(comparison, None), each))

    def on(chosen: IntArray, why: str, by: Regressor | None = None) -> tuple[Run, HeldOut] | str:
        return (run, run.fitted(x[:, chosen], by)) if len(chosen) else why

    power, edges = table.columns_of("power"), table.columns_of("connectivity")
    about = table.stimulus_features
    add(known.TRAINING_MEAN, lambda: (run, known.constant(held)))
    add(known.TIME, lambda: (run, run.fitted(known.time_features(table))))
    add(known.STIMULUS_MEAN, lambda: _stimulus_mean(run, held))
    nothing = "nothing is known of the stimulus"
    add(known.STIMULUS, lambda: (run, run.fitted(about)) if about.shape[1] else nothing)
    add(
        known.NESTED,
        lambda: (
            (run, run.fitted(np.hstack([about, x[:, columns]]))) if about.shape[1] else nothing
        ),
    )
    muscle = "no muscle was measured, and no gamma power at known temporal or frontal channels"
    eyes = "no delta power of channels near the eyes"
    add(known.MUSCLE, lambda: on(known.muscle_columns(table), muscle))
    add(known.EYES, lambda: on(known.eye_columns(table), eyes))
    add(known.POWER, lambda: on(power, "no power among the features"))
    add(known.CONNECTIVITY, lambda: on(edges, "no connectivity among the features"))
    is_ridge = isinstance(regressor, RidgeRegressor)
    add(
        known.RANK_1,
        lambda: (run, known.rank_1(held if is_ridge else run.fitted(x[:, columns]))),
    )
    for name, left in (
        (known.NO_GAMMA, known.without_gamma(table, columns)),
        (known.NO_EDGE, known.without_edge(table, columns)),
    ):
        if 0 < len(left) < len(columns):
            add(name, lambda left=left: on(left, "", regressor))  # type: ignore[misc]
        else:
            told.append(Compared(name, str(run.protocol), None, says="nothing to leave out"))
    if run.protocol in {Protocol.A, Protocol.B}:
        add(known.SAME_STIMULI, lambda: _elsewhere(run, Protocol.E, x[:, columns]))
    elif run.protocol == Protocol.E:
        add(known.NEW_STIMULI, lambda: _elsewhere(run, Protocol.B, x[:, columns]))
    return found, tuple(told)


def _stimulus_mean(run: Run, held: HeldOut) -> tuple[Run, HeldOut] | str:
    predictions = known.stimulus_mean(run.table, held)
    if predictions is None:
        return "nobody shares a stimulus with anybody"
    return replace(run, protocol=Protocol.E), predictions


def _elsewhere(
    run: Run, protocol: Protocol, features: NDArray[np.floating]
) -> tuple[Run, HeldOut] | str:
    if run.table.without_stimuli:
        return "nothing was shown"
    other = run.under(protocol)
    return other, other.fitted(features)


def equal_terms(run: Run) -> EqualTerms | None:
    """Compare connectivity with power on equal terms; None where one is lacking."""
    table = run.table
    power, edges = table.columns_of("power"), table.columns_of("connectivity")
    if not (len(power) and len(edges)):
        return None
    p, c = (np.asarray(table.features[:, part], dtype=np.float64) for part in (power, edges))
    c, p, windows, alike = as_smooth(table, c, p)
    # What was averaged reaches further back.
    wider = run.gap_s + (max(windows) - 1) * table.step_s
    try:
        fair = run if wider == run.gap_s else run.under(run.protocol, wider)
    except EvaluationError:
        return None
    smallest = min(len(fold.train) for fold in fair.folds)
    n = max(1, min(MOST_COMPONENTS, len(power), len(edges), smallest // 5))
    by_edges, by_power = (
        Comparison.of(fair, fair.fitted(x, transform=principal(n))) for x in (c, p)
    )
    return EqualTerms(
        connectivity=scored(by_edges, None),
        power=scored(by_power, None),
        difference=difference(by_edges, by_power, None),
        per_target=tuple(
            difference(by_edges, by_power, k) for k in range(len(table.target_names))
        ),
        components=n,
        averaged=windows,
        resemblance_s=alike,
    )
