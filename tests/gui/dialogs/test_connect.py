"""The dialog for choosing what to decode, on the real service."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from rtemotion.gui.state.choice import Choice
from rtemotion.options import read_profile

from ..conftest import Opening
from ..driving import Desk, button, click, labels, run_for


@pytest.fixture
def stream() -> Iterator[str]:
    """A headband on the network, from a second process; its source_id."""
    name = f"gui-{uuid.uuid4().hex[:10]}"
    command = ["-m", "rtemotion", "simulate", "--headset", "muse", "--rest", "0"]
    process = subprocess.Popen(
        [sys.executable, *command, "--source-id", name, "--name", name],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield name
    process.terminate()
    process.wait(10.0)


def rows(desk: Desk, page: str) -> list[str]:
    listing = getattr(desk.dialog.sources, page)
    return [listing.topLevelItem(k).text(0) for k in range(listing.topLevelItemCount())]


def pick(desk: Desk, page: str, row: int) -> None:
    """Click a row of a list."""
    listing = getattr(desk.dialog.sources, page)
    at = listing.visualItemRect(listing.topLevelItem(row)).center()
    QTest.mouseClick(listing.viewport(), Qt.MouseButton.LeftButton, pos=at)
    run_for(0.05)


def turn(desk: Desk, page: str) -> None:
    bar = desk.dialog.sources.tabBar()
    index = [bar.tabText(k) for k in range(bar.count())].index(page)
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(index).center())
    run_for(0.05)


def look(desk: Desk) -> None:
    dialog = desk.dialog
    click(dialog.look)
    desk.until(lambda: dialog.look.isEnabled())
    assert not dialog.problem.isVisible(), dialog.problem.text()


def test_a_simulated_headset_is_chosen_looked_at_and_started(
    opened: Opening, settings: QSettings
) -> None:
    desk = opened()
    desk.until(lambda: desk.app._dialog is not None)
    dialog = desk.dialog
    desk.until(lambda: "muse" in rows(desk, "headsets"))
    assert dialog.choice().place == {"headset": "cap32:1"}
    pick(desk, "headsets", rows(desk, "headsets").index("muse"))
    dialog.sources.seed.setText("3")
    assert dialog.choice().place == {"headset": "muse:3"}
    look(desk)
    table = dialog.contact.table
    assert [table.item(k, 0).text() for k in range(4)] == ["TP9", "AF7", "AF8", "TP10"]
    assert all(table.item(k, 4).text() == "✓ ok" for k in range(4))
    assert float(table.item(0, 2).text()) > 1.0
    facts = labels(dialog.contact)
    for said in ("256 Hz", "unit", "mains", "reference", "positions", "4 channels usable"):
        assert said in facts
    click(dialog.start)
    desk.until(lambda: desk.session.live)
    assert desk.session.source is not None
    assert desk.session.source.channels == ("TP9", "AF7", "AF8", "TP10")
    # It is what the dialog begins with the next time.
    kept = Choice.from_json(str(settings.value("choice")))
    assert kept is not None
    assert kept.place == {"headset": "muse:3"}


def test_a_stream_of_another_process_is_found_looked_at_and_started(
    opened: Opening, stream: str
) -> None:
    desk = opened()
    desk.until(lambda: desk.app._dialog is not None)
    turn(desk, "LSL streams")
    desk.until(lambda: stream in rows(desk, "streams"), 60.0)
    pick(desk, "streams", rows(desk, "streams").index(stream))
    assert f"source_id={stream}" in desk.dialog.choice().place["stream"]
    look(desk)
    assert "256 Hz" in labels(desk.dialog.contact)
    click(desk.dialog.start)
    desk.until(lambda: desk.session.live)
    desk.until(lambda: desk.session.position > 0)
    assert desk.session.source is not None
    assert desk.session.source.source_id == stream
    assert desk.session.source.host
    # Nobody knows yet whether the person is like those the model was trained on.
    desk.until(lambda: desk.session.reasons)


def test_without_a_stream_it_says_why_there_may_be_none(opened: Opening) -> None:
    desk = opened()
    desk.until(lambda: desk.app._dialog is not None)
    turn(desk, "LSL streams")
    desk.dialog.sources.show_streams([])
    assert "No stream was found" in labels(desk.dialog.sources)
    assert "firewall" in labels(desk.dialog.sources)
    assert not desk.dialog.start.isEnabled()
    assert not desk.dialog.look.isEnabled()


def test_boards_are_listed_or_it_says_how_to_have_them(opened: Opening) -> None:
    desk = opened()
    desk.until(lambda: desk.app._dialog is not None)
    turn(desk, "Boards")
    boards = desk.dialog.sources.boards
    desk.until(lambda: rows(desk, "boards") or "brainflow" in boards.note.text().lower())


def test_what_cannot_be_opened_is_said_in_a_sentence(opened: Opening, tmp_path: Path) -> None:
    desk = opened()
    desk.until(lambda: desk.app._dialog is not None)
    dialog = desk.dialog
    turn(desk, "Recordings")
    assert not dialog.start.isEnabled()
    QTest.keyClicks(dialog.sources.file, str(tmp_path / "nothing.edf"))
    click(dialog.look)
    desk.until(lambda: dialog.problem.isVisible())
    assert "nothing.edf" in dialog.problem.text()
    assert dialog.problem.text().endswith((".", "?"))
    turn(desk, "Simulated")
    assert not dialog.problem.isVisible()
    dialog.fields["notch"].setText("banana")
    click(dialog.look)
    desk.until(lambda: dialog.problem.isVisible())
    assert "banana" in dialog.problem.text()


def test_a_recording_is_looked_at_before_the_start(opened: Opening, recording: Path) -> None:
    desk = opened()
    desk.until(lambda: desk.app._dialog is not None)
    turn(desk, "Recordings")
    desk.dialog.sources.file.setText(str(recording))
    look(desk)
    assert desk.dialog.contact.table.rowCount() == 4


def test_a_profile_is_the_command_line_s_and_comes_back(
    opened: Opening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.toml"
    desk = opened()
    desk.until(lambda: desk.app._dialog is not None)
    dialog = desk.dialog
    for name, text in (("reference", "average"), ("notch", "50"), ("channels", "AF7, AF8, TP9")):
        dialog.fields[name].setText(text)
    # Without its extension, as people type names.
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_, **__: (str(path.with_suffix("")), "")
    )
    click(button(dialog, "Save profile …"))
    desk.until(lambda: path.is_file() and "channels" in path.read_text("utf-8"))
    said = read_profile(path)
    assert said["notch"] == 50.0
    assert list(said["channels"]) == ["AF7", "AF8", "TP9"]
    check = [sys.executable, "-m", "rtemotion", "check", "--help"]
    assert "--profile" in subprocess.run(check, capture_output=True, text=True, check=True).stdout
    for field in dialog.fields.values():
        field.clear()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(path), ""))
    click(button(dialog, "Load profile …"))
    desk.until(lambda: dialog.fields["channels"].text() == "AF7, AF8, TP9")
    assert dialog.fields["notch"].text() == "50"
    assert dialog.fields["reference"].text() == "average"
    path.write_text("no toml [")
    click(button(dialog, "Load profile …"))
    desk.until(lambda: dialog.problem.isVisible())
    assert "mine.toml" in dialog.problem.text()


def test_the_last_set_up_returns(opened: Opening, settings: QSettings) -> None:
    kept = Choice(
        place={"headset": "epoc:5"},
        options={"reference": "average", "notch": 60.0},
        baseline="0:70",
        republish=False,
    )
    settings.setValue("choice", kept.to_json())
    desk = opened()
    desk.until(lambda: desk.app._dialog is not None)
    desk.until(lambda: rows(desk, "headsets"))
    assert desk.dialog.choice() == kept


def test_closing_it_leaves_nothing_that_goes_on_looking(opened: Opening) -> None:
    desk = opened()
    desk.until(lambda: desk.app._dialog is not None)
    dialog = desk.dialog
    click(button(dialog, "Cancel"))
    run_for(0.2)
    assert desk.window.findChildren(type(dialog)) == []
    # Answers to what it asked come when nobody is there any more.
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        run_for(0.1)
    desk.press("Ctrl+O")
    assert len(desk.window.findChildren(type(dialog))) == 1
