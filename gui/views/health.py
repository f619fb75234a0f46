"""The page on how the run is doing: ages, rate, losses over time, channels, and the log."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..state.session import Happening, Session
from ..state.words import clock_words
from ..theme import DARK, Theme
from ..widgets.picture import Values, offer_picture
from .view import Moment, View

_LINES = (
    ("sample_age", "newest sample's age (ms)", 1e3),
    ("latency_p99", "latency p99 (ms)", 1e3),
    ("rate", "rate (Hz)", 1.0),
    ("drift_ppm", "drift (ppm)", 1.0),
    ("late", "late frames", 1.0),
    ("lost", "samples lost", 1.0),
)
# No axis spans less, in the units of the plot: a line of zeros lies at the bottom.
_LEAST_SPAN = 1.0
_HEADINGS = ("channel", "clean", "level (µV)", "mains (µV)", "against it")


class HealthView(View):
    """History of the run's facts, a table of channels, and what happened."""

    title = "Health"
    topics = ()
    every_s = 0.5

    def __init__(self) -> None:
        super().__init__()
        self._theme = DARK
        self._plots: list[pg.PlotWidget] = []
        self._curves: list[pg.PlotDataItem] = []
        plots = QWidget()
        column = QVBoxLayout(plots)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for key, title, factor in _LINES:
            plot = pg.PlotWidget()
            plot.setMenuEnabled(False)
            plot.setMouseEnabled(x=False, y=False)
            plot.hideButtons()
            plot.getAxis("left").setWidth(56)
            plot.getAxis("left").setTickDensity(0.6)
            plot.setMinimumHeight(70)
            self._curves.append(plot.plot(connect="finite"))
            self._plots.append(plot)
            offer_picture(plot, title, partial(self._values, key, factor, title))
            column.addWidget(plot, 1)
        self._plots[-1].setLabel("bottom", "seconds since the start")
        self._known = [True] * len(_LINES)
        self._table = QTableWidget(0, len(_HEADINGS))
        self._table.setHorizontalHeaderLabels(_HEADINGS)
        self._table.verticalHeader().hide()
        self._table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        header = self._table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._log = QPlainTextEdit()
        self._log.setReadOnly(True)
        self._log.setMaximumBlockCount(1000)
        self._told = 0
        self._history: list[Mapping[str, object]] = []
        right = QSplitter(Qt.Orientation.Vertical)
        right.addWidget(_titled("Channels", self._table))
        right.addWidget(_titled("What happened", self._log))
        right.setStretchFactor(0, 3)
        right.setStretchFactor(1, 2)
        split = QSplitter()
        split.addWidget(plots)
        split.addWidget(right)
        split.setSizes([640, 640])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(split)
        self.setFocusProxy(self._table)

    def begin(self, session: Session) -> None:
        """Forget the run before."""
        self._log.clear()
        self._told = 0
        self._table.setRowCount(0)

    def redraw(self, session: Session, frozen: Moment | None) -> None:
        """Draw the facts as they are now."""
        if frozen is not None:
            return
        self._history = list(session.health)
        times = np.array([h["running_s"] for h in self._history], dtype=float)
        for place, (key, _, factor) in enumerate(_LINES):
            values = np.array([_number(h[key]) for h in self._history]) * factor
            self._show_line(place, times, values)
        self._show_channels(session)
        self._show_events(session)

    def _show_line(
        self, place: int, times: NDArray[np.float64], values: NDArray[np.float64]
    ) -> None:
        plot = self._plots[place]
        self._curves[place].setData(times, values)
        finite = values[np.isfinite(values)]
        known = len(finite) > 0 or not len(values)
        if known != self._known[place]:
            self._known[place] = known
            self._show_title(place)
        if len(finite):
            low, high = float(finite.min()), float(finite.max())
            room = max(_LEAST_SPAN, 1.1 * (high - low)) - (high - low)
            low = max(low - room / 2, 0.0) if low >= 0 else low - room / 2
            plot.setYRange(low, high + room / 2, padding=0)

    def _show_title(self, place: int) -> None:
        title = _LINES[place][1] if self._known[place] else f"{_LINES[place][1]}: not known here"
        self._plots[place].setTitle(title, size="9pt", color=self._theme.text)

    def _show_channels(self, session: Session) -> None:
        channels = session.latest.health.get("channels", ())
        self._table.setRowCount(len(channels))
        theme = self._theme
        for row, channel in enumerate(channels):
            clean = _number(channel["quality"])
            words = (
                channel["name"],
                "–" if math.isnan(clean) else f"{clean:.0%}",
                _microvolts(channel["rms"]),
                _microvolts(channel["line"]),
                ", ".join(channel["reasons"]) or "nothing",
            )
            colour = theme.good if clean > 0.8 else theme.doubtful if clean > 0.5 else theme.bad
            for place, word in enumerate(words):
                item = self._table.item(row, place)
                if item is None:
                    item = QTableWidgetItem()
                    self._table.setItem(row, place, item)
                item.setText(word)
                item.setForeground(QColor(*(colour if place == 1 else theme.text)))

    def _show_events(self, session: Session) -> None:
        new = len(session.events) - self._told
        if new < 0 or self._told >= (session.events.maxlen or 0):
            self._log.clear()
            new = len(session.events)
        for happening in list(session.events)[-new:] if new else ():
            at = "" if math.isnan(happening.time) else f"{_since(happening, session):>8}  "
            self._log.appendPlainText(f"{at}{happening.text}")
        self._told = len(session.events)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        for place, (plot, curve) in enumerate(zip(self._plots, self._curves, strict=True)):
            plot.setBackground(theme.background)
            curve.setPen(pg.mkPen(theme.series(place), width=1))
            self._show_title(place)
            for side in ("left", "bottom"):
                plot.getAxis(side).setPen(theme.grid)
                plot.getAxis(side).setTextPen(theme.faint)

    def _values(self, key: str, factor: float, title: str) -> Values:
        rows: list[list[str | float]] = [
            [_number(h["running_s"]), _number(h[key]) * factor] for h in self._history
        ]
        return Values(("seconds since the start", title), rows)


def _since(happening: Happening, session: Session) -> str:
    """Return when something happened, on the clock of the plots."""
    return clock_words(happening.time - (session.started or 0.0))


def _titled(title: str, widget: QWidget) -> QWidget:
    label = QLabel(title)
    label.setObjectName("heading")
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(label)
    column.addWidget(widget, 1)
    return box


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _microvolts(volts: object) -> str:
    value = _number(volts)
    return "–" if math.isnan(value) else f"{value * 1e6:.1f}"
