"""Splits are made of groups, keep a gap in time, and refuse what they cannot do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtemotion.models.evaluation import (
    EvaluationError,
    FeatureTable,
    Protocol,
    Stretch,
    folds_of,
)
from rtemotion.models.evaluation.made_up import Recipe, made_up
from rtemotion.models.evaluation.splits import inner_folds

NO_STIMULI = {"stimuli": 0, "rows": 120}
RECIPES = {
    Protocol.A: Recipe(subjects=2, stimuli=4, rows=20),
    Protocol.B: Recipe(subjects=4, stimuli=4, rows=20),
    Protocol.C: Recipe(subjects=2, sessions=3, **NO_STIMULI),
    Protocol.D: Recipe(subjects=2, **NO_STIMULI),
    Protocol.E: Recipe(subjects=4, stimuli=3, rows=20),
}
HELD_OUT = {
    Protocol.A: ("stimulus",),
    Protocol.B: ("stimulus", "subject"),
    Protocol.C: ("session",),
    Protocol.D: (),
    Protocol.E: ("subject",),
}


def nearest(table: FeatureTable, clock: str, group: str, train: np.ndarray, test: np.ndarray):
    """Return the least time between two sides on one clock, by brute force."""
    times, codes = getattr(table, clock), getattr(table, group)
    apart = np.abs(times[train][:, None] - times[test])
    return np.where(codes[train][:, None] == codes[test], apart, np.inf).min(initial=np.inf)


@pytest.mark.parametrize("protocol", list(Protocol))
@settings(max_examples=5, deadline=None)
@given(gap=st.floats(4.0, 12.0))
def test_what_is_scored_shares_neither_groups_nor_time_with_training(
    protocol: Protocol, gap: float
) -> None:
    table = made_up(RECIPES[protocol], 0)
    folds = folds_of(table, protocol, gap)
    for fold in folds:
        for part in (fold, *inner_folds(table, fold, protocol, gap)):
            for name in HELD_OUT[protocol]:
                codes = getattr(table, name)
                assert not np.isin(codes[part.test], codes[part.train]).any()
            apart = nearest(table, "times", "recording", part.train, part.test)
            # Times are whole seconds and gaps are not: 4 s are far enough for 4 s and a bit.
            assert apart > gap - 1e-6
        for part in inner_folds(table, fold, protocol, gap):
            assert np.isin(part.train, fold.train).all()
            assert np.isin(part.test, fold.train).all()
    scored = np.concatenate([fold.test for fold in folds])
    assert sorted(scored) == list(range(len(table)))


def test_segments_of_one_story_keep_the_gap_also_between_people() -> None:
    table = made_up(RECIPES[Protocol.B], 0)
    for fold in folds_of(table, "B", 10.0):
        assert nearest(table, "story_times", "story", fold.train, fold.test) >= 10.0


def test_clips_that_are_no_story_touch_nothing_in_other_people() -> None:
    clips = made_up(Recipe(subjects=4, stimuli=4, rows=20, story=False), 0)
    (first, *_) = folds_of(clips, "B", 10.0)
    assert len(first.train) == 3 * 3 * 20


def test_a_random_split_of_windows_cannot_be_asked_for() -> None:
    with pytest.raises(EvaluationError, match="random split of windows cannot be had"):
        folds_of(made_up(RECIPES[Protocol.A], 0), "random", 10.0)


def test_a_gap_shorter_than_what_rows_reach_over_is_refused() -> None:
    with pytest.raises(EvaluationError, match="expected at least 4 s"):
        folds_of(made_up(RECIPES[Protocol.D], 0), "D", 3.0)


@pytest.mark.parametrize(
    ("protocol", "recipe", "needed"),
    [
        ("A", Recipe(subjects=2, stimuli=2), "at least 3 of them"),
        ("B", Recipe(subjects=2, stimuli=5), "at least 3 subjects and 3 stimuli"),
        ("B", Recipe(subjects=5, stimuli=0), "none of them shared"),
        ("C", Recipe(subjects=2, sessions=1), "at least 2 of them"),
        ("D", Recipe(subjects=1, stimuli=0, rows=15), "over at least 50 s"),
        ("E", Recipe(subjects=1), "at least 2 are needed"),
    ],
)
def test_too_few_groups_are_refused_with_what_would_be_needed(
    protocol: str, recipe: Recipe, needed: str
) -> None:
    with pytest.raises(EvaluationError, match=needed):
        folds_of(made_up(recipe, 0), protocol, 10.0)


def test_ratings_of_clips_have_no_blocks_of_time() -> None:
    table = made_up(RECIPES[Protocol.A], 0)
    from dataclasses import replace

    with pytest.raises(EvaluationError, match="leave out stimuli"):
        folds_of(replace(table, kind="rating"), "D", 10.0)


def stretch(**changed: object) -> Stretch:
    given = {
        "subject": "S1",
        "session": "1",
        "recording": "1",
        "stimulus": "a",
        "times": np.arange(4.0),
        "features": np.zeros((4, 2)),
        "targets": np.zeros((4, 1)),
    }
    return Stretch(**(given | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stretches", "message"),
    [
        ([], "no windows"),
        ([stretch(features=np.zeros((4, 3)))], "recordings of other channels"),
        ([stretch(times=np.array([0.0, 2.0, 1.0, 3.0]))], "do not ascend"),
        ([stretch(stimulus_features=np.zeros((4, 1))), stretch(stimulus="b")], "stimulus"),
    ],
)
def test_stretches_that_do_not_fit_are_refused(stretches: list[Stretch], message: str) -> None:
    from rtemotion.models.evaluation.made_up import columns

    with pytest.raises(EvaluationError, match=message):
        FeatureTable.of(stretches, columns()[:2], ["joy"], 4.0)
