"""Every edge at once: channels against channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QCursor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from ...signal import FloatArray
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

_LONGEST_NAME = 70


class MatrixView(QWidget):
    """Values of pairs as a matrix: hover over a cell for its pair and value.

    Parameters
    ----------
    name : str
        Proposed for a saved picture.
    parent : QWidget, optional
    """

    def __init__(self, name: str = "matrix", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = DARK
        self._names: tuple[str, ...] = ()
        self._values = np.empty(0)
        self._pairs = np.empty((0, 2), dtype=np.int64)
        self._label, self._unit, self._why = "", "", "No values yet."
        self._signed, self._antisymmetric, self._trusted = False, False, True
        self._changed = True
        self._limits: Limits | None = None
        self._table = colour_table(DARK, signed=False)
        self._hovered: tuple[int, int] | None = None
        self._make_room(0)
        self.setMouseTracking(True)
        self.setMinimumSize(140, 140)
        offer_picture(self, name, self.values)

    def set_channels(self, names: Sequence[str], positions: FloatArray | None = None) -> None:
        """Say which channels there are; edges between others go.

        Parameters
        ----------
        names : sequence of str
            Channel names, in the order that pairs refer to and that rows and columns have.
        positions : array, optional
            Not needed; other pictures of edges take them.
        """
        self._names = tuple(names)
        self._hovered = None
        self._make_room(len(self._names))
        self.clear("No values yet.")

    def show_edges(
        self,
        values: FloatArray,
        pairs: NDArray[np.integer],
        label: str,
        signed: bool,
        *,
        unit: str = "",
        antisymmetric: bool = False,
    ) -> None:
        """Take the edges of a moment; `redraw` draws them.

        Parameters
        ----------
        values : array, shape (n_pairs,)
            NaN is an edge that is not known.
        pairs : array, shape (n_pairs, 2)
            Indices of channels: row and column of a value, which is mirrored.
        label : str
            What the values are.
        signed : bool
            Whether the colours have zero in their middle.
        unit : str
            May be empty.
        antisymmetric : bool
            Whether the mirrored value has the other sign.
        """
        if signed != self._signed or label != self._label:
            self._limits = None
        self._values = np.array(values, dtype=np.float64)
        self._pairs = np.asarray(pairs, dtype=np.int64)
        self._label, self._unit, self._why = label, unit, ""
        self._signed, self._antisymmetric = signed, antisymmetric
        self._changed = True

    def clear(self, why: str) -> None:
        """Show no edges, and say why.

        Parameters
        ----------
        why : str
            One sentence.
        """
        self._values, self._pairs = np.empty(0), np.empty((0, 2), dtype=np.int64)
        self._limits, self._why, self._changed = None, why, True

    def set_trusted(self, trusted: bool) -> None:
        """Let the colours fade to grey where the values are not to be trusted."""
        if trusted != self._trusted:
            self._trusted, self._changed = trusted, True
            self.redraw()

    def set_theme(self, theme: Theme) -> None:
        """Draw in the colours of a theme."""
        self._theme, self._changed = theme, True
        self.redraw()

    def redraw(self) -> None:
        """Draw what came since the last time, if anything did."""
        if self._changed:
            self._fill()
            if self._hovered and QToolTip.isVisible():
                self._tell(QCursor.pos())
            self.update()

    def values(self) -> Values:
        """Return every edge, for the clipboard."""
        heading = f"{self._label} ({self._unit})" if self._unit else self._label
        rows: list[list[str | float]] = [
            [self._names[i], self._names[j], value]
            for (i, j), value in zip(self._pairs, self._values.tolist(), strict=True)
        ]
        return Values(("channel", "other channel", heading or "value"), rows)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(460, 420)

    def _make_room(self, n: int) -> None:
        self._matrix = np.full((n, n), np.nan)
        self._pixels = np.zeros((n, n), dtype=np.uint32)
        self._image = image_over(self._pixels)

    def _fill(self) -> None:
        # A window that comes to the front is painted between new values and their redraw.
        if not self._changed:
            return
        self._changed = False
        first, second = self._pairs.T
        self._matrix[:] = np.nan
        self._matrix[first, second] = self._values
        self._matrix[second, first] = -self._values if self._antisymmetric else self._values
        about_zero = self._signed or self._antisymmetric
        self._table = colour_table(self._theme, about_zero, self._trusted)
        self._limits = calm_limits(self._values, about_zero, self._limits)
        self._pixels[:] = to_pixels(self._matrix, self._limits, self._table, self._theme.raised)

    # Drawing ---------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        self._fill()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(*self._theme.background))
        cells, bar = self._layout()
        painter.setPen(QColor(*self._theme.text))
        label = self.fontMetrics().elidedText(
            self._label, Qt.TextElideMode.ElideRight, self.width() - 8
        )
        painter.drawText(QPointF(4, self.fontMetrics().height() - 2), label)
        if self._why or not self._names:
            painter.setPen(QColor(*self._theme.faint))
            wrapped = Qt.AlignmentFlag.AlignCenter.value | Qt.TextFlag.TextWordWrap.value
            painter.drawText(QRectF(self.rect()).adjusted(20, 20, -20, -20), wrapped, self._why)
        else:
            painter.drawImage(cells, self._image)
            self._paint_names(painter, cells)
            limits = self._limits or (0.0, 1.0)
            paint_bar(painter, bar, self._table, limits, self._unit, self._theme)
            self._paint_cross(painter, cells)
        painter.end()

    def _layout(self) -> tuple[QRectF, QRectF]:
        """Rectangles of the matrix and of the colour bar."""
        metrics = self.fontMetrics()
        line = metrics.height()
        longest = max((metrics.horizontalAdvance(name) for name in self._names), default=0)
        names = min(longest, _LONGEST_NAME) + 8
        width = bar_width(metrics, self._limits or (0.0, 1.0), self._unit)
        room = QRectF(self.rect()).adjusted(names, line + 4, -width - 18, -names)
        size = max(min(room.width(), room.height()), 10.0)
        left = room.left() + (room.width() - size) / 2
        cells = QRectF(left, room.top() + (room.height() - size) / 2, size, size)
        return cells, QRectF(cells.right() + 10, cells.top(), width, size)

    def _paint_names(self, painter: QPainter, cells: QRectF) -> None:
        """Rows' names at the left, columns' below; every k-th where not all fit."""
        cell = cells.width() / len(self._names)
        every = int(np.ceil(0.9 * self.fontMetrics().height() / cell))
        painter.setPen(QColor(*self._theme.faint))
        for index in range(0, len(self._names), every):
            along = (index + 0.5) * cell
            self._paint_name(painter, QPointF(cells.left(), cells.top() + along), index, 0)
            self._paint_name(painter, QPointF(cells.left() + along, cells.bottom()), index, -90)
        if self._hovered is not None:
            row, column = self._hovered
            at_row = QPointF(cells.left(), cells.top() + (row + 0.5) * cell)
            at_column = QPointF(cells.left() + (column + 0.5) * cell, cells.bottom())
            painter.setPen(QColor(*self._theme.accent))
            self._paint_name(painter, at_row, row, 0)
            self._paint_name(painter, at_column, column, -90)

    def _paint_name(self, painter: QPainter, at: QPointF, index: int, degrees: float) -> None:
        """Write a name so that it ends at a point of the matrix's edge."""
        metrics = self.fontMetrics()
        name = metrics.elidedText(self._names[index], Qt.TextElideMode.ElideRight, _LONGEST_NAME)
        width = metrics.horizontalAdvance(name)
        painter.save()
        painter.translate(at)
        painter.rotate(degrees)
        # Not all names are drawn: one that is pointed at covers its neighbours'.
        room = QRectF(-width - 6, -metrics.height() / 2, width + 2, metrics.height())
        painter.fillRect(room, QColor(*self._theme.background))
        painter.drawText(QPointF(-width - 5, metrics.ascent() / 2 - 1), name)
        painter.restore()

    def _paint_cross(self, painter: QPainter, cells: QRectF) -> None:
        if self._hovered is None:
            return
        cell = cells.width() / len(self._names)
        row, column = self._hovered
        spot = QRectF(cells.left() + column * cell, cells.top() + row * cell, cell, cell)
        painter.setPen(QPen(QColor(*self._theme.accent), 1))
        painter.drawRect(spot.adjusted(-1, -1, 0, 0))
        painter.drawLine(QPointF(cells.left(), spot.center().y()), spot.center())
        painter.drawLine(QPointF(spot.center().x(), cells.bottom()), spot.center())

    # Pointing --------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        self._point_at(self._cell_at(event.position()))
        self._tell(event.globalPosition().toPoint())

    def leaveEvent(self, event: QEvent) -> None:  # noqa: D102
        self._point_at(None)

    def _cell_at(self, at: QPointF) -> tuple[int, int] | None:
        cells, _ = self._layout()
        if self._why or not self._names or not cells.contains(at):
            return None
        cell = cells.width() / len(self._names)
        last = len(self._names) - 1
        row = min(int((at.y() - cells.top()) / cell), last)
        column = min(int((at.x() - cells.left()) / cell), last)
        return None if row == column else (row, column)

    def _point_at(self, cell: tuple[int, int] | None) -> None:
        if cell != self._hovered:
            self._hovered = cell
            self.update()

    def _tell(self, at: QPoint) -> None:
        if self._hovered is None:
            QToolTip.hideText()
            return
        row, column = self._hovered
        value = float(self._matrix[row, column])
        words = "not known" if np.isnan(value) else f"{number(value)} {self._unit}".rstrip()
        QToolTip.showText(at, f"{self._names[row]}–{self._names[column]}: {words}", self)
