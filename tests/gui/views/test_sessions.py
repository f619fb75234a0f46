"""The page on recordings."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest

from ..driving import Desk, button, click, run_for


def test_a_folder_is_listed_with_what_the_headers_tell(
    desk: Desk, recording: Path, settings: QSettings
) -> None:
    desk.turn_to("Sessions")
    page = desk.app.sessions
    page.folder.setText(str(recording.parent))
    QTest.keyClick(page.folder, Qt.Key.Key_Return)
    desk.until(lambda: page.list.topLevelItemCount() == 1)
    item = page.list.topLevelItem(0)
    assert item.text(0) == "headband.xdf"
    assert item.text(2) == "4"
    assert item.text(3) == "256 Hz"
    assert "1 recording" in page.note.text()


def test_a_recording_is_replayed_by_double_click_key_or_button(
    desk: Desk, recording: Path, settings: QSettings
) -> None:
    desk.turn_to("Sessions")
    page = desk.app.sessions
    wanted: list[str] = []
    page.open_wanted.disconnect()
    page.open_wanted.connect(wanted.append)
    try:
        page.folder.setText(str(recording.parent))
        click(page.again)
        desk.until(lambda: page.list.topLevelItemCount() == 1)
        assert not page.replay.isEnabled()
        page.list.setCurrentItem(page.list.topLevelItem(0))
        click(button(page, "Replay"))
        QTest.keyClick(page.list, Qt.Key.Key_Return)
    finally:
        page.open_wanted.disconnect()
        page.open_wanted.connect(desk.app.open_file)
    assert wanted == [str(recording)] * 2


def test_a_folder_without_recordings_and_one_that_is_not_there_say_so(
    desk: Desk, tmp_path: Path, settings: QSettings
) -> None:
    desk.turn_to("Sessions")
    page = desk.app.sessions
    page.folder.setText(str(tmp_path))
    click(page.again)
    desk.until(lambda: "No recording in" in page.note.text())
    page.folder.setText(str(tmp_path / "nowhere"))
    click(page.again)
    desk.until(lambda: "nowhere" in page.note.text() and "Looking" not in page.note.text())
    assert page.list.topLevelItemCount() == 0
    run_for(0.05)
