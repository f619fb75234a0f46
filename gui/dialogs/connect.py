"""The dialog for choosing what to decode, with a look at its signal before the start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from ..state.choice import Choice, options_from, texts_from
from ..state.link import Link
from .contact import Contact
from .sources import Sources

_REFRESH_MS = 2500
_LOOK_S = 3.0
_FIELDS = {
    "channels": (
        "channels",
        "all EEG channels",
        "Names, patterns, with commas; OLD:NEW renames",
    ),
    "montage": ("montage", "the source's own, else by label", "A montage of MNE, or a file"),
    "reference": ("reference", "the model's", "average, as recorded, linked mastoids, a channel"),
    "unit": ("unit", "as the source states", "uV, mV, V …, where the source does not say"),
    "notch": ("notch", "found by itself", "Line frequency in Hz, auto, or off"),
    "sfreq": (
        "rate",
        "as the source states",
        "Sampling rate in Hz, where none is stated",
    ),
    "markers": ("markers", "none", "A query of marker streams, or all"),
}


class ConnectDialog(QDialog):
    """Chooses a source and a set-up; looks at the signal; accepted to start.

    Parameters
    ----------
    link : Link
        The way to the service.
    choice : Choice or None
        What was chosen last.
    parent : QWidget
        The window.
    """

    def __init__(self, link: Link, choice: Choice | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self.setWindowTitle("Connect")
        self.resize(1060, 640)
        self.sources, self.contact = Sources(), Contact()
        self.fields = {name: QLineEdit() for name in _FIELDS}
        self.model, self.baseline = QLineEdit(), QLineEdit()
        self.republish = QCheckBox("publish emotions on LSL")
        self.republish.setChecked(True)
        self.look = QPushButton("Look at the signal")
        self.look.setToolTip(f"Listen for {_LOOK_S:g} s: contact, noise, mains, rate")
        self.start = QPushButton("Start")
        self.start.setDefault(True)
        self.problem = QLabel()
        self.problem.setObjectName("problem")
        self.problem.setWordWrap(True)
        self.problem.hide()
        self._build()
        self._chosen(self.sources.place())
        self._fill(choice or Choice(place={"headset": "cap32:1"}))
        self._refreshing = self._over = False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._refresh)
        self._timer.start(_REFRESH_MS)
        self._ask_once(choice)
        self._refresh()

    def _build(self) -> None:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.sources, 3)
        column.addLayout(self._form(), 2)
        split = QSplitter()
        split.addWidget(left)
        split.addWidget(self.contact)
        split.setSizes([560, 500])
        buttons = QHBoxLayout()
        for text, act in (("Load profile …", self._load), ("Save profile …", self._save)):
            button = QPushButton(text)
            button.clicked.connect(act)
            buttons.addWidget(button)
        buttons.addStretch(1)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        for button in (self.look, cancel, self.start):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addWidget(split, 1)
        layout.addWidget(self.problem)
        layout.addLayout(buttons)
        self.look.clicked.connect(self.listen)
        self.start.clicked.connect(self.accept)
        self.sources.chosen.connect(self._chosen)
        self.sources.activated.connect(lambda _: self.accept())
        self.sources.refresh_wanted.connect(self._refresh)

    def _form(self) -> QFormLayout:
        form = QFormLayout()
        for name, (label, empty, tip) in _FIELDS.items():
            field = self.fields[name]
            field.setPlaceholderText(empty)
            field.setToolTip(tip)
            form.addRow(label, field)
        self.baseline.setPlaceholderText("START:END in seconds, 0:70 for a rest at the start")
        self.baseline.setToolTip("When the person rests; until then frames say 'no baseline'")
        self.model.setPlaceholderText("the one that ships")
        self.model.setToolTip("A model file (.onnx)")
        form.addRow("rest", self.baseline)
        form.addRow("model", self.model)
        form.addRow("", self.republish)
        return form

    def choice(self) -> Choice:
        """Return what is chosen."""
        return Choice(
            place=self.sources.place(),
            options=options_from({name: field.text() for name, field in self.fields.items()}),
            model=self.model.text().strip(),
            baseline=self.baseline.text().strip(),
            republish=self.republish.isChecked(),
        )

    def _fill(self, choice: Choice) -> None:
        self.sources.choose(choice.place)
        self._fill_options(choice.options)
        self.model.setText(choice.model)
        self.baseline.setText(choice.baseline)
        self.republish.setChecked(choice.republish)

    def _fill_options(self, options: Mapping[str, Any]) -> None:
        texts = texts_from(options)
        for name, field in self.fields.items():
            field.setText(texts.get(name, ""))

    def _ask_once(self, choice: Choice | None) -> None:
        def boards(found: Any) -> None:
            self.sources.show_boards(found)
            if choice is not None and "board" in choice.place:
                self.sources.choose(choice.place)

        self._ask("headsets", self.sources.show_headsets, self._tell)
        self._ask("boards", boards, self.sources.show_boards)

    def _ask(
        self, verb: str, done: Callable[[Any], None], failed: Callable[[str], None], **said: Any
    ) -> None:
        """Ask the service; an answer that comes when the dialog has gone is dropped."""

        def heard(take: Callable[[Any], None]) -> Callable[[Any], None]:
            return lambda answer: None if self._over else take(answer)

        self._link.ask(verb, heard(done), heard(failed), **said)

    def _refresh(self) -> None:
        """Look for streams, one search at a time."""
        if self._refreshing:
            return
        self._refreshing = True

        def done(streams: Any) -> None:
            self._refreshing = False
            self.sources.show_streams(streams)

        def failed(sentence: str) -> None:
            self._refreshing = False
            self.sources.streams.show_rows([], sentence)

        self._ask("streams", done, failed, wait=1.0)

    def _chosen(self, place: dict[str, Any]) -> None:
        self.contact.clear()
        self._tell("")
        for button in (self.look, self.start):
            button.setEnabled(bool(place))

    def listen(self) -> None:
        """Look at what is chosen for some seconds, and show what it is worth."""
        choice = self.choice()
        self._tell("")
        self.look.setEnabled(False)
        self.contact.wait(f"Listening to {choice.words} for {_LOOK_S:g} s …")

        def done(report: Any) -> None:
            self.look.setEnabled(True)
            self.contact.show_report(report)

        def failed(sentence: str) -> None:
            self.look.setEnabled(True)
            self.contact.clear()
            self._tell(sentence)

        self._ask(
            "look",
            done,
            failed,
            place=dict(choice.place),
            options=dict(choice.options),
            seconds=_LOOK_S,
        )

    def _tell(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))

    def _load(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Load a profile", "", "Profile (*.toml)")
        if path:
            self._ask("profile", self._loaded, self._tell, path=path)

    def _loaded(self, options: Mapping[str, Any]) -> None:
        self._tell("")
        self._fill_options(options)

    def _save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save a profile", "", "Profile (*.toml)")
        if not path:
            return
        path = path if path.endswith(".toml") else f"{path}.toml"
        options = dict(self.choice().options)
        self._ask("profile", lambda _: self._tell(""), self._tell, path=path, options=options)

    def accept(self) -> None:
        """Start what is chosen; with nothing chosen yet there is nothing to start."""
        if self.sources.place():
            super().accept()
        else:
            self._tell("Nothing is chosen yet: click on a row, or name a file.")

    def done(self, result: int) -> None:
        """Stop looking for streams, and leave nothing behind."""
        self._over = True
        self._timer.stop()
        super().done(result)
        self.deleteLater()
