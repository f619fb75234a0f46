"""Telling a loss in the stamps from a late burst, an outlier and a clock begun anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..signal import FloatArray

# So many stamps in a row where they are expected end a jump.
USUAL = 4
# They are off by at most so much of the tolerance on the whole.
INNER = 0.5
# A move is by more than so much of a period, and than so many times what stamps scatter.
LEAST = 0.75
CLEAR = 2.5
# Stamps are as good as exact when one is usually within so much of a period of where the
# one before would have it.
EXACT = 0.1


@dataclass(frozen=True)
class Jump:
    """What a stamp far from its expected time turned out to be.

    Attributes
    ----------
    rows : int
        Number of samples judged.
    level : float
        By how much the stamps of those samples have moved for good, s; 0.0 when they
        were only late, early or bunched together.
    spread : float
        How much they scatter, when that is more than a move can be told from, s.
    """

    rows: int
    level: float = 0.0
    spread: float = 0.0


def judge(
    deviations: FloatArray,
    tolerance: float,
    period: float,
    hold: int,
    final: bool,
    whole: bool = False,
    since: float = 0.0,
) -> Jump | None:
    """Judge a jump by the samples after it.

    Parameters
    ----------
    deviations : array, shape (n_samples,)
        Stamps less the times expected from the first odd one on, s.
    tolerance : float
        How far a stamp may usually lie from its expected time, s.
    period : float
        Seconds between samples.
    hold : int
        Number of samples it takes to judge.
    final : bool
        True when no more samples will follow.
    whole : bool
        True to judge by all of them, though the first may be back where expected.
    since : float
        Where the stamps before them came to lie, s. What drifted there did not jump.

    Returns
    -------
    Jump or None
        None when more samples are needed.
    """
    deviations = deviations[:hold]
    n = len(deviations)
    row = None if whole else _back(deviations, tolerance)
    if row is not None:
        return Jump(row)
    if n < hold and not final:
        return None
    if n < USUAL:
        return Jump(n)
    # Stamps that do not move on while samples do were bunched together.
    if deviations[-1] - deviations[0] < -0.5 * period * (n - 1):
        return Jump(n)
    return _moved(deviations, tolerance, period, since)


def before_loss(stamps: FloatArray, period: float) -> int:
    """Return how many of a stream's first stamps come before a loss, all if none is clear.

    One is clear in stamps that are exact but for a few late ones, and none early: delays
    come and go, losses only ever make stamps later.

    Parameters
    ----------
    stamps : array, shape (n_samples,)
        Seconds.
    period : float
        Seconds between samples.

    Returns
    -------
    int
        From 1 to n_samples.
    """
    moves = np.diff(stamps) - period
    sizes = np.abs(moves)
    odd = np.flatnonzero(sizes > LEAST * period)
    if not len(odd) or (moves[odd] < 0).any() or np.median(sizes) > EXACT * period:
        return len(stamps)
    return int(odd[0]) + 1


def _back(deviations: FloatArray, tolerance: float) -> int | None:
    """Return the row from which stamps are where they are expected, None if nowhere.

    After a loss little longer than the tolerance their jitter may bring some within it,
    but all to one side.
    """
    usual = np.abs(deviations) <= tolerance
    for row in np.flatnonzero(usual).tolist():
        together = deviations[row : row + USUAL]
        if len(together) < USUAL:
            break
        aside = abs(float(together.sum())) / USUAL
        if aside <= INNER * tolerance and usual[row : row + USUAL].all():
            return row
    return None


def _moved(deviations: FloatArray, tolerance: float, period: float, since: float) -> Jump:
    n = len(deviations)
    if _falls(deviations, tolerance):
        # Losses only ever make stamps later: these are delays that come and go.
        return Jump(n, spread=_spread(deviations, float(deviations.sum() / n)))
    sign = 1.0 if np.median(deviations) > 0 else -1.0
    # A second jump within the time of judgement is judged by itself.
    away = _first_level(sign * deviations, tolerance, period)
    level = level_of(away, tolerance)
    spread = _spread(away, level)
    if _is_clear(level - max(0.0, sign * since), spread, period):
        return Jump(len(away), sign * level)
    if _is_clear(level, spread, period):
        # The period is not as thought; it is learnt while stamps may lie that far off.
        return Jump(n, spread=_spread(deviations, 0.0))
    return Jump(n, spread=spread)


def _first_level(away: FloatArray, tolerance: float, period: float) -> FloatArray:
    """Return the samples before the first after which all lie clearly further away."""
    near = np.flatnonzero(away <= float(np.median(away[:USUAL])) + tolerance)
    away = away[: int(near[-1]) + 1]
    first = len(away)
    stop = _division(away)
    while stop:
        level = level_of(away[:stop], tolerance)
        # Of what follows the nearer half: it may have several levels itself.
        rest = np.sort(away[stop:])
        rest = rest[: (len(rest) + 1) // 2]
        middle = float(np.median(rest))
        spread = max(_spread(away[:stop], level), _spread(rest, middle))
        if _is_clear(middle - level, spread, period):
            first = stop
        stop = _division(away[:stop])
    return away[:first]


def _division(away: FloatArray) -> int:
    """Return the row that best divides samples into two levels, 0 if they are too few."""
    n = len(away)
    if n <= USUAL:
        return 0
    sums = np.cumsum(away - away[0])
    before = np.arange(USUAL, n)
    rises = (sums[-1] - sums[before - 1]) / (n - before) - sums[before - 1] / before
    return int(before[np.argmax(before * (n - before) * rises * np.maximum(rises, 0.0))])


def _is_clear(level: float, spread: float, period: float) -> bool:
    return level > LEAST * period + CLEAR * spread


def _falls(deviations: FloatArray, tolerance: float) -> bool:
    """Tell whether deviations fall back by more than from late to early, a few at a time."""
    size = max(USUAL, len(deviations) // 10)
    groups = deviations[: len(deviations) // size * size].reshape(-1, size)
    levels = np.median(groups, axis=1)
    return bool((np.maximum.accumulate(levels) - levels).max() > 2.0 * tolerance)


def _spread(deviations: FloatArray, level: float) -> float:
    return float(np.abs(deviations - level).sum() / len(deviations))


def level_of(deviations: FloatArray, tolerance: float) -> float:
    """Return where deviations lie on the whole, outliers counting little, s."""
    middle = float(np.median(deviations))
    near = np.clip(deviations, middle - tolerance, middle + tolerance)
    return float(near.sum() / len(near))
