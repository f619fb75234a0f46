"""Scores of held-out predictions: concordance first, people before windows, honest intervals.

Everything follows from a few sums for each cell, one recording during one stimulus (or in
one block of time), so that people and stimuli can be drawn anew thousands of times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...signal import FloatArray
from .crossfit import HeldOut
from .splits import Protocol
from .table import EvaluationError, FeatureTable, IntArray

_FLAT = 1e-12

METRICS = ("ccc", "r", "rmse", "mae", "r2")
_SUMS = 8
_AT_ONCE = 200


@dataclass(frozen=True)
class Score:
    """A mean over subjects, and where it lies in 95 of 100 draws of subjects and stimuli.

    NaN where there is nothing to take it from; bounds are NaN where there is neither a
    second subject nor a second stimulus to draw.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Cells:
    """Sums over the rows of every cell.

    Attributes
    ----------
    sums : array, shape (n_recordings, n_others, 8, n_targets)
        Subjects in place of recordings where labels are one rating a clip.
        Number of rows, Σp, Σy, Σp², Σy², Σpy, Σ|p − y|, Σ(y − training mean)²; Σ over rows.
    subject : array of int, shape (n_recordings,)
        Whose each recording is.
    others : str
        What the second axis counts: ``"stimuli"`` or ``"blocks"``.
    present : array of bool, shape (n_recordings, n_others)
        Which cells there are.
    """

    sums: FloatArray
    subject: IntArray
    others: str
    present: np.ndarray


def by_clip(table: FeatureTable, held: HeldOut) -> HeldOut:
    """Return predictions of whole clips, where labels are one rating a clip."""
    key = np.stack([table.recording[held.rows], table.stimulus[held.rows]], axis=1)
    _, first, group = np.unique(key, axis=0, return_index=True, return_inverse=True)
    group = group.ravel()
    count = np.bincount(group)[:, None]

    def mean(values: FloatArray) -> FloatArray:
        total = np.zeros((len(first), values.shape[1]))
        np.add.at(total, group, values)
        return total / count

    return replace(
        held,
        rows=held.rows[first],
        fold=held.fold[first],
        prediction=mean(held.prediction),
        truth=mean(held.truth),
        training_mean=mean(held.training_mean),
        half_width=mean(held.half_width),
        std=mean(held.std),
        centre=None if held.centre is None else mean(held.centre),
    )


def _unit(table: FeatureTable, held: HeldOut) -> IntArray:
    """Return what scores are taken in: recordings, or subjects where clips are rated."""
    unit: IntArray = _groups(table)[0][held.rows]
    return unit


def cells_of(table: FeatureTable, held: HeldOut, protocol: Protocol) -> Cells:
    """Return the sums from which all scores follow."""
    recordings, row = np.unique(_unit(table, held), return_inverse=True)
    if protocol == Protocol.D or table.without_stimuli:
        first = np.full(len(recordings), np.iinfo(np.int64).max)
        np.minimum.at(first, row, held.fold)
        column, others = held.fold - first[row], "blocks"
    else:
        column = np.unique(table.stimulus[held.rows], return_inverse=True)[1]
        others = "stimuli"
    shape = (len(recordings), int(column.max()) + 1)
    # Sums of squares lose less when they are taken about the middle of the labels.
    centre = held.truth.mean(axis=0)
    p, y = held.prediction - centre, held.truth - centre
    values = np.stack(
        [np.ones_like(p), p, y, p * p, y * y, p * y, np.abs(p - y)]
        + [np.square(held.truth - held.training_mean)],
        axis=1,
    )
    sums = np.zeros((*shape, _SUMS, p.shape[1]))
    np.add.at(sums, (row, column), values)
    subject = np.zeros(len(recordings), dtype=np.int64)
    subject[row] = table.subject[held.rows]
    return Cells(sums, subject, others, sums[:, :, 0, 0] > 0)


def metrics(sums: FloatArray) -> FloatArray:
    """Return scores from sums (..., 8, n_targets), shape (5, ..., n_targets).

    Concordance and correlation are NaN where labels never change, and 0 where only
    predictions never do: who always says the same has found nothing.
    """
    n, p, y, pp, yy, py, off, around = np.moveaxis(sums, -2, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mp, my = p / n, y / n
        vp, vy = np.maximum(pp / n - mp**2, 0.0), np.maximum(yy / n - my**2, 0.0)
        cov = py / n - mp * my
        flat = vp <= 1e-12 * np.maximum(vy, 1e-300)
        constant = ~(vy > 1e-12 * np.maximum(yy / n, 1e-300)) | (n < 2)
        ccc = np.where(flat, 0.0, 2 * cov / (vp + vy + (mp - my) ** 2))
        r = np.where(flat, 0.0, cov / np.sqrt(np.where(flat, 1.0, vp) * vy))
        error = np.maximum(pp - 2 * py + yy, 0.0)
        found = [
            np.where(constant, np.nan, ccc),
            np.where(constant, np.nan, np.clip(r, -1, 1)),
            np.sqrt(error / n),
            off / n,
            np.where(around > 0, 1.0 - error / np.where(around > 0, around, 1.0), np.nan),
        ]
    return np.array(found)


def over_subjects(
    values: FloatArray, subject: IntArray, weight: FloatArray | None = None
) -> FloatArray:
    """Return the mean over recordings of each subject, then over subjects.

    Parameters
    ----------
    values : array, shape (..., n_recordings, n_targets)
        NaN is left out.
    subject : array of int, shape (n_recordings,)
    weight : array, shape (..., n_subjects), optional
        How often each subject was drawn.
    """
    people, which = np.unique(subject, return_inverse=True)
    member = (which[None] == np.arange(len(people))[:, None]).astype(np.float64)
    known = np.isfinite(values)
    count = member @ known
    mean = member @ np.where(known, values, 0.0)
    weights = np.ones(mean.shape[:-1]) if weight is None else weight
    there = weights[..., None] * (count > 0)
    total = there.sum(axis=-2)
    summed = (there * mean / np.maximum(count, 1)).sum(axis=-2)
    scores: FloatArray = np.where(total > 0, summed / np.where(total > 0, total, 1.0), np.nan)
    return scores


def scores_of(cells: Cells) -> FloatArray:
    """Return the scores, shape (5, n_targets)."""
    return over_subjects(metrics(cells.sums.sum(axis=1)), cells.subject)


def drawn(cells: Cells, resamples: int, seed: int) -> FloatArray:
    """Return the scores of crossed draws of subjects and stimuli, (n, 5, n_targets).

    Subjects and stimuli are drawn with replacement, each on its own, and meet again
    (Owen 2007, Annals of Applied Statistics 1:386). The same seed draws the same ones.
    """
    rng = np.random.default_rng(seed)
    n_subjects, n_others = len(np.unique(cells.subject)), cells.sums.shape[1]
    if n_subjects == 1 and n_others == 1:
        return np.empty((0, len(METRICS), cells.sums.shape[-1]))
    people = rng.multinomial(n_subjects, np.full(n_subjects, 1 / n_subjects), resamples)
    others = rng.multinomial(n_others, np.full(n_others, 1 / n_others), resamples)
    found = []
    for start in range(0, resamples, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        sums = np.tensordot(others[part].astype(np.float64), cells.sums, axes=(1, 1))
        values = metrics(sums)
        weight = np.broadcast_to(people[part], (len(METRICS), *people[part].shape))
        found.append(over_subjects(values, cells.subject, weight.astype(np.float64)))
    return np.concatenate(found, axis=1).transpose(1, 0, 2)


def score(value: float, draws: FloatArray) -> Score:
    """Return a value with the interval of its draws, the middle 95 %."""
    draws = draws[np.isfinite(draws)]
    if len(draws) < 2:
        return Score(float(value), np.nan, np.nan)
    low, high = np.quantile(draws, [0.025, 0.975])
    return Score(float(value), float(low), float(high))


def matrix(table: FeatureTable, held: HeldOut) -> FloatArray:
    """Return the concordance of every prediction (rows) with every label (columns)."""
    return _paired(table, held, held.prediction, held.truth)


def discriminant(table: FeatureTable, held: HeldOut) -> FloatArray:
    """Return the concordance of what is left when all labels' common part is taken away.

    The common part is the first principal direction of the labels, within recordings: the
    one arousal that eight outputs may all be. It is taken off labels and predictions alike.
    NaN for a single target.
    """
    if held.truth.shape[1] < 2:
        return np.full(1, np.nan)
    recording = _unit(table, held)
    y, p = held.truth - held.truth.mean(axis=0), held.prediction - held.truth.mean(axis=0)
    within = y.copy()
    for code in np.unique(recording):
        within[recording == code] -= within[recording == code].mean(axis=0)
    scale = np.maximum(within.std(axis=0), 1e-12)
    direction = np.linalg.svd(within / scale, full_matrices=False)[2][0]
    left_y, left_p = (v / scale - np.outer(v / scale @ direction, direction) for v in (y, p))
    return np.diagonal(_paired(table, held, left_p, left_y)).copy()


def _paired(
    table: FeatureTable, held: HeldOut, prediction: FloatArray, truth: FloatArray
) -> FloatArray:
    recording = _unit(table, held)
    n = truth.shape[1]
    found, subject = [], []
    for code in np.unique(recording):
        rows = recording == code
        p, y = prediction[rows], truth[rows]
        mp, my = p.mean(axis=0), y.mean(axis=0)
        cov = (p - mp).T @ (y - my) / len(p)
        spread = p.var(axis=0)[:, None] + y.var(axis=0) + (mp[:, None] - my) ** 2
        constant = np.ptp(y, axis=0) <= 1e-12
        found.append(
            np.where(constant, np.nan, 2 * cov / np.where(spread > 0, spread, 1.0)).ravel()
        )
        subject.append(table.subject[held.rows[rows][0]])
    means = over_subjects(np.array(found), np.array(subject))
    return means.reshape(n, n)


def changing(table: FeatureTable) -> tuple[FeatureTable, list[str]]:
    """Return the table with the targets that change for anybody, and a note on each left out.

    Where none do it is returned as it is, see `require_changing`.
    """
    _, what = _groups(table)
    kept = _changing(table)
    notes = [
        f"{name} never changes within any {what} and is left out."
        for name in table.target_names
        if kept and name not in kept
    ]
    return (table.pick(*kept) if notes else table), notes


def require_changing(table: FeatureTable) -> None:
    """Refuse labels that change for nobody.

    Raises
    ------
    EvaluationError
        If no target does.
    """
    if not _changing(table):
        raise EvaluationError(
            f"The labels of {', '.join(table.target_names)} never change within any "
            f"{_groups(table)[1]}, so that there is nothing to follow; check the table of labels."
        )


def _groups(table: FeatureTable) -> tuple[IntArray, str]:
    if table.kind == "rating":
        return table.subject, "subject"
    return table.recording, "recording"


def _changing(table: FeatureTable) -> list[str]:
    which, _ = _groups(table)
    parts = [table.targets[which == code] for code in np.unique(which)]
    kept = []
    for k, name in enumerate(table.target_names):
        own = [part[np.isfinite(part[:, k]), k] for part in parts]
        # That there are no labels at all is told elsewhere.
        if not any(map(len, own)) or any(len(part) and np.ptp(part) > _FLAT for part in own):
            kept.append(name)
    return kept


def constant_labels(table: FeatureTable, held: HeldOut, names: Sequence[str]) -> tuple[str, ...]:
    """Return one sentence for each target whose labels never change in some recordings."""
    what = "subjects" if table.kind == "rating" else "recordings"
    recording = _unit(table, held)
    codes = np.unique(recording)
    flat = np.array([np.ptp(held.truth[recording == code], axis=0) <= 1e-12 for code in codes])
    return tuple(
        f"{name} never changes in {int(n)} of {len(codes)} {what}, which are left out of its "
        "CCC and r."
        for name, n in zip(names, flat.sum(axis=0), strict=True)
        if n
    )
