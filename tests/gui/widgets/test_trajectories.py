"""Curves of emotions never cross a gap, and are shown and hidden by hand."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from rtemotion.gui.state.history import History
from rtemotion.gui.theme import DARK, LIGHT
from rtemotion.gui.widgets.courses import clock_words, course, runs, shade
from rtemotion.gui.widgets.trajectories import SPANS, Trajectories
from tests.gui.mouse import point_at

HOP = 0.25
NAMES = ("anticipation", "joy", "trust", "fear", "surprise", "sadness", "disgust", "anger")


def history_of(n: int, n_targets: int, hop: float = HOP, gap: range = range(0)) -> History:
    history, random = History(n_targets, 600.0, hop), np.random.default_rng(0)
    for k in range(n):
        if k not in gap:
            values = 0.5 + 0.2 * np.sin(k * hop / 3) + 0.02 * random.standard_normal(n_targets)
            spread = np.full(n_targets, 0.1)
            history.append(
                k * hop, k, values, spread, values - spread, values + spread, True, (), values
            )
    return history


@given(
    st.lists(st.tuples(st.floats(0.05, 3.0), st.booleans()), min_size=2, max_size=80),
    st.integers(3, 60),
)
def test_no_run_of_a_course_covers_a_gap(taken: list[tuple[float, bool]], n_columns: int) -> None:
    history, at = History(1, 300.0, HOP), 0.0
    for step, known in taken:
        at += step
        value = [0.4 if known else np.nan]
        history.append(at, 0, value, value, value, value, True)
    seconds = 60.0
    drawn = course(history.window(seconds), seconds, n_columns)
    column = seconds / n_columns
    for values in (drawn.low[:, 0], drawn.upper[:, 0]):
        for run in runs(values):
            # A column reaches half its width to either side of its middle.
            start, stop = drawn.times[run][0] + column / 2, drawn.times[run][-1] - column / 2
            for a, b in history.gap_spans(seconds):
                assert not (start < a and b < stop)


def test_dense_rows_become_columns_that_hold_all_of_them() -> None:
    history = history_of(2000, 2)
    rows = history.window(500.0)
    drawn = course(rows, 500.0, 200)
    assert len(drawn.times) <= 202
    assert drawn.high.max() == rows.mean.max()
    assert drawn.low.min() == rows.mean.min()
    assert (drawn.lower <= drawn.low).all()
    assert (drawn.upper >= drawn.high).all()


def test_columns_stay_the_same_while_time_moves_on() -> None:
    history = history_of(2000, 1)
    before = course(history.window(400.0), 400.0, 200)
    values = np.array([0.5])
    history.append(2000 * HOP, 0, values, values, values, values, True)
    after = course(history.window(400.0), 400.0, 200)
    shared = np.intersect1d(before.times[1:-1], after.times[1:-1])
    assert len(shared) > 190
    for time_ in shared:
        assert before.high[before.times == time_] == after.high[after.times == time_]


def test_a_shade_fills_between_its_lines_and_leaves_holes() -> None:
    pixels = np.zeros((10, 12), np.uint32)
    x = np.arange(13.0)
    top, bottom = np.full(13, 2.0), np.full(13, 5.0)
    top[6] = np.nan
    shade(pixels, x, top, bottom, 7)
    np.testing.assert_array_equal(np.flatnonzero((pixels == 7).any(axis=1)), [2, 3, 4])
    np.testing.assert_array_equal(np.flatnonzero(~(pixels == 7).any(axis=0)), [5, 6])


def test_moments_are_said_as_a_clock_says_them() -> None:
    assert [clock_words(s) for s in (5, 750, 3723, -60)] == [
        "0:05",
        "12:30",
        "1:02:03",
        "\u22121:00",
    ]


@pytest.fixture
def trajectories(qtbot: QtBot) -> Trajectories:
    return shown(qtbot, NAMES)


def shown(qtbot: QtBot, names: tuple[str, ...], history: History | None = None) -> Trajectories:
    widget = Trajectories()
    qtbot.addWidget(widget)
    widget.resize(1000, 600)
    widget.set_targets(names, [0.0] * len(names), [1.0] * len(names))
    widget.redraw(history or history_of(400, len(names)))
    widget.show()
    widget.setFocus()
    return widget


def name_of(widget: Trajectories, index: int) -> QPoint:
    return widget._name_box(index, widget._boxes()).center().toPoint()


def test_a_click_on_a_name_hides_and_shows(trajectories: Trajectories, qtbot: QtBot) -> None:
    with qtbot.waitSignal(trajectories.shown_changed):
        QTest.mouseClick(trajectories, Qt.MouseButton.LeftButton, pos=name_of(trajectories, 1))
    assert "joy" not in trajectories.shown
    assert len(trajectories.shown) == 7
    QTest.mouseClick(trajectories, Qt.MouseButton.LeftButton, pos=name_of(trajectories, 1))
    assert trajectories.shown == NAMES


def test_a_hidden_emotion_leaves_its_room_to_the_others(trajectories: Trajectories) -> None:
    before = trajectories._boxes()[0].height()
    QTest.keyClick(trajectories, Qt.Key.Key_2)
    boxes = trajectories._boxes()
    assert boxes[0].height() > before
    assert boxes[1].height() <= 16


def test_ctrl_and_a_click_leave_one_alone_and_bring_all_back(trajectories: Trajectories) -> None:
    for expected in (("fear",), NAMES):
        QTest.mouseClick(
            trajectories,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.ControlModifier,
            name_of(trajectories, 3),
        )
        assert trajectories.shown == expected


def test_keys_show_and_hide_and_home_undoes_it(trajectories: Trajectories) -> None:
    for key in (Qt.Key.Key_1, Qt.Key.Key_8, Qt.Key.Key_9):
        QTest.keyClick(trajectories, key)
    assert trajectories.shown == NAMES[1:7]
    QTest.keyClick(trajectories, Qt.Key.Key_L)
    QTest.keyClick(trajectories, Qt.Key.Key_B)
    assert (trajectories.overlaid, trajectories.bands) == (True, False)
    QTest.keyClick(trajectories, Qt.Key.Key_Home)
    assert (trajectories.overlaid, trajectories.bands) == (False, True)
    assert trajectories.shown == NAMES


def test_few_emotions_are_overlaid_and_many_are_not(qtbot: QtBot) -> None:
    assert shown(qtbot, NAMES[:4]).overlaid
    assert not shown(qtbot, NAMES[:5]).overlaid


def test_the_time_from_edge_to_edge_has_steps(trajectories: Trajectories, qtbot: QtBot) -> None:
    with qtbot.waitSignal(trajectories.span_changed) as changed:
        QTest.keyClick(trajectories, Qt.Key.Key_Right)
    assert changed.args == [120.0]
    for _ in range(9):
        QTest.keyClick(trajectories, Qt.Key.Key_BracketRight)
    assert trajectories.seconds == SPANS[-1] == 600.0
    middle = QPointF(trajectories.rect().center())
    wheel = QWheelEvent(
        middle, trajectories.mapToGlobal(middle), QPoint(), QPoint(0, 120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(trajectories, wheel)
    assert trajectories.seconds == 300.0
    trajectories.set_span(12.0)
    assert trajectories.seconds == 10.0


def coloured(widget: Trajectories, index: int, left: float, right: float) -> bool:
    """Tell whether an emotion's own colour is anywhere between two times of the picture."""
    image = widget.grab().toImage()
    plot = widget._plot()
    columns = widget._layout().x(np.array([left, right])).round().astype(int)
    wanted = DARK.series(index)
    box = widget._boxes()[index]
    return any(
        image.pixelColor(x, y).getRgb()[:3] == wanted
        for x in range(max(columns[0], plot.left()), min(columns[1], plot.right()))
        for y in range(int(box.top()), int(box.bottom()))
    )


def test_nothing_is_drawn_over_a_gap(qtbot: QtBot) -> None:
    history = history_of(2400, 5, gap=range(2320, 2350))
    widget = shown(qtbot, NAMES[:5], history)
    # Lines as Qt draws them without smoothing have exactly the colour of the emotion.
    widget.set_span(600.0)
    assert coloured(widget, 1, 560.0, 575.0)
    assert not coloured(widget, 1, 581.0, 586.0)
    assert coloured(widget, 1, 589.0, 599.0)


def test_what_is_not_to_be_trusted_is_muted_and_says_why(qtbot: QtBot) -> None:
    history = history_of(2200, 5)
    values = np.full(5, 0.5)
    for k in range(2200, 2400):
        history.append(
            k * HOP, k, values, values, values - 0.1, values + 0.1, False, ("artifact",)
        )
    widget = shown(qtbot, NAMES[:5], history)
    widget.set_span(600.0)
    assert coloured(widget, 1, 500.0, 540.0)
    assert not coloured(widget, 1, 552.0, 598.0)
    assert widget._drawn is not None
    assert [text for _, text in widget._drawn.words] == ["artifact"]


def test_a_frozen_picture_stays_while_frames_come_in(trajectories: Trajectories) -> None:
    history = trajectories._history
    assert history is not None
    trajectories.redraw(history, end=70.0)
    before = trajectories.grab().toImage()
    values = np.full(8, 0.9)
    for k in range(400, 420):
        history.append(k * HOP, k, values, values, values, values, True)
    trajectories.redraw(history, end=70.0)
    assert trajectories.grab().toImage() == before
    trajectories.redraw(history)
    assert trajectories.grab().toImage() != before


def test_values_outside_their_range_run_along_the_edge(qtbot: QtBot) -> None:
    widget = shown(qtbot, NAMES[:5])
    box = widget._boxes()[2]
    places = widget._layout().y(np.array([-5.0, 0.0, 1.0, 5.0], np.float32), 2)
    assert box.bottom() > places[0] > places[1] > places[2] > places[3] > box.top()


def test_the_numbers_shown_can_be_copied(trajectories: Trajectories) -> None:
    QTest.keyClick(trajectories, Qt.Key.Key_1)
    values = trajectories._values()
    assert values.columns[:3] == ("time (s)", "joy", "joy_lower")
    assert values.columns[-1] == "trusted"
    assert all(len(row) == len(values.columns) for row in values.rows)


def test_the_mouse_on_a_name_brings_its_curve_out(qtbot: QtBot) -> None:
    widget = shown(qtbot, NAMES[:4])
    before = widget.grab().toImage()
    point_at(widget, name_of(widget, 2))
    assert widget._lit == 2
    assert widget.grab().toImage() != before


def test_what_is_said_under_the_mouse(trajectories: Trajectories) -> None:
    box = trajectories._boxes()[1]
    words = trajectories._words_at(box.center())
    assert "joy 0." in words
    assert "hide" in trajectories._words_at(QPointF(name_of(trajectories, 1)))


def test_it_draws_in_both_themes_without_anything_to_show(qtbot: QtBot) -> None:
    widget = Trajectories()
    qtbot.addWidget(widget)
    widget.set_theme(LIGHT)
    assert widget.grab().toImage().pixelColor(1, 1).getRgb()[:3] == LIGHT.background
    widget.set_targets(("joy",), (0.0,), (1.0,))
    widget.redraw(History(1, 60.0, HOP))
    widget.grab()


def test_new_names_for_the_same_history_are_drawn_at_once(trajectories: Trajectories) -> None:
    history = trajectories._history
    assert history is not None
    before = trajectories.grab().toImage()
    trajectories.set_targets(NAMES, [0.0] * 8, [1.0] * 8)
    trajectories.redraw(history)
    assert trajectories.grab().toImage() == before


def test_what_does_not_fit_together_is_refused(trajectories: Trajectories) -> None:
    with pytest.raises(ValueError, match="emotions"):
        trajectories.redraw(History(3, 60.0, HOP))
    with pytest.raises(ValueError, match="ends"):
        trajectories.set_targets(("a", "b"), (0.0,), (1.0, 1.0))
    with pytest.raises(ValueError, match="low end"):
        trajectories.set_targets(("a",), (1.0,), (1.0,))


@pytest.mark.parametrize("n_targets", [8, 30])
def test_ten_minutes_are_drawn_ten_times_a_second(qtbot: QtBot, n_targets: int) -> None:
    history = history_of(6000, n_targets, hop=0.1)
    widget = shown(qtbot, tuple(f"emotion {k}" for k in range(n_targets)), history)
    widget.resize(1280, 720)
    widget.set_span(600.0)
    values, taken = np.full(n_targets, 0.5), []
    for k in range(6000, 6010):
        history.append(k * 0.1, k, values, values, values - 0.1, values + 0.1, True)
        start = time.perf_counter()
        widget.redraw(history)
        widget.repaint()
        taken.append(time.perf_counter() - start)
    assert min(taken) < 0.1
