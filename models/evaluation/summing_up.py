"""From predictions and what stands beside them to the words and numbers of an `Evaluation`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ...signal import FloatArray
from .audit import STIMULUS_BOTH_SIDES, audit_features, audit_split
from .chance import Chance, statistic_of
from .compared import Comparison, Run, scored
from .courses import courses_of
from .crossfit import HeldOut
from .result import CHECKLIST, HIGH, Compared, EqualTerms, Evaluation, Finding, Target
from .scores import by_clip, constant_labels, discriminant, matrix
from .shifts import false_discovery
from .splits import Fold, Protocol
from .table import FeatureTable
from .uncertainty import uncertainty
from .verdicts import findings_of, single_targets, verdict


@dataclass(frozen=True, eq=False)
class Judged:
    """What was found out about predictions.

    Attributes
    ----------
    held : HeldOut
    chance : Chance or None
        How often chance does as well.
    others : mapping
        Baselines by name, as they are compared with.
    compared : tuple of Compared
        The same as they are told.
    terms : EqualTerms or None
        Connectivity against power.
    attributed : bool
        Whether the predictions may be put down to either by these terms: only where both
        sides learn as the predictions did.
    """

    held: HeldOut
    chance: Chance | None
    others: Mapping[str, Comparison] = field(default_factory=dict)
    compared: tuple[Compared, ...] = ()
    terms: EqualTerms | None = None
    attributed: bool = True


@dataclass(frozen=True, eq=False)
class Said:
    """What is known of an evaluation beside its numbers.

    Attributes
    ----------
    protocol, protocol_says : str
    headline : bool
    estimator, features : str
    findings : sequence of Finding
        Those that were found before anything was scored.
    notes : sequence of str
    strata : mapping
        By name, the stratum of each row of the run's table.
    ceiling : float or None
    lags_s : tuple of float
    folds : int
    """

    protocol: str
    protocol_says: str
    headline: bool
    estimator: str
    features: str
    findings: Sequence[Finding]
    notes: Sequence[str]
    strata: Mapping[str, NDArray[np.generic]]
    ceiling: float | None
    lags_s: tuple[float, ...]
    folds: int


def summed_up(run: Run, judged: Judged, said: Said) -> Evaluation:
    """Return everything there is to say of predictions.

    Parameters
    ----------
    run : Run
    judged : Judged
    said : Said
    """
    table, held, chance = run.table, judged.held, judged.chance
    clips = by_clip(table, held) if table.kind == "rating" else held
    model = Comparison.of(run, clips)
    terms = judged.terms if judged.attributed else None
    p = np.full(run.labels.shape[2], np.nan) if chance is None else chance.each
    # Of several targets some look well by chance: the false discovery rate over them decides.
    q = false_discovery(p)
    conclusive = chance is not None and chance.told.conclusive
    told = q if conclusive else np.full(len(q), np.nan)
    verdicts = [verdict(model, judged.others, terms, told[k], k) for k in range(len(q))]
    together = chance.told.p if chance is not None and conclusive else np.nan
    overall = verdict(model, judged.others, terms, together, None)
    # What was made elsewhere learnt neither these people nor these stimuli.
    learnt_under = run.protocol if judged.attributed else None
    means = scored(model, None)
    high = means.ccc.value > HIGH and not table.simulated
    targets = _targets(run, held, clips, model, (p, q), verdicts)
    return Evaluation(
        protocol=said.protocol,
        protocol_says=said.protocol_says,
        headline=said.headline,
        estimator=said.estimator,
        features=said.features,
        subjects=len(np.unique(table.subject[held.rows])),
        sessions=len(np.unique(table.session[held.rows])),
        recordings=len(np.unique(table.recording[held.rows])),
        stimuli=0 if table.without_stimuli else len(np.unique(table.stimulus[held.rows])),
        stories=0 if table.without_stimuli else len(np.unique(table.story[held.rows])),
        windows=len(held.rows),
        folds=said.folds,
        gap_s=run.gap_s,
        simulated=table.simulated,
        mean=means,
        targets=targets,
        verdict=overall,
        baselines=judged.compared,
        significance=None if chance is None else chance.told,
        equal_terms=judged.terms,
        matrix=tuple(tuple(row) for row in matrix(table, clips).tolist()),
        uncertainty=uncertainty(table, clips, said.strata),
        findings=(
            *said.findings,
            *findings_of(model, judged.others, overall, learnt_under),
            *single_targets(overall, targets),
        ),
        notes=(*said.notes, *_notes(run, held, clips, chance)),
        checklist=CHECKLIST if high else (),
        ceiling=said.ceiling,
        lags_s=said.lags_s,
        courses=courses_of(table, clips),
    )


def leaks(
    table: FeatureTable, folds: Sequence[Fold], learnt_under: Protocol | None
) -> list[Finding]:
    """Return what speaks against splits and features before anything is scored.

    Parameters
    ----------
    table : FeatureTable
    folds : sequence of Fold
    learnt_under : Protocol or None
        Under which the model learns; None for one that was finished before.
    """
    found = list(audit_features(table))
    for finding in audit_split(table, folds):
        if finding.name == STIMULUS_BOTH_SIDES and learnt_under in {None, Protocol.E}:
            # E is called no headline anyway, and a finished model learnt from neither side.
            finding = replace(finding, severity="caution")
        found.append(finding)
    return found


def _targets(
    run: Run,
    held: HeldOut,
    clips: HeldOut,
    model: Comparison,
    chances: tuple[FloatArray, FloatArray],
    verdicts: Sequence[str],
) -> tuple[Target, ...]:
    table = run.table
    within, own = statistic_of(run, held), discriminant(table, clips)
    p, q = chances
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


def _notes(run: Run, held: HeldOut, clips: HeldOut, chance: Chance | None) -> list[str]:
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
    if chance is not None and not chance.told.moves:
        notes.append(
            f"No significance: labels resemble themselves for {chance.told.apart_s:.0f} s, too "
            "long for what was scored to be shifted; longer recordings are needed."
        )
    if chance is not None and chance.told.moves > 0 and not chance.told.conclusive:
        notes.append(
            f"Moves of the labels that differ: {chance.told.moves}. p cannot be below "
            f"{chance.told.smallest_p:.2g}, so that nothing can be called significant."
        )
    return notes
