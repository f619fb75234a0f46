"""The page on signals, from a session that runs."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from ..driving import (
    NO_MODIFIER,
    Desk,
    button,
    click,
    copied,
    labels,
    picture,
    run_for,
    same,
    wheel,
)


def place_of(desk: Desk, row: int) -> QPoint:
    """Return where the name of a row is."""
    traces = desk.app.signals.traces
    plot = traces._plot()
    return QPoint(20, round(plot.y() + (row + 0.5) * plot.height() / len(traces.rows)))


def test_signals_and_their_spectra_move(desk: Desk) -> None:
    desk.turn_to("Signals")
    run_for(0.8)
    view = desk.app.signals
    before = {w: picture(w) for w in (view.traces, view.spectrum, view.spectrogram)}
    run_for(1.5)
    for widget, pixels in before.items():
        assert not same(pixels, picture(widget)), type(widget).__name__


def test_the_samples_shown_are_those_that_came(desk: Desk) -> None:
    desk.turn_to("Signals")
    heading, *rows = copied(desk.app.signals.traces)
    assert len(heading) >= 33
    assert len(rows) > 1000


def test_a_click_on_a_name_shows_its_spectrum(desk: Desk) -> None:
    desk.turn_to("Signals")
    view = desk.app.signals
    click(view.traces, place_of(desk, 4))
    assert view.traces.chosen == "F7"
    run_for(0.3)
    assert "<b>F7</b>" in labels(view)
    heading, *rows = copied(view.spectrum)
    assert "F7" in " ".join(heading)
    assert len(rows) > 20
    click(view.traces, place_of(desk, 0))
    assert view.traces.chosen == "Fp1"


def test_keys_and_wheel_change_scale_and_time(desk: Desk) -> None:
    desk.turn_to("Signals")
    traces = desk.app.signals.traces
    volts, seconds = traces.volts, traces.seconds
    QTest.keyClick(desk.window.focusWidget(), Qt.Key.Key_Down)
    assert traces.volts > volts
    wheel(traces, 1, Qt.KeyboardModifier.ControlModifier)
    assert traces.volts == volts
    QTest.keyClick(desk.window.focusWidget(), Qt.Key.Key_Right)
    assert traces.seconds > seconds
    QTest.keyClick(desk.window.focusWidget(), Qt.Key.Key_Home)
    assert traces.seconds == seconds


def test_a_channel_marked_bad_is_left_out_by_the_engine_until_that_is_taken_back(
    desk: Desk,
) -> None:
    desk.turn_to("Signals")
    session, view = desk.session, desk.app.signals
    click(view.traces, place_of(desk, 2))
    click(button(view, "Mark bad"))
    desk.until(lambda: session.bad == {"AF3"})
    assert desk.happened("left out: AF3")
    run_for(0.3)
    assert button(view, "Use again").isVisible()
    desk.press("Ctrl+Z")
    desk.until(lambda: not session.bad)
    desk.press("Ctrl+Shift+Z")
    desk.until(lambda: session.bad == {"AF3"})
    # By key, and by a double click on its name.
    desk.type("b")
    desk.until(lambda: not session.bad)
    QTest.mouseDClick(view.traces, Qt.MouseButton.LeftButton, NO_MODIFIER, place_of(desk, 2))
    desk.until(lambda: session.bad == {"AF3"})
    desk.press("Ctrl+Z")
    desk.until(lambda: not session.bad)


def test_a_channel_marked_bad_is_out_of_the_maps(desk: Desk) -> None:
    desk.turn_to("Signals")
    click(desk.app.signals.traces, place_of(desk, 9))
    desk.type("b")
    desk.until(lambda: desk.session.bad == {"FC5"})
    desk.turn_to("Brain")
    brain = desk.app.brain

    def value() -> str:
        return next(row[-1] for row in brain._maps[2].values().rows if row[0] == "FC5")

    desk.until(lambda: value() != value())
    desk.press("Ctrl+Z")
    desk.until(lambda: not desk.session.bad)
    desk.until(lambda: value() == value())


def test_a_frozen_view_stands_still_while_the_engine_goes_on(desk: Desk) -> None:
    desk.turn_to("Signals")
    run_for(0.3)
    desk.press("F")
    run_for(0.3)
    assert "frozen" in labels(desk.window.statusBar())
    for title in ("Health", "Emotions", "Brain", "Why", "Signals"):
        desk.turn_to(title)
        run_for(0.3)
        before, position = picture(desk.window.view), desk.session.position
        run_for(1.5 if title == "Health" else 0.7)
        assert same(before, picture(desk.window.view)), title
        assert desk.session.position > position
    desk.press("F")
    before = picture(desk.app.signals.traces)
    run_for(0.5)
    assert not same(before, picture(desk.app.signals.traces))
    assert "frozen" not in labels(desk.window.statusBar())
