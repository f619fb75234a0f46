"""A live stream from another process: decoded, lost, back again, ended by Ctrl-C, replayed."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rtemotion import Engine, open_stream
from rtemotion.decoding import Model
from rtemotion.signal import Chunk, Event, Kind, Publication, Reason, Tick, identical
from rtemotion.sources.memory import MemorySource

from .helpers import Watched, another_process

SENDER = ("-m", "rtemotion", "simulate", "--headset", "muse", "--rest", "0")


def sender(source_id: str, *more: str) -> tuple[str, ...]:
    return (*SENDER, "--source-id", source_id, "--name", "test-eeg", *more)


@pytest.fixture
def source_id() -> str:
    return f"test-{uuid.uuid4().hex}"


def published(engine: Engine) -> Iterator[Publication | Event]:
    for item in engine:
        if not isinstance(item, Tick):
            yield item


def test_a_stream_that_dies_goes_stale_comes_back_and_replays_to_the_bit(
    model: Model, source_id: str
) -> None:
    kept: list[Chunk | Event | Tick] = []
    with another_process(*sender(source_id)) as first:
        source = open_stream(f"source_id={source_id}", wait=30.0)
        engine = Engine(Watched(source, kept), model)
        results: list[Publication | Event] = []
        stream = published(engine)
        for result in stream:
            results.append(result)
            if isinstance(result, Publication) and np.isfinite(result.frame.mean).all():
                break
        os.kill(first.pid, signal.SIGKILL)
        for result in stream:
            results.append(result)
            if isinstance(result, Publication) and Reason.STALE in result.frame.reasons:
                break
        with another_process(*sender(source_id)):
            for result in stream:
                results.append(result)
                if isinstance(result, Publication) and Reason.GAP in result.frame.reasons:
                    break
            assert next(r for r in stream if isinstance(r, Publication)).frame.index is not None
        engine.close()
    kinds = [r.kind for r in results if isinstance(r, Event)]
    assert kinds.index(Kind.STREAM_LOST) < kinds.index(Kind.STREAM_RETURNED)
    assert Kind.GAP in kinds
    stale = [r for r in results if isinstance(r, Publication) and Reason.STALE in r.frame.reasons]
    assert all(np.isnan(r.frame.mean).all() and not r.late for r in stale)
    live = [r.frame for r in results if isinstance(r, Publication)]
    with Engine(MemorySource(source.info, kept), model) as again:
        replayed = [r.frame for r in again if isinstance(r, Publication)]
    assert all(identical(a, b) for a, b in zip(live, replayed, strict=False))
    assert len(replayed) >= len(live)


def test_live_republishes_writes_and_ends_cleanly_on_ctrl_c(
    model: Model, source_id: str, tmp_path: Path
) -> None:
    import pylsl

    out = tmp_path / "live.csv"
    command = [sys.executable, "-m", "rtemotion", "live", "--stream", f"source_id={source_id}"]
    with another_process(*sender(source_id)):
        process = subprocess.Popen(
            [*command, "--wait", "30", "--out", str(out)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            emotions = received_from(model, pylsl)
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 0, stderr
    assert "Traceback" not in stderr
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 33
    decoded = {row["index"]: row for row in rows if row["joy"]}
    assert decoded
    for row in decoded.values():
        assert 0.0 <= float(row["sample_age"]) < 5.0
        assert row["reasons"].split(";")[0] == "no baseline"
    times = {float(row["time"]): row for row in decoded.values()}
    for stamp, values in emotions:
        if np.isfinite(values).all():
            row = times[min(times, key=lambda t: abs(t - stamp))]
            assert values[0] == pytest.approx(float(row["anticipation"]), abs=1e-6)
    assert stdout.splitlines()[-1].startswith("# ")


def received_from(model: Model, pylsl: object) -> list[tuple[float, np.ndarray]]:
    """Listen to the republished emotions of our own model until some have a value."""
    deadline = time.monotonic() + 60
    inlet = None
    while inlet is None and time.monotonic() < deadline:
        for info in pylsl.resolve_byprop("type", "Emotion", 1, 1.0):
            candidate = pylsl.StreamInlet(info, recover=False)
            if model.identity in candidate.info(timeout=5.0).as_xml():
                inlet = candidate
    assert inlet is not None
    found: list[tuple[float, np.ndarray]] = []
    while time.monotonic() < deadline:
        sample, stamp = inlet.pull_sample(timeout=1.0)
        if sample is not None:
            found.append((stamp, np.array(sample[0:1])))
        if sum(np.isfinite(values).all() for _, values in found) >= 3:
            break
    inlet.close_stream()
    return found


def test_no_such_stream_fails_with_what_there_is(source_id: str) -> None:
    with another_process(*sender(source_id)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        done = subprocess.run(
            [sys.executable, "-m", "rtemotion", "live", "--stream", "name=nobody", "--wait", "2"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert "nobody" in done.stderr
    assert "test-eeg" in done.stderr


def test_streams_lists_what_is_on_the_network(source_id: str) -> None:
    with another_process(*sender(source_id)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        done = subprocess.run(
            [sys.executable, "-m", "rtemotion", "streams", "--json", "--wait", "3"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    found = {stream["source_id"]: stream for stream in json.loads(done.stdout)}
    assert found[source_id]["type"] == "EEG"
    assert found[source_id]["n_channels"] == 4


def test_the_demo_decodes_a_simulated_person_whom_nothing_speaks_against() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rtemotion", "demo", "--headset", "muse", "--seconds", "9.5"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    assert lines[-1].endswith("trusted")
    assert "joy=nan" not in lines[-1]


@pytest.mark.parametrize("seconds", [1.0, 2.0, 4.0])
def test_ctrl_c_at_any_moment_exits_with_0(seconds: float, tmp_path: Path) -> None:
    out = tmp_path / "demo.parquet"
    # Moments of the command: the interpreter's own start can take a second on a busy machine.
    code = "print('up', flush=True); from rtemotion.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "demo", "--headset", "muse", "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0, stderr
    assert "Traceback" not in stderr
    assert not list(tmp_path.glob("*.partial"))
