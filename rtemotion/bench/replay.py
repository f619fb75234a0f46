"""How many times real time a recording is decoded, from file to table, on one core.

A simulated recording (32 channels at 250 Hz) is written to a FIF file and replayed at
full speed into a CSV table by the parts of `rtemotion replay`.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import Engine, load_model, open_recording
from ..outlets.table import open_table
from .measurements import Result
from .signals import simulated


def measure(quick: bool = False, headset: str = "cap32") -> Result:
    """Return seconds of signal per second of wall clock, and per second of processor time."""
    seconds, repeats = (12.0, 1) if quick else (300.0, 5)
    with tempfile.TemporaryDirectory() as folder, _one_core():
        path = write(Path(folder), headset, seconds)
        # The first replay loads what the others find loaded.
        _, *warm = (once(path, Path(folder) / f"{k}.csv") for k in range(repeats + 1))
    wall, processor = (statistics.median(times) for times in zip(*warm, strict=True))
    return Result(
        {
            "replay_x_realtime": round(seconds / wall, 1),
            "replay_x_realtime_cpu": round(seconds / processor, 1),
        }
    )


@contextmanager
def _one_core() -> Iterator[None]:
    """Stay on one core, where the system lets a program choose."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def write(folder: Path, headset: str, seconds: float) -> Path:
    """Write a simulated recording, and return its path."""
    import mne

    info, data = simulated(headset, seconds)
    path = folder / "bench_raw.fif"
    mne.io.RawArray(data.T, info.to_mne(), verbose="ERROR").save(path, verbose="ERROR")
    return path


def once(path: Path, out: Path) -> tuple[float, float]:
    """Return seconds of wall clock and of processor time of one replay."""
    model = load_model()
    wall, processor = time.perf_counter(), time.process_time()
    table = open_table(out, model.card.target_names, model.identity)
    with Engine(open_recording(path), model, [table]) as engine:
        for _ in engine:
            pass
    return time.perf_counter() - wall, time.process_time() - processor
