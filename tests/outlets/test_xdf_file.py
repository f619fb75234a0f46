"""An XDF file in the making: read by others as written, and never lost."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyxdf

from rtemotion.description import plain_xml
from rtemotion.errors import OutletError
from rtemotion.outlets import xdf_file
from rtemotion.outlets.xdf_file import XdfFile, check_xdf
from rtemotion.xdf_format import DTYPES


def header(fmt: str, n: int = 2, name: str = "s") -> str:
    return plain_xml(name, "EEG", fmt, tuple(f"c{i}" for i in range(n)), 100.0)


def by_name(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        streams, _ = pyxdf.load_xdf(file, synchronize_clocks=False, dejitter_timestamps=False)
    return {stream["info"]["name"][0]: stream for stream in streams}


def eventually(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it has not happened"
        time.sleep(0.02)


@pytest.mark.parametrize("fmt", DTYPES)
def test_numbers_of_every_format_are_read_back_by_pyxdf(tmp_path: Path, fmt: str) -> None:
    path = tmp_path / "a.xdf"
    rng = np.random.default_rng(1)
    values = (rng.normal(0, 50, (300, 2))).astype(DTYPES[fmt])
    stamps = 5.0 + rng.uniform(0, 1, 300).cumsum()
    file = XdfFile(path)
    stream = file.add_stream(header(fmt))
    for start in range(0, 300, 70):
        file.numbers(stream, stamps[start : start + 70], values[start : start + 70])
    file.offset(stream, 6.0, -0.25)
    file.close()
    found = by_name(path)["s"]
    assert found["time_series"].dtype == np.dtype(DTYPES[fmt])
    np.testing.assert_array_equal(found["time_series"], values)
    np.testing.assert_array_equal(found["time_stamps"], stamps)
    assert (found["clock_times"], found["clock_values"]) == ([6.0], [-0.25])
    footer = found["footer"]["info"]
    assert int(footer["sample_count"][0]) == 300
    assert float(footer["first_timestamp"][0]) == stamps[0]
    assert float(footer["last_timestamp"][0]) == stamps[-1]
    assert footer["clock_offsets"][0]["offset"][0]["value"] == ["-0.25"]


def test_texts_in_any_script_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "a.xdf"
    file = XdfFile(path)
    stream = file.add_stream(plain_xml("m", "Markers", "string", ("a", "b")))
    file.texts(stream, [1.0, 2.5], [["Beginn", ""], ["größer 笑", "x" * 70000]])
    file.close()
    found = by_name(path)["m"]
    assert found["time_series"] == [["Beginn", ""], ["größer 笑", "x" * 70000]]
    np.testing.assert_array_equal(found["time_stamps"], [1.0, 2.5])


def test_what_was_handed_over_is_on_disk_within_a_second(tmp_path: Path) -> None:
    path = tmp_path / "a.xdf"
    file = XdfFile(path)
    stream = file.add_stream(header("float32"))
    for k in range(5):
        file.numbers(stream, np.array([float(k)]), np.ones((1, 2), np.float32))
    eventually(lambda: file.size)
    eventually(lambda: len(by_name(path).get("s", {"time_stamps": ()})["time_stamps"]) == 5, 1.5)
    eventually(lambda: file.size == path.stat().st_size)
    file.close()
    file.close()


def test_a_format_that_xdf_does_not_know_is_refused(tmp_path: Path) -> None:
    file = XdfFile(tmp_path / "a.xdf")
    with pytest.raises(OutletError, match="'complex64', expected one of float32"):
        file.add_stream(header("complex64"))
    file.close()


def test_a_place_that_cannot_be_written_is_refused_before_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OutletError, match=r"expected \.xdf"):
        check_xdf(tmp_path / "a.edf")
    with pytest.raises(OutletError, match="folder .* does not exist"):
        check_xdf(tmp_path / "no" / "a.xdf")
    (tmp_path / "a.xdf").write_bytes(b"")
    with pytest.raises(OutletError, match="already exists"):
        check_xdf(tmp_path / "a.xdf")
    usage = shutil.disk_usage(tmp_path)._replace(free=20 * 2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(OutletError, match="only 20 MB free"):
        check_xdf(tmp_path / "b.xdf")


class FullDisk:
    """A file on a disk that takes `room` bytes and no more."""

    def __init__(self, file: Any, room: int) -> None:
        self._file, self.room = file, room

    def write(self, data: memoryview) -> int:
        if self.room == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = self._file.write(data[: self.room])
        self.room -= taken
        return int(taken)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_a_full_disk_ends_the_recording_and_keeps_every_whole_chunk(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.xdf"
    file = XdfFile(path)
    stream = file.add_stream(header("float32"))
    eventually(lambda: file.size > 300)
    file._file = FullDisk(file._file, 1000)  # type: ignore[assignment]
    with caplog.at_level(logging.ERROR):
        for k in range(100):
            file.numbers(stream, np.array([float(k)]), np.full((1, 2), k, np.float32))
        eventually(lambda: file.problem)
        file.numbers(stream, np.array([100.0]), np.ones((1, 2), np.float32))
        file.close()
    assert "No space left" in file.problem
    assert "What was written before stays" in caplog.text
    found = by_name(path)["s"]
    # A chunk of one sample takes 9 + 2 + 4 + 5 + 17 bytes.
    np.testing.assert_array_equal(found["time_stamps"], np.arange(1000 // 37))
    np.testing.assert_array_equal(found["time_series"][:, 0], np.arange(1000 // 37))


def test_a_recording_that_is_deleted_meanwhile_is_written_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    path = folder / "a.xdf"
    file = XdfFile(path)
    stream = file.add_stream(header("float32"))
    file.numbers(stream, np.array([1.0]), np.ones((1, 2), np.float32))
    eventually(lambda: path.stat().st_size > 200)
    shutil.rmtree(folder)
    with caplog.at_level(logging.WARNING):
        eventually(path.exists)
        file.numbers(stream, np.array([2.0]), np.ones((1, 2), np.float32))
        file.close()
    assert "was deleted while it was written" in caplog.text
    np.testing.assert_array_equal(by_name(path)["s"]["time_stamps"], [1.0, 2.0])


def test_a_disk_that_runs_full_soon_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    usage = shutil.disk_usage(tmp_path)
    file = XdfFile(tmp_path / "a.xdf")
    monkeypatch.setattr(xdf_file, "TIGHT_S", 1e15)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with caplog.at_level(logging.WARNING):
        eventually(lambda: caplog.records)
        time.sleep(1.2)
        file.close()
    assert caplog.text.count("more minutes of recording") == 1
