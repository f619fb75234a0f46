"""What a recording loses when its process is killed, or its file is cut off.

    python benchmarks/crash.py [--times 200]

Samples carry their own number. Each is written by a process that is killed with
SIGKILL at a random moment, or the file is cut at a random byte; then the file is
recovered and read by pyxdf.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pyxdf

from rtemotion.errors import RtemotionError
from rtemotion.outlets.recorder import Recorder
from rtemotion.outlets.session_file import SessionFile
from rtemotion.recover import recover_recording
from rtemotion.session import load_session
from rtemotion.signal import Chunk, Event, Kind, StreamInfo
from rtemotion.sources.memory import MemorySource

SFREQ = 500.0
CHANNELS = 8
CHUNK = 10


def numbered(first: int, count: int) -> Chunk:
    """Return samples that carry their number in every channel."""
    numbers = np.arange(first, first + count, dtype=np.float64)
    return Chunk(np.repeat(numbers[:, None], CHANNELS, axis=1), first, numbers / SFREQ)


def write(path: Path, told: Connection, seconds: float | None = None) -> None:
    """Record numbered samples in real time, telling how many were handed over."""
    info = StreamInfo(tuple(f"c{i}" for i in range(CHANNELS)), SFREQ, name="numbered")
    recorder = Recorder(SessionFile(path), MemorySource(info, ()))
    began, sent = time.monotonic(), 0
    while seconds is None or sent < seconds * SFREQ:
        if sent % 250 == 0:
            list(recorder.process(Event(sent, sent / SFREQ, Kind.MARKER, {"number": sent})))
        list(recorder.process(numbered(sent, CHUNK)))
        sent += CHUNK
        told.send((time.monotonic(), sent))
        if seconds is None:
            time.sleep(max(0.0, began + sent / SFREQ - time.monotonic()))
    recorder.close()


@dataclass
class Outcome:
    """What was found after one accident."""

    wrong: bool
    lost_s: float
    readable: bool


def look(path: Path, handed: int) -> Outcome:
    """Recover a file and compare it with what should be in it."""
    try:
        recover_recording(path)
    except RtemotionError as problem:
        return Outcome(False, handed / SFREQ, "holds nothing" in str(problem) and handed == 0)
    with path.open("rb") as file:
        streams, _ = pyxdf.load_xdf(file, synchronize_clocks=False, dejitter_timestamps=False)
    found = {stream["info"]["name"][0]: stream for stream in streams}
    values = found["numbered"]["time_series"] if "numbered" in found else np.empty((0, CHANNELS))
    expected = numbered(0, len(values))
    wrong = not np.array_equal(values, expected.data)
    if len(values):
        wrong |= not np.array_equal(found["numbered"]["time_stamps"], expected.times)
        wrong |= load_session(path.with_suffix(".json")).streams[0].samples != len(values)
    for row in found.get("rtemotion-events", {"time_series": []})["time_series"]:
        said = json.loads(row[0])
        wrong |= said["payload"]["number"] != said["sample"]
    return Outcome(wrong, max(handed - len(values), 0) / SFREQ, True)


def killed(folder: Path, number: int, rng: random.Random) -> Outcome:
    """Kill a recording process at a random moment of its first three seconds."""
    path = folder / f"kill{number}.xdf"
    ours, theirs = Pipe(duplex=False)
    process = get_context("fork").Process(target=write, args=(path, theirs))
    process.start()
    time.sleep(rng.uniform(0.02, 3.0))
    os.kill(process.pid or 0, signal.SIGKILL)
    at = time.monotonic()
    process.join()
    theirs.close()
    handed = 0
    with contextlib.suppress(EOFError, OSError):
        while ours.poll():
            moment, sent = ours.recv()
            # What is older than a second when the process dies has to be there.
            handed = sent if moment <= at - 1.0 else handed
    ours.close()
    if not path.exists() or path.stat().st_size == 0:
        return Outcome(False, handed / SFREQ, handed == 0)
    return look(path, handed)


def cut(folder: Path, whole: Path, number: int, rng: random.Random) -> Outcome:
    """Cut a finished recording at a random byte."""
    path = folder / f"cut{number}.xdf"
    size = whole.stat().st_size
    at = rng.randrange(size)
    content = whole.read_bytes()[:at]
    path.write_bytes(content)
    shutil.copy(whole.with_suffix(".json"), path.with_suffix(".json"))
    per_sample = 9 + 8 * CHANNELS
    # Everything a second of samples (and a chunk around them) before the cut has to be there.
    handed = max(0, int((at - 4000) / (per_sample + 40 / CHUNK) - SFREQ))
    return look(path, handed)


def main() -> None:
    """Run both and print what was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = folder / "whole.xdf"
        ours, theirs = Pipe(duplex=False)
        import threading

        drain = threading.Thread(target=lambda: [ours.recv() for _ in range(20 * 50)])
        drain.start()
        write(whole, theirs, 20.0)
        drain.join()
        kinds = {
            "SIGKILL": [killed(folder, i, rng) for i in range(options.times)],
            "cut": [cut(folder, whole, i, rng) for i in range(options.times)],
        }
    failed = False
    for kind, outcomes in kinds.items():
        wrong = sum(o.wrong for o in outcomes)
        unreadable = sum(not o.readable for o in outcomes)
        lost = sum(o.lost_s > 0 for o in outcomes)
        failed |= bool(wrong or unreadable or lost)
        print(
            f"{kind}: {len(outcomes)} times, {unreadable} not readable, {wrong} with a wrong "
            f"sample or event, {lost} that lost more than the last second"
        )
    sys.exit(failed)


if __name__ == "__main__":
    main()
