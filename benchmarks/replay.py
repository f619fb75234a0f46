"""How many times real time a recording is decoded, end to end, on one core.

A simulated recording (32 channels at 250 Hz by default) is written to a FIF
file and replayed at full speed into a CSV table by `rtemotion replay`'s own
parts, with one thread.

    python benchmarks/replay.py [--headset cap32] [--minutes 5] [--repeats 5] [--stages] [--json]

With `--stages`, also processor time in microseconds a frame for the file, each stage and
the table, one after the other: what is decoded in one go takes longer, since the stages
take the processor's cache from one another.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import mne

from rtemotion import Engine, load_model, open_recording
from rtemotion.decoding import Decoder
from rtemotion.outlets.table import open_table
from rtemotion.pipeline import feature_stages
from rtemotion.signal import EmotionFrame, Item, Outlet, Publication, Stage
from rtemotion.simulators import Brain, Subject


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--headset", default="cap32")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--stages", action="store_true")
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
        parts = [stages(path, Path(folder) / f"s{k}.csv") for k in range(4 * options.stages)]
    warm = ratios[1:]
    result: dict[str, object] = {
        "headset": options.headset,
        "replay_x_realtime": round(statistics.median(wall for wall, _ in warm), 1),
        "replay_x_realtime_cpu": round(statistics.median(cpu for _, cpu in warm), 1),
    }
    if parts:
        result["us_a_frame"] = {name: round(min(p[name] for p in parts), 1) for name in parts[0]}
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


def stages(path: Path, out: Path) -> dict[str, float]:
    """Return processor time in microseconds a frame, part by part."""
    model = load_model()
    table = open_table(out, model.card.target_names, model.identity)
    taken = {}

    def timed(name: str, work: Callable[[], list[Item]]) -> list[Item]:
        start = time.process_time()
        items = work()
        taken[name] = time.process_time() - start
        return items

    source = open_recording(path)
    items = timed("file", partial(list, source))
    chain, info = feature_stages(source.info, model.card.features, model.card.conditioning)
    for stage in (*chain, Decoder(info, model)):
        items = timed(type(stage).__name__, partial(_through, stage, items))
    frames = [item for item in items if isinstance(item, EmotionFrame)]
    timed("table", partial(_written, table, frames))
    table.close()
    source.close()
    return {name: 1e6 * seconds / len(frames) for name, seconds in taken.items()}


def _through(stage: Stage, items: list[Item]) -> list[Item]:
    return [out for item in items for out in stage.process(item)]


def _written(table: Outlet, frames: list[EmotionFrame]) -> list[Item]:
    for frame in frames:
        table.publish(Publication(frame, math.nan, False, math.nan))
    return []


if __name__ == "__main__":
    main()
