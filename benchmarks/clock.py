"""The clock stage on hard stamps: what it finds, how true its times are, how fast it is.

A sender samples up to 100 ppm off its nominal rate, by a clock that drifts from ours
by up to 100 ppm and is set by 5 s half-way. Its stamps jitter (3 ms, normal), 0.2 s
are lost about once a minute, and the clock offset is measured every 5 s. For each
rate: losses found and the largest error of their length in samples, gaps invented,
the largest time error in the first 10 s and after, and the speed in chunks of 20 ms
as a multiple of real time. Beside it what pyxdf's dejitter, not causal, makes of the
same stamps (which it is given without the step).

And a wireless headset: packets of 20 ms, each with a delay of its own (normal, 0, 1 or
3 ms), of which 1 % are lost, one every two seconds. For each rate and jitter: losses
found, those invented, by how many samples the index is off at most and at the end, and
the largest time error after 10 s.

    python benchmarks/clock.py [--minutes 40] [--seeds 2] [--channels 32] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from pyxdf.pyxdf import _jitter_removal

from rtemotion.conditioning import ClockStage
from rtemotion.signal import Chunk, Event, Kind, StreamInfo
from rtemotion.testing import recut

JITTER_S, LOSS_S, STEP_S = 3e-3, 0.2, 5.0
RATES = (128.0, 250.0, 1000.0, 2000.0)
PACKET_S, PACKETS_LOST, PACKET_JITTERS_S = 0.02, 0.01, (0.0, 1e-3, 3e-3)


@dataclass(frozen=True)
class Stream:
    """What a sender sends, and the truth about it.

    Attributes
    ----------
    items : list
        Chunks and events.
    stamps : array, shape (n_samples,)
        The chunks' stamps without the step.
    indices : array, shape (n_samples,)
        Which samples arrived, counted from the first sent.
    times : array, shape (n_samples,)
        When they were taken, on our clock, s.
    n_losses, n_lost : int
        Losses, and samples in each.
    """

    items: list[Any]
    stamps: np.ndarray
    indices: np.ndarray
    times: np.ndarray
    n_losses: int
    n_lost: int


def make(sfreq: float, seconds: float, seed: int) -> Stream:
    """Draw a stream of one channel."""
    rng = np.random.default_rng(seed)
    rate, drift = sfreq * (1 + rng.uniform(-1e-4, 1e-4)), rng.uniform(-1e-4, 1e-4)
    n_lost, n_losses = round(LOSS_S * sfreq), max(3, round(seconds / 60))
    starts = (np.arange(n_losses) + rng.uniform(0.05, 0.95, n_losses)) / n_losses * seconds
    starts[0] = rng.uniform(1.5, 8.0)
    gone = (np.round(starts * sfreq).astype(int)[:, None] + np.arange(n_lost)).ravel()
    indices = np.delete(np.arange(round(seconds * sfreq)), gone[gone < seconds * sfreq])
    times = 1000.0 + indices / rate
    stamps = 70.0 + (times - 1000.0) * (1 + drift) + rng.normal(0, JITTER_S, len(times))
    middle = int(np.searchsorted(times, 1000.0 + seconds / 2 + 1.3))
    sent = stamps + STEP_S * (np.arange(len(stamps)) >= middle)
    data = rng.standard_normal((len(stamps), 1))
    # A source reads a step off two stamps, jitter and all.
    said = STEP_S + rng.normal(0, JITTER_S * 2**0.5)
    events = [Event(middle, 0.0, Kind.CLOCK_STEP, {"step": said})]
    for moment in np.arange(1000.0, times[-1], 5.0):
        remote = 70.0 + (moment - 1000.0) * (1 + drift)
        place = int(np.searchsorted(times, moment))
        remote += STEP_S * (place > middle)
        offset = moment - remote + rng.normal(0, 1e-4)
        payload = {"offset": offset, "uncertainty": 4e-4, "remote_time": remote}
        events.append(Event(place, moment, Kind.CLOCK_OFFSET, payload))
    items: list[Any] = []
    start = 0
    for event in sorted(events, key=lambda e: e.sample):
        if event.sample > start:
            rows = slice(start, event.sample)
            items.append(Chunk(data[rows], start, sent[rows]))
            start = event.sample
        items.append(event)
    items.append(Chunk(data[start:], start, sent[start:]))
    return Stream(items, stamps, indices, times, len(starts), n_lost)


def judge(stream: Stream, outputs: list[Any]) -> dict[str, float]:
    """Compare what came out with the truth."""
    chunks = [item for item in outputs if isinstance(item, Chunk)]
    times = np.concatenate([chunk.times for chunk in chunks])
    found = {}
    at = 0
    for chunk in chunks:
        if chunk.missing_before:
            found[at] = chunk.missing_before
        at += len(chunk)
    true = (np.flatnonzero(np.diff(stream.indices) > 1) + 1).tolist()
    matched = [place for place in true if place in found]
    wrong = [abs(found[place] - stream.n_lost) for place in matched]
    errors = np.abs(times - stream.times[: len(times)])
    first = stream.times[: len(times)] < stream.times[0] + 10.0
    return {
        "losses": len(true),
        "found": len(matched),
        "length_error": max(wrong, default=0),
        "invented": len(found) - len(matched),
        "error_first_ms": round(float(errors[first].max()) * 1e3, 3),
        "error_ms": round(float(errors[~first].max()) * 1e3, 3),
        "monotone": bool((np.diff(times) > 0).all()),
    }


def dejittered(stream: Stream, sfreq: float) -> dict[str, float]:
    """Return what pyxdf's dejitter makes of the same stamps."""
    peer = SimpleNamespace(
        time_stamps=stream.stamps.copy(), srate=sfreq, tdiff=1 / sfreq, segments=[]
    )
    began = time.perf_counter()
    _jitter_removal({1: peer})
    wall = time.perf_counter() - began
    # Its times are in the sender's clock: what drifts in proportion is not held against it.
    line = np.polyfit(stream.times - 1000.0, stream.stamps - stream.times, 1)
    error = peer.time_stamps - stream.times - np.polyval(line, stream.times - 1000.0)
    return {
        "peer_found": len(peer.segments) - 1,
        "peer_error_ms": round(float(np.abs(error).max()) * 1e3, 3),
        "peer_x_realtime": round((stream.times[-1] - stream.times[0]) / wall),
    }


def wireless(sfreq: float, seconds: float, seed: int, jitter: float) -> dict[str, float]:
    """Return what is found of packets lost now and then, one by one."""
    rng = np.random.default_rng(seed)
    size = round(PACKET_S * sfreq)
    packets = np.arange(round(seconds * sfreq)) // size
    lost = rng.random(packets[-1] + 1) < PACKETS_LOST
    delays = rng.normal(0, jitter, len(lost)) if jitter else np.zeros(len(lost))
    lost[0] = False
    indices = np.flatnonzero(~lost[packets])
    times = indices / sfreq
    chunk = Chunk(np.zeros((len(times), 1)), 0, times + delays[packets[indices]])
    stage = ClockStage(StreamInfo(("a",), sfreq, timestamps="raw"))
    chunks = [out for item in recut([chunk], [size]) for out in stage.process(item)]
    got = np.concatenate([np.arange(out.first_sample, out.stop) for out in chunks])
    off = got - indices[: len(got)]
    errors = np.abs(np.concatenate([out.times for out in chunks]) - times[: len(got)])
    true = np.flatnonzero(np.diff(indices[: len(got)]) > 1)
    found = np.flatnonzero(np.diff(got) > 1)
    # In stamps that jitter a loss is found a packet early or late.
    near = np.abs(true[:, None] - found) <= 2 * size
    return {
        "losses": len(true),
        "found": int(near.any(axis=1).sum()),
        "invented": int((~near.any(axis=0)).sum()),
        "index_off": int(np.abs(off).max()),
        "index_off_at_end": int(abs(off[-1])),
        "error_ms": round(float(errors[times[: len(got)] > 10.0].max()) * 1e3, 3),
    }


def speed(sfreq: float, channels: int, seconds: float, jitter: float) -> float:
    """Return how many times real time chunks of 20 ms are processed."""
    rng = np.random.default_rng(0)
    stamps = np.arange(round(seconds * sfreq)) / sfreq
    stamps = stamps + rng.normal(0, jitter, len(stamps))
    names = tuple(f"c{i}" for i in range(channels))
    whole = Chunk(rng.standard_normal((len(stamps), channels)), 0, stamps)
    chunks = recut([whole], [max(1, round(0.02 * sfreq))])
    stage = ClockStage(StreamInfo(names, sfreq, timestamps="raw"))
    began = time.process_time()
    for chunk in chunks:
        for _ in stage.process(chunk):
            pass
    return seconds / (time.process_time() - began)


def measure_wireless(sfreq: float, minutes: float, seeds: int, jitter: float) -> dict[str, float]:
    """Return losses over all seeds, and the worst of the rest."""
    results = [wireless(sfreq, minutes * 60, seed, jitter) for seed in range(seeds)]
    summed = {"losses", "found", "invented"}
    return {
        key: (sum if key in summed else max)(result[key] for result in results)
        for key in results[0]
    }


def measure(sfreq: float, minutes: float, seeds: int, channels: int) -> dict[str, float]:
    """Return the worst over seeds."""
    found: list[dict[str, float]] = []
    for seed in range(seeds):
        stream = make(sfreq, minutes * 60, seed)
        stage = ClockStage(StreamInfo(("a",), sfreq, timestamps="raw"))
        items = recut(stream.items, [max(1, round(0.02 * sfreq))])
        outputs = [out for item in items for out in stage.process(item)]
        found.append(judge(stream, outputs) | dejittered(stream, sfreq))
    worst = {key: max(result[key] for result in found) for key in found[0]}
    worst["found"] = sum(result["found"] for result in found)
    worst["losses"] = sum(result["losses"] for result in found)
    worst["monotone"] = min(result["monotone"] for result in found)
    worst["x_realtime"] = round(speed(sfreq, channels, 60.0, JITTER_S))
    return worst


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--channels", type=int, default=32)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = {
        f"{sfreq:g} Hz": measure(sfreq, options.minutes, options.seeds, options.channels)
        for sfreq in RATES
    }
    for sfreq in RATES:
        for jitter in PACKET_JITTERS_S:
            name = f"{sfreq:g} Hz, packets lost, {jitter * 1e3:g} ms"
            results[name] = measure_wireless(sfreq, options.minutes, options.seeds, jitter)
    if options.json:
        print(json.dumps(results))
        return
    for name, result in results.items():
        print(f"{name}: {result}")


if __name__ == "__main__":
    main()
