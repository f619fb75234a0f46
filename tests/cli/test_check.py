"""`check`, on recordings, a real LSL stream, a board and a FieldTrip buffer."""

import importlib.util
import io
import json
import math
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pytest
from rich.console import Console

from rtemotion.cli.check import facts, picture, plain, run_check
from rtemotion.conditioning.survey import Surveyor
from rtemotion.contact import impedances_of, report_on
from rtemotion.decoding import Model
from rtemotion.errors import SetupError, SourceError
from rtemotion.options import Options
from rtemotion.place import Place
from rtemotion.signal import Chunk, StreamInfo
from rtemotion.sources.memory import MemorySource

SENDER = Path(__file__).parents[1] / "sources" / "helpers" / "sender.py"
SFREQ = 250.0


def signals(names: list[str], seconds: float = 12.0) -> np.ndarray:
    """Return noise of EEG's size; the channel called Oz is not connected."""
    data = np.random.default_rng(3).normal(0.0, 15e-6, (len(names), round(seconds * SFREQ)))
    for row, name in zip(data, names, strict=True):
        if name == "Oz":
            row[:] = 0.0
    return data


@pytest.fixture
def recording(tmp_path: Path) -> Any:
    def write(names: list[str]) -> Path:
        raw = mne.io.RawArray(
            signals(names), mne.create_info(names, SFREQ, "eeg"), verbose="ERROR"
        )
        raw.save(tmp_path / "rest_raw.fif", verbose="ERROR")
        return tmp_path / "rest_raw.fif"

    return write


def test_a_good_recording_is_told_channel_by_channel(
    recording: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = recording(["Fz", "Cz", "Pz", "Oz"])
    assert run_check(Place(file=file), seconds=10.0) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "# looked at: rest_raw.fif, 10.0 s" in lines
    assert "# lost: 0 of 2500 samples" in lines
    assert "# usable: 3, the model needs 3" in lines
    assert "# channels used: Fz, Cz, Pz, Oz" in lines
    (cz,) = [line for line in lines if line.startswith("Cz ")]
    assert cz.startswith("Cz eeg placed rms=")
    assert cz.endswith(" missing=0.0% railed=0.0% flat=0.0% ok")
    (oz,) = [line for line in lines if line.startswith("Oz ")]
    assert oz.endswith("bad: 100% flat; next to no signal: not connected, or another unit")


def test_too_few_usable_channels_fail_after_the_report(
    recording: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = recording(["Fz", "Cz", "Oz"])
    with pytest.raises(SourceError, match="^2 channels of rest_raw.fif are usable, but the model"):
        run_check(Place(file=file))
    assert "# usable: 2, the model needs 3" in capsys.readouterr().out


def test_the_set_up_is_part_of_what_is_judged(
    recording: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = recording(["A", "B", "C"])
    with pytest.raises(SourceError, match="0 channels"):
        run_check(Place(file=file))
    renamed = Options(channels=("A:Fz", "B:Cz", "C:Pz"), montage="standard_1005")
    assert run_check(Place(file=file), options=renamed) == 0
    said = capsys.readouterr().out
    assert "# montage: standard_1005" in said
    assert "\nFz eeg placed" in said


def test_json_holds_the_figures_and_nothing_else(
    recording: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_check(Place(file=recording(["Fz", "Cz", "Pz", "Oz"])), as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["enough"] is True
    assert said["usable"] == ["Fz", "Cz", "Pz"]
    assert said["survey"]["timing"] == {
        "nominal": 250.0,
        "measured": None,
        "drift": None,
        "uncertainty": None,
        "jitter": None,
    }
    fz, *_, oz = said["survey"]["channels"]
    assert 5e-6 < fz["rms"] < 15e-6
    assert (oz["verdict"], oz["flat"], oz["impedance"]) == ("bad", 1.0, None)


def test_one_thing_is_looked_at_at_a_time() -> None:
    with pytest.raises(SetupError, match="--board and --file were named"):
        run_check(Place(file=Path("x.edf"), board="synthetic"))


def test_a_live_stream_is_listened_to(capsys: pytest.CaptureFixture[str]) -> None:
    source_id = f"check-{uuid.uuid4().hex}"
    options = json.dumps({"labels": ["Fz", "Cz", "Pz", "Oz"]})
    sender = subprocess.Popen(
        [sys.executable, str(SENDER), source_id, options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert sender.stdout is not None
        assert any(line.strip() == "ready" for line in iter(sender.stdout.readline, ""))
        # This sender counts in one channel and holds still in the others.
        with pytest.raises(SourceError, match="needs 3"):
            run_check(Place(stream=f"source_id={source_id}"), seconds=2.0)
    finally:
        sender.kill()
        sender.communicate()
    said = capsys.readouterr().out
    assert "# unit: microvolts (stated by the sender)" in said
    assert "# rate: 250 Hz, measured 2" in said
    assert "Pz eeg placed" in said


def test_a_board_is_looked_at_through_brainflow(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("brainflow")
    assert run_check(Place(board="synthetic"), seconds=3.0) == 0
    said = capsys.readouterr().out
    assert "# looked at: BrainFlow Synthetic" in said
    assert "# unit: uV (BrainFlow's own)" in said
    (fz,) = [line for line in said.splitlines() if line.startswith("Fz ")]
    assert "contact=1.0kOhm" in fz or "contact=0.9kOhm" in fz or "contact=1.1kOhm" in fz


@pytest.mark.skipif(
    importlib.util.find_spec("mne_realtime") is None, reason="mne-realtime is not installed"
)
def test_a_buffer_needs_its_unit_said() -> None:
    with pytest.raises(SourceError, match="--unit"):
        run_check(Place(fieldtrip="localhost:1", wait=0.1))


def surveyor_of(names: tuple[str, ...], data: np.ndarray) -> tuple[MemorySource, Surveyor]:
    info = StreamInfo(names, SFREQ, name="cap")
    chunk = Chunk(data.T, 0, np.arange(data.shape[1]) / SFREQ)
    surveyor = Surveyor(info)
    if len(chunk):
        surveyor.add(chunk)
    return MemorySource(info, [chunk]), surveyor


def test_a_stream_without_a_sample_is_told_apart_from_a_bad_one(model: Model) -> None:
    source, surveyor = surveyor_of(("Cz",), np.empty((1, 0)))
    with pytest.raises(SourceError, match="not one sample came"):
        report_on(source, surveyor, "", Options(), model)


def test_the_table_fits_a_small_terminal(model: Model) -> None:
    names = ["Fz", "Cz", "Pz", "Oz"]
    source, surveyor = surveyor_of(tuple(names), signals(names))
    report = report_on(source, surveyor, "stated by the sender", Options(), model)
    console = Console(record=True, width=80, file=io.StringIO())
    console.print(picture(report))
    text = console.export_text()
    assert all(len(line.rstrip()) <= 80 for line in text.splitlines())
    assert "verdict" in text
    assert "kOhm" not in text
    for value in facts(report).values():
        assert value.split()[0] in text
    assert len(plain(report)) == len(facts(report)) + 4


def test_contacts_are_taken_from_whoever_knows_them() -> None:
    class Described(MemorySource):
        @property
        def description(self) -> Any:
            class Said:
                impedances = np.array([5e3, np.nan])

            return Said()

    info = StreamInfo(("Cz", "Pz"), SFREQ)
    assert impedances_of(MemorySource(info, [])) == {}
    found = impedances_of(Described(info, []))
    assert found["Cz"] == 5e3
    assert math.isnan(found["Pz"])
