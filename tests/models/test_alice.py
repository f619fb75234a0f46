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


def told(home: Path, version: str) -> Path:
    return write_twin(home / version, VERSIONS[version], people=4, told=TOLD)


@pytest.mark.parametrize(
    ("version", "verdict"), [("network", "connectivity"), ("acoustics", "nothing")]
)
def test_what_the_brains_do_is_what_is_reported(
    version: str, verdict: str, tmp_path: Path
) -> None:
    study = Study(electrodes=10, shifts=99, cache=tmp_path / "cache")
    found = run(told(tmp_path, version), study).headline
    assert found.verdict == verdict
    assert found.significance is not None
    assert (found.significance.p < 0.05) == (verdict != "nothing")
    assert {target.construct for target in found.targets} == {"stimulus-inferred"}
    assert any("no generalisation over stimuli" in note for note in found.notes)


def test_one_command_leads_from_raw_files_to_a_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = told(tmp_path, "power"), tmp_path / "out"
    arguments = ["--electrodes", "10", "--shifts", "99", "--estimators", "mean"]
    said = [str(folder), "--out", str(out), "--cache", str(tmp_path / "cache"), *arguments]
    assert main(said) == 0
    report = json.loads((out / "report.json").read_text())
    assert report["verdict"] == "power"
    assert (report["protocol"], report["subjects"]) == ("B", 4)
    assert (folder / "labels.csv").exists()
    assert "brains are simulated" in (out / "report.html").read_text()
    assert (out / "mean.json").exists()
    printed = capsys.readouterr().out
    assert "power" in printed
    assert "mean" in printed


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


def test_few_electrodes_lie_all_over_the_head(tmp_path: Path) -> None:
    folder = write_twin(tmp_path, VERSIONS["power"], people=1, told=tell(1, (12.0, 9.0)))
    labels = tmp_path / "labels.csv"
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
