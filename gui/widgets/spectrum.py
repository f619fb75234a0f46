"""The power spectrum of one channel, with the bands that features are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import ArrayLike
from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ..state.scales import DECIBELS
from ..theme import DARK, Theme
from .picture import Values, offer_picture
from .trace_names import mixed

# Limits of the vertical axis are multiples of this, so that it stays calm.
_GRAIN = 10.0
# The low bands are too narrow for their names.
_LETTERS = {"delta": "δ", "theta": "θ", "alpha": "α", "beta": "β", "gamma": "γ"}
# Left, top, right, bottom: the last number of an axis is wider than its end.
PLOT_MARGINS = (4, 2, 14, 6)


class Spectrum(QWidget):
    """A curve of power density over frequency."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Spectrum")
        self._theme = DARK
        self._title = ""
        self._said = ("", "")
        self._frequencies = self._decibels = np.zeros(0)
        self._limits = (math.nan, math.nan)
        self._bands: list[tuple[str, pg.LinearRegionItem, pg.TextItem]] = []
        self._plot = pg.PlotWidget()
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        item = self._plot.getPlotItem()
        item.setMouseEnabled(x=False, y=False)
        item.hideButtons()
        item.setContentsMargins(*PLOT_MARGINS)
        item.setLabel("bottom", "frequency (Hz)")
        item.setLabel("left", DECIBELS)
        self._curve = item.plot([], [], connect="finite")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)
        self.set_range(45.0)
        self.set_theme(DARK)
        offer_picture(self, "spectrum", self._values)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        paint_axes(self._plot, theme)
        self._curve.setPen(pg.mkPen(theme.accent, width=1))
        for k, (_, region, label) in enumerate(self._bands):
            share = 0.9 if k % 2 else 0.45
            region.setBrush(QBrush(QColor(*mixed(theme.raised, theme.background, share))))
            for line in region.lines:
                line.setPen(pg.mkPen(theme.grid, width=1))
            label.setColor(theme.faint)
        self._paint_title()

    def set_channel(self, name: str) -> None:
        """Say whose spectrum it is."""
        self._title = name
        self._limits = (math.nan, math.nan)
        self._paint_title()

    def set_range(self, highest: float) -> None:
        """Show frequencies up to so many Hz."""
        self._plot.getPlotItem().setXRange(0.0, highest, padding=0)

    def set_bands(
        self, names: Sequence[str], lows: Sequence[float], highs: Sequence[float]
    ) -> None:
        """Mark bands from a lower to an upper limit in Hz."""
        if not len(names) == len(lows) == len(highs):
            raise ValueError(
                f"{len(names)} bands need as many limits, got {len(lows)} and {len(highs)}"
            )
        item = self._plot.getPlotItem()
        for _, region, label in self._bands:
            item.removeItem(region)
            item.removeItem(label)
        self._bands = []
        for name, low, high in zip(names, lows, highs, strict=True):
            region = pg.LinearRegionItem((low, high), movable=False)
            region.setZValue(-10)
            label = pg.TextItem(_LETTERS.get(name, name), anchor=(0.5, 0.0))
            for part in (region, label):
                item.addItem(part, ignoreBounds=True)
            label.setX((low + high) / 2)
            self._bands.append((name, region, label))
        self._place_labels()
        self.set_theme(self._theme)

    def redraw(self, frequencies: ArrayLike, decibels: ArrayLike) -> None:
        """Draw what is new.

        Parameters
        ----------
        frequencies : array, shape (n,)
            Hz.
        decibels : array, shape (n,)
            dB re 1 µV²/Hz; all NaN where there is none.
        """
        self._frequencies = np.asarray(frequencies, np.float64)
        self._decibels = np.asarray(decibels, np.float64)
        if self._frequencies.shape != self._decibels.shape:
            raise ValueError(
                f"every frequency needs one level, got shapes {self._frequencies.shape} "
                f"and {self._decibels.shape}"
            )
        self._curve.setData(self._frequencies, self._decibels)
        self._follow()
        self._paint_title()

    def _follow(self) -> None:
        """Widen the axis at once, narrow it only when most of it is empty."""
        (left, right), _ = self._plot.getPlotItem().viewRange()
        # What a high-pass leaves at 0 Hz is no level worth an axis.
        seen = (self._frequencies >= max(left, 0.5)) & (self._frequencies <= right)
        seen &= np.isfinite(self._decibels)
        if not seen.any():
            return
        least, most = self._decibels[seen].min(), self._decibels[seen].max()
        low = math.floor(least / _GRAIN) * _GRAIN
        high = math.ceil((most + 3) / _GRAIN) * _GRAIN
        was_low, was_high = self._limits
        fits = was_low <= low and high <= was_high
        if fits and was_high - was_low <= high - low + 2 * _GRAIN:
            return
        self._limits = (low, high)
        self._plot.getPlotItem().setYRange(low, high, padding=0)
        self._place_labels()

    def _place_labels(self) -> None:
        _, (_, top) = self._plot.getPlotItem().viewRange()
        for _, _, label in self._bands:
            label.setY(top)

    def _paint_title(self) -> None:
        empty = not np.isfinite(self._decibels).any()
        title = f"{self._title} · no whole segment yet" if empty and self._title else self._title
        said = (title, self._theme.name)
        if said != self._said:
            self._said = said
            self._plot.getPlotItem().setTitle(title or None, color=self._theme.text, size="10pt")

    def _values(self) -> Values:
        """Return the numbers that are shown."""
        rows: list[list[str | float]] = [
            [float(f), float(v)] for f, v in zip(self._frequencies, self._decibels, strict=True)
        ]
        return Values(("frequency (Hz)", f"{self._title} ({DECIBELS})".strip()), rows)


def paint_axes(plot: pg.PlotWidget, theme: Theme) -> None:
    """Give a plot's ground, axes and words the colours of a theme."""
    plot.setBackground(QColor(*theme.background))
    for side in ("bottom", "left"):
        axis = plot.getPlotItem().getAxis(side)
        axis.setPen(pg.mkPen(theme.grid, width=1))
        axis.setTextPen(pg.mkPen(theme.faint))
