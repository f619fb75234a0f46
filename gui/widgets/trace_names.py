"""The names beside the rows of signals, each with the shape of a verdict on its quality."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPixmap, QPolygonF

from ..theme import Colour, Theme

GOOD, DOUBTFUL, BAD, UNKNOWN = 3, 2, 1, 0
_GOOD_FROM, _DOUBTFUL_FROM = 0.8, 0.4
_SIGN = 22
_EDGE = 6


@dataclass(frozen=True)
class Row:
    """What stands beside one row: `verdict` is one of ``GOOD``, ``DOUBTFUL`` ..."""

    name: str
    verdict: int
    bad: bool
    chosen: bool


def verdicts(quality: NDArray[np.float64]) -> NDArray[np.int64]:
    """Judge qualities of 0..1, shape (n,); NaN is not known."""
    known = np.isfinite(quality)
    grades = BAD + (quality >= _DOUBTFUL_FROM) + (quality >= _GOOD_FROM)
    return np.asarray(np.where(known, grades, UNKNOWN), np.int64)


def width_of(names: Sequence[str], font: QFont) -> int:
    """Return the pixels that the longest name takes, its sign included."""
    bold = QFont(font)
    bold.setBold(True)
    metrics = QFontMetrics(bold)
    longest = max((metrics.horizontalAdvance(name) for name in names), default=0)
    return longest + _SIGN + 2 * _EDGE


def paint_names(
    rows: Sequence[Row], size: QSize, height: float, ratio: float, font: QFont, theme: Theme
) -> QPixmap:
    """Draw the names into a picture of their own, for they change rarely.

    Parameters
    ----------
    rows : sequence of Row
        From the uppermost.
    size : QSize
        Of the picture, in pixels of the window system.
    height : float
        What the rows share of it.
    ratio : float
        Pixels of the screen to one of the window system.
    font : QFont
        Made smaller where rows are.
    theme : Theme
        Colours.
    """
    pixmap = QPixmap(QSize(round(size.width() * ratio), round(size.height() * ratio)))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(QColor(*theme.background))
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pitch = height / max(1, len(rows))
    font = QFont(font)
    if QFontMetrics(font).height() > pitch:
        font.setPixelSize(max(8, math.floor(pitch)))
    for k, row in enumerate(rows):
        place = QRectF(0, k * pitch, size.width() - _EDGE, pitch)
        _paint_name(painter, row, place, font, theme)
        centre = QPointF(place.right() - 8, place.center().y())
        _paint_sign(painter, row, centre, min(4.0, pitch * 0.38), theme)
    painter.end()
    return pixmap


def _paint_name(painter: QPainter, row: Row, place: QRectF, font: QFont, theme: Theme) -> None:
    font.setStrikeOut(row.bad)
    font.setBold(row.chosen)
    painter.setFont(font)
    if row.chosen:
        excess = max(0.0, place.height() - 2 * QFontMetrics(font).height()) / 2
        lit = place.adjusted(0, excess, 0, -excess)
        painter.fillRect(lit, QColor(*mixed(theme.accent, theme.raised, 0.25)))
    painter.setPen(QColor(*(theme.muted if row.bad else theme.text)))
    room = place.adjusted(_EDGE, 0, -_SIGN + _EDGE, 0)
    metrics = QFontMetrics(font)
    text = metrics.elidedText(row.name, Qt.TextElideMode.ElideMiddle, math.ceil(room.width()))
    # Reaching over a row's edge is better than letters cut off at their feet.
    flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    painter.drawText(room, int(flags) | int(Qt.TextFlag.TextDontClip), text)


def _paint_sign(painter: QPainter, row: Row, centre: QPointF, size: float, theme: Theme) -> None:
    """Draw a dot for good, a triangle for doubtful, a cross for bad: shapes, not only hues."""
    verdict = BAD if row.bad else row.verdict
    colours = {BAD: theme.bad, DOUBTFUL: theme.doubtful, GOOD: theme.good}
    if verdict not in colours:
        return
    colour = QColor(*(theme.muted if row.bad else colours[verdict]))
    x, y = centre.x(), centre.y()
    if verdict == BAD:
        painter.setPen(QPen(colour, 1.5))
        painter.drawLine(QPointF(x - size, y - size), QPointF(x + size, y + size))
        painter.drawLine(QPointF(x - size, y + size), QPointF(x + size, y - size))
        return
    painter.setBrush(colour)
    painter.setPen(Qt.PenStyle.NoPen)
    if verdict == GOOD:
        painter.drawEllipse(centre, size * 0.8, size * 0.8)
    else:
        corners = ((x, y - size), (x + size, y + size * 0.8), (x - size, y + size * 0.8))
        painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))


def mixed(colour: Colour, ground: Colour, share: float) -> Colour:
    """Lay a share of a colour over a ground."""
    red, green, blue = (
        round(a * share + b * (1 - share)) for a, b in zip(colour, ground, strict=True)
    )
    return red, green, blue
