"""Measures one thing in this process and prints it as JSON.

    python -m rtemotion.bench NAME [--quick]

One thread for every numerical library, which has to be said before numpy is loaded.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import signal
import sys

from ..errors import RtemotionError
from .measurements import MEASUREMENTS

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
INTERRUPTED = 130


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m rtemotion.bench")
    parser.add_argument("name", choices=tuple(MEASUREMENTS))
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    os.environ.update(dict.fromkeys(THREADS, "1"))
    # Being ended takes along what this process has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        result = MEASUREMENTS[options.name].run(options.quick)
    except KeyboardInterrupt:
        return INTERRUPTED
    except RtemotionError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(dataclasses.asdict(result), allow_nan=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
