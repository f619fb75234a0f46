"""What the emotions are now: a bar each, with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from ..state.scales import number_words
from ..theme import DARK, Theme
from .picture import Values, offer_picture

_LEAST_ROW, _MOST_ROW = 15, 44
_EDGE = 8
_AXIS = 18
_ARROW = 7.0
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)


class Bars(QWidget):
    """Horizontal bars over each emotion's own range, with whiskers for the interval.

    A value that is not to be trusted is drawn grey and hollow; one beyond its range has an
    arrow at the end and its number; none at all is a dash.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Emotions now")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._theme = DARK
        self._names: tuple[str, ...] = ()
        self._lows = self._highs = np.zeros(0)
        self._mean = self._lower = self._upper = np.zeros(0)
        self._trusted = False
        offer_picture(self, "emotions now", self._values)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.update()

    def set_targets(
        self, names: Sequence[str], lows: Sequence[float], highs: Sequence[float]
    ) -> None:
        """Say which emotions there are, and from where to where each goes."""
        if not len(names) == len(lows) == len(highs):
            raise ValueError(
                f"{len(names)} emotions need as many ends of their ranges, "
                f"got {len(lows)} and {len(highs)}"
            )
        if not all(low < high for low, high in zip(lows, highs, strict=True)):
            raise ValueError(
                f"each range must have a low end below its high end, got {lows}, {highs}"
            )
        self._names = tuple(names)
        self._lows, self._highs = np.asarray(lows, float), np.asarray(highs, float)
        self._mean = self._lower = self._upper = np.full(len(names), np.nan)
        self._trusted = False
        self.updateGeometry()
        self.update()

    def redraw(self, mean: ArrayLike, lower: ArrayLike, upper: ArrayLike, trusted: bool) -> None:
        """Draw what is new.

        Parameters
        ----------
        mean, lower, upper : array, shape (n_targets,)
            Values and their intervals, NaN where there are none.
        trusted : bool
            Whether nothing speaks against them.
        """
        new = [np.asarray(values, float) for values in (mean, lower, upper)]
        if any(values.shape != (len(self._names),) for values in new):
            raise ValueError(
                f"expected {len(self._names)} values, got shapes "
                + ", ".join(str(values.shape) for values in new)
            )
        old = (self._mean, self._lower, self._upper)
        same = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(new, old, strict=True))
        if same and trusted == self._trusted:
            return
        self._mean, self._lower, self._upper = new
        self._trusted = trusted
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return the size at which it reads well."""
        return QSize(360, max(120, len(self._names) * 30 + _AXIS))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return the size below which rows run into one another."""
        return QSize(220, len(self._names) * _LEAST_ROW + _AXIS)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw everything."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(*self._theme.background))
        if not self._names:
            painter.setPen(QColor(*self._theme.faint))
            painter.drawText(self.rect(), _CENTRE, "no emotions yet")
            return
        font = self._font()
        painter.setFont(font)
        metrics = QFontMetrics(font)
        longest = max(metrics.horizontalAdvance(name) for name in self._names)
        name_width = min(longest + 2, round(self.width() * 0.35))
        number_width = metrics.horizontalAdvance("\u221200.00") + 4
        pitch = self._pitch()
        left = name_width + 2 * _EDGE + _ARROW
        width = self.width() - left - _ARROW - number_width - 2 * _EDGE
        for index, name in enumerate(self._names):
            y = index * pitch
            known = math.isfinite(self._mean[index])
            ink = self._theme.text if self._trusted and known else self._theme.muted
            painter.setPen(QColor(*ink))
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, name_width)
            painter.drawText(QRectF(_EDGE, y, name_width + 2, pitch), _LEFT, text)
            place = QRectF(self.width() - number_width - _EDGE, y, number_width, pitch)
            painter.drawText(place, _RIGHT, number_words(float(self._mean[index])))
            self._paint_bar(painter, index, QRectF(left, y, max(1.0, width), pitch))
        self._paint_ends(painter, QRectF(left, len(self._names) * pitch, width, _AXIS))

    def event(self, event: QEvent) -> bool:
        """Follow another font."""
        if event.type() == QEvent.Type.FontChange:
            self.updateGeometry()
        return super().event(event)

    def _pitch(self) -> float:
        return min(_MOST_ROW, (self.height() - _AXIS) / len(self._names))

    def _font(self) -> QFont:
        font = QFont(self.font())
        if QFontMetrics(font).height() > self._pitch():
            font.setPixelSize(max(8, math.floor(self._pitch()) - 2))
        return font

    def _paint_bar(self, painter: QPainter, index: int, row: QRectF) -> None:
        theme, low, high = self._theme, self._lows[index], self._highs[index]
        thickness = max(4.0, min(18.0, math.floor(row.height() * 0.5)))
        bar = QRectF(row.x(), round(row.center().y() - thickness / 2), row.width(), thickness)
        painter.fillRect(bar, QColor(*theme.raised))
        values = np.array([0.0, self._mean[index], self._lower[index], self._upper[index]])
        zero, mean, lower, upper = bar.x() + bar.width() * np.clip(
            (values - low) / (high - low), 0.0, 1.0
        )
        if math.isfinite(mean):
            colour = QColor(*(theme.series(index) if self._trusted else theme.muted))
            filled = QRectF(min(zero, mean), bar.y(), abs(mean - zero), bar.height())
            if self._trusted:
                painter.fillRect(filled, colour)
            else:
                painter.setPen(colour)
                painter.drawRect(filled.adjusted(0, 0, -1, -1))
            if not low <= self._mean[index] <= high:
                self._paint_arrow(painter, bar, colour, up=self._mean[index] > high)
        if math.isfinite(lower + upper):
            closed = (bool(self._lower[index] >= low), bool(self._upper[index] <= high))
            self._paint_whiskers(painter, bar, (lower, upper), closed)
        if low < 0 < high:
            painter.setPen(QColor(*theme.faint))
            painter.drawLine(QLineF(zero, bar.top() - 2, zero, bar.bottom() + 2))

    def _paint_whiskers(
        self, painter: QPainter, bar: QRectF, ends: tuple[float, float], closed: tuple[bool, bool]
    ) -> None:
        """Draw the interval; an end that lies beyond the range stays open."""
        y, half = bar.center().y(), bar.height() * 0.3
        lines = [QLineF(ends[0], y, ends[1], y)]
        lines += [
            QLineF(end, y - half, end, y + half)
            for end, is_closed in zip(ends, closed, strict=True)
            if is_closed
        ]
        ink = self._theme.text if self._trusted else self._theme.muted
        # Twice, so that it is seen on the bar as well as beside it.
        for colour, width in ((self._theme.background, 3.0), (ink, 1.0)):
            painter.setPen(QPen(QColor(*colour), width))
            painter.drawLines(lines)

    def _paint_ends(self, painter: QPainter, row: QRectF) -> None:
        """Write the ends of the range below the bars, where all emotions share it."""
        low, high = self._lows[0], self._highs[0]
        if (self._lows != low).any() or (self._highs != high).any():
            return
        painter.setPen(QColor(*self._theme.faint))
        values = [low, high] if low >= 0 else [low, 0.0, high]
        for value in values:
            x = row.x() + (value - low) / (high - low) * row.width()
            place = QRectF(x - 30, row.y(), 60, row.height())
            painter.drawText(place, _CENTRE, number_words(value, 0 if value % 1 == 0 else 1))

    def _paint_arrow(self, painter: QPainter, bar: QRectF, colour: QColor, up: bool) -> None:
        """Draw at the end of the bar that the value lies beyond it."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        base, tip = (bar.right() + 1, _ARROW - 1) if up else (bar.left() - 1, 1 - _ARROW)
        half = max(4.0, bar.height() / 2)
        y = bar.center().y()
        points = ((base, y - half), (base + tip, y), (base, y + half))
        painter.drawPolygon(QPolygonF([QPointF(*point) for point in points]))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _values(self) -> Values:
        """Return the numbers that are shown."""
        numbers = zip(self._mean, self._lower, self._upper, strict=True)
        rows: list[list[str | float]] = [
            [name, *map(float, values), "yes" if self._trusted else "no"]
            for name, values in zip(self._names, numbers, strict=True)
        ]
        return Values(("emotion", "mean", "lower", "upper", "trusted"), rows)
