"""The app as a whole, on a service and a simulator that are real."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog

from rtemotion.gui.theme import DARK, LIGHT
from rtemotion.sources.xdf import XdfSource

from .conftest import Opening
from .driving import (
    Desk,
    alive,
    answer,
    click,
    labels,
    picture,
    process_of,
    run_for,
    same,
    wheel,
)

HEADBAND = {"place": {"headset": "muse:1"}}


def simulator(source_id: str) -> subprocess.Popen[bytes]:
    command = ["-m", "rtemotion", "simulate", "--headset", "muse", "--rest", "0"]
    return subprocess.Popen(
        [sys.executable, *command, "--source-id", source_id, "--name", source_id],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def ended() -> Iterator[Callable[[subprocess.Popen[bytes]], subprocess.Popen[bytes]]]:
    """Ends processes that a test has started."""
    processes: list[subprocess.Popen[bytes]] = []

    def take(process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        processes.append(process)
        return process

    yield take
    for process in processes:
        process.kill()
        process.wait(10.0)


def test_from_the_first_window_to_the_first_emotion(opened: Opening) -> None:
    # Work, not waiting: other programs take their time of the machine too.
    began = time.process_time()
    desk = opened(HEADBAND)
    run_for(0.0)
    assert desk.window.isVisible()
    assert picture(desk.window).std() > 0
    assert time.process_time() - began < 2.0
    desk.until(lambda: desk.session.live, 40.0)
    live = time.monotonic()
    assert desk.session.model is not None
    desk.until_valued()
    assert time.monotonic() - live < desk.session.model.longest_window_s + 4.0
    said = labels(desk.window.header)
    assert "4 ch" in said
    assert "live" in said
    assert "simulated-plutchik" in said
    assert "trained on simulation" in said


def test_a_run_is_recorded_from_its_middle_marked_noted_and_stopped(
    opened: Opening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: QSettings
) -> None:
    path = tmp_path / "session one.xdf"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: ("a yawn", True))
    desk = opened(HEADBAND)
    session = desk.session
    desk.until(lambda: session.live, 40.0)
    run = session.run
    desk.press("Ctrl+Shift+R")
    desk.until(lambda: session.live and session.run != run and session.recording == str(path))
    desk.until(lambda: "REC" in labels(desk.window.header))
    desk.press("M")
    desk.press("N")
    desk.until(lambda: desk.happened("by hand") and desk.happened("a yawn"))
    first = labels(desk.window.header)
    desk.until(lambda: labels(desk.window.header) != first, 5.0)
    # Closing the window asks, and takes a no.
    asked = answer("Cancel")
    desk.window.close()
    assert "A recording is under way" in asked[0]
    assert desk.window.isVisible()
    asked = answer("Yes")
    desk.press("Ctrl+.")
    assert "recording" in asked[0]
    desk.until(lambda: session.phase == "ended")
    assert path.name in desk.said
    desk.until(lambda: "REC" not in labels(desk.window.header))
    recorded = XdfSource(path)
    assert recorded.info.channels == ("TP9", "AF7", "AF8", "TP10")
    recorded.close()


def test_what_is_marked_while_recorded_is_in_the_file_and_nothing_runs_after_closing(
    opened: Opening, service: Path, tmp_path: Path
) -> None:
    path = tmp_path / "s.xdf"
    desk = opened(HEADBAND | {"record": str(path)})
    desk.until(lambda: desk.session.live, 40.0)
    desk.press("M")
    desk.until(lambda: desk.happened("by hand"))
    pid = process_of(service)
    assert pid is not None
    asked = answer("Stop recording")
    desk.window.close()
    assert asked
    assert not desk.window.isVisible()
    end = time.monotonic() + 10.0
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not alive(pid)
    assert b"by hand" in path.read_bytes()


def drop(desk: Desk, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    action, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    held = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(300, 300), action, data, button, held)
    QApplication.sendEvent(desk.window, enter)
    assert enter.isAccepted()
    fall = QDropEvent(QPointF(300, 300), action, data, button, held)
    QApplication.sendEvent(desk.window, fall)
    run_for(0.05)


def test_a_dropped_recording_is_replayed_paused_stepped_sought_and_sped_up(
    opened: Opening, recording: Path
) -> None:
    desk = opened()
    desk.until(lambda: desk.app._dialog is not None)
    desk.dialog.reject()
    session, transport = desk.session, desk.window.transport
    assert not transport.isVisible()
    drop(desk, recording)
    desk.until(lambda: session.live, 40.0)
    desk.until(lambda: transport.isVisible() and session.position > 0)
    assert session.source is not None
    assert session.source.length == pytest.approx(40.0, abs=0.1)
    assert "replay 1×" in labels(desk.window.header)
    desk.press("Space")
    desk.until(lambda: session.paused)
    desk.until(lambda: "paused" in labels(desk.window.header))
    run_for(0.3)
    stood = session.position
    run_for(0.5)
    assert session.position == stood
    click(transport.step)
    desk.until(lambda: session.position == pytest.approx(stood + 0.25))
    run_for(0.3)
    assert session.position == pytest.approx(stood + 0.25)
    desk.press(".")
    desk.until(lambda: session.position == pytest.approx(stood + 0.5))
    # A click on the scrubber goes there, and everything up to there is decoded.
    bar = transport.scrubber
    click(bar, QPoint(bar.width() // 2, bar.height() // 2))
    desk.until(lambda: session.position == pytest.approx(20.0, abs=1.0))
    assert np.isfinite(session.present["mean"]).all()
    desk.until(lambda: transport.place.text().startswith(("0:20", "0:19")))
    desk.press("Ctrl+Left")
    desk.until(lambda: session.position == pytest.approx(10.0, abs=1.5))
    desk.press("Ctrl+Up")
    desk.until(lambda: session.speed == 2.0)
    transport.speed.setCurrentIndex(5)
    transport.speed.activated.emit(5)
    desk.until(lambda: session.speed == 16.0)
    desk.press("Space")
    desk.until(lambda: session.phase == "ended")
    assert session.position == pytest.approx(40.0, abs=1.0)
    # From the start again.
    desk.press("Space")
    desk.until(lambda: session.live and session.position < 30.0)


def test_what_cannot_be_opened_is_said_where_it_cannot_be_overlooked(
    opened: Opening, tmp_path: Path
) -> None:
    desk = opened({"place": {"file": str(tmp_path / "gone.edf")}})
    desk.until(lambda: desk.window.header.problem.isVisible(), 40.0)
    said = desk.window.header.problem.text()
    assert "gone.edf" in said
    assert said.endswith((".", "?"))
    assert "failed" in labels(desk.window.header)
    desk.app.open_file(str(tmp_path / "gone too.edf"))
    desk.until(lambda: "gone too.edf" in desk.window.header.problem.text())


def test_a_stream_that_is_not_there_is_said_with_what_was_found(opened: Opening) -> None:
    name = f"nobody-{uuid.uuid4().hex[:8]}"
    desk = opened({"place": {"stream": f"source_id={name}", "wait": 0.5}})
    desk.until(lambda: desk.window.header.problem.isVisible(), 40.0)
    assert name in desk.window.header.problem.text()


def test_a_source_that_is_lost_is_stale_and_comes_back(
    opened: Opening,
    ended: Callable[[subprocess.Popen[bytes]], subprocess.Popen[bytes]],
) -> None:
    name = f"gui-{uuid.uuid4().hex[:10]}"
    first = ended(simulator(name))
    desk = opened({"place": {"stream": f"source_id={name}"}})
    session = desk.session
    desk.until(lambda: session.live and session.position > 1.0, 40.0)
    first.kill()
    desk.until(lambda: "stale" in session.reasons)
    assert not session.trusted
    desk.until(lambda: "silent" in labels(desk.window.header))
    assert "nothing arrives" in labels(desk.app.emotions)
    position = session.position
    run_for(0.5)
    assert session.position == position
    ended(simulator(name))
    desk.until(lambda: "stale" not in session.reasons, 40.0)
    desk.until(lambda: session.position > position)
    desk.until(lambda: "live" in labels(desk.window.header))
    assert session.history is not None
    kinds = {mark.kind for mark in session.history.marks(600.0)}
    assert {"stream lost", "stream returned"} <= kinds


def test_a_service_that_is_killed_is_told_of_and_another_one_is_started(
    opened: Opening, service: Path
) -> None:
    desk = opened(HEADBAND)
    session = desk.session
    desk.until(lambda: session.live and session.position > 0.5, 40.0)
    pid = process_of(service)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    desk.until(lambda: not desk.app.link.connected)
    desk.until(lambda: "has gone" in desk.window.header.problem.text())
    assert "live" not in labels(desk.window.header)
    desk.until(lambda: desk.app.link.connected, 40.0)
    desk.until(lambda: "ended unexpectedly" in desk.window.header.problem.text())
    assert process_of(service) not in {None, pid}
    run = session.run
    desk.press("Ctrl+R")
    desk.until(lambda: session.live and session.run != run and session.position > 0.0)
    run_for(0.3)
    assert not desk.window.header.problem.isVisible()


_SECOND = """
import sys
from PySide6.QtCore import QSettings
from rtemotion.gui.main import run_app
QSettings.setDefaultFormat(QSettings.Format.IniFormat)
QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, sys.argv[1])
run_app({"place": {"headset": "muse:1"}, "record": sys.argv[2]})
"""


def test_an_app_that_is_killed_leaves_the_recording_to_the_next_one(
    opened: Opening,
    service: Path,
    tmp_path: Path,
    ended: Callable[[subprocess.Popen[bytes]], subprocess.Popen[bytes]],
) -> None:
    path = tmp_path / "kept.xdf"
    command = [sys.executable, "-c", _SECOND, str(tmp_path / "other"), str(path)]
    first = ended(subprocess.Popen(command))
    end = time.monotonic() + 40.0
    while not (path.is_file() and path.stat().st_size > 10_000):
        assert first.poll() is None
        assert time.monotonic() < end
        time.sleep(0.1)
    first.kill()
    first.wait(10.0)
    size = path.stat().st_size
    pid = process_of(service)
    desk = opened()
    desk.until(lambda: desk.session.live, 40.0)
    assert process_of(service) == pid
    assert desk.session.recording == str(path)
    desk.until(lambda: "REC" in labels(desk.window.header))
    # The frames from before this app there was are shown too, and none is missing.
    assert desk.session.history is not None
    index = desk.session.history.window(600.0).index
    assert index[0] == 64
    assert set(np.diff(index)) == {64}
    desk.until(lambda: path.stat().st_size > size + 5_000)
    # No dialog asks what to decode.
    assert desk.app._dialog is None
    answer("Yes")
    desk.press("Ctrl+.")
    desk.until(lambda: desk.session.phase == "ended")
    source, samples, next_one = XdfSource(path), 0, 0
    for item in source:
        if hasattr(item, "data"):
            assert item.first_sample == next_one or samples == 0
            next_one = item.first_sample + len(item.data)
            samples += len(item.data)
    source.close()
    assert samples / 256 == pytest.approx(desk.session.position, abs=1.0)


def test_switching_fifty_times_leaves_no_thread_and_no_process(
    opened: Opening, service: Path, recording: Path
) -> None:
    desk = opened(HEADBAND)
    desk.until(lambda: desk.session.live, 40.0)
    pid = process_of(service)
    assert pid is not None
    threads, tasks = threading.active_count(), len(os.listdir(f"/proc/{pid}/task"))
    widgets = len(QApplication.allWidgets())
    for k in range(50):
        run = desk.session.run
        place = {"file": str(recording)} if k % 2 else {"headset": f"muse:{k % 3}"}
        desk.window.ask("start", place=place)
        if k % 10 == 9:
            # Some are left before they have begun.
            continue
        desk.until(lambda: desk.session.run != run and desk.session.live)  # noqa: B023
    desk.press("Ctrl+.")
    desk.until(lambda: desk.session.phase in {"ended", "idle"})
    run_for(0.5)
    assert threading.active_count() <= threads
    assert process_of(service) == pid
    assert len(os.listdir(f"/proc/{pid}/task")) <= tasks + 2
    assert len(QApplication.allWidgets()) <= widgets + 5


def test_closing_and_opening_again_keeps_geometry_theme_and_choice(
    opened: Opening, settings: QSettings
) -> None:
    first = opened()
    first.until(lambda: first.app._dialog is not None)
    first.until(lambda: bool(first.dialog.choice().place))
    first.dialog.accept()
    first.until(lambda: first.session.live, 40.0)
    first.window.resize(1000, 640)
    first.press("Ctrl+T")
    assert first.window.theme == LIGHT
    bright = picture(first.window).mean()
    first.press("Ctrl+.")
    first.until(lambda: first.session.phase == "ended")
    first.window.close()
    second = opened()
    second.until(lambda: second.app._dialog is not None)
    assert second.window.theme == LIGHT
    assert second.window.height() == 640
    second.until(lambda: second.dialog.choice().place == {"headset": "cap32:1"})
    second.dialog.reject()
    second.press("Ctrl+T")
    assert second.window.theme == DARK
    assert picture(second.window).mean() < bright


def test_nothing_that_is_pressed_while_nothing_runs_does_harm(
    opened: Opening, service: Path
) -> None:
    desk = opened()
    desk.until(lambda: desk.app._dialog is not None)
    desk.dialog.reject()
    for keys in ("Ctrl+.", "Ctrl+Shift+R", "M", "Ctrl+Z", "Ctrl+Shift+Z", "Space", ".",
                 "Ctrl+Left", "Ctrl+Right", "Ctrl+Up", "Ctrl+Down"):  # fmt: skip
        desk.press(keys)
        run_for(0.1)
    desk.press("F")
    assert not desk.app.actions["Freeze the view"].isChecked()
    for view in desk.window.views:
        desk.turn_to(view.title)
        QTest.keyClicks(view.focusProxy() or view, "bcdel123")
        wheel(view, 1)
    assert desk.session.phase == "idle"
    # Every page says why it is empty, or shows what it is for.
    for view in desk.window.views:
        desk.turn_to(view.title)
        assert not same(picture(view), np.full_like(picture(view), picture(view)[0, 0]))
    # With nothing chosen yet, starting again asks.
    desk.press("Ctrl+R")
    assert desk.dialog.isVisible()


def test_a_picture_of_the_page_is_saved(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("page.png", "page.svg"):
        path = tmp_path / name
        monkeypatch.setattr(
            QFileDialog, "getSaveFileName", lambda *_, path=path, **__: (str(path), "")
        )
        desk.press("Ctrl+S")
        assert path.stat().st_size > 5_000
