"""Every edge at once, mirrored as its measure asks."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtWidgets import QToolTip
from pytestqt.qtbot import QtBot

from rtemotion.gui.theme import DARK, LIGHT
from rtemotion.gui.widgets.matrix import MatrixView
from tests.gui.mouse import point_at

from .edges import NAMES, PAIRS, hover_until, share

VALUES = np.array([1.0, 0, 0, 0, np.nan, 0])


@pytest.fixture
def view(qtbot: QtBot) -> MatrixView:
    widget = MatrixView()
    qtbot.addWidget(widget)
    widget.set_channels(NAMES)
    widget.resize(300, 240)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def test_a_value_stands_on_both_sides_of_the_diagonal(view: MatrixView) -> None:
    view.show_edges(VALUES, PAIRS, "aec", signed=True)
    view.redraw()
    cell = share(view, DARK.high, 2) // 2
    assert cell > 500
    assert share(view, DARK.low, 2) < cell // 2
    view.show_edges(VALUES, PAIRS, "imcoh", signed=True, antisymmetric=True)
    view.redraw()
    assert share(view, DARK.low, 2) > 0.9 * cell
    assert share(view, DARK.high, 2) < 1.5 * cell


def test_pointing_at_a_cell_tells_pair_and_value(view: MatrixView, qtbot: QtBot) -> None:
    view.show_edges(VALUES / 4, PAIRS, "imcoh", signed=True, unit="a.u.", antisymmetric=True)
    view.redraw()
    upper = hover_until(view, "Fz–C3: 0.25 a.u.")
    lower = hover_until(view, "C3–Fz: −0.25 a.u.")
    assert upper is not None
    assert lower is not None
    assert upper.x() > lower.x()
    assert upper.y() < lower.y()
    assert hover_until(view, "Pz–C3: not known") is not None
    point_at(view, view.rect().topLeft())
    qtbot.waitUntil(lambda: not QToolTip.isVisible())


def test_pairs_may_come_in_any_order(view: MatrixView) -> None:
    view.show_edges(np.arange(6.0), PAIRS, "wpli", signed=False)
    view.redraw()
    before = view.grab().toImage()
    view.show_edges(np.arange(6.0)[::-1], PAIRS[::-1], "wpli", signed=False)
    view.redraw()
    assert view.grab().toImage() == before


def test_what_is_not_trusted_fades_and_comes_back(view: MatrixView) -> None:
    view.show_edges(VALUES, PAIRS, "aec", signed=True)
    view.redraw()
    before = share(view, DARK.high)
    view.set_trusted(False)
    assert share(view, DARK.high) == 0
    view.set_trusted(True)
    assert share(view, DARK.high) == before


def test_cleared_it_shows_no_cell(view: MatrixView) -> None:
    view.show_edges(VALUES, PAIRS, "aec", signed=True)
    view.redraw()
    view.clear("The stream is lost.")
    view.redraw()
    assert share(view, DARK.high) == 0
    assert view.values().rows == []
    assert hover_until(view, "Fz", step=20) is None


def test_a_theme_changes_the_whole_picture(view: MatrixView) -> None:
    view.show_edges(VALUES, PAIRS, "aec", signed=True)
    view.redraw()
    view.set_theme(LIGHT)
    assert share(view, DARK.high) == 0
    assert share(view, LIGHT.high) > 500


def test_its_values_can_be_copied(view: MatrixView) -> None:
    view.show_edges(np.arange(6.0), PAIRS, "wpli", signed=False)
    assert view.values().columns == ("channel", "other channel", "wpli")
    assert view.values().rows[4] == ["C3", "Pz", 4.0]


def test_many_channels_are_named_now_and_then(qtbot: QtBot) -> None:
    widget = MatrixView()
    qtbot.addWidget(widget)
    widget.resize(300, 240)
    widget.set_channels([f"E{k}" for k in range(256)])
    first, second = np.triu_indices(256, 1)
    widget.show_edges(np.ones(len(first)), np.column_stack([first, second]), "x", signed=False)
    widget.redraw()
    assert share(widget, DARK.faint, 40) < 3000


def test_it_may_be_painted_before_new_edges_are_redrawn(view: MatrixView) -> None:
    view.show_edges(VALUES, PAIRS, "aec", signed=True)
    view.redraw()
    view.set_channels(NAMES[:3])
    assert share(view, DARK.high) == 0
    view.show_edges(np.array([-1.0, 0, 0]), PAIRS[[0, 1, 3]], "aec", signed=True)
    assert share(view, DARK.low, 2) > 500
