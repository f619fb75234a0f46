"""Trajectories as tables, CSV or Parquet, one row a segment."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..outlets.files import cannot_write
from ..outlets.table import check_table
from .emotions import EMOTIONS
from .errors import AnnotationError
from .segments import Segment
from .trajectory import Trajectory

RAW = tuple(f"{emotion}_raw" for emotion in EMOTIONS)
_KINDS: Mapping[str, type] = {
    "index": int,
    "marker": str,
    "start": float,
    "end": float,
    **dict.fromkeys((*EMOTIONS, *RAW), float),
    "words": int,
    "text": str,
    "annotator": str,
    "construct": str,
    "timing": str,
    "smoothing": int,
}
COLUMNS = tuple(_KINDS)
Row = dict[str, Any]


def rows(trajectory: Trajectory) -> Iterator[Row]:
    """Yield one mapping a segment, with the keys `COLUMNS`."""
    about = {
        "annotator": trajectory.annotator,
        "construct": trajectory.construct,
        "timing": trajectory.timing,
        "smoothing": trajectory.smoothing,
    }
    scored = zip(
        trajectory.segments, trajectory.values.tolist(), trajectory.raw.tolist(), strict=True
    )
    for index, (segment, values, raw) in enumerate(scored):
        yield {
            "index": index,
            "marker": segment.marker,
            "start": segment.start,
            "end": segment.end,
            **dict(zip(EMOTIONS, values, strict=True)),
            **dict(zip(RAW, raw, strict=True)),
            "words": segment.n_words,
            "text": segment.text,
            **about,
        }


def write_trajectory(trajectory: Trajectory, path: Path, overwrite: bool = False) -> None:
    """Write a table, whole or not at all; the extension chooses CSV or Parquet.

    Raises
    ------
    OutletError
        If it cannot be written there.
    """
    check_table(path, overwrite)
    unfinished = path.with_name(path.name + ".tmp")
    write = _write_csv if path.suffix.lower() == ".csv" else _write_parquet
    try:
        write(unfinished, list(rows(trajectory)))
        unfinished.replace(path)
    except OSError as problem:
        unfinished.unlink(missing_ok=True)
        raise cannot_write(path, problem) from problem


def read_trajectory(path: Path) -> Trajectory:
    """Read a table that `write_trajectory` wrote.

    Raises
    ------
    AnnotationError
        If it is no such table.
    """
    read: Callable[[Path], list[Row]]
    read = _read_parquet if path.suffix.lower() == ".parquet" else _read_csv
    found = read(path)
    if not found:
        raise AnnotationError(f"{path} holds no segment, expected a table of `annotate --out`.")
    first = found[0]
    return Trajectory(
        tuple(
            Segment(row["marker"], row["start"], row["end"], row["text"], row["words"])
            for row in found
        ),
        np.array([[row[name] for name in RAW] for row in found], dtype=np.float64),
        np.array([[row[name] for name in EMOTIONS] for row in found], dtype=np.float64),
        first["annotator"],
        first["timing"],
        first["smoothing"],
        first["construct"],
    )


def _write_csv(path: Path, rows: Sequence[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {name: None if value != value else value for name, value in row.items()}
            for row in rows
        )


def _write_parquet(path: Path, rows: Sequence[Row]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {int: pa.int64(), float: pa.float64(), str: pa.string()}
    about = {name: rows[0][name] for name in ("annotator", "construct", "timing")}
    schema = pa.schema([(name, types[kind]) for name, kind in _KINDS.items()], metadata=about)
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path)


def _read_csv(path: Path) -> list[Row]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            _check_columns(path, reader.fieldnames or ())
            return [_typed(path, reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise _unreadable(path, problem) from problem


def _typed(path: Path, line: int, row: Mapping[str, str | None]) -> Row:
    """Return a row's values; an empty number is NaN."""
    values: Row = {}
    for name, kind in _KINDS.items():
        cell = row[name] or ""
        try:
            values[name] = math.nan if kind is float and not cell else kind(cell)
        except ValueError as problem:
            raise AnnotationError(
                f"{path}, line {line}: {name} is '{cell}', expected a number; write the table "
                "again with `rtemotion annotate`."
            ) from problem
    return values


def _read_parquet(path: Path) -> list[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as problem:
        raise _unreadable(path, problem) from problem
    _check_columns(path, table.column_names)
    found: list[Row] = table.to_pylist()
    return found


def _check_columns(path: Path, names: Sequence[str]) -> None:
    if missing := [name for name in COLUMNS if name not in names]:
        raise AnnotationError(
            f"{path} has no column '{missing[0]}', expected a table written by `rtemotion "
            "annotate --out`; name one."
        )


def _unreadable(path: Path, problem: Exception) -> AnnotationError:
    return AnnotationError(
        f"{path} cannot be read ({problem}), expected a table written by `rtemotion annotate "
        "--out`; check its name."
    )
