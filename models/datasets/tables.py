"""Reading tables of labels: CSV and TSV, with messages that name file, row and column."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import SourceError

# What BIDS and others write where there is no value.
_MISSING = frozenset({"", "n/a", "na", "nan", "null", "none"})

Row = Mapping[str, str]


def read_table(path: Path, columns: Sequence[str] = ()) -> list[Row]:
    """Return the rows of a table by the names in its first line.

    Parameters
    ----------
    path : Path
        Ends in ``.tsv``, or holds commas.
    columns : sequence of str
        Columns that must be there.

    Raises
    ------
    SourceError
        If it cannot be read, or a column is not there.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
            reader = csv.DictReader(file, delimiter=delimiter)
            rows: list[Row] = [
                {str(k).strip(): (v or "").strip() for k, v in row.items() if isinstance(v, str)}
                for row in reader
            ]
            names = [name.strip() for name in reader.fieldnames or ()]
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise SourceError(
            f"The table {path} cannot be read ({problem}), expected text in columns."
        ) from problem
    missing = [name for name in columns if name not in names]
    if missing:
        raise SourceError(
            f"The table {path} has no column {', '.join(missing)}, expected among "
            f"{', '.join(names) or 'its columns'}."
        )
    return rows


def number(row: Row, column: str, where: str) -> float:
    """Return a number of a row; NaN where there is none.

    Raises
    ------
    SourceError
        If it is something else.
    """
    text = row.get(column, "")
    if text.lower() in _MISSING:
        return float("nan")
    try:
        return float(text)
    except ValueError:
        raise SourceError(
            f"In {where} the column {column} holds '{text}', expected a number or n/a."
        ) from None
