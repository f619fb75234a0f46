"""Recording while decoding, replaying it, proving it, mending it: as users do."""

import csv
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import pyxdf

from .test_entry import rtemotion


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "a.xdf"
    done = rtemotion(
        *("demo", "--headset", "muse", "--seconds", "10", "--no-gui"),
        *("--record", str(path), "--out", str(path.with_suffix(".csv"))),
    )
    assert done.returncode == 0, done.stderr
    assert f"to {path}" in done.stdout
    return path


def estimates(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return [row[:-4] for row in csv.reader(file)]


def test_a_session_replays_as_it_was_decoded(recorded: Path, tmp_path: Path) -> None:
    out = tmp_path / "again.csv"
    done = rtemotion("replay", str(recorded), "--speed", "max", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert estimates(out) == estimates(recorded.with_suffix(".csv"))
    assert any("trusted" not in row and row[2] for row in estimates(out)[1:])


def test_verify_proves_it(recorded: Path) -> None:
    done = rtemotion("replay", str(recorded), "--verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert "all 40 frames are the same to the bit" in done.stdout
    done = rtemotion("replay", str(recorded.with_suffix(".json")), "--verify", "--json")
    assert json.loads(done.stdout)["frames"] == 40


def harmed(recorded: Path, folder: Path, at: int, byte: int) -> Path:
    content = bytearray(recorded.read_bytes())
    content[at] ^= byte
    (folder / "b.xdf").write_bytes(content)
    said = recorded.with_suffix(".json").read_text().replace("a.xdf", "b.xdf")
    (folder / "b.json").write_text(said)
    return folder / "b.xdf"


def test_verify_says_where_it_first_differs(recorded: Path, tmp_path: Path) -> None:
    with recorded.open("rb") as file:
        streams, _ = pyxdf.load_xdf(file, synchronize_clocks=False, dejitter_timestamps=False)
    values = next(s["time_series"] for s in streams if s["info"]["type"] == ["EEG"])
    # The highest bits but for the sign of one value's fraction.
    at = recorded.read_bytes().index(values[700].tobytes()) + 6
    done = rtemotion("replay", str(harmed(recorded, tmp_path, at, 0x0F)), "--verify")
    assert done.returncode == 1
    assert "is not the same: frame 32 " in done.stderr


def test_verify_says_when_samples_are_missing(recorded: Path, tmp_path: Path) -> None:
    path = harmed(recorded, tmp_path, 0, 0)
    os.truncate(path, path.stat().st_size // 2)
    done = rtemotion("replay", str(path), "--verify")
    assert done.returncode == 1
    assert "is damaged or cut off after byte" in done.stderr
    assert "of 2560 samples" in done.stderr


def test_options_given_stand_over_those_of_the_session(recorded: Path, tmp_path: Path) -> None:
    out = tmp_path / "other.csv"
    done = rtemotion(
        *("replay", str(recorded), "--speed", "max", "--out", str(out)),
        *("--channels", "TP9,AF7,AF8"),
    )
    assert done.returncode == 1
    assert "baseline" in done.stderr
    assert not out.exists()


def test_both_files_may_be_renamed_together(recorded: Path, tmp_path: Path) -> None:
    (tmp_path / "other.xdf").write_bytes(recorded.read_bytes())
    (tmp_path / "other.json").write_bytes(recorded.with_suffix(".json").read_bytes())
    for name in ("other.xdf", "other.json"):
        assert rtemotion("replay", str(tmp_path / name), "--verify").returncode == 0


def test_a_sidecar_of_another_kind_makes_no_session(recorded: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.xdf"
    path.write_bytes(recorded.read_bytes())
    path.with_suffix(".json").write_text('{"TaskName": "rest", "SamplingFrequency": 256}')
    out = tmp_path / "a.csv"
    done = rtemotion("replay", str(path), "--speed", "max", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert "marker {" not in done.stdout


def test_what_is_read_is_never_written_to(recorded: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.xdf"
    path.write_bytes(recorded.read_bytes())
    path.with_suffix(".json").write_bytes(recorded.with_suffix(".json").read_bytes())
    for said in (path, path.with_suffix(".json")):
        done = rtemotion("replay", str(said), "--record", str(path), "--overwrite")
        assert done.returncode == 1
        assert "is what is read" in done.stderr
    assert path.read_bytes() == recorded.read_bytes()


def test_a_recording_is_recovered_whatever_its_session_file_is(
    recorded: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.xdf"
    path.write_bytes(recorded.read_bytes()[:-30000])
    path.with_suffix(".json").write_text(recorded.with_suffix(".json").read_text() + "}")
    done = rtemotion("recover", str(path))
    assert done.returncode == 0, done.stderr
    assert "is no session file of rtemotion" in done.stderr
    assert (tmp_path / "a.xdf.damaged").exists()


def test_what_is_no_session_cannot_be_verified(tmp_path: Path) -> None:
    done = rtemotion("replay", str(tmp_path / "a.edf"), "--verify")
    assert done.returncode == 1
    assert "is no session" in done.stderr


def test_a_cut_recording_is_recovered_and_replays(recorded: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.xdf"
    path.write_bytes(recorded.read_bytes()[:-30000])
    path.with_suffix(".json").write_bytes(recorded.with_suffix(".json").read_bytes())
    done = rtemotion("recover", str(path))
    assert done.returncode == 0, done.stderr
    assert "the original is a.xdf.damaged" in done.stdout
    assert rtemotion("replay", str(path), "--verify").returncode == 0


FULL = """
import resource, signal, sys
# A file may grow to so many bytes and no more, as on a disk that is full.
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
from rtemotion.cli import main
main()
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no limit on a file's size")
def test_when_the_disk_is_full_decoding_goes_on_and_what_was_written_stays(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.xdf"
    done = subprocess.run(
        [
            *(sys.executable, "-c", FULL, "demo", "--headset", "muse", "--seconds", "10"),
            *("--no-gui", "--record", str(path)),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "the recording stops" in done.stderr
    assert "error: the recording stopped early" in done.stderr
    assert "File too large" in done.stderr
    assert "# 40 frames" in done.stdout
    assert path.stat().st_size <= 60_000
    assert json.loads(path.with_suffix(".json").read_text())["ended"].startswith(str(path))
    done = rtemotion("recover", str(path))
    assert done.returncode == 0, done.stderr
    assert rtemotion("replay", str(path), "--verify").returncode == 0
