"""What a run writes: checked before anything is waited for, and told when it is done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rtemotion.decoding import Model
from rtemotion.errors import OutletError, RtemotionError, SetupError
from rtemotion.outputs import Outputs, about_engine
from rtemotion.session import load_session
from rtemotion.simulators import Brain, SimulatedSource, Subject
from rtemotion.verify import verify


def source(seconds: float = 3.0) -> SimulatedSource:
    brain = Brain(Subject.draw(1), "muse", seed=2)
    return SimulatedSource(brain, seconds=seconds, speed=float("inf"))


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({"table": "frames.doc"}, r"frames\.doc"),
        ({"table": "nowhere/frames.csv"}, "nowhere"),
        ({"recording": "run.edf"}, r"run\.edf"),
        ({"recording": "nowhere/run.xdf"}, "nowhere"),
        ({"networks": "net.doc"}, r"net\.doc"),
        ({"osc": "host:notaport"}, "notaport"),
    ],
)
def test_what_cannot_be_written_is_refused_beforehand(
    tmp_path: Path, said: dict[str, str], names: str
) -> None:
    paths: dict[str, Any] = {
        key: value if key == "osc" else tmp_path / value for key, value in said.items()
    }
    with pytest.raises(RtemotionError, match=names):
        Outputs(**paths).check()


@pytest.mark.parametrize("output", ["table", "recording", "networks"])
def test_a_file_that_exists_is_replaced_only_when_told_to(tmp_path: Path, output: str) -> None:
    path = tmp_path / ("run.xdf" if output == "recording" else "run.csv")
    path.write_text("precious")
    outputs = Outputs(**{output: path})
    with pytest.raises(RtemotionError, match=path.name):
        outputs.check()
    replace(outputs, overwrite=True).check()
    assert path.read_text() == "precious"


def test_what_is_read_is_never_written_to(tmp_path: Path) -> None:
    path = tmp_path / "run.xdf"
    for outputs in (Outputs(recording=path), Outputs(table=tmp_path / "a" / ".." / "run.xdf")):
        with pytest.raises(SetupError, match="is what is read"):
            outputs.spare(path)
    with pytest.raises(SetupError, match="is what is read"):
        Outputs(recording=path).spare(tmp_path / "run.json")
    Outputs(recording=path).spare(tmp_path / "other.xdf")


def test_a_run_writes_all_that_was_asked_for_and_says_so(model: Model, tmp_path: Path) -> None:
    outputs = Outputs(
        table=tmp_path / "frames.csv",
        recording=tmp_path / "run.xdf",
        networks=tmp_path / "networks.csv",
    )
    outputs.check()
    with outputs.engine(source(), model) as engine:
        frames = sum(1 for _ in engine)
    said = list(outputs.written(engine, " in no time"))
    assert frames >= engine.frames == 12
    assert said[0] == f"wrote 12 rows to {outputs.table} in no time"
    assert said[1].startswith("wrote the networks")
    assert said[2].startswith("recorded ")
    assert len((tmp_path / "frames.csv").read_text("utf-8").splitlines()) >= 13
    assert load_session(tmp_path / "run.json").decoded is not None
    assert verify(tmp_path / "run.xdf").difference == ""


def test_nothing_asked_for_is_nothing_written(model: Model, tmp_path: Path) -> None:
    with Outputs().engine(source(1.0), model) as engine:
        list(engine)
    assert list(Outputs().written(engine)) == []
    assert list(tmp_path.iterdir()) == []


def test_a_recording_that_stopped_early_is_told(model: Model, tmp_path: Path) -> None:
    outputs = Outputs(recording=tmp_path / "run.xdf")
    with outputs.engine(source(1.0), model) as engine:
        list(engine)
    assert engine.recorder is not None
    engine.recorder.target.xdf.problem = "the disk is full"
    with pytest.raises(OutletError, match="the disk is full"):
        list(outputs.written(engine))


def test_receivers_are_told_of_model_and_source(model: Model) -> None:
    with Outputs().engine(source(1.0), model) as engine:
        about = about_engine(engine)
    assert list(about.targets) == list(model.card.target_names)
    assert about.simulated
    assert about.caveat == model.card.caveat
    assert about.validated is model.card.validated
