"""What is on the screen, kept: a picture as PNG or SVG, its numbers on the clipboard."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyqtgraph as pg
from PySide6.QtCore import QBuffer, QIODevice, QPoint, QRect, Qt
from PySide6.QtGui import QAction, QGuiApplication, QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QFileDialog, QGraphicsView, QMainWindow, QMessageBox, QWidget

from ...errors import OutletError, RtemotionError

# Sharp on paper and on a screen of twice the pixels.
_SCALE = 2.0
_TOLD_MS = 5000
_FILTERS = "Picture (*.png);;Drawing (*.svg)"


@dataclass(frozen=True)
class Values:
    """The numbers behind a picture.

    Attributes
    ----------
    columns : tuple of str
        Headings, with units.
    rows : list of list of str or float
        One list for each row, as long as `columns`. NaN is a value that is not known.
    """

    columns: tuple[str, ...]
    rows: list[list[str | float]]


def offer_picture(widget: QWidget, name: str, values: Callable[[], Values]) -> None:
    """Add ``Save picture…`` and ``Copy values`` to the context menu of a widget.

    The menus that pyqtgraph would show instead are switched off, those of plots inside the
    widget as well. Call it once, when the plots are made.

    Parameters
    ----------
    widget : QWidget
        What is saved, as it looks at that moment.
    name : str
        The name proposed for the file, without its extension.
    values : callable
        Asked for the numbers when they are copied.
    """
    for view in [widget, *widget.findChildren(QGraphicsView)]:
        if isinstance(view, QGraphicsView):
            for item in view.scene().items():
                if isinstance(item, pg.PlotItem | pg.ViewBox):
                    item.setMenuEnabled(False)
    save = QAction("Save picture…", widget)
    save.triggered.connect(lambda: ask_and_save(widget, name))
    copy = QAction("Copy values", widget)
    copy.triggered.connect(lambda: _copy(widget, values()))
    widget.addActions([save, copy])
    widget.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)


def ask_and_save(widget: QWidget, name: str) -> None:
    """Ask where a picture of a widget goes, write it there, and say so where that fails.

    Parameters
    ----------
    widget : QWidget
        What is saved.
    name : str
        The name proposed for the file, without its extension.
    """
    proposed = re.sub(r"[^\w.+-]+", "-", name).strip("-") + ".png"
    path, chosen = QFileDialog.getSaveFileName(widget, "Save picture", proposed, _FILTERS)
    if not path:
        return
    if not Path(path).suffix:
        path += ".svg" if "svg" in chosen else ".png"
    try:
        save_picture(widget, path)
    except RtemotionError as problem:
        QMessageBox.warning(widget, "Save picture", str(problem))
    else:
        _tell(widget, f"Saved {path}")


def save_picture(widget: QWidget, path: str | Path) -> None:
    """Write a widget as it looks now.

    Parameters
    ----------
    widget : QWidget
        What is saved.
    path : str or Path
        Ends in ``.png`` (two pixels for each of the widget's) or ``.svg`` (lines and words
        stay lines and words).

    Raises
    ------
    OutletError
        The extension is another, or the file cannot be written.
    """
    path = Path(path)
    kinds = {".png": _png, ".svg": _svg}
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        raise OutletError(
            f"The picture cannot be saved as {path.name}: choose a name that ends in .png or .svg."
        )
    try:
        path.write_bytes(kind(widget))
    except OSError as problem:
        raise OutletError(
            f"The picture cannot be saved as {path} ({problem.strerror}): "
            "choose a folder that exists and that you may write to, on a disk with room."
        ) from problem


def copy_values(values: Values) -> None:
    """Put values on the clipboard as spreadsheets take them.

    Parameters
    ----------
    values : Values
        Written as a row of headings and one line for each row, separated by tabs. A value
        that is not known is an empty cell.
    """
    rows: list[list[str | float]] = [list(values.columns), *values.rows]
    text = "\n".join("\t".join(_cell(value) for value in row) for row in rows)
    QGuiApplication.clipboard().setText(text + "\n")


def _copy(widget: QWidget, values: Values) -> None:
    copy_values(values)
    _tell(widget, f"Copied {len(values.rows)} rows")


def _tell(widget: QWidget, sentence: str) -> None:
    """Say something in the window's status line, where it has one."""
    window = widget.window()
    if isinstance(window, QMainWindow):
        window.statusBar().showMessage(sentence, _TOLD_MS)


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return " ".join(value.split())
    return "" if math.isnan(value) else f"{value:.9g}"


def _png(widget: QWidget) -> bytes:
    image = QImage(widget.size() * _SCALE, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(_SCALE)
    image.fill(Qt.GlobalColor.transparent)
    widget.render(image)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, b"png").write(image)
    return bytes(buffer.data().data())


def _svg(widget: QWidget) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(widget.size())
    generator.setViewBox(QRect(QPoint(0, 0), widget.size()))
    # Qt scales to the resolution of the device; a drawing has none of its own.
    generator.setResolution(widget.logicalDpiX())
    painter = QPainter(generator)
    widget.render(painter, QPoint(0, 0))
    painter.end()
    return bytes(buffer.data().data())
