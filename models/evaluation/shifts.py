"""Whether a score could be chance: labels shifted in a circle, the same for all who share them.

Labels move along the story, all stimuli laid one after another, before anything is split.
Who heard the same story moves by the same amount: independent shifts gave 15 % false alarms
at 5 % for people who shared a stimulus, one common shift with refitting 4 to 6 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...signal import FloatArray
from .crossfit import HeldOut
from .scores import over_subjects
from .table import FeatureTable, IntArray

# Labels further apart than where their autocorrelation falls to this are taken as apart. With
# a smaller share more of what resembles the observation is left out, and false alarms rise:
# 5.2 % with 1/e, 6.0 % with 0.2 and 6.8 % with 0.1, of 4000 pairs of slow series.
_APART = float(np.exp(-1.0))
_MOST_LEFT_OUT = 0.05


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

    Recordings without stimuli begin together, and each is a circle of its own.
    """
    if table.kind == "rating":
        return Story(table.stimulus.astype(np.float64), float(len(table.stimuli)), 1.0)
    step = table.step_s
    shared = not table.without_stimuli
    position = np.zeros(len(table))
    start = 0.0
    for code in np.unique(table.stimulus):
        rows = table.stimulus == code
        own = table.stimulus_times[rows]
        position[rows] = own - own.min() + start
        start += (float(np.ptp(own)) + step) * shared
    if shared:
        return Story(position, start, step)
    ends = [np.ptp(position[table.recording == r]) for r in np.unique(table.recording)]
    return Story(position, float(min(ends)) + step, step)


@dataclass(frozen=True, eq=False)
class Moves:
    """Ways in which labels may change places.

    Attributes
    ----------
    taken : tuple of array of int, shape (n_rows,)
        From which row each row takes its label, for every move.
    available : int
        How many different moves there could be.
    says : str
        What they are.
    """

    taken: tuple[IntArray, ...]
    available: int
    says: str


def moves_of(table: FeatureTable, story: Story, apart_s: float, most: int, seed: int) -> Moves:
    """Return shifts of the labels, evenly spread beyond their autocorrelation.

    Ratings of clips that came in another order for others are permuted, the same
    permutation for all; where the order was the same for all they are shifted along it,
    since a slow drift would tell permuted ratings from real ones.
    """
    circles = _circles(table)
    if table.kind == "rating" and _orders_differ(table):
        n = len(table.stimuli)
        rng = np.random.default_rng(seed)
        available = math.factorial(n) - 1 if n < 13 else 10**9
        orders = [rng.permutation(n) for _ in range(min(most, available))]
        taken = [
            _taken(circles, story, order[table.stimulus].astype(np.float64)) for order in orders
        ]
        return Moves(tuple(taken), available, "ratings permuted over clips, the same for all")
    shifts, available = shifts_of(story, apart_s, most)
    taken = [_taken(circles, story, story.position + by) for by in shifts]
    what = "ratings" if table.kind == "rating" else "labels"
    return Moves(tuple(taken), available, f"{what} shifted in a circle along the story")


def _circles(table: FeatureTable) -> list[IntArray]:
    """Return the rows among which labels move: a person's, through the story once."""
    found = []
    for subject in np.unique(table.subject):
        rows = np.flatnonzero(table.subject == subject)
        if table.without_stimuli:
            groups = table.recording[rows]
        else:
            pairs = np.unique(np.stack([table.stimulus[rows], table.session[rows]]), axis=1)
            again = len(np.unique(pairs[0])) < pairs.shape[1]
            groups = table.session[rows] if again else np.zeros(len(rows), dtype=np.int64)
        found += [rows[groups == code] for code in np.unique(groups)]
    return found


def _taken(circles: list[IntArray], story: Story, wanted: FloatArray) -> IntArray:
    """Return the rows at the wanted places of each circle; the nearest where there is none."""
    taken = np.empty(len(wanted), dtype=np.int64)
    for rows in circles:
        at = story.position[rows]
        order = np.argsort(at, kind="stable")
        # A recording without stimuli is as long as it is, not as long as the shortest.
        length = max(story.length, float(np.ptp(at)) + story.step)
        taken[rows] = rows[order[_nearest(at[order], wanted[rows] % length, length)]]
    return taken


def _orders_differ(table: FeatureTable) -> bool:
    orders = set()
    for subject in np.unique(table.subject):
        rows = np.flatnonzero(table.subject == subject)
        rows = rows[np.lexsort([table.times[rows], table.recording[rows], table.session[rows]])]
        codes, first = np.unique(table.stimulus[rows], return_index=True)
        orders.add(tuple(codes[np.argsort(first)]))
    return len(orders) > 1


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
        Lag in seconds from which their autocorrelation is below 1/e.
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
    curves = np.array([_autocorrelation(y, story) for y in series_of(table, labels, story)])
    # Whoever gives the same label throughout says nothing about this.
    known = np.isfinite(curves)
    curve = np.where(known, curves, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    apart, effective = [], []
    for c in curve.T:
        below = np.flatnonzero(c < _APART)
        apart.append(float(below[0]) if len(below) else float(len(c)))
        negative = np.flatnonzero(c <= 0)
        last = negative[0] if len(negative) else len(c)
        effective.append(1 + 2 * c[1:last].sum())
    longest = float(max(effective))
    return Resemblance(max(apart) * story.step, story.length / story.step / longest)


def series_of(table: FeatureTable, labels: FloatArray, story: Story) -> list[FloatArray]:
    """Return the labels of up to 20 people along the story on an even grid."""
    grid = np.arange(round(story.length / story.step)) * story.step
    found = []
    for rows in _circles(table)[:20]:
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
    """Return evenly spread shifts beyond the autocorrelation, and how many there could be.

    At most a twentieth of the circle is left out: shifts that resemble the observation make
    a test careful, and leaving out many of a short circle raises false alarms (7.5 % in place
    of 5.1 % where labels resemble themselves for a twentieth of a recording).
    """
    first = max(min(apart, _MOST_LEFT_OUT * story.length / 2), story.step)
    available = int(np.floor((story.length - 2 * first) / story.step + 1e-9)) + 1
    if available < 1:
        return np.empty(0), 0
    chosen = np.unique(np.linspace(0, available - 1, min(most, available)).round())
    return first + chosen * story.step, available


def within_groups(
    table: FeatureTable, rows: IntArray, prediction: FloatArray, truth: FloatArray
) -> FloatArray:
    """Return what a fold adds to the statistic, one entry for each of its groups.

    A group is what one recording had of one stimulus in one fold; where labels are one
    rating a clip, all clips of a subject are a group, gathered in `statistic`.

    Parameters
    ----------
    table : FeatureTable
    rows : array of int, shape (n_rows,)
        Scored rows of the fold.
    prediction, truth : array, shape (n_rows, n_moves, n_targets)

    Returns
    -------
    array, shape (n_groups, 1 or 2, n_moves, n_targets)
        r, or mean prediction and truth of clips.
    """
    found = []
    for group in groups_of(table, rows):
        p, y = prediction[group], truth[group]
        if table.kind == "rating":
            found.append(np.stack([p.mean(axis=0), y.mean(axis=0)]))
        else:
            found.append(correlation(p, y)[None])
    return np.array(found)


def groups_of(table: FeatureTable, rows: IntArray) -> list[IntArray]:
    """Return positions in `rows` of each recording and stimulus, in a fixed order."""
    key = table.recording[rows] * len(table.stimuli) + table.stimulus[rows]
    return [np.flatnonzero(key == k) for k in np.unique(key)]


def statistic(table: FeatureTable, tested: Sequence[IntArray], parts: FloatArray) -> FloatArray:
    """Return the mean over subjects of r within groups, (n_moves, n_targets).

    Parameters
    ----------
    table : FeatureTable
    tested : sequence of array of int
        Scored rows, fold by fold.
    parts : array, shape (n_groups, 1 or 2, n_moves, n_targets)
        What `within_groups` returned for all folds, one after the other.
    """
    subject = np.array(
        [table.subject[rows[group[0]]] for rows in tested for group in groups_of(table, rows)]
    )
    values = parts[:, 0]
    if table.kind == "rating":
        people = np.unique(subject)
        values = np.array([correlation(*parts[subject == s].swapaxes(0, 1)) for s in people])
        subject = people
    return over_subjects(values.swapaxes(0, 1), subject)


def correlation(p: FloatArray, y: FloatArray) -> FloatArray:
    """Return Pearson's r along the first axis; NaN for constant labels, 0 for constant guesses."""
    p, y = p - p.mean(axis=0), y - y.mean(axis=0)
    pp, yy = np.square(p).sum(axis=0), np.square(y).sum(axis=0)
    flat, constant = pp <= 1e-20, yy <= 1e-20
    r = (p * y).sum(axis=0) / np.sqrt(np.where(flat, 1.0, pp) * np.where(constant, 1.0, yy))
    found: FloatArray = np.where(constant, np.nan, np.where(flat, 0.0, r))
    return found


def rolled_within(table: FeatureTable, held: HeldOut, apart_s: float, most: int) -> FloatArray:
    """Return the statistic with labels rolled inside each group, predictions as they are.

    For models too slow to learn shifted labels; it finds less than is there. All groups roll
    by the same number of rows, between the autocorrelation and what the shortest group
    leaves.

    Returns
    -------
    array, shape (n_rolls, n_targets)
        Without rows where groups are too short.
    """
    rating = table.kind == "rating"
    key = table.subject[held.rows]
    if not rating:
        key = table.recording[held.rows] * len(table.stimuli) + table.stimulus[held.rows]
        key = key * (int(held.fold.max()) + 1) + held.fold
    groups = [np.flatnonzero(key == k) for k in np.unique(key)]
    clock = table.stimulus if rating else table.times
    groups = [g[np.argsort(clock[held.rows[g]], kind="stable")] for g in groups]
    subject = np.array([table.subject[held.rows[g[0]]] for g in groups])
    first = 1 if rating else max(1, int(np.ceil(apart_s / table.step_s)))
    rolls = np.arange(first, min(len(g) for g in groups) - first + 1)
    if len(rolls) > most:
        rolls = rolls[np.unique(np.linspace(0, len(rolls) - 1, most).round().astype(int))]
    if not len(rolls):
        return np.empty((0, held.truth.shape[1]))
    values = [
        [correlation(held.prediction[g], np.roll(held.truth[g], k, axis=0)) for g in groups]
        for k in rolls
    ]
    return over_subjects(np.array(values), subject)


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
