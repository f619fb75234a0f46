"""How fast a killed and restarted LSL sender is received again, and what that leaves behind.

A sender in a process of its own is killed and started again under the same
source_id, many times, while one source receives. Reported are the seconds from the
start of the process and from the making of its outlet to the first sample received,
and the receiver's threads, open files and memory after a warm-up and at the end.

    python benchmarks/reconnect.py [--rounds 50] [--warm-up 5] [--json]
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import time
import uuid
from typing import Any

import numpy as np
import psutil

from rtemotion.signal import Chunk, Event, Kind
from rtemotion.sources.lsl import LSLSource

# Channel 0 of every sample is the moment at which the outlet was made.
SENDER = """
import sys, time
import pylsl
info = pylsl.StreamInfo("reconnect", "EEG", 8, 250.0, "double64", sys.argv[1])
channels = info.desc().append_child("channels")
for k in range(8):
    channel = channels.append_child("channel")
    channel.append_child_value("label", f"E{k}")
    channel.append_child_value("unit", "V")
outlet = pylsl.StreamOutlet(info)
made = began = pylsl.local_clock()
sent = 0
while True:
    outlet.push_chunk([[made] + [0.0] * 7] * 5)
    sent += 5
    time.sleep(max(0.0, began + sent / 250.0 - pylsl.local_clock()))
"""


def measure(rounds: int, warm_up: int) -> dict[str, Any]:
    """Kill and restart a sender `rounds` times, after some that only warm up."""
    source_id = f"reconnect-{uuid.uuid4().hex}"
    sender = _start(source_id)
    source = LSLSource(f"source_id={source_id}", wait=30.0)
    me = psutil.Process()
    waits: list[tuple[float, float]] = []
    before: dict[str, float] = {}
    try:
        _receive_for(source, 1.0)
        for number in range(warm_up + rounds):
            if number == warm_up:
                before = _held(me, source)
            sender.kill()
            sender.wait()
            began = source.now()
            sender = _start(source_id)
            arrived, made = _first_sample(source)
            if number >= warm_up:
                waits.append((arrived - began, arrived - made))
        after = _held(me, source)
    finally:
        source.close()
        sender.kill()
        sender.wait()
    from_start, from_outlet = np.array(waits).T
    return {
        "rounds": rounds,
        "from_process_s": _summary(from_start),
        "from_outlet_s": _summary(from_outlet),
        "before": before,
        "after": after,
    }


def _start(source_id: str) -> subprocess.Popen[bytes]:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([sys.executable, "-c", SENDER, source_id], **quiet)


def _first_sample(source: LSLSource) -> tuple[float, float]:
    returned = False
    for item in source:
        if isinstance(item, Event) and item.kind == Kind.STREAM_RETURNED:
            returned = True
        elif isinstance(item, Chunk) and returned:
            return source.now(), float(item.data[0, 0])
    raise RuntimeError("the source ended")


def _receive_for(source: LSLSource, seconds: float) -> None:
    end = time.monotonic() + seconds
    for _ in source:
        if time.monotonic() >= end:
            return


def _held(me: psutil.Process, source: LSLSource) -> dict[str, float]:
    """Return what the process holds, with no thread or socket that comes and goes."""
    threads, files = [], []
    for _ in range(4):
        _receive_for(source, 0.4)
        threads.append(me.num_threads())
        files.append(me.num_fds() if hasattr(me, "num_fds") else me.num_handles())
    gc.collect()
    rss = round(me.memory_info().rss / 1e6, 2)
    return {"threads": min(threads), "files": min(files), "rss_mb": rss}


def _summary(seconds: np.ndarray) -> dict[str, float]:
    return {"median": round(float(np.median(seconds)), 3), "max": round(float(seconds.max()), 3)}


def main() -> None:
    """Run and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--warm-up", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = measure(arguments.rounds, arguments.warm_up)
    if arguments.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        said = value
        if isinstance(value, dict):
            said = ", ".join(f"{key} {number:g}" for key, number in value.items())
        print(f"{name:<16} {said}")


if __name__ == "__main__":
    main()
