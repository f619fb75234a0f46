"""The app as a whole: one window on one service, and every command its user has."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QMessageBox

from .actions import SEPARATOR, Command, Menus, add_menus, keys_table
from .dialogs.about import AboutDialog, KeysDialog
from .dialogs.connect import ConnectDialog
from .state.choice import Choice
from .state.link import Link
from .state.session import Session
from .state.words import clock_words
from .theme import DARK, LIGHT
from .views.brain import BrainView
from .views.emotions import EmotionsView
from .views.health import HealthView
from .views.sessions import SessionsView
from .views.signals import SignalsView
from .views.why import WhyView
from .widgets.picture import ask_and_save
from .window import Window

_MARKS = 9


class App:
    """A window with its commands.

    Parameters
    ----------
    link : Link
        The way to the service.
    settings : QSettings
        What is kept from one start to the next.
    order : mapping or None
        What to start at once, as the service takes it; the dialog asks otherwise.
    """

    def __init__(
        self, link: Link, settings: QSettings, order: Mapping[str, Any] | None = None
    ) -> None:
        self.link, self.session = link, Session()
        self._settings = settings
        self._started = False
        self._dialog: ConnectDialog | None = None
        kept = settings.value("choice")
        self.choice = Choice.from_json(kept) if isinstance(kept, str) else None
        self._order = None if order is None else dict(order)
        self._at_once = order is not None
        self.emotions, self.signals, self.why = EmotionsView(), SignalsView(), WhyView()
        self.brain, self.health = BrainView(link), HealthView()
        self.sessions = SessionsView(link)
        views = [
            self.emotions,
            self.signals,
            self.brain,
            self.why,
            self.sessions,
            self.health,
        ]
        self.window = Window(link, self.session, views, settings)
        self.menus = self._menus()
        self.actions = add_menus(self.window, self.menus)
        self.window.frozen_changed.connect(self.actions["Freeze the view"].setChecked)
        self.window.recording_dropped.connect(self.open_file)
        self.sessions.open_wanted.connect(self.open_file)
        self.window.first_state.connect(self._begin)
        self.window.may_close = self._may_close
        self.window.first_state.connect(self._name_recording)

    def _name_recording(self) -> None:
        """Let the menu say what the command would do now."""
        on = self.session.live and self.session.recording is not None
        self.actions["Record…"].setText("Stop recording" if on else "Record…")

    def show(self) -> None:
        """Show the window."""
        self.window.show()

    def _menus(self) -> Menus:
        window, transport = self.window, self.window.transport
        pages = [
            Command(
                f"Show {view.title}",
                (f"Ctrl+{i + 1}",),
                lambda i=i: window.show_page(i),
            )
            for i, view in enumerate(window.views)
        ]
        return {
            "&Session": [
                Command("Connect…", ("Ctrl+O",), self.connect, "Choose what to decode"),
                Command("Start again", ("Ctrl+R",), self.start, "Decode what was chosen last"),
                Command("Stop", ("Ctrl+.",), self.stop, "Stop decoding; outputs are closed"),
                SEPARATOR,
                Command("Record…", ("Ctrl+Shift+R",), self.record, "Begin anew, recorded"),
                Command("Mark this moment", ("M",), self.mark, "A marker in the stream"),
                Command("Note…", ("N",), self.note, "A note of the operator, in words"),
                SEPARATOR,
                Command("Undo channel mark", ("Ctrl+Z",), self.undo),
                Command("Redo channel mark", ("Ctrl+Shift+Z",), self.redo),
                SEPARATOR,
                Command("Quit", ("Ctrl+Q",), self.quit),
            ],
            "&View": [
                *pages,
                SEPARATOR,
                Command("Freeze the view", ("F",), self.freeze, "The engine goes on", False),
                Command("Light colours", ("Ctrl+T",), self.light, "", window.theme == LIGHT),
                Command("Full screen", ("F11",), self.full_screen, "", False),
                SEPARATOR,
                Command("Save picture of the page…", ("Ctrl+S",), self.save_page, "PNG or SVG"),
            ],
            "&Replay": [
                Command("Pause or go on", ("Space",), transport.toggle),
                Command("One window further", (".",), transport.forward),
                Command("10 s back", ("Ctrl+Left",), lambda: self.skip(-10.0)),
                Command("10 s on", ("Ctrl+Right",), lambda: self.skip(10.0)),
                Command("Faster", ("Ctrl+Up",), lambda: transport.change_speed(1)),
                Command("Slower", ("Ctrl+Down",), lambda: transport.change_speed(-1)),
            ],
            "&Help": [
                Command("Keys", ("F1",), self.keys),
                Command("About rtemotion", (), self.about),
            ],
        }

    def _begin(self) -> None:
        """Do what the app was opened for, once the service has told what runs already."""
        if self._started:
            return
        self._started = True
        if self.session.live:
            if self._at_once:
                self.window.tell("A run is under way already: it is shown instead.")
        elif self._at_once:
            self.start()
        else:
            self.connect()

    def connect(self) -> None:
        """Ask what to decode."""
        if self._dialog is not None:
            self._dialog.raise_()
            return
        self._dialog = ConnectDialog(self.link, self.choice, self.window)
        self._dialog.finished.connect(self._answered)
        self._dialog.open()

    def _answered(self, result: int) -> None:
        dialog, self._dialog = self._dialog, None
        if dialog is None or result != ConnectDialog.DialogCode.Accepted:
            return
        recording = self.session.recording if self.session.live else None
        if recording and not self._sure(f"This ends the recording to {Path(recording).name}."):
            return
        self._take(dialog.choice())

    def _take(self, choice: Choice) -> None:
        self.choice, self._order = choice, choice.order()
        self._settings.setValue("choice", choice.to_json())
        self.start()

    def start(self) -> None:
        """Decode what was chosen last."""
        if self._order is None:
            self.connect()
            return
        self.window.ask("start", **self._order)

    def open_file(self, path: str) -> None:
        """Replay a recording with the set-up there is."""
        if self.session.live and not self._sure(f"Stop what runs, to replay {Path(path).name}?"):
            return
        kept = self.choice or Choice()
        self._take(Choice(place={"file": path}, options=kept.options, model=kept.model))

    def stop(self) -> None:
        """Stop decoding."""
        if (
            self.session.recording
            and self.session.live
            and not self._sure("Stop decoding, and with it the recording?")
        ):
            return
        self.window.ask("stop", self._stopped)

    def _stopped(self, state: Mapping[str, Any]) -> None:
        written = "; ".join(state.get("written", ()))
        self.window.tell(f"Stopped. {written}".strip())

    def record(self) -> None:
        """Begin anew with a recording, or stop recording and go on."""
        session = self.session
        if not session.live:
            self.window.tell("Nothing runs that could be recorded; start a source first.")
            return
        if session.recording:
            question = "Stop recording and go on without? The windows fill anew."
            if self._sure(question):
                self.window.ask("record", self._recorded(session.recording), path=None)
            return
        folder = self._settings.value("recordings") or str(Path.home())
        name = time.strftime("session_%Y-%m-%d_%H-%M-%S.xdf")
        path, _ = QFileDialog.getSaveFileName(
            self.window,
            "Record to (windows, and a rest under way, begin anew)",
            str(Path(str(folder)) / name),
            "XDF (*.xdf)",
        )
        if path:
            path = path if path.endswith(".xdf") else f"{path}.xdf"
            self._settings.setValue("recordings", str(Path(path).parent))
            self.window.ask("record", path=path, overwrite=True)

    def _recorded(self, path: str) -> Callable[[Any], None]:
        said = self.session.latest.health.get("recording", "")

        def tell(_: Any) -> None:
            self.window.tell(f"Recorded {said.removeprefix('● REC ').strip()} to {path}.")

        return tell

    def mark(self) -> None:
        """Put a marker into the stream."""
        done = self._tell(f"Marked at {clock_words(self.session.position)}.")
        self.window.ask("note", done, kind="marker", payload={"description": "by hand"})

    def _tell(self, sentence: str) -> Callable[[Any], None]:
        return lambda _: self.window.tell(sentence)

    def note(self) -> None:
        """Put a note of the operator into the stream."""
        text, said = QInputDialog.getText(self.window, "Note", "What should be noted?")
        if said and text.strip():
            done = self._tell(f"Noted at {clock_words(self.session.position)}.")
            self.window.ask("note", done, kind="operator", payload={"note": text.strip()})

    def undo(self) -> None:
        """Take the last mark of a channel back."""
        if not self.window.undo.undo():
            self.window.tell("There is nothing to take back.")

    def redo(self) -> None:
        """Mark a channel again."""
        if not self.window.undo.redo():
            self.window.tell("There is nothing to do again.")

    def freeze(self, frozen: bool) -> None:
        """Let the view stand still."""
        self.window.freeze(frozen)

    def light(self, light: bool) -> None:
        """Use light colours, or dark ones."""
        self.window.set_theme(LIGHT if light else DARK)

    def full_screen(self, full: bool) -> None:
        """Take the whole screen."""
        if full:
            self.window.showFullScreen()
        else:
            self.window.showNormal()

    def skip(self, seconds: float) -> None:
        """Go to another place of a recording."""
        self.window.transport.seek(self.session.position + seconds)

    def save_page(self) -> None:
        """Save a picture of the page that is shown."""
        ask_and_save(self.window.view, f"rtemotion {self.window.view.title}")

    def keys(self) -> None:
        """List the keys."""
        rows = keys_table(self.menus) + [
            (keys, f"{view.title}: {what}")
            for view in self.window.views
            for keys, what in view.keys
        ]
        KeysDialog(rows, self.window).exec()

    def about(self) -> None:
        """Say what the app is."""
        AboutDialog(self.session, self.window).exec()

    def _may_close(self) -> bool:
        """Ask what becomes of a recording; end the service where nobody else needs it."""
        session = self.session
        if session.live and session.recording:
            box = QMessageBox(self.window)
            box.setText("A recording is under way.")
            box.setInformativeText(
                "It goes on without the window; opening the app again shows it. Or stop it now."
            )
            on = box.addButton("Go on recording", QMessageBox.ButtonRole.AcceptRole)
            stop = box.addButton("Stop recording", QMessageBox.ButtonRole.DestructiveRole)
            box.addButton(QMessageBox.StandardButton.Cancel)
            box.exec()
            if box.clickedButton() is on:
                return True
            if box.clickedButton() is not stop:
                return False
            self.link.ask("stop")
        self.link.ask("shutdown", if_alone=True)
        return True

    def quit(self) -> None:
        """Close the window."""
        self.window.close()

    def _sure(self, question: str) -> bool:
        asked = QMessageBox.question(self.window, "rtemotion", question)
        return asked == QMessageBox.StandardButton.Yes


def make_application(arguments: list[str]) -> QApplication:
    """Return the Qt application, named so that settings find their place."""
    application = QApplication(arguments)
    application.setApplicationName("rtemotion")
    application.setApplicationDisplayName("rtemotion")
    application.setOrganizationName("rtemotion")
    application.setStyle("Fusion")
    return application
