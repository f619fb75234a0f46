"""How often chance does as well as a model, found out by moving its labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...signal import FloatArray
from .compared import Run
from .crossfit import HeldOut, crossfit
from .regressors import Regressor
from .result import Significance
from .scores import by_clip
from .shifts import (
    Resemblance,
    moves_of,
    p_value,
    resemblance,
    rolled_within,
    statistic,
    story_of,
    within_groups,
)

# One-sided 5 %, and 80 % power, in standard deviations of a normal distribution.
_DETECTABLE = 1.645 + 0.842


@dataclass(frozen=True, eq=False)
class Chance:
    """How often chance does as well.

    Attributes
    ----------
    each : array, shape (n_targets,)
        p of every target.
    told : Significance
    """

    each: FloatArray
    told: Significance


def tested(
    run: Run, features: NDArray[np.floating], regressor: Regressor, shifts: int
) -> tuple[HeldOut, Chance | None]:
    """Return held-out predictions, and how often chance does as well.

    Parameters
    ----------
    run : Run
    features : array, shape (n_rows, n_features)
    regressor : Regressor
        Learns moved labels where it is quick to; otherwise labels are rolled inside blocks.
    shifts : int
        Moves of the labels at most; 0 for no test.
    """
    table, labels = run.table, run.labels
    given = (table, features, labels, run.folds, run.protocol, run.gap_s, regressor)
    if not shifts:
        return crossfit(*given), None
    if not regressor.refits:
        held = crossfit(*given)
        return held, fixed(run, held, shifts, "too slow to refit, and finds less than is there")
    story = story_of(table)
    alike = resemblance(table, labels[:, 0], story)
    moves = moves_of(table, story, alike.apart_s, shifts, run.seed)
    here = np.arange(len(table))

    def reduce(rows: NDArray[np.int64], p: FloatArray, y: FloatArray) -> FloatArray:
        return within_groups(table, rows, p, y)

    held = crossfit(*given, moves=(here, *moves.taken), reduce=reduce)
    assert held.reduced is not None
    found = statistic(table, [fold.test for fold in run.folds], held.reduced)
    method = f"{moves.says}, one move for all who share them; the model learnt anew each time"
    return held, _chance(found[0], found[1:], method, True, moves.available, alike)


def fixed(run: Run, held: HeldOut, shifts: int, why: str) -> Chance:
    """Return how often chance does as well as predictions that stay while labels are rolled.

    Parameters
    ----------
    run : Run
    held : HeldOut
    shifts : int
        Rolls at most.
    why : str
        Why nothing is refitted.
    """
    table = run.table
    alike = resemblance(table, run.labels[:, 0], story_of(table))
    clips = by_clip(table, held) if table.kind == "rating" else held
    null = rolled_within(table, clips, alike.apart_s, shifts)
    observed = np.array(statistic_of(run, held))
    method = f"labels rolled within held-out blocks, predictions fixed: {why}"
    return _chance(observed, null, method, False, len(null), alike)


def shifted(run: Run, held: HeldOut, shifts: int) -> Chance:
    """Return how often chance does as well as a finished model, which learns nothing here.

    Labels move as they do where a model learns them anew, one move for all who share them.

    Parameters
    ----------
    run : Run
        Of a single fold, in which everything is scored.
    held : HeldOut
    shifts : int
        Moves at most.
    """
    table, labels = run.table, run.labels[:, 0]
    story = story_of(table)
    alike = resemblance(table, labels, story)
    moves = moves_of(table, story, alike.apart_s, shifts, run.seed)
    here = np.arange(len(table))
    guess = held.prediction[:, None]
    parts = [
        within_groups(table, held.rows, guess, labels[move[held.rows]][:, None])
        for move in (here, *moves.taken)
    ]
    found = statistic(table, [held.rows], np.concatenate(parts, axis=-2))
    method = f"{moves.says}, one move for all who share them; predictions fixed: the model is "
    method += "finished and learns nothing here"
    return _chance(found[0], found[1:], method, False, moves.available, alike)


def _chance(
    observed: FloatArray,
    null: FloatArray,
    method: str,
    refitted: bool,
    available: int,
    alike: Resemblance,
) -> Chance:
    some = len(null) > 0
    each = p_value(observed, null) if some else np.full(len(observed), np.nan)
    overall = _over(np.vstack([observed, null]))[:, 0]
    together = p_value(overall[:1], overall[1:, None])[0] if some else np.nan
    # One or two moves have no spread to speak of.
    spreads = null.std(axis=0) if len(null) > 2 else np.empty(0)
    spreads = spreads[np.isfinite(spreads)]
    spread = float(spreads.mean()) if len(spreads) else np.nan
    told = Significance(
        method=method,
        refitted=refitted,
        moves=len(null),
        available=available,
        smallest_p=1.0 / (1 + len(null)),
        apart_s=alike.apart_s,
        effective=alike.effective,
        detectable_r=_DETECTABLE * spread,
        p=float(together),
        observed=float(overall[0]),
        null=tuple(overall[1:].tolist()),
    )
    return Chance(each, told)


def _over(values: FloatArray) -> FloatArray:
    """Return the mean over targets that have a value, (n, 1)."""
    usable = np.isfinite(values).all(axis=0)
    if not usable.any():
        return np.full((len(values), 1), np.nan)
    mean: FloatArray = values[:, usable].mean(axis=1, keepdims=True)
    return mean


def statistic_of(run: Run, held: HeldOut) -> list[float]:
    """Return r within held-out groups, mean over subjects, of every target."""
    parts = []
    for k, fold in enumerate(run.folds):
        rows = held.fold == k
        parts.append(
            within_groups(
                run.table, fold.test, held.prediction[rows][:, None], held.truth[rows][:, None]
            )
        )
    tested = [fold.test for fold in run.folds]
    return [float(x) for x in statistic(run.table, tested, np.concatenate(parts))[0]]
