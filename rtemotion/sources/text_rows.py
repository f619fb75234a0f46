"""Rows of a text recording: read in blocks, turned into numbers, checked for losses."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..signal import FloatArray
from .text_layouts import Layout

BLOCK_ROWS = 4096
# Lines among which a layout shows itself, and the longest of them.
_HEAD_LINES, _HEAD_CHARS = 200, 20_000
# A counter is believed when this share of its steps are the usual one.
_REGULAR_SHARE = 0.9
# A step beyond this is a damaged cell, not a loss.
_MOST_MISSING = 1e9
SCALES = {"s": 1.0, "ms": 1e-3, "us": 1e-6}


@contextmanager
def _decoding(path: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as problem:
        raise SourceError(
            f"{path} is no UTF-8 text ({problem.reason} near byte {problem.start} of a block), "
            "expected a text recording; save it as UTF-8, or check that it is the file you mean."
        ) from None
    except OSError as problem:
        raise SourceError(
            f"{path} could not be read ({problem}), expected a text recording; check the disk and "
            "the file's permissions."
        ) from problem


def first_lines(path: Path, more: int = 0) -> list[str]:
    """Return the lines a file begins with, and so many more.

    Raises
    ------
    SourceError
        If it is not UTF-8 text.
    """
    with _decoding(path), path.open(encoding="utf-8-sig") as file:
        lines = [file.readline(_HEAD_CHARS) for _ in range(_HEAD_LINES + more)]
    return [line.rstrip("\r\n") for line in lines if line]


def blocks(path: Path, layout: Layout) -> Iterator[list[str]]:
    """Yield the rows of a file as text, `BLOCK_ROWS` lines at a time.

    Empty lines and comments are left out.

    Raises
    ------
    SourceError
        If the file is not UTF-8 text.
    """
    with _decoding(path), path.open(encoding="utf-8-sig") as file:
        for _ in islice(file, layout.header_lines):
            pass
        while lines := list(islice(file, BLOCK_ROWS)):
            comment = layout.comment
            rows = [x for x in lines if x.strip() and not (comment and x.startswith(comment))]
            if rows:
                yield rows


def numbers(rows: Sequence[str], columns: Sequence[int], layout: Layout) -> FloatArray:
    """Return some columns as numbers, shape (n_rows, n_columns), NaN where they are none."""
    if not rows:
        return np.empty((0, len(columns)))
    given = rows if layout.decimal == "." else [row.replace(layout.decimal, ".") for row in rows]
    try:
        values: FloatArray = np.loadtxt(
            given,
            delimiter=layout.delimiter,
            usecols=columns,
            comments=None,
            quotechar='"',
            ndmin=2,
        )
    except ValueError:
        values = np.empty((0, 0))
    if len(values) != len(rows):
        # Some cell is no number, or some row too short: cell by cell, which is slow.
        values = np.array([_row(row, columns, layout) for row in rows])
    values[~np.isfinite(values)] = np.nan
    if layout.missing:
        values[np.isin(values, layout.missing)] = np.nan
    return values


def _row(row: str, columns: Sequence[int], layout: Layout) -> list[float]:
    cells = row.split(layout.delimiter)
    return [number(cells[i], layout.decimal) if i < len(cells) else math.nan for i in columns]


def number(cell: str, decimal: str = ".") -> float:
    """Return a cell as a number, NaN when it is none."""
    try:
        # float() also takes what no recording means: "1_000", other scripts' digits.
        plain = cell.isascii() and "_" not in cell
        return float(cell.strip().strip('"').replace(decimal, ".")) if plain else math.nan
    except ValueError:
        return math.nan


def cells_of(row: str, delimiter: str | None) -> list[str]:
    """Return the cells of a row without quotes and spaces around them."""
    return [cell.strip().strip('"').strip() for cell in row.split(delimiter)]


def texts(rows: Sequence[str], column: int, layout: Layout) -> list[str]:
    """Return one column as text; codes that are whole numbers without decimals."""
    return [_text(row.split(layout.delimiter), column, layout.decimal) for row in rows]


def _text(cells: list[str], column: int, decimal: str) -> str:
    cell = cells[column].strip().strip('"').strip() if column < len(cells) else ""
    value = number(cell, decimal)
    return str(int(value)) if math.isfinite(value) and value == int(value) else cell


def has_sample(row: str, layout: Layout) -> bool:
    """Tell a row with a sample from one that holds a marker and nothing else."""
    cells = row.split(layout.delimiter)
    return any(i < len(cells) and cells[i].strip() for i in layout.columns)


def stamps(rows: Sequence[str], layout: Layout) -> FloatArray:
    """Return the stamps that can be read, in seconds, shape (n_stamps,)."""
    if layout.time is None:
        return np.empty(0)
    values = numbers(rows, [layout.time], layout)[:, 0]
    if np.isnan(values).all():
        values = np.array([_moment(row.split(layout.delimiter), layout.time) for row in rows])
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return values
    return values * (SCALES[layout.time_unit] if layout.time_unit else _scale(values[0]))


def _moment(cells: list[str], column: int) -> float:
    try:
        return datetime.fromisoformat(cells[column].strip()).timestamp()
    except (ValueError, IndexError, OverflowError, OSError):
        return math.nan


def _scale(stamp: float) -> float:
    """Return what makes seconds of a stamp: Unix time in s, ms or µs is told by its size."""
    return 1.0 if abs(stamp) < 1e11 else 1e-3 if abs(stamp) < 1e14 else 1e-6


def measured_rate(times: FloatArray) -> float:
    """Return samples a second by the stamps, NaN when they do not tell.

    The median is over steps of about a second, so that neither rounding nor
    samples that arrive in bursts matter.
    """
    if len(times) < 2:
        return math.nan
    span = float(times[-1] - times[0])
    lag = int(np.clip(len(times) / span if span > 0 else 1, 1, len(times) // 2))
    step = float(np.median(times[lag:] - times[:-lag])) / lag
    return 1.0 / step if step > 0 else math.nan


class Counter:
    """Counts the samples missing by a device's own sample index.

    Parameters
    ----------
    first : array, shape (n,)
        The indices of the first rows, from which step and wrap-around are learned.

    Attributes
    ----------
    regular : bool
        Whether they are a counter at all; nothing is missing where they are not.
    """

    def __init__(self, first: FloatArray) -> None:
        steps = np.diff(first[np.isfinite(first)])
        up, down = steps[steps > 0], steps[steps < 0]
        self._step = _most_common(up) if len(up) else 0.0
        self._wrap = self._step - _most_common(down) if len(down) else math.inf
        usual = (steps == self._step) | (steps == self._step - self._wrap)
        self.regular = bool(len(up)) and float(usual.mean()) >= _REGULAR_SHARE
        self._last = math.nan

    def missing(self, values: FloatArray) -> NDArray[np.int64]:
        """Return how many samples are missing before each of the next rows, shape (n,)."""
        out = np.zeros(len(values), dtype=np.int64)
        if not self.regular:
            return out
        steps = np.diff(np.concatenate([[self._last], values]))
        odd = np.flatnonzero((steps != self._step) & (steps != 0) & np.isfinite(steps))
        for i in odd.tolist():
            step = steps[i] if steps[i] > 0 else steps[i] + self._wrap
            if step < min(self._wrap, _MOST_MISSING * self._step):
                out[i] = max(0, round(step / self._step) - 1)
        if len(values):
            self._last = float(values[-1])
        return out


def _most_common(values: FloatArray) -> float:
    found, counts = np.unique(values, return_counts=True)
    return float(found[np.argmax(counts)])
