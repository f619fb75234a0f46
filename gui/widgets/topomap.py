"""A map of the head seen from above, filled in between its channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QCursor, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from ...signal import FloatArray
from ..state.head import Interpolation
from ..theme import DARK, Theme
from .picture import Values, offer_picture
from .scale import (
    Limits,
    bar_width,
    calm_limits,
    colour_table,
    image_over,
    number,
    paint_bar,
    to_pixels,
)

_PIXELS = 64
_NAMES_UP_TO = 32
_REACH = 12.0
# Outside the head circle: nose and ears, in its radii.
_AROUND = 1.12
# Words and dots on a map of any colour.
_BLACK, _WHITE = QColor(0, 0, 0), QColor(255, 255, 255)


class TopoMap(QWidget):
    """Values of channels as a map: hover over a channel for its name and value.

    Parameters
    ----------
    name : str
        Proposed for a saved picture.
    parent : QWidget, optional
    """

    def __init__(self, name: str = "map", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = DARK
        self._names: tuple[str, ...] = ()
        self._values = np.empty(0)
        self._filled = Interpolation(np.empty((0, 3)), _PIXELS)
        self._label, self._unit, self._why = "", "", "No values yet."
        self._signed, self._trusted, self._changed = False, True, True
        self._asked: Limits | None = None
        self._limits: Limits = (0.0, 1.0)
        self._table = colour_table(DARK, self._signed)
        self._pixels = np.zeros((_PIXELS, _PIXELS), dtype=np.uint32)
        self._image = image_over(self._pixels)
        self._hovered = -1
        self.setMouseTracking(True)
        self.setMinimumSize(90, 90)
        offer_picture(self, name, self.values)

    def set_channels(self, names: Sequence[str], positions: FloatArray) -> None:
        """Say which channels there are; what was shown of others goes.

        Parameters
        ----------
        names : sequence of str
            Channel names, in the order of the values to come.
        positions : array, shape (n_channels, 3)
            Metres, MNE head frame; NaN where not known.
        """
        self._names = tuple(names)
        self._filled = Interpolation(positions, _PIXELS)
        self._hovered = -1
        self.clear("No values yet.")

    def show_values(
        self,
        values: FloatArray,
        label: str,
        unit: str,
        limits: Limits | None = None,
        signed: bool = False,
    ) -> None:
        """Take the values of a moment; `redraw` draws them.

        Parameters
        ----------
        values : array, shape (n_channels,)
            In `unit`. NaN leaves a channel out of the map.
        label : str
            What the values are.
        unit : str
            May be empty.
        limits : tuple of float, optional
            What the ends of the colours stand for; chosen from the values where not given.
        signed : bool
            Whether the colours have zero in their middle.
        """
        if signed != self._signed:
            self._signed = signed
            self._table = colour_table(self._theme, signed, self._trusted)
            self._limits = (-1.0, 1.0) if signed else (0.0, 1.0)
        self._values = np.array(values, dtype=np.float64)
        self._label, self._unit, self._asked, self._why = label, unit, limits, ""
        self._changed = True

    def clear(self, why: str) -> None:
        """Show no map, and say why.

        Parameters
        ----------
        why : str
            One sentence.
        """
        self._values = np.full(len(self._names), np.nan)
        self._why, self._changed = why, True

    def set_trusted(self, trusted: bool) -> None:
        """Let the colours fade to grey where the values are not to be trusted."""
        if trusted != self._trusted:
            self._trusted = trusted
            self._recolour()

    def set_theme(self, theme: Theme) -> None:
        """Draw in the colours of a theme."""
        self._theme = theme
        self._recolour()

    def redraw(self) -> None:
        """Draw what came since the last time, if anything did."""
        if self._changed:
            self._fill()
            if self._hovered >= 0 and QToolTip.isVisible():
                self._tell(QCursor.pos())
            self.update()

    def values(self) -> Values:
        """Return what is shown, for the clipboard."""
        heading = f"{self._label} ({self._unit})" if self._unit else self._label
        rows: list[list[str | float]] = [
            [name, float(value)] for name, value in zip(self._names, self._values, strict=True)
        ]
        return Values(("channel", heading or "value"), rows)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(260, 230)

    def _recolour(self) -> None:
        self._table = colour_table(self._theme, self._signed, self._trusted)
        self._changed = True
        self.redraw()

    def _fill(self) -> None:
        # A window that comes to the front is painted between new values and their redraw.
        if not self._changed:
            return
        self._changed = False
        if self._message():
            return
        self._limits = self._asked or calm_limits(self._values, self._signed, self._limits)
        image = self._filled.map(self._values)
        self._pixels[:] = to_pixels(image, self._limits, self._table, self._theme.background)

    def _message(self) -> str:
        return self._why or self._filled.reason_against(self._values)

    # Drawing ---------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        self._fill()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(*self._theme.background))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        message = self._message()
        head, title, bar = self._layout()
        painter.setPen(QColor(*self._theme.text))
        label = painter.fontMetrics().elidedText(
            self._label, Qt.TextElideMode.ElideRight, int(title.width())
        )
        painter.drawText(title, Qt.AlignmentFlag.AlignLeft, label)
        if not message:
            self._paint_map(painter, head)
            paint_bar(painter, bar, self._table, self._limits, self._unit, self._theme)
        self._paint_outline(painter, head)
        if message:
            painter.setPen(QColor(*self._theme.faint))
            wrapped = Qt.AlignmentFlag.AlignCenter.value | Qt.TextFlag.TextWordWrap.value
            painter.drawText(head.adjusted(8, 8, -8, -8), wrapped, message)
        else:
            self._paint_channels(painter, head)
        painter.end()

    def _layout(self) -> tuple[QRectF, QRectF, QRectF]:
        """Rectangles of the head circle, of the label and of the colour bar."""
        line = self.fontMetrics().height()
        width = bar_width(self.fontMetrics(), self._limits, self._unit)
        title = QRectF(4, 2, self.width() - 8, line)
        room = QRectF(self.rect()).adjusted(4, line + 4, -width - 10, -4)
        reach = max(self._filled.radius, _AROUND)
        radius = max(min(room.width(), room.height()) / 2 / reach, 1.0)
        middle = room.center()
        head = QRectF(middle.x() - radius, middle.y() - radius, 2 * radius, 2 * radius)
        tall = min(room.height(), 2 * radius * reach)
        right = min(middle.x() + reach * radius + 8, self.width() - width - 2)
        return head, title, QRectF(right, middle.y() - tall / 2, width, tall)

    def _paint_map(self, painter: QPainter, head: QRectF) -> None:
        radius = 0.5 * head.width() * self._filled.radius
        scalp = QRectF(0, 0, 2 * radius, 2 * radius)
        scalp.moveCenter(head.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(scalp, self._image)
        # Corners painted over rather than clipped: drawings in SVG have no clips.
        corners = QPainterPath()
        corners.addRect(scalp.adjusted(-1, -1, 1, 1))
        corners.addEllipse(scalp)
        painter.fillPath(corners, QColor(*self._theme.background))
        painter.setPen(QPen(QColor(*self._theme.grid), 1))
        painter.drawEllipse(scalp)

    def _paint_outline(self, painter: QPainter, head: QRectF) -> None:
        radius, middle = head.width() / 2, head.center()

        def at(x: float, y: float) -> QPointF:
            return QPointF(middle.x() + x * radius, middle.y() - y * radius)

        painter.setPen(QPen(QColor(*self._theme.faint), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(head)
        painter.drawPolyline([at(-0.1, 0.995), at(0, 1.1), at(0.1, 0.995)])
        for side in (-1, 1):
            ear = QPainterPath(at(side * 0.985, 0.17))
            ear.cubicTo(at(side * 1.13, 0.2), at(side * 1.1, -0.2), at(side * 0.985, -0.17))
            painter.drawPath(ear)

    def _paint_channels(self, painter: QPainter, head: QRectF) -> None:
        spots = self._spots(head)
        placed = np.isfinite(spots).all(axis=1)
        usable = self._filled.usable(self._values)
        bright = self._is_bright()
        crowd = len(self._names) ** 0.5
        longest = max(map(painter.fontMetrics().horizontalAdvance, self._names), default=0)
        room = head.width() / max(crowd, 1.0)
        named = len(self._names) <= _NAMES_UP_TO and room > max(38, 1.2 * longest)
        size = 4.0 if named else 3.0 if head.width() > 20 * crowd else 2.0
        for ink, there in ((_BLACK, bright), (_WHITE, ~bright)):
            round_ = QPen(ink, size, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
            painter.setPen(round_)
            painter.drawPoints([QPointF(x, y) for x, y in spots[there & usable]])
            painter.setPen(ink)
            for x, y in spots[there & placed & ~usable]:
                painter.drawLine(QPointF(x - 3, y - 3), QPointF(x + 3, y + 3))
                painter.drawLine(QPointF(x - 3, y + 3), QPointF(x + 3, y - 3))
            for index in np.flatnonzero(there & placed) if named else ():
                self._paint_name(painter, QPointF(*spots[index]), self._names[index], head)

    def _paint_name(self, painter: QPainter, spot: QPointF, name: str, head: QRectF) -> None:
        # Above the channel, and at the sides inwards, so that it stays on the map.
        across = (spot.x() - head.center().x()) / head.width()
        inwards = max(abs(across) - 0.35, 0.0) / 0.15 * (-1 if across > 0 else 1)
        width = painter.fontMetrics().horizontalAdvance(name)
        left = spot.x() + width / 2 * (min(max(inwards, -1.0), 1.0) - 1)
        painter.drawText(QPointF(left, spot.y() - 6), name)

    def _is_bright(self) -> NDArray[np.bool_]:
        """Whether black can be read on the map where each channel is, better than white."""
        at = np.nan_to_num(self._places() / self._filled.radius) * [1.0, -1.0]
        column, row = np.clip((at + 1) * _PIXELS / 2, 0, _PIXELS - 1).astype(np.intp).T
        pixels = self._pixels[row, column]
        green, red_and_blue = pixels >> 8 & 255, (pixels >> 16 & 255) + (pixels & 255)
        return np.asarray(2 * green + red_and_blue > 4 * 110)

    def _places(self) -> FloatArray:
        """Where the channels are drawn, in head radii: none beyond the scalp circle."""
        places = self._filled.places
        away = np.hypot(*places.T)
        limit = 0.985 * self._filled.radius
        return np.asarray(places * (limit / np.maximum(away, limit))[:, None])

    def _spots(self, head: QRectF) -> FloatArray:
        """Where the channels are drawn, in pixels, shape (n_channels, 2)."""
        middle = np.array([head.center().x(), head.center().y()])
        return np.asarray(middle + self._places() * [1.0, -1.0] * (head.width() / 2))

    # Pointing --------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        at = np.array([event.position().x(), event.position().y()])
        away = np.hypot(*(self._spots(self._layout()[0]) - at).T)
        away[np.isnan(away)] = np.inf
        near = int(away.argmin()) if away.size else -1
        self._hovered = near if near >= 0 and away[near] <= _REACH else -1
        self._tell(event.globalPosition().toPoint())

    def leaveEvent(self, event: QEvent) -> None:  # noqa: D102
        self._hovered = -1

    def _tell(self, at: QPoint) -> None:
        if self._hovered < 0:
            QToolTip.hideText()
            return
        value = float(self._values[self._hovered])
        words = "left out" if np.isnan(value) else f"{number(value)} {self._unit}".rstrip()
        QToolTip.showText(at, f"{self._names[self._hovered]}: {words}", self)
