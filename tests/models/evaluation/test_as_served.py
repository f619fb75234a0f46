"""A finished model is scored as it is, by the live code, on recordings it was not made from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rtemotion.decoding import Model
from rtemotion.decoding.card import Tied
from rtemotion.decoding.card_writing import with_card
from rtemotion.engine import decode
from rtemotion.models.datasets import Dataset, Preparation, Target, table_of
from rtemotion.models.evaluation import EvaluationError, Plan
from rtemotion.models.evaluation.as_served import evaluate_model, matched, require_unseen
from rtemotion.models.evaluation.null_test import fixed_null_test
from rtemotion.models.evaluation.provenance import mark_of, said_of
from rtemotion.models.evaluation.served import STRATA, decoded
from rtemotion.models.evaluation.table import FeatureTable
from rtemotion.pipeline import Setup

from .people import REST_S, people

QUICK = Plan(shifts=99, resamples=100)


@pytest.fixture(scope="module")
def known() -> Dataset:
    return people()


@pytest.fixture(scope="module")
def frames(model: Model, known: Dataset):
    return decoded(model, known)


@pytest.fixture(scope="module")
def table(model: Model, known: Dataset) -> FeatureTable:
    card = model.card
    how = Preparation(card.features, card.conditioning, normalisation="baseline", step_s=2.0)
    return table_of(known, how)


def test_values_are_those_of_a_live_run_with_the_same_rest(
    model: Model, known: Dataset, frames
) -> None:
    first = known.recordings[0]
    live = [
        frame
        for frame in decode(first.open(), model, Setup(), span=first.rest)
        if np.isfinite(frame.mean).all()
    ]
    (ours,) = frames[f"{first.subject}  1"]
    assert np.array_equal(ours.mean, np.array([frame.mean for frame in live]))
    assert np.array_equal(ours.upper, np.array([frame.upper for frame in live]))
    baseline = ours.strata[:, STRATA.index("baseline")]
    assert set(baseline[ours.times < REST_S]) == {"none"}
    assert baseline[-1] == "known"


def test_a_model_is_scored_as_it_is_beside_what_is_refitted(
    model: Model, known: Dataset, table: FeatureTable, frames
) -> None:
    found = evaluate_model(model, table, frames, matched(model.card, known.targets), plan=QUICK)
    assert found.mean.ccc.low > 0.1
    assert found.verdict not in {"nothing", "inconclusive"}
    assert "as it is" in found.protocol_says
    assert found.significance is not None
    assert "predictions fixed" in found.significance.method
    assert not found.significance.refitted
    names = [one.name for one in found.baselines]
    assert {"ridge refitted here", "training mean", "muscle proxy"} <= set(names)
    assert "ridge refitted here, without gamma" in names
    assert found.uncertainty is not None
    assert set(found.uncertainty.by) == set(STRATA)
    assert set(found.uncertainty.by["channels"]) == {"1 to 4"}
    assert set(found.uncertainty.by["baseline"]) == {"known", "none"}
    assert any("did not know the person's rest" in note for note in found.notes)
    assert [course.why for course in found.courses] == ["best", "middle", "worst"]
    assert found.simulated


def test_labels_on_another_scale_are_brought_to_the_models(
    model: Model, known: Dataset, table: FeatureTable, frames
) -> None:
    plan = replace(QUICK, shifts=0, baselines=False)
    plain = evaluate_model(model, table, frames, matched(model.card, known.targets), plan=plan)
    wide = replace(known, targets=tuple(Target(t.name, 1.0, 9.0) for t in known.targets))
    match = matched(model.card, wide.targets)
    other = replace(table, targets=1.0 + 8.0 * table.targets)
    found = evaluate_model(model, other, frames, match, plan=plan)
    assert found.mean.ccc.value == pytest.approx(plain.mean.ccc.value)
    assert any("brought to the model's 0 to 1" in note for note in found.notes)


def test_without_baselines_a_score_does_not_hold(
    model: Model, known: Dataset, table: FeatureTable, frames
) -> None:
    match = matched(model.card, known.targets)
    bare = evaluate_model(model, table, frames, match, plan=replace(QUICK, baselines=False))
    assert "nothing beside it" in [finding.name for finding in bare.findings]
    assert not bare.holds


def test_a_finished_model_chooses_no_lag(
    model: Model, known: Dataset, table: FeatureTable, frames
) -> None:
    match = matched(model.card, known.targets)
    with pytest.raises(EvaluationError, match="chooses no lag"):
        evaluate_model(model, table, frames, match, plan=replace(QUICK, lags_s=(0.0, 2.0)))


def test_targets_meet_by_name_and_none_in_common_is_refused(model: Model) -> None:
    match = matched(model.card, [Target("awe"), Target("fear"), Target("joy", construct="felt")])
    assert match.names == ("fear", "joy")
    assert [model.card.target_names[k] for k in match.columns] == ["fear", "joy"]
    assert any("does not predict awe" in note for note in match.notes)
    with pytest.raises(EvaluationError, match="none is the same"):
        matched(model.card, [Target("awe")])


def test_a_model_is_not_scored_on_what_it_was_made_from(model: Model, known: Dataset) -> None:
    require_unseen(model.card, known)
    learnt = replace(model.card, provenance=said_of(known.of("P40", "P41")))
    with pytest.raises(EvaluationError, match="2 of these 3 recordings .*--estimator"):
        require_unseen(learnt, known)
    require_unseen(learnt, known.of("P42"))
    renamed = replace(known.recordings[0], subject="somebody", name="else")
    assert mark_of(renamed) in learnt.provenance["recordings"]


def test_a_model_that_does_not_say_what_it_was_made_from_never_holds(
    model: Model, known: Dataset, table: FeatureTable, frames, tmp_path: Path
) -> None:
    match = matched(model.card, known.targets)
    tied = Tied(("TP9", "AF7"), ((0.0, 0.0, 0.1), (0.1, 0.0, 0.0)), "P40", "a base")
    for changed in ({"trained_on": "recordings"}, {"tied": tied}):
        path = tmp_path / "other.onnx"
        card = replace(model.card, **changed)  # type: ignore[arg-type]
        path.write_bytes(with_card(model.path.read_bytes(), card, "other"))
        plan = replace(QUICK, shifts=0)
        found = evaluate_model(Model(path), table, frames, match, plan=plan)
        assert "unknown origin" in [finding.name for finding in found.findings]
        assert not found.holds


@pytest.mark.parametrize("shared", [True, False])
def test_fixed_predictions_of_nothing_are_found_as_rarely_as_is_said(shared: bool) -> None:
    # 99 in 100 of binomial draws of 30 with 5 %.
    assert fixed_null_test(30, shared, moves=19) <= 5
