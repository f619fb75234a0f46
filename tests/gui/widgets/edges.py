"""What the tests of pictures of edges share."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QToolTip, QWidget

from rtemotion.gui.theme import Colour
from tests.gui.mouse import point_at

NAMES = ("Fz", "C3", "C4", "Pz")
PLACES = 0.07 * np.array([[0, 1, 1], [-1, 0, 1], [1, 0, 1], [0, -1, 1.0]])
PAIRS = np.array([[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]])


def picture(widget: QWidget) -> np.ndarray:
    """What is on the screen: shape (height, width, 3), red, green and blue."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), dtype=np.uint8)
    return pixels.reshape(image.height(), image.width(), 4)[:, :, 2::-1].astype(int)


def alike(widget: QWidget, colour: Colour, tolerance: int = 12) -> np.ndarray:
    """Say which pixels are about as coloured, shape (height, width)."""
    away = np.abs(picture(widget) - np.array(colour)).max(axis=2)
    return np.asarray(away <= tolerance)


def share(widget: QWidget, colour: Colour, tolerance: int = 12) -> int:
    """Count the pixels about as coloured."""
    return int(alike(widget, colour, tolerance).sum())


def hover_until(widget: QWidget, words: str, step: int = 6) -> QPoint | None:
    """Move the mouse over the widget until a tip begins so; return where."""
    for y in range(0, widget.height(), step):
        for x in range(0, widget.width(), step):
            point_at(widget, QPoint(x, y))
            if QToolTip.isVisible() and QToolTip.text().startswith(words):
                return QPoint(x, y)
    return None
