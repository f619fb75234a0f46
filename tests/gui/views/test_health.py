"""The page on how the run is doing, from a session that runs."""

from __future__ import annotations

import numpy as np

from ..driving import Desk, copied, labels, run_for


def test_every_channel_has_a_row_with_its_level(desk: Desk) -> None:
    desk.turn_to("Health")
    table = desk.app.health._table
    desk.until(lambda: table.rowCount() == 32)
    assert table.item(0, 0).text() == "Fp1"
    desk.until(lambda: table.item(0, 1).text().endswith("%"))
    assert float(table.item(0, 2).text()) > 1.0


def test_facts_of_the_run_have_a_past(desk: Desk) -> None:
    desk.turn_to("Health")
    run_for(0.6)
    view = desk.app.health
    view.redraw(desk.session, None)
    ages = copied(view._plots[0])[1:]
    assert len(ages) == len(desk.session.health)
    x, y = view._curves[0].getData()
    np.testing.assert_allclose(x, [float(row[0]) for row in ages], atol=1e-4)
    assert np.isfinite(y[-3:]).all()


def test_what_is_not_known_of_a_source_is_said_in_place_of_an_empty_plot(desk: Desk) -> None:
    desk.turn_to("Health")
    run_for(0.6)
    assert desk.session.latest.health["drift_ppm"] is None
    titles = [plot.plotItem.titleLabel.text for plot in desk.app.health._plots]
    assert [title for title in titles if "not known" in title] == ["drift (ppm): not known here"]


def test_markers_and_notes_are_told(desk: Desk) -> None:
    desk.press("M")
    desk.turn_to("Health")
    desk.until(lambda: "by hand" in desk.app.health._log.toPlainText())
    told = desk.app.health._log.toPlainText()
    assert len(told.splitlines()) == len(desk.session.events)


def test_the_status_line_has_the_facts_of_now(desk: Desk) -> None:
    # A sentence told a moment ago stands in their place for some seconds.
    desk.until(lambda: "newest sample" in labels(desk.window.statusBar()))
    said = labels(desk.window.statusBar())
    assert "latency p50" in said
    assert "lost 0" in said
