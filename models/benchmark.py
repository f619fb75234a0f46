"""Scores a model on the frozen benchmark: ``python -m rtemotion.models.benchmark``.

Beside the model stand ridges on connectivity, on band power and on both, fitted on
the benchmark's training people, the training mean, and an oracle that has learnt from
the very person it is scored on. All see the same features, made by the code that
decodes, and are scored on the same stretch of the same recordings.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from threadpoolctl import threadpool_limits

from ..decoding import Model, load_model
from ..errors import RtemotionError, SetupError
from ..signal import FloatArray
from ..simulators.benchmark import FROZEN_SHA256, Benchmark, Sitting, load_benchmark
from ..simulators.codes import CODES, Code
from .benchmark_report import Report, Result, as_json, show
from .contenders import ORACLE, Agreements, Guess, covered, decoders, oracle, within
from .scoring import concordance
from .simulated import Record, Recorder, load, recorded

log = logging.getLogger("rtemotion.models.benchmark")


@dataclass(frozen=True)
class Scope:
    """What of the benchmark is run.

    Attributes
    ----------
    codes : tuple of str
        How emotions show in the people tested.
    doses : tuple of float or None
        Spreads of orientation in degrees; all there are when None.
    trained, tested : int
        So many people of each split, the first ones.
    headset : str
        What everybody wears.
    oracle_s : float or None
        How much of a test person the oracle learns from; the benchmark's own when None.
    encoders : bool
        Whether both architectures are fitted on the training people as the ridges are.
    """

    codes: tuple[Code, ...]
    doses: tuple[float, ...] | None
    trained: int
    tested: int
    headset: str
    oracle_s: float | None = None
    encoders: bool = False

    def cells(self, benchmark: Benchmark) -> list[tuple[Code, float]]:
        """Return the codes and doses that are scored, in order."""
        cells = [
            (code, dose)
            for code in self.codes
            for dose in benchmark.orientations("test", code)
            if self.doses is None or dose in self.doses
        ]
        if not cells:
            raise SetupError(
                f"{benchmark.name} has none of the codes {', '.join(self.codes)} at "
                f"{', '.join(f'{x:g}°' for x in self.doses or ())}"
            )
        return cells

    def training(self, benchmark: Benchmark, code: Code) -> tuple[Sitting, ...]:
        """Return whom decoders of a code are fitted on."""
        (dose,) = benchmark.orientations("training", code)
        return benchmark.sittings("training", code, dose, self.headset)[: self.trained]

    def test(self, benchmark: Benchmark, code: Code, dose: float) -> tuple[Sitting, ...]:
        """Return whom they are scored on."""
        people = benchmark.sittings("test", code, dose, self.headset, self.oracle_s)
        return people[: self.tested]


def trained_on(benchmark: Benchmark, code: Code) -> Code:
    """Return the code of the people that decoders for a code are fitted on.

    Where emotions do not show in the brain there is nothing to fit: decoders that
    know brains with both codes are tried on what should tell them nothing.
    """
    return code if code in benchmark.splits["training"].orientations_deg else "mix"


def run(
    benchmark: Benchmark,
    model: Model,
    scope: Scope,
    folder: Path,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Record everybody, fit what is fitted, and score.

    Parameters
    ----------
    benchmark : Benchmark
        Who is recorded.
    model : Model
        Decides the features, and is scored.
    scope : Scope
        What of the benchmark is run.
    folder : Path
        Keeps the records, so that a broken run goes on where it was.
    workers : int
        Processes that record.
    progress : callable
        Told how many recordings are there, and of how many, after each.

    Raises
    ------
    SetupError
        When the benchmark has no such people or the model cannot be scored on them.
    """
    cells = scope.cells(benchmark)
    fitted_on = {code: trained_on(benchmark, code) for code, _ in cells}
    sides = [scope.training(benchmark, code) for code in dict.fromkeys(fitted_on.values())]
    sides += [scope.test(benchmark, *cell) for cell in cells]
    everybody = [one for side in sides for one in side]
    card = model.card
    recorder = Recorder(card.features, card.conditioning, card.smoothing_s, folder)
    files: dict[Sitting, Path] = {}
    for one, path in zip(everybody, recorded(everybody, recorder, workers), strict=True):
        files[one] = path
        progress(len(files), len(everybody))

    def read(sittings: Sequence[Sitting]) -> Iterator[Record]:
        return (load(files[one], one) for one in sittings)

    results = []
    penalties: dict[Code, dict[str, float]] = {}
    agreements: dict[Code, Agreements] = {}
    for known in dict.fromkeys(fitted_on.values()):
        log.info("fitting on %s", known)
        guesses, penalties[known], agreements[known] = decoders(
            model, read(scope.training(benchmark, known)), scope.encoders
        )
        for code, dose in cells:
            if fitted_on[code] == known:
                log.info("scoring %s at %g°", code, dose)
                people = scope.test(benchmark, code, dose)
                scored = [
                    _score(benchmark, model, guesses, record, scope.oracle_s)
                    for record in read(people)
                ]
                ccc = {name: np.array([each[name] for each, _ in scored]) for name in scored[0][0]}
                covered = np.array([share for _, share in scored])
                seeds = tuple(one.subject for one in people)
                results.append(Result(code, dose, known, seeds, ccc, covered))
    return Report(
        benchmark=benchmark.name,
        model=model.identity,
        headset=scope.headset,
        oracle_s=sum(end - start for start, end in benchmark.oracle_spans(scope.oracle_s)),
        trained=len(scope.training(benchmark, next(iter(penalties)))),
        penalties=penalties,
        agreements=agreements,
        results=tuple(sorted(results, key=lambda r: cells.index((r.code, r.orientation_deg)))),
    )


def _score(
    benchmark: Benchmark,
    model: Model,
    guesses: Mapping[str, Guess],
    record: Record,
    oracle_s: float | None,
) -> tuple[dict[str, FloatArray], float]:
    """Return the concordance (8,) of each decoder on one person, and the model's coverage."""
    # Decoders see the recording from its start, as they would live.
    scored = within(record, benchmark.scored_span)
    everyone = {**guesses, ORACLE: oracle(benchmark, record, oracle_s)}
    truth = record.truth[scored].astype(np.float64)
    ccc = {name: concordance(guess(record)[scored], truth) for name, guess in everyone.items()}
    return ccc, float(covered(model, record)[scored].mean())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark, or the part of it that the options name."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        benchmark = load_benchmark()
        options = _options(benchmark, arguments)
        model = load_model(options.model)
        names = ("codes", "doses", "trained", "tested", "headset", "oracle_s", "encoders")
        scope = Scope(**{name: getattr(options, name) for name in names})
        with threadpool_limits(1):
            log.info("checking that the simulator still makes %s", benchmark.name)
            benchmark.check_signals()
            with _bar() as progress:
                report = run(benchmark, model, scope, options.work, options.workers, progress)
    except RtemotionError as error:
        sys.exit(str(error))
    show(report)
    if options.out is not None:
        written = {"sha256": FROZEN_SHA256, **as_json(report)}
        options.out.write_text(json.dumps(written, indent=1) + "\n")


def _options(benchmark: Benchmark, arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--model", type=Path, help="a model file; the shipped one by default")
    parser.add_argument("--codes", type=_codes, default=CODES, metavar="CODE,...")
    parser.add_argument("--doses", type=_doses, metavar="DEGREES,...", help="all by default")
    known = benchmark.splits
    parser.add_argument(
        "--trained", type=_count, default=known["training"].subjects, help="people to fit on"
    )
    parser.add_argument(
        "--tested", type=_count, default=known["test"].subjects, help="people to score on"
    )
    parser.add_argument("--headset", default=benchmark.headset, help="what everybody wears")
    parser.add_argument(
        "--oracle",
        type=float,
        dest="oracle_s",
        metavar="SECONDS",
        help=f"of a test person that the oracle learns from, {benchmark.oracle_s:g} by default; "
        "more makes recordings longer",
    )
    parser.add_argument(
        "--encoders",
        action="store_true",
        help="fit both architectures on the same training people as the ridges (a quarter of an "
        "hour a code)",
    )
    parser.add_argument("--workers", type=int, default=1, help="processes, one thread each")
    parser.add_argument(
        "--work",
        type=Path,
        default=user_cache_path("rtemotion", appauthor=False) / benchmark.name,
        help="keeps the records, so that a broken run goes on where it was",
    )
    parser.add_argument("--out", type=Path, metavar="REPORT.json", help="every score as JSON")
    return parser.parse_args(arguments)


def _codes(text: str) -> tuple[Code, ...]:
    found = tuple(code for code in CODES if code in text.split(","))
    if set(text.split(",")) - set(found):
        raise argparse.ArgumentTypeError(f"{text}: the codes are {', '.join(CODES)}")
    return found


def _doses(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def _count(text: str) -> int:
    if int(text) < 2:
        raise argparse.ArgumentTypeError(f"{text}: at least two people are needed")
    return int(text)


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """Show how many recordings are there: a bar on a terminal, a line now and then in a file."""
    if not sys.stderr.isatty():
        yield (
            lambda done, total: (
                log.info("%d of %d recordings", done, total) if done % 20 == 0 else None
            )
        )
        return
    columns = (TextColumn("recording"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


if __name__ == "__main__":
    main()
