"""A picture can be kept, and its numbers taken elsewhere."""

from __future__ import annotations

from pathlib import Path

import pyqtgraph as pg
import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QMessageBox, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from rtemotion.errors import OutletError
from rtemotion.gui.widgets.picture import Values, copy_values, offer_picture, save_picture

VALUES = Values(("channel", "power (dB)"), [["Fz", 1.5], ["C\t3", float("nan")]])


@pytest.fixture
def plot(qtbot: QtBot) -> QWidget:
    """A widget with a plot of pyqtgraph inside."""
    widget = QWidget()
    layout = QVBoxLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    inner = pg.PlotWidget(background=(10, 20, 30))
    inner.plot([0, 1, 2], [0, 3, 1], pen=(255, 0, 0))
    layout.addWidget(inner)
    qtbot.addWidget(widget)
    widget.resize(300, 200)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def colours(image: QImage) -> set[tuple[int, int, int]]:
    at = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    return {(c.red(), c.green(), c.blue()) for c in at}


def choose(widget: QWidget, entry: str) -> list[str]:
    """Open the context menu as a right click in the middle does, and take an entry."""
    seen: list[str] = []

    def take() -> None:
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        seen.extend(action.text() for action in menu.actions())
        next(action for action in menu.actions() if action.text() == entry).trigger()
        menu.close()

    QTimer.singleShot(0, take)
    middle = widget.rect().center()
    target = widget.childAt(middle) or widget
    at = target.mapFrom(widget, middle)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, target.mapToGlobal(at))
    QApplication.sendEvent(target, event)
    return seen


def test_png_has_two_pixels_for_each(plot: QWidget, tmp_path: Path) -> None:
    save_picture(plot, tmp_path / "a.PNG")
    image = QImage(str(tmp_path / "a.PNG"))
    assert (image.width(), image.height()) == (600, 400)
    assert {(10, 20, 30), (255, 0, 0)} <= colours(image)


def test_svg_shows_the_same_and_its_words_stay_words(plot: QWidget, tmp_path: Path) -> None:
    save_picture(plot, tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text()
    assert "<polyline" in text or "<path" in text
    assert "<text" in text
    drawing = QSvgRenderer(str(tmp_path / "a.svg"))
    assert (drawing.viewBox().width(), drawing.viewBox().height()) == (300, 200)
    image = QImage(300, 200, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    drawing.render(painter)
    painter.end()
    assert (10, 20, 30) in colours(image)
    assert any(red > 200 and blue < 60 for red, _, blue in colours(image))


@pytest.mark.parametrize(
    ("name", "says"), [("a.jpg", r"ends in \.png or \.svg"), ("no/a.png", "choose a folder")]
)
def test_what_cannot_be_written_is_one_sentence(
    plot: QWidget, tmp_path: Path, name: str, says: str
) -> None:
    with pytest.raises(OutletError, match=says):
        save_picture(plot, tmp_path / name)


def test_copied_values_are_a_table_with_headings(qtbot: QtBot) -> None:
    copy_values(VALUES)
    assert QGuiApplication.clipboard().text() == "channel\tpower (dB)\nFz\t1.5\nC 3\t\n"


def test_values_are_asked_for_when_copied(plot: QWidget) -> None:
    now = [VALUES]
    offer_picture(plot, "power", lambda: now[0])
    now[0] = Values(("a",), [[0.25]])
    assert choose(plot, "Copy values") == ["Save picture…", "Copy values"]
    assert QGuiApplication.clipboard().text() == "a\n0.25\n"


def test_the_menu_saves_under_the_chosen_name(
    plot: QWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(_parent: QWidget, _title: str, proposed: str, filters: str) -> tuple[str, str]:
        asked.append(proposed)
        return str(tmp_path / "chosen"), filters.split(";;")[1]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    offer_picture(plot, "alpha power: O1/O2", lambda: VALUES)
    choose(plot, "Save picture…")
    assert asked == ["alpha-power-O1-O2.png"]
    assert (tmp_path / "chosen.svg").read_text().startswith("<?xml")


def test_a_picture_that_cannot_be_saved_is_said(
    plot: QWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    path = tmp_path / "no" / "a.png"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    monkeypatch.setattr(QMessageBox, "warning", lambda _p, _t, text: said.append(text))
    offer_picture(plot, "power", lambda: VALUES)
    choose(plot, "Save picture…")
    assert len(said) == 1
    assert str(path) in said[0]


def test_an_entry_added_before_stays(qtbot: QtBot) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.resize(50, 50)
    widget.addAction("Forget this channel")
    widget.show()
    offer_picture(widget, "x", lambda: VALUES)
    assert choose(widget, "Copy values")[0] == "Forget this channel"


def test_a_plot_without_ours_keeps_its_own_place(plot: QWidget) -> None:
    offer_picture(plot, "x", lambda: VALUES)
    inner = plot.findChild(pg.PlotWidget)
    assert not inner.getViewBox().menuEnabled()
    assert plot.childAt(QPoint(150, 100)) is not None
    assert plot.contextMenuPolicy() == Qt.ContextMenuPolicy.ActionsContextMenu
