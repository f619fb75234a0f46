"""How much of a core a simulated brain takes in real time.

Process time per second of signal, median over repeats: 64 channels at 1 kHz must take
less than a third of a core without artifacts, with the default ones and with all of
them, in chunks of 20 ms; once more in real time on LSL, where the library's threads
and a cold cache count as well.

    python benchmarks/simulator.py [--seconds 10] [--repeats 5] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
import uuid
from collections.abc import Callable
from dataclasses import replace

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

from rtemotion.simulators import Artifacts, Brain, Faults, Subject, broadcast
from rtemotion.simulators.faults import Transmission

ALL = "cap64 1 kHz, all artifacts and faults"
CASES: dict[str, tuple[str, float, Artifacts, Faults]] = {
    "cap64 1 kHz, no artifacts": ("cap64", 1000.0, Artifacts.none(), Faults()),
    "cap64 1 kHz, default artifacts": ("cap64", 1000.0, Artifacts(), Faults()),
    ALL: (
        "cap64",
        1000.0,
        replace(Artifacts.realistic(), dead=1),
        Faults(0.01, 3.0, 50.0, 2.0, 500.0, 1.0, 3.0),
    ),
    "net128 250 Hz, all artifacts": ("net128", 250.0, Artifacts.realistic(), Faults()),
    "cap32 250 Hz, default artifacts": ("cap32", 250.0, Artifacts(), Faults()),
}
LIMIT = 1 / 3


def make(case: tuple[str, float, Artifacts, Faults]) -> Brain:
    """Make the brain of a case."""
    headset, rate, artifacts, _ = case
    return Brain(Subject.draw(1), headset, "mix", 1, sfreq=rate, artifacts=artifacts)


def core_share(case: tuple[str, float, Artifacts, Faults], seconds: int) -> float:
    """Return process time over signal time, start-up left out."""
    brain, rate, faults = make(case), case[1], case[3]
    sending = Transmission(faults, rate, brain.seeds, 0.0)
    n = round(0.02 * rate)

    def go(chunks: int) -> None:
        for _ in range(chunks):
            chunk, _ = brain.read(n)
            sent = sending.send(n)
            (1e6 * chunk.data[sent.arrives]).astype("float32")

    go(50)
    return _timed(lambda: go(50 * seconds)) / seconds


def live_share(case: tuple[str, float, Artifacts, Faults], seconds: int) -> float:
    """Return process time over real time of a broadcast."""
    brain, name = make(case), f"bench-{uuid.uuid4()}"
    brain.read(1)
    return _timed(lambda: broadcast(brain, seconds, source_id=name, faults=case[3])) / seconds


def _timed(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    """Measure every case and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=int, default=10, help="seconds of signal a repeat")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    shares = {
        name: statistics.median(core_share(case, options.seconds) for _ in range(options.repeats))
        for name, case in CASES.items()
    }
    shares[f"{ALL}, on LSL"] = live_share(CASES[ALL], options.seconds)
    if options.json:
        print(json.dumps({"core_share": shares, "limit": LIMIT}))
        return
    for name, share in shares.items():
        verdict = "holds" if share < LIMIT else "too much"
        print(f"{name:48s} {100 * share:5.2f} % of a core ({verdict})")


if __name__ == "__main__":
    main()
