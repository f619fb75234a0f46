"""The largest contributions in words, and the sum that they belong to."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from rtemotion.gui.theme import DARK, LIGHT
from rtemotion.gui.widgets.picture import save_picture
from rtemotion.gui.widgets.ranked import RankedList

from .edges import alike, share

ROWS = [
    ("F3–P4, alpha+theta: raises joy by 0.08", 0.08),
    ("Cz power: lowers joy by 0.04", -0.04),
]


@pytest.fixture
def ranked(qtbot: QtBot) -> RankedList:
    widget = RankedList()
    qtbot.addWidget(widget)
    widget.resize(400, 200)
    widget.show()
    qtbot.waitExposed(widget)
    widget.show_rows(ROWS, total=0.31, base=0.22, shown=0.53)
    widget.redraw()
    return widget


def words(widget: RankedList, folder: Path) -> str:
    """Everything written in the picture."""
    save_picture(widget, folder / "words.svg")
    drawing = (folder / "words.svg").read_text(encoding="utf-8")
    return " ".join(part.strip() for part in re.findall(r">([^<]*)</text>", drawing))


def lengths(widget: RankedList) -> tuple[int, int]:
    """Pixels of bars to the right and to the left."""
    return share(widget, DARK.high, 2), share(widget, DARK.low, 2)


def test_the_sum_stands_above_and_adds_up(ranked: RankedList, tmp_path: Path) -> None:
    text = words(ranked, tmp_path)
    assert "sum of all contributions 0.31 + base 0.22 = 0.53, shown 0.53" in text
    assert text.index("sum of") < text.index("F3–P4, alpha+theta: raises joy by 0.08")
    assert text.index("F3–P4") < text.index("Cz power: lowers joy by 0.04")


def test_sums_below_zero_have_a_minus_and_zero_has_none(
    ranked: RankedList, tmp_path: Path
) -> None:
    ranked.show_rows(ROWS, total=-0.25, base=0.2, shown=-0.001)
    ranked.redraw()
    assert "contributions −0.25 + base 0.20 = −0.05, shown 0.00" in words(ranked, tmp_path)


def test_bars_are_as_long_as_values_and_point_their_way(ranked: RankedList) -> None:
    right, left = lengths(ranked)
    assert right == pytest.approx(2 * left, rel=0.1)
    below, above = (alike(ranked, colour, 2).any(axis=0) for colour in (DARK.low, DARK.high))
    assert np.flatnonzero(below).max() <= np.flatnonzero(above).min()


def test_rows_that_do_not_fit_are_counted(ranked: RankedList, tmp_path: Path) -> None:
    ranked.show_rows([(f"C{k} power: raises joy by 0.01", 0.01) for k in range(40)], 0.4, 0, 0.4)
    ranked.redraw()
    text = words(ranked, tmp_path)
    written = sum(f"C{k} power" in text for k in range(40))
    assert 3 < written < 12
    assert f"and {40 - written} more" in text


def test_long_words_take_more_lines_where_it_is_narrow(ranked: RankedList, tmp_path: Path) -> None:
    ranked.resize(170, 200)
    text = words(ranked, tmp_path)
    assert "joy by 0.08" in text


def test_what_is_not_trusted_has_grey_bars(ranked: RankedList) -> None:
    ranked.set_trusted(False)
    assert lengths(ranked) == (0, 0)
    assert share(ranked, DARK.muted, 2) > 100


def test_cleared_it_says_why_and_nothing_else(ranked: RankedList, tmp_path: Path) -> None:
    ranked.clear("The stream is lost.")
    ranked.redraw()
    assert words(ranked, tmp_path) == "The stream is lost."
    assert ranked.values().rows == []


def test_its_values_can_be_copied(ranked: RankedList) -> None:
    assert ranked.values().rows[1] == ["Cz power: lowers joy by 0.04", -0.04]


def test_a_theme_changes_the_whole_picture(ranked: RankedList) -> None:
    ranked.set_theme(LIGHT)
    assert share(ranked, DARK.background) < 400
    assert share(ranked, LIGHT.high, 2) > 100
