"""`replay`, as its users call it."""

import csv
import math
import subprocess
from pathlib import Path

import mne
import numpy as np
import pytest

from rtemotion.decoding.model import shipped_model

from ..helpers import simulated
from .test_entry import rtemotion


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated person in a FIF file, which does not say that the brain is simulated."""
    info, chunk = simulated("epoc", 80.0, rest_s=62.0)
    path = tmp_path_factory.mktemp("recording") / "person_raw.fif"
    mne.io.RawArray(chunk.data.T, info.to_mne(), verbose="ERROR").save(path, verbose="ERROR")
    return path


def replay_fast(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return rtemotion("replay", str(path), "--speed", "max", *arguments)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_same_table_to_the_bit_whatever_the_chunks(recording: Path, tmp_path: Path) -> None:
    tables = []
    for number, chunk in enumerate(("0.013", "1", "7.7")):
        out = tmp_path / f"{number}.csv"
        done = replay_fast(recording, "--chunk", chunk, "--out", str(out))
        assert done.returncode == 0, done.stderr
        tables.append(out.read_bytes())
    assert tables[0] == tables[1] == tables[2]
    assert len(rows_of(tmp_path / "0.csv")) == 80 * 4


def test_the_table_holds_what_was_promised(recording: Path, tmp_path: Path) -> None:
    out = tmp_path / "emotions.csv"
    done = replay_fast(recording, "--baseline", "0:62", "--out", str(out))
    assert done.returncode == 0, done.stderr
    rows = rows_of(out)
    assert [int(row["index"]) for row in rows] == [32 * (k + 1) for k in range(len(rows))]
    for row in rows:
        assert float(row["time"]) == pytest.approx(int(row["index"]) / 128)
        assert row["trusted"] == "false" or row["trusted"] == "False"
        assert "not validated" in row["reasons"].split(";")
        assert "not validated on people" in row["model"]
    warm = [row for row in rows if "warm-up" in row["reasons"]]
    assert len(warm) == 31
    assert all(row["joy"] == "" for row in warm)
    for row in rows[31:]:
        assert float(row["joy_lower"]) < float(row["joy"]) < float(row["joy_upper"])
        # After the baseline the model waits for a minute of context: the recording is shorter.
        assert "no baseline" in row["reasons"]


def test_parquet_and_csv_hold_the_same(recording: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    for name in ("a.csv", "a.parquet"):
        done = replay_fast(recording, "--out", str(tmp_path / name))
        assert done.returncode == 0, done.stderr
    table = pq.read_table(tmp_path / "a.parquet").to_pydict()
    rows = rows_of(tmp_path / "a.csv")
    for name in ("joy", "fear_std", "time", "quality"):
        values = [float(row[name]) if row[name] else math.nan for row in rows]
        stored = [math.nan if v is None else v for v in table[name]]
        np.testing.assert_array_equal(values, stored)
    assert not list(tmp_path.glob("*.partial"))


def test_the_plain_view_is_one_line_a_second(recording: Path) -> None:
    done = replay_fast(recording)
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    assert len(lines) == 81
    assert lines[0].startswith("0.25 anticipation=nan joy=nan")
    assert lines[0].endswith("not validated;warm-up")
    assert "trained on simulation, not validated on people" in done.stdout


def test_a_recording_shorter_than_the_window_gives_nan_frames_and_a_warning(
    tmp_path: Path,
) -> None:
    info, chunk = simulated("epoc", 5.0)
    path = tmp_path / "short_raw.fif"
    mne.io.RawArray(chunk.data.T, info.to_mne(), verbose="ERROR").save(path, verbose="ERROR")
    out = tmp_path / "short.csv"
    done = replay_fast(path, "--out", str(out))
    assert done.returncode == 0
    assert "less than the longest window" in done.stderr
    rows = rows_of(out)
    assert len(rows) == 20
    assert all(row["joy"] == "" and "warm-up" in row["reasons"] for row in rows)


def test_channels_without_positions_give_no_value_and_one_remedy(tmp_path: Path) -> None:
    info, chunk = simulated("epoc", 10.0)
    from dataclasses import replace

    unnamed = replace(
        info, channels=tuple(f"E{i}x" for i in range(14)), positions=np.full((14, 3), np.nan)
    )
    path = tmp_path / "unnamed_raw.fif"
    mne.io.RawArray(chunk.data.T, unnamed.to_mne(), verbose="ERROR").save(path, verbose="ERROR")
    out = tmp_path / "unnamed.csv"
    done = replay_fast(path, "--out", str(out))
    assert done.returncode == 0
    assert done.stderr.count("--montage") == 1
    assert "too few channels" in rows_of(out)[-1]["reasons"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--speed", "fast"], "--speed 'fast'"),
        (["--speed", "-1"], "--speed '-1'"),
        (["--baseline", "0:30"], "at least 60 s"),
        (["--baseline", "rest"], "START:END"),
        (["--channels", "Qz"], "'Qz' matches no channel"),
        (["--channels", "AF3:F7,F7"], "F7"),
        (["--montage", "my-cap"], "no montage 'my-cap'"),
        (["--reference", "nose"], "reference"),
        (["--model", "nothing.onnx"], "no model file"),
        (["--out", "/proc/nothing/a.csv"], "/proc/nothing"),
        (["--out", "table.xlsx"], ".xlsx"),
        (["--profile", "nothing.toml"], "nothing.toml"),
    ],
)
def test_bad_input_gets_one_sentence_and_exit_1(
    recording: Path, arguments: list[str], sentence: str
) -> None:
    done = replay_fast(recording, *arguments)
    assert done.returncode == 1, done.stdout
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert sentence in errors[0]
    assert "Traceback" not in done.stderr
    assert not Path("table.xlsx").exists()


def test_what_is_there_is_not_overwritten(recording: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.csv"
    out.write_text("precious")
    done = replay_fast(recording, "--out", str(out))
    assert done.returncode == 1
    assert "--overwrite" in done.stderr
    assert out.read_text() == "precious"


def test_a_corrupt_model_is_refused_before_anything_is_written(
    recording: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(shipped_model().read_bytes()[:30_000])
    out = tmp_path / "none.csv"
    done = rtemotion("replay", str(recording), "--model", str(broken), "--out", str(out))
    assert done.returncode == 1
    assert "broken.onnx" in done.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    "name",
    [
        "dasps-anxiety/S01.edf",
        "eegmat-stress/Subject05_2.edf",
        "eeglab-samples/eeglab_data.set",
        "eeglab-samples/test.bdf",
        "mne-io/test.vhdr",
        "mne-io/test_bin_raw.fif",
    ],
)
def test_real_recordings_become_trajectories_that_say_they_are_not_validated(
    recordings: Path, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "real.csv"
    done = replay_fast(recordings / name, "--out", str(out))
    assert done.returncode == 0, done.stderr
    rows = rows_of(out)
    assert rows
    assert all(row["trusted"].lower() == "false" for row in rows)
    if name in ("dasps-anxiety/S01.edf", "eegmat-stress/Subject05_2.edf"):
        assert any(row["joy"] for row in rows)
