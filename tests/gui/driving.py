"""The app as its user has it: pages are clicked, keys are pressed, questions are answered."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QEventLoop, QPoint, QPointF, QSettings, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QImage, QKeySequence, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QLabel,
    QMessageBox,
    QWidget,
)

from rtemotion.gui.app import App
from rtemotion.gui.dialogs.connect import ConnectDialog
from rtemotion.gui.state.link import Link
from rtemotion.service.address import read_address
from rtemotion.service.launch import find_or_launch

NO_MODIFIER = Qt.KeyboardModifier.NoModifier


class Desk:
    """An app with who sits before it.

    Parameters
    ----------
    settings : QSettings
        What is kept from one start to the next.
    order : mapping or None
        What to start at once.
    """

    def __init__(self, settings: QSettings, order: Mapping[str, Any] | None = None) -> None:
        self.app = App(Link(lambda: find_or_launch("app", linger=60.0)), settings, order)
        self.window, self.session = self.app.window, self.app.session
        self.app.show()

    def until(self, so: Callable[[], object], seconds: float = 20.0) -> None:
        """Let the app run until something is so."""
        end = time.monotonic() + seconds
        while not so():
            if time.monotonic() > end:
                raise AssertionError(f"still not so after {seconds:g} s: {self.situation()}")
            run_for(0.02)

    def situation(self) -> str:
        session = self.session
        return (
            f"{session.phase} {session.problem!r}, at {session.position:g} s, "
            f"link {self.app.link.problem!r}, status {self.window.statusBar().currentMessage()!r}"
        )

    def until_valued(self, seconds: float = 30.0) -> None:
        """Let the app run until an emotion has a value."""
        self.until(lambda: np.isfinite(self.session.present.get("mean", np.nan)).any(), seconds)

    def turn_to(self, title: str) -> None:
        """Click the tab of a page."""
        bar = self.window.tabs.tabBar()
        index = [view.title for view in self.window.views].index(title)
        QTest.mouseClick(bar, Qt.MouseButton.LeftButton, NO_MODIFIER, bar.tabRect(index).center())
        assert self.window.view.title == title
        run_for(0.1)

    def press(self, keys: str) -> None:
        """Press keys that have a place in the menus."""
        sequence = QKeySequence(keys)
        action = next(a for a in self.app.actions.values() if sequence in a.shortcuts())
        assert action.isEnabled()
        action.trigger()
        run_for(0.05)

    def type(self, keys: str) -> None:
        """Press keys in whatever has the keyboard."""
        widget = self.window.focusWidget() or self.window
        for letter in keys:
            QTest.keyClick(widget, letter)
        run_for(0.05)

    @property
    def dialog(self) -> ConnectDialog:
        """The dialog that asks what to decode."""
        dialog = self.app._dialog
        assert dialog is not None
        assert dialog.isVisible()
        return dialog

    @property
    def said(self) -> str:
        """The sentence in the status line."""
        return self.window.statusBar().currentMessage()

    def happened(self, word: str) -> list[str]:
        """Return what happened whose words hold one."""
        return [happening.text for happening in self.session.events if word in happening.text]

    def stop(self) -> None:
        """End what runs, so that whoever comes next finds nothing running."""
        if self.app.link.connected and self.session.phase in {"opening", "running"}:
            self.window.ask("stop")
            self.until(lambda: self.session.phase not in {"opening", "running"})

    def leave(self) -> None:
        """Close the app, whatever it asks."""
        self.window.may_close = lambda: True
        for dialog in self.window.findChildren(QDialog):
            dialog.close()
        self.window.close()
        self.window.deleteLater()
        run_for(0.05)


def run_for(seconds: float) -> None:
    """Let the app run."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def picture(widget: QWidget) -> NDArray[np.uint8]:
    """Return the pixels of a widget, shape (height, width, 3)."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def same(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> bool:
    return first.shape == second.shape and bool((first == second).all())


def copied(widget: QWidget) -> list[list[str]]:
    """Return what `Copy values` puts on the clipboard, headings first."""
    action = next(action for action in widget.actions() if action.text() == "Copy values")
    action.trigger()
    return [line.split("\t") for line in QGuiApplication.clipboard().text().splitlines()]


def labels(widget: QWidget) -> str:
    """Return everything that labels in a widget say."""
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def button(widget: QWidget, text: str) -> QAbstractButton:
    return next(b for b in widget.findChildren(QAbstractButton) if b.text() == text)


def click(widget: QWidget, at: QPoint | None = None) -> None:
    where = widget.rect().center() if at is None else at
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, NO_MODIFIER, where)
    run_for(0.05)


def wheel(widget: QWidget, notches: int, held: Qt.KeyboardModifier = NO_MODIFIER) -> None:
    at = QPointF(widget.rect().center())
    event = QWheelEvent(
        at, widget.mapToGlobal(at), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, held, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)
    run_for(0.05)


def answer(text: str) -> list[str]:
    """Press a button of the next question; returns the questions that came, as they come."""
    asked: list[str] = []

    def look() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            QTimer.singleShot(20, look)
            return
        asked.append(f"{box.text()} {box.informativeText()}".strip())
        for offered in box.buttons():
            if offered.text().replace("&", "") == text:
                offered.click()
                return
        # Without this the question would stand for ever.
        asked.append(f"no button '{text}'")
        box.reject()

    QTimer.singleShot(20, look)
    return asked


def process_of(path: Path) -> int | None:
    """Return the number of the service's process, None when there is none."""
    address = read_address(path)
    return None if address is None or not alive(address.pid) else address.pid


def alive(pid: int) -> bool:
    """Whether a process lives; one that only waits to be noticed does not."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def end_service(path: Path) -> None:
    """End the service that listens there, and wait until it has."""
    pid = process_of(path)
    if pid is None:
        return
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + 10.0
    while alive(pid):
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
            raise AssertionError("the service did not end when it was told to")
        time.sleep(0.02)
