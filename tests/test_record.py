"""Streams of every kind, recorded as they were sent, while senders come and go."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyxdf

from rtemotion.outlets.session_file import SessionFile
from rtemotion.record import StreamRecorder, choose
from rtemotion.session import load_session
from rtemotion.sources.lsl_network import FoundStream, parse_query

from .helpers import another_process

# Sends until it is told to stop: samples that carry their number, under stamps of its own.
SENDER = """
import sys, time, numpy as np, pylsl
name, kind, fmt, channels, sfreq, source_id = sys.argv[1:7]
channels, sfreq = int(channels), float(sfreq)
rate = 0.0 if fmt == "string" else sfreq
info = pylsl.StreamInfo(name, kind, channels, rate, fmt, source_id)
outlet = pylsl.StreamOutlet(info)
began, sent = pylsl.local_clock(), 0
while True:
    due = int((pylsl.local_clock() - began) * sfreq)
    while sent < due:
        stamp = began + sent / sfreq
        if fmt == "string":
            outlet.push_sample([f"größe {sent}"] * channels, stamp)
        else:
            outlet.push_sample([sent + c for c in range(channels)], stamp)
        sent += 1
    time.sleep(0.01)
"""


@contextmanager
def sender(
    name: str, kind: str, fmt: str, channels: int, sfreq: float, source_id: str
) -> Iterator[subprocess.Popen[str]]:
    arguments = (name, kind, fmt, str(channels), str(sfreq), source_id)
    with another_process("-c", SENDER, *arguments) as process:
        yield process


def eventually(condition: Callable[[], Any], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it has not happened"
        time.sleep(0.05)


def streams_of(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        streams, _ = pyxdf.load_xdf(file, synchronize_clocks=False, dejitter_timestamps=False)
    return {stream["info"]["name"][0]: stream for stream in streams}


@pytest.fixture
def mine() -> str:
    return uuid.uuid4().hex


def only(mine: str) -> Callable[[FoundStream], bool]:
    return lambda stream: mine in stream.source_id


def test_streams_of_every_format_hold_what_was_sent(tmp_path: Path, mine: str) -> None:
    path = tmp_path / "a.xdf"
    target = SessionFile(path)
    with (
        sender("eeg", "EEG", "float32", 8, 500.0, f"{mine}-1"),
        sender("acc", "ACC", "int16", 3, 50.0, f"{mine}-2"),
        sender("markers", "Markers", "string", 1, 5.0, f"{mine}-3"),
    ):
        recorder = StreamRecorder(target, only(mine))
        eventually(lambda: sum(s.samples > 20 for s in recorder.streams()) == 3)
        assert all(s.connected and s.age < 5.0 for s in recorder.streams())
        recorder.close()
    target.close()
    found = streams_of(path)
    for name, dtype in (("eeg", np.float32), ("acc", np.int16)):
        values = found[name]["time_series"]
        assert values.dtype == dtype
        np.testing.assert_array_equal(np.diff(values, axis=0), 1)
        np.testing.assert_array_equal(np.diff(values, axis=1), 1)
        assert (np.diff(found[name]["time_stamps"]) > 0).all()
        assert len(found[name]["clock_values"]) >= 1
        assert abs(found[name]["clock_values"][0]) < 0.01
    texts = [row[0] for row in found["markers"]["time_series"]]
    numbers = [int(text.removeprefix("größe ")) for text in texts]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    session = load_session(path.with_suffix(".json"))
    counts = {stream.name: stream.samples for stream in session.streams}
    assert counts == {name: len(found[name]["time_stamps"]) for name in counts}
    assert session.decoded is None


def test_a_sender_that_dies_and_returns_goes_on_in_its_own_stream(
    tmp_path: Path, mine: str
) -> None:
    path = tmp_path / "a.xdf"
    target = SessionFile(path)
    recorder = StreamRecorder(target, only(mine))
    with sender("eeg", "EEG", "float32", 2, 100.0, mine) as first:
        eventually(lambda: [s.samples > 50 for s in recorder.streams()] == [True])
        os.kill(first.pid, signal.SIGKILL)
    eventually(lambda: not recorder.streams()[0].connected)
    before = recorder.streams()[0].samples
    with sender("eeg", "EEG", "float32", 2, 100.0, mine):
        eventually(lambda: recorder.streams()[0].samples > before + 50)
        recorder.close()
    target.close()
    found = streams_of(path)
    numbers = found["eeg"]["time_series"][:, 0]
    assert (np.diff(numbers) < 0).sum() == 1
    kinds = [json.loads(row[0])["kind"] for row in found["rtemotion-events"]["time_series"]]
    assert kinds.index("stream lost") < kinds.index("stream returned")


def test_a_stream_that_appears_later_is_recorded_too(tmp_path: Path, mine: str) -> None:
    target = SessionFile(tmp_path / "a.xdf")
    recorder = StreamRecorder(target, only(mine))
    with sender("eeg", "EEG", "float32", 2, 100.0, f"{mine}-1"):
        eventually(lambda: len(recorder.streams()) == 1)
        with sender("late", "Markers", "int32", 1, 20.0, f"{mine}-2"):
            eventually(lambda: [s.samples > 0 for s in recorder.streams()] == [True, True])
    recorder.close()
    target.close()
    assert len(streams_of(tmp_path / "a.xdf")["late"]["time_stamps"]) > 0


def test_what_is_chosen() -> None:
    def stream(name: str, kind: str) -> FoundStream:
        return FoundStream(name, kind, "", "host", 1, 0.0)

    usual = choose([])
    assert usual(stream("a", "EEG"))
    assert usual(stream("a", "Markers"))
    assert usual(stream("a", "rating"))
    assert not usual(stream("a", "Accelerometer"))
    asked = choose([parse_query("name=a"), parse_query("type=Gaze")])
    assert asked(stream("a", "anything"))
    assert asked(stream("b", "gaze"))
    assert not asked(stream("b", "EEG"))
    assert choose([], everything=True)(stream("b", "Accelerometer"))


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "rtemotion", *arguments]


def test_the_command_records_until_ctrl_c_and_says_what(tmp_path: Path, mine: str) -> None:
    path = tmp_path / "a.xdf"
    with sender("eeg", "EEG", "float32", 2, 100.0, mine):
        process = subprocess.Popen(
            command("record", "--stream", f"source_id={mine}", "--out", str(path), "--wait", "30"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            eventually(lambda: path.exists() and path.stat().st_size > 8000, 30.0)
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 0, stderr
    assert "# recording name=eeg, type=EEG" in stdout
    assert "● REC 00:0" in stdout
    assert f"to {path}" in stdout
    assert len(streams_of(path)["eeg"]["time_stamps"]) > 50


def test_nothing_found_leaves_no_file_and_says_what_there_is(tmp_path: Path, mine: str) -> None:
    path = tmp_path / "a.xdf"
    done = subprocess.run(
        command("record", "--stream", f"source_id={mine}", "--out", str(path), "--wait", "0.5"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert f"error: source_id={mine} was not found within 0.5 s" in done.stderr
    assert list(tmp_path.iterdir()) == []
