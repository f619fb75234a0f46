"""How many times real time a recording is decoded, end to end, on one core.

A simulated recording (32 channels at 250 Hz by default) is written to a FIF
file and replayed at full speed into a CSV table by `rtemotion replay`'s own
parts, with one thread.

    python benchmarks/replay.py [--headset cap32] [--minutes 5] [--repeats 5] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import mne

from rtemotion import Engine, load_model, open_recording
from rtemotion.outlets.table import open_table
from rtemotion.simulators import Brain, Subject


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--headset", default="cap32")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), options.headset, options.minutes)
        ratios = []
        for repeat in range(options.repeats + 1):
            wall, cpu = once(path, Path(folder) / f"{repeat}.csv")
            ratios.append((options.minutes * 60 / wall, options.minutes * 60 / cpu))
    warm = ratios[1:]
    result = {
        "headset": options.headset,
        "replay_x_realtime": round(statistics.median(wall for wall, _ in warm), 1),
        "replay_x_realtime_cpu": round(statistics.median(cpu for _, cpu in warm), 1),
    }
    print(json.dumps(result) if options.json else result)


def write(folder: Path, headset: str, minutes: float) -> Path:
    """Write a simulated recording."""
    brain = Brain(Subject.draw(1), headset, seed=1)
    chunk, _ = brain.read(round(minutes * 60 * brain.info.sfreq))
    path = folder / "bench_raw.fif"
    raw = mne.io.RawArray(chunk.data.T, brain.info.to_mne(), verbose="ERROR")
    raw.save(path, verbose="ERROR")
    return path


def once(path: Path, out: Path) -> tuple[float, float]:
    """Return seconds of wall clock and of processor time for one replay."""
    model = load_model()
    wall, cpu = time.perf_counter(), time.process_time()
    table = open_table(out, model.card.target_names, model.identity)
    with Engine(open_recording(path), model, [table]) as engine:
        for _ in engine:
            pass
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main()
