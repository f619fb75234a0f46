"""The plane of valence and arousal, and the way through it during the last moments."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from ...signal import FloatArray
from ..state.scales import number_words
from ..theme import DARK, Theme
from .courses import line, runs
from .picture import Values, offer_picture
from .trace_names import mixed

_EDGE, _LABEL = 8, 20
# The trail fades in so many steps.
_SHADES = 12
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_NONE = np.zeros(0)


class AffectPlane(QWidget):
    """Valence to the right, arousal upwards, both -1..1, with a trail that fades.

    The present value is a filled dot, hollow and grey where it is not to be trusted; beyond
    the plane it is an arrow at the edge. The trail has a hole where there was no value.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Valence and arousal")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._theme = DARK
        self._why = ""
        self._words: tuple[str, ...] = ()
        self._places = np.zeros((0, 2))
        self._valence: FloatArray = _NONE
        self._arousal: FloatArray = _NONE
        self._trusted: NDArray[np.bool_] = np.zeros(0, bool)
        offer_picture(self, "valence and arousal", self._values)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.update()

    def set_available(self, available: bool, why: str = "") -> None:
        """Say that there is nothing to show here, and why, in place of an empty plane."""
        self._why = "" if available else why or "no valence and arousal"
        self.update()

    def set_words(
        self, names: Sequence[str], valence: Sequence[float], arousal: Sequence[float]
    ) -> None:
        """Write words faintly at their places in the plane."""
        if not len(names) == len(valence) == len(arousal):
            raise ValueError(
                f"{len(names)} words need as many places, got {len(valence)} and {len(arousal)}"
            )
        self._words = tuple(names)
        self._places = np.column_stack([valence, arousal]).reshape(-1, 2)
        self.update()

    def redraw(self, valence: ArrayLike, arousal: ArrayLike, trusted: ArrayLike) -> None:
        """Draw what is new.

        Parameters
        ----------
        valence, arousal : array, shape (n,)
            The last moments, the present one last; NaN where there was no value.
        trusted : array, shape (n,)
            Whether nothing spoke against each.
        """
        self._valence = np.asarray(valence, np.float64)
        self._arousal = np.asarray(arousal, np.float64)
        self._trusted = np.asarray(trusted, np.bool_)
        if not self._valence.shape == self._arousal.shape == self._trusted.shape:
            raise ValueError(
                f"valence, arousal and trust must be as long as one another, got shapes "
                f"{self._valence.shape}, {self._arousal.shape}, {self._trusted.shape}"
            )
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return the size at which it reads well."""
        return QSize(320, 320)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return the size below which words run into one another."""
        return QSize(180, 180)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw everything."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(*self._theme.background))
        if self._why:
            painter.setPen(QColor(*self._theme.faint))
            flags = _CENTRE | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(self.rect().adjusted(_EDGE, _EDGE, -_EDGE, -_EDGE), flags, self._why)
            return
        plane = self._plane()
        self._paint_plane(painter, plane)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_trail(painter, plane)
        self._paint_present(painter, plane)

    def _plane(self) -> QRectF:
        side = min(self.width() - 2 * (_LABEL + _EDGE), self.height() - 2 * (_LABEL + _EDGE))
        side = max(1, side)
        return QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)

    def _points(self, valence: FloatArray, arousal: FloatArray, plane: QRectF) -> FloatArray:
        """Return pixels, shape (n, 2), those beyond the plane at its edge."""
        x = plane.center().x() + np.clip(valence, -1, 1) * plane.width() / 2
        y = plane.center().y() - np.clip(arousal, -1, 1) * plane.height() / 2
        return np.column_stack([x, y])

    def _paint_plane(self, painter: QPainter, plane: QRectF) -> None:
        theme, centre = self._theme, plane.center()
        painter.fillRect(plane, QColor(*mixed(theme.raised, theme.background, 0.5)))
        painter.setPen(QColor(*theme.grid))
        painter.drawRect(plane)
        painter.drawLine(QPointF(plane.left(), centre.y()), QPointF(plane.right(), centre.y()))
        painter.drawLine(QPointF(centre.x(), plane.top()), QPointF(centre.x(), plane.bottom()))
        painter.setPen(QColor(*mixed(theme.faint, theme.background, 0.75)))
        metrics = QFontMetrics(self.font())
        for name, (x, y) in zip(
            self._words,
            self._points(self._places[:, 0], self._places[:, 1], plane).tolist(),
            strict=True,
        ):
            half = metrics.horizontalAdvance(name) / 2 + 2
            x = min(max(x, plane.left() + half), plane.right() - half)
            y = min(max(y, plane.top() + 9), plane.bottom() - 9)
            painter.drawText(QRectF(x - half, y - 10, 2 * half, 20), _CENTRE, name)
        painter.setPen(QColor(*theme.faint))
        below = QRectF(
            plane.left() - _LABEL, plane.bottom() + 2, plane.width() + 2 * _LABEL, _LABEL
        )
        painter.drawText(below, _CENTRE, "unpleasant  ←  valence  →  pleasant")
        painter.save()
        painter.translate(plane.left() - _LABEL / 2 - 2, centre.y())
        painter.rotate(-90)
        beside = QRectF(-plane.height() / 2 - _LABEL, -10, plane.height() + 2 * _LABEL, 20)
        painter.drawText(beside, _CENTRE, "calm  ←  arousal  →  excited")
        painter.restore()

    def _paint_trail(self, painter: QPainter, plane: QRectF) -> None:
        n = len(self._valence)
        if n < 2:
            return
        points = self._points(self._valence, self._arousal, plane)
        known = points.sum(axis=1)
        edges = np.linspace(0, n - 1, min(_SHADES, n - 1) + 1).round().astype(int)
        for k, (a, b) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
            trusted = bool(self._trusted[a : b + 1].all())
            colour = QColor(*(self._theme.accent if trusted else self._theme.muted))
            colour.setAlphaF((k + 1) / len(edges))
            painter.setPen(QPen(colour, 1.5))
            for run in runs(known[a : b + 1]):
                piece = points[a : b + 1][run]
                painter.drawPolyline(line(piece[:, 0], piece[:, 1]))

    def _paint_present(self, painter: QPainter, plane: QRectF) -> None:
        if not len(self._valence) or not math.isfinite(self._valence[-1] + self._arousal[-1]):
            return
        theme, trusted = self._theme, bool(self._trusted[-1])
        valence, arousal = float(self._valence[-1]), float(self._arousal[-1])
        point = QPointF(*self._points(self._valence[-1:], self._arousal[-1:], plane)[0])
        colour = QColor(*(theme.accent if trusted else theme.muted))
        painter.setPen(QPen(colour, 1.5))
        painter.setBrush(colour if trusted else Qt.BrushStyle.NoBrush)
        beyond_x, beyond_y = ((value > 1) - (value < -1) for value in (valence, arousal))
        if not (beyond_x or beyond_y):
            painter.drawEllipse(point, 5, 5)
            return
        painter.translate(point)
        painter.rotate(math.degrees(math.atan2(-beyond_y, beyond_x)))
        painter.drawPolygon(QPolygonF([QPointF(8, 0), QPointF(-4, -6), QPointF(-4, 6)]))
        painter.resetTransform()
        # The plane shows where; how far is said in numbers.
        text = f"{number_words(valence)}, {number_words(arousal)}"
        half = QFontMetrics(self.font()).horizontalAdvance(text) / 2 + 2
        x = min(max(point.x(), plane.left() + half), plane.right() - half)
        y = point.y() + (22 if point.y() < plane.center().y() else -22)
        painter.setPen(QColor(*theme.text))
        painter.drawText(QRectF(x - half, y - 10, 2 * half, 20), _CENTRE, text)

    def _values(self) -> Values:
        """Return the numbers that are shown."""
        rows: list[list[str | float]] = [
            [float(v), float(a), "yes" if t else "no"]
            for v, a, t in zip(self._valence, self._arousal, self._trusted, strict=True)
        ]
        return Values(("valence", "arousal", "trusted"), rows)
