"""The page on the brain, from a session that runs."""

from __future__ import annotations

import numpy as np

from ..driving import Desk, copied, labels, picture, run_for, same


def test_every_band_has_a_map_of_every_channel(desk: Desk) -> None:
    desk.turn_to("Brain")
    view, model = desk.app.brain, desk.session.model
    assert model is not None
    desk.until(lambda: view._maps and view._maps[0].values().rows)
    assert len(view._maps) == len(model.bands)
    power = desk.session.latest.features["power"]
    view.redraw(desk.session, None)
    for row, widget in enumerate(view._maps):
        _, *rows = copied(widget)
        assert len(rows) == 32
        shown = [float(cells[-1]) for cells in rows]
        np.testing.assert_allclose(shown, 10 * np.log10(power[row] * 1e12), rtol=1e-4)


def test_couplings_now_are_shown_around_the_head_and_as_a_matrix(desk: Desk) -> None:
    desk.turn_to("Brain")
    view = desk.app.brain
    view.what.setCurrentIndex(0)
    desk.until(lambda: view.edges.values().rows)
    _, *pairs = copied(view.edges)
    _, *rows = copied(view.matrix)
    assert 0 < len(pairs) <= 496
    assert len(rows) == 32 * 31 // 2


def test_maps_and_couplings_move(desk: Desk) -> None:
    desk.turn_to("Brain")
    view = desk.app.brain
    desk.until(lambda: view.edges.values().rows)
    widgets = (view._maps[2], view.edges, view.matrix)
    before = [picture(widget) for widget in widgets]
    run_for(1.2)
    assert not any(same(b, picture(w)) for b, w in zip(before, widgets, strict=True))


def test_keys_choose_the_next_measure_and_band(desk: Desk) -> None:
    desk.turn_to("Brain")
    view = desk.app.brain
    measure, band = view.measure.currentText(), view.band.currentText()
    before = view.edges.values().rows
    desk.type("c")
    assert view.measure.currentText() != measure
    desk.type("d")
    assert view.band.currentText() != band
    run_for(0.3)
    assert view.edges.values().rows != before
    while view.measure.currentText() != measure:
        desk.type("c")
    while view.band.currentText() != band:
        desk.type("d")


def test_graph_measures_are_asked_for_and_shown(desk: Desk) -> None:
    desk.turn_to("Brain")
    view = desk.app.brain
    desk.until(lambda: view._graph.get("nodes"))
    run_for(0.3)
    assert view.node.count() >= 4
    assert "global efficiency" in labels(view)
    _, *rows = copied(view.graph_map)
    assert len(rows) == 32


def test_the_network_of_an_emotion_is_asked_for_and_waits_for_its_minutes(desk: Desk) -> None:
    desk.turn_to("Brain")
    view = desk.app.brain
    view.what.setCurrentIndex(view.what.findData("joy"))
    desk.until(lambda: desk.session.latest.network.get("emotion") == "joy")
    desk.until(lambda: "need five minutes" in view.edges._why)
    assert view.edges.values().rows == []
    view.what.setCurrentIndex(0)
    desk.until(lambda: view.edges.values().rows)
