"""Labels move along the story, by one amount for all who share them, and p counts how often."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import false_discovery_control

from rtemotion.models.evaluation.made_up import Recipe, made_up, wandering
from rtemotion.models.evaluation.shifts import (
    correlation,
    false_discovery,
    moves_of,
    p_value,
    resemblance,
    shifts_of,
    story_of,
)
from rtemotion.models.evaluation.table import FeatureTable

SHARED = made_up(Recipe(subjects=3, stimuli=4, rows=25), 0)
ALONE = made_up(Recipe(subjects=3, stimuli=0, rows=80), 0)


def ratings(order_of: dict[int, list[int]]) -> FeatureTable:
    """Return ratings of clips that came in some order for each subject."""
    table = replace(SHARED, kind="rating", targets=SHARED.stimulus[:, None] * np.ones((1, 2)))
    times = table.times.copy()
    for subject, order in order_of.items():
        rows = table.subject == subject
        times[rows] = np.array(order)[table.stimulus[rows]] * 1000 + table.stimulus_times[rows]
    return replace(table, times=times)


def test_all_who_share_labels_are_moved_by_the_same_amount() -> None:
    story = story_of(SHARED)
    for taken in moves_of(SHARED, story, 20.0, 30, 0).taken:
        moved = SHARED.targets[taken].reshape(3, 100, 2)
        np.testing.assert_array_equal(moved[0], moved[1])
        np.testing.assert_array_equal(moved[0], moved[2])


def test_a_move_goes_around_the_whole_story_across_stimuli() -> None:
    story = story_of(SHARED)
    assert story.length == pytest.approx(200.0)
    (taken, *_) = moves_of(SHARED, story, 4.0, 500, 0).taken
    np.testing.assert_array_equal(taken[:100], np.roll(np.arange(100), -2))


def test_everybody_keeps_labels_of_their_own_and_all_of_them() -> None:
    for table in (SHARED, ALONE):
        for taken in moves_of(table, story_of(table), 10.0, 20, 0).taken:
            np.testing.assert_array_equal(table.subject[taken], table.subject)
            assert len(np.unique(taken)) == len(table)


def test_shifts_lie_beyond_the_autocorrelation_on_both_sides_and_differ() -> None:
    story = story_of(SHARED)
    shifts, available = shifts_of(story, 4.0, 1000)
    assert len(np.unique(shifts)) == len(shifts) == available == 97
    assert shifts.min() == 4.0
    assert shifts.max() == story.length - 4.0
    few, _ = shifts_of(story, 4.0, 5)
    np.testing.assert_allclose(few, [4, 52, 100, 148, 196])


def test_a_short_story_keeps_nineteen_of_twenty_shifts() -> None:
    story = story_of(SHARED)
    shifts, available = shifts_of(story, 90.0, 1000)
    assert shifts.min() == 0.025 * story.length
    assert available == 96


def test_sessions_with_other_stimuli_are_one_story_and_repeated_ones_are_not() -> None:
    apart = replace(SHARED, session=SHARED.stimulus + 4 * SHARED.subject)
    taken = moves_of(apart, story_of(apart), 60.0, 99, 0).taken[50]
    assert (apart.session[taken] != apart.session).any()
    again = made_up(Recipe(subjects=2, sessions=2, stimuli=4, rows=25), 0)
    taken = moves_of(again, story_of(again), 60.0, 99, 0).taken[50]
    np.testing.assert_array_equal(again.session[taken], again.session)


def test_ratings_in_one_order_are_shifted_and_in_several_permuted_for_all_alike() -> None:
    same = ratings({0: [0, 1, 2, 3], 1: [0, 1, 2, 3], 2: [0, 1, 2, 3]})
    moves = moves_of(same, story_of(same), 0.0, 100, 0)
    assert moves.available == len(moves.taken) == 3
    mixed = ratings({0: [0, 1, 2, 3], 1: [3, 1, 2, 0], 2: [2, 3, 0, 1]})
    moves = moves_of(mixed, story_of(mixed), 0.0, 20, 0)
    assert "permuted" in moves.says
    assert moves.available == 23
    for taken in moves.taken:
        moved = mixed.targets[taken, 0].reshape(3, 4, 25)
        np.testing.assert_array_equal(moved, np.broadcast_to(moved[:1, :, :1], moved.shape))


def test_how_long_labels_resemble_themselves_is_measured() -> None:
    rng = np.random.default_rng(0)
    lengths = {}
    for time_constant in (5, 40):
        targets = wandering(rng, 100 * 40, time_constant, 2)
        table = made_up(Recipe(subjects=1, stimuli=40, rows=100, targets=2), 0)
        story = story_of(table)
        lengths[time_constant] = resemblance(table, targets, story)
    # A row is 2 s long, and the integral of exp(-|t| / time constant) twice the time constant.
    assert lengths[5].apart_s == pytest.approx(5 * 2, rel=0.4)
    assert lengths[40].apart_s == pytest.approx(40 * 2, rel=0.4)
    assert lengths[5].effective == pytest.approx(4000 / 10, rel=0.4)


@given(arrays(np.float64, (12, 3), elements=st.floats(-5, 5, width=32)))
def test_correlation_is_between_minus_one_and_one_or_there_is_none(y: np.ndarray) -> None:
    p = np.random.default_rng(0).standard_normal((12, 3))
    r = correlation(p, y)
    assert (np.isnan(r) == (np.square(y - y.mean(axis=0)).sum(axis=0) <= 1e-20)).all()
    assert (np.abs(r[np.isfinite(r)]) <= 1 + 1e-9).all()


def test_p_counts_the_observation_among_the_draws() -> None:
    null = np.arange(19.0)[:, None]
    assert p_value(np.array([100.0]), null)[0] == pytest.approx(1 / 20)
    assert p_value(np.array([-1.0]), null)[0] == pytest.approx(1.0)
    assert p_value(np.array([17.5]), null)[0] == pytest.approx(2 / 20)
    assert np.isnan(p_value(np.array([np.nan]), null)[0])


@given(arrays(np.float64, 6, elements=st.floats(0.001, 1.0)))
def test_false_discoveries_are_controlled_as_benjamini_and_hochberg_do(p: np.ndarray) -> None:
    np.testing.assert_allclose(false_discovery(p), false_discovery_control(p))
    with_gap = np.insert(p, 2, np.nan)
    found = false_discovery(with_gap)
    assert np.isnan(found[2])
    np.testing.assert_allclose(np.delete(found, 2), false_discovery_control(p))
