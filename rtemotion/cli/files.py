"""`files`: what the recordings in a folder hold."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..sources.listing import RecordingSummary


def run_files(folder: Path, as_json: bool) -> None:
    """List recordings: a table in a terminal, a line each in a pipe, or JSON.

    Raises
    ------
    SourceError
        If there is no such folder.
    """
    from ..sources.listing import list_recordings, summarise

    found = [summarise(folder)] if folder.is_file() else list(list_recordings(folder))
    if as_json:
        listed = [summary.as_dict() for summary in found]
        sys.stdout.write(json.dumps(listed, ensure_ascii=False, indent=1) + "\n")
        return
    base = folder.parent if folder.is_file() else folder
    if not found:
        sys.stdout.write(f"no recordings in {folder}\n")
    elif sys.stdout.isatty():
        _table(base, found)
    else:
        for summary in found:
            sys.stdout.write(f"{_name(base, summary)}: {_holds(summary)}\n")


def _name(base: Path, summary: RecordingSummary) -> str:
    path = summary.path
    return str(path.relative_to(base) if path.is_relative_to(base) else path)


def _holds(summary: RecordingSummary) -> str:
    if summary.problem:
        return f"not readable: {summary.problem}"
    events = "" if summary.events is None else f", {summary.events} events"
    seconds = "" if summary.seconds is None else f", {summary.seconds:.1f} s"
    rate = "" if summary.sfreq is None else f", {summary.sfreq:g} Hz"
    return f"{summary.format}, {summary.n_channels} channels{rate}{seconds}{events}"


def _table(base: Path, found: list[RecordingSummary]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("file", "format", "ch", "Hz", "s", "events", ""):
        table.add_column(heading, header_style="dim", overflow="fold")
    for summary in found:
        numbers = (
            str(summary.n_channels) if not summary.problem else "",
            "" if summary.sfreq is None else f"{summary.sfreq:g}",
            "" if summary.seconds is None else f"{summary.seconds:.1f}",
            "" if summary.events is None else str(summary.events),
        )
        name = _name(base, summary)
        table.add_row(
            name, summary.format, *numbers, summary.problem, style="dim" * bool(summary.problem)
        )
    Console().print(table)
