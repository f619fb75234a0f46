"""Writing tables, figures and the page into a folder, all of them or none."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from ...errors import OutletError
from ...outlets.files import cannot_write
from ..explaining import Explanation
from .tables import TABLES, Row


def check_folder(folder: Path, overwrite: bool) -> None:
    """Refuse a folder that a report could not be written to, before anything is decoded.

    Raises
    ------
    OutletError
        When it holds something already, or cannot be made.
    """
    if folder.exists() and not folder.is_dir():
        raise OutletError(f"{folder} is a file, expected a folder to write to; name another.")
    if not folder.absolute().parent.is_dir():
        raise OutletError(f"{folder} cannot be made: there is no folder {folder.parent}.")
    if folder.is_dir() and any(folder.iterdir()) and not overwrite:
        raise OutletError(
            f"{folder} holds something already; name another folder, or replace a report in it "
            "with --overwrite."
        )


def write_report(
    found: Explanation, folder: Path, more: Mapping[str, Iterable[Row]] | None = None
) -> tuple[Path, ...]:
    """Write tables (CSV), figures (PNG and SVG) and ``explain.html``.

    Parameters
    ----------
    found : Explanation
    folder : Path
        Made where it is not there; files of the same names are replaced.
    more : mapping
        Rows of more tables, by the name of their file.

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    OutletError
        When it cannot be written; nothing is left then.
    """
    from .page import write_page

    partial = folder.with_name(folder.name + ".partial")
    try:
        if partial.exists():
            shutil.rmtree(partial)
        partial.mkdir()
        for name, rows in TABLES.items():
            _write(partial / f"{name}.csv", rows(found), found.about.model)
        for name, rows_of in (more or {}).items():
            _write(partial / f"{name}.csv", rows_of, found.about.model)
        write_page(found, partial)
        folder.mkdir(exist_ok=True)
        written = [path.replace(folder / path.name) for path in sorted(partial.iterdir())]
    except OSError as problem:
        raise cannot_write(folder, problem) from problem
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return tuple(written)


def _write(path: Path, rows: Iterable[Row], model: str) -> None:
    """Write a table; one without rows is left out."""
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, (*first, "model"))
        writer.writeheader()
        for row in chain((first,), rows):
            writer.writerow(_plain(row) | {"model": model})


def _plain(row: Row) -> dict[str, Any]:
    """Return a row as text: numbers that are not known are empty, truth is true or false."""
    return {key: _cell(value) for key, value in row.items()}


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return "" if value != value else f"{value:.6g}"
    return value
