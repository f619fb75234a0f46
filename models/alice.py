"""The Alice experiment, from raw files to a report: ``python -m rtemotion.models.alice``.

Zhang et al. (arXiv 2606.07707) regress eight emotions of a story on dynamic connectivity of
people who hear it, in fMRI; here on EEG, of 33 people who hear the same chapter (see
`datasets.alice`), and under splits that hold. The story's words are annotated, features are
made by the code that decodes live, connectivity and power are compared on equal terms, and
the regressors of the paper stand beside one another.

`--twin` makes a data set in the same layout first whose truth is known: emotions in coupling,
in power, or nowhere while the brain follows the sound.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from threadpoolctl import threadpool_limits

from ..annotation.lexicon import LexiconAnnotator
from ..annotation.segments import cut
from ..annotation.trajectory import Trajectory
from ..annotation.trajectory_table import write_trajectory
from ..annotation.transcript import read_transcript
from ..errors import OutletError, RtemotionError
from ..features import FeatureSchema
from ..simulators.listening import VERSIONS, write_twin
from .datasets import Preparation, alice
from .datasets.alice import WORDS
from .datasets.electrodes import spread_electrodes
from .datasets.scale import table_at_scale
from .evaluation import Evaluation, FeatureTable, Plan, evaluate
from .evaluation.report import write_report
from .evaluation.scores import Score
from .recipes import RECIPES

log = logging.getLogger("rtemotion.models.alice")

Advance = Callable[[int, int], None]


@dataclass(frozen=True)
class Study:
    """How the experiment is done.

    Attributes
    ----------
    labels : Path or None
        Labels of the story; annotated by the word list that ships where there are none.
    electrodes : int
        So many, spread over the head: edges grow with their square, and neighbours see much
        the same.
    step_s : float
        Seconds between rows.
    estimators : tuple of str
        Beside the ridge that the headline is of, see `recipes`.
    shifts : int
        Moves of the labels at most.
    cache : Path or None
        Where features are kept.
    jobs : int
        Processes.
    """

    labels: Path | None = None
    electrodes: int = 20
    step_s: float = 4.0
    estimators: tuple[str, ...] = ()
    shifts: int = 500
    cache: Path | None = None
    jobs: int = 1


@dataclass(frozen=True, eq=False)
class Found:
    """What came of it.

    Attributes
    ----------
    headline : Evaluation
        Ridge, subjects and segments of the story held out together.
    others : dict of str to Evaluation
        The other regressors on the same folds.
    """

    headline: Evaluation
    others: dict[str, Evaluation]


def run(folder: Path, study: Study, advance: Advance = lambda done, total: None) -> Found:
    """Run the experiment on a folder in the layout of the Alice data.

    Raises
    ------
    RtemotionError
        If files are missing, or the data do not allow it.
    """
    labels = study.labels or folder / "labels.csv"
    if not labels.exists() and study.labels is None:
        annotate(folder, labels)
    table = prepared(folder, labels, study, advance)
    with threadpool_limits(1):
        headline = evaluate(table, None, "B", Plan(shifts=study.shifts))
        bare = Plan(shifts=0, baselines=False)
        others = {}
        for name in study.estimators:
            recipe = RECIPES[name]
            others[name] = evaluate(table, recipe.make(), "B", bare, tune=recipe.tune)
    return Found(headline, others)


def annotate(folder: Path, labels: Path) -> None:
    """Write labels of the story by the word list that ships."""
    transcript = read_transcript(folder / WORDS)
    pieces = cut(transcript)
    lexicon = LexiconAnnotator()
    scores = np.array(list(lexicon.scores(pieces)))
    write_trajectory(Trajectory.of(pieces, scores, lexicon.identity, transcript.timing), labels)


def prepared(folder: Path, labels: Path, study: Study, advance: Advance) -> FeatureTable:
    """Return the features of all who listen, made by the code that decodes live."""
    data = alice(folder, labels)
    how = Preparation(FeatureSchema(measures=("imcoh",)), step_s=study.step_s)
    chosen = spread_electrodes(data, how, study.electrodes)
    how = Preparation(how.schema, step_s=study.step_s, channels=chosen)
    return table_at_scale(data, how, study.cache, study.jobs, progress=advance)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    study = Study(
        options.labels, options.electrodes, options.step, _names(options.estimators),
        options.shifts, options.cache, options.jobs,
    )  # fmt: skip
    out = options.out or options.folder / "report"
    try:
        folders = list(_folders(options))
        found = {}
        for name, folder in folders:
            with _bar(f"{name}: features") as advance:
                found[name] = run(folder, study, advance)
            _write(found[name], out / name if len(folders) > 1 else out, name)
    except RtemotionError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    _show(found)
    sys.stdout.write(f"# reports in {out}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rtemotion.models.alice", description=(__doc__ or "").split("\n\n")[0]
    )
    add = parser.add_argument
    add("folder", type=Path, help="the Alice data: holds eeg and stimuli")
    add("--out", type=Path, help="folder for reports; FOLDER/report by default")
    add("--twin", default="", help=f"make twins in FOLDER first: {','.join(VERSIONS)}")
    add("--people", type=int, default=33, help="listeners of a twin")
    add("--seed", type=int, default=1, help="of a twin's story and listeners")
    add("--labels", type=Path, help="table of `rtemotion annotate`; the word list by default")
    add("--electrodes", type=int, default=20, help="so many, spread over the head")
    add("--step", type=float, default=4.0, help="seconds between rows")
    add("--estimators", default="", help=f"beside the ridge: {','.join(RECIPES)}")
    add("--shifts", type=int, default=500, help="moves of the labels at most")
    add("--cache", type=Path, help="folder in which features are kept")
    add("--jobs", type=int, default=1, help="processes")
    return parser


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _folders(options: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    """Yield the data sets, made first where they are twins."""
    _known(_names(options.twin), VERSIONS, "version of the twin")
    _known(_names(options.estimators), RECIPES, "estimator")
    if not options.twin:
        yield "Alice", options.folder
    for name in _names(options.twin):
        with _bar(f"{name}: listeners") as advance:
            folder = options.folder / name
            write_twin(folder, VERSIONS[name], options.people, options.seed, progress=advance)
        yield name, folder


def _known(names: Sequence[str], known: Iterable[str], what: str) -> None:
    for name in names:
        if name not in known:
            raise RtemotionError(f"'{name}' is no {what}, expected some of {', '.join(known)}.")


@contextmanager
def _bar(title: str) -> Iterator[Advance]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _write(found: Found, folder: Path, name: str) -> None:
    headline = found.headline
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_report(headline, folder / "report.html", name)
        (folder / "report.json").write_text(headline.to_json())
        _write_others(found, folder)
    except OSError as problem:
        raise OutletError(
            f"{folder} cannot be written to ({problem}); name another folder with --out."
        ) from problem


def _write_others(found: Found, folder: Path) -> None:
    for name, evaluation in found.others.items():
        (folder / f"{name}.json").write_text(evaluation.to_json())


def _show(found: dict[str, Found]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in (
        "",
        "verdict",
        "CCC of ridge",
        "p",
        "connectivity",
        "power",
        "difference in r",
    ):
        table.add_column(heading, header_style="dim")
    for name, one in found.items():
        headline = one.headline
        terms, chance = headline.equal_terms, headline.significance
        table.add_row(
            name,
            headline.verdict,
            _interval(headline.mean.ccc),
            "" if chance is None else f"{chance.p:.3f}",
            *(("", "", "") if terms is None else (
                f"{terms.connectivity.r.value:.2f}",
                f"{terms.power.r.value:.2f}",
                _interval(terms.difference),
            )),
        )  # fmt: skip
        for other, evaluation in one.others.items():
            table.add_row(f"  {other}", "", _interval(evaluation.mean.ccc))
    Console().print(table)


def _interval(score: Score) -> str:
    return f"{score.value:.2f} ({score.low:.2f} to {score.high:.2f})"


if __name__ == "__main__":
    sys.exit(main())
