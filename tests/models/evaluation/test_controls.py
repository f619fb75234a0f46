"""Positive controls: mistakes and confounds that must be caught, and called by their names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold
from sklearn.neighbors import KNeighborsRegressor

from rtemotion.models.evaluation import (
    FeatureTable,
    Fold,
    Plan,
    audit_features,
    audit_split,
    evaluate,
    folds_of,
    front_channels,
    smoothing_of,
    words,
)
from rtemotion.models.evaluation.audit import (
    LABEL_SMOOTHING,
    STIMULUS_BOTH_SIDES,
    WHOLE_RECORD,
    WINDOW_SPLIT,
)
from rtemotion.models.evaluation.made_up import Recipe, made_up
from rtemotion.models.evaluation.result import EYES, INCONCLUSIVE, MUSCLE, NOTHING, STIMULUS
from rtemotion.models.evaluation.verdicts import (
    BASELINE_ONLY,
    EYES_UNSEEN,
    NO_SINGLE_TARGET,
    STIMULUS_LOCKED,
)

QUICK = Plan(shifts=39, resamples=200)


def names(findings: object) -> set[str]:
    return {finding.name for finding in findings}  # type: ignore[attr-defined]


def by_windows(table: FeatureTable, seed: int = 0) -> list[Fold]:
    """Split windows at random, as nobody should."""
    split = KFold(5, shuffle=True, random_state=seed).split(table.features)
    return [Fold(train, test, "random") for train, test in split]


def r2(table: FeatureTable, folds: list[Fold]) -> float:
    """Return R² of nearest neighbours, without any care."""
    off = total = 0.0
    for fold in folds:
        y = table.targets
        model = KNeighborsRegressor(3).fit(table.features[fold.train], y[fold.train])
        off += np.square(y[fold.test] - model.predict(table.features[fold.test])).sum()
        total += np.square(y[fold.test] - y[fold.train].mean(axis=0)).sum()
    return 1 - off / total


def test_a_window_split_finds_emotion_where_there_is_none_and_is_named() -> None:
    table = made_up(Recipe(subjects=1, stimuli=0, rows=400, label_s=40, drift_s=60), 0)
    careless = by_windows(table)
    assert r2(table, careless) > 0.5
    (finding, *_) = audit_split(table, careless)
    assert finding.name == WINDOW_SPLIT
    assert finding.severity == "fault"
    honest = folds_of(table, "D", table.support_s)
    assert r2(table, list(honest)) < 0.1
    assert audit_split(table, honest) == ()
    assert evaluate(table, None, "D", QUICK).verdict == NOTHING


@pytest.mark.parametrize("seed", [0, 3, 9])
def test_the_luckiest_of_eight_emotions_is_not_called_found(seed: int) -> None:
    table = made_up(Recipe(subjects=4, stimuli=4, rows=40, targets=8), seed)
    plan = Plan(shifts=99, resamples=50, baselines=False)
    found = evaluate(table, None, "B", plan)
    assert min(target.p for target in found.targets) < 0.05
    assert {target.verdict for target in found.targets} == {NOTHING}


def test_stimuli_on_both_sides_are_named() -> None:
    table = made_up(Recipe(subjects=4, stimuli=4, rows=30), 0)
    assert STIMULUS_BOTH_SIDES in names(audit_split(table, folds_of(table, "E", 10.0)))
    assert audit_split(table, folds_of(table, "B", 10.0)) == ()


@pytest.mark.parametrize("ddof", [0, 1])
def test_whole_record_z_scoring_is_caught_and_a_baseline_of_rest_is_not(ddof: int) -> None:
    table = made_up(Recipe(subjects=3, stimuli=4, rows=30), 0)
    assert audit_features(table) == ()
    x = np.array(table.features)
    for recording in range(3):
        rows = table.recording == recording
        x[rows] = (x[rows] - x[rows].mean(axis=0)) / x[rows].std(axis=0, ddof=ddof)
    spoilt = replace(table, features=x)
    (finding,) = audit_features(spoilt)
    assert finding.name == WHOLE_RECORD
    assert "3 of 3 recordings" in finding.says
    found = evaluate(spoilt, None, "A", replace(QUICK, baselines=False))
    assert WHOLE_RECORD in names(found.findings)
    assert not found.holds
    rest = np.array(table.features)
    for recording in range(3):
        rows = np.flatnonzero(table.recording == recording)
        rest[rows] -= rest[rows[:30]].mean(axis=0)
    assert audit_features(replace(table, features=rest)) == ()


def smoothed(width: int) -> FeatureTable:
    """Return labels that changed with every window, before they were averaged over some."""
    table = made_up(Recipe(subjects=1, stimuli=0, rows=600, targets=2, drift_s=200), 0)
    noise = np.random.default_rng(7).standard_normal((600 + width - 1, 2))
    kernel = np.ones(width) / width
    labels = np.stack([np.convolve(column, kernel, "valid") for column in noise.T], axis=1)
    return replace(table, targets=labels)


@pytest.mark.parametrize("width", [10, 20, 30])
def test_smoothing_that_nobody_told_of_is_measured(width: int) -> None:
    assert smoothing_of(smoothed(width)) == pytest.approx(width * 2.0, rel=0.15)


def test_labels_that_merely_are_slow_do_not_look_smoothed() -> None:
    for seed in range(5):
        slow = made_up(Recipe(subjects=1, stimuli=0, rows=600, label_s=60), seed)
        assert smoothing_of(slow) == 0.0


def test_label_smoothing_across_the_split_is_caught_and_a_stated_one_is_kept_apart() -> None:
    table = smoothed(20)
    found = evaluate(table, None, "D", replace(QUICK, baselines=False))
    (finding,) = [f for f in found.findings if f.name == LABEL_SMOOTHING]
    assert "40 s" in finding.says
    assert not found.holds
    stated = replace(table, smoothing_s=40.0)
    honest = evaluate(stated, None, "D", replace(QUICK, baselines=False))
    assert LABEL_SMOOTHING not in names(honest.findings)
    assert honest.gap_s == pytest.approx(44.0)


def test_a_stimulus_locked_confound_shows_on_known_stimuli_only_and_is_named() -> None:
    table = made_up(Recipe(subjects=5, stimuli=5, rows=30, locked=0.9), 0)
    known = evaluate(table, None, "E", QUICK)
    assert known.mean.r.low > 0
    assert {BASELINE_ONLY, STIMULUS_LOCKED} <= names(known.findings)
    assert not known.headline
    assert not known.holds
    assert known.baseline("stimulus mean").scored.ccc.value > known.mean.ccc.value  # type: ignore[union-attr]
    both = evaluate(table, None, "B", QUICK)
    assert both.verdict == NOTHING
    assert STIMULUS_LOCKED in names(both.findings)


def test_what_follows_the_sound_is_put_down_to_the_stimulus() -> None:
    table = made_up(Recipe(subjects=5, stimuli=5, rows=30, code="acoustics", strength=0.8), 0)
    found = evaluate(table, None, "B", QUICK)
    assert found.mean.r.low > 0
    assert found.verdict == STIMULUS
    assert STIMULUS in names(found.findings)
    assert not found.holds


def test_an_emotion_that_drives_only_the_muscles_is_explained_by_muscle() -> None:
    table = made_up(Recipe(subjects=5, stimuli=5, rows=30, code="muscle", strength=1.0), 0)
    found = evaluate(table, Ridge(alpha=10.0), "B", QUICK)
    assert found.mean.r.low > 0
    assert found.verdict == MUSCLE
    assert MUSCLE in names(found.findings)
    assert {target.verdict for target in found.targets} == {MUSCLE}
    beside = found.baseline("muscle proxy").per_target[0].ccc
    assert words.target_words(found, 0) == f"{MUSCLE} (muscle proxy: CCC {words.interval(beside)})"
    assert not found.holds
    without = found.baseline("model without gamma").scored
    assert without is not None
    assert without.r.low < 0.1


@pytest.mark.parametrize("code", ["connectivity", "power"])
def test_what_the_brain_shows_is_found_and_put_down_to_where_it_is(code: str) -> None:
    table = made_up(Recipe(subjects=5, stimuli=5, rows=30, code=code, strength=0.5), 0)  # type: ignore[arg-type]
    # The one of two targets that is found needs p below 0.025.
    found = evaluate(table, None, "B", replace(QUICK, shifts=199))
    assert found.verdict == code
    assert found.holds
    assert found.doubts == ()
    assert found.significance is not None
    assert found.significance.p == found.significance.smallest_p
    # Made-up features have no delta.
    assert names(found.findings) == {EYES_UNSEEN}


def test_a_mean_without_a_single_target_is_no_score_that_holds() -> None:
    table = made_up(Recipe(subjects=5, stimuli=5, rows=30, code="power", strength=0.5), 0)
    found = evaluate(table, None, "B", QUICK)
    assert found.verdict == "power"
    assert {target.verdict for target in found.targets} == {NOTHING}
    assert NO_SINGLE_TARGET in names(found.findings)
    assert found.doubts == ("no single target was found",)


@pytest.mark.parametrize(
    ("shifts", "doubt"), [(0, "chance was not asked"), (9, "chance could not be asked")]
)
def test_a_score_whose_chance_is_unknown_is_inconclusive_however_high(
    shifts: int, doubt: str
) -> None:
    table = made_up(Recipe(subjects=5, stimuli=5, rows=30, code="power", strength=0.5), 0)
    found = evaluate(table, None, "B", replace(QUICK, shifts=shifts))
    assert found.mean.ccc.low > 0.1
    assert found.verdict == INCONCLUSIVE
    assert {target.verdict for target in found.targets} == {INCONCLUSIVE}
    assert not found.holds
    assert found.doubts == (doubt,)
    muscle = made_up(Recipe(subjects=5, stimuli=5, rows=30, code="muscle", strength=1.0), 0)
    assert evaluate(muscle, Ridge(alpha=10.0), "B", replace(QUICK, shifts=0)).verdict == MUSCLE


def test_a_stimulus_that_other_sessions_know_keeps_a_score_from_holding() -> None:
    recipe = Recipe(subjects=3, sessions=3, stimuli=4, rows=30, code="power")
    found = evaluate(made_up(recipe, 0), None, "C", replace(QUICK, baselines=False))
    assert found.verdict == "connectivity or power"
    assert STIMULUS_BOTH_SIDES in found.doubts


@pytest.mark.parametrize(
    ("channels", "front"),
    [
        (("Fp1", "AF3", "F7", "Cz"), {"Fp1"}),
        (("AF3", "F7", "F3", "FC5", "T7"), {"AF3", "F7"}),
        (("Cz", "Pz", "O1"), set()),
    ],
)
def test_eyes_are_looked_for_as_near_to_them_as_there_are_electrodes(
    channels: tuple[str, ...], front: set[str]
) -> None:
    assert front_channels(channels) == front


def test_electrodes_with_other_names_are_known_to_be_frontal_by_where_they_are() -> None:
    places = np.array([[0.0, 0.085, 0.03], [0.03, 0.08, 0.03], [0.0, 0.05, 0.09], [0, -0.1, 0]])
    assert front_channels(("1", "2", "3", "4"), places) == {"1", "2"}
    assert front_channels(("3", "4"), places[2:]) == {"3"}
    assert front_channels(("4",), places[3:]) == frozenset()
    assert front_channels(("4",), np.full((1, 3), np.nan)) == frozenset()


def test_what_follows_the_eyes_of_a_cap_without_a_forehead_is_put_down_to_them() -> None:
    table = made_up(Recipe(subjects=5, stimuli=5, rows=30, code="muscle", strength=1.0), 0)
    # What gamma showed at the rim now is delta of electrodes beside the eyes.
    columns = tuple(
        replace(c, band="delta", channels=("AF3",)) if c.band == "gamma" else c
        for c in table.columns
    )
    eyes = replace(table, columns=columns, front_channels=frozenset({"AF3"}))
    found = evaluate(eyes, Ridge(alpha=10.0), "B", QUICK)
    assert found.verdict == EYES
    assert EYES_UNSEEN not in names(found.findings)
