"""Whether a day of 32 channels leaves memory and the cost of a hop as they were.

24 hours of signal go through conditioning, features and decoder at full speed, in some
minutes; `rtemotion bench --only memory` does the same with 20 minutes of signal.

    python benchmarks/day.py [--hours 24] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

from rtemotion.bench.memory import measure


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    began = time.monotonic()

    def tell(minute: float) -> None:
        if minute % 60 == 0:
            passed = time.monotonic() - began
            print(f"{minute / 60:.0f} h of signal in {passed:.0f} s", file=sys.stderr)

    values = measure(minutes=options.hours * 60.0, told=tell).values
    print(json.dumps(values) if options.json else values)


if __name__ == "__main__":
    main()
