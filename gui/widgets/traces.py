"""All signals as they come in: one row a channel, with its quality and what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QScrollBar, QToolTip, QWidget

from ...signal import Flag
from ..state.scales import seconds_words, step, ticks, volts_words
from ..state.signals import SignalRing
from ..theme import DARK, Theme
from .picture import Values, offer_picture
from .trace_image import Look, TraceImage
from .trace_names import Row, mixed, paint_names, verdicts, width_of

SPANS = (2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
MOST_ROWS = 64
_SMALLEST_ROW = 10
_VOLTS, _LEAST, _MOST = 100e-6, 1e-6, 1.0
_SPAN = 10.0
_AXIS = 22
_MARGIN = 6
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
# Other kinds of signal are larger than EEG by about so much.
_LARGER = {"eog": 5.0, "ecg": 20.0, "emg": 10.0}
_BAD, _EEG, _OTHER, _CHOSEN = range(4)


class SignalTraces(QWidget):
    """Scrolling signals, fed from a `SignalRing`.

    Keys: Up and Down (or + and -) for the scale, Left and Right (or [ and ]) for the time from
    edge to edge, Page Up and Page Down for other channels, Home for how it all began, B to
    call the chosen channel bad, or good again. Wheel: channels; with Ctrl: the scale.

    Signals
    -------
    channel_clicked(str)
        A channel was chosen.
    bad_toggled(str, bool)
        The user wants a channel to count as bad, or not; `set_bad` makes it so.
    """

    channel_clicked = Signal(str)
    bad_toggled = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Signals")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.volts = _VOLTS
        self.seconds = _SPAN
        self.chosen: str | None = None
        self._theme = DARK
        self._names: tuple[str, ...] = ()
        self._kinds: tuple[str, ...] = ()
        self._quality = np.zeros(0)
        self._bad: frozenset[str] = frozenset()
        self._first = 0
        self._longest = 0
        self._image = TraceImage()
        self._ring: SignalRing | None = None
        self._end: int | None = None
        self._side: QPixmap | None = None
        self._bar = QScrollBar(Qt.Orientation.Vertical, self)
        self._bar.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._bar.valueChanged.connect(self._scroll_to)
        offer_picture(self, "signals", self._values)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self._again()

    def set_channels(self, names: Sequence[str], sfreq: float, kinds: Sequence[str] = ()) -> None:
        """Say what is shown.

        Parameters
        ----------
        names : sequence of str
            In the order of the ring's columns.
        sfreq : float
            Sampling rate in Hz.
        kinds : sequence of str
            MNE's channel types, all EEG when empty.
        """
        if not (math.isfinite(sfreq) and sfreq > 0):
            raise ValueError(f"'sfreq' must be a positive number of Hz, got {sfreq}")
        if kinds and len(kinds) != len(names):
            raise ValueError(f"'kinds' must name {len(names)} channels, got {len(kinds)}")
        self._names = tuple(names)
        self._kinds = tuple(kinds) or ("eeg",) * len(names)
        self._quality = np.full(len(names), np.nan)
        if self.chosen not in self._names:
            self.chosen = None
        self._ring = None
        self._first = 0
        self._arrange()

    def set_quality(self, values: ArrayLike) -> None:
        """Say how good each channel is, shape (n_channels,), 0..1, NaN where not known."""
        values = np.asarray(values, float)
        if values.shape != (len(self._names),):
            raise ValueError(f"expected {len(self._names)} qualities, got shape {values.shape}")
        if not np.array_equal(verdicts(values), verdicts(self._quality)):
            self._side = None
            self.update()
        self._quality = values

    def set_bad(self, names: Iterable[str]) -> None:
        """Say which channels are left out."""
        self._bad = frozenset(names)
        self._again()

    def choose(self, name: str | None) -> None:
        """Mark a channel as the chosen one, without telling anyone."""
        if name != self.chosen:
            self.chosen = name
            self._again()

    def set_span(self, seconds: float) -> None:
        """Show so many seconds from edge to edge, the nearest of `SPANS`."""
        self.seconds = min(SPANS, key=lambda span: abs(math.log(span / seconds)))
        self._again()

    def set_volts(self, volts: float) -> None:
        """Let a row be so many volts high."""
        self.volts = min(max(volts, _LEAST), _MOST)
        self._again()

    def redraw(self, ring: SignalRing, end: int | None = None) -> None:
        """Draw what is new.

        Parameters
        ----------
        ring : SignalRing
            The signals, in the order of `set_channels`.
        end : int, optional
            Where a frozen picture stays, the index one past its last sample.
        """
        if ring.n_channels != len(self._names):
            raise ValueError(
                f"the ring has {ring.n_channels} channels, but {len(self._names)} were named"
            )
        self._ring, self._end = ring, end
        self._draw()

    @property
    def rows(self) -> range:
        """The channels that are shown."""
        fit = max(1, min(MOST_ROWS, self._plot().height() // _SMALLEST_ROW))
        return range(self._first, min(self._first + fit, len(self._names)))

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return the size at which it reads well."""
        return QSize(900, 500)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Fit rows and scroll bar."""
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Take over another font."""
        if event.type() == QEvent.Type.FontChange:
            self._arrange()
        super().changeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Change scale, time or channels."""
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.set_volts(step(self.volts, -1, _LEAST, _MOST))
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Minus):
            self.set_volts(step(self.volts, 1, _LEAST, _MOST))
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_BracketLeft):
            self._next_span(-1)
        elif key in (Qt.Key.Key_Right, Qt.Key.Key_BracketRight):
            self._next_span(1)
        elif key == Qt.Key.Key_PageUp:
            self._bar.setValue(self._first - len(self.rows))
        elif key == Qt.Key.Key_PageDown:
            self._bar.setValue(self._first + len(self.rows))
        elif key == Qt.Key.Key_Home:
            self.volts, self.seconds = _VOLTS, _SPAN
            self._bar.setValue(0)
            self._again()
        elif key == Qt.Key.Key_B and self.chosen is not None:
            self.bad_toggled.emit(self.chosen, self.chosen not in self._bad)
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Change channels, or the scale."""
        notches = event.angleDelta().y() / 120
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_volts(
                step(self.volts, -round(notches) or (-1 if notches > 0 else 1), 0, _MOST)
            )
        else:
            self._bar.setValue(self._first - round(notches * max(1, len(self.rows) // 8)))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Choose a channel."""
        name = self._name_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and name is not None:
            self.choose(name)
            self.channel_clicked.emit(name)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Call a channel bad, or good again."""
        name = self._name_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and name is not None:
            self.bad_toggled.emit(name, name not in self._bad)

    def event(self, event: QEvent) -> bool:
        """Say what is under the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            text = self._words_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Put the picture on the screen."""
        painter = QPainter(self)
        plot = self._plot()
        painter.fillRect(self.rect(), QColor(*self._theme.background))
        if not self._names:
            painter.setPen(QColor(*self._theme.faint))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "no signals yet")
            return
        if self._ring is not None:
            self._image.paint(painter, plot.x(), plot.y(), self.devicePixelRatioF())
        if self._side is None:
            self._side = self._paint_names(plot)
        painter.drawPixmap(0, 0, self._side)
        self._paint_axis(painter, plot)

    def _again(self) -> None:
        self._side = None
        self._draw()

    def _draw(self) -> None:
        if self._ring is not None and self._plot().width() > 0:
            self._image.draw(self._ring, self._look(), self._end)
        # The scroll bar costs more to paint than all the signals.
        self.update(0, 0, self._plot().right() + 1, self.height())

    def _arrange(self) -> None:
        self._longest = width_of(self._names, self.font())
        hidden = max(0, len(self._names) - len(self.rows))
        if self._first > hidden:
            self._first = hidden
            hidden = max(0, len(self._names) - len(self.rows))
        self._bar.setVisible(hidden > 0)
        self._bar.blockSignals(True)
        self._bar.setRange(0, hidden)
        self._bar.setPageStep(len(self.rows))
        self._bar.setValue(self._first)
        self._bar.blockSignals(False)
        width = self._bar.sizeHint().width()
        self._bar.setGeometry(self.width() - width, 0, width, self.height() - _AXIS)
        self._again()

    def _scroll_to(self, first: int) -> None:
        self._first = first
        self._again()

    def _next_span(self, places: int) -> None:
        at = SPANS.index(self.seconds) + places
        self.set_span(SPANS[min(max(at, 0), len(SPANS) - 1)])

    def _plot(self) -> QRect:
        """Return where the lines are."""
        left = min(self._longest, self.width() // 5)
        # isHidden: what the widget wants, whether or not its window is on the screen yet.
        right = 0 if self._bar.isHidden() else self._bar.sizeHint().width()
        return QRect(left, 0, max(0, self.width() - left - right), self.height() - _AXIS)

    def _look(self) -> Look:
        theme, plot, rows = self._theme, self._plot(), self.rows
        ratio = self.devicePixelRatioF()
        layers = [
            _BAD if self._names[k] in self._bad
            else _CHOSEN if self._names[k] == self.chosen
            else _EEG if self._kinds[k] == "eeg"
            else _OTHER
            for k in rows
        ]  # fmt: skip
        return Look(
            width=max(1, round(plot.width() * ratio)),
            height=max(1, round(plot.height() * ratio)),
            seconds=self.seconds,
            first=rows.start,
            volts=tuple(self.volts * _LARGER.get(self._kinds[k], 1.0) for k in rows),
            layers=tuple(layers),
            inks=(
                theme.muted,
                mixed(theme.text, theme.background, 0.85),
                theme.high,
                theme.accent,
            ),
            background=theme.background,
            grid=mixed(theme.grid, theme.background, 0.7),
            missing=theme.raised,
            doubtful=mixed(theme.doubtful, theme.background, 0.25),
            excluded=mixed(theme.bad, theme.background, 0.25),
            grid_every=self._grid_every(plot),
        )

    def _grid_every(self, plot: QRect) -> float:
        marks = ticks(0.0, self.seconds, max(1, plot.width() // 90))
        return max(1.0, marks[1] - marks[0]) if len(marks) > 1 else self.seconds

    def _row_at(self, y: float) -> int | None:
        rows, plot = self.rows, self._plot()
        k = math.floor(y / max(1, plot.height()) * len(rows))
        return rows[k] if 0 <= k < len(rows) else None

    def _name_at(self, position: QPointF) -> str | None:
        row = self._row_at(position.y())
        return None if row is None else self._names[row]

    def _words_at(self, position: QPointF) -> str:
        row = self._row_at(position.y())
        if row is None:
            return ""
        words = [f"{self._names[row]} ({self._kinds[row]})"]
        if self._names[row] in self._bad:
            words.append("left out as bad")
        if np.isfinite(self._quality[row]):
            words.append(f"quality {self._quality[row]:.0%}")
        plot = self._plot()
        if self._ring is not None and plot.contains(position.toPoint()):
            back = round((plot.right() + 1 - position.x()) * self.devicePixelRatioF())
            column = self._image.stop - max(1, back)
            found = self._ring.columns(
                column, column + 1, self._image.per_column, slice(row, row + 1)
            )
            words += [flag.name.lower() for flag in Flag(int(found.flags[0, 0])) if flag.name]
        return ", ".join(words)

    def _paint_names(self, plot: QRect) -> QPixmap:
        grades = verdicts(self._quality)
        rows = [
            Row(name, int(grades[k]), name in self._bad, name == self.chosen)
            for k in self.rows
            for name in [self._names[k]]
        ]
        size = QSize(plot.x(), plot.height())
        ratio = self.devicePixelRatioF()
        return paint_names(rows, size, plot.height(), ratio, self.font(), self._theme)

    def _paint_axis(self, painter: QPainter, plot: QRect) -> None:
        """Write below the lines how high a voltage is, the stream's time and what is shown."""
        painter.setPen(QColor(*self._theme.text))
        left = self._paint_scale(painter, plot)
        painter.setPen(QColor(*self._theme.faint))
        said = f"{seconds_words(self.seconds)} wide"
        if len(self.rows) < len(self._names):
            shown = f"channels {self.rows.start + 1}–{self.rows.stop} of {len(self._names)}"
            said = f"{shown} · {said}"
        place = QRectF(plot.x(), plot.bottom() + 2, plot.width() - _MARGIN, _AXIS - 4)
        painter.drawText(place, int(_RIGHT), said)
        right = place.right() - QFontMetrics(self.font()).horizontalAdvance(said) - _MARGIN
        if self._ring is not None:
            self._paint_times(painter, plot, max(left + 30, plot.x()), right - 30)

    def _paint_times(self, painter: QPainter, plot: QRect, left: float, right: float) -> None:
        """Write the stream's time under the lines of the grid, where there is room."""
        assert self._ring is not None
        per_pixel = self._image.per_column * self.devicePixelRatioF() / self._ring.sfreq
        newest = self._image.stop * self._image.per_column / self._ring.sfreq
        every = self._grid_every(plot)
        k = math.floor(newest / every)
        while k >= 0 and (x := plot.right() + 1 - (newest - k * every) / per_pixel) > left:
            if x < right:
                minutes, seconds = divmod(k * every, 60)
                place = QRectF(x - 30, plot.bottom() + 2, 60, _AXIS - 4)
                flags = int(Qt.AlignmentFlag.AlignCenter)
                painter.drawText(place, flags, f"{minutes:.0f}:{seconds:02.0f}")
            k -= 1

    def _paint_scale(self, painter: QPainter, plot: QRect) -> float:
        """Draw a bar of known voltage; return where it ends."""
        pitch = plot.height() / max(1, len(self.rows))
        volts = self.volts
        # Below the last name there is room for a taller bar where rows are high.
        while volts / self.volts * pitch > max(_AXIS - 6, pitch / 2 - 16):
            volts = step(volts, -1, 0.0, math.inf)
        height = max(1, round(volts / self.volts * pitch))
        bottom = plot.bottom() + 3 + (_AXIS - 6 + min(height, _AXIS - 6)) // 2
        x = _MARGIN + 3
        painter.drawLine(x, bottom - height, x, bottom)
        for y in (bottom - height, bottom):
            painter.drawLine(x - 3, y, x + 3, y)
        text = volts_words(volts)
        width = QFontMetrics(self.font()).horizontalAdvance(text)
        place = QRectF(x + 8, plot.bottom() + 2, width + 2, _AXIS - 4)
        painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter), text)
        return place.right()

    def _values(self) -> Values:
        """Return the samples that are shown."""
        rows = self.rows
        columns = ("time (s)", *(f"{self._names[k]} (µV)" for k in rows))
        if self._ring is None:
            return Values(columns, [])
        times, data = self._ring.window(self.seconds, self._end)
        shown = data[:, rows.start : rows.stop].astype(float) * 1e6
        return Values(columns, np.column_stack([times, shown]).tolist())
