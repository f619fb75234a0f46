"""Measures every claim the decoder makes of itself: ``python -m rtemotion.models.claims``.

Claims are measured on the people of the frozen benchmark that nothing was fitted on. Each
module `claims_…` holds one, with its definition. A line a finding says what was measured,
what it has to be, what it is, and whether the claim held.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path
from threadpoolctl import threadpool_limits

from .. import __version__
from ..decoding import load_model
from ..errors import RtemotionError, SetupError
from ..simulators.benchmark import FROZEN_SHA256, Benchmark, load_benchmark
from ..simulators.codes import CODES
from . import (
    claims_confounds,
    claims_delay,
    claims_deletion,
    claims_intervals,
    claims_montages,
    claims_sum,
)
from .claims_study import Finding, Study

log = logging.getLogger("rtemotion.models.claims")

CLAIMS: dict[str, Callable[[Study], Iterator[Finding]]] = {
    module.CLAIM: module.measure
    for module in (
        claims_sum,
        claims_deletion,
        claims_intervals,
        claims_montages,
        claims_confounds,
        claims_delay,
    )
}


def measured(study: Study, names: Sequence[str] = tuple(CLAIMS)) -> Iterator[Finding]:
    """Yield what comes out of some claims, each finding as soon as it is there.

    Raises
    ------
    SetupError
        When the benchmark has no such people or the model cannot decode them.
    """
    for name in names:
        log.info("measuring %s", name)
        yield from CLAIMS[name](study)


def as_json(study: Study, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return findings for `json.dumps`, with what they were measured on."""
    return {
        "benchmark": study.benchmark.name,
        "sha256": FROZEN_SHA256,
        "rtemotion": __version__,
        "model": study.model.identity,
        "people": study.people,
        "findings": [vars(finding) for finding in findings],
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the claims that the options name."""
    logging.basicConfig(format="%(asctime)s %(message)s")
    logging.getLogger("rtemotion").setLevel(logging.INFO)
    findings = []
    try:
        benchmark = load_benchmark()
        options = _options(benchmark, arguments)
        most = benchmark.splits["test"].subjects
        if not 2 <= options.people <= most:
            raise SetupError(
                f"--people {options.people}: {benchmark.name} has 2 to {most} to test"
            )
        study = Study(
            benchmark,
            load_model(options.model),
            options.people,
            options.work,
            options.workers,
            options.codes,
        )
        with threadpool_limits(1):
            log.info("checking that the simulator still makes %s", benchmark.name)
            benchmark.check_signals()
            for finding in measured(study, options.only):
                print(finding, flush=True)  # noqa: T201
                findings.append(finding)
    except RtemotionError as error:
        sys.exit(str(error))
    if options.out is not None:
        options.out.write_text(json.dumps(as_json(study, findings), indent=1) + "\n")


def _options(benchmark: Benchmark, arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--model", type=Path, help="a model file; the shipped one by default")
    parser.add_argument(
        "--people",
        type=int,
        default=benchmark.splits["test"].subjects,
        help="how many unseen people, the first ones; all by default",
    )
    parser.add_argument(
        "--only", type=_names(tuple(CLAIMS)), default=tuple(CLAIMS), metavar="NAME,..."
    )
    parser.add_argument(
        "--codes",
        type=_names(CODES),
        default=("mix",),
        metavar="CODE,...",
        help="how emotions show in those on whom montages are compared; mix by default",
    )
    parser.add_argument("--workers", type=int, default=1, help="processes that record")
    parser.add_argument(
        "--work",
        type=Path,
        default=user_cache_path("rtemotion", appauthor=False) / benchmark.name,
        help="keeps what was recorded and decoded, so that a broken run goes on where it was",
    )
    parser.add_argument("--out", type=Path, metavar="REPORT.json", help="every number as JSON")
    return parser.parse_args(arguments)


def _names(known: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    """Return a reader of names with commas between, which keeps the order of those known."""

    def read(text: str) -> tuple[str, ...]:
        asked = text.split(",")
        unknown = [name for name in asked if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)} is none of {', '.join(known)}")
        return tuple(name for name in known if name in asked)

    return read


if __name__ == "__main__":
    main()
