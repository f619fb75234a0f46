"""What `evaluate` prints: the verdict first, then scores, and everything beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .printing import console

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from ..models.evaluation import Evaluation


def print_evaluation(found: Evaluation, data: str, caveats: Sequence[str] = ()) -> None:
    """Print an evaluation for people."""
    shown = console()
    for part in _parts(found, data, caveats):
        shown.print(part)


def _parts(found: Evaluation, data: str, caveats: Sequence[str]) -> Iterator[RenderableType]:
    from rich.text import Text

    from ..models.evaluation import words

    style = "bold green" if found.holds else "bold"
    yield Text(words.verdict_words(found), style=style)
    yield Text(words.holds_words(found))
    for caveat in [*caveats, *([words.SIMULATED] if found.simulated else [])]:
        yield Text(caveat, style="yellow")
    yield Text(f"\n{data}, {found.protocol}: {found.protocol_says}")
    yield Text(f"{words.scale_words(found)}")
    yield Text(f"scored: {found.estimator}; features: {found.features}\n")
    yield _targets(found)
    if found.ceiling is not None:
        yield Text(f"ceiling, a within-subject oracle: CCC {found.ceiling:z.2f}")
    if found.baselines:
        yield Text("")
        yield _beside(found)
        yield Text(f"\non equal terms: {words.terms_words(found)}")
    yield Text("\nchance: " + " ".join(words.chance_words(found)))
    yield Text(f"intervals: {words.coverage_words(found)}")
    for finding in words.findings_of(found):
        yield Text(
            f"{finding.severity}, {finding.name}: {finding.says}",
            style="bold red" if finding.severity == "fault" else "yellow",
        )
    for note in found.notes:
        yield Text(f"note: {note}", style="dim")
    for question in found.checklist:
        yield Text(f"ask: {question}", style="bold")


def _targets(found: Evaluation) -> Table:
    from ..models.evaluation.words import interval, plain_p, target_words

    table = _table("target", "what is meant", "CCC", "r", "RMSE", "R²", "discr.", "p", "q", "")
    for k, target in enumerate(found.targets):
        scored = target.scored
        table.add_row(
            target.name,
            target.construct,
            interval(scored.ccc),
            interval(scored.r),
            f"{scored.rmse.value:z.2f}",
            f"{scored.r2.value:z.2f}",
            "–" if math.isnan(target.discriminant) else f"{target.discriminant:z.2f}",
            plain_p(target.p),
            plain_p(target.q),
            target_words(found, k),
        )
    mean = found.mean
    p = "" if found.significance is None else plain_p(found.significance.p)
    table.add_row(
        *("mean", "", interval(mean.ccc), interval(mean.r), f"{mean.rmse.value:z.2f}"),
        *(f"{mean.r2.value:z.2f}", "", p, "", ""),
        style="bold",
    )
    return table


def _beside(found: Evaluation) -> Table:
    from ..models.evaluation.words import interval

    table = _table("beside it", "protocol", "CCC", "r", "")
    for one in found.baselines:
        if one.scored is None:
            table.add_row(one.name, "", "–", "–", one.says, style="dim")
        else:
            scored = one.scored
            table.add_row(one.name, one.protocol, interval(scored.ccc), interval(scored.r))
    return table


def _table(*headings: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, header_style="dim", no_wrap=heading in {"CCC", "r", "target"})
    return table
