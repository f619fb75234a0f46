"""One call says what a score is worth, what it was compared with, and what it leaves open."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.svm import SVR

from rtemotion.models.evaluation import EvaluationError, FeatureTable, Plan, evaluate
from rtemotion.models.evaluation.equal_terms import as_smooth, averaged, principal, resemblance_s
from rtemotion.models.evaluation.made_up import Recipe, made_up

QUICK = Plan(shifts=19, resamples=100)
BARE = replace(QUICK, baselines=False)
TABLE = made_up(Recipe(subjects=4, stimuli=4, rows=25, code="power"), 0)


@pytest.fixture(scope="module")
def found():
    return evaluate(TABLE, None, "B", QUICK, ceiling=0.9)


def test_a_report_holds_everything_a_reader_must_know(found) -> None:
    said = json.loads(found.to_json())
    assert said["protocol"] == "B"
    assert (said["subjects"], said["stimuli"], said["stories"], said["folds"]) == (4, 4, 1, 16)
    assert said["gap_s"] == TABLE.support_s
    assert "One story: no generalisation over stimuli." in said["notes"]
    assert said["significance"]["moves"] == 19
    assert said["significance"]["available"] > 19
    assert said["significance"]["smallest_p"] == pytest.approx(1 / 20)
    assert 0 < said["significance"]["detectable_r"] < 1
    assert 1 < said["significance"]["effective"] < 100
    assert said["significance"]["refitted"] is True
    assert said["ceiling"] == 0.9
    assert np.shape(said["matrix"]) == (2, 2)
    expected = ["training mean", "time in trial", "stimulus mean", "stimulus features"]
    expected += ["muscle proxy", "band-power ridge", "connectivity ridge", "rank-1 model"]
    expected += ["model without gamma", "model without edge channels"]
    assert set(expected) <= {b["name"] for b in said["baselines"]}
    absent = found.baseline("stimulus features")
    assert absent.scored is None
    assert absent.says == "nothing is known of the stimulus"
    assert found.baseline("training mean").scored.r2.value == pytest.approx(0.0, abs=1e-9)
    assert found.baseline("stimulus mean").protocol == "E"
    assert said["checklist"] == []


def test_q_values_are_never_below_p_values(found) -> None:
    for target in found.targets:
        assert target.q >= target.p


def test_a_high_score_on_real_people_comes_with_a_checklist() -> None:
    real = replace(TABLE, simulated=False, targets=TABLE.features[:, :2].astype(float))
    found = evaluate(real, None, "B", BARE)
    assert found.mean.ccc.value > 0.5
    assert any("gamma" in question for question in found.checklist)


def test_models_too_slow_to_learn_shifted_labels_say_so() -> None:
    found = evaluate(TABLE, SVR(), "A", replace(BARE, shifts=10))
    assert found.significance is not None
    assert not found.significance.refitted
    assert "predictions fixed" in found.significance.method


def test_windows_without_labels_are_left_out_and_counted() -> None:
    targets = TABLE.targets.copy()
    targets[::5] = np.nan
    found = evaluate(replace(TABLE, targets=targets), None, "B", BARE)
    assert found.windows == len(TABLE) - len(TABLE) // 5
    assert "80 of 400 windows have no label" in found.notes[0]


def test_targets_with_labels_at_other_moments_are_evaluated_apart() -> None:
    targets = TABLE.targets.copy()
    targets[:200, 0] = np.nan
    gappy = replace(TABLE, targets=targets)
    with pytest.raises(EvaluationError, match="emotion 1 50%, emotion 2 100%"):
        evaluate(gappy, None, "A", BARE)
    assert evaluate(gappy.pick("emotion 2"), None, "A", BARE).windows == len(TABLE)
    with pytest.raises(EvaluationError, match="no target joy"):
        gappy.pick("joy")


def test_a_target_that_changes_for_nobody_is_left_out() -> None:
    targets = TABLE.targets.copy()
    targets[:, 0] = 0.5
    found = evaluate(replace(TABLE, targets=targets), None, "B", BARE)
    assert "emotion 1 never changes within any recording and is left out." in found.notes
    alone = evaluate(TABLE.pick("emotion 2"), None, "B", BARE)
    assert [target.name for target in found.targets] == ["emotion 2"]
    assert found.mean == alone.mean
    with pytest.raises(EvaluationError, match="emotion 1, emotion 2 never change within any"):
        evaluate(replace(TABLE, targets=np.ones_like(targets)), None, "B", BARE)


def test_labels_that_never_change_in_one_recording_are_told_of() -> None:
    targets = TABLE.targets.copy()
    targets[TABLE.recording == 0, 0] = 0.5
    found = evaluate(replace(TABLE, targets=targets), None, "A", BARE)
    assert any(n.startswith("emotion 1 never changes in 1 of 4") for n in found.notes)
    assert len(found.targets) == 2


def test_one_subject_says_nothing_about_others() -> None:
    one = made_up(Recipe(subjects=1, stimuli=0, rows=200), 0)
    found = evaluate(one, None, "D", BARE)
    assert "One subject: nothing is said about other people." in found.notes
    assert found.stimuli == 0


def test_the_lag_of_labels_is_found_inside_the_folds() -> None:
    late = made_up(Recipe(subjects=4, stimuli=4, rows=40, code="power", label_s=4), 0)
    targets = np.full(late.targets.shape, np.nan)
    for stimulus in range(4):
        for subject in range(4):
            rows = np.flatnonzero((late.stimulus == stimulus) & (late.subject == subject))
            targets[rows[2:]] = late.targets[rows[:-2]]
    lagged = replace(late, targets=targets)
    found = evaluate(lagged, None, "B", replace(BARE, lags_s=(0.0, 2.0, 4.0, 6.0)))
    assert found.lags_s == pytest.approx((4.0, 4.0), abs=0.5)
    plain = evaluate(lagged, None, "B", BARE)
    assert found.mean.r.value > plain.mean.r.value + 0.1
    assert found.gap_s == late.support_s + 6.0


def rated() -> FeatureTable:
    table = made_up(Recipe(subjects=4, stimuli=8, rows=6, locked=0.0), 0)
    rng = np.random.default_rng(1)
    ratings = rng.integers(1, 10, (4, 8, 1)).astype(float)
    targets = np.repeat(ratings.reshape(32, 1), 6, axis=0)
    features = np.array(table.features)
    features[:, :8] += (targets - 5) / 2
    return replace(
        table,
        kind="rating",
        features=features,
        targets=targets,
        target_names=("valence",),
        constructs=("felt",),
        story=table.stimulus,
        stories=table.stimuli,
    )


def test_ratings_of_clips_are_scored_across_clips() -> None:
    found = evaluate(rated(), None, "A", BARE)
    assert found.mean.r.value > 0.5
    assert found.significance is not None
    assert found.significance.available == 7
    assert any("p cannot be below 0.12" in note for note in found.notes)
    assert "One story: no generalisation over stimuli." not in found.notes


def test_ratings_have_no_lag() -> None:
    with pytest.raises(EvaluationError, match="0 alone for one rating a clip"):
        evaluate(rated(), None, "A", replace(BARE, lags_s=(0.0, 1.0)))


def test_intervals_hold_what_they_say_and_strata_are_told_apart() -> None:
    many = made_up(Recipe(subjects=20, stimuli=6, rows=25, code="power", label_s=4), 0)
    good = np.where(many.subject < 10, "61", "14")
    found = evaluate(many, None, "B", replace(BARE, shifts=0), strata={"channels": good})
    told = found.uncertainty
    assert told is not None
    assert told.subjects == 20
    assert 0.87 <= told.coverage <= 0.93
    assert told.crps < told.crps_marginal
    assert set(told.by["channels"]) == {"61", "14"}
    assert np.mean(list(told.by["channels"].values())) == pytest.approx(told.coverage)


def test_features_that_are_not_there_are_refused() -> None:
    with pytest.raises(EvaluationError, match="no features of muscle"):
        evaluate(TABLE, None, "A", replace(BARE, parts=("muscle",)))


def test_averages_are_causal_and_stay_inside_a_stretch() -> None:
    x = TABLE.features[:, :3]
    smooth = averaged(TABLE, x, 4)
    np.testing.assert_allclose(smooth[10], x[7:11].mean(axis=0))
    np.testing.assert_allclose(smooth[25], x[25])
    np.testing.assert_allclose(smooth[26], x[25:27].mean(axis=0))


def test_the_rougher_features_are_made_as_smooth_as_the_others() -> None:
    rough = np.random.default_rng(0).standard_normal((len(TABLE), 6))
    smooth = averaged(TABLE, np.random.default_rng(1).standard_normal((len(TABLE), 6)), 6)
    assert resemblance_s(TABLE, smooth) > 2 * resemblance_s(TABLE, rough)
    for swapped in (False, True):
        given = (smooth, rough) if swapped else (rough, smooth)
        first, second, windows, alike = as_smooth(TABLE, *given)
        assert alike[0] == pytest.approx(alike[1], rel=0.3)
        assert windows[1 - swapped] == 1
        assert windows[swapped] > 1
        np.testing.assert_array_equal((first, second)[1 - swapped], smooth)


@pytest.mark.parametrize("n_features", [4, 60])
def test_components_are_principal_ones_of_the_training_side(n_features: int) -> None:
    rng = np.random.default_rng(0)
    train, test = rng.standard_normal((30, n_features)), rng.standard_normal((7, n_features))
    a, b = principal(3).apply(train, test)
    turn = np.linalg.svd(train, full_matrices=False)[2][:3].T
    np.testing.assert_allclose(np.abs(a), np.abs(train @ turn), atol=1e-9)
    np.testing.assert_allclose(np.abs(b), np.abs(test @ turn), atol=1e-9)
