"""How fast features of a data set are made, as the product makes them: x real time a core, memory.

Recordings of noise whose spectrum falls as 1/f, 61 channels at 500 Hz, 12 minutes each, are
made once and kept; their features are made as `table_at_scale` makes them, with the default
bands, filters and measures (imcoh and wpli2_lagged every 0.25 s).

    python benchmarks/features_scale.py [--recordings 33] [--minutes 12] [--jobs 1] [--json]
    ... --work FOLDER      where recordings lie (45 MB each) and features go (45 MB each)
    ... --parts            also where the time goes: reading, conditioning, features, rows
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import mne
import numpy as np

from rtemotion.bench.memory_use import peak_mb
from rtemotion.content import content_of
from rtemotion.features import FeatureStage
from rtemotion.models.datasets import LabelledRecording, Preparation
from rtemotion.models.datasets.cache import kept
from rtemotion.models.datasets.rows import rows_of
from rtemotion.models.datasets.shared import open_file, whole_recording
from rtemotion.pipeline import chain, feature_stages
from rtemotion.signal import Item
from rtemotion.workers import spread

CHANNELS, SFREQ = 61, 500.0
# One noise for all, turned by another time for each: making it takes longer than reading it.
_NOISE_S = 240


def made(folder: Path, recordings: int, minutes: float) -> list[Path]:
    """Write what is not there yet, and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"sub-{k + 1:02d}_{minutes:g}min_raw.fif" for k in range(recordings)]
    if all(path.exists() for path in paths):
        return paths
    names = mne.channels.make_standard_montage("biosemi64").ch_names[:CHANNELS]
    info = mne.create_info(names, SFREQ, "eeg")
    info.set_montage("biosemi64")
    rng = np.random.default_rng(0)
    n = round(_NOISE_S * SFREQ)
    falling = 1.0 / np.sqrt(np.maximum(np.fft.rfftfreq(n, 1.0 / SFREQ), 0.5))
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal((CHANNELS, n))) * falling, n)
    noise *= 10e-6 / noise.std()
    for path in paths:
        if path.exists():
            continue
        turned = np.roll(noise, rng.integers(n), axis=1)[rng.permutation(CHANNELS)]
        n_samples = round(minutes * 60 * SFREQ)
        data = np.tile(turned, -(-n_samples // n))[:, :n_samples]
        raw = mne.io.RawArray(data, info, verbose="ERROR")
        partial_ = path.with_name("partial_" + path.name)
        raw.save(partial_, fmt="short", overwrite=True, verbose="ERROR")
        partial_.replace(path)
    return paths


def measured(recording: LabelledRecording, names: tuple[str, ...], folder: Path) -> dict[str, Any]:
    """Return what making one recording's features took, in the process that made them."""
    wall, processor = time.perf_counter(), time.process_time()
    found = kept(recording, names, Preparation(), folder)
    return {
        "wall_s": time.perf_counter() - wall,
        "processor_s": time.process_time() - processor,
        "peak_mb": peak_mb(),
        "process": os.getpid(),
        "bytes": found.path.stat().st_size,
    }


def parts(path: Path, names: tuple[str, ...], seconds: float) -> dict[str, float]:
    """Return x real time of each part alone, one after the other on the same items."""
    how = Preparation()
    source = open_file(path)
    stages, _ = feature_stages(source.info, how.schema, how.design)
    features = stages[-1]
    assert isinstance(features, FeatureStage)
    features.ahead = False

    def took(work: Callable[[], Any]) -> tuple[float, Any]:
        before = time.process_time()
        result = work()
        return round(seconds / (time.process_time() - before), 1), result

    def conditioned(items: list[Item]) -> list[Item]:
        return [out for item in items for out in chain(stages[:-1], item)]

    def worked_out(items: list[Item]) -> int:
        return sum(1 for item in items for _ in features.process(item))

    found: dict[str, float] = {}
    found["reading"], items = took(lambda: list(source))
    found["conditioning"], items = took(partial(conditioned, items))
    found["features"], _ = took(partial(worked_out, items))
    del items
    found["rows, all told"], _ = took(
        lambda: sum(1 for _ in rows_of(open_file(path), names, how, None))
    )
    found["reading and hashing"], _ = took(lambda: content_of(open_file(path)))
    return found


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--recordings", type=int, default=33)
    parser.add_argument("--minutes", type=float, default=12.0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--parts", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    work = asked.work or Path(tempfile.gettempdir()) / "rtemotion-features-scale"
    # In a process of its own, so that the memory this takes is not counted.
    making = multiprocessing.get_context("spawn").Process(
        target=made, args=(work / "recordings", asked.recordings, asked.minutes)
    )
    making.start()
    making.join()
    paths = made(work / "recordings", asked.recordings, asked.minutes)
    names = open_file(paths[0]).info.channels
    recordings = [
        LabelledRecording(
            path.stem, "", "x", partial(open_file, path), partial(whole_recording, path, "x", 0.0)
        )
        for path in paths
    ]
    cache = work / "features"
    shutil.rmtree(cache, ignore_errors=True)
    task = partial(measured, names=names, folder=cache)
    began = time.perf_counter()
    found = []
    for _, result in spread(task, recordings, asked.jobs):
        if isinstance(result, Exception):
            raise result
        found.append(result)
        # What was made is not looked at again, and would fill the disk.
        shutil.rmtree(cache, ignore_errors=True)
    wall = time.perf_counter() - began
    seconds = asked.minutes * 60.0
    speeds = [seconds / each["processor_s"] for each in found]
    told: dict[str, Any] = {
        "recordings": len(found),
        "x_realtime_a_core": round(statistics.median(speeds), 1),
        "x_realtime_a_core_worst": round(min(speeds), 1),
        "x_realtime_wall": round(seconds * len(found) / wall, 1),
        "peak_mb_first": round(found[0]["peak_mb"], 1),
        "peak_mb_last": round(max(each["peak_mb"] for each in found), 1),
        "jobs": asked.jobs,
    }
    if asked.parts:
        told["x_realtime_of"] = parts(paths[0], names, seconds)
    print(json.dumps(told) if asked.json else "\n".join(f"{k}: {v}" for k, v in told.items()))


if __name__ == "__main__":
    main()
