"""The main window: header, pages, status line, and the one timer that drives them all."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import QByteArray, QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QMainWindow,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from .header import Header
from .state.link import Link
from .state.session import Session
from .state.undo import Undo
from .state.words import nothing_words, status_words
from .style import palette, style_sheet
from .theme import DARK, LIGHT, Theme
from .transport import Transport
from .views.view import Moment, View

log = logging.getLogger(__name__)

BEAT_MS = 25


class Window(QMainWindow):
    """Shows a session and passes on what its user wants.

    Parameters
    ----------
    link : Link
        The way to the service; closed with the window.
    session : Session
        What is known; fed by the window's timer.
    views : list of View
        The pages, in order.
    settings : QSettings
        Geometry and habits.

    Attributes
    ----------
    beats : int
        Times that messages were taken.
    may_close : callable
        Asked before the window closes.
    """

    first_state = Signal()
    recording_dropped = Signal(str)
    frozen_changed = Signal(bool)

    def __init__(
        self, link: Link, session: Session, views: list[View], settings: QSettings
    ) -> None:
        super().__init__()
        self.link, self.session, self.views = link, session, views
        self._settings = settings
        self.beats = 0
        self._milestones = ["first picture of the window", "first emotion on the screen"]
        self.frozen: Moment | None = None
        self.undo = Undo(self._mark)
        self.may_close: Callable[[], bool] = lambda: True
        self.theme = LIGHT if settings.value("theme") == "light" else DARK
        self._run = -1
        self._asked_for_pages = False
        self._drawn = {view: 0.0 for view in views}
        self.setWindowTitle("rtemotion")
        self.setAcceptDrops(True)
        self.setMinimumSize(900, 560)
        self.resize(1280, 720)
        self._build()
        self.set_theme(self.theme)
        self._restore()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.beat)
        self._timer.start(BEAT_MS)

    def _build(self) -> None:
        self.header = Header(self.theme)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        for view in self.views:
            self.tabs.addTab(view, view.title)
            view.bad_toggled.connect(self.undo.do)
            view.wants_changed.connect(self._want)
        self.tabs.currentChanged.connect(self._turned)
        # A click on the tab of the page that is shown gives it the keyboard as well.
        self.tabs.tabBarClicked.connect(lambda _: self.view.setFocus())
        self.transport = Transport(self.link)
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        self.nothing = QLabel()
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setWordWrap(True)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.nothing)
        self.pages.addWidget(self.tabs)
        column.addWidget(self.pages, 1)
        column.addWidget(self.transport)
        centre = QWidget()
        centre.setLayout(column)
        self.setCentralWidget(centre)
        self._status, self._frozen_label = QLabel(), QLabel()
        self.statusBar().addWidget(self._status, 1)
        self.statusBar().addPermanentWidget(self._frozen_label)
        self.statusBar().setSizeGripEnabled(False)

    @property
    def view(self) -> View:
        """The page that is shown."""
        return self.views[self.tabs.currentIndex()]

    def set_theme(self, theme: Theme) -> None:
        """Use other colours everywhere."""
        self.theme = theme
        self._settings.setValue("theme", theme.name)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.setPalette(palette(theme))
            application.setStyleSheet(style_sheet(theme))
        self.header.set_theme(theme)
        for view in self.views:
            view.set_theme(theme)
        self._drawn = dict.fromkeys(self.views, 0.0)

    def freeze(self, frozen: bool) -> None:
        """Let the pages stand still, or follow again; the engine goes on either way."""
        session = self.session
        self.frozen = None
        if frozen and session.history is not None and session.ring is not None:
            self.frozen = Moment(session.history.newest, session.ring.stop)
        self._frozen_label.setText("" if self.frozen is None else "view frozen · F goes on")
        self.frozen_changed.emit(self.frozen is not None)

    def beat(self) -> None:
        """Take what has come and draw the page that is shown."""
        self.beats += 1
        session = self.session
        for message in self.link.pump():
            session.apply(message)
            if message["type"] == "state":
                self.first_state.emit()
        if session.run != self._run and session.model is not None:
            self._begin()
        if self.beats % 4 == 1:
            self.header.show_session(session, self.link.connected, self.link.problem)
            self.transport.show_session(session)
            self._show_pages()
            text = status_words(session)
            if self._status.text() != text:
                self._status.setText(text)
        if not self.isMinimized() and self.isVisible() and session.model is not None:
            self._draw()

    def _show_pages(self) -> None:
        """Show the pages, or why there is nothing on them yet."""
        words = nothing_words(self.session, self.link.connected, self.link.problem)
        if words != self.nothing.text():
            self.nothing.setText(words)
        # What a folder holds can be seen before anything runs.
        shown = self.tabs if not words or self._asked_for_pages else self.nothing
        if self.pages.currentWidget() is not shown:
            self.pages.setCurrentWidget(shown)
        if not words:
            self._asked_for_pages = False

    def show_page(self, index: int) -> None:
        """Turn to a page, whether or not there is anything on it yet."""
        self._asked_for_pages = True
        self.tabs.setCurrentIndex(index)
        self._show_pages()

    def _passed(self, milestone: str) -> None:
        """Log when something was first seen, for who measures how long that took."""
        if milestone in self._milestones:
            self._milestones.remove(milestone)
            log.info("%s at %.3f", milestone, time.time())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint as ever."""
        super().paintEvent(event)
        self._passed("first picture of the window")

    def _draw(self) -> None:
        view, now = self.view, time.monotonic()
        if now - self._drawn[view] >= view.every_s:
            self._drawn[view] = now
            view.redraw(self.session, self.frozen)
            if self._milestones and np.isfinite(self.session.present.get("mean", np.nan)).any():
                self._passed("first emotion on the screen")

    def _begin(self) -> None:
        self._run = self.session.run
        self.freeze(False)
        self.undo.clear()
        for view in self.views:
            view.begin(self.session)
        self._want()

    def _turned(self) -> None:
        """Give the keyboard to the page that is shown now."""
        self.view.setFocus()
        self._want()

    def _want(self) -> None:
        """Ask the service for what the page that is shown needs, and nothing else."""
        view = self.view
        self._drawn[view] = 0.0
        # Signals come all the time: a page that is returned to has no hole in them.
        self.link.subscribe({"frames", "signals", *view.topics}, view.emotion)

    def ask(self, verb: str, done: Callable[[Any], None] | None = None, **said: Any) -> None:
        """Ask the service for something; a refusal is shown in the status line."""
        self.link.ask(verb, done, self.tell, **said)

    def tell(self, sentence: str) -> None:
        """Show a sentence for some seconds."""
        self.statusBar().showMessage(sentence, 8000)

    def _mark(self, channel: str, bad: bool) -> None:
        self.ask("note", kind="operator", payload={"bad" if bad else "good": [channel]})

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take recordings that are dragged in."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Open a recording that was dropped."""
        files = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            event.acceptProposedAction()
            self.recording_dropped.emit(files[0])

    def _restore(self) -> None:
        geometry = self._settings.value("geometry")
        if isinstance(geometry, QByteArray):
            self.restoreGeometry(geometry)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Keep where the window was; leave the service, unless the user thinks again."""
        if not self.may_close():
            event.ignore()
            return
        self._timer.stop()
        self._settings.setValue("geometry", self.saveGeometry())
        self.link.close()
        event.accept()
