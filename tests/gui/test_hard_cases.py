"""Many emotions or few, many channels or few, long names, no places: every page still reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from rtemotion.gui.state.session import Session
from rtemotion.gui.theme import DARK, LIGHT
from rtemotion.gui.views.emotions import EmotionsView
from rtemotion.gui.views.why import WhyView
from rtemotion.simulators import Brain, Subject
from rtemotion.simulators.headsets import headset_from_montage

from .conftest import Opening
from .driving import Desk, copied, labels, picture, run_for
from .state.runs import account

LONG = tuple(f"a very long name of an electrode, no {k:03d}" for k in range(32))
AFFECT = ("valence", "arousal", "dominance")
THIRTY = tuple(f"emotion {k:02d} of many" for k in range(30))


def session_with(names: tuple[str, ...], **model: Any) -> Session:
    """Return a real run's session, told as if its model knew emotions of other names."""
    run, session = account(), Session()
    like = run.state["model"]["targets"][0] | {"low": -1.0 if "valence" in names else 0.0}
    said = run.state["model"] | {"targets": [like | {"name": name} for name in names]} | model
    session.apply(run.state | {"model": said})
    rows = np.arange(len(names)) % 8
    for message in run.messages:
        if message["type"] in {"frames", "contributions"}:
            wide = {
                name: value[:, rows] if message["type"] == "frames" else value[rows]
                for name, value in message.items()
                if isinstance(value, np.ndarray) and 8 in value.shape[:2]
            }
            message = message | wide
        session.apply(message)
    return session


@pytest.fixture
def page(qtbot: QtBot) -> EmotionsView:
    view = EmotionsView()
    qtbot.addWidget(view)
    view.set_theme(DARK)
    view.resize(1280, 600)
    view.show()
    return view


@pytest.mark.parametrize("names", [("joy", "fear", "anger"), AFFECT, THIRTY])
def test_any_number_of_emotions_leaves_room_for_everything(
    page: EmotionsView, names: tuple[str, ...]
) -> None:
    session = session_with(names)
    page.begin(session)
    page.redraw(session, None)
    run_for(0.05)
    assert page.minimumSizeHint().height() <= 560
    assert page.trajectories.shown == names
    assert page.traces.height() >= 110
    assert page.trajectories.height() >= 200
    assert len(copied(page.bars)) == 1 + len(names)
    assert (page._axes is not None) == ("valence" in names)
    # A row of each bar has something in it.
    pixels = picture(page.bars)
    assert (pixels != pixels[0, 0]).any(axis=(1, 2)).sum() > 3 * len(names)


def test_valence_and_arousal_are_a_point_in_a_plane_that_is_large_enough_to_read(
    page: EmotionsView,
) -> None:
    session = session_with(AFFECT)
    page.begin(session)
    page.redraw(session, None)
    run_for(0.05)
    assert page.plane.height() >= 200
    before = picture(page.plane)
    assert session.history is not None
    session.history.append(1e3, 1, [0.9, -0.9, 0.0], *[[0.1] * 3] * 3, True)
    page.redraw(session, None)
    assert (before != picture(page.plane)).any()


def test_without_them_a_sentence_takes_no_more_room_than_it_needs(page: EmotionsView) -> None:
    session = session_with(THIRTY)
    page.begin(session)
    page.redraw(session, None)
    run_for(0.05)
    assert page.bars.height() > page.plane.height()


def test_reasons_of_an_approximate_model_are_called_so(qtbot: QtBot) -> None:
    view = WhyView()
    qtbot.addWidget(view)
    agreement = {"node": 0.62, "edge": 0.41, "protocol": "resetting inputs"}
    session = session_with(("joy", "fear"), architecture="approximate", agreement=agreement)
    view.resize(1280, 600)
    view.show()
    view.begin(session)
    view.redraw(session, None)
    said = labels(view)
    assert "Approximate reasons" in said
    assert "0.62 (channels) and 0.41 (pairs)" in said
    assert "exactly" not in said
    assert view.rows.values().rows


def made(path: Path, names: tuple[str, ...], headset: Any, placed: bool) -> Path:
    """Write a recording of a simulated cap under other names, with places or without."""
    brain = Brain(Subject.draw(1), headset, seed=2)
    chunk, _ = brain.read(round(10 * brain.info.sfreq))
    info = mne.create_info(list(names), brain.info.sfreq, "eeg")
    raw = mne.io.RawArray(chunk.data.T, info, verbose="error")
    if placed:
        places = dict(zip(names, np.asarray(brain.info.positions), strict=True))
        raw.set_montage(mne.channels.make_dig_montage(places, coord_frame="head"))
    raw.save(path, verbose="error")
    return path


def replayed(opened: Opening, path: Path) -> Desk:
    desk = opened({"place": {"file": str(path)}, "speed": 16.0})
    desk.until(lambda: desk.session.live or desk.session.phase == "ended", 40.0)
    desk.until(lambda: desk.session.latest.features.get("full"), 40.0)
    return desk


def cut(widget: QWidget) -> Iterator[str]:
    """Yield what labels say that have no room for it."""
    for label in widget.findChildren(QLabel):
        if label.isVisible() and label.text() and not label.wordWrap():
            wanted = label.sizeHint()
            if label.width() < wanted.width() - 1 or label.height() < wanted.height() - 1:
                yield label.text()


def every_page_reads(desk: Desk) -> None:
    desk.window.resize(1280, 720)
    for view in desk.window.views:
        desk.turn_to(view.title)
        run_for(0.4)
        assert desk.window.height() == 720, view.title
        assert list(cut(desk.window)) == [], view.title
        assert picture(view).std() > 0, view.title


def test_channels_without_a_place_say_what_to_do(opened: Opening, tmp_path: Path) -> None:
    names = tuple(f"X{k}" for k in range(32))
    desk = replayed(opened, made(tmp_path / "bare_raw.fif", names, "cap32", placed=False))
    desk.until(lambda: "too few channels" in desk.session.reasons)
    run_for(0.1)
    assert "name a montage" in labels(desk.app.emotions)
    every_page_reads(desk)
    brain = desk.app.brain
    desk.turn_to("Brain")
    run_for(0.3)
    assert len(copied(brain.edges)) > 1
    assert "NOT VALIDATED" in labels(desk.window.header)


def test_names_of_forty_letters_leave_room_for_what_they_name(
    opened: Opening, tmp_path: Path
) -> None:
    assert {len(name) for name in LONG} == {40}
    desk = replayed(opened, made(tmp_path / "long_raw.fif", LONG, "cap32", placed=True))
    every_page_reads(desk)
    desk.turn_to("Signals")
    assert desk.app.signals.traces._plot().width() > desk.app.signals.traces.width() / 2
    assert LONG[0] in labels(desk.app.signals)
    plots = desk.app.signals.spectrum, desk.app.signals.spectrogram
    assert all(plot.minimumSizeHint().width() < 380 for plot in plots)


def test_two_hundred_and_fifty_six_channels(opened: Opening, tmp_path: Path) -> None:
    net = headset_from_montage("GSN-HydroCel-256")
    path = made(tmp_path / "net_raw.fif", net.channels, net, placed=True)
    desk = replayed(opened, path)
    every_page_reads(desk)
    desk.turn_to("Brain")
    brain = desk.app.brain
    desk.until(lambda: brain.edges.values().rows, 30.0)
    assert len(copied(brain._maps[0])) == 257
    desk.turn_to("Health")
    desk.until(lambda: desk.app.health._table.rowCount() == 256)


def test_light_and_dark_both_read(desk: Desk) -> None:
    desk.turn_to("Emotions")
    dark = picture(desk.window)
    try:
        desk.press("Ctrl+T")
        run_for(0.3)
        for view in desk.window.views:
            desk.turn_to(view.title)
            run_for(0.2)
            assert picture(view).mean() > 180, view.title
        assert desk.window.theme == LIGHT
    finally:
        desk.press("Ctrl+T")
        run_for(0.3)
    assert dark.mean() < 90
    assert QApplication.instance() is not None
