"""`features`, as its users call it."""

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


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 s of a simulated headband in a FIF file."""
    info, chunk = simulated("muse", 20.0)
    path = tmp_path_factory.mktemp("recording") / "person_raw.fif"
    mne.io.RawArray(chunk.data.T, info.to_mne(), verbose="ERROR").save(path, verbose="ERROR")
    return path


def test_all_nine_measures_are_written_by_default(recording: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.h5"
    done = rtemotion("features", str(recording), "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert "wrote 80 windows" in done.stdout
    assert "volume conduction" in done.stdout
    with h5py.File(out) as file:
        names = [
            "coh",
            "imcoh",
            "plv",
            "ciplv",
            "pli",
            "wpli",
            "wpli2_debiased",
            "wpli2_lagged",
            "aec",
        ]
        assert file["measures"].asstr()[:].tolist() == names
        assert file["connectivity"].shape == (80, 9, 4, 6)
        assert file["power"].shape == (80, 5, 4)
        assert file["pairs"].shape == (6, 2)
        full = np.isfinite(file["power"][:]).all(axis=(1, 2))
        assert full.sum() == 80 - 31
        assert np.isfinite(file["connectivity"][:][full]).all()


def test_what_is_asked_for_is_written(recording: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.h5"
    done = rtemotion(
        *("features", str(recording), "--out", str(out), "--raw", "--float64"),
        *("--measures", "imcoh,wpli2_lagged", "--also", "relative,graph:imcoh"),
        *("--channels", "AF7,AF8,TP9"),
    )
    assert done.returncode == 0, done.stderr
    with h5py.File(out) as file:
        assert file["connectivity"].shape == (80, 2, 4, 3)
        assert file["connectivity"].dtype == np.float64
        assert file["relative_power"].shape == (80, 5, 3)
        assert file["graph_nodes_imcoh"].shape == (80, 4, 5, 3)


def test_a_recording_shorter_than_the_window_has_no_values_and_says_so(
    recording: Path, tmp_path: Path
) -> None:
    raw = mne.io.read_raw_fif(recording, verbose="ERROR").crop(0, 3.0)
    short = tmp_path / "short_raw.fif"
    raw.save(short, verbose="ERROR")
    done = rtemotion("features", str(short), "--out", str(tmp_path / "a.h5"))
    assert done.returncode == 0, done.stderr
    assert "less than the longest window" in done.stderr
    with h5py.File(tmp_path / "a.h5") as file:
        assert np.isnan(file["power"][:]).all()
        assert len(file["times"]) == 12


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--measures", "nonsense"], "'nonsense' among the measures"),
        (["--also", "nonsense"], "no descriptor 'nonsense'"),
        (["--raw", "--notch", "50"], "--raw leaves the signal as it was recorded"),
        (["--channels", "Cz"], "Cz"),
    ],
)
def test_what_cannot_be_had_is_one_sentence_and_no_file(
    recording: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    done = rtemotion("features", str(recording), "--out", str(tmp_path / "a.h5"), *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_exists_or_is_the_input_is_spared(recording: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.h5"
    out.write_text("mine")
    done = rtemotion("features", str(recording), "--out", str(out))
    assert (done.returncode, out.read_text()) == (1, "mine")
    assert "--overwrite" in done.stderr
    done = rtemotion("features", str(recording), "--out", str(tmp_path / "a.csv"))
    assert done.returncode == 1
    assert ".h5" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_ctrl_c_keeps_what_was_written_so_far(tmp_path: Path) -> None:
    info, chunk = simulated("cap64", 60.0)
    long = np.tile(chunk.data.T, 20)
    path, out = tmp_path / "long_raw.fif", tmp_path / "a.h5"
    mne.io.RawArray(long, info.to_mne(), verbose="ERROR").save(path, verbose="ERROR")
    command = [sys.executable, "-m", "rtemotion", "features", str(path), "--out", str(out)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        partial = tmp_path / "a.h5.partial"
        for _ in range(600):
            if partial.exists() and partial.stat().st_size > 2e6:
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "stopped before the end" in said
    with h5py.File(out) as file:
        assert 0 < len(file["times"]) < 4 * 1200
