"""What a finished model is worth on recordings it was not made from; nothing is refitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...decoding import Model, ModelCard
from ...signal import FloatArray
from . import baselines as known
from .chance import shifted
from .compared import Comparison, Run, beside, equal_terms, scored
from .crossfit import HeldOut
from .evaluate import AUTO, Plan, gap_of, labelled
from .provenance import learnt_from, origin_known
from .regressors import RidgeRegressor
from .result import Compared, Evaluation, Finding
from .scores import changing, require_changing
from .served import STRATA, Decoded
from .splits import Fold, Protocol, folds_of, strictest
from .summing_up import Judged, Said, leaks, summed_up
from .table import EvaluationError, FeatureTable

if TYPE_CHECKING:
    from ..datasets import Dataset
    from ..datasets.dataset import Target

AS_SERVED = "as served"
RIDGE = "ridge refitted here"
UNKNOWN_ORIGIN = "unknown origin"
NOTHING_BESIDE = "nothing beside it"
_NEW_NAMES = {
    known.NO_GAMMA: "ridge refitted here, without gamma",
    known.NO_EDGE: "ridge refitted here, without edge channels",
}
_QUANTILES = 99


@dataclass(frozen=True, eq=False)
class Match:
    """Targets that a model and a data set have in common, by name.

    Attributes
    ----------
    names : tuple of str
        In the order of the data set.
    columns : tuple of int
        Where they are among the model's outputs.
    scale, offset : array, shape (n_targets,)
        What brings labels to the range that the model's targets have.
    notes : tuple of str
        What was left out or rescaled.
    """

    names: tuple[str, ...]
    columns: tuple[int, ...]
    scale: FloatArray
    offset: FloatArray
    notes: tuple[str, ...]


def matched(card: ModelCard, targets: Sequence[Target]) -> Match:
    """Return what a model and a data set both know.

    Raises
    ------
    EvaluationError
        If that is nothing.
    """
    own = list(card.target_names)
    common = [target for target in targets if target.name in own]
    if not common:
        raise EvaluationError(
            f"The model {card.name} predicts {', '.join(own)}, and the data set has labels of "
            f"{', '.join(target.name for target in targets)}: none is the same; name a model or "
            "labels that share a target."
        )
    notes = []
    if left := [target.name for target in targets if target.name not in own]:
        notes.append(f"The model does not predict {', '.join(left)}, left out.")
    scale, offset = np.ones(len(common)), np.zeros(len(common))
    for k, theirs in enumerate(common):
        ours = card.targets[own.index(theirs.name)]
        if (ours.low, ours.high) != (theirs.low, theirs.high):
            scale[k] = (ours.high - ours.low) / (theirs.high - theirs.low)
            offset[k] = ours.low - scale[k] * theirs.low
            notes.append(
                f"Labels of {theirs.name}, from {theirs.low:g} to {theirs.high:g}, are brought to "
                f"the model's {ours.low:g} to {ours.high:g}."
            )
        if ours.construct != theirs.construct:
            notes.append(
                f"The model's {ours.name} is {ours.construct}, the labels are {theirs.construct}."
            )
    names = tuple(target.name for target in common)
    return Match(names, tuple(own.index(n) for n in names), scale, offset, tuple(notes))


def require_unseen(card: ModelCard, dataset: Dataset) -> None:
    """Refuse a data set that a model was made from.

    Raises
    ------
    EvaluationError
        If it was made from any of its recordings.
    """
    seen = learnt_from(card, dataset)
    if seen:
        names = ", ".join(str(one) for one in seen[:3]) + (", …" if len(seen) > 3 else "")
        raise EvaluationError(
            f"The model {card.name} was trained on {len(seen)} of these {len(dataset)} recordings "
            f"({names}): scores of a model on what it was trained on say nothing; evaluate its "
            "recipe with --estimator, or leave these recordings out."
        )


def evaluate_model(
    model: Model,
    table: FeatureTable,
    frames: Mapping[str, Sequence[Decoded]],
    match: Match,
    protocol: Protocol | str = AUTO,
    plan: Plan | None = None,
) -> Evaluation:
    """Score a finished model as it is, beside baselines that are refitted on the same rows.

    Parameters
    ----------
    model : Model
    table : FeatureTable
        The data set's features, for baselines, and its labels.
    frames : mapping
        From `decoded`.
    match : Match
        From `matched`.
    protocol : Protocol or str
        Of the baselines; ``"auto"`` for the strictest that can be had.
    plan : Plan or None
        With one lag at most: a finished model chooses none.

    Raises
    ------
    EvaluationError
        If the model has no value where there are labels, or the protocol cannot be had.
    """
    plan = plan or Plan()
    if len(plan.lags_s) != 1:
        raise EvaluationError(
            f"A finished model chooses no lag, and {len(plan.lags_s)} were given; give one."
        )
    table = table.pick(*match.names)
    table = replace(table, targets=table.targets * match.scale + match.offset)
    table, left_out = changing(table)
    match = _narrowed(match, table.target_names)
    table, labels, _, notes = labelled(table, plan.lags_s)
    notes += left_out
    said, strata, there = _joined(table, frames, match.columns)
    if not there.any():
        raise EvaluationError(
            f"The model {model.card.name} has no value at any moment that has labels: its windows "
            "fill only after warm-up, and need enough usable channels with positions; see "
            "`rtemotion check` of a recording."
        )
    if not there.all():
        notes.append(
            f"The model has no value in {np.count_nonzero(~there)} of {len(there)} labelled "
            "windows, which are left out."
        )
    table, labels, said, strata = table.rows(there), labels[there], said[there], strata[there]
    gap_s = gap_of(table, plan)
    protocol, folds, how = _split(table, protocol, gap_s, plan.blocks)
    require_changing(table)
    notes.append(how)
    run = Run(
        table,
        labels,
        folds or (_everything(table),),
        protocol,
        gap_s,
        plan.resamples,
        plan.seed,
        plan.blocks,
    )
    held = _held(run, said, model.card, match.columns)
    whole = replace(run, folds=(_everything(table),))
    chance = None
    if plan.shifts:
        chance = shifted(whole, _held(whole, said, model.card, match.columns), plan.shifts)
    findings = [*leaks(table, folds, None), *_of_origin(model.card)]
    judged = Judged(held, chance, attributed=False)
    if plan.baselines and folds:
        judged = _beside(run, judged, plan)
    else:
        findings.append(
            Finding(
                NOTHING_BESIDE,
                "fault",
                "No baseline stands beside the model: nothing says that muscles, eyes, the "
                "stimulus or time in trial do not do as well.",
            )
        )
    about = Said(
        protocol=AS_SERVED,
        protocol_says="a finished model as it is, on recordings it was not made from; "
        + ("nothing beside it" if not folds else f"baselines under {protocol}, {protocol.says}"),
        headline=True,
        estimator=f"{model.card.name} {model.card.version} sha256:{model.sha256[:12]}",
        features="its own, by the code that decodes live",
        findings=findings,
        notes=[*match.notes, *notes, *_of_baseline(strata)],
        strata={name: strata[:, k] for k, name in enumerate(STRATA)},
        ceiling=None,
        lags_s=plan.lags_s * len(match.names),
        folds=len(folds),
    )
    return summed_up(run, judged, about)


def _narrowed(match: Match, names: tuple[str, ...]) -> Match:
    at = [match.names.index(name) for name in names]
    columns = tuple(match.columns[k] for k in at)
    return Match(names, columns, match.scale[at], match.offset[at], match.notes)


def _joined(
    table: FeatureTable, frames: Mapping[str, Sequence[Decoded]], columns: Sequence[int]
) -> tuple[FloatArray, NDArray[np.str_], NDArray[np.bool_]]:
    """Return mean, std, lower and upper of each row, (n_rows, 4, n_targets), strata, and where."""
    said = np.full((len(table), 4, len(columns)), np.nan)
    strata = np.full((len(table), len(STRATA)), "", dtype="<U16")
    for code, name in enumerate(table.recordings):
        rows = np.flatnonzero(table.recording == code)
        for one in frames.get(name, ()):
            at = one.at(table.times[rows])
            mine, at = rows[at >= 0], at[at >= 0]
            for k, values in enumerate((one.mean, one.std, one.lower, one.upper)):
                said[mine, k] = values[at][:, list(columns)]
            strata[mine] = one.strata[at]
    return said, strata, np.isfinite(said).all(axis=(1, 2))


def _split(
    table: FeatureTable, protocol: Protocol | str, gap_s: float, blocks: int
) -> tuple[Protocol, tuple[Fold, ...], str]:
    """Return how baselines are split; without folds where they cannot be."""
    if protocol != AUTO:
        asked = Protocol(protocol) if protocol in set(Protocol) else protocol
        folds = folds_of(table, asked, gap_s, blocks)
        return Protocol(asked), folds, f"Baselines are refitted under protocol {asked}."
    try:
        chosen, why = strictest(table, gap_s, blocks)
        return chosen, folds_of(table, chosen, gap_s, blocks), f"For the baselines: {why}"
    except EvaluationError as problem:
        try:
            folds = folds_of(table, Protocol.E, gap_s, blocks)
        except EvaluationError:
            return Protocol.E, (), f"Nothing can be refitted beside the model. {problem}"
        return Protocol.E, folds, "Baselines know the stimuli (E): no other protocol can be had."


def _everything(table: FeatureTable) -> Fold:
    return Fold(np.empty(0, dtype=np.int64), np.arange(len(table)), "everything")


def _held(run: Run, said: FloatArray, card: ModelCard, columns: Sequence[int]) -> HeldOut:
    """Return what the model said, laid out as what is held out in each fold."""
    from scipy.stats import norm

    rows = np.concatenate([fold.test for fold in run.folds])
    mean, std, lower, upper = said[rows].transpose(1, 0, 2)
    targets = [card.targets[k] for k in columns]
    prior = np.array([target.prior_mean for target in targets])
    spread = np.array([target.prior_std for target in targets])
    steps = norm.ppf((np.arange(_QUANTILES) + 0.5) / _QUANTILES)
    chosen = np.zeros((len(run.folds), len(targets)), dtype=np.int64)
    return HeldOut(
        rows=rows,
        fold=np.repeat(np.arange(len(run.folds)), [len(fold.test) for fold in run.folds]),
        prediction=mean,
        truth=run.labels[rows, 0],
        training_mean=np.broadcast_to(prior, mean.shape).copy(),
        half_width=(upper - lower) / 2.0,
        std=std,
        settings=chosen,
        lags=chosen,
        tuned=True,
        # Without any signal the model knows what its labels were like in training.
        marginal=(prior + steps[:, None] * spread,) * len(run.folds),
        centre=(upper + lower) / 2.0,
    )


def _beside(run: Run, judged: Judged, plan: Plan) -> Judged:
    """Add baselines, all of them refitted on these recordings."""
    columns = run.table.columns_of(*plan.parts)
    if not len(columns):
        raise EvaluationError(f"There are no features of {', '.join(plan.parts)} to refit on.")
    ridge = run.fitted(run.table.features[:, columns])
    others, compared = beside(run, ridge, columns, RidgeRegressor())
    own = Comparison.of(run, ridge)
    each = tuple(scored(own, k) for k in range(run.labels.shape[2]))
    told = (Compared(RIDGE, str(run.protocol), scored(own, None), each), *compared)
    kept = {
        name: one
        for name, one in others.items()
        if name not in {known.SAME_STIMULI, known.NEW_STIMULI}
    }
    named = tuple(replace(one, name=_NEW_NAMES.get(one.name, one.name)) for one in told)
    return replace(judged, others=kept, compared=named, terms=equal_terms(run))


def _of_origin(card: ModelCard) -> list[Finding]:
    if origin_known(card):
        return []
    return [
        Finding(
            UNKNOWN_ORIGIN,
            "fault",
            "The model does not say which recordings it was made from: they may be these, and "
            "then its score says nothing.",
        )
    ]


def _of_baseline(strata: NDArray[np.str_]) -> list[str]:
    """Say for how many windows the decoder did not know the person's rest."""
    none = float((strata[:, STRATA.index("baseline")] == "none").mean())
    if not none:
        return []
    return [
        f"In {none:.0%} of the windows the model did not know the person's rest; its values "
        "stand against the population's, as they would live without a baseline."
    ]
