"""Channels around a circle: the strongest edges, more or fewer of them, those of one channel."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolTip
from pytestqt.qtbot import QtBot

from rtemotion.gui.theme import DARK, LIGHT
from rtemotion.gui.widgets.connectogram import Connectogram
from tests.gui.mouse import point_at

from .edges import NAMES, PAIRS, PLACES, alike, hover_until, share


@pytest.fixture
def circle(qtbot: QtBot) -> Connectogram:
    widget = Connectogram()
    qtbot.addWidget(widget)
    widget.set_channels(NAMES, PLACES)
    widget.resize(320, 320)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def many(qtbot: QtBot, n: int) -> Connectogram:
    widget = Connectogram()
    qtbot.addWidget(widget)
    widget.set_channels([f"E{k}" for k in range(n)], np.full((n, 3), np.nan))
    first, second = np.triu_indices(n, 1)
    values = np.linspace(0.01, 1.0, len(first))
    widget.show_edges(values, np.column_stack([first, second]), "wpli", signed=False)
    widget.redraw()
    return widget


def test_the_strongest_are_shown_strongest_first(circle: Connectogram) -> None:
    values = np.array([0.1, -0.9, 0.3, np.nan, 0.2, 0.5])
    circle.set_count(3)
    circle.show_edges(values, PAIRS, "imcoh", signed=True, unit="a.u.")
    circle.redraw()
    copied = circle.values()
    assert copied.columns == ("channel", "other channel", "imcoh (a.u.)")
    assert copied.rows == [["Fz", "C4", -0.9], ["C4", "Pz", 0.5], ["Fz", "Pz", 0.3]]


def test_without_a_sign_edges_below_zero_are_weak(circle: Connectogram) -> None:
    circle.set_count(1)
    circle.show_edges(np.array([0.1, -0.9, 0.3, 0, 0, 0]), PAIRS, "wpli", signed=False)
    circle.redraw()
    assert circle.values().rows == [["Fz", "Pz", 0.3]]


def test_colours_tell_above_from_below_zero(circle: Connectogram) -> None:
    circle.show_edges(np.array([0, 0, 1.0, 0, 0, 0]), PAIRS, "aec", signed=True)
    circle.set_count(1)
    # The words of the legend have the colours too.
    above, below = share(circle, DARK.high), share(circle, DARK.low)
    circle.show_edges(np.array([0, 0, -1.0, 0, 0, 0]), PAIRS, "aec", signed=True)
    circle.redraw()
    assert share(circle, DARK.high) < above - 50
    assert share(circle, DARK.low) > below + 50


def test_a_sign_that_depends_on_the_order_of_channels_has_no_colour(circle: Connectogram) -> None:
    for sign in (1.0, -1.0):
        values = np.array([0, 0, sign, 0, 0, 0])
        circle.show_edges(values, PAIRS, "imcoh", signed=True, antisymmetric=True)
        circle.set_count(1)
        assert share(circle, DARK.high) == share(circle, DARK.low) == 0
        assert circle.values().rows == [["Fz", "Pz", sign]]


def test_an_edge_goes_from_channel_to_channel(circle: Connectogram) -> None:
    circle.show_edges(np.array([0, 0, 1.0, 0, 0, 0]), PAIRS, "aec", signed=True)
    circle.set_count(1)
    y, x = np.nonzero(alike(circle, DARK.high)[40:270])
    # Front to back, straight through the middle.
    assert np.ptp(y) > 150
    assert np.abs(x - 160).max() <= 3


def test_plus_and_minus_change_how_many(qtbot: QtBot) -> None:
    widget = many(qtbot, 30)
    assert len(widget.values().rows) == 40
    widget.show()
    QTest.keyClick(widget, Qt.Key.Key_Plus)
    assert len(widget.values().rows) == 60
    for _ in range(3):
        QTest.keyClick(widget, Qt.Key.Key_Minus)
    assert len(widget.values().rows) == 20
    for _ in range(30):
        QTest.keyClick(widget, Qt.Key.Key_Minus)
    assert len(widget.values().rows) == 5
    for _ in range(30):
        QTest.keyClick(widget, Qt.Key.Key_Equal)
    assert len(widget.values().rows) == 400
    widget.set_count(7)
    assert len(widget.values().rows) == 7


def test_pointing_at_a_channel_shows_its_edges_alone(circle: Connectogram, qtbot: QtBot) -> None:
    circle.show_edges(np.array([0.4, 0, 0, 0, 0, -0.5]), PAIRS, "aec", signed=True)
    circle.set_count(2)
    both = share(circle, DARK.low)
    at = hover_until(circle, "C3: 1 of the strongest 2\nFz 0.4")
    assert at is not None
    assert at.x() < 160
    assert share(circle, DARK.low) < both - 50
    point_at(circle, circle.rect().center())
    assert share(circle, DARK.low) == both
    qtbot.waitUntil(lambda: not QToolTip.isVisible())


def test_clicking_on_a_channel_chooses_it(circle: Connectogram, qtbot: QtBot) -> None:
    circle.show_edges(np.ones(6), PAIRS, "wpli", signed=False)
    circle.redraw()
    at = hover_until(circle, "C4")
    assert at is not None
    assert at.x() > 160
    with qtbot.waitSignal(circle.channel_chosen) as chosen:
        QTest.mouseClick(circle, Qt.MouseButton.LeftButton, pos=at)
    assert chosen.args == ["C4"]
    with qtbot.assertNotEmitted(circle.channel_chosen):
        QTest.mouseClick(circle, Qt.MouseButton.LeftButton, pos=circle.rect().center())
        QTest.mouseClick(circle, Qt.MouseButton.RightButton, pos=at)


def test_what_is_not_trusted_has_no_colour(circle: Connectogram) -> None:
    circle.show_edges(np.array([1.0, 0.9, -1, -0.9, 1, 1]), PAIRS, "aec", signed=True)
    circle.redraw()
    circle.set_trusted(False)
    assert share(circle, DARK.high) == share(circle, DARK.low) == 0
    circle.set_trusted(True)
    assert share(circle, DARK.high) > 50


def test_cleared_it_has_no_edges(circle: Connectogram) -> None:
    circle.show_edges(np.ones(6), PAIRS, "aec", signed=True)
    circle.redraw()
    circle.clear("The stream is lost.")
    circle.redraw()
    assert circle.values().rows == []
    assert share(circle, DARK.high) == 0


def test_a_theme_changes_the_whole_picture(circle: Connectogram) -> None:
    circle.set_theme(LIGHT)
    assert share(circle, DARK.background) == 0
    assert share(circle, LIGHT.background) > 320 * 320 / 2


def test_it_may_be_painted_before_new_edges_are_redrawn(circle: Connectogram) -> None:
    circle.show_edges(np.ones(6), PAIRS, "aec", signed=True)
    circle.redraw()
    circle.set_channels(NAMES[:2], PLACES[:2])
    assert share(circle, DARK.high) == 0
    circle.show_edges(np.array([-1.0]), PAIRS[:1], "aec", signed=True)
    assert circle.values().rows == [["Fz", "C3", -1.0]]
    assert share(circle, DARK.low) > 50


def test_256_channels_are_drawn_often_enough(qtbot: QtBot) -> None:
    widget = many(qtbot, 256)
    widget.resize(700, 700)
    widget.set_count(200)
    widget.grab()
    start = time.perf_counter()
    widget.set_count(199)
    widget.grab()
    assert time.perf_counter() - start < 0.2
