"""Numbers to colours: tables, limits that stay calm, and the bar that explains them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter

from ...signal import FloatArray
from ..theme import Colour, Theme

Limits = tuple[float, float]
Table = NDArray[np.uint32]

_STEPS = 256
_BAR = 10.0
_GREY = np.array([0.299, 0.587, 0.114])
# So much of the colour is left in what is not to be trusted.
_LEFT_OVER = 0.2


def colour_table(theme: Theme, signed: bool, trusted: bool = True) -> Table:
    """Return the colours of a scale as pixels, 0xffRRGGBB, shape (256,).

    Parameters
    ----------
    theme : Theme
        Where the colours come from.
    signed : bool
        Whether zero lies in the middle.
    trusted : bool
        Otherwise the colours fade to grey.
    """
    colours = (theme.signed(_STEPS) if signed else theme.rising(_STEPS)).astype(np.float64)
    if not trusted:
        grey = (colours @ _GREY)[:, None]
        colours = grey + _LEFT_OVER * (colours - grey)
    red, green, blue = colours.round().astype(np.uint32).T
    return np.asarray(0xFF000000 | red << 16 | green << 8 | blue, dtype=np.uint32)


def to_pixels(values: FloatArray, limits: Limits, table: Table, missing: Colour) -> Table:
    """Look up the pixels of values; those beyond the limits have the colours of the ends.

    Parameters
    ----------
    values : array of any shape
        NaN has the colour `missing`.
    limits : tuple of float
        What the first and the last colour stand for.
    table : array, shape (256,)
        From `colour_table`.
    missing : tuple of int
        Red, green and blue.

    Returns
    -------
    array of uint32, the shape of `values`
    """
    low, high = limits
    known = ~np.isnan(values)
    at = (np.where(known, values, low) - low) * ((_STEPS - 1) / (high - low))
    pixels = table[np.clip(at + 0.5, 0, _STEPS - 1).astype(np.intp)]
    return np.where(known, pixels, np.uint32(QColor(*missing).rgb())).astype(np.uint32)


def image_over(pixels: Table) -> QImage:
    """Return an image that shows an array, which is to outlive it and may be written anew."""
    height, width = pixels.shape
    return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32)


def calm_limits(values: FloatArray, signed: bool, before: Limits | None = None) -> Limits:
    """Choose round limits that hold all values, and leave them alone while they fit.

    Parameters
    ----------
    values : array
        Those that are not finite do not count.
    signed : bool
        Whether the limits lie evenly about zero.
    before : tuple of float, optional
        The limits until now: kept while all values lie within and fill half of them.

    Returns
    -------
    tuple of float
    """
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if signed:
        high = max(-low, high)
        low = -high
    elif 0 <= low < 0.6 * high:
        low = 0.0
    if before is not None:
        within = before[0] <= low and high <= before[1]
        if within and high - low >= 0.5 * (before[1] - before[0]):
            return before
    size = max(abs(low), abs(high))
    if high - low <= 1e-9 * size:
        return (-1.0, 1.0) if signed else (low, low + 2 * (size or 0.5))
    step = _round_up((high - low) / 8)
    return float(np.floor(low / step) * step), float(np.ceil(high / step) * step)


def _round_up(step: float) -> float:
    power = 10.0 ** np.floor(np.log10(step))
    return float(next(k for k in (1.0, 2.0, 2.5, 5.0, 10.0, 20.0) if k * power >= step) * power)


def mix(first: Colour, second: Colour, part: float) -> QColor:
    """Return a colour between two: `part` 0 is the first, 1 the second."""
    return QColor(*(round(a + part * (b - a)) for a, b in zip(first, second, strict=True)))


def number(value: float) -> str:
    """Write a number as short as reading it off a picture deserves."""
    return f"{value:.3g}".replace("-", "−")


def paint_bar(
    painter: QPainter, room: QRectF, table: Table, limits: Limits, unit: str, theme: Theme
) -> None:
    """Draw a colour bar with its ends, its middle and its unit.

    Parameters
    ----------
    painter : QPainter
        Where to.
    room : QRectF
        The space for the bar and the words right of it (see `bar_width`).
    table : array, shape (256,)
        The colours, lowest first.
    limits : tuple of float
        What the first and the last colour stand for.
    unit : str
        Stands above.
    theme : Theme
        Colours of the words.
    """
    line = painter.fontMetrics().height()
    bar = QRectF(room.left(), room.top() + 1.5 * line, _BAR, room.height() - 2 * line)
    painter.setPen(QColor(*theme.faint))
    painter.drawText(
        QRectF(room.left(), room.top(), room.width(), line), Qt.AlignmentFlag.AlignLeft, unit
    )
    if bar.height() < 2 * line:
        return
    column = np.ascontiguousarray(table[::-1, None])
    painter.drawImage(bar, image_over(column))
    for part in (0.0, 0.5, 1.0):
        value = limits[0] + part * (limits[1] - limits[0])
        y = bar.bottom() - part * bar.height()
        painter.drawText(QPointF(bar.right() + 4, y + 0.35 * line), number(value))


def bar_width(metrics: QFontMetrics, limits: Limits, unit: str) -> float:
    """Return how much room a colour bar needs beside a picture, in pixels."""
    middle = 0.5 * (limits[0] + limits[1])
    # Room for a usual number, so that pictures seldom move when limits change.
    shown = ["−0.875", *(number(k) for k in (limits[0], middle, limits[1]))]
    words = max(metrics.horizontalAdvance(text) for text in shown)
    return max(_BAR + 4.0 + words, float(metrics.horizontalAdvance(unit))) + 2.0
