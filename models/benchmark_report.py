"""What came out of the benchmark: as a table to read and as JSON to compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from .. import __version__
from ..signal import FloatArray
from ..simulators import EMOTIONS
from ..simulators.codes import Code
from .contenders import (
    ADDITIVE,
    APPROXIMATE,
    BOTH,
    CONNECTIVITY,
    MEAN,
    MODEL,
    ORACLE,
    POWER,
    SERVED,
)
from .scoring import Interval, over_people

# Under these codes the brain says nothing of emotions.
CONFOUNDS: tuple[Code, ...] = ("muscle", "eyes", "none")
ROWS = (MODEL, SERVED, ADDITIVE, APPROXIMATE, CONNECTIVITY, POWER, BOTH, MEAN, ORACLE)
# A table in a file is as wide as this.
_WIDTH = 110


@dataclass(frozen=True, eq=False)
class Result:
    """Scores under one code at one dose.

    Attributes
    ----------
    code : str
        How emotions show in the people tested.
    orientation_deg : float
        Their spread of orientation.
    trained_on : str
        Code of the people that decoders were fitted on.
    subjects : tuple of int
        Seeds of the people tested.
    ccc : mapping
        Name of a decoder to its concordance, shape (n_subjects, 8).
    coverage : array, shape (n_subjects,)
        Share of labels inside the model's 90 % intervals.
    """

    code: Code
    orientation_deg: float
    trained_on: Code
    subjects: tuple[int, ...]
    ccc: Mapping[str, FloatArray]
    coverage: FloatArray

    def interval(self, name: str) -> Interval:
        """Return a decoder's concordance, averaged over emotions, over people."""
        return over_people(self.ccc[name].mean(axis=1))

    def ahead(self, name: str) -> Interval:
        """Return how far the model is ahead of another decoder on the same people."""
        return over_people((self.ccc[MODEL] - self.ccc[name]).mean(axis=1))

    @property
    def names(self) -> tuple[str, ...]:
        """The decoders there are, in the order of the table."""
        return tuple(name for name in ROWS if name in self.ccc)

    @property
    def above_chance(self) -> tuple[str, ...]:
        """The decoders of other people whose interval lies above zero."""
        return tuple(x for x in self.names if x != ORACLE and self.interval(x).low > 0.0)


@dataclass(frozen=True, eq=False)
class Report:
    """Everything that was scored, and how.

    Attributes
    ----------
    benchmark : str
        Name of the benchmark.
    model : str
        Identity of the model.
    headset : str
        What everybody wore.
    oracle_s : float
        Seconds of a test person that the oracle learnt from.
    trained : int
        People that decoders were fitted on, for each code.
    penalties : mapping
        Code of the training people to the penalty of each ridge.
    agreements : mapping
        Code of the training people to each encoder's agreement, see `contenders.Agreements`.
    results : tuple of Result
        One a code and dose.
    """

    benchmark: str
    model: str
    headset: str
    oracle_s: float
    trained: int
    penalties: Mapping[Code, Mapping[str, float]]
    agreements: Mapping[Code, Mapping[str, tuple[float, float]]]
    results: tuple[Result, ...]


def as_json(report: Report) -> dict[str, Any]:
    """Return a report for `json.dumps`, every subject's scores included."""
    return {
        "benchmark": report.benchmark,
        "rtemotion": __version__,
        "model": report.model,
        "headset": report.headset,
        "oracle_s": report.oracle_s,
        "trained": report.trained,
        "emotions": list(EMOTIONS),
        "penalties": {code: dict(each) for code, each in report.penalties.items()},
        "reset_agreement": {
            code: {
                name: dict(zip(("node", "edge"), pair, strict=True)) for name, pair in each.items()
            }
            for code, each in report.agreements.items()
        },
        "results": [_result_json(result) for result in report.results],
    }


def _result_json(result: Result) -> dict[str, Any]:
    scores = {}
    for name in result.names:
        interval = result.interval(name)
        scores[name] = {
            **_rounded(interval),
            "holds_zero": interval.holds_zero,
            "emotions": result.ccc[name].mean(axis=0).round(4).tolist(),
            "subjects": result.ccc[name].round(4).tolist(),
        }
    return {
        "code": result.code,
        "orientation_deg": result.orientation_deg,
        "trained_on": result.trained_on,
        "subjects": list(result.subjects),
        "ccc": scores,
        "model_ahead_of": {
            name: _rounded(result.ahead(name)) for name in result.names if name != MODEL
        },
        "coverage_90": {
            **_rounded(over_people(result.coverage)),
            "subjects": result.coverage.round(4).tolist(),
        },
    }


def _rounded(interval: Interval) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(interval).items()}


def show(report: Report, console: Console | None = None) -> None:
    """Print one table a code: decoders down, the dose curve across, the oracle below."""
    console = console or Console()
    if not console.is_terminal:
        console.width = _WIDTH
    console.print(
        f"{report.benchmark}, {report.headset}, {report.trained} training people, "
        f"{report.oracle_s:g} s for the oracle; {report.model}",
        highlight=False,
    )
    for code in dict.fromkeys(result.code for result in report.results):
        results = [result for result in report.results if result.code == code]
        console.print(_table(code, results))
        for name, (node, edge) in report.agreements.get(results[0].trained_on, {}).items():
            console.print(
                f"{name}: contributions of channels agree {node:.3f} with what resetting them "
                f"does, of pairs {edge:.3f}",
                highlight=False,
            )
        if code in CONFOUNDS:
            console.print(_chance(results), highlight=False)


def _table(code: Code, results: list[Result]) -> Table:
    first = results[0]
    table = Table(
        title=f"{code}: CCC of {len(first.subjects)} people, fitted on {first.trained_on}",
        title_justify="left",
    )
    table.add_column("")
    for result in results:
        table.add_column(f"{result.orientation_deg:g}°", justify="right", no_wrap=True)
    for name in first.names:
        if name == ORACLE:
            table.add_section()
        table.add_row(name, *(_cell(result.interval(name)) for result in results))
    table.add_section()
    for name in first.names:
        if name in (CONNECTIVITY, POWER):
            ahead = (_cell(result.ahead(name), sign="+") for result in results)
            table.add_row(f"model over {name}", *ahead)
    covered = (_cell(over_people(result.coverage)) for result in results)
    table.add_row("labels in 90 % intervals", *covered)
    return table


def _cell(interval: Interval, sign: str = "-") -> str:
    form = f"{sign}z.2f"
    return f"{interval.mean:{form}} [{interval.low:{form}}, {interval.high:{form}}]"


def _chance(results: Iterable[Result]) -> str:
    found = [
        f"{name} at {result.orientation_deg:g}°"
        for result in results
        for name in result.above_chance
    ]
    if not found:
        return "At chance, as it should be: the brain says nothing of emotions here."
    return f"Above chance, though the brain says nothing of emotions here: {', '.join(found)}."
