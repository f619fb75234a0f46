"""How old the newest sample is when its emotion goes out, for other headsets and chunks.

`rtemotion bench --only latency` measures one sample a chunk of 32 channels; this takes
any simulated headset and the chunks in which amplifiers send.

    python benchmarks/latency.py [--seconds 40] [--headset cap32] [--chunk 0.02] [--json]
"""

from __future__ import annotations

import argparse
import json
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from rtemotion.bench.latency import over_lsl


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--headset", default="cap32")
    parser.add_argument("--chunk", type=float, default=0.02)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = over_lsl(options.headset, options.seconds, options.chunk)
    print(json.dumps(result) if options.json else result)


if __name__ == "__main__":
    main()
