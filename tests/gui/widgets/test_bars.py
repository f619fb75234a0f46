"""Bars show values, how sure they are, and when they are not what they should be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from rtemotion.gui.theme import DARK, LIGHT, Colour
from rtemotion.gui.widgets.bars import Bars


def bars(qtbot: QtBot, names: tuple[str, ...] = ("joy", "fear"), low: float = 0.0) -> Bars:
    widget = Bars()
    qtbot.addWidget(widget)
    widget.resize(500, 200)
    widget.set_targets(names, [low] * len(names), [1.0] * len(names))
    return widget


def count(widget: Bars, colour: Colour) -> int:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)
    red, green, blue = colour
    return int((pixels == (0xFF000000 | red << 16 | green << 8 | blue)).sum())


def test_a_bar_is_as_long_as_its_value(qtbot: QtBot) -> None:
    widget = bars(qtbot)
    nothing = [math.nan, math.nan]
    widget.redraw([0.25, 0.5], nothing, nothing, True)
    assert count(widget, DARK.series(1)) == pytest.approx(
        2 * count(widget, DARK.series(0)), rel=0.02
    )


def test_a_bar_grows_to_either_side_of_zero(qtbot: QtBot) -> None:
    widget = bars(qtbot, low=-1.0)
    nothing = [math.nan, math.nan]
    widget.redraw([-0.5, 0.5], nothing, nothing, True)
    assert count(widget, DARK.series(0)) == pytest.approx(count(widget, DARK.series(1)), rel=0.02)


def test_what_is_not_to_be_trusted_has_no_colour(qtbot: QtBot) -> None:
    widget = bars(qtbot)
    widget.redraw([0.25, 0.5], [0.1, 0.3], [0.4, 0.7], False)
    assert count(widget, DARK.series(0)) == count(widget, DARK.series(1)) == 0
    assert count(widget, DARK.muted) > 0


def test_an_interval_has_whiskers(qtbot: QtBot) -> None:
    widget = bars(qtbot)
    nothing = [math.nan, math.nan]
    widget.redraw([0.25, 0.5], nothing, nothing, True)
    before = count(widget, DARK.text)
    widget.redraw([0.25, 0.5], [0.1, 0.3], [0.9, 0.9], True)
    assert count(widget, DARK.text) > before + 200


def test_no_value_is_no_bar(qtbot: QtBot) -> None:
    widget = bars(qtbot)
    widget.redraw([math.nan, 0.5], [math.nan, 0.4], [math.nan, 0.6], True)
    assert count(widget, DARK.series(0)) == 0


@pytest.mark.parametrize("value", [1.3, -0.3])
def test_a_value_beyond_its_range_has_an_arrow(qtbot: QtBot, value: float) -> None:
    widget = bars(qtbot)
    nothing = [math.nan, math.nan]
    widget.redraw([min(max(value, 0.0), 1.0), 0.5], nothing, nothing, True)
    before = count(widget, DARK.series(0))
    widget.redraw([value, 0.5], nothing, nothing, True)
    assert count(widget, DARK.series(0)) > before + 10


def test_thirty_rows_fit(qtbot: QtBot) -> None:
    widget = bars(qtbot, tuple(f"emotion {k}" for k in range(30)))
    assert widget.minimumSizeHint().height() < 500
    widget.redraw([0.5] * 30, [0.4] * 30, [0.6] * 30, True)
    widget.resize(400, widget.minimumSizeHint().height())
    assert all(count(widget, DARK.series(k)) > 0 for k in range(30))


def test_the_numbers_can_be_copied(qtbot: QtBot) -> None:
    widget = bars(qtbot)
    widget.redraw([0.25, 0.5], [0.1, 0.3], [0.4, 0.7], False)
    assert widget._values().rows == [["joy", 0.25, 0.1, 0.4, "no"], ["fear", 0.5, 0.3, 0.7, "no"]]


def test_it_takes_another_theme_without_any_emotion(qtbot: QtBot) -> None:
    widget = Bars()
    qtbot.addWidget(widget)
    widget.set_theme(LIGHT)
    assert widget.grab().toImage().pixelColor(1, 1).getRgb()[:3] == LIGHT.background


def test_what_does_not_fit_together_is_refused(qtbot: QtBot) -> None:
    widget = bars(qtbot)
    with pytest.raises(ValueError, match="values"):
        widget.redraw([0.1], [0.1], [0.1], True)
    with pytest.raises(ValueError, match="ends"):
        widget.set_targets(("a",), (), (1.0,))
    with pytest.raises(ValueError, match="low end"):
        widget.set_targets(("a",), (1.0,), (0.0,))
