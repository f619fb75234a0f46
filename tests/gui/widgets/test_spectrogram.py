"""A spectrogram has units, holes where nothing is known, and a scale that stays."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot

from rtemotion.gui.theme import LIGHT
from rtemotion.gui.widgets.spectrogram import Spectrogram

FREQUENCIES = np.arange(0.0, 126.0)


@pytest.fixture
def spectrogram(qtbot: QtBot) -> Spectrogram:
    widget = Spectrogram()
    qtbot.addWidget(widget)
    widget.resize(500, 300)
    widget.set_channel("Pz")
    return widget


def levels(offset: float = 0.0) -> NDArray[np.float64]:
    return np.random.default_rng(0).normal(offset, 5.0, (80, len(FREQUENCIES)))


def test_time_runs_up_to_now_and_frequency_upwards(spectrogram: Spectrogram) -> None:
    spectrogram.redraw(FREQUENCIES, levels(), 0.25)
    (left, right), (bottom, top) = spectrogram._plot.getPlotItem().viewRange()
    assert (left, right) == (-20.0, 0.0)
    assert (bottom, top) == (0.0, 45.0)
    place = spectrogram._image.mapRectToParent(spectrogram._image.boundingRect())
    assert (place.left(), place.right()) == (-20.0, 0.0)
    # Each row of the picture has its frequency in its middle.
    assert place.top() == -0.5


def test_axes_say_their_units(spectrogram: Spectrogram) -> None:
    item = spectrogram._plot.getPlotItem()
    assert item.getAxis("bottom").labelText == "time (s)"
    assert item.getAxis("left").labelText == "frequency (Hz)"


def test_the_scale_stays_while_levels_move_a_little(spectrogram: Spectrogram) -> None:
    spectrogram.redraw(FREQUENCIES, levels(), 0.25)
    before = spectrogram._limits
    spectrogram.redraw(FREQUENCIES, levels(2.0), 0.25)
    assert spectrogram._limits == before
    spectrogram.redraw(FREQUENCIES, levels(30.0), 0.25)
    assert spectrogram._limits is not None
    assert before is not None
    assert spectrogram._limits[0] > before[0] + 20.0


def test_what_is_not_known_shows_the_ground(spectrogram: Spectrogram) -> None:
    values = levels()
    values[30:50] = np.nan
    spectrogram.set_theme(LIGHT)
    spectrogram.redraw(FREQUENCIES, values, 0.25)
    image = spectrogram.grab().toImage()
    box = spectrogram._plot.getPlotItem().getViewBox()
    centre = spectrogram._plot.mapFromScene(box.sceneBoundingRect().center())
    assert image.pixelColor(centre).getRgb()[:3] == LIGHT.background
    aside = spectrogram._plot.mapFromScene(box.sceneBoundingRect().center()) * 1.0
    aside.setX(round(aside.x() + box.sceneBoundingRect().width() / 4))
    assert image.pixelColor(aside).getRgb()[:3] != LIGHT.background


def test_nothing_known_at_all_is_no_error(spectrogram: Spectrogram) -> None:
    spectrogram.redraw(FREQUENCIES, np.full((80, 126), np.nan), 0.25)
    spectrogram.grab()


def test_items_are_made_once(spectrogram: Spectrogram) -> None:
    for _ in range(2):
        spectrogram.set_bands(("delta", "theta"), (1.0, 4.0), (4.0, 8.0))
    assert [edge.value() for edge in spectrogram._edges] == [1.0, 4.0, 8.0]
    spectrogram.redraw(FREQUENCIES, levels(), 0.25)
    before = len(spectrogram._plot.scene().items())
    for _ in range(30):
        spectrogram.redraw(FREQUENCIES, levels(), 0.25)
    assert len(spectrogram._plot.scene().items()) == before


def test_the_numbers_can_be_copied(spectrogram: Spectrogram) -> None:
    spectrogram.redraw(FREQUENCIES, levels(), 0.25)
    values = spectrogram._values()
    assert values.columns[0] == "time (s)"
    assert values.rows[-1][0] == 0.0
    assert len(values.rows[0]) == len(values.columns)


def test_what_does_not_fit_together_is_refused(spectrogram: Spectrogram) -> None:
    with pytest.raises(ValueError, match="levels"):
        spectrogram.redraw(FREQUENCIES, np.zeros((3, 4)), 0.25)
    with pytest.raises(ValueError, match="limits"):
        spectrogram.set_bands(("delta",), (1.0,), ())
