"""What `annotate` prints: emotions over a story, and how far annotators agree."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from ..annotation.agreement import Agreement
from ..annotation.emotions import EMOTIONS
from ..annotation.trajectory import Trajectory
from .printing import console


def print_rows(trajectory: Trajectory) -> None:
    """Print a line for each segment."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    marked = any(segment.marker for segment in trajectory.segments)
    for name in (*(("marker",) if marked else ()), "from", "to", *(e[:5] for e in EMOTIONS)):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("text", no_wrap=True)
    screen = console()
    room = screen.width - (68 if marked else 62)
    for segment, values in zip(trajectory.segments, trajectory.values, strict=True):
        table.add_row(
            *((Text(segment.marker),) if marked else ()),
            f"{segment.start:.1f}",
            f"{segment.end:.1f}",
            *(_score(value) for value in values.tolist()),
            Text(_short(segment.text, room)),
        )
    screen.print(table)


def print_summary(trajectory: Trajectory) -> None:
    """Print a line for each emotion: how strong it is, and where it is strongest."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("emotion", "mean", "highest"):
        table.add_column(name, justify="left" if name == "emotion" else "right")
    table.add_column("at", no_wrap=True)
    screen = console()
    for i, emotion in enumerate(EMOTIONS):
        values = trajectory.values[:, i]
        if not np.isfinite(values).any():
            table.add_row(emotion, "-", "-", "")
            continue
        at = int(np.nanargmax(values))
        segment = trajectory.segments[at]
        where = f"{segment.marker} {segment.start:.1f} s: {segment.text}".strip()
        where = where if values[at] > 0.0 else ""
        table.add_row(
            emotion,
            _score(float(np.nanmean(values))),
            _score(float(values[at])),
            Text(_short(where, screen.width - 30)),
        )
    screen.print(table)


def print_agreement(found: Sequence[Agreement], names: Sequence[str]) -> None:
    """Print a line for each emotion: CCC, ICC(2,1) and the means of each."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("emotion")
    letters = [chr(ord("A") + i) for i in range(len(names))]
    for name in ("segments", "CCC", "ICC(2,1)", *(f"mean {letter}" for letter in letters)):
        table.add_column(name, justify="right", no_wrap=True)
    for one in found:
        means = (_score(mean) for mean in one.means)
        table.add_row(one.emotion, str(one.n), _score(one.ccc), _score(one.icc), *means)
    console().print(table)
    for letter, name in zip(letters, names, strict=True):
        sys.stdout.write(f"# {letter}: {name}\n")
    sys.stdout.write(
        "# CCC: Lin's concordance; ICC(2,1): absolute agreement of single raters, two-way random; "
        "both on scores before smoothing; '-' where nothing varies\n"
    )


def _short(text: str, room: int) -> str:
    """Return as much of a text as there is room for."""
    room = max(room, 12)
    return text if len(text) <= room else f"{text[: room - 1]}…"


def _score(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "-"
