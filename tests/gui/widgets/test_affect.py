"""The plane of valence and arousal shows where one is, and the way there with its holes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from rtemotion.gui.theme import DARK, LIGHT, Colour
from rtemotion.gui.widgets.affect import AffectPlane


@pytest.fixture
def plane(qtbot: QtBot) -> AffectPlane:
    widget = AffectPlane()
    qtbot.addWidget(widget)
    widget.resize(400, 400)
    return widget


def picture(widget: AffectPlane) -> QImage:
    return widget.grab().toImage()


def colour_at(widget: AffectPlane, valence: float, arousal: float) -> Colour:
    x, y = widget._points(np.array([valence]), np.array([arousal]), widget._plane())[0]
    return picture(widget).pixelColor(QPointF(x, y).toPoint()).getRgb()[:3]


def test_the_present_is_a_dot_where_it_should_be(plane: AffectPlane) -> None:
    plane.redraw([0.5], [-0.5], [True])
    assert colour_at(plane, 0.5, -0.5) == DARK.accent
    assert colour_at(plane, -0.5, 0.5) != DARK.accent


def test_what_is_not_to_be_trusted_is_hollow(plane: AffectPlane) -> None:
    plane.redraw([0.5], [-0.5], [False])
    assert colour_at(plane, 0.5, -0.5) not in (DARK.accent, DARK.muted)


def test_the_trail_has_a_hole_where_there_was_no_value(plane: AffectPlane) -> None:
    empty = colour_at(plane, 0.1, 0.3)
    along = np.linspace(-0.8, 0.8, 81)
    plane.redraw(along, np.full(81, 0.3), np.ones(81, bool))
    assert colour_at(plane, 0.1, 0.3) != empty
    along[42:48] = math.nan
    plane.redraw(along, np.full(81, 0.3), np.ones(81, bool))
    assert colour_at(plane, 0.1, 0.3) == empty


def test_the_trail_fades(plane: AffectPlane) -> None:
    along = np.linspace(-0.8, 0.8, 81)
    plane.redraw(along, np.full(81, 0.3), np.ones(81, bool))
    old, new = colour_at(plane, -0.6, 0.3), colour_at(plane, 0.6, 0.3)
    assert sum(new) > sum(old)


def test_a_value_beyond_the_plane_is_at_its_edge(plane: AffectPlane) -> None:
    plane.redraw([0.2], [1.7], [True])
    assert colour_at(plane, 0.2, 1.0) == DARK.accent


def test_words_have_places(plane: AffectPlane) -> None:
    before = picture(plane)
    plane.set_words(("joy",), (0.8,), (0.5,))
    assert picture(plane) != before
    with pytest.raises(ValueError, match="places"):
        plane.set_words(("joy",), (), (0.5,))


def test_it_says_why_there_is_nothing(plane: AffectPlane) -> None:
    with_plane = picture(plane)
    plane.set_available(False, "no valence and arousal in this model")
    assert picture(plane) != with_plane
    assert plane._why == "no valence and arousal in this model"
    plane.set_available(True)
    assert picture(plane) == with_plane


def test_no_value_and_no_past_are_drawn_as_nothing(plane: AffectPlane) -> None:
    before = picture(plane)
    plane.redraw([math.nan], [math.nan], [False])
    assert picture(plane) == before
    plane.redraw([], [], np.zeros(0, bool))
    assert picture(plane) == before


def test_the_numbers_can_be_copied(plane: AffectPlane) -> None:
    plane.redraw([0.1, 0.2], [0.3, 0.4], [True, False])
    assert plane._values().rows == [[0.1, 0.3, "yes"], [0.2, 0.4, "no"]]


def test_it_takes_another_theme(plane: AffectPlane) -> None:
    plane.set_theme(LIGHT)
    assert picture(plane).pixelColor(1, 1).getRgb()[:3] == LIGHT.background


def test_what_does_not_fit_together_is_refused(plane: AffectPlane) -> None:
    with pytest.raises(ValueError, match="as long"):
        plane.redraw([0.1], [0.1, 0.2], [True])
