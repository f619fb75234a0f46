"""False alarms of the evaluation where there is nothing to find, protocols A to D.

    python benchmarks/null_test.py [--protocols ABCD] [--repeats 500] [--out alarms.json]
    python benchmarks/null_test.py --protocols "" --fixed 500

Takes about five minutes for 500 repeats on one core. Exits with 1 where a number of alarms
lies outside what a rate of 0.05 allows, Holm-corrected over the protocols.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from threadpoolctl import threadpool_limits

from rtemotion.models.evaluation.null_test import RECIPES, fixed_null_test, null_test
from rtemotion.models.evaluation.splits import Protocol


def main() -> int:
    """Run the test and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--protocols", default="ABCD", help="letters of some of them, or none")
    parser.add_argument("--repeats", type=int, default=500)
    parser.add_argument("--moves", type=int, default=99, help="shifts of the labels in each test")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, metavar="ALARMS.json")
    parser.add_argument(
        "--fixed",
        type=int,
        default=0,
        metavar="N",
        help="so often a finished model that knows nothing",
    )
    options = parser.parse_args()

    def say(protocol: Protocol, done: int, alarms: int) -> None:
        if done % 50 == 0:
            print(f"{protocol}  {done:4d}  {alarms:3d} alarms", file=sys.stderr, flush=True)

    with threadpool_limits(1):
        chosen = tuple(protocol for protocol in RECIPES if protocol in options.protocols)
        found = null_test(options.repeats, chosen, options.moves, options.seed, say)
    print("protocol  alarms  rate   allowed")
    for one in found:
        print(
            f"{one.protocol:8s}  {one.alarms:3d}     {one.rate:.3f}  {one.low} to {one.high}"
            f"{'' if one.holds else '  OUTSIDE'}"
        )
    if options.fixed:
        for shared, what in ((True, "shared stimuli"), (False, "labels of one's own")):
            alarms = fixed_null_test(options.fixed, shared, options.moves, options.seed)
            print(f"finished model, {what}: {alarms} of {options.fixed}")
    if options.out is not None:
        options.out.write_text(json.dumps([dataclasses.asdict(one) for one in found], indent=1))
    return 0 if all(one.holds for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
