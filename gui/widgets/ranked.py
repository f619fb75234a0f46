"""The largest contributions in words, each with a bar, under the sum that they belong to."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from ..theme import DARK, Theme
from .picture import Values, offer_picture

_GAP = 6.0
_LINES = 3


class RankedList(QWidget):
    """Rows of words with a signed bar beside each, as many as fit.

    Parameters
    ----------
    name : str
        Proposed for a saved picture.
    parent : QWidget, optional
    """

    def __init__(self, name: str = "contributions", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = DARK
        self._rows: tuple[tuple[str, float], ...] = ()
        self._heading, self._why = "", "No values yet."
        self._trusted, self._changed = True, True
        self.setMinimumSize(150, 60)
        offer_picture(self, name, self.values)

    def show_rows(
        self, rows: Sequence[tuple[str, float]], total: float, base: float, shown: float
    ) -> None:
        """Take the contributions of a moment; `redraw` draws them.

        Parameters
        ----------
        rows : sequence of (str, float)
            Words and value, in the order they are to stand.
        total : float
            Sum of all contributions, of those without a row too.
        base : float
            What the output is without any.
        shown : float
            The output as shown elsewhere, to compare with their sum.
        """
        rows, self._why = tuple(rows), ""
        heading = (
            f"sum of all contributions {_two(total)} + base {_two(base)} "
            f"= {_two(total + base)}, shown {_two(shown)}"
        )
        if (rows, heading) != (self._rows, self._heading):
            self._rows, self._heading, self._changed = rows, heading, True

    def clear(self, why: str) -> None:
        """Show no rows, and say why.

        Parameters
        ----------
        why : str
            One sentence.
        """
        self._rows, self._heading, self._why, self._changed = (), "", why, True

    def set_trusted(self, trusted: bool) -> None:
        """Draw bars in grey where the values are not to be trusted."""
        self._trusted = trusted
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Draw in the colours of a theme."""
        self._theme = theme
        self.update()

    def redraw(self) -> None:
        """Draw what came since the last time, if anything did."""
        if self._changed:
            self._changed = False
            self.update()

    def values(self) -> Values:
        """Return words and values, for the clipboard."""
        rows: list[list[str | float]] = [[words, value] for words, value in self._rows]
        return Values(("contribution", "value"), rows)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(320, 12 * (self.fontMetrics().height() + 4))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        theme = self._theme
        painter.fillRect(self.rect(), QColor(*theme.background))
        room = QRectF(self.rect()).adjusted(_GAP, 4, -_GAP, -4)
        wrap = Qt.TextFlag.TextWordWrap.value
        if self._why:
            painter.setPen(QColor(*theme.faint))
            painter.drawText(room, wrap | Qt.AlignmentFlag.AlignCenter.value, self._why)
        else:
            painter.setPen(QColor(*theme.text))
            used = painter.boundingRect(room, wrap, self._heading)
            painter.drawText(room, wrap, self._heading)
            room.setTop(used.bottom() + _GAP)
            self._paint_rows(painter, room)
        painter.end()

    def _paint_rows(self, painter: QPainter, room: QRectF) -> None:
        """Rows from the top, in more lines where one is too short, while they fit."""
        line = float(self.fontMetrics().height())
        bars = QRectF(room.left(), room.top(), min(0.22 * room.width(), 90.0), line)
        words_at = bars.right() + _GAP
        largest = max((abs(value) for _, value in self._rows), default=0.0) or 1.0
        wrap = Qt.TextFlag.TextWordWrap.value
        top = room.top()
        for place, (words, value) in enumerate(self._rows):
            space = QRectF(words_at, top, room.right() - words_at, _LINES * line)
            needed = min(painter.boundingRect(space, wrap, words).height(), _LINES * line)
            last = place == len(self._rows) - 1
            if top + needed + (0 if last else line) > room.bottom():
                painter.setPen(QColor(*self._theme.faint))
                rest = f"and {len(self._rows) - place} more"
                painter.drawText(QRectF(words_at, top, space.width(), line), 0, rest)
                return
            space.setHeight(needed)
            self._paint_bar(painter, bars.translated(0, top - bars.top()), value / largest)
            painter.setPen(QColor(*self._theme.text))
            painter.drawText(space, wrap, words)
            top += needed + 4

    def _paint_bar(self, painter: QPainter, room: QRectF, part: float) -> None:
        theme = self._theme
        middle = room.center().x()
        length = part * room.width() / 2
        colour = theme.muted if not self._trusted else theme.high if part > 0 else theme.low
        bar = QRectF(middle, room.top() + 3, length, room.height() - 6).normalized()
        painter.fillRect(bar, QColor(*colour))
        painter.setPen(QColor(*theme.grid))
        painter.drawLine(QPointF(middle, room.top()), QPointF(middle, room.bottom()))


def _two(value: float) -> str:
    """Two decimals with a real minus, and no minus at zero."""
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")
