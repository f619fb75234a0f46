"""The page on reasons, from a session that runs."""

from __future__ import annotations

import numpy as np
import pytest

from ..driving import Desk, copied, labels, run_for


def test_contributions_are_shown_on_the_head_between_channels_and_in_words(desk: Desk) -> None:
    desk.turn_to("Why")
    view = desk.app.why
    desk.until(lambda: view.rows.values().rows)
    assert len(copied(view.map)) == 33
    assert len(copied(view.edges)) > 1
    rows = view.rows.values().rows
    assert len(rows) >= 10
    assert any("raises" in str(row) or "lowers" in str(row) for row in rows)


def test_what_is_said_adds_up_to_what_is_shown(desk: Desk) -> None:
    desk.turn_to("Why")
    view = desk.app.why
    desk.until(lambda: desk.session.latest.contributions)
    emotion = view.choice.currentIndex()
    said = desk.session.latest.contributions
    view.redraw(desk.session, None)
    node = [float(cells[-1]) for cells in copied(view.map)[1:]]
    np.testing.assert_allclose(node, said["node"][emotion], atol=1e-6)
    total = float(said["base"][emotion]) + float(
        np.sum(said["node"][emotion]) + np.sum(said["edge"][emotion])
    )
    assert total == pytest.approx(float(said["mean"][emotion]), abs=1e-4)


def test_a_key_chooses_the_next_emotion_and_the_page_names_it(desk: Desk) -> None:
    desk.turn_to("Why")
    view = desk.app.why
    emotion = view.choice.currentText()
    desk.type("e")
    other = view.choice.currentText()
    assert other != emotion
    desk.until(lambda: any(other in str(row) for row in view.rows.values().rows))
    while view.choice.currentText() != emotion:
        desk.type("e")


def test_it_says_how_exact_the_reasons_are(desk: Desk) -> None:
    desk.turn_to("Why")
    run_for(0.1)
    assert "by exactly this much" in labels(desk.app.why)
    assert "is not the network of the emotion" in labels(desk.app.why)
