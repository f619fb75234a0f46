"""Telling a loss in the stamps from a late burst, an outlier and a clock begun anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..signal import FloatArray

# So many stamps in a row where they are expected end a jump.
USUAL = 4


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
    deviations: FloatArray, tolerance: float, period: float, hold: int, final: bool
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

    Returns
    -------
    Jump or None
        None when more samples are needed.
    """
    deviations = deviations[:hold]
    n = len(deviations)
    usual = np.abs(deviations) <= tolerance
    for row in np.flatnonzero(usual).tolist():
        if row + USUAL <= n and usual[row : row + USUAL].all():
            return Jump(row)
    if n < hold and not final:
        return None
    if n < USUAL:
        return Jump(n)
    # Stamps that do not move on while samples do were bunched together.
    if deviations[-1] - deviations[0] < -0.5 * period * (n - 1):
        return Jump(n)
    return _moved(deviations, tolerance, period)


def _moved(deviations: FloatArray, tolerance: float, period: float) -> Jump:
    n = len(deviations)
    if _falls(deviations, tolerance):
        # Losses only ever make stamps later: these are delays that come and go.
        return Jump(n, spread=_spread(deviations, float(deviations.sum() / n)))
    sign = 1.0 if np.median(deviations) > 0 else -1.0
    away = sign * deviations
    quarter = max(1, n // 4)
    further = away > float(np.median(away[:quarter])) + tolerance
    if further[-quarter:].all():
        # A second jump within the time of judgement is judged by itself.
        away = away[: max(1, int(np.argmax(further)))]
    level = level_of(away, tolerance)
    spread = _spread(away, level)
    if level > 0.75 * period + 3.0 * spread:
        return Jump(len(away), sign * level)
    return Jump(n, spread=spread)


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
