"""Sessions of our own carry ratings: a stream recorded beside the EEG, or a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rtemotion.errors import SourceError
from rtemotion.features import Band, FeatureSchema
from rtemotion.models.datasets import Preparation, Target, sessions, table_of

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
