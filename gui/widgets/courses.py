"""Values over time made into shapes to draw, which never reach over a gap."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyqtgraph.functions import create_qpolygonf, ndarray_from_qpolygonf
from PySide6.QtGui import QPolygonF

from ..state.history import Stretch

Values = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Course:
    """What is drawn of a stretch of history: its rows, or its columns where rows are too many.

    Attributes
    ----------
    times : array, shape (n,)
        Seconds.
    low, high : array, shape (n, n_targets)
        Least and greatest mean of each column, the same where there is one row a column.
    lower, upper : array, shape (n, n_targets)
        The uncertainty, at its widest.
    truth : array, shape (n, n_targets)
        What was felt, the middle of each column.
    """

    times: NDArray[np.float64]
    low: Values
    high: Values
    lower: Values
    upper: Values
    truth: Values


def course(rows: Stretch, seconds: float, n_columns: int) -> Course:
    """Fit a stretch of history to the columns of a picture.

    Columns are counted from time 0, so that they stay the same while the picture moves on. One
    with a row without a value has none: a gap is seen however short it is.

    Parameters
    ----------
    rows : Stretch
        Of the history.
    seconds : float
        From the picture's left edge to its right.
    n_columns : int
        Its width in pixels.
    """
    if len(rows) <= 2 * n_columns:
        return Course(rows.times, rows.mean, rows.mean, rows.lower, rows.upper, rows.truth)
    width = seconds / n_columns
    column = np.floor(rows.times / width)
    first = np.concatenate(([0], np.flatnonzero(np.diff(column)) + 1))
    lowest, highest = (cut.reduceat(rows.truth, first) for cut in (np.minimum, np.maximum))
    return Course(
        times=(column[first] + 0.5) * width,
        low=np.minimum.reduceat(rows.mean, first),
        high=np.maximum.reduceat(rows.mean, first),
        lower=np.minimum.reduceat(rows.lower, first),
        upper=np.maximum.reduceat(rows.upper, first),
        truth=lowest + (highest - lowest) * np.float32(0.5),
    )


def runs(values: NDArray[np.floating]) -> list[slice]:
    """Return where values follow one another without a gap, values of shape (n,)."""
    known = np.concatenate(([False], np.isfinite(values), [False])).astype(np.int8)
    edges = np.flatnonzero(np.diff(known))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def line(
    x: NDArray[np.float64], top: NDArray[np.float64], bottom: NDArray[np.float64] | None = None
) -> QPolygonF:
    """Return a line through points, or through both ends of columns; a single one is a dash.

    Parameters
    ----------
    x : array, shape (n,)
        Pixels.
    top, bottom : array, shape (n,)
        Pixels; `bottom` is left out where columns have one value.
    """
    if len(x) == 1:
        x, top = np.array([x[0] - 1, x[0] + 1]), np.repeat(top, 2)
        bottom = None if bottom is None else np.repeat(bottom, 2)
    if bottom is None:
        return _polygon(x, top)
    return _polygon(np.repeat(x, 2), np.stack([top, bottom], axis=1).ravel())


def band(
    x: NDArray[np.float64], top: NDArray[np.float64], bottom: NDArray[np.float64]
) -> QPolygonF:
    """Return the area between two lines, arrays of pixels of shape (n,)."""
    if len(x) == 1:
        x, top, bottom = np.array([x[0] - 1, x[0] + 1]), np.repeat(top, 2), np.repeat(bottom, 2)
    return _polygon(np.concatenate([x, x[::-1]]), np.concatenate([top, bottom[::-1]]))


def shade(
    pixels: NDArray[np.uint32],
    x: NDArray[np.float64],
    top: NDArray[np.float64],
    bottom: NDArray[np.float64],
    colour: int,
) -> None:
    """Fill the area between two lines into a picture, many times faster than Qt fills polygons.

    Parameters
    ----------
    pixels : array, shape (height, width)
        Written to, nothing where the area is not.
    x, top, bottom : array, shape (n,)
        Pixels of the picture, `x` never decreasing; NaN where there is nothing.
    colour : int
        Of the area, as a pixel.
    """
    height, width = pixels.shape
    columns = np.arange(width) + 0.5
    tops, bottoms = (
        np.interp(columns, x, y, left=np.nan, right=np.nan).astype(np.float32)
        for y in (top, bottom)
    )
    rows = np.arange(height, dtype=np.float32)[:, None] + np.float32(0.5)
    inside = (rows >= tops) & (rows <= bottoms)
    np.multiply(inside, np.uint32(colour), out=pixels)


def clock_words(seconds: float) -> str:
    """Say a moment of a session: ``0:05``, ``12:30``, ``1:02:03``."""
    sign = "\u2212" if seconds < -0.5 else ""
    minutes, rest = divmod(round(abs(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return sign + (f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}")


def clock_step(seconds: float, at_most: int) -> float:
    """Return the step between the moments that are written below an axis of some length."""
    steps = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
    return next((step for step in steps if seconds / step <= at_most), math.inf)


def _polygon(x: NDArray[np.float64], y: NDArray[np.float64]) -> QPolygonF:
    polygon: QPolygonF = create_qpolygonf(len(x))
    points = ndarray_from_qpolygonf(polygon)
    points[:, 0], points[:, 1] = x, y
    return polygon
