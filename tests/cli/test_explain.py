"""`explain`, as its users call it: on recordings, a data set, nobody, or a table."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from rtemotion.cli.app import app
from rtemotion.errors import OutletError, SetupError, SourceError
from rtemotion.explanation.regions import REGIONS

from .test_entry import rtemotion

SECONDS = 150
REST = "0:70"


def made(folder: Path, name: str, seed: int) -> Path:
    path = folder / f"{name}.xdf"
    done = rtemotion(
        *("simulate", "--headset", "muse", "--code", "network", "--seed", str(seed)),
        *("--name", "cap", "--seconds", str(SECONDS), "--out", str(path)),
    )
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two and a half minutes of a simulated headband, with the truth as a stream beside."""
    return made(tmp_path_factory.mktemp("recording"), "person", 5)


def explained(*arguments: str) -> subprocess.CompletedProcess[str]:
    return rtemotion("explain", *arguments, timeout=120.0)


def said(*arguments: str) -> dict:
    """Run the command in this process, which has loaded everything by now."""
    done = CliRunner().invoke(app, ["explain", "--shifts", "20", *arguments, "--json"])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0
    found: dict = json.loads(done.stdout)
    return found


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_recording_is_decoded_and_everything_is_written(recording: Path, tmp_path: Path) -> None:
    out = tmp_path / "networks"
    on = ("--on", str(recording), "--baseline", REST)
    found = said(*on, "--out", str(out), "--weights")
    assert len(found["emotions"]) == 8
    assert found["channels"] == ["TP9", "AF7", "AF8", "TP10"]
    assert {Path(path) for path in found["files"]} == set(out.iterdir())
    assert any("Only" in note and "five minutes" in note for note in found["about"]["notes"])
    # The recording knows the truth, so what was decoded is held against it.
    assert all(row["concordance"] is not None for row in found["emotions"])
    regions = {row["region"] for row in found["regions"]}
    assert regions == {"left frontal", "right frontal", "left temporal", "right temporal"}
    assert regions <= set(REGIONS)
    assert {row["against"] for row in found["regions"]} == {"labels"}
    weights = table(out / "weights.csv")
    assert {row["measure"] for row in weights} == {"power", "imcoh", "wpli2_lagged"}
    assert len(weights) == 8 * (5 * 4 + 2 * 4 * 6)
    assert "simulation, not validated" in weights[0]["model"]
    with pytest.raises(OutletError, match="holds something already"):
        said(*on, "--out", str(out))


def test_labels_from_a_table_go_before_what_the_recording_knows(
    recording: Path, tmp_path: Path
) -> None:
    labels = tmp_path / "labels.csv"
    with labels.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time", "joy"])
        writer.writerows((t, 0.5 + 0.4 * np.sin(t / 9.0)) for t in range(SECONDS))
    found = said("--on", str(recording), "--baseline", REST, "--labels", str(labels))
    truth = {row["emotion"]: row["labels_correlation"] for row in found["emotions"]}
    assert truth["joy"] is not None
    assert truth["fear"] is None


def test_a_table_that_a_run_wrote_is_explained(recording: Path, tmp_path: Path) -> None:
    networks = tmp_path / "networks.csv"
    done = rtemotion(
        *("replay", str(recording), "--speed", "max", "--no-gui", "--baseline", REST),
        *("--networks", str(networks)),
        timeout=120.0,
    )
    assert done.returncode == 0, done.stderr
    found = said(str(networks))
    assert [row["emotion"] for row in found["emotions"]][1] == "joy"
    assert found["shifts"] == 0
    assert found["regions"] == []
    assert "come from a table" in found["about"]["notes"][0]
    with pytest.raises(SetupError, match="go with a model file"):
        said(str(networks), "--on", str(recording))


def test_the_recordings_of_a_data_set_are_explained_together(
    recording: Path, tmp_path: Path
) -> None:
    labels, folder = tmp_path / "ratings.csv", tmp_path / "sessions"
    folder.mkdir()
    with labels.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["recording", "time", "joy"])
        for name in ("sub-P001_ses-S001", "sub-P002_ses-S001"):
            done = rtemotion(
                *("replay", str(recording), "--speed", "max", "--no-gui"),
                *("--record", str(folder / f"{name}.xdf")),
                timeout=120.0,
            )
            assert done.returncode == 0, done.stderr
            writer.writerows((name, t, 0.5 + 0.4 * np.sin(t / 9.0)) for t in range(SECONDS))
    found = said(
        *("--on", str(folder), "--layout", "sessions", "--targets", "joy"),
        *("--labels", str(labels)),
    )
    assert found["about"]["recordings"] == 2
    assert "2 people, 2 recordings" in found["about"]["data"]
    joy = next(row for row in found["emotions"] if row["emotion"] == "joy")
    assert joy["recordings_correlation"] is not None
    assert joy["labels_correlation"] is not None
    assert any("no rest" in note for note in found["about"]["notes"])


def test_recordings_in_a_folder_that_is_no_data_set_are_explained_together(
    recording: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    for name in ("a.xdf", "b.xdf"):
        (folder / name).symlink_to(recording)
    found = said("--on", str(folder), "--baseline", REST)
    assert found["about"]["recordings"] == 2
    assert found["about"]["data"] == f"{folder} (2 recordings)"
    assert any("does not say what is labelled" in note for note in found["about"]["notes"])
    # What is told of labels has to fit.
    with pytest.raises(SourceError):
        said("--on", str(folder), "--targets", "joy")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no layout that is known"):
        said("--on", str(tmp_path / "empty"))


def test_without_a_recording_a_simulated_person_is_decoded_and_called_that() -> None:
    done = explained("--headset", "muse", "--seconds", "70", "--seed", "3", "--shifts", "20")
    assert done.returncode == 0, done.stderr
    for part in ("simulated person (muse, 3)", "nothing about people", "not validated"):
        assert part in " ".join(done.stdout.split())
    for part in ("joy", "halves r", "truth r", "without", "shifts in time"):
        assert part in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--weights",), 2, "name a folder with --out"),
        (("--on", "nowhere.xdf"), 1, "nowhere.xdf"),
        (("--measure", "coh", "--seconds", "5"), 1, "choose one of imcoh, wpli2_lagged"),
        (("--labels", "labels.csv"), 1, "says nothing without --on"),
        (("--out", "no/where"), 1, "there is no folder"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = explained(*arguments)
    assert done.returncode == code
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
