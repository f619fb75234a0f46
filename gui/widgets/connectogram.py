"""Channels around a circle, the strongest edges between them as curves."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QCursor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QToolTip, QWidget

from ...signal import FloatArray
from ..state.head import around
from ..state.strongest import strongest
from ..theme import DARK, Theme
from .picture import Values, offer_picture
from .scale import mix, number

_COUNTS = (5, 10, 20, 30, 40, 60, 80, 120, 160, 200, 300, 400)
# Strengths that eyes tell apart; edges of one are a single path, which is drawn at once.
_LEVELS = 5
_WEAKEST = 0.3
_LONGEST_NAME = 70


class Connectogram(QWidget):
    """The strongest edges: hover over a channel for its own, ``+`` and ``-`` for more or fewer.

    Parameters
    ----------
    name : str
        Proposed for a saved picture.
    parent : QWidget, optional
    """

    channel_chosen = Signal(str)

    def __init__(self, name: str = "connectogram", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = DARK
        self._names: tuple[str, ...] = ()
        self._angles = np.empty(0)
        self._values = np.empty(0)
        self._pairs = np.empty((0, 2), dtype=np.int64)
        self._shown: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._label, self._unit, self._why = "", "", "No values yet."
        self._signed, self._antisymmetric, self._trusted = False, False, True
        self._count, self._changed, self._hovered = 40, True, -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 160)
        offer_picture(self, name, self.values)

    def set_channels(self, names: Sequence[str], positions: FloatArray) -> None:
        """Say which channels there are; edges between others go.

        Parameters
        ----------
        names : sequence of str
            Channel names, in the order that pairs refer to.
        positions : array, shape (n_channels, 3)
            Metres, MNE head frame; channels with NaN stand at the bottom.
        """
        self._names = tuple(names)
        self._angles = around(positions)
        self._hovered = -1
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
        """Take the edges of a moment; `redraw` draws the strongest.

        Parameters
        ----------
        values : array, shape (n_pairs,)
            NaN is an edge that is not known.
        pairs : array, shape (n_pairs, 2)
            Indices of channels.
        label : str
            What the values are.
        signed : bool
            Whether edges below zero count as strong and have a colour of their own.
        unit : str
            May be empty.
        antisymmetric : bool
            Whether the sign only says which channel of a pair comes first. Since it then
            depends on the order of the channels, magnitudes are drawn.
        """
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
        self._why, self._changed = why, True

    def set_count(self, count: int) -> None:
        """Say how many edges are drawn at most (1 or more)."""
        self._count, self._changed = max(count, 1), True
        self.redraw()

    def set_trusted(self, trusted: bool) -> None:
        """Draw edges in grey where they are not to be trusted."""
        self._trusted = trusted
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Draw in the colours of a theme."""
        self._theme = theme
        self.update()

    def redraw(self) -> None:
        """Draw what came since the last time, if anything did."""
        if self._changed:
            self._choose()
            if self._hovered >= 0 and QToolTip.isVisible():
                self._tell(QCursor.pos())
            self.update()

    def values(self) -> Values:
        """Return the edges shown, strongest first, for the clipboard."""
        self._choose()
        heading = f"{self._label} ({self._unit})" if self._unit else self._label
        rows: list[list[str | float]] = [
            [self._names[i], self._names[j], value]
            for (i, j), value in zip(
                self._pairs[self._shown], self._values[self._shown].tolist(), strict=True
            )
        ]
        return Values(("channel", "other channel", heading or "value"), rows)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(420, 420)

    def _choose(self) -> None:
        # A window that comes to the front is painted between new edges and their redraw.
        if self._changed:
            self._changed = False
            by_size = self._signed or self._antisymmetric
            self._shown = strongest(self._values, self._count, by_size)

    # Drawing ---------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        self._choose()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(*self._theme.background))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle, radius = self._circle()
        spots = self._spots(middle, radius)
        self._paint_edges(painter, middle, radius, spots)
        self._paint_names(painter, middle, spots)
        line = self.fontMetrics().height()
        painter.setPen(QColor(*self._theme.text))
        label = self.fontMetrics().elidedText(
            self._label, Qt.TextElideMode.ElideRight, self.width() - 8
        )
        painter.drawText(QPointF(4, line - 2), label)
        painter.setPen(QColor(*self._theme.faint))
        painter.drawText(QPointF(4, self.height() - 5), self._caption())
        self._paint_legend(painter)
        if self._why:
            room = QRectF(middle.x() - radius, middle.y() - radius, 2 * radius, 2 * radius)
            wrapped = Qt.AlignmentFlag.AlignCenter.value | Qt.TextFlag.TextWordWrap.value
            painter.drawText(room.adjusted(20, 20, -20, -20), wrapped, self._why)
        painter.end()

    def _caption(self) -> str:
        if self._shown.size == 0:
            return ""
        sizes = np.abs(self._values[self._shown])
        weakest, most = number(float(sizes.min())), number(float(sizes.max()))
        return (
            f"strongest {self._shown.size} of {len(self._values)}: "
            f"{weakest} to {most} {self._unit}".rstrip()
        )

    def _has_sides(self) -> bool:
        """Whether edges above and below zero have colours of their own."""
        return self._signed and not self._antisymmetric

    def _paint_legend(self, painter: QPainter) -> None:
        if not self._has_sides() or not self._shown.size:
            return
        right = self.width() - 4
        for words, negative in (("below 0", True), ("above 0", False)):
            right -= self.fontMetrics().horizontalAdvance(words)
            painter.setPen(self._pen(_LEVELS - 1, negative, dimmed=False))
            # Beside the caption where there is room, else above it.
            painter.drawText(QPointF(right, self._legend_line()), words)
            right -= 10

    def _legend_line(self) -> float:
        metrics = self.fontMetrics()
        needed = metrics.horizontalAdvance(self._caption() + "above 0 below 0") + 40
        return self.height() - 5 - (metrics.height() if needed > self.width() else 0)

    def _circle(self) -> tuple[QPointF, float]:
        """Middle and radius of the circle, in pixels."""
        metrics = self.fontMetrics()
        longest = max((metrics.horizontalAdvance(name) for name in self._names), default=0)
        room = min(longest, _LONGEST_NAME) + 10
        line = metrics.height()
        height = self.height() - 2 * line
        radius = max(min(self.width(), height) / 2 - room, 10.0)
        return QPointF(self.width() / 2, line + height / 2), radius

    def _spots(self, middle: QPointF, radius: float) -> FloatArray:
        """Where the channels stand, in pixels, shape (n_channels, 2)."""
        ways = np.column_stack([np.sin(self._angles), -np.cos(self._angles)])
        return np.asarray([middle.x(), middle.y()] + radius * ways)

    def _paint_edges(
        self, painter: QPainter, middle: QPointF, radius: float, spots: FloatArray
    ) -> None:
        pairs = self._pairs[self._shown]
        if len(pairs) == 0:
            return
        bends = self._bends(pairs, middle, radius)
        sizes = np.abs(self._values[self._shown])
        spread = float(np.ptp(sizes))
        parts = (sizes - sizes.min()) / spread if spread > 0 else np.ones(len(sizes))
        levels = (parts * (_LEVELS - 1)).round().astype(int)
        below = (self._values[self._shown] < 0) & self._has_sides()
        own = (pairs == self._hovered).any(axis=1)
        # Weak ones first and the pointed-at channel's last, so that they are on top.
        for key in sorted(set(zip(own.tolist(), levels.tolist(), below.tolist(), strict=True))):
            path = QPainterPath()
            mine, level, negative = key
            for edge in np.flatnonzero((own == mine) & (levels == level) & (below == negative)):
                i, j = pairs[edge]
                path.moveTo(*spots[i])
                path.quadTo(*bends[edge], *spots[j])
            dimmed = self._hovered >= 0 and not mine
            painter.setPen(self._pen(level, negative, dimmed))
            painter.drawPath(path)

    def _bends(self, pairs: NDArray[np.int64], middle: QPointF, radius: float) -> FloatArray:
        """Control points: near the rim for neighbours, in the middle for channels across."""
        first, second = self._angles[pairs].T
        apart = np.abs((first - second + np.pi) % (2 * np.pi) - np.pi)
        ways = np.column_stack([np.sin(first) + np.sin(second), -np.cos(first) - np.cos(second)])
        # Half the sum of two unit vectors has length cos(apart / 2).
        length = 2 * np.maximum(np.cos(apart / 2), 1e-9)
        depth = 0.9 * radius * (1 - np.sin(apart / 2))
        return np.asarray([middle.x(), middle.y()] + ways * (depth / length)[:, None])

    def _pen(self, level: int, negative: bool, dimmed: bool) -> QPen:
        theme = self._theme
        if dimmed:
            return QPen(QColor(*theme.grid), 1)
        part = _WEAKEST + (1 - _WEAKEST) * level / (_LEVELS - 1)
        if not self._trusted:
            full = theme.muted
        elif self._has_sides():
            full = theme.low if negative else theme.high
        else:
            full = theme.text
        return QPen(mix(theme.background, full, part), 2 if level == _LEVELS - 1 else 1)

    def _paint_names(self, painter: QPainter, middle: QPointF, spots: FloatArray) -> None:
        if not self._names:
            return
        line = self.fontMetrics().height()
        room = self._circle()[1] * 2 * np.pi / len(self._names)
        flat = room > 2.2 * line
        every = 1 if flat else int(np.ceil(0.8 * line / room))
        order = np.argsort(np.argsort(self._angles % (2 * np.pi)))
        painter.setPen(QPen(QColor(*self._theme.faint), 3))
        painter.drawPoints([QPointF(x, y) for x, y in spots])
        paint = self._paint_flat if flat else self._paint_turned
        painter.setPen(QColor(*self._theme.faint))
        for index in np.flatnonzero(order % every == 0).tolist():
            paint(painter, index, spots[index])
        if self._hovered >= 0:
            painter.setPen(QColor(*self._theme.accent))
            paint(painter, self._hovered, spots[self._hovered])

    def _paint_flat(self, painter: QPainter, index: int, spot: FloatArray) -> None:
        metrics = self.fontMetrics()
        name = self._fitting(index)
        width, height = metrics.horizontalAdvance(name), metrics.ascent()
        out_x, out_y = np.sin(self._angles[index]), -np.cos(self._angles[index])
        x = spot[0] + out_x * (7 + width / 2)
        y = spot[1] + out_y * (7 + height / 2)
        self._paint_name(painter, QPointF(x - width / 2, y + height / 2 - 1), name)

    def _paint_turned(self, painter: QPainter, index: int, spot: FloatArray) -> None:
        metrics = self.fontMetrics()
        name = self._fitting(index)
        degrees = float(np.degrees(self._angles[index])) % 360
        left = degrees > 180
        painter.save()
        painter.translate(*spot)
        painter.rotate(degrees + (90 if left else -90))
        x = -7 - metrics.horizontalAdvance(name) if left else 7
        self._paint_name(painter, QPointF(x, metrics.ascent() / 2 - 2), name)
        painter.restore()

    def _paint_name(self, painter: QPainter, at: QPointF, name: str) -> None:
        # Not all names are drawn: one that is pointed at covers its neighbours'.
        room = QRectF(self.fontMetrics().boundingRect(name)).translated(at)
        painter.fillRect(room, QColor(*self._theme.background))
        painter.drawText(at, name)

    def _fitting(self, index: int) -> str:
        return self.fontMetrics().elidedText(
            self._names[index], Qt.TextElideMode.ElideMiddle, _LONGEST_NAME
        )

    # Pointing and typing ---------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        self._point_at(self._channel_at(event.position()))
        self._tell(event.globalPosition().toPoint())

    def leaveEvent(self, event: QEvent) -> None:  # noqa: D102
        self._point_at(-1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        index = self._channel_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and index >= 0:
            self.channel_chosen.emit(self._names[index])

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.set_count(_COUNTS[min(bisect_right(_COUNTS, self._count), len(_COUNTS) - 1)])
        elif event.key() == Qt.Key.Key_Minus:
            self.set_count(_COUNTS[max(bisect_left(_COUNTS, self._count) - 1, 0)])
        else:
            super().keyPressEvent(event)

    def _channel_at(self, at: QPointF) -> int:
        """Find the channel whose dot or name is there, or -1."""
        middle, radius = self._circle()
        x, y = at.x() - middle.x(), at.y() - middle.y()
        away = np.hypot(x, y)
        if not self._names or not radius - 12 <= away <= radius + _LONGEST_NAME + 12:
            return -1
        turned = np.abs((self._angles - np.arctan2(x, -y) + np.pi) % (2 * np.pi) - np.pi)
        nearest = int(turned.argmin())
        return nearest if turned[nearest] * radius < 14 else -1

    def _point_at(self, index: int) -> None:
        if index != self._hovered:
            self._hovered = index
            self.update()

    def _tell(self, at: QPoint) -> None:
        if self._hovered < 0:
            QToolTip.hideText()
            return
        self._choose()
        name = self._names[self._hovered]
        own = self._shown[(self._pairs[self._shown] == self._hovered).any(axis=1)]
        lines = [f"{name}: {own.size} of the strongest {self._shown.size}"]
        for edge in own[:5]:
            other = int(self._pairs[edge].sum()) - self._hovered
            lines.append(f"{self._names[other]} {number(float(self._values[edge]))} {self._unit}")
        QToolTip.showText(at, "\n".join(line.rstrip() for line in lines), self)
