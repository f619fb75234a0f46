"""One entry: features and labels, a regressor, a protocol; out comes what its score is worth."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...signal import FloatArray
from .audit import STIMULUS_BOTH_SIDES, audit_features, audit_split
from .chance import Chance, statistic_of, tested
from .compared import Comparison, Run, beside, equal_terms, scored
from .crossfit import HeldOut
from .regressors import Regressor, regressor_of
from .result import (
    CHECKLIST,
    HIGH,
    Compared,
    EqualTerms,
    Evaluation,
    Finding,
    Target,
)
from .scores import by_clip, constant_labels, discriminant, matrix
from .shifts import false_discovery
from .splits import BLOCKS, Fold, Protocol, folds_of
from .table import MODEL_PARTS, BoolArray, EvaluationError, FeatureTable
from .uncertainty import uncertainty
from .verdicts import findings_of, verdict

log = logging.getLogger(__name__)

# Rows may be lost to labels that only some targets lack, but not more than this share.
_MOST_LOST = 0.1


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
        ``"A"`` to ``"E"``.
    plan : Plan or None
        Everything else that may be decided.
    tune : mapping or None
        Parameters of the estimator that are chosen inside the training folds, and what from.
    strata : mapping or None
        By name, the stratum of each row of the table, as text: coverage is told for each,
        for instance by channel count, artifact level or unfamiliarity.
    ceiling : float or None
        Mean CCC of a within-subject oracle, to stand beside the score of simulated brains.

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
    table, labels, kept, notes = _labelled(table, plan.lags_s)
    gap_s = max(plan.gap_s, table.support_s + table.smoothing_s) + max(plan.lags_s)
    folds = folds_of(table, protocol, gap_s, plan.blocks)
    protocol = Protocol(protocol)
    run = Run(table, labels, folds, protocol, gap_s, plan.resamples, plan.seed, plan.blocks)
    log.info("%d folds of protocol %s, %s", len(folds), protocol, protocol.says)

    held, chance = tested(run, table.features[:, columns], regressor, plan.shifts)
    clips = by_clip(table, held) if table.kind == "rating" else held
    model = Comparison.of(run, clips)
    compared: tuple[Compared, ...] = ()
    others: Mapping[str, Comparison] = {}
    terms: EqualTerms | None = None
    if plan.baselines:
        others, compared = beside(run, held, columns, regressor)
        terms = equal_terms(run)

    p = np.full(labels.shape[2], np.nan) if chance is None else chance.each
    verdicts = [verdict(model, others, terms, p[k], k) for k in range(len(p))]
    overall = verdict(model, others, terms, np.nan if chance is None else chance.told.p, None)
    findings = (*_leaks(table, folds), *findings_of(model, others, overall, protocol))
    means = scored(model, None)
    high = means.ccc.value > HIGH and not table.simulated
    return Evaluation(
        protocol=str(protocol),
        protocol_says=protocol.says,
        headline=protocol != Protocol.E,
        estimator="ridge" if estimator is None else repr(estimator),
        features=", ".join(plan.parts),
        subjects=len(np.unique(table.subject[held.rows])),
        sessions=len(np.unique(table.session[held.rows])),
        recordings=len(np.unique(table.recording[held.rows])),
        stimuli=0 if table.without_stimuli else len(np.unique(table.stimulus[held.rows])),
        stories=0 if table.without_stimuli else len(np.unique(table.story[held.rows])),
        windows=len(held.rows),
        folds=len(folds),
        gap_s=gap_s,
        simulated=table.simulated,
        mean=means,
        targets=_targets(run, held, clips, model, p, verdicts),
        verdict=overall,
        baselines=compared,
        significance=None if chance is None else chance.told,
        equal_terms=terms,
        matrix=tuple(tuple(row) for row in matrix(table, clips).tolist()),
        uncertainty=uncertainty(
            table,
            clips,
            {name: np.asarray(values)[kept] for name, values in (strata or {}).items()},
        ),
        findings=findings,
        notes=(*notes, *_notes(run, held, clips, regressor, chance)),
        checklist=CHECKLIST if high else (),
        ceiling=ceiling,
        lags_s=tuple(np.asarray(plan.lags_s)[held.lags].mean(axis=0).tolist()),
    )


def _labelled(
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


def _targets(
    run: Run,
    held: HeldOut,
    clips: HeldOut,
    model: Comparison,
    p: FloatArray,
    verdicts: Sequence[str],
) -> tuple[Target, ...]:
    table = run.table
    within, own = statistic_of(run, held), discriminant(table, clips)
    q = false_discovery(p)
    return tuple(
        Target(
            name=name,
            construct=table.constructs[k],
            scored=scored(model, k),
            within=within[k],
            p=float(p[k]),
            q=float(q[k]),
            discriminant=float(own[k]),
            verdict=verdicts[k],
        )
        for k, name in enumerate(table.target_names)
    )


def _leaks(table: FeatureTable, folds: Sequence[Fold]) -> list[Finding]:
    found = list(audit_features(table))
    for finding in audit_split(table, folds):
        if finding.name == STIMULUS_BOTH_SIDES:
            # Told apart in the open: E is called no headline, other sessions may repeat stimuli.
            finding = replace(finding, severity="caution")
        found.append(finding)
    return found


def _notes(
    run: Run,
    held: HeldOut,
    clips: HeldOut,
    regressor: Regressor,
    chance: Chance | None,
) -> list[str]:
    table = run.table
    notes = list(constant_labels(table, clips, table.target_names))
    n_stories = len(np.unique(table.story[held.rows]))
    if not table.without_stimuli and n_stories == 1:
        notes.append("One story: no generalisation over stimuli.")
    if len(np.unique(table.subject[held.rows])) == 1:
        notes.append("One subject: nothing is said about other people.")
    untested = len(np.unique(table.recording)) - len(np.unique(table.recording[held.rows]))
    if untested:
        notes.append(f"{untested} recordings have too few groups and were not scored.")
    if not held.tuned and len(regressor.settings) * run.labels.shape[1] > 1:
        notes.append(
            "Some training sides are too small to choose anything inside them; the middle of "
            "what could have been chosen was taken."
        )
    if chance is not None and not chance.told.moves:
        notes.append(
            f"No significance: labels resemble themselves for {chance.told.apart_s:.0f} s, too "
            "long for what was scored to be shifted; longer recordings are needed."
        )
    if chance is not None and chance.told.moves > 0 and chance.told.smallest_p > 0.05:
        notes.append(
            f"Only {chance.told.moves} moves of the labels differ: p cannot be below "
            f"{chance.told.smallest_p:.2g}, so that nothing can be called significant."
        )
    return notes
