"""Features of a data set come from the live code path, from inside trials, under one montage."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtemotion.errors import RtemotionError, SetupError, SourceError
from rtemotion.extract import Extraction, feature_frames
from rtemotion.features import Band, FeatureSchema
from rtemotion.models.datasets import (
    Dataset,
    LabelledRecording,
    Preparation,
    Series,
    Target,
    Trial,
    alice,
    bids,
    table_of,
)
from rtemotion.models.datasets.cut_apart import cut_apart, microvolts, rated
from rtemotion.models.evaluation import EvaluationError, Plan, evaluate
from rtemotion.pipeline import Setup
from rtemotion.signal import FeatureFrame

from . import made

# Short windows keep these tests short.
BANDS = (Band("alpha", 8, 13, 1.0, 3.0), Band("gamma", 30, 45, 1.0, 3.0))
SCHEMA = FeatureSchema(BANDS, measures=("imcoh",))
QUICK = Preparation(SCHEMA, normalisation="none")
RATED = (Target("valence", 1, 9), Target("arousal", 1, 9))


def test_rows_are_windows_of_the_live_path_that_lie_inside_their_trial(tmp_path: Path) -> None:
    data = bids(made.bids(tmp_path / "bids"), RATED)
    table = table_of(data.of("01"), QUICK)
    assert table.kind == "rating"
    starts = np.array([2.0, 24.0, 46.0])[table.stimulus]
    assert (table.times - 3.0 >= starts - 1e-6).all()
    assert (table.times <= starts + 20.0 + 1e-6).all()
    np.testing.assert_allclose(np.diff(table.times)[:5], 1.0)
    recording = data.recordings[0]
    what = Extraction(SCHEMA, QUICK.design, Setup(channels=("Fp1", "Cz", "Pz", "O1")))
    items, _ = feature_frames(recording.open(), what)
    (frame,) = [f for f in items if isinstance(f, FeatureFrame) and f.index == 10 * 128]
    row = table.features[np.flatnonzero(np.isclose(table.times, 10.0))[0]]
    expected = np.concatenate([np.log(frame.power).ravel(), frame.connectivity.ravel()])
    np.testing.assert_allclose(row, expected, rtol=1e-5)
    assert table.columns[0].channels == ("Fp1",)
    assert table.columns[4].band == "gamma"
    assert {c.part for c in table.columns} == {"power", "connectivity"}
    assert table.edge_channels == {"Fp1"}
    assert table.support_s > 3.0


def test_differing_montages_and_rates_meet_in_the_channels_they_share(tmp_path: Path) -> None:
    table = table_of(bids(made.bids(tmp_path / "bids"), RATED), QUICK)
    assert table.subjects == ("01", "02")
    assert {name for column in table.columns for name in column.channels} == {
        *("Fp1", "Cz", "Pz", "O1")
    }
    assert np.isfinite(table.features).all()


def test_too_few_common_channels_name_the_recording(tmp_path: Path) -> None:
    folder = made.bids(tmp_path / "bids")
    stem = folder / "sub-02" / "eeg" / "sub-02_task-film"
    made.write_edf(Path(f"{stem}_eeg.edf"), ["F3", "F4", "Cz"], 70)
    Path(f"{stem}_channels.tsv").unlink()
    with pytest.raises(SetupError, match="Recording 02 .* shares 1 with those before"):
        table_of(bids(folder, RATED), QUICK)


def test_channels_that_are_asked_for_and_missing_are_named(tmp_path: Path) -> None:
    data = bids(made.bids(tmp_path / "bids"), RATED)
    with pytest.raises(SetupError, match="'T7' matches no channel"):
        table_of(data, replace(QUICK, channels=("Cz", "T7")))


def noisy(seconds: float, seed: int = 0, labels: Series | None = None) -> LabelledRecording:
    n = round(seconds * 128)
    return cut_apart(
        f"P{seed}",
        microvolts("x", ("Cz", "Pz"), 128.0, "as recorded"),
        lambda: [made.noise(n, 2, seed)],
        [n],
        ["clip"],
        [labels or rated([0.5])],
    )


def one(*recordings: LabelledRecording) -> Dataset:
    return Dataset("made", recordings, (Target("joy"),), "continuous")


def test_what_features_stand_against_is_never_from_after_them() -> None:
    early, late = made.noise(60 * 128, 2, 1), made.noise(60 * 128, 2, 2, scale=1e-4)
    given_ = []
    for second in (early, late):
        data = np.concatenate([early, second])
        recording = cut_apart(
            "P",
            microvolts("x", ("Cz", "Pz"), 128.0, "as recorded"),
            partial(lambda d: [d], data),
            [len(data)],
            ["clip"],
            [rated([0.5])],
        )
        given_.append(table_of(one(recording), replace(QUICK, normalisation="adaptive")))
    before = given_[0].times <= 60.0
    assert before.sum() > 30
    np.testing.assert_array_equal(given_[0].features[before], given_[1].features[before])
    assert not np.array_equal(given_[0].features[~before], given_[1].features[~before])


def test_a_rest_that_the_data_set_tells_of_is_what_features_stand_against() -> None:
    from rtemotion.decoding import BaselineSpan

    recording = replace(noisy(60.0), rest=BaselineSpan(0.0, 30.0))
    plain = table_of(one(recording), QUICK)
    rest = table_of(one(recording), replace(QUICK, normalisation="baseline"))
    assert rest.times.min() >= 30.0
    off = plain.features[np.isin(plain.times, rest.times)] - rest.features
    np.testing.assert_allclose(off, np.broadcast_to(off[:1], off.shape), atol=1e-5)


def test_a_recording_too_short_for_a_window_leaves_nothing_to_evaluate() -> None:
    with pytest.raises(EvaluationError, match="no windows to evaluate"):
        table_of(one(noisy(2.5)), QUICK)


def test_one_subject_alone_is_refused_where_people_are_held_out() -> None:
    table = table_of(one(noisy(60.0)), QUICK)
    with pytest.raises(EvaluationError, match="at least 3 subjects and 3 stimuli"):
        evaluate(table, None, "B", Plan(shifts=0, baselines=False))


def test_alice_goes_from_files_to_a_score(tmp_path: Path) -> None:
    folder = made.alice(tmp_path / "alice", subjects=3)
    table = table_of(alice(folder, folder / "labels.csv", smoothing_s=4.0), QUICK)
    assert table.stories == ("Alice in Wonderland, chapter one",)
    assert table.stimulus_features.shape[1] == 3
    assert len(table.edge_channels) > 0
    np.testing.assert_allclose(
        table.story_times, table.stimulus_times + 20.0 * table.stimulus, atol=0.02
    )
    found = evaluate(table, None, "B", Plan(shifts=19, resamples=50))
    assert found.baseline("stimulus features").scored is not None
    assert "One story: no generalisation over stimuli." in found.notes


@given(st.floats(0.0, 20.0))
def test_labels_are_linear_in_between_and_missing_in_gaps(time: float) -> None:
    times = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 14.0, 15.0, 16.0, 17.0, 18.0])
    values = np.stack([times, np.where(times == 2.0, np.nan, times)], axis=1)
    at = Series(times, values).at(np.array([time]))[0]
    if time <= 4.0 or 14.0 <= time <= 18.0:
        assert at[0] == pytest.approx(time)
    elif 5.0 < time < 13.0 or time > 19.5:
        assert np.isnan(at[0])
    if 1.8 < time < 2.2:
        assert np.isnan(at[1])


def test_labels_that_are_no_series_are_refused() -> None:
    with pytest.raises(SourceError, match="do not ascend"):
        Series(np.array([1.0, 0.5]), np.zeros((2, 1)))
    with pytest.raises(SourceError, match="do not fit 3 times"):
        Series(np.arange(3.0), np.zeros((2, 1)))
    with pytest.raises(SourceError, match="expected one of felt"):
        Target("joy", construct="guessed")


def test_problems_of_a_recording_name_it() -> None:
    def broken() -> list[Trial]:
        raise SourceError("the labels are gone.")

    with pytest.raises(RtemotionError, match="In recording P0 x: the labels are gone"):
        table_of(one(replace(noisy(30.0), find=broken)), QUICK)
