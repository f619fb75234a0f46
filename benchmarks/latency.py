"""How old the newest sample is when its emotion goes out, for other headsets and chunks.

`rtemotion bench --only latency,latency_64` measures one sample a chunk, of 32 channels and
of 64 at 500 Hz with a hop of 0.1 s; this takes any simulated headset, rate and hop, and the
chunks in which amplifiers send.

    python benchmarks/latency.py [--seconds 40] [--headset cap32] [--chunk 0.02]
                                 [--sfreq 500] [--hop 0.1] [--json]
"""

from __future__ import annotations

import argparse
import json
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from rtemotion.bench.latency import Setting, over_lsl


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--headset", default="cap32")
    parser.add_argument("--chunk", type=float, default=0.02)
    parser.add_argument("--sfreq", type=float, help="in Hz; the headset's own by default")
    parser.add_argument("--hop", type=float, help="in seconds; the model's own by default")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    setting = Setting(options.headset, options.chunk, options.sfreq, options.hop)
    result = over_lsl(setting, options.seconds)
    print(json.dumps(result) if options.json else result)


if __name__ == "__main__":
    main()
