"""How the emotions went, with their uncertainty, over seconds to minutes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from ..state.history import History
from ..state.scales import number_words
from ..theme import DARK, Theme
from .courses import clock_words
from .picture import Values, offer_picture
from .strips import (
    AXIS,
    CENTRE,
    ENDS,
    LANE,
    LEFT,
    Bands,
    Drawn,
    Layout,
    Stroke,
    gather,
    paint_curve,
    paint_doubts,
    paint_gaps,
    paint_marks,
    paint_range,
    paint_time,
)

SPANS = (10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
_SPAN = 60.0
# More curves than this cannot be told apart when they lie over one another.
_OVERLAID_UP_TO = 4
# Bands of more emotions than this hide one another when overlaid.
_BANDS_UP_TO = 2
_EDGE = 8
_HIDDEN_ROW, _LEAST_ROW = 16, 14


class Trajectories(QWidget):
    """Curves of emotions, fed from a `History`.

    Keys: 1 to 9 show and hide emotions, 0 shows all, L lays them over one another or each in a
    strip of its own, B switches their uncertainty, Left and Right (or [ and ], the wheel)
    change the time from edge to edge, Home is how it all began. A click on a name shows or
    hides; with Ctrl it leaves that one alone.

    Signals
    -------
    span_changed(float)
        Another time from edge to edge, in seconds.
    shown_changed()
        Other emotions are shown.
    """

    span_changed = Signal(float)
    shown_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Emotions over time")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.seconds = _SPAN
        self.overlaid = False
        self.bands = True
        self._theme = DARK
        self._names: tuple[str, ...] = ()
        self._lows = self._highs = np.zeros(0)
        self._shown: list[bool] = []
        self._lit: int | None = None
        self._origin = 0.0
        self._history: History | None = None
        self._end: float | None = None
        self._drawn: Drawn | None = None
        self._drawn_of: tuple[object, ...] = ()
        self._left = 0
        self._bands = Bands()
        offer_picture(self, "emotions", self._values)

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
        self._shown = [True] * len(names)
        self._lit = None
        self._history = None
        self._drawn = None
        self._drawn_of = ()
        self.overlaid = len(names) <= _OVERLAID_UP_TO
        self._arrange()
        self.updateGeometry()
        self.update()

    def set_origin(self, time: float) -> None:
        """Say which time is written as 0:00."""
        self._origin = time
        self.update()

    def set_span(self, seconds: float) -> None:
        """Show so many seconds from edge to edge, the nearest of `SPANS`."""
        nearest = min(SPANS, key=lambda span: abs(math.log(span / seconds)))
        if nearest != self.seconds:
            self.seconds = nearest
            self._again()
            self.span_changed.emit(nearest)

    def set_overlaid(self, overlaid: bool) -> None:
        """Lay the curves over one another, or each into a strip of its own."""
        self.overlaid = overlaid
        self.update()

    def set_bands(self, bands: bool) -> None:
        """Show how uncertain the values are, or not."""
        self.bands = bands
        self.update()

    def set_shown(self, index: int, shown: bool) -> None:
        """Show or hide one emotion."""
        self._shown[index] = shown
        self.update()
        self.shown_changed.emit()

    @property
    def shown(self) -> tuple[str, ...]:
        """Names of the emotions that are shown."""
        return tuple(name for name, on in zip(self._names, self._shown, strict=True) if on)

    def redraw(self, history: History, end: float | None = None) -> None:
        """Draw what is new.

        Parameters
        ----------
        history : History
            Of the emotions named in `set_targets`.
        end : float, optional
            Where a frozen picture stays, the newest time in it.
        """
        if history.n_targets != len(self._names):
            raise ValueError(
                f"the history has {history.n_targets} emotions, but {len(self._names)} were named"
            )
        self._history, self._end = history, end
        self._again()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return the size at which it reads well."""
        return QSize(900, max(300, self.minimumSizeHint().height()))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return the size below which names run into one another."""
        return QSize(300, len(self._names) * _LEAST_ROW + 2 * LANE + AXIS)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Fit names and columns."""
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Take over another font."""
        if event.type() == QEvent.Type.FontChange:
            self._arrange()
        super().changeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Show other emotions or another time."""
        key = event.key()
        if Qt.Key.Key_1 <= key <= Qt.Key.Key_9:
            self._toggle(key - Qt.Key.Key_1)
        elif key == Qt.Key.Key_0:
            self._show_all()
        elif key == Qt.Key.Key_L:
            self.set_overlaid(not self.overlaid)
        elif key == Qt.Key.Key_B:
            self.set_bands(not self.bands)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_BracketLeft, Qt.Key.Key_Plus):
            self._next_span(-1)
        elif key in (Qt.Key.Key_Right, Qt.Key.Key_BracketRight, Qt.Key.Key_Minus):
            self._next_span(1)
        elif key == Qt.Key.Key_Home:
            self.overlaid, self.bands = len(self._names) <= _OVERLAID_UP_TO, True
            self._show_all()
            self.set_span(_SPAN)
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Change the time from edge to edge."""
        self._next_span(-1 if event.angleDelta().y() > 0 else 1)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Show or hide the emotion whose name is clicked."""
        index = self._name_at(event.position())
        if event.button() != Qt.MouseButton.LeftButton or index is None:
            return
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            alone = self._shown == [k == index for k in range(len(self._names))]
            self._shown = [alone or k == index for k in range(len(self._names))]
            self.shown_changed.emit()
        else:
            self._toggle(index)
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Bring out the emotion whose name the mouse is on."""
        self._light(self._name_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """Bring out none."""
        self._light(None)

    def event(self, event: QEvent) -> bool:
        """Say what is under the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._words_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw everything."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(*self._theme.background))
        if not self._names:
            painter.setPen(QColor(*self._theme.faint))
            painter.drawText(self.rect(), CENTRE, "no emotions yet")
            return
        layout = self._layout()
        for index in self._order()[:1] if self.overlaid else self._order():
            paint_range(painter, layout, index, self._theme)
        if self._drawn is not None:
            self._paint_drawn(painter, layout, self._drawn)
        for index in range(len(self._names)):
            self._paint_name(painter, index, self._name_box(index, layout.boxes))

    def _paint_drawn(self, painter: QPainter, layout: Layout, drawn: Drawn) -> None:
        paint_time(painter, layout, self._origin, self._theme)
        paint_gaps(painter, layout, drawn, self._theme)
        if self.bands and not self.overlaid:
            ratio = self.devicePixelRatioF()
            self._bands.paint(painter, layout, drawn, self._order(), ratio, self._theme)
        painter.setClipRect(layout.plot)
        for index in self._order():
            lit = index == self._lit
            stroke = Stroke(
                lit=lit,
                dim=self.overlaid and self._lit is not None and not lit,
                banded=self.bands and self.overlaid and (lit or sum(self._shown) <= _BANDS_UP_TO),
            )
            paint_curve(painter, layout, drawn, index, stroke, self._theme)
        painter.setClipping(False)
        paint_doubts(painter, layout, drawn, self._theme)
        paint_marks(painter, layout, drawn, self._theme)

    def _again(self) -> None:
        """Take out of the history what is shown, where anything changed."""
        history, width = self._history, self._plot().width()
        if history is None or width <= 0:
            return
        of = (history, history.version, self._end, self.seconds, width)
        if of != self._drawn_of:
            columns = round(width * self.devicePixelRatioF())
            self._drawn_of = of
            self._drawn = gather(history, self.seconds, self._end, columns)
            self.update()

    def _toggle(self, index: int) -> None:
        if index < len(self._names):
            self.set_shown(index, not self._shown[index])

    def _show_all(self) -> None:
        self._shown = [True] * len(self._names)
        self.update()
        self.shown_changed.emit()

    def _next_span(self, places: int) -> None:
        at = SPANS.index(self.seconds) + places
        self.set_span(SPANS[min(max(at, 0), len(SPANS) - 1)])

    def _light(self, index: int | None) -> None:
        if index != self._lit:
            self._lit = index
            self.update()

    def _plot(self) -> QRect:
        height = self.height() - 2 * LANE - AXIS
        width = self.width() - self._left - _EDGE
        return QRect(self._left, LANE, max(0, width), max(0, height))

    def _arrange(self) -> None:
        """Leave room for the names, their keys and colours, and the ends of the ranges."""
        metrics = QFontMetrics(self.font())
        longest = max((metrics.horizontalAdvance(name) for name in self._names), default=0)
        self._left = min(longest + 78, max(130, self.width() // 6))
        self._again()

    def _layout(self) -> Layout:
        if self.overlaid:
            ranges = ((float(self._lows.min()), float(self._highs.max())),) * len(self._names)
        else:
            ranges = tuple(zip(self._lows.tolist(), self._highs.tolist(), strict=True))
        start = 0.0 if self._drawn is None else self._drawn.start
        return Layout(self._plot(), self._boxes(), ranges, start, self.seconds)

    def _boxes(self) -> tuple[QRectF, ...]:
        """Return where each emotion is drawn; those hidden have a row for their name only."""
        plot = QRectF(self._plot())
        if self.overlaid:
            return (plot,) * len(self._names)
        n_shown = sum(self._shown)
        n_hidden = len(self._names) - n_shown
        low = min(_HIDDEN_ROW, plot.height() / max(1, len(self._names)))
        high = (plot.height() - n_hidden * low) / max(1, n_shown)
        boxes, y = [], plot.y()
        for on in self._shown:
            height = high if on else low
            boxes.append(QRectF(plot.x(), y, plot.width(), height))
            y += height
        return tuple(boxes)

    def _name_box(self, index: int, boxes: tuple[QRectF, ...]) -> QRectF:
        plot = self._plot()
        if not self.overlaid:
            box = boxes[index]
            return QRectF(0, box.y(), plot.x(), box.height())
        pitch = min(24.0, plot.height() / len(self._names))
        return QRectF(0, plot.y() + index * pitch, plot.x() - ENDS, pitch)

    def _name_at(self, position: QPointF) -> int | None:
        boxes = self._boxes()
        for index in range(len(self._names)):
            if self._name_box(index, boxes).contains(position):
                return index
        return None

    def _order(self) -> list[int]:
        """Return the emotions that are shown, the one brought out last, that is on top."""
        shown = [k for k, on in enumerate(self._shown) if on]
        return sorted(shown, key=lambda k: k == self._lit)

    def _paint_name(self, painter: QPainter, index: int, box: QRectF) -> None:
        """Draw key, colour and name; hollow and faint where it is hidden."""
        on = self._shown[index]
        font = self.font()
        if QFontMetrics(font).height() > box.height():
            font.setPixelSize(max(8, math.floor(box.height()) - 1))
        font.setBold(index == self._lit)
        painter.setFont(font)
        y = box.center().y()
        painter.setPen(QColor(*self._theme.faint))
        if index < 9:
            painter.drawText(QRectF(box.x() + 4, y - 9, 10, 18), CENTRE, str(index + 1))
        colour = QColor(*self._theme.series(index))
        painter.setPen(colour)
        painter.setBrush(colour if on else Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(box.x() + 18, math.floor(y) - 4, 8, 8))
        painter.setPen(QColor(*(self._theme.text if on else self._theme.muted)))
        room = self._plot().x() - ENDS - 32
        name = QFontMetrics(font).elidedText(self._names[index], Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(box.x() + 32, y - 10, room + 2, 20), LEFT, name)
        painter.setFont(self.font())

    def _words_at(self, position: QPointF) -> str:
        plot, drawn = self._plot(), self._drawn
        index = self._name_at(position)
        if index is not None:
            return f"{self._names[index]}: click to {'hide' if self._shown[index] else 'show'}"
        if drawn is None or self._history is None or not plot.contains(position.toPoint()):
            return ""
        time = drawn.start + (position.x() - plot.x()) / plot.width() * self.seconds
        words = [clock_words(time - self._origin)]
        near = self.seconds / plot.width() * 4
        words += [mark.text for mark in drawn.marks if abs(mark.time - time) < near]
        words += [text for (a, b), text in drawn.words if a <= time <= b]
        rows = self._history.window(self.seconds, self._end)
        row = int(np.searchsorted(rows.times, time))
        for k, box in enumerate(self._boxes()):
            if self._shown[k] and row < len(rows) and box.contains(position):
                words.append(
                    f"{self._names[k]} {number_words(float(rows.mean[row, k]))} "
                    f"({number_words(float(rows.lower[row, k]))} to "
                    f"{number_words(float(rows.upper[row, k]))})"
                )
        return "\n".join(words)

    def _values(self) -> Values:
        """Return the numbers that are shown."""
        chosen = [k for k, on in enumerate(self._shown) if on]
        heads = ("", "_lower", "_upper", "_truth")
        columns = ["time (s)", *(self._names[k] + head for k in chosen for head in heads)]
        if self._history is None:
            return Values((*columns, "trusted"), [])
        rows = self._history.window(self.seconds, self._end)
        parts = np.stack([rows.mean, rows.lower, rows.upper, rows.truth], axis=2)[:, chosen]
        table: list[list[str | float]] = [
            [float(time), *map(float, values.ravel()), "yes" if trusted else "no"]
            for time, values, trusted in zip(rows.times, parts, rows.trusted, strict=True)
        ]
        return Values((*columns, "trusted"), table)
