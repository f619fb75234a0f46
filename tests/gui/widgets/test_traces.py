"""Signals scroll without being drawn anew, show their gaps, and are chosen and judged by hand."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QFont, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from rtemotion.gui.state.signals import SignalRing
from rtemotion.gui.theme import DARK, LIGHT
from rtemotion.gui.widgets.trace_image import Look, TraceImage
from rtemotion.gui.widgets.trace_names import BAD, DOUBTFUL, GOOD, Row, paint_names
from rtemotion.gui.widgets.traces import SPANS, SignalTraces
from rtemotion.signal import Flag

SFREQ = 250.0
INK, OTHER_INK = (200, 200, 210), (120, 10, 10)


def noise(n: int, n_channels: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).standard_normal((n, n_channels)) * 20e-6


def look(n_channels: int = 4, width: int = 300, seconds: float = 5.0) -> Look:
    return Look(
        width=width, height=40 * n_channels, seconds=seconds, first=0,
        volts=(100e-6,) * n_channels, layers=(0,) * (n_channels - 1) + (1,),
        inks=(INK, OTHER_INK), background=(0, 0, 0), grid=(10, 10, 10), missing=(20, 20, 20),
        doubtful=(30, 30, 0), excluded=(40, 0, 0), grid_every=1.0,
    )  # fmt: skip


def turned(image: TraceImage) -> NDArray[np.uint32]:
    """Return the pixels as they come onto the screen."""
    return np.roll(image._pixels, -(image.stop % image._pixels.shape[1]), axis=1)


def inked(pixels: NDArray[np.uint32], colour: tuple[int, int, int] = INK) -> NDArray[np.bool_]:
    red, green, blue = colour
    return np.asarray(pixels == np.uint32(0xFF000000 | red << 16 | green << 8 | blue))


@pytest.mark.parametrize("seconds", [2.0, 5.0, 30.0])
def test_drawing_what_is_new_gives_what_drawing_everything_gives(seconds: float) -> None:
    data, flags = noise(9000, 4), np.zeros((9000, 4), np.uint8)
    # Every row starts and ends centred, so that both pictures centre alike.
    flags[8300:8400, 1] = Flag.BLINK
    ring, scrolled = SignalRing(4, SFREQ, 40.0), TraceImage()
    ring.append(0, data[:8000], flags[:8000])
    scrolled.draw(ring, look(seconds=seconds))
    for at in range(8000, 9000, 17):
        ring.append(at, data[at : at + 17], flags[at : at + 17])
        scrolled.draw(ring, look(seconds=seconds))
    anew = TraceImage()
    anew._offsets = scrolled._offsets
    anew._centre = lambda *_: setattr(anew, "_beyond", np.zeros(4, np.int64))  # type: ignore[method-assign]
    anew.draw(ring, look(seconds=seconds))
    assert anew.stop == scrolled.stop
    np.testing.assert_array_equal(turned(scrolled), turned(anew))


def test_every_channel_has_a_line_in_every_column() -> None:
    ring, image = SignalRing(4, SFREQ, 10.0), TraceImage()
    ring.append(0, noise(2500, 4) * 0.1)
    image.draw(ring, look())
    rows = turned(image).reshape(4, 40, 300)
    for k in range(3):
        assert inked(rows[k]).any(axis=0).all()
    assert inked(rows[3], OTHER_INK).any(axis=0).all()


def test_lines_are_joined_from_column_to_column() -> None:
    ring, image = SignalRing(2, SFREQ, 10.0), TraceImage()
    step = np.zeros((2500, 2))
    step[1900:] = 40e-6
    ring.append(0, step)
    image.draw(ring, look(2))
    line = inked(turned(image)[:40])
    tops, bottoms = line.argmax(axis=0), 39 - line[::-1].argmax(axis=0)
    assert np.ptp(tops) == pytest.approx(0.4 * 40, abs=1)
    assert (np.maximum(tops[1:], tops[:-1]) <= np.minimum(bottoms[1:], bottoms[:-1]) + 1).all()


def test_lost_samples_leave_a_hole_in_the_picture() -> None:
    ring, image = SignalRing(4, SFREQ, 10.0), TraceImage()
    data = noise(2500, 4)
    ring.append(0, data[:1750])
    ring.append(1800, data[1800:])
    image.draw(ring, look())
    drawn = inked(turned(image)).any(axis=0)
    per_column = 5.0 * SFREQ / 300
    columns = np.arange(image.stop - 300, image.stop) * per_column
    hole = (columns + per_column > 1749) & (columns < 1800)
    np.testing.assert_array_equal(drawn, ~hole)


def test_a_signal_far_from_zero_is_put_into_the_middle_of_its_row() -> None:
    ring, image = SignalRing(2, SFREQ, 10.0), TraceImage()
    ring.append(0, noise(2500, 2) * 0.1 + 0.05)
    image.draw(ring, look(2))
    assert inked(turned(image)[10:30]).any(axis=0).all()
    at = 2500
    while at < 4500:
        ring.append(at, noise(20, 2) * 0.1 - 0.02)
        image.draw(ring, look(2))
        at += 20
    assert inked(turned(image)[10:30, -100:]).any(axis=0).all()


def test_flags_tint_their_row_and_no_other() -> None:
    ring, image = SignalRing(4, SFREQ, 10.0), TraceImage()
    flags = np.zeros((2500, 4), np.uint8)
    flags[2000:2100, 1] = Flag.BLINK
    flags[2000:2100, 2] = Flag.RAILED
    ring.append(0, noise(2500, 4), flags)
    image.draw(ring, look())
    rows = turned(image).reshape(4, 40, 300)
    assert not inked(rows[0], (30, 30, 0)).any()
    assert inked(rows[1], (30, 30, 0)).any()
    assert inked(rows[2], (40, 0, 0)).any()


def test_a_stream_that_began_anew_leaves_nothing_of_the_old_one() -> None:
    ring, image = SignalRing(2, SFREQ, 10.0), TraceImage()
    ring.append(0, noise(2500, 2))
    image.draw(ring, look(2))
    ring.append(0, noise(100, 2))
    image.draw(ring, look(2))
    drawn = inked(turned(image)).any(axis=0)
    assert 20 < np.count_nonzero(drawn) < 25


def test_quality_is_told_by_shape_and_not_by_colour_alone(qapp: QApplication) -> None:
    shapes = []
    for verdict in (GOOD, DOUBTFUL, BAD):
        row = Row("Cz", verdict, bad=False, chosen=False)
        picture = paint_names([row], QSize(60, 30), 30, 1.0, QFont(), DARK).toImage()
        ground = picture.pixelColor(0, 0)
        shapes.append(
            [[picture.pixelColor(x, y) != ground for x in range(40, 60)] for y in range(30)]
        )
    assert shapes[0] != shapes[1] != shapes[2] != shapes[0]


@pytest.fixture
def traces(qtbot: QtBot) -> SignalTraces:
    return shown(qtbot, 8)


def shown(qtbot: QtBot, n_channels: int) -> SignalTraces:
    widget = SignalTraces()
    qtbot.addWidget(widget)
    widget.resize(1280, 720)
    widget.set_channels([f"E{k + 1}" for k in range(n_channels)], SFREQ)
    ring = SignalRing(n_channels, SFREQ, 70.0)
    ring.append(0, noise(15000, n_channels))
    widget.show()
    widget.redraw(ring)
    widget.setFocus()
    return widget


def wheel(widget: SignalTraces, notches: int, ctrl: bool = False) -> None:
    modifiers = Qt.KeyboardModifier.ControlModifier if ctrl else Qt.KeyboardModifier.NoModifier
    middle = QPointF(widget.rect().center())
    event = QWheelEvent(
        middle, widget.mapToGlobal(middle), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, modifiers, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def place_of(widget: SignalTraces, row: int) -> QPoint:
    plot = widget._plot()
    return QPoint(20, int((row - widget.rows.start + 0.5) * plot.height() / len(widget.rows)))


def test_keys_change_the_scale_by_one_two_five(traces: SignalTraces) -> None:
    assert traces.volts == 100e-6
    QTest.keyClick(traces, Qt.Key.Key_Up)
    assert traces.volts == pytest.approx(50e-6)
    QTest.keyClick(traces, Qt.Key.Key_Plus)
    assert traces.volts == pytest.approx(20e-6)
    for _ in range(3):
        QTest.keyClick(traces, Qt.Key.Key_Down)
    assert traces.volts == pytest.approx(200e-6)
    wheel(traces, 1, ctrl=True)
    assert traces.volts == pytest.approx(100e-6)
    QTest.keyClick(traces, Qt.Key.Key_Minus)
    QTest.keyClick(traces, Qt.Key.Key_Home)
    assert traces.volts == 100e-6


def test_a_smaller_scale_makes_larger_traces(traces: SignalTraces) -> None:
    def ink() -> int:
        return int((turned(traces._image) != turned(traces._image)[0, 5]).sum())

    before = ink()
    QTest.keyClick(traces, Qt.Key.Key_Up)
    assert ink() > 1.3 * before


def test_keys_change_the_time_from_edge_to_edge(traces: SignalTraces) -> None:
    for _ in range(9):
        QTest.keyClick(traces, Qt.Key.Key_Right)
    assert traces.seconds == SPANS[-1] == 60.0
    for _ in range(9):
        QTest.keyClick(traces, Qt.Key.Key_BracketLeft)
    assert traces.seconds == SPANS[0] == 2.0


def test_many_channels_have_pages(qtbot: QtBot) -> None:
    traces = shown(qtbot, 256)
    assert traces.rows == range(64)
    QTest.keyClick(traces, Qt.Key.Key_PageDown)
    assert traces.rows == range(64, 128)
    wheel(traces, -1)
    assert traces.rows.start == 72
    for _ in range(9):
        QTest.keyClick(traces, Qt.Key.Key_PageDown)
    assert traces.rows == range(192, 256)
    QTest.keyClick(traces, Qt.Key.Key_PageUp)
    assert traces.rows == range(128, 192)
    traces.resize(1280, 200)
    assert traces.rows.start == 128
    assert len(traces.rows) < 20
    QTest.keyClick(traces, Qt.Key.Key_Home)
    assert traces.rows.start == 0


def test_few_channels_do_not_scroll(traces: SignalTraces) -> None:
    QTest.keyClick(traces, Qt.Key.Key_PageDown)
    wheel(traces, -5)
    assert traces.rows == range(8)


def test_a_click_chooses_a_channel(traces: SignalTraces, qtbot: QtBot) -> None:
    with qtbot.waitSignal(traces.channel_clicked) as clicked:
        QTest.mouseClick(traces, Qt.MouseButton.LeftButton, pos=place_of(traces, 4))
    assert clicked.args == ["E5"]
    assert traces.chosen == "E5"


def test_a_double_click_or_key_calls_a_channel_bad_and_good_again(
    traces: SignalTraces, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(traces.bad_toggled) as toggled:
        QTest.mouseDClick(traces, Qt.MouseButton.LeftButton, pos=place_of(traces, 2))
    assert toggled.args == ["E3", True]
    traces.set_bad({"E3"})
    traces.choose("E3")
    with qtbot.waitSignal(traces.bad_toggled) as toggled:
        QTest.keyClick(traces, Qt.Key.Key_B)
    assert toggled.args == ["E3", False]


def test_bad_with_nothing_chosen_is_nobody(traces: SignalTraces, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(traces.bad_toggled):
        QTest.keyClick(traces, Qt.Key.Key_B)


def test_a_frozen_picture_stays_while_signals_come_in(traces: SignalTraces) -> None:
    ring = traces._ring
    assert ring is not None
    traces.redraw(ring, end=12000)
    before = traces.grab().toImage()
    ring.append(ring.stop, noise(500, 8, seed=5))
    traces.redraw(ring, end=12000)
    assert traces.grab().toImage() == before
    traces.redraw(ring)
    assert traces.grab().toImage() != before


def test_the_numbers_shown_can_be_copied(traces: SignalTraces) -> None:
    values = traces._values()
    assert values.columns[:2] == ("time (s)", "E1 (µV)")
    assert len(values.rows) == 10 * SFREQ
    assert values.rows[-1][1] == pytest.approx(noise(15000, 8)[-1, 0] * 1e6, rel=1e-5)


def test_it_takes_another_theme_and_draws_nothing_without_channels(qtbot: QtBot) -> None:
    widget = SignalTraces()
    qtbot.addWidget(widget)
    widget.set_theme(LIGHT)
    picture = widget.grab().toImage()
    assert picture.pixelColor(2, 2).getRgb()[:3] == LIGHT.background


def test_what_does_not_fit_together_is_refused(traces: SignalTraces) -> None:
    with pytest.raises(ValueError, match="channels"):
        traces.redraw(SignalRing(3, SFREQ, 1.0))
    with pytest.raises(ValueError, match="qualities"):
        traces.set_quality([1.0])
    with pytest.raises(ValueError, match="kinds"):
        traces.set_channels(["a", "b"], SFREQ, ["eeg"])


def test_sixty_four_channels_are_drawn_thirty_times_a_second(qtbot: QtBot) -> None:
    traces = SignalTraces()
    qtbot.addWidget(traces)
    traces.resize(1280, 720)
    traces.set_channels([f"E{k}" for k in range(64)], 500.0)
    ring = SignalRing(64, 500.0, 60.0)
    ring.append(0, noise(10000, 64))
    traces.redraw(ring)
    traces.show()
    taken = []
    for k in range(20):
        ring.append(ring.stop, noise(17, 64, seed=k))
        start = time.perf_counter()
        traces.redraw(ring)
        traces.repaint()
        taken.append(time.perf_counter() - start)
    assert min(taken) < 1 / 30
