"""Scores are what their definitions say, people count before windows, intervals are crossed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr

from rtemotion.models.evaluation.crossfit import HeldOut
from rtemotion.models.evaluation.made_up import Recipe, made_up
from rtemotion.models.evaluation.scores import (
    METRICS,
    by_clip,
    cells_of,
    constant_labels,
    discriminant,
    drawn,
    matrix,
    metrics,
    over_subjects,
    score,
    scores_of,
)
from rtemotion.models.evaluation.splits import Protocol
from rtemotion.models.evaluation.table import FeatureTable
from rtemotion.models.scoring import concordance

TABLE = made_up(Recipe(subjects=3, stimuli=4, rows=15, targets=3), 0)


def held_out(table: FeatureTable, prediction: np.ndarray, truth: np.ndarray) -> HeldOut:
    nothing = np.full(truth.shape, np.nan)
    return HeldOut(
        rows=np.arange(len(table)),
        fold=table.stimulus,
        prediction=prediction,
        truth=truth,
        training_mean=np.full(truth.shape, 0.3),
        half_width=nothing,
        std=nothing,
        settings=np.zeros((4, truth.shape[1]), dtype=int),
        lags=np.zeros((4, truth.shape[1]), dtype=int),
        tuned=True,
        marginal=(truth,) * 4,
    )


def guessed(seed: int = 1, noise: float = 1.0) -> HeldOut:
    rng = np.random.default_rng(seed)
    truth = TABLE.targets
    return held_out(TABLE, truth + noise * rng.standard_normal(truth.shape), truth)


def test_every_metric_is_its_definition_in_each_recording_then_over_subjects() -> None:
    held = guessed()
    found = scores_of(cells_of(TABLE, held, Protocol.A))
    by_hand = []
    for recording in range(3):
        rows = TABLE.recording == recording
        p, y, m = (v[rows] for v in (held.prediction, held.truth, held.training_mean))
        by_hand.append(
            [
                concordance(p, y),
                [pearsonr(a, b).statistic for a, b in zip(p.T, y.T, strict=True)],
                np.sqrt(np.mean((p - y) ** 2, axis=0)),
                np.mean(np.abs(p - y), axis=0),
                1 - ((y - p) ** 2).sum(axis=0) / ((y - m) ** 2).sum(axis=0),
            ]
        )
    np.testing.assert_allclose(found, np.mean(by_hand, axis=0), atol=1e-9)


@given(st.floats(-100.0, 100.0), st.floats(0.1, 10.0))
def test_concordance_does_not_depend_on_the_unit_of_labels(offset: float, factor: float) -> None:
    held = guessed()
    moved = replace(
        held,
        **{
            name: factor * getattr(held, name) + offset
            for name in ("prediction", "truth", "training_mean")
        },
    )
    a, b = (scores_of(cells_of(TABLE, h, Protocol.A)) for h in (held, moved))
    np.testing.assert_allclose(a[[0, 1, 4]], b[[0, 1, 4]], atol=1e-6)


def test_labels_that_never_change_have_no_concordance_and_are_told_of() -> None:
    held = guessed()
    truth = held.truth.copy()
    truth[TABLE.recording == 1, 0] = 0.5
    found = scores_of(cells_of(TABLE, replace(held, truth=truth), Protocol.A))
    others = [0, 2]
    per_recording = [
        concordance(held.prediction[TABLE.recording == k], truth[TABLE.recording == k])[0]
        for k in others
    ]
    assert found[0, 0] == pytest.approx(np.mean(per_recording))
    (sentence,) = constant_labels(TABLE, replace(held, truth=truth), ["a", "b", "c"])
    assert sentence.startswith("a never changes in 1 of 3 recordings")


def test_guessing_the_same_always_has_found_nothing() -> None:
    held = guessed()
    found = scores_of(
        cells_of(TABLE, replace(held, prediction=np.full(held.truth.shape, 0.3)), Protocol.A)
    )
    np.testing.assert_array_equal(found[:2], 0.0)
    np.testing.assert_allclose(found[4], 0.0, atol=1e-12)


def test_a_subject_with_many_recordings_counts_once() -> None:
    values = np.array([[1.0], [1.0], [1.0], [0.0]])
    assert over_subjects(values, np.array([0, 0, 0, 1]))[0] == pytest.approx(0.5)


def test_crossed_draws_are_wider_than_those_of_windows_and_hold_the_truth() -> None:
    cells = cells_of(TABLE, guessed(), Protocol.A)
    draws = drawn(cells, 500, seed=0)
    assert draws.shape == (500, len(METRICS), 3)
    value = scores_of(cells)[0, 0]
    interval = score(value, draws[:, 0, 0])
    assert interval.low < value < interval.high
    np.testing.assert_array_equal(draws, drawn(cells, 500, seed=0))


def test_a_draw_of_everything_once_is_the_score_itself() -> None:
    cells = cells_of(TABLE, guessed(), Protocol.A)
    alone = over_subjects(metrics(cells.sums.sum(axis=1)), cells.subject, np.ones((5, 3)))
    np.testing.assert_allclose(alone, scores_of(cells))


def test_one_recording_of_one_stimulus_has_no_interval() -> None:
    rows = (TABLE.recording == 0) & (TABLE.stimulus == 0)
    one = TABLE.rows(rows)
    held = held_out(one, guessed().prediction[rows], one.targets)
    found = score(0.3, drawn(cells_of(one, held, Protocol.A), 100, 0)[:, 0, 0])
    assert np.isnan(found.low)
    assert np.isnan(found.high)


def test_ratings_are_scored_across_the_clips_of_a_subject() -> None:
    truth = np.repeat(np.random.default_rng(3).standard_normal((12, 1)), 15, axis=0)
    noise = np.random.default_rng(4).standard_normal((180, 1))
    clips = by_clip(TABLE, held_out(TABLE, truth + noise, truth))
    assert len(clips.rows) == 12
    means = (truth + noise).reshape(12, 15).mean(axis=1)
    np.testing.assert_allclose(np.sort(clips.prediction[:, 0]), np.sort(means))
    found = scores_of(cells_of(TABLE, clips, Protocol.A))[1, 0]
    each = [
        pearsonr(means[4 * k : 4 * k + 4], truth[::15, 0][4 * k : 4 * k + 4])[0] for k in range(3)
    ]
    assert found == pytest.approx(np.mean(each))


def test_clips_of_several_recordings_are_set_against_one_another_within_their_subject() -> None:
    apart = replace(TABLE, kind="rating", recording=TABLE.stimulus + 4 * TABLE.subject)
    truth = np.repeat(np.random.default_rng(3).standard_normal((12, 1)), 15, axis=0)
    clips = by_clip(apart, held_out(apart, 2 * truth, truth))
    found = scores_of(cells_of(apart, clips, Protocol.E))
    assert found[1, 0] == pytest.approx(1.0)
    assert constant_labels(apart, clips, ["valence"]) == ()


def test_the_matrix_tells_which_prediction_follows_which_label() -> None:
    held = guessed(noise=0.1)
    turned = replace(held, prediction=held.prediction[:, [1, 2, 0]])
    assert (matrix(TABLE, held).argmax(axis=1) == [0, 1, 2]).all()
    assert (matrix(TABLE, turned).argmax(axis=1) == [1, 2, 0]).all()


def test_eight_outputs_that_are_one_arousal_discriminate_nothing() -> None:
    rng = np.random.default_rng(5)
    arousal = TABLE.targets[:, :1]
    truth = arousal * np.array([1.0, 0.8, -0.9]) + 0.3 * rng.standard_normal((len(TABLE), 3))
    one = held_out(TABLE, arousal * np.array([1.0, 0.8, -0.9]), truth)
    assert (scores_of(cells_of(TABLE, one, Protocol.A))[0] > 0.8).all()
    assert np.abs(discriminant(TABLE, one)).max() < 0.1
    assert (discriminant(TABLE, replace(one, prediction=truth)) > 0.9).all()
