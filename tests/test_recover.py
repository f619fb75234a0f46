"""A recording that was cut off or killed: recovered without a wrong sample."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import pyxdf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtemotion.errors import OutletError, SourceError
from rtemotion.outlets.recorder import Recorder
from rtemotion.outlets.session_file import SessionFile
from rtemotion.recover import recover_recording
from rtemotion.session import load_session
from rtemotion.signal import Chunk, Event, Kind, StreamInfo
from rtemotion.sources.memory import MemorySource

from .helpers import another_process

SFREQ = 100.0
INFO = StreamInfo(("a", "b", "c"), SFREQ, name="numbered")


def numbered(first: int, count: int) -> Chunk:
    numbers = np.arange(first, first + count, dtype=np.float64)
    return Chunk(np.stack([numbers, -numbers, numbers / 7], axis=1), first, numbers / SFREQ)


def record(path: Path, samples: int) -> None:
    recorder = Recorder(SessionFile(path), MemorySource(INFO, ()))
    for first in range(0, samples, 10):
        offset = {"offset": -0.5, "remote_time": first / SFREQ}
        list(recorder.process(Event(first, first / SFREQ, Kind.CLOCK_OFFSET, offset)))
        list(recorder.process(numbered(first, 10)))
    recorder.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "whole.xdf"
    record(path, 2000)
    return path


def streams_of(path: Path) -> dict[str, dict[str, object]]:
    with path.open("rb") as file:
        streams, _ = pyxdf.load_xdf(file, synchronize_clocks=False, dejitter_timestamps=False)
    return {stream["info"]["name"][0]: stream for stream in streams}


def harmed(whole: Path, folder: Path, content: bytes) -> Path:
    path = folder / f"{len(list(folder.iterdir()))}.xdf"
    path.write_bytes(content)
    path.with_suffix(".json").write_bytes(whole.with_suffix(".json").read_bytes())
    return path


def recovered(path: Path) -> bool:
    try:
        recover_recording(path)
    except SourceError:
        return False
    return True


def test_a_whole_recording_is_left_alone(whole: Path) -> None:
    before = whole.read_bytes()
    assert "is whole: there is nothing to recover" in recover_recording(whole)
    assert whole.read_bytes() == before
    assert not whole.with_name("whole.xdf.damaged").exists()


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(share=st.floats(0.0, 1.0, exclude_max=True))
def test_wherever_it_is_cut_every_whole_chunk_before_it_stays(
    whole: Path, tmp_path: Path, share: float
) -> None:
    content = whole.read_bytes()
    at = int(share * len(content))
    path = harmed(whole, tmp_path, content[:at])
    row = 9 + 3 * 8
    if not recovered(path):
        # Nothing but headers were in it.
        assert at < 4000
        assert path.read_bytes() == content[:at]
        return
    assert path.with_name(path.name + ".damaged").read_bytes() == content[:at]
    found = streams_of(path)
    values = np.empty((0, 3))
    if "numbered" in found:
        values = np.asarray(found["numbered"]["time_series"])
        footer = found["numbered"]["footer"]["info"]  # type: ignore[index]
        assert int(footer["sample_count"][0]) == len(values)
    expected = numbered(0, len(values)) if len(values) else None
    if expected is not None:
        np.testing.assert_array_equal(values, expected.data)
        np.testing.assert_array_equal(found["numbered"]["time_stamps"], expected.times)
        assert load_session(path.with_suffix(".json")).streams[0].samples == len(values)
    # Each ten samples come with an offset and an event of less than 300 bytes.
    assert len(values) >= (at - 4000) // (row + 30) - 20
    for event in found.get("rtemotion-events", {"time_series": []})["time_series"]:  # type: ignore[union-attr]
        said = json.loads(event[0])
        assert said["payload"]["remote_time"] == said["sample"] / SFREQ


def test_what_comes_after_a_damaged_stretch_is_found_again(whole: Path, tmp_path: Path) -> None:
    from rtemotion.xdf_format import boundary

    first = tmp_path / "first.xdf"
    file = SessionFile(first)
    recorder = Recorder(file, MemorySource(INFO, ()))
    list(recorder.process(numbered(0, 10)))
    while file.xdf.size < 1000:
        time.sleep(0.02)
    file.xdf._put(boundary())
    list(recorder.process(numbered(10, 10)))
    recorder.close()
    content = bytearray(first.read_bytes())
    at = content.index(np.float64(5 / SFREQ).tobytes())
    content[at - 30 : at] = b"\xff" * 30
    path = harmed(first, tmp_path, bytes(content))
    said = recover_recording(path)
    assert "were left out" in said
    np.testing.assert_array_equal(
        streams_of(path)["numbered"]["time_stamps"], numbered(10, 10).times
    )


def test_a_second_original_is_never_overwritten(whole: Path, tmp_path: Path) -> None:
    path = harmed(whole, tmp_path, whole.read_bytes()[:20000])
    path.with_name(path.name + ".damaged").write_bytes(b"precious")
    with pytest.raises(OutletError, match="already exists"):
        recover_recording(path)
    assert path.stat().st_size == 20000


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        recover_recording(tmp_path / "no.xdf")


KILLED = """
import sys, time
from pathlib import Path
from tests.test_recover import INFO, SFREQ, numbered
from rtemotion.outlets.recorder import Recorder
from rtemotion.outlets.session_file import SessionFile
from rtemotion.sources.memory import MemorySource
recorder = Recorder(SessionFile(Path(sys.argv[1])), MemorySource(INFO, ()))
sent = 0
while True:
    list(recorder.process(numbered(sent, 10)))
    sent += 10
    print(sent, flush=True)
    time.sleep(10 / SFREQ)
"""


@pytest.mark.parametrize("seconds", [0.7, 1.6])
def test_killed_while_it_records_at_most_the_last_second_is_lost(
    tmp_path: Path, seconds: float
) -> None:
    path = tmp_path / "killed.xdf"
    root = str(Path(__file__).resolve().parents[1])
    code = f"import sys; sys.path.insert(0, {root!r})\n{KILLED}"
    with another_process("-c", code, str(path)) as process:
        assert process.stdout is not None
        handed = 0
        while handed < seconds * SFREQ:
            handed = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
    assert load_session(path.with_suffix(".json")).ended == ""
    recover_recording(path)
    stamps = np.asarray(streams_of(path)["numbered"]["time_stamps"])
    np.testing.assert_array_equal(stamps, np.arange(len(stamps)) / SFREQ)
    assert len(stamps) >= handed - SFREQ
    session = load_session(path.with_suffix(".json"))
    assert session.ended == "recovered"
    assert session.streams[0].samples == len(stamps)
