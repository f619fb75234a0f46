"""The Alice experiment tells a network code from a power code, and ears from emotions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rtemotion.models.alice import Study, main, run
from rtemotion.models.datasets import Preparation, alice
from rtemotion.models.datasets.electrodes import spread_electrodes
from rtemotion.simulators.listening import VERSIONS, tell, write_twin

TOLD = tell(1, (45.0,) * 8)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("alice")


def twin(home: Path, version: str) -> Path:
    return write_twin(home / version, VERSIONS[version], people=4, told=TOLD)


@pytest.mark.parametrize(
    ("version", "verdict"),
    [("network", "connectivity"), ("power", "power"), ("acoustics", "nothing")],
)
def test_what_the_brains_do_is_what_is_reported(home: Path, version: str, verdict: str) -> None:
    study = Study(electrodes=10, shifts=200, cache=home / "cache")
    found = run(twin(home, version), study).headline
    assert found.verdict == verdict
    assert found.protocol == "B"
    assert found.simulated
    assert found.holds == (verdict != "nothing")
    assert {target.construct for target in found.targets} == {"stimulus-inferred"}
    assert any("no generalisation over stimuli" in note for note in found.notes)


def test_one_command_leads_from_raw_files_to_a_report(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = twin(home, "power")
    out = home / "out"
    arguments = ["--electrodes", "6", "--shifts", "0", "--estimators", "mean", "--step", "8"]
    said = [str(folder), "--out", str(out), "--cache", str(home / "cache"), *arguments]
    assert main(said) == 0
    report = json.loads((out / "report.json").read_text())
    assert report["subjects"] == 4
    assert (folder / "labels.csv").exists()
    assert "The listeners are simulated" in (out / "report.html").read_text()
    assert json.loads((out / "mean.json").read_text())["estimator"].startswith("Dummy")
    assert "mean" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "AliceChapterOne-EEG.csv"),
        (["nowhere", "--twin", "smell"], "'smell' is no version"),
        (["nowhere", "--estimators", "magic"], "'magic' is no estimator"),
    ],
)
def test_what_cannot_be_done_is_told(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_few_electrodes_lie_all_over_the_head(home: Path) -> None:
    folder = twin(home, "power")
    labels = home / "labels.csv"
    labels.write_text("time,joy\n" + "".join(f"{t},0.5\n" for t in range(0, 740, 5)))
    data = alice(folder, labels)
    chosen = spread_electrodes(data, Preparation(), 8)
    assert len(set(chosen)) == 8
    info = data.recordings[0].open().info
    places = info.positions[[info.channels.index(name) for name in chosen]]
    apart = np.linalg.norm(places[:, None] - places, axis=2)[np.triu_indices(8, 1)]
    # Eight of 61 by chance lie 2 to 3 cm apart somewhere.
    assert apart.min() > 0.06
    assert len(spread_electrodes(data, Preparation(), 100)) == 61
