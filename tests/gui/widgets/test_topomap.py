"""A map of the head shows channels where they are, and says what it cannot show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QToolTip
from pytestqt.qtbot import QtBot

from rtemotion.gui.theme import LIGHT
from rtemotion.gui.widgets.picture import save_picture
from rtemotion.gui.widgets.topomap import TopoMap
from tests.gui.mouse import point_at

NAMES = ("Fz", "C3", "C4", "Pz")
# In the flat picture: halfway to nose, left ear, right ear and neck (metres).
PLACES = 0.07 * np.array([[0, 1, 1], [-1, 0, 1], [1, 0, 1], [0, -1, 1.0]])


@pytest.fixture
def head(qtbot: QtBot) -> TopoMap:
    widget = TopoMap("alpha")
    qtbot.addWidget(widget)
    widget.set_channels(NAMES, PLACES)
    widget.resize(300, 260)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def reddest(head: TopoMap) -> tuple[int, int]:
    """Where the map has most of the colour of high values (column, row)."""
    image = head.grab().toImage()
    spots = [(x, y) for x in range(0, 220, 4) for y in range(20, 256, 4)]
    return max(spots, key=lambda at: image.pixelColor(*at).red() - image.pixelColor(*at).blue())


@pytest.mark.parametrize(
    ("channel", "way"), [(0, (0, -1)), (1, (-1, 0)), (2, (1, 0)), (3, (0, 1))]
)
def test_a_high_value_is_seen_where_its_channel_is(
    head: TopoMap, channel: int, way: tuple[int, int]
) -> None:
    values = np.full(4, -1.0)
    values[channel] = 1.0
    head.show_values(values, "alpha", "dB", signed=True)
    head.redraw()
    x, y = reddest(head)
    at = QPoint(x, y) - QPoint(121, 138)
    along = at.x() * way[0] + at.y() * way[1]
    across = abs(at.x() * way[1]) + abs(at.y() * way[0])
    assert along > 30
    assert along > across


def test_new_values_make_a_new_picture(head: TopoMap) -> None:
    head.show_values(np.array([1.0, 0, 0, -1]), "alpha", "dB", signed=True)
    head.redraw()
    before = head.grab().toImage()
    head.show_values(np.array([-1.0, 0, 0, 1]), "alpha", "dB", signed=True)
    head.redraw()
    assert head.grab().toImage() != before


def hover_over(head: TopoMap, words: str) -> bool:
    """Move the mouse over the whole map until a tip says so."""
    for y in range(20, 256, 8):
        for x in range(0, 260, 8):
            point_at(head, QPoint(x, y))
            if QToolTip.isVisible() and QToolTip.text() == words:
                return True
    return False


def test_pointing_at_a_channel_tells_name_value_and_unit(head: TopoMap, qtbot: QtBot) -> None:
    head.show_values(np.array([1.2345, -0.5, np.nan, 0.0]), "alpha", "dB", signed=True)
    head.redraw()
    assert hover_over(head, "Fz: 1.23 dB")
    assert hover_over(head, "C3: −0.5 dB")
    assert hover_over(head, "C4: left out")
    point_at(head, QPoint(2, 250))
    qtbot.waitUntil(lambda: not QToolTip.isVisible())


def test_a_channel_left_out_does_not_colour_the_map(head: TopoMap) -> None:
    limits = (-1.0, 1.0)
    head.show_values(np.array([0.5, 0.5, 0.5, -1.0]), "a", "", limits, signed=True)
    head.redraw()
    _, with_low = reddest(head)
    head.show_values(np.array([0.5, 0.5, 0.5, np.nan]), "a", "", limits, signed=True)
    head.redraw()
    image = head.grab().toImage()
    low = image.pixelColor(121, 230)
    assert with_low < 140
    assert low.red() > low.blue()


def test_without_three_channels_there_is_no_map(qtbot: QtBot) -> None:
    widget = TopoMap()
    qtbot.addWidget(widget)
    widget.set_channels(NAMES, np.full((4, 3), np.nan))
    widget.show_values(np.ones(4), "alpha", "dB")
    widget.redraw()
    bare = widget.grab().toImage()
    widget.show_values(np.arange(4.0), "alpha", "dB")
    widget.redraw()
    assert widget.grab().toImage() == bare


def test_cleared_it_shows_no_old_values(head: TopoMap) -> None:
    head.show_values(np.array([1.0, 0, 0, -1]), "alpha", "dB", signed=True)
    head.redraw()
    head.clear("The stream is lost.")
    head.redraw()
    assert all(np.isnan(row[1]) for row in head.values().rows)
    image = head.grab().toImage()
    reds = {
        image.pixelColor(x, y).red() - image.pixelColor(x, y).blue()
        for x in range(240)
        for y in range(30, 250)
    }
    assert max(reds) < 10


def test_what_is_not_trusted_turns_grey_and_back(head: TopoMap) -> None:
    head.show_values(np.array([1.0, 0, 0, -1]), "alpha", "dB", signed=True)
    head.redraw()
    before = head.grab().toImage()

    def colourful() -> int:
        image = head.grab().toImage()
        return max(
            image.pixelColor(121, y).hsvSaturation() * image.pixelColor(121, y).value()
            for y in range(30, 240)
        )

    strong = colourful()
    head.set_trusted(False)
    assert colourful() < 0.5 * strong
    head.set_trusted(True)
    assert head.grab().toImage() == before


def test_a_theme_changes_the_whole_picture(head: TopoMap) -> None:
    head.set_theme(LIGHT)
    assert head.grab().toImage().pixelColor(1, 259) == QColor(*LIGHT.background)


def test_its_values_can_be_copied(head: TopoMap) -> None:
    head.show_values(np.arange(4.0), "alpha", "dB")
    copied = head.values()
    assert copied.columns == ("channel", "alpha (dB)")
    assert copied.rows[2] == ["C4", 2.0]


def test_it_may_be_painted_before_new_values_are_redrawn(head: TopoMap) -> None:
    head.show_values(np.arange(4.0), "alpha", "dB")
    head.redraw()
    head.set_channels(NAMES[:3], PLACES[:3])
    head.show_values(np.arange(3.0), "alpha", "dB")
    before = head.grab().toImage()
    head.redraw()
    assert head.grab().toImage() == before


def test_a_drawing_of_it_ends_at_the_scalp_too(head: TopoMap, tmp_path: Path) -> None:
    head.show_values(np.array([1.0, 1, 1, 2]), "alpha", "dB", (-1.0, 1.0), signed=True)
    head.redraw()
    on_screen = head.grab().toImage()
    save_picture(head, tmp_path / "map.svg")
    drawn = QImage(head.size(), QImage.Format.Format_RGB32)
    painter = QPainter(drawn)
    QSvgRenderer(str(tmp_path / "map.svg")).render(painter)
    painter.end()
    spots = [(x, y) for x in range(0, 225, 3) for y in range(20, 260, 3)]
    red = [[k.pixelColor(*at).red() > 200 for at in spots] for k in (on_screen, drawn)]
    assert sum(red[0]) > 1000
    assert np.count_nonzero(np.array(red[0]) != red[1]) < 30
