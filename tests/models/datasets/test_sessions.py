"""Sessions of our own carry ratings: a stream recorded beside the EEG, or a table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rtemotion.decoding import BaselineSpan
from rtemotion.errors import SetupError, SourceError
from rtemotion.features import Band, FeatureSchema
from rtemotion.models.datasets import Preparation, Series, Target, Trial, sessions, table_of
from rtemotion.models.datasets.dataset import require_rest
from rtemotion.models.datasets.features import beyond_scale

from . import made

VALENCE = (Target("valence"),)
QUICK = Preparation(
    FeatureSchema((Band("alpha", 8, 13, 1.0, 3.0),), measures=("imcoh",)), normalisation="none"
)


def test_a_rating_stream_is_read_on_the_clock_of_the_eeg(tmp_path: Path) -> None:
    path = made.session(tmp_path / "sub-P07_ses-2_x.xdf")
    data = sessions([path], VALENCE)
    assert (data.recordings[0].subject, data.recordings[0].session) == ("P07", "2")
    table = table_of(data, QUICK)
    assert len(table) > 40
    np.testing.assert_allclose(table.targets[:, 0], table.stimulus_times / 60.0, atol=0.01)
    assert table.times[0] > 1000.0


def test_a_table_of_ratings_counts_from_the_beginning(tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    path = made.session(tmp_path / "lab" / "a.xdf", ratings=False)
    rows = ["recording,time,valence"] + [f"a,{t},{t / 60}" for t in range(0, 61, 5)]
    (tmp_path / "ratings.csv").write_text("\n".join(rows) + "\n")
    shown = ["recording,stimulus,start,stop", "a,film,10,30", "b,film,0,5"]
    (tmp_path / "trials.csv").write_text("\n".join(shown) + "\n")
    data = sessions([path], VALENCE, tmp_path / "ratings.csv", tmp_path / "trials.csv")
    (trial,) = data.recordings[0].trials
    assert trial.stimulus == "film"
    assert trial.stop - trial.start == 20.0
    at = trial.labels.at(np.array([trial.start + 2.5]))
    assert at[0, 0] == pytest.approx(12.5 / 60)
    assert data.recordings[0].subject == "lab"


def test_a_session_without_ratings_says_what_is_needed(tmp_path: Path) -> None:
    path = made.session(tmp_path / "a.xdf", seconds=5, ratings=False)
    with pytest.raises(SourceError, match="no stream of type rating"):
        _ = sessions([path], VALENCE).recordings[0].trials
    other = made.session(tmp_path / "b.xdf", seconds=5)
    with pytest.raises(SourceError, match="has the channels valence, arousal, expected joy"):
        _ = sessions([other], (Target("joy"),)).recordings[0].trials
    (tmp_path / "ratings.csv").write_text("recording,time,valence\nc,1,0.5\n")
    with pytest.raises(SourceError, match="no rating of the recording a"):
        _ = sessions([path], VALENCE, tmp_path / "ratings.csv").recordings[0].trials


def test_the_rest_that_a_session_tells_of_is_what_features_stand_against(tmp_path: Path) -> None:
    rested = made.session(tmp_path / "rested.xdf", span=(0.0, 30.0))
    other = made.session(tmp_path / "other.xdf")
    data = sessions([rested, other], VALENCE)
    assert [one.rest for one in data] == [BaselineSpan(0.0, 30.0), None]
    with pytest.raises(SetupError, match="1 recordings have no rest .*--normalisation adaptive"):
        require_rest(data)
    known = sessions([rested], VALENCE)
    require_rest(known)
    how = replace(QUICK, normalisation="baseline")
    # Until the rest is over nothing is known that features could stand against.
    assert (
        table_of(known, how).stimulus_times[0] >= 30.0 > table_of(known, QUICK).stimulus_times[0]
    )


def test_times_that_run_backwards_are_named_with_file_and_line(tmp_path: Path) -> None:
    path = made.session(tmp_path / "a.xdf", seconds=20)
    trials = tmp_path / "trials.csv"
    trials.write_text("recording,stimulus,start,stop\na,film,1,9\na,other,12,11\n")
    with pytest.raises(SourceError, match=r"Line 3 of .*trials\.csv has a trial from 12 to 11 s"):
        _ = sessions([path], VALENCE, trials=trials).recordings[0].trials
    ratings = tmp_path / "ratings.csv"
    ratings.write_text("recording,time,valence\na,1,0.5\nb,0,0.1\na,3,0.5\na,2,0.5\n")
    with pytest.raises(
        SourceError, match=r"Line 5 of .*ratings\.csv has a rating at 2 s after 3 s"
    ):
        _ = sessions([path], VALENCE, ratings).recordings[0].trials
    ratings.write_text("time,valence\nn/a,0.5\n2,0.5\n")
    with pytest.raises(SourceError, match=r"Line 2 of .* has a rating at nan s, expected"):
        _ = sessions([path], VALENCE, ratings).recordings[0].trials


def test_a_trial_that_ends_before_it_starts_is_none() -> None:
    labels = Series(np.zeros(1), np.zeros((1, 1)))
    for stop in (3.0, 2.0, np.nan):
        with pytest.raises(SourceError, match="starts at 3 s and stops at .* expected a stop"):
            Trial("film", 3.0, stop, labels)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.0, 1.0, None),
        (0.0, 0.995, None),
        (0.0, 0.5, "from 0.0"),
        (1.0, 9.0, "1 to 9 is declared as their scale"),
        (0.0, 0.5, "--targets valence:0:1"),
    ],
)
def test_labels_beyond_their_scale_are_told_of(
    low: float, high: float, said: str | None, tmp_path: Path
) -> None:
    data = sessions([made.session(tmp_path / "a.xdf")], (Target("valence", low, high),))
    found = beyond_scale(data, table_of(data, QUICK))
    assert len(found) == (said is not None)
    assert said is None or said in found[0]
