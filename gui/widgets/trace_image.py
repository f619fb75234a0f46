"""The picture of scrolling signals, of which only the columns that are new are drawn.

Column j of the stream lies at j modulo the width: what has been drawn stays where it is and the
picture turns around like a drum. Lines are filled in by counting, for each pixel, how many of
them begin and end above it, which costs the same for two channels as for two hundred.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from ...signal import EXCLUDED, Flag
from ..state.signals import Envelope, SignalRing
from ..theme import Colour

# A line reaches this far from the middle of its row, in rows: further is cut.
_REACH = 1.5
# A line that lies beyond its row for so long is put back into its middle.
_PATIENCE = 1.0


@dataclass(frozen=True)
class Look:
    """Everything that, when it changes, makes the whole picture anew.

    Attributes
    ----------
    width, height : int
        Pixels of the screen, not of the window system.
    seconds : float
        From the left edge to the right.
    first : int
        The channel of the uppermost row.
    volts : tuple of float
        Volts a row, one for each row.
    layers : tuple of int
        For each row, which of `inks` it is drawn with; higher ones lie above lower ones.
    inks : tuple of Colour
        Colours of lines.
    background, grid, missing, doubtful, excluded : Colour
        Behind everything, of a line every few seconds, where there are no samples, behind
        samples with something against them, and behind those that no result is made of.
    grid_every : float
        Seconds between lines of the grid.
    """

    width: int
    height: int
    seconds: float
    first: int
    volts: tuple[float, ...]
    layers: tuple[int, ...]
    inks: tuple[Colour, ...]
    background: Colour
    grid: Colour
    missing: Colour
    doubtful: Colour
    excluded: Colour
    grid_every: float


class TraceImage:
    """The drawn columns of the newest signals.

    Attributes
    ----------
    stop : int
        Number of the column after the last one drawn, counted from sample 0.
    per_column : float
        Samples a column.
    """

    def __init__(self) -> None:
        self.stop = 0
        self.per_column = 1.0
        self._look: Look | None = None
        self._source: tuple[SignalRing, int] | None = None
        self._pixels = np.zeros((1, 1), np.uint32)
        self._image = QImage()
        self._offsets = np.zeros(0, np.float32)
        self._beyond = np.zeros(0, np.int64)

    def draw(self, ring: SignalRing, look: Look, end: int | None = None) -> bool:
        """Draw what is missing up to an end.

        Parameters
        ----------
        ring : SignalRing
            The signals.
        look : Look
            How they are to look.
        end : int, optional
            Index one past the last sample, the newest when left out.

        Returns
        -------
        bool
            Whether anything was drawn.
        """
        per_column = look.seconds * ring.sfreq / look.width
        stop = ring.complete(per_column, end)
        source = (ring, ring.generation)
        fresh = stop - self.stop
        lost = self._beyond.size > 0 and self._beyond.max() > _PATIENCE * ring.sfreq / per_column
        if look == self._look and source == self._source and 0 <= fresh < look.width and not lost:
            if fresh:
                self._columns(ring, look, self.stop, stop)
            return fresh > 0
        if self._look is None or (look.width, look.height) != (
            self._look.width,
            self._look.height,
        ):
            self._allot(look)
        self._look, self._source, self.per_column = look, source, per_column
        self._columns(ring, look, stop - look.width, stop, centre=True)
        return True

    def paint(self, painter: QPainter, x: float, y: float, ratio: float) -> None:
        """Put the picture on the screen, its last column at the right.

        Parameters
        ----------
        painter : QPainter
            Of the widget.
        x, y : float
            Upper left corner.
        ratio : float
            Pixels of the screen to one of the window system.
        """
        if self._look is None:
            return
        width, height = self._look.width, self._look.height
        turn = self.stop % width
        for start, stop in ((turn, width), (0, turn)):
            n = stop - start
            target = QRectF(x, y, n / ratio, height / ratio)
            # A saved drawing takes whole images alone, whatever part of one is asked for.
            if n:
                painter.drawImage(target, self._image.copy(start, 0, n, height))
            x += n / ratio

    def _allot(self, look: Look) -> None:
        self._pixels = np.zeros((look.height, look.width), np.uint32)
        # The image looks at the array's memory: drawing is writing into the array.
        self._image = QImage(
            self._pixels.data,
            look.width,
            look.height,
            4 * look.width,
            QImage.Format.Format_RGB32,
        )

    def _columns(
        self, ring: SignalRing, look: Look, first: int, stop: int, centre: bool = False
    ) -> None:
        rows = slice(look.first, look.first + len(look.volts))
        envelope = ring.columns(first, stop, self.per_column, rows)
        if centre:
            self._centre(envelope, ring.sfreq)
        pixels = self._ground(envelope, look, ring.sfreq)
        tops, bottoms = self._reaches(envelope, look)
        layers = np.asarray(look.layers)
        for layer in np.unique(layers):
            chosen = layers == layer
            lines = _filled(tops[:, chosen], bottoms[:, chosen], look.height)
            pixels[lines] = _packed(look.inks[layer])
        at = first % look.width
        n = min(stop - first, look.width - at)
        self._pixels[:, at : at + n] = pixels[:, :n]
        self._pixels[:, : stop - first - n] = pixels[:, n:]
        self.stop = stop

    def _centre(self, envelope: Envelope, sfreq: float) -> None:
        """Let each line run through the middle of its row, going by its last seconds."""
        n = max(1, round(2 * sfreq / self.per_column))
        middles = (envelope.low[-n:] + envelope.high[-n:]) / 2
        known = np.isfinite(middles)
        totals = np.where(known, middles, 0.0).sum(axis=0)
        self._offsets = np.asarray(totals / np.maximum(known.sum(axis=0), 1), np.float32)
        self._beyond = np.zeros(len(self._offsets), np.int64)

    def _reaches(
        self, envelope: Envelope, look: Look
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the pixels between which each line lies, the last excluded; equal for none."""
        volts = np.asarray(look.volts, np.float32)
        low = (envelope.low - self._offsets) / volts
        high = (envelope.high - self._offsets) / volts
        beyond = ((low > 1) | (high < -1)).all(axis=0)
        self._beyond = np.where(beyond, self._beyond + len(low), 0)
        known = np.isfinite(low)
        pitch = look.height / len(volts)
        middles = (np.arange(len(volts)) + 0.5) * pitch
        tops, bottoms = (
            np.clip(
                middles - np.where(known, np.clip(reach, -_REACH, _REACH), 0.0) * pitch,
                0,
                look.height - 1,
            ).astype(np.intp)
            for reach in (high, low)
        )
        return tops, np.where(known, bottoms + 1, tops)

    def _ground(self, envelope: Envelope, look: Look, sfreq: float) -> NDArray[np.uint32]:
        """Return what lies behind the lines, shape (height, n_columns)."""
        n = len(envelope.low)
        seconds = (envelope.first + np.arange(n + 1)) * self.per_column / sfreq
        lines = np.diff(np.floor(seconds / look.grid_every + 1e-9)) > 0
        across = np.where(lines, _packed(look.grid), _packed(look.background)).astype(np.uint32)
        pixels = np.broadcast_to(across, (look.height, n)).copy()
        columns, rows = np.nonzero(envelope.flags)
        if not len(columns):
            return pixels
        tints = np.where(
            envelope.flags & EXCLUDED, _packed(look.excluded), _packed(look.doubtful)
        ).astype(np.uint32)
        tints[envelope.flags & Flag.MISSING > 0] = _packed(look.missing)
        edges = np.round(np.arange(len(look.volts) + 1) * look.height / len(look.volts))
        for row in np.unique(rows):
            marked = envelope.flags[:, row] > 0
            band = slice(int(edges[row]), int(edges[row + 1]))
            pixels[band, marked] = tints[marked, row]
        return pixels


def _filled(tops: NDArray[np.intp], bottoms: NDArray[np.intp], height: int) -> NDArray[np.bool_]:
    """Return which pixels lie between any line's top and bottom, shape (height, n_columns)."""
    n = len(tops)
    size = (height + 1) * n
    columns = np.arange(n)[:, None]
    counts = np.bincount((tops * n + columns).ravel(), minlength=size).astype(np.int16)
    counts -= np.bincount((bottoms * n + columns).ravel(), minlength=size).astype(np.int16)
    counts = counts.reshape(height + 1, n)[:height]
    return np.asarray(np.cumsum(counts, axis=0, dtype=np.int16) > 0)


def _packed(colour: Colour) -> np.uint32:
    red, green, blue = colour
    return np.uint32(0xFF000000 | red << 16 | green << 8 | blue)
