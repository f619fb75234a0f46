"""Labels on the recording's clock, and what is said of those that cannot be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rtemotion.models.calibration.labels import Labels, read_ratings, read_table
from rtemotion.models.calibration.minutes import CalibrationError

TARGETS = ("joy", "fear")


def written(folder: Path, text: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(text)
    return path


def test_a_table_may_have_other_columns_comments_and_empty_cells(tmp_path: Path) -> None:
    table = "# by hand\ntime,note,fear,joy\n0,a,0.1,0.5\n5,b,,0.7\n10,c,0.3,0.9\n"
    labels = read_table(written(tmp_path, table), TARGETS)
    assert labels.names == ("fear", "joy")
    found = labels.at(np.array([-1.0, 2.5, 10.0, 11.0]), TARGETS)
    np.testing.assert_allclose(found[1], [0.6, 0.15])
    assert np.isnan(found[[0, 3]]).all()


def test_of_a_table_of_several_recordings_one_is_read(tmp_path: Path) -> None:
    text = "recording,time,joy\na,0,0.1\nb,0,0.5\nb,5,n/a\na,1,high\nb,9,0.7\n"
    labels = read_table(written(tmp_path, text), TARGETS, Path("b.xdf"))
    np.testing.assert_array_equal(labels.times, [0.0, 5.0, 9.0])
    np.testing.assert_array_equal(labels.values[:, 0], [0.5, np.nan, 0.7])
    with pytest.raises(CalibrationError, match=r"no labels of the recording c; .* names a, b:"):
        read_table(written(tmp_path, text), TARGETS, Path("c.xdf"))
    with pytest.raises(CalibrationError, match=r"Row 5 of .* has 'high'"):
        read_table(written(tmp_path, text), TARGETS, Path("a.xdf"))
    tabs = tmp_path / "labels.tsv"
    tabs.write_text("time\tjoy\n0\t0.1\n")
    assert read_table(tabs, TARGETS, Path("b.xdf")).values[0, 0] == 0.1


def test_nothing_is_known_where_labels_are_far_apart() -> None:
    labels = Labels(("joy",), np.array([0.0, 5.0, 60.0]), np.array([[0.1], [0.2], [0.9]]))
    found = labels.at(np.array([4.0, 30.0]), TARGETS)
    assert np.isfinite(found[0, 0])
    assert np.isnan(found[1, 0])
    assert np.isnan(found[:, 1]).all()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no table of labels: .* it has none"),
        ("joy\n0.1\n", "needs a column 'time'"),
        ("time,happy\n0,0.1\n", r"columns named like emotions \(joy, fear\); it has time, happy"),
        ("time,joy\n0,high\n", "Row 2 of .* has 'high' where a number is expected"),
        ("time,joy\n0,0.1\n9,0.2\n5,0.3\n", r"run backwards at 5 s \(row 3\)"),
        ("time,joy\n,0.1\n", "rows without one"),
        ("time,joy\n", "have no times"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CalibrationError, match=said):
        read_table(written(tmp_path, text), TARGETS)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match=r"none\.csv cannot be read"):
        read_table(tmp_path / "none.csv", TARGETS)


def test_ratings_are_asked_of_an_xdf_file(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match=r"a\.edf is no XDF file"):
        read_ratings(tmp_path / "a.edf", "ratings", TARGETS)
