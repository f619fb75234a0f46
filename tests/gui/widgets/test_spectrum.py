"""A spectrum has units, bands, and an axis that stays calm."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot

from rtemotion.gui.theme import LIGHT
from rtemotion.gui.widgets.spectrum import Spectrum

FREQUENCIES = np.arange(0.0, 125.5, 0.5)
BANDS = (("delta", "theta", "alpha"), (1.0, 4.0, 8.0), (4.0, 8.0, 13.0))


@pytest.fixture
def spectrum(qtbot: QtBot) -> Spectrum:
    widget = Spectrum()
    qtbot.addWidget(widget)
    widget.resize(500, 300)
    widget.set_channel("Pz")
    return widget


def levels(top: float = 12.0, bottom: float = -8.0) -> NDArray[np.float64]:
    return np.linspace(top, bottom, len(FREQUENCIES))


def limits(widget: Spectrum) -> tuple[float, float]:
    _, (low, high) = widget._plot.getPlotItem().viewRange()
    return low, high


def test_the_curve_is_what_was_given(spectrum: Spectrum) -> None:
    spectrum.redraw(FREQUENCIES, levels())
    x, y = spectrum._curve.getData()
    np.testing.assert_array_equal(x, FREQUENCIES)
    np.testing.assert_array_equal(y, levels())


def test_axes_say_their_units(spectrum: Spectrum) -> None:
    item = spectrum._plot.getPlotItem()
    assert item.getAxis("bottom").labelText == "frequency (Hz)"
    assert item.getAxis("left").labelText == "dB re 1 µV²/Hz"


def test_the_axis_stays_while_levels_move_a_little(spectrum: Spectrum) -> None:
    spectrum.redraw(FREQUENCIES, levels())
    before = limits(spectrum)
    spectrum.redraw(FREQUENCIES, levels(13.0, -9.0))
    assert limits(spectrum) == before
    spectrum.redraw(FREQUENCIES, levels(48.0, -9.0))
    assert limits(spectrum)[1] >= 50.0
    spectrum.redraw(FREQUENCIES, levels(5.0, -9.0))
    assert limits(spectrum)[1] <= 20.0


def test_bands_are_marked_with_their_names(spectrum: Spectrum) -> None:
    for _ in range(2):
        spectrum.set_bands(*BANDS)
        assert [name for name, _, _ in spectrum._bands] == list(BANDS[0])
        assert [region.getRegion() for _, region, _ in spectrum._bands] == [
            (1, 4),
            (4, 8),
            (8, 13),
        ]
    items = [type(i).__name__ for i in spectrum._plot.getPlotItem().items]
    assert items.count("LinearRegionItem") == 3


def test_nothing_known_yet_is_said(spectrum: Spectrum) -> None:
    spectrum.redraw(FREQUENCIES, np.full(len(FREQUENCIES), np.nan))
    assert "no whole segment yet" in spectrum._plot.getPlotItem().titleLabel.text
    spectrum.redraw(FREQUENCIES, levels())
    assert spectrum._plot.getPlotItem().titleLabel.text == "Pz"


def test_items_are_made_once(spectrum: Spectrum) -> None:
    spectrum.set_bands(*BANDS)
    spectrum.redraw(FREQUENCIES, levels())
    before = len(spectrum._plot.scene().items())
    for _ in range(30):
        spectrum.redraw(FREQUENCIES, levels())
    assert len(spectrum._plot.scene().items()) == before


def test_the_numbers_can_be_copied_and_the_theme_changed(spectrum: Spectrum) -> None:
    spectrum.redraw(FREQUENCIES, levels())
    values = spectrum._values()
    assert values.columns == ("frequency (Hz)", "Pz (dB re 1 µV²/Hz)")
    assert values.rows[0] == [0.0, 12.0]
    spectrum.set_theme(LIGHT)
    assert spectrum.grab().toImage().pixelColor(1, 1).getRgb()[:3] == LIGHT.background


def test_what_does_not_fit_together_is_refused(spectrum: Spectrum) -> None:
    with pytest.raises(ValueError, match="level"):
        spectrum.redraw([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="limits"):
        spectrum.set_bands(("delta",), (), ())
