"""Whether a score could be chance: labels shifted in a circle, the same for all who share them.

Labels move along the story, all stimuli laid one after another, before anything is split.
Who heard the same story moves by the same amount: independent shifts gave 15 % false alarms
at 5 % for people who shared a stimulus, one common shift with refitting 4 to 6 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...signal import FloatArray
from .scores import over_subjects
from .table import FeatureTable, IntArray

# Labels further apart than where their autocorrelation falls to this are taken as apart.
_APART = 0.2


@dataclass(frozen=True, eq=False)
class Story:
    """All rows on one clock.

    Attributes
    ----------
    position : array, shape (n_rows,)
        Seconds since the beginning of the first stimulus, one laid after the other; or the
        number of a clip, where labels are one rating a clip.
    length : float
        Where it begins anew.
    step : float
        Smallest shift.
    """

    position: FloatArray
    length: float
    step: float


def story_of(table: FeatureTable) -> Story:
    """Lay the stimuli after one another in the order in which they are first met.

    Recordings without stimuli begin together: each is a circle of its own in `move`.
    """
    if table.kind == "rating":
        return Story(table.stimulus.astype(np.float64), float(len(table.stimuli)), 1.0)
    step = table.step_s
    position = np.zeros(len(table))
    start = 0.0
    alone = np.array([name.startswith("none in ") for name in table.stimuli])
    for code in np.unique(table.stimulus):
        rows = table.stimulus == code
        own = table.stimulus_times[rows]
        position[rows] = own - own.min()
        if not alone[code]:
            position[rows] += start
            start += float(np.ptp(own)) + step
    ends = [np.ptp(position[table.recording == r]) for r in np.unique(table.recording)]
    return Story(position, max(start, float(max(ends)) + step), step)


def move(table: FeatureTable, story: Story, by: float) -> IntArray:
    """Return from which row each row takes its label when labels move by so much.

    A label that somebody lacks is that person's nearest.
    """
    taken = np.empty(len(table), dtype=np.int64)
    shared = not all(name.startswith("none in ") for name in table.stimuli)
    for subject in np.unique(table.subject):
        # A person may have heard the story in several recordings.
        groups = table.session if shared else table.recording
        ours = table.subject == subject
        for code in np.unique(groups[ours]):
            rows = np.flatnonzero(ours & (groups == code))
            at = story.position[rows]
            length = story.length if shared else float(np.ptp(at)) + story.step
            order = np.argsort(at, kind="stable")
            wanted = (at + by) % length
            taken[rows] = rows[order[_nearest(at[order], wanted, length)]]
    if table.kind == "rating":
        # All windows of a clip share one rating, whichever window it is taken from.
        return taken
    return taken


def _nearest(at: FloatArray, wanted: FloatArray, length: float) -> IntArray:
    around = np.concatenate([[at[-1] - length], at, [at[0] + length]])
    after = np.clip(np.searchsorted(around, wanted), 1, len(around) - 1)
    closer = (wanted - around[after - 1]) <= (around[after] - wanted)
    found: IntArray = (after - closer - 1) % len(at)
    return found


@dataclass(frozen=True)
class Resemblance:
    """How long labels stay alike.

    Attributes
    ----------
    apart_s : float
        Lag in seconds from which their autocorrelation is below 0.2.
    effective : float
        As many independent labels would carry as much.
    """

    apart_s: float
    effective: float


def resemblance(table: FeatureTable, labels: FloatArray, story: Story) -> Resemblance:
    """Return how long labels stay alike along the story, the slowest target counting.

    The effective number is that of one pass through the story: people who share its labels
    do not add to it.
    """
    if table.kind == "rating":
        return Resemblance(0.0, float(len(np.unique(table.stimulus))))
    curves = np.array([_autocorrelation(y, story) for y in _series(table, labels, story)])
    with np.errstate(invalid="ignore"):
        curve = np.nanmean(curves, axis=0) if np.isfinite(curves).any() else np.zeros((1, 1))
    curve = np.nan_to_num(curve)
    apart, effective = [], []
    for c in curve.T:
        below = np.flatnonzero(c < _APART)
        apart.append(float(below[0]) if len(below) else float(len(c)))
        negative = np.flatnonzero(c <= 0)
        last = negative[0] if len(negative) else len(c)
        effective.append(1 + 2 * c[1:last].sum())
    return Resemblance(max(apart) * story.step, story.length / story.step / max(effective))


def _series(table: FeatureTable, labels: FloatArray, story: Story) -> list[FloatArray]:
    """Return the labels of each person along the story on an even grid."""
    grid = np.arange(round(story.length / story.step)) * story.step
    found = []
    for subject in np.unique(table.subject)[:20]:
        rows = np.flatnonzero(table.subject == subject)
        rows = rows[table.recording[rows] == table.recording[rows[0]]]
        at, first = np.unique(story.position[rows], return_index=True)
        y = labels[rows[first]]
        found.append(np.stack([np.interp(grid, at, column) for column in y.T], axis=1))
    return found


def _autocorrelation(y: FloatArray, story: Story) -> FloatArray:
    n = len(y)
    y = y - y.mean(axis=0)
    power = np.abs(np.fft.rfft(y, 2 * n, axis=0)) ** 2
    curve = np.fft.irfft(power, axis=0)[: max(n // 2, 1)]
    with np.errstate(invalid="ignore", divide="ignore"):
        normed: FloatArray = np.where(curve[0] > 0, curve / curve[0], np.nan)
    return normed


def shifts_of(story: Story, apart: float, most: int) -> tuple[FloatArray, int]:
    """Return evenly spread shifts beyond the autocorrelation, and how many there could be."""
    first = max(apart, story.step)
    available = int(np.floor((story.length - 2 * first) / story.step + 1e-9)) + 1
    if available < 1:
        return np.empty(0), 0
    chosen = np.unique(np.linspace(0, available - 1, min(most, available)).round())
    return first + chosen * story.step, available


class WithinGroups:
    """Gathers r within held-out groups, under every move of the labels, fold by fold.

    A group is what one recording had of one stimulus in one fold; where labels are one
    rating a clip, all clips of a subject are a group.

    Parameters
    ----------
    table : FeatureTable
    """

    def __init__(self, table: FeatureTable) -> None:
        self._table = table
        self._r: list[FloatArray] = []
        self._subject: list[int] = []
        self._clips: list[tuple[FloatArray, FloatArray]] = []

    def add(self, rows: IntArray, prediction: FloatArray, truth: FloatArray) -> None:
        """Take predictions and truths of a fold, (n_rows, n_moves, n_targets)."""
        table = self._table
        key = np.stack([table.recording[rows], table.stimulus[rows]], axis=1)
        for pair in np.unique(key, axis=0):
            group = (key == pair).all(axis=1)
            p, y = prediction[group], truth[group]
            subject = int(table.subject[rows[group][0]])
            if table.kind == "rating":
                self._clips.append((p.mean(axis=0), y.mean(axis=0)))
            else:
                self._r.append(correlation(p, y))
            self._subject.append(subject)

    def statistic(self, n_parts: int = 1) -> FloatArray:
        """Return the mean over subjects of r within groups, (n_moves, n_targets).

        `n_parts` is the number of pieces into which the moves of every fold were cut.
        """
        subject = np.array(self._subject)
        if self._table.kind == "rating":
            p, y = (np.array([clip[k] for clip in self._clips]) for k in (0, 1))
            people = np.unique(subject)
            values = np.array([correlation(p[subject == s], y[subject == s]) for s in people])
            subject = people
        else:
            values = np.array(self._r)
        del n_parts
        return over_subjects(values.swapaxes(0, 1), subject)


def correlation(p: FloatArray, y: FloatArray) -> FloatArray:
    """Return Pearson's r along the first axis; NaN for constant labels, 0 for constant guesses."""
    p, y = p - p.mean(axis=0), y - y.mean(axis=0)
    pp, yy = np.square(p).sum(axis=0), np.square(y).sum(axis=0)
    flat, constant = pp <= 1e-20, yy <= 1e-20
    r = (p * y).sum(axis=0) / np.sqrt(np.where(flat, 1.0, pp) * np.where(constant, 1.0, yy))
    found: FloatArray = np.where(constant, np.nan, np.where(flat, 0.0, r))
    return found


def rolled_within(table: FeatureTable, held_rows: IntArray, fold: IntArray, prediction: FloatArray, truth: FloatArray, apart_s: float, most: int) -> FloatArray:
    """Return the statistic with labels rolled inside each group and predictions as they are.

    For models too slow to learn shifted labels. All groups roll by the same number of rows,
    between the autocorrelation and what the shortest group leaves. Shape (n_rolls, n_targets).
    """
    key = np.stack([table.recording[held_rows], table.stimulus[held_rows], fold], axis=1)
    if table.kind == "rating":
        key = np.stack([table.subject[held_rows]] * 3, axis=1)
    groups = [np.flatnonzero((key == k).all(axis=1)) for k in np.unique(key, axis=0)]
    order = [g[np.argsort(table.times[held_rows[g]], kind="stable")] for g in groups]
    subject = np.array([table.subject[held_rows[g[0]]] for g in order])
    shortest = min(len(g) for g in order)
    first = 1 if table.kind == "rating" else max(1, int(np.ceil(apart_s / table.step_s)))
    rolls = np.arange(first, shortest - first + 1)
    if len(rolls) > most:
        rolls = rolls[np.unique(np.linspace(0, len(rolls) - 1, most).round().astype(int))]
    values = np.array(
        [[correlation(prediction[g], np.roll(truth[g], k, axis=0)) for g in order] for k in rolls]
    )
    if not len(rolls):
        return np.empty((0, truth.shape[1]))
    return over_subjects(values, subject)


def p_value(observed: FloatArray, null: FloatArray) -> FloatArray:
    """Return how often chance does as well, the observation counted among the draws."""
    as_good = (null >= observed - 1e-12).sum(axis=0)
    p: FloatArray = (1.0 + as_good) / (1.0 + len(null))
    return np.where(np.isfinite(observed), p, np.nan)


def false_discovery(p: FloatArray) -> FloatArray:
    """Return p-values adjusted over targets (Benjamini & Hochberg 1995, JRSS B 57:289)."""
    adjusted = np.full(len(p), np.nan)
    known = np.flatnonzero(np.isfinite(p))
    if len(known):
        order = known[np.argsort(p[known])]
        scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
        adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted
