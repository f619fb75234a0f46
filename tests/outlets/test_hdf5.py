"""An HDF5 file that grows row by row."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from rtemotion.errors import OutletError
from rtemotion.outlets.hdf5 import BATCH_BYTES, Column, Hdf5File, check_hdf5

COLUMNS = (
    Column("times", (), np.float64, "s"),
    Column("values", (3, 2), np.float32, "V"),
    Column("none", (2, 0), np.float32, "nothing"),
)


def row(number: int) -> dict[str, object]:
    return {
        "times": 0.25 * number,
        "values": np.full((3, 2), number),
        "none": np.empty((2, 0)),
    }


def opened(path: Path, **options: object) -> Hdf5File:
    constants = {"names": ["a", "µ"], "pairs": np.array([[0, 1]])}
    return Hdf5File(path, COLUMNS, constants, {"sfreq": 250.0}, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [0, 1, 5000])
def test_every_row_comes_back_with_what_stands_beside_it(tmp_path: Path, count: int) -> None:
    file = opened(tmp_path / "a.h5")
    for number in range(count):
        file.write(row(number))
    file.close()
    file.close()
    with h5py.File(tmp_path / "a.h5") as read:
        np.testing.assert_array_equal(read["times"][:], 0.25 * np.arange(count))
        expected = np.broadcast_to(np.arange(count)[:, None, None], (count, 3, 2))
        np.testing.assert_array_equal(read["values"][:], expected)
        assert read["values"].dtype == np.float32
        assert read["none"].shape == (count, 2, 0)
        assert read["names"].asstr()[:].tolist() == ["a", "µ"]
        assert read["pairs"][:].tolist() == [[0, 1]]
        assert read["values"].attrs["unit"] == "V"
        assert read.attrs["sfreq"] == 250.0


def test_only_a_whole_file_has_its_name(tmp_path: Path) -> None:
    file = opened(tmp_path / "a.h5")
    file.write(row(0))
    assert not (tmp_path / "a.h5").exists()
    assert (tmp_path / "a.h5.partial").exists()
    file.close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]


def test_what_is_discarded_leaves_nothing_and_spares_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_text("before")
    file = opened(tmp_path / "a.h5", overwrite=True)
    file.write(row(0))
    file.discard()
    file.close()
    assert (tmp_path / "a.h5").read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 1


def test_what_cannot_be_described_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="already exists"):
        Hdf5File(tmp_path / "a.h5", [COLUMNS[0], COLUMNS[0]], {}, {})
    assert list(tmp_path.iterdir()) == []


def test_rows_wait_for_no_more_than_a_batch(tmp_path: Path) -> None:
    wide = Column("wide", (BATCH_BYTES // 8 // 4,), np.float64, "")
    file = Hdf5File(tmp_path / "a.h5", [wide], {}, {})
    for number in range(11):
        file.write({"wide": np.zeros(wide.shape)})
        assert number + 1 - file.rows < 4
    file.close()


def test_a_file_that_would_not_fit_is_refused_before_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(OutletError, match=r"would take .* GB and only .* GB are free"):
        opened(tmp_path / "a.h5", expected=10**15)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "said"), [("a.csv", r"\.h5 or \.hdf5"), ("no/a.h5", "does not exist")]
)
def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(OutletError, match=said):
        check_hdf5(tmp_path / name)


def test_a_file_that_exists_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    (tmp_path / "a.h5").touch()
    with pytest.raises(OutletError, match="--overwrite"):
        check_hdf5(tmp_path / "a.h5")
    check_hdf5(tmp_path / "a.h5", overwrite=True)
