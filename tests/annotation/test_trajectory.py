"""Trajectories: smoothing, tables, and the recording's clock."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rtemotion.annotation.emotions import EMOTIONS
from rtemotion.annotation.errors import AnnotationError
from rtemotion.annotation.segments import Segment
from rtemotion.annotation.trajectory import Trajectory, smooth
from rtemotion.annotation.trajectory_table import COLUMNS, read_trajectory, write_trajectory
from rtemotion.errors import OutletError

from .stories import segments


def trajectory(n: int = 8) -> Trajectory:
    raw = np.random.default_rng(4).random((n, 8))
    raw[2] = np.nan
    story = [Segment("1" if i < 5 else "2", *_rest(s)) for i, s in enumerate(segments(n))]
    return Trajectory.of(story, raw, "somebody, 'sometimes'", "measured")


def _rest(segment: Segment) -> tuple[float, float, str, int]:
    return segment.start, segment.end, segment.text, segment.n_words


@given(
    arrays(float, (9, 8), elements=st.floats(0.0, 1.0) | st.just(np.nan)),
    st.sampled_from([1, 3, 5]),
)
def test_smoothing_is_a_centred_rolling_mean_that_invents_nothing(raw: np.ndarray, n: int) -> None:
    found = smooth(raw, ["a"] * 5 + ["b"] * 4, n)
    frames = (pd.DataFrame(raw[:5]), pd.DataFrame(raw[5:]))
    means = [frame.rolling(n, min_periods=1, center=True).mean() for frame in frames]
    expected = np.where(np.isnan(raw), np.nan, np.concatenate(means))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_an_even_rolling_mean_is_refused() -> None:
    with pytest.raises(AnnotationError, match="no middle"):
        smooth(np.zeros((3, 8)), ["", "", ""], 2)


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_a_table_gives_back_what_was_written(tmp_path: Path, name: str) -> None:
    written = trajectory()
    write_trajectory(written, tmp_path / name)
    found = read_trajectory(tmp_path / name)
    assert found.segments == written.segments
    np.testing.assert_array_equal(found.raw, written.raw)
    np.testing.assert_array_equal(found.values, written.values)
    for what in ("annotator", "timing", "smoothing", "construct"):
        assert getattr(found, what) == getattr(written, what)
    assert found.construct == "stimulus-inferred"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_columns_are_as_documented(tmp_path: Path) -> None:
    write_trajectory(trajectory(), tmp_path / "a.csv")
    table = pd.read_csv(tmp_path / "a.csv")
    assert tuple(table.columns) == COLUMNS
    assert tuple(COLUMNS[:12]) == ("index", "marker", "start", "end", *EMOTIONS)
    assert table.loc[2, list(EMOTIONS)].isna().all()


def test_parquet_says_whose_scores_they_are(tmp_path: Path) -> None:
    write_trajectory(trajectory(), tmp_path / "a.parquet")
    about = pq.read_schema(tmp_path / "a.parquet").metadata
    assert about[b"annotator"] == b"somebody, 'sometimes'"
    assert about[b"construct"] == b"stimulus-inferred"


def test_a_table_that_exists_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("mine")
    with pytest.raises(OutletError, match="already exists"):
        write_trajectory(trajectory(), path)
    assert path.read_text() == "mine"
    write_trajectory(trajectory(), path, overwrite=True)
    assert len(read_trajectory(path).segments) == 8


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"a,b\n1,2\n", "no column 'index'"),
        (b"\xff\xfe\x00", "cannot be read"),
        ((",".join(COLUMNS) + "\n").encode(), "holds no segment"),
        ((",".join(COLUMNS) + "\n0,1,soon" + "," * 30 + "\n").encode(), "line 2: start is 'soon'"),
    ],
)
def test_another_table_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(AnnotationError, match=why):
        read_trajectory(path)


def test_what_is_no_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 not at all")
    with pytest.raises(AnnotationError, match="cannot be read"):
        read_trajectory(path)


def test_markers_place_a_story_on_the_recordings_clock() -> None:
    starts, ends = trajectory().on_clock({"1": 100.0, "2": 500.0})
    assert starts.tolist() == [100.0, 108.0, 116.0, 124.0, 132.0, 540.0, 548.0, 556.0]
    np.testing.assert_allclose(ends - starts, 7.5)
    with pytest.raises(AnnotationError, match="no marker '2'"):
        trajectory().on_clock({"1": 100.0})
