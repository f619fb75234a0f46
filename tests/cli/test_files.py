"""`files`, as its users call it."""

import json
from pathlib import Path

import mne
import pytest

from ..helpers import simulated
from .test_entry import rtemotion


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    info, chunk = simulated("muse", 12.0)
    raw = mne.io.RawArray(chunk.data.T, info.to_mne(), verbose="ERROR")
    (tmp_path / "sub").mkdir()
    raw.save(tmp_path / "sub" / "person_raw.fif", verbose="ERROR")
    (tmp_path / "broken.edf").write_bytes(b"0       nothing of the kind")
    (tmp_path / "notes.md").write_text("not a recording")
    return tmp_path


def test_a_folder_is_listed_with_what_each_file_holds(folder: Path) -> None:
    done = rtemotion("files", str(folder))
    assert done.returncode == 0, done.stderr
    lines = sorted(done.stdout.splitlines())
    assert len(lines) == 2
    assert lines[0].startswith("broken.edf: not readable: ")
    assert lines[1].startswith("sub/person_raw.fif: FIF, 4 channels, 256 Hz, 12.0 s")


def test_json_holds_the_same(folder: Path) -> None:
    done = rtemotion("files", str(folder), "--json")
    found = {Path(item["path"]).name: item for item in json.loads(done.stdout)}
    assert set(found) == {"broken.edf", "person_raw.fif"}
    assert found["person_raw.fif"]["n_channels"] == 4
    assert found["person_raw.fif"]["problem"] == ""
    assert found["broken.edf"]["problem"]


def test_one_file_may_be_named(folder: Path) -> None:
    done = rtemotion("files", str(folder / "sub" / "person_raw.fif"))
    assert done.stdout.startswith("person_raw.fif: FIF, 4 channels")


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    done = rtemotion("files", str(tmp_path / "no"))
    assert done.returncode == 1
    assert "error: " in done.stderr
    assert str(tmp_path / "no") in done.stderr
