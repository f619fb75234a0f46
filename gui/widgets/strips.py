"""Strips of curves over time: where things lie in them, and how they are painted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPen

from ..state.history import History, Mark, Span
from ..state.scales import number_words, seconds_words
from ..theme import Colour, Theme
from .courses import Course, band, clock_step, clock_words, course, line, runs, shade
from .trace_names import mixed

# Heights of the axis below, and of the words above and below the strips, in pixels.
AXIS, LANE = 20, 17
# Room for the ends of a range, left of the strips.
ENDS = 34
# A curve may leave the range of its emotion by this share of it before it runs along the edge.
_BEYOND = 0.08
_BAND_ALPHA, _DIM_ALPHA, _VEIL_ALPHA = 75, 90, 150
CENTRE = int(Qt.AlignmentFlag.AlignCenter)
RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


@dataclass(frozen=True, eq=False)
class Drawn:
    """Everything of the history that one picture shows."""

    start: float
    stop: float
    course: Course
    doubts: list[Span]
    gaps: list[Span]
    marks: list[Mark]
    words: list[tuple[Span, str]]


def gather(history: History, seconds: float, end: float | None, n_columns: int) -> Drawn | None:
    """Take out of the history what a picture of so many columns shows, if there is anything."""
    stop = history.newest if end is None else end
    if not math.isfinite(stop):
        return None
    rows = history.window(seconds, end)
    doubts, gaps = history.untrusted_spans(seconds, end), history.gap_spans(seconds, end)
    words = []
    for a, b in doubts + gaps:
        inside = rows.reasons[(rows.times > a) & (rows.times <= b)]
        bits = int(np.bitwise_or.reduce(inside)) if len(inside) else 0
        words.append(((a, b), ", ".join(sorted(history.reasons(bits))) or "no data"))
    return Drawn(
        start=stop - seconds,
        stop=stop,
        course=course(rows, seconds, n_columns),
        doubts=doubts,
        gaps=gaps,
        marks=history.marks(seconds, end),
        words=words,
    )


@dataclass(frozen=True)
class Layout:
    """Where things lie.

    Attributes
    ----------
    plot : QRect
        Where curves are.
    boxes : tuple of QRectF
        Where each emotion's curve is, all the same where they lie over one another.
    ranges : tuple of (float, float)
        From where to where each box goes.
    start, seconds : float
        Time at the left edge, and from there to the right edge.
    """

    plot: QRect
    boxes: tuple[QRectF, ...]
    ranges: tuple[tuple[float, float], ...]
    start: float
    seconds: float

    def x(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the pixels of times."""
        share = (times - self.start) / self.seconds
        return np.asarray(self.plot.x() + share * self.plot.width())

    def y(self, values: NDArray[np.float32], index: int) -> NDArray[np.float64]:
        """Return the pixels of values of an emotion, those far beyond its range at the edge."""
        (low, high), box = self.ranges[index], self.boxes[index]
        share = np.clip((values.astype(np.float64) - low) / (high - low), -_BEYOND, 1 + _BEYOND)
        room = box.height() / (1 + 2 * _BEYOND + 0.06)
        return np.asarray(box.center().y() + room / 2 - share * room)

    def spans(self, spans: list[Span]) -> list[QRectF]:
        """Return the areas of stretches of time, at least a pixel wide."""
        if not spans:
            return []
        plot = self.plot
        edges = np.clip(self.x(np.array(spans)), plot.left(), plot.right() + 1)
        return [QRectF(a, plot.y(), max(1.0, b - a), plot.height()) for a, b in edges]


@dataclass(frozen=True)
class Stroke:
    """How one curve is drawn: brought out, held back, with its uncertainty."""

    lit: bool
    dim: bool
    banded: bool


def paint_curve(
    painter: QPainter, layout: Layout, drawn: Drawn, index: int, stroke: Stroke, theme: Theme
) -> None:
    """Draw the values of one emotion, and dashed what was felt where that is known."""
    of, x = drawn.course, layout.x(drawn.course.times)
    colour = QColor(*theme.series(index))
    if stroke.dim:
        colour.setAlpha(_DIM_ALPHA)
    if stroke.banded:
        upper, lower = (layout.y(values[:, index], index) for values in (of.upper, of.lower))
        pale = QColor(colour)
        pale.setAlpha(_BAND_ALPHA)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(pale)
        for run in runs(upper + lower):
            painter.drawPolygon(band(x[run], upper[run], lower[run]))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    # Smooth lines cost as much as everything else where every pixel has two points.
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, of.low is of.high)
    dashed = QPen(colour, 0)
    dashed.setDashPattern([4, 4])
    painter.setPen(dashed)
    truth = layout.y(of.truth[:, index], index)
    for run in runs(truth):
        painter.drawPolyline(line(x[run], truth[run]))
    painter.setPen(QPen(colour, 2 if stroke.lit else 0))
    high = layout.y(of.high[:, index], index)
    low = None if of.low is of.high else layout.y(of.low[:, index], index)
    for run in runs(high):
        painter.drawPolyline(line(x[run], high[run], None if low is None else low[run]))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


class Bands:
    """The uncertainty of every emotion, filled into one picture that is made once."""

    def __init__(self) -> None:
        self._pixels = np.zeros((1, 1), np.uint32)
        self._image = QImage()

    def paint(
        self,
        painter: QPainter,
        layout: Layout,
        drawn: Drawn,
        indices: list[int],
        ratio: float,
        theme: Theme,
    ) -> None:
        """Draw the bands of some emotions, whose boxes must not overlap.

        Parameters
        ----------
        painter, layout, drawn, theme
            As for `paint_curve`.
        indices : list of int
            The emotions.
        ratio : float
            Pixels of the screen to one of the window system.
        """
        plot = layout.plot
        self._fit(round(plot.height() * ratio), round(plot.width() * ratio))
        self._pixels[:] = 0
        x = (layout.x(drawn.course.times) - plot.x()) * ratio
        for index in indices:
            box = layout.boxes[index]
            first, stop = (round((y - plot.y()) * ratio) for y in (box.y(), box.bottom()))
            top, bottom = (
                (layout.y(values[:, index], index) - plot.y()) * ratio - first
                for values in (drawn.course.upper, drawn.course.lower)
            )
            pixel = _premultiplied(theme.series(index), _BAND_ALPHA)
            shade(self._pixels[first:stop], x, top, bottom, pixel)
        painter.drawImage(QRectF(plot), self._image, QRectF(self._image.rect()))

    def _fit(self, height: int, width: int) -> None:
        if self._pixels.shape != (height, width):
            self._pixels = np.zeros((height, width), np.uint32)
            # The image looks at the array's memory: drawing is writing into the array.
            self._image = QImage(
                self._pixels.data,
                width,
                height,
                4 * width,
                QImage.Format.Format_ARGB32_Premultiplied,
            )


def paint_range(painter: QPainter, layout: Layout, index: int, theme: Theme) -> None:
    """Draw the ends of what an emotion can be, and zero where it lies between them."""
    (low, high), box = layout.ranges[index], layout.boxes[index]
    values = np.array([low, high] if low >= 0 else [low, 0.0, high])
    for value, y in zip(values, layout.y(values.astype(np.float32), index), strict=True):
        painter.setPen(QColor(*mixed(theme.grid, theme.background, 0.7)))
        painter.drawLine(QPointF(box.x(), y), QPointF(box.right(), y))
        if box.height() >= 44 or (value != 0.0 and box.height() >= 26):
            painter.setPen(QColor(*theme.faint))
            # Ends stand inside their box, where those of the next box are not.
            inwards = 4 if value == high else -4 if value == low else 0
            place = QRectF(box.x() - ENDS, y - 8 + inwards, ENDS - 5, 16)
            painter.drawText(place, RIGHT, number_words(value, 0 if value % 1 == 0 else 1))


def paint_time(painter: QPainter, layout: Layout, origin: float, theme: Theme) -> None:
    """Draw lines at round moments, counted from an origin, and write them below."""
    plot = layout.plot
    said = f"{seconds_words(layout.seconds)} wide"
    every = clock_step(layout.seconds, max(1, plot.width() // 80))
    first = math.ceil((layout.start - origin) / every)
    last = math.floor((layout.start + layout.seconds - origin) / every)
    moments = np.arange(first, last + 1, dtype=np.float64) * every
    y = plot.bottom() + 1 + LANE
    room = plot.right() - painter.fontMetrics().horizontalAdvance(said) - 40
    for moment, x in zip(moments, layout.x(moments + origin), strict=True):
        painter.setPen(QColor(*mixed(theme.grid, theme.background, 0.7)))
        painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
        painter.setPen(QColor(*theme.faint))
        if x < room:
            painter.drawText(QRectF(x - 40, y, 80, AXIS), CENTRE, clock_words(moment))
    painter.drawText(QRectF(plot.x(), y, plot.width(), AXIS), RIGHT, said)


def paint_gaps(painter: QPainter, layout: Layout, drawn: Drawn, theme: Theme) -> None:
    """Hatch where there is nothing."""
    hatch = QBrush(QColor(*theme.grid), Qt.BrushStyle.BDiagPattern)
    for box in layout.spans(drawn.gaps):
        painter.fillRect(box, QColor(*theme.raised))
        painter.fillRect(box, hatch)


def paint_doubts(painter: QPainter, layout: Layout, drawn: Drawn, theme: Theme) -> None:
    """Lay a veil over what is not to be trusted, and say below why."""
    veil = QColor(*mixed(theme.muted, theme.background, 0.45))
    veil.setAlpha(_VEIL_ALPHA)
    for box in layout.spans(drawn.doubts):
        painter.fillRect(box, veil)
    painter.setPen(QColor(*theme.faint))
    boxes = layout.spans([span for span, _ in drawn.words])
    for box, (_, text) in zip(boxes, drawn.words, strict=True):
        if painter.fontMetrics().horizontalAdvance(text) < box.width():
            place = QRectF(box.x(), layout.plot.bottom() + 1, box.width(), LANE)
            painter.drawText(place, CENTRE, text)


def paint_marks(painter: QPainter, layout: Layout, drawn: Drawn, theme: Theme) -> None:
    """Draw what happened as upright lines, with words where there is room for them."""
    plot, metrics = layout.plot, painter.fontMetrics()
    free = float(plot.left())
    for mark in drawn.marks:
        x = float(layout.x(np.array([mark.time]))[0])
        painter.setPen(QColor(*(theme.text if mark.kind == "marker" else theme.faint)))
        painter.drawLine(QPointF(x, plot.top() - 3), QPointF(x, plot.bottom()))
        text = metrics.elidedText(mark.text, Qt.TextElideMode.ElideRight, 160)
        width = metrics.horizontalAdvance(text)
        if x >= free and x + width < plot.right():
            painter.drawText(QRectF(x + 3, 0, width + 2, LANE), LEFT, text)
            free = x + width + 10


def _premultiplied(colour: Colour, alpha: int) -> int:
    red, green, blue = (round(part * alpha / 255) for part in colour)
    return alpha << 24 | red << 16 | green << 8 | blue
