"""`explain` in a terminal: one line an emotion, then what must be known beside it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..explanation.explaining import Explanation
from ..explanation.graphs import ALL_BANDS
from ..explanation.report.tables import emotion_rows, measure_rows, strongest_channels
from .printing import console

if TYPE_CHECKING:
    from rich.table import Table

_SHORT = {"mean weight": "weight", "global efficiency": "efficiency"}


def show(found: Explanation) -> None:
    """Print an explanation."""
    from rich.text import Text

    shown, about = console(), found.about
    shown.print(Text(about.model, style="bold"))
    learnt = f", {about.seconds} s with values" if about.seconds else ""
    shown.print(Text(f"patterns of {about.measure} on {about.data}{learnt}"))
    for note in about.notes:
        shown.print(Text(f"! {note}", style="yellow"))
    shown.print()
    shown.print(_emotions(found))
    shown.print()
    shown.print(_distances(found))
    if found.left_out:
        shown.print()
        shown.print(_regions(found))
    for line in _legend(found):
        shown.print(Text(f"# {line}", style="dim"))


def _emotions(found: Explanation) -> Table:
    labelled = ["CCC", "truth r"] if found.labelled else []
    names = list(found.graphs[0].measures)
    headings = ["emotion", *labelled, "halves r", "channels", "edges"]
    headings += [_SHORT.get(name, name) for name in names]
    table = _table(*headings, "strongest channels")
    measures = {
        (row["emotion"], row["measure"]): row
        for row in measure_rows(found)
        if row["band"] == ALL_BANDS
    }
    for row in emotion_rows(found):
        own = [_marked(measures[row["emotion"], name]) for name in names]
        halves, truth = (_over(row, name) for name in ("halves", "labels"))
        ccc = [_number(row["concordance"]), truth][: len(labelled)]
        counts = [str(row["channels_above_chance"]), str(row["edges_above_chance"])]
        strongest = " ".join(strongest_channels(found, row["emotion"]))
        table.add_row(row["emotion"], *ccc, halves, *counts, *own, strongest)
    return table


def _over(row: dict[str, Any], name: str) -> str:
    value = row[f"{name}_correlation"]
    return _number(value) + "*" * bool(value > row[f"{name}_by_chance_95"])


def _marked(row: dict[str, Any]) -> str:
    outside = bool(row["value"] > row["by_chance_95"] or row["value"] < row["by_chance_05"])
    return _number(row["value"]) + "*" * outside


def _distances(found: Explanation) -> Table:
    names, distance = found.about.emotions, found.stability.distance
    separation, limit = found.stability.separation, found.chance.separation
    table = _table("distance", *names)
    beyond = np.zeros(distance.shape, dtype=bool)
    if len(limit):
        beyond = separation > np.quantile(limit, 0.95, axis=0)
    for i, name in enumerate(names):
        cells = [
            "" if j >= i else _number(distance[i, j]) + "*" * bool(beyond[i, j])
            for j in range(len(names))
        ]
        table.add_row(name, *cells)
    return table


def _regions(found: Explanation) -> Table:
    regions = list(dict.fromkeys(one.region for one in found.left_out))
    table = _table("without", "ch", *found.about.emotions)
    for region in regions:
        own = {one.emotion: one for one in found.left_out if one.region == region}
        cells = [
            f"{own[name].loss:+.2f}" + "*" * bool(own[name].loss > own[name].drawn_high)
            for name in found.about.emotions
        ]
        table.add_row(region, str(next(iter(own.values())).channels), *cells)
    return table


def _legend(found: Explanation) -> list[str]:
    shifts = len(found.learnt.shifted)
    if not shifts:
        return ["what chance does is not known"]
    lines = [
        f"* outside of what {shifts} shifts in time of the outputs give, at 95 %; channels and "
        "edges are counted above their largest of all",
        "halves r: of an emotion's network in one half with that in the other",
        "distance: weighted Jaccard; * two emotions lie further apart than each from itself",
    ]
    if found.labelled:
        lines.append(
            "CCC: of what was decoded with the labels; truth r: of its network with the network "
            "of the labels"
        )
    if found.left_out:
        against = "labels" if found.labelled else "the whole output"
        lines.append(
            f"without: CCC with {against} lost when a region is reset to its reference; * more "
            "than 95 % of as many channels drawn at random"
        )
    return lines


def _number(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "-"


def _table(*headings: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        left = heading in ("emotion", "without", "distance", "strongest channels")
        table.add_column(
            heading, header_style="dim", justify="left" if left else "right", no_wrap=True
        )
    return table
