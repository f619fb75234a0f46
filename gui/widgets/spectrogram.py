"""How the spectrum of one channel went over the last seconds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import ArrayLike
from PySide6.QtCore import QRectF, Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ...signal import FloatArray
from ..state.scales import DECIBELS
from ..theme import DARK, Theme
from .picture import Values, offer_picture
from .spectrum import PLOT_MARGINS, paint_axes

# The scale covers what is between these shares of the levels, in whole steps of it.
_DARKEST, _BRIGHTEST, _GRAIN = 5.0, 99.0, 5.0


class Spectrogram(QWidget):
    """A picture of power density, time to the right and frequency upwards.

    Columns without data show the background.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Spectrogram")
        self._theme = DARK
        self._title = ""
        self._highest = 45.0
        self._frequencies: FloatArray = np.zeros(0)
        self._decibels: FloatArray = np.zeros((0, 0))
        self._hop = 1.0
        self._limits: tuple[float, float] | None = None
        self._edges: list[pg.InfiniteLine] = []
        self._plot = pg.PlotWidget()
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        item = self._plot.getPlotItem()
        item.setMouseEnabled(x=False, y=False)
        item.hideButtons()
        item.setContentsMargins(*PLOT_MARGINS)
        item.setLabel("bottom", "time (s)")
        item.setLabel("left", "frequency (Hz)")
        self._image = pg.ImageItem(axisOrder="row-major")
        item.addItem(self._image)
        self._bar = pg.ColorBarItem(interactive=False, width=12, label=DECIBELS)
        self._bar.setImageItem(self._image, insert_in=item)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)
        self.set_theme(DARK)
        offer_picture(self, "spectrogram", self._values)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        paint_axes(self._plot, theme)
        self._bar.setColorMap(pg.ColorMap(None, theme.rising()))
        for side in ("left", "right"):
            self._bar.getAxis(side).setTextPen(pg.mkPen(theme.faint))
            self._bar.getAxis(side).setPen(pg.mkPen(theme.faint))
        for edge in self._edges:
            edge.setPen(pg.mkPen((*theme.text, 120), width=1, style=Qt.PenStyle.DotLine))
        self._plot.getPlotItem().setTitle(self._title or None, color=theme.text, size="10pt")

    def set_channel(self, name: str) -> None:
        """Say whose spectrogram it is."""
        self._title = name
        self._limits = None
        self._plot.getPlotItem().setTitle(name or None, color=self._theme.text, size="10pt")

    def set_range(self, highest: float) -> None:
        """Show frequencies up to so many Hz."""
        self._highest = highest
        self._plot.getPlotItem().setYRange(0.0, highest, padding=0)

    def set_bands(
        self, names: Sequence[str], lows: Sequence[float], highs: Sequence[float]
    ) -> None:
        """Mark the limits of bands, in Hz."""
        if not len(names) == len(lows) == len(highs):
            raise ValueError(
                f"{len(names)} bands need as many limits, got {len(lows)} and {len(highs)}"
            )
        item = self._plot.getPlotItem()
        for edge in self._edges:
            item.removeItem(edge)
        self._edges = [pg.InfiniteLine(at, angle=0) for at in sorted({*lows, *highs})]
        for edge in self._edges:
            item.addItem(edge, ignoreBounds=True)
        self.set_theme(self._theme)

    def redraw(self, frequencies: ArrayLike, decibels: ArrayLike, hop: float) -> None:
        """Draw what is new.

        Parameters
        ----------
        frequencies : array, shape (n_frequencies,)
            Hz, evenly spaced from 0.
        decibels : array, shape (n_columns, n_frequencies)
            dB re 1 µV²/Hz, the newest column last.
        hop : float
            Seconds from one column to the next.
        """
        self._frequencies = np.asarray(frequencies, np.float64)
        self._decibels = np.asarray(decibels, np.float64)
        self._hop = hop
        if self._decibels.ndim != 2 or self._decibels.shape[1] != len(self._frequencies):
            raise ValueError(
                f"every column needs {len(self._frequencies)} levels, "
                f"got shape {self._decibels.shape}"
            )
        seen = (self._frequencies >= 0.5) & (self._frequencies <= self._highest)
        levels = self._decibels[:, seen]
        levels = levels[np.isfinite(levels)]
        if levels.size:
            self._follow(levels)
        seconds, step = len(self._decibels) * hop, self._frequencies[1] - self._frequencies[0]
        shown = self._frequencies <= self._highest + step
        self._image.setImage(self._decibels[:, shown].T, autoLevels=False)
        self._image.setRect(QRectF(-seconds, -step / 2, seconds, step * int(shown.sum())))
        item = self._plot.getPlotItem()
        item.setXRange(-seconds, 0.0, padding=0)
        item.setYRange(0.0, self._highest, padding=0)

    def _follow(self, levels: FloatArray) -> None:
        """Keep the scale while it fits about, so that colours keep their meaning."""
        low, high = np.percentile(levels, [_DARKEST, _BRIGHTEST])
        if self._limits is not None:
            near = max(abs(low - self._limits[0]), abs(high - self._limits[1]))
            if near < 1.5 * _GRAIN:
                return
        low, high = np.floor(low / _GRAIN) * _GRAIN, np.ceil(high / _GRAIN) * _GRAIN
        self._limits = (float(low), float(max(high, low + _GRAIN)))
        self._bar.setLevels(self._limits)

    def _values(self) -> Values:
        """Return the numbers that are shown."""
        columns = ("time (s)", *(f"{f:g} Hz ({DECIBELS})" for f in self._frequencies))
        times = (np.arange(len(self._decibels)) - len(self._decibels) + 1) * self._hop
        return Values(columns, np.column_stack([times, self._decibels]).tolist())
