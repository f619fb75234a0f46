"""What reports share: where they are printed, and a bar while a recording is read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_PIPE_WIDTH = 120


def console() -> Console:
    """Return where reports are printed: in a pipe wide enough for paths and hashes."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH)


@contextmanager
def samples_bar(title: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal, nothing elsewhere; told the samples seen so far."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    shown = console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=not shown) as bar:
        task = bar.add_task(title, total=total)
        yield lambda sample: bar.update(task, completed=sample)
