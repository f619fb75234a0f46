"""`bench`: this machine against the goals, as a table or as JSON."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import typer

from ..bench import MEASUREMENTS, Measurement, judge
from ..bench.machine import facts
from ..bench.processes import MeasurementError, measure_apart
from ..errors import RtemotionError


def run_bench(only: Sequence[str] = (), quick: bool = False, as_json: bool = False) -> None:
    """Measure, and print what was found.

    Parameters
    ----------
    only : sequence of str
        Names of measurements; all when empty.
    quick : bool
        Show that they work, not how fast.
    as_json : bool
        Print JSON.

    Raises
    ------
    RtemotionError
        If a measurement failed, once the others are done and printed. A goal missed is
        no failure.
    """
    found = measure_all(chosen(only), quick)
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2, allow_nan=False) + "\n")
    else:
        _print(found)
    if found["failed"]:
        raise RtemotionError(f"Of the measurements, {', '.join(found['failed'])} failed.")


def chosen(only: Sequence[str]) -> list[Measurement]:
    """Return the measurements of these names, all for none, in the order there is."""
    unknown = [name for name in only if name not in MEASUREMENTS]
    if unknown:
        raise typer.BadParameter(
            f"--only: nothing measured is called {', '.join(unknown)}; there are "
            f"{', '.join(MEASUREMENTS)}."
        )
    return [m for m in MEASUREMENTS.values() if not only or m.name in only]


def measure_all(measurements: Sequence[Measurement], quick: bool) -> dict[str, Any]:
    """Run measurements one after the other, and return everything in one mapping.

    Returns
    -------
    dict
        ``machine``, ``quick``, the values by their keys, ``left_out`` and ``failed`` with
        a sentence each, and ``goals``.
    """
    machine = facts()
    values: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    failed: dict[str, str] = {}
    for measurement in _with_progress(measurements):
        try:
            result = measure_apart(measurement, quick)
        except MeasurementError as error:
            failed[measurement.name] = str(error)
            values |= dict.fromkeys(measurement.keys)
        else:
            values |= result.values
            left_out |= result.left_out
    goals = [
        dataclasses.asdict(v.goal) | {"measured": v.measured, "met": v.met} for v in judge(values)
    ]
    said = {"left_out": left_out, "failed": failed, "goals": goals}
    return {"machine": machine, "quick": quick, **values, **said}


def _with_progress(measurements: Sequence[Measurement]) -> Iterator[Measurement]:
    """Yield measurements, and tell a terminal which of them is under way."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task("", total=len(measurements))
        for measurement in measurements:
            progress.update(task, description=measurement.what)
            yield measurement
            progress.advance(task)


def _print(found: Mapping[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("measured here")
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("goal", justify="right", no_wrap=True)
    table.add_column("")
    for goal in found["goals"]:
        value, unit = goal["measured"], goal["unit"]
        met = {True: "met", False: "not met", None: ""}[goal["met"]]
        table.add_row(
            goal["what"],
            "-" if value is None else _number(value, unit),
            f"{goal['sense']} {_number(goal['limit'], unit)}",
            met,
        )
    Console().print(table)
    for line in _notes(found):
        sys.stdout.write(f"# {line}\n")


def _number(value: float, unit: str) -> str:
    digits = f"{value:.0f}" if value >= 100 else f"{value:.3g}"
    return f"{digits} {unit}".rstrip()


def _notes(found: Mapping[str, Any]) -> Iterator[str]:
    """Say on what this was measured, and what is missing."""
    machine = found["machine"]
    load = machine["load_average"]
    busy = "" if load is None else f", load {load[0]:.1f} at the start"
    yield (
        f"on {machine['processor']}, {machine['cores']} cores{busy}; Python {machine['python']}, "
        f"numpy {machine['numpy']}"
    )
    if load is not None and load[0] > 0.5:
        yield "other programs were running, so this machine may do better than these numbers"
    if found["quick"]:
        yield "quick: this shows that the measurements work; the numbers mean little"
    by_sentence: dict[str, list[str]] = {}
    for key, sentence in found["left_out"].items():
        by_sentence.setdefault(sentence, []).append(key)
    for sentence, keys in by_sentence.items():
        yield f"left out: {', '.join(keys)}: {sentence}"
    for name, sentence in found["failed"].items():
        yield f"failed: {name}: {sentence}"
