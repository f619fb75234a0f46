"""Scores on labelled recordings of people, under grouped protocols, with every baseline beside.

    python benchmarks/labelled.py FOLDER [--out FOLDER]

FOLDER holds `dasps-anxiety` and `eegmat-stress`. A ridge: anxiety situations under B (subjects
and situations held out together), all features; mental arithmetic under E, since two
conditions leave no stimulus to hold out, band power alone. A quarter of an hour
on one core.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from threadpoolctl import threadpool_limits

from rtemotion.features import FeatureSchema
from rtemotion.models.datasets import Preparation, dasps, eegmat, table_of
from rtemotion.models.evaluation import Evaluation, Plan, evaluate


def main() -> None:
    """Score both data sets and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, help="a folder for the reports as JSON")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    anxious = dasps(options.folder / "dasps-anxiety")
    busy = eegmat(options.folder / "eegmat-stress")
    # Rest and task are recordings of their own: a slow mean would take out what differs.
    plain = Preparation(FeatureSchema(measures=("imcoh",)), step_s=2.0, normalisation="none")
    with threadpool_limits(1):
        scored = {
            "dasps": evaluate(table_of(anxious), None, "B"),
            "eegmat": evaluate(table_of(busy, plain), None, "E", Plan(parts=("power",))),
        }
    for name, found in scored.items():
        _show(name, found)
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)
            (options.out / f"{name}.json").write_text(found.to_json())


def _show(name: str, found: Evaluation) -> None:
    print(f"\n{name}, {found.protocol}: {found.protocol_says}; verdict: {found.verdict}")
    for target in found.targets:
        ccc, r = target.scored.ccc, target.scored.r
        print(
            f"  {target.name:12s} CCC {ccc.value:5.2f} ({ccc.low:.2f} to {ccc.high:.2f})  "
            f"r {r.value:5.2f} ({r.low:.2f} to {r.high:.2f})  p {target.p:.2f}"
        )
    for beside in found.baselines:
        if beside.scored is None:
            print(f"    {beside.name:28s} {beside.says}")
        else:
            ccc, r = beside.scored.ccc.value, beside.scored.r.value
            print(f"    {beside.name:28s} {beside.protocol}  CCC {ccc:5.2f}  r {r:5.2f}")
    for said in (*(finding.name for finding in found.findings), *found.notes):
        print(f"  {said}")


if __name__ == "__main__":
    main()
