"""The page on recordings: what a folder holds, told by its files' headers, to be replayed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
)

from ..state.link import Link
from ..state.words import clock_words
from .view import View

_HEADINGS = ("recording", "format", "channels", "rate", "length", "person", "problem")


class SessionsView(View):
    """Recordings in a folder; a double click replays one.

    Parameters
    ----------
    link : Link
        The service reads the folder, since it is what opens the files.
    """

    title = "Sessions"
    keys = (("Return", "replay the recording chosen"),)
    open_wanted = Signal(str)

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link
        self._listed = ""
        self.folder = QLineEdit()
        self.folder.setPlaceholderText("a folder with recordings")
        browse, self.again = QPushButton("Browse …"), QPushButton("Look again")
        self.replay = QPushButton("Replay")
        self.replay.setEnabled(False)
        self.list = QTreeWidget()
        self.list.setHeaderLabels(list(_HEADINGS))
        self.list.setRootIsDecorated(False)
        self.list.setAlternatingRowColors(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.note = QLabel("Choose a folder to see what recordings it holds.")
        self.note.setObjectName("faint")
        self.note.setWordWrap(True)
        top = QHBoxLayout()
        top.addWidget(self.folder, 1)
        for button in (browse, self.again, self.replay):
            top.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addLayout(top)
        column.addWidget(self.list, 1)
        column.addWidget(self.note)
        self.setFocusProxy(self.list)
        browse.clicked.connect(self._browse)
        self.again.clicked.connect(self.look)
        self.folder.returnPressed.connect(self.look)
        self.list.itemActivated.connect(lambda *_: self._open())
        self.list.currentItemChanged.connect(lambda *_: self.replay.setEnabled(True))
        self.replay.clicked.connect(self._open)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Look into the folder of the last time."""
        super().showEvent(event)
        if not self.folder.text():
            kept = QSettings().value("recordings")
            self.folder.setText(str(kept) if kept else "")
        if self.folder.text() and self.folder.text() != self._listed:
            self.look()

    def look(self) -> None:
        """Read the folder."""
        folder = self.folder.text().strip()
        if not folder:
            return
        self.note.setText(f"Looking into {folder} …")
        self._link.ask(
            "files", lambda found: self.show_files(folder, found), self._failed, folder=folder
        )

    def show_files(self, folder: str, found: Sequence[Mapping[str, Any]]) -> None:
        """List what was found."""
        self._listed = folder
        QSettings().setValue("recordings", folder)
        self.list.clear()
        self.replay.setEnabled(False)
        for summary in found:
            self.list.addTopLevelItem(_row(Path(folder), summary))
        self.note.setText(
            f"{_count(found)}; a double click replays one."
            if found
            else f"No recording in {folder} that can be read here."
        )

    def _failed(self, sentence: str) -> None:
        self.list.clear()
        self.note.setText(sentence)

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Recordings", self.folder.text())
        if folder:
            self.folder.setText(folder)
            self.look()

    def _open(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            self.open_wanted.emit(item.data(0, Qt.ItemDataRole.UserRole))


def _count(found: Sequence[Mapping[str, Any]]) -> str:
    broken = sum(bool(summary["problem"]) for summary in found)
    said = f"{len(found)} recording{'s' if len(found) != 1 else ''}"
    return f"{said}, {broken} of them with a problem" if broken else said


def _row(folder: Path, summary: Mapping[str, Any]) -> QTreeWidgetItem:
    path = Path(summary["path"])
    name = str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
    rate, length = summary["sfreq"], summary["seconds"]
    item = QTreeWidgetItem(
        [
            name,
            summary["format"],
            str(summary["n_channels"] or "–"),
            f"{rate:g} Hz" if rate else "–",
            clock_words(length) if length else "–",
            " ".join(part for part in (summary["subject"], summary["session"]) if part),
            summary["problem"],
        ]
    )
    item.setData(0, Qt.ItemDataRole.UserRole, str(path))
    return item
