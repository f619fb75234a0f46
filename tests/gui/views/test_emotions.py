"""The page on emotions, from a session that runs."""

from __future__ import annotations

import numpy as np

from ..driving import Desk, click, copied, labels, picture, run_for, same, wheel


def test_it_says_how_far_the_newest_frame_is_to_be_trusted(desk: Desk) -> None:
    desk.turn_to("Emotions")
    run_for(0.1)
    said = labels(desk.app.emotions)
    assert ("✓ trusted" in said) == desk.session.trusted
    assert ("not to be trusted" in said) == (not desk.session.trusted)


def test_present_values_are_those_of_the_newest_frame(desk: Desk) -> None:
    desk.turn_to("Emotions")
    present = desk.session.present
    desk.app.emotions.redraw(desk.session, None)
    heading, *rows = copied(desk.app.emotions.bars)
    assert len(rows) == 8
    assert desk.session.model is not None
    assert [row[0] for row in rows] == list(desk.session.model.names)
    column = next(k for k, name in enumerate(heading) if k and "lower" not in name)
    shown = [float(row[column]) for row in rows]
    np.testing.assert_allclose(shown, present["mean"], atol=1e-5)


def test_trajectories_are_the_history_with_truth_and_reasons(desk: Desk) -> None:
    desk.turn_to("Emotions")
    heading, *rows = copied(desk.app.emotions.trajectories)
    assert desk.session.history is not None
    assert len(rows) >= 30
    assert any("joy" in name for name in heading)
    assert any("truth" in name for name in heading)
    assert all(len(row) <= len(heading) for row in rows)


def test_it_moves_with_the_session(desk: Desk) -> None:
    desk.turn_to("Emotions")
    view = desk.app.emotions
    before = {w: picture(w) for w in (view.trajectories, view.bars, view.traces)}
    run_for(1.2)
    for widget, pixels in before.items():
        assert not same(pixels, picture(widget)), widget.accessibleName()


def test_without_valence_and_arousal_the_plane_says_so(desk: Desk) -> None:
    desk.turn_to("Emotions")
    plane = desk.app.emotions.plane
    assert "no valence and arousal" in plane._why
    assert picture(plane).std() > 0


def test_keys_and_wheel_choose_emotions_and_time(desk: Desk) -> None:
    desk.turn_to("Emotions")
    page = desk.app.emotions.trajectories
    everything, span = page.shown, page.seconds
    desk.type("2")
    assert len(page.shown) == len(everything) - 1
    assert "joy" not in page.shown
    desk.type("2")
    assert page.shown == everything
    wheel(page, -1)
    assert page.seconds > span
    wheel(page, 1)
    assert page.seconds == span


def test_a_click_on_a_name_hides_an_emotion(desk: Desk) -> None:
    desk.turn_to("Emotions")
    page = desk.app.emotions.trajectories
    everything = page.shown
    place = page.rect().topLeft()
    place.setX(50)
    place.setY(page.height() // 12)
    click(page, place)
    assert len(page.shown) == len(everything) - 1
    desk.type("0")
    assert page.shown == everything
