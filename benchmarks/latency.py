"""How old the newest sample is when its emotion goes out, over a real LSL stream.

A simulated headset in a process of its own sends 32 channels at 250 Hz; the
engine receives, decodes and republishes on LSL. Reported is the age at
publishing, and the same less the longest a sample can wait in the sender's
chunk.

    python benchmarks/latency.py [--seconds 40] [--headset cap32] [--chunk 0.02] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import uuid

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from rtemotion import Engine, load_model, open_stream
from rtemotion.outlets.lsl import LSLOutlet
from rtemotion.signal import Publication

SENDER = """
import sys
from rtemotion.simulators import Brain, Subject, broadcast
source_id, headset, seconds, chunk = sys.argv[1:]
brain = Brain(Subject.draw(1), headset, seed=1)
broadcast(brain, float(seconds), chunk_s=float(chunk), source_id=source_id)
"""


def measure(headset: str, seconds: float, chunk: float) -> dict[str, float]:
    """Run sender and engine, and return percentiles in milliseconds."""
    source_id = f"latency-{uuid.uuid4().hex}"
    arguments = [sys.executable, "-c", SENDER, source_id, headset, str(seconds + 20), str(chunk)]
    sender = subprocess.Popen(arguments)
    try:
        model = load_model()
        source = open_stream(f"source_id={source_id}", wait=30.0)
        ages = []
        with Engine(source, model, [LSLOutlet(model.card.target_names, model.identity)]) as engine:
            for item in engine:
                if isinstance(item, Publication) and np.isfinite(item.frame.mean).all():
                    ages.append(item.sample_age)
                    if len(ages) * engine.pipeline.hop >= seconds:
                        break
            late = engine.late
    finally:
        sender.kill()
        sender.wait()
    p50, p99 = np.percentile(ages, [50, 99]) * 1e3
    return {
        "frames": len(ages),
        "p50_ms": round(p50, 2),
        "p99_ms": round(p99, 2),
        "p50_less_chunk_ms": round(max(0.0, p50 - chunk * 1e3), 2),
        "p99_less_chunk_ms": round(max(0.0, p99 - chunk * 1e3), 2),
        "late": late,
    }


def main() -> None:
    """Measure with one sample a chunk and with the chunk asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--headset", default="cap32")
    parser.add_argument("--chunk", type=float, default=0.02)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = {
        f"chunk {chunk * 1e3:g} ms": measure(options.headset, options.seconds, chunk)
        for chunk in (0.004, options.chunk)
    }
    if options.json:
        print(json.dumps(results))
        return
    for name, result in results.items():
        print(f"{options.headset}, {name}: {result}")


if __name__ == "__main__":
    main()
