"""`features` of a folder: one file a recording, made once, whatever happens on the way."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import mne
import numpy as np
import pytest

from ..helpers import simulated
from .test_entry import rtemotion

MEASURES = ("--measures", "imcoh")


def write(path: Path, seconds: float, seed: int) -> None:
    info, chunk = simulated("muse", seconds, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = mne.io.RawArray(chunk.data.T, info.to_mne(), verbose="ERROR")
    if path.suffix == ".fif":
        raw.save(path, overwrite=True, verbose="ERROR")
    else:
        mne.export.export_raw(path, raw, overwrite=True, verbose="ERROR")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three recordings in a tree, and a table that is none."""
    found = tmp_path / "study"
    write(found / "sub-01" / "one_raw.fif", 14.0, 1)
    write(found / "sub-02" / "two_raw.fif", 12.0, 2)
    write(found / "sub-02" / "two_raw.edf", 12.0, 3)
    (found / "ratings.csv").write_text("name,joy\n" + "".join(f"{k},0.{k}\n" for k in range(9)))
    return found


def made(out: Path) -> list[str]:
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())


ALL = ["sub-01/one_raw.h5", "sub-02/two_raw.edf.h5", "sub-02/two_raw.fif.h5"]


def test_the_tree_is_mirrored_and_a_file_is_what_it_is_alone(folder: Path, tmp_path: Path) -> None:
    out, alone = tmp_path / "features", tmp_path / "alone.h5"
    done = rtemotion("features", str(folder), "--out", str(out), "--jobs", "2", *MEASURES)
    assert done.returncode == 0, done.stderr
    assert made(out) == ALL
    assert "# 3 recordings: 3 written, 0 unchanged\n" in done.stdout
    file = folder / "sub-01" / "one_raw.fif"
    assert rtemotion("features", str(file), "--out", str(alone), *MEASURES).returncode == 0
    with h5py.File(out / ALL[0]) as one, h5py.File(alone) as other:
        assert set(one) == set(other)
        for name in ("power", "connectivity", "times", "quality"):
            np.testing.assert_array_equal(one[name][:], other[name][:])
        assert dict(one.attrs) == dict(other.attrs)


def test_what_is_up_to_date_is_left_and_what_is_not_is_made_anew(
    folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "features"
    command = ("features", str(folder), "--out", str(out), *MEASURES)
    assert rtemotion(*command).returncode == 0
    before = [(out / name).stat().st_mtime_ns for name in ALL]
    done = rtemotion(*command)
    assert done.stdout.count("# unchanged ") == 3
    assert [(out / name).stat().st_mtime_ns for name in ALL] == before
    # The same name, other content.
    write(folder / "sub-02" / "two_raw.edf", 12.0, 4)
    done = rtemotion(*command)
    assert "# 3 recordings: 1 written, 2 unchanged" in done.stdout
    assert f"with values) to {out / ALL[1]}" in done.stdout
    # Something else is asked for.
    done = rtemotion(*command, "--float64")
    assert "# 3 recordings: 3 written, 0 unchanged" in done.stdout


def test_a_bad_recording_is_named_at_the_end_and_the_others_are_made(
    folder: Path, tmp_path: Path
) -> None:
    bad = folder / "sub-00" / "bad_raw.fif"
    bad.parent.mkdir()
    bad.write_bytes(b"no recording at all" * 100)
    out = tmp_path / "features"
    done = rtemotion("features", str(folder), "--out", str(out), *MEASURES)
    assert done.returncode == 1
    (error,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert str(bad) in error
    assert made(out) == ALL
    assert "# 4 recordings: 3 written, 0 unchanged, 1 failed" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.parametrize(("how", "jobs"), [(signal.SIGINT, "1"), (signal.SIGKILL, "2")])
def test_a_run_that_was_broken_off_goes_on(
    folder: Path, tmp_path: Path, how: signal.Signals, jobs: str
) -> None:
    info, chunk = simulated("cap64", 20.0)
    long = mne.io.RawArray(np.tile(chunk.data.T, 15), info.to_mne(), verbose="ERROR")
    last = folder / "sub-03" / "long_raw.fif"
    last.parent.mkdir()
    long.save(last, verbose="ERROR")
    out = tmp_path / "features"
    command = ["features", str(folder), "--out", str(out), "--jobs", jobs, *MEASURES]
    with subprocess.Popen(
        [sys.executable, "-m", "rtemotion", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        partial = out / "sub-03" / "long_raw.h5.partial"
        for _ in range(1200):
            if partial.exists() and all((out / name).exists() for name in ALL[:2]):
                break
            time.sleep(0.05)
        process.send_signal(how)
        said, errors = process.communicate(timeout=60)
    if how == signal.SIGINT:
        assert process.returncode == 1, errors
        assert "the same command goes on" in said
    assert not (out / "sub-03" / "long_raw.h5").exists()
    last.unlink()
    write(last, 12.0, 5)
    done = rtemotion(*command)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("# unchanged ") >= 2
    assert made(out) == [*ALL, "sub-03/long_raw.h5"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = rtemotion("features", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert f"{tmp_path / 'nowhere'} does not exist" in done.stderr
    assert made(tmp_path) == []


def test_what_is_not_ours_is_spared(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "features"
    (out / "sub-01").mkdir(parents=True)
    (out / ALL[0]).write_text("mine")
    done = rtemotion("features", str(folder), "--out", str(out), *MEASURES)
    assert done.returncode == 1
    assert "already exists" in done.stderr
    assert (out / ALL[0]).read_text() == "mine"
    assert made(out) == ALL
    done = rtemotion("features", str(folder), "--out", str(out), "--overwrite", *MEASURES)
    assert "# 3 recordings: 3 written, 0 unchanged" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["EMPTY", "--out", "x"], 1, "There is no recording in"),
        (["FOLDER", "--out", "FILE"], 1, "name a folder"),
        (["FILE", "--out", "a.h5", "--jobs", "2"], 2, "go with a folder"),
        (["FOLDER", "--out", "x", "--jobs", "2", "--scheduler", "tcp://a:1"], 2, "own workers"),
    ],
)
def test_what_makes_no_sense_is_said(
    folder: Path, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    (tmp_path / "empty").mkdir()
    places = {
        "EMPTY": tmp_path / "empty",
        "FOLDER": folder,
        "FILE": folder / "sub-01" / "one_raw.fif",
        "x": tmp_path / "x",
    }
    done = rtemotion("features", *(str(places.get(a, a)) for a in arguments))
    assert (done.returncode, said in " ".join(done.stderr.split())) == (code, True), done.stderr
