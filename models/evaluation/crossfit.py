"""Predictions of rows that were not learnt from, for labels as they are and as they are moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...signal import FloatArray
from .regressors import Prepared, Regressor, standardised
from .splits import Fold, Protocol, inner_folds
from .table import FeatureTable, IntArray

# Numbers of labels that are worked on at once.
_MOST = 4_000_000


@dataclass(frozen=True, eq=False)
class Transform:
    """What happens to features inside a fold, learnt from its training side alone."""

    apply: Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What is said of rows by those who did not learn from them.

    Attributes
    ----------
    rows : array of int, shape (n_rows,)
        Of the table.
    fold : array of int, shape (n_rows,)
        Which fold said it.
    prediction, truth : array, shape (n_rows, n_targets)
        The truth is the label at the lag that was chosen.
    training_mean : array, shape (n_rows, n_targets)
        Mean label of the training side.
    half_width, std : array, shape (n_rows, n_targets)
        Half of a 90 % interval, and the standard deviation, from what was predicted wrongly
        inside the training side; NaN where nothing could be held out there.
    settings, lags : array of int, shape (n_folds, n_targets)
        What was chosen.
    tuned : bool
        Whether every fold could choose.
    marginal : tuple of array
        Labels of the training side of each fold, (n_train, n_targets).
    reduced : array or None
        What the caller made of predictions under moves, all folds after one another.
    centre : array, shape (n_rows, n_targets), or None
        Middle of the intervals where it is not the prediction.
    """

    rows: IntArray
    fold: IntArray
    prediction: FloatArray
    truth: FloatArray
    training_mean: FloatArray
    half_width: FloatArray
    std: FloatArray
    settings: IntArray
    lags: IntArray
    tuned: bool
    marginal: tuple[FloatArray, ...]
    reduced: FloatArray | None = None
    centre: FloatArray | None = None

    @property
    def middle(self) -> FloatArray:
        """Middle of the intervals."""
        return self.prediction if self.centre is None else self.centre


@dataclass(frozen=True, eq=False)
class _Side:
    fold: Fold
    prepared: Prepared


@dataclass(frozen=True, eq=False)
class _Said:
    prediction: FloatArray
    truth: FloatArray
    mean: FloatArray
    setting: IntArray
    lag: IntArray
    wrong: FloatArray


Reduce = Callable[[IntArray, FloatArray, FloatArray], FloatArray]


def crossfit(
    table: FeatureTable,
    features: NDArray[np.floating],
    labels: FloatArray,
    folds: Sequence[Fold],
    protocol: Protocol,
    gap_s: float,
    regressor: Regressor,
    transform: Transform | None = None,
    moves: Sequence[IntArray] = (),
    reduce: Reduce | None = None,
) -> HeldOut:
    """Fit and predict fold by fold.

    Parameters
    ----------
    table : FeatureTable
        Rows that have labels.
    features : array, shape (n_rows, n_features)
        What is learnt from.
    labels : array, shape (n_rows, n_lags, n_targets)
        Labels, each row's at so much later; finite.
    folds, protocol, gap_s
        How it is split.
    regressor : Regressor
    transform : Transform or None
        Applied inside each fold, before its features are standardised again.
    moves : sequence of array of int, shape (n_rows,)
        From which row each row takes its label instead, for every move.
    reduce : callable or None
        Given the rows that a fold scores, and predictions and truths under some moves, both
        (n_test, n_moves, n_targets); what it returns has moves on its last axis but one.

    Returns
    -------
    HeldOut
        Of the labels as they are.
    """
    n_targets = labels.shape[2]
    here = np.arange(len(table))
    said, marginal, reduced, tuned = [], [], [], True
    for fold in folds:
        outer = _prepared(features, fold, regressor, transform)
        inside = [
            _prepared(features, part, regressor, transform)
            for part in inner_folds(table, fold, protocol, gap_s)
        ]
        tuned &= bool(inside)
        said.append(_run(outer, inside, labels, [here], regressor, keep=True))
        marginal.append(labels[fold.train, 0])
        if reduce is None:
            continue
        at_once = max(1, _MOST // (len(table) * labels.shape[1] * n_targets))
        pieces = []
        for start in range(0, len(moves), at_once):
            part = moves[start : start + at_once]
            moved = _run(outer, inside, labels, part, regressor, keep=False)
            shape = (len(fold.test), len(part), n_targets)
            both = (moved.prediction.reshape(shape), moved.truth.reshape(shape))
            pieces.append(reduce(fold.test, *both))
        reduced.append(np.concatenate(pieces, axis=-2))
    lengths = [len(fold.test) for fold in folds]
    widths = [_widths(s.wrong, n_targets) for s in said]
    return HeldOut(
        rows=np.concatenate([fold.test for fold in folds]),
        fold=np.repeat(np.arange(len(folds)), lengths),
        prediction=np.concatenate([s.prediction for s in said]),
        truth=np.concatenate([s.truth for s in said]),
        training_mean=np.repeat([s.mean for s in said], lengths, axis=0),
        half_width=np.repeat([half for half, _ in widths], lengths, axis=0),
        std=np.repeat([std for _, std in widths], lengths, axis=0),
        settings=np.array([s.setting for s in said]),
        lags=np.array([s.lag for s in said]),
        tuned=tuned,
        marginal=tuple(marginal),
        reduced=np.concatenate(reduced) if reduced else None,
    )


def _prepared(
    features: NDArray[np.floating], fold: Fold, regressor: Regressor, transform: Transform | None
) -> _Side:
    train, test = standardised(features[fold.train], features[fold.test])
    if transform is not None:
        train, test = standardised(*transform.apply(train, test))
    return _Side(fold, regressor.prepare(train, test))


def _run(
    outer: _Side,
    inside: Sequence[_Side],
    labels: FloatArray,
    moves: Sequence[IntArray],
    regressor: Regressor,
    keep: bool,
) -> _Said:
    """Choose inside, then predict outside; columns are moves, and targets within them."""
    n_lags, n_targets = labels.shape[1:]
    n_columns = len(moves) * n_targets
    n_settings = len(regressor.settings)
    # Without anything held out inside, the middle of what could have been chosen.
    setting = np.full(n_columns, n_settings // 2)
    lag = np.zeros(n_columns, dtype=np.int64)
    wrong = np.empty((0, n_columns))
    if inside and (keep or n_settings * n_lags > 1):
        errors = np.zeros((n_settings, n_lags * n_columns))
        residuals: list[list[FloatArray]] = [[] for _ in range(n_settings)]
        for side in inside:
            y, truth = (
                _columns(labels, rows, moves) for rows in (side.fold.train, side.fold.test)
            )
            spread = np.maximum(truth.var(axis=0), 1e-12) + np.square(
                truth.mean(axis=0) - y.mean(axis=0)
            )
            for k, guess in enumerate(side.prepared.each(y)):
                errors[k] += np.square(guess - truth).mean(axis=0) / spread
                if keep:
                    residuals[k].append(truth - guess)
        best = errors.reshape(n_settings * n_lags, n_columns).argmin(axis=0)
        setting, lag = best // n_lags, best % n_lags
        if keep:
            every = np.stack([np.concatenate(r) for r in residuals])
            wrong = every[setting, :, lag * n_columns + np.arange(n_columns)].T
    picked = lag * n_columns + np.arange(n_columns)
    y, truth = (
        _columns(labels, rows, moves)[:, picked] for rows in (outer.fold.train, outer.fold.test)
    )
    return _Said(outer.prepared.chosen(y, setting), truth, y.mean(axis=0), setting, lag, wrong)


def _columns(labels: FloatArray, rows: IntArray, moves: Sequence[IntArray]) -> FloatArray:
    """Return labels of rows as columns: lag by lag, in it move by move, in it every target."""
    taken = np.stack([labels[move[rows]] for move in moves], axis=2)
    return np.ascontiguousarray(taken.reshape(len(rows), -1))


def _widths(wrong: FloatArray, n_targets: int) -> tuple[FloatArray, FloatArray]:
    """Return half of a 90 % interval and the standard deviation of what was wrong inside.

    The quantile is that of split conformal prediction (Lei et al. 2018, JASA 113:1094);
    windows are not exchangeable, so that its coverage is measured, not guaranteed.
    """
    n = len(wrong)
    if n == 0:
        return np.full(n_targets, np.nan), np.full(n_targets, np.nan)
    level = min(1.0, np.ceil((n + 1) * 0.9) / n)
    half = np.quantile(np.abs(wrong), level, axis=0, method="higher")
    return half, np.sqrt(np.square(wrong).mean(axis=0))
