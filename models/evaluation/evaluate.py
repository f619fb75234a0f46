"""One entry: features and labels, a regressor, a protocol; out comes what its score is worth."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...signal import FloatArray
from .chance import tested
from .compared import Run, beside, equal_terms
from .regressors import regressor_of
from .result import Evaluation
from .scores import changing, require_changing
from .splits import BLOCKS, Protocol, folds_of, strictest
from .summing_up import Judged, Said, leaks, summed_up
from .table import MODEL_PARTS, BoolArray, EvaluationError, FeatureTable

log = logging.getLogger(__name__)

# Rows may be lost to labels that only some targets lack, but not more than this share.
_MOST_LOST = 0.1
# Asks for the strictest protocol that the groups allow.
AUTO = "auto"


@dataclass(frozen=True)
class Plan:
    """How an evaluation is done, beyond its protocol.

    Attributes
    ----------
    parts : tuple of str
        Parts of the features that the model is given.
    lags_s : tuple of float
        Lags in seconds by which labels may follow what they are about; one is chosen inside
        the training folds, for every target.
    shifts : int
        Moves of the labels at most; 0 for no test.
    resamples : int
        Draws of subjects and stimuli for intervals.
    baselines : bool
        Whether the baselines and the equal-terms comparison are worked out.
    gap_s : float
        Gap wherever the sides touch in time, where more is wanted than windows, filters
        and labels need.
    blocks : int
        Blocks of time in protocol D.
    seed : int
        Of draws.
    """

    parts: tuple[str, ...] = MODEL_PARTS
    lags_s: tuple[float, ...] = (0.0,)
    shifts: int = 500
    resamples: int = 2000
    baselines: bool = True
    gap_s: float = 0.0
    blocks: int = BLOCKS
    seed: int = 0


def evaluate(
    table: FeatureTable,
    estimator: Any = None,
    protocol: Protocol | str = Protocol.B,
    plan: Plan | None = None,
    *,
    tune: Mapping[str, Sequence[Any]] | None = None,
    strata: Mapping[str, NDArray[Any]] | None = None,
    ceiling: float | None = None,
    name: str = "",
) -> Evaluation:
    """Score a regressor on a data set.

    Parameters
    ----------
    table : FeatureTable
        Features, labels, and which rows belong together.
    estimator : object or None
        Any scikit-learn regressor; it is given features in units of its training side. None
        for a ridge whose penalty is chosen in the folds.
    protocol : Protocol or str
        ``"A"`` to ``"E"``, or ``"auto"`` for the strictest that the groups allow.
    plan : Plan or None
        Everything else that may be decided.
    tune : mapping or None
        Parameters of the estimator that are chosen inside the training folds, and what from.
    strata : mapping or None
        By name, the stratum of each row of the table, as text: coverage is told for each,
        for instance by channel count, artifact level or unfamiliarity.
    ceiling : float or None
        Mean CCC of a within-subject oracle, to stand beside the score of simulated brains.
    name : str
        What the regressor is called in the report; what it says of itself by default.

    Returns
    -------
    Evaluation

    Raises
    ------
    EvaluationError
        If labels, features or groups do not allow it, saying what would be needed.
    """
    plan = plan or Plan()
    regressor = regressor_of(estimator, tune)
    columns = table.columns_of(*plan.parts)
    if not len(columns):
        raise EvaluationError(
            f"There are no features of {', '.join(plan.parts)}, expected some; the table has "
            f"{', '.join(sorted({c.part for c in table.columns}))}."
        )
    table, left_out = changing(table)
    table, labels, kept, notes = labelled(table, plan.lags_s)
    notes += left_out
    gap_s = gap_of(table, plan)
    if protocol == AUTO:
        protocol, why = strictest(table, gap_s, plan.blocks)
        notes.append(why)
    folds = folds_of(table, protocol, gap_s, plan.blocks)
    require_changing(table)
    protocol = Protocol(protocol)
    run = Run(table, labels, folds, protocol, gap_s, plan.resamples, plan.seed, plan.blocks)
    log.info("%d folds of protocol %s, %s", len(folds), protocol, protocol.says)

    held, chance = tested(run, table.features[:, columns], regressor, plan.shifts)
    judged = Judged(held, chance)
    if plan.baselines:
        others, compared = beside(run, held, columns, regressor)
        judged = Judged(held, chance, others, compared, equal_terms(run))
    if not held.tuned and len(regressor.settings) * len(plan.lags_s) > 1:
        notes.append(
            "Some training sides are too small to choose anything inside them; the middle of "
            "what could have been chosen was taken."
        )
    said = Said(
        protocol=str(protocol),
        protocol_says=protocol.says,
        headline=protocol != Protocol.E,
        estimator=name or ("ridge" if estimator is None else repr(estimator)),
        features=", ".join(plan.parts),
        findings=leaks(table, folds, protocol),
        notes=notes,
        strata={key: np.asarray(values)[kept] for key, values in (strata or {}).items()},
        ceiling=ceiling,
        lags_s=tuple(np.asarray(plan.lags_s)[held.lags].mean(axis=0).tolist()),
        folds=len(folds),
    )
    return summed_up(run, judged, said)


def gap_of(table: FeatureTable, plan: Plan) -> float:
    """Return the gap in seconds that is kept wherever two sides touch in time."""
    return max(plan.gap_s, table.support_s + table.smoothing_s) + max(plan.lags_s)


def labelled(
    table: FeatureTable, lags_s: Sequence[float]
) -> tuple[FeatureTable, FloatArray, BoolArray, list[str]]:
    """Return rows with labels at every lag, (n_rows, n_lags, n_targets), which, and notes."""
    if not lags_s or min(lags_s) < 0 or (table.kind == "rating" and any(lags_s)):
        raise EvaluationError(
            f"Labels cannot follow by {list(lags_s)} s, expected lags from 0 on for labels that "
            "move, and 0 alone for one rating a clip."
        )
    labels = np.stack([_later(table, lag) for lag in lags_s], axis=1)
    finite = np.isfinite(labels)
    everything: BoolArray = np.asarray(finite.all(axis=(1, 2)))
    anything = finite[:, 0].any(axis=1)
    lost = int(anything.sum() - finite[:, 0].all(axis=1).sum())
    if not everything.any() or lost > _MOST_LOST * anything.sum():
        share = finite[:, 0].mean(axis=0)
        raise EvaluationError(
            "Targets have labels at different moments ("
            + ", ".join(f"{n} {s:.0%}" for n, s in zip(table.target_names, share, strict=True))
            + "), expected mostly the same ones; evaluate targets apart, with `table.pick`."
        )
    missing = len(table) - int(everything.sum())
    notes = [f"{missing} of {len(table)} windows have no label and are left out."] * bool(missing)
    return table.rows(everything), labels[everything], everything, notes


def _later(table: FeatureTable, lag_s: float) -> FloatArray:
    """Return each row's label so much later in the same stretch; NaN where there is none."""
    if lag_s == 0:
        return table.targets
    out = np.full(table.targets.shape, np.nan)
    key = table.recording * len(table.stimuli) + table.stimulus
    half = 0.51 * table.step_s
    for code in np.unique(key):
        rows = np.flatnonzero(key == code)
        times = table.times[rows]
        after = np.clip(np.searchsorted(times, times + lag_s - half), 0, len(rows) - 1)
        close = np.abs(times[after] - times - lag_s) <= half
        out[rows[close]] = table.targets[rows[after[close]]]
    return out
