"""The list of everything that could be decoded: streams, headsets, recordings, boards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

Place = dict[str, Any]

_NONE_FOUND = (
    "No stream was found. Is the sender running, on this network, and does the firewall let UDP "
    "port 16571 and TCP ports 16572–16604 pass? A VPN often hides streams; a machine on another "
    "network is reached by `rtemotion live --known-peers HOST`. Without a headset, take a "
    "simulated one."
)


class Sources(QTabWidget):
    """A tab for each kind of source; tells which one is chosen."""

    chosen = Signal(dict)
    activated = Signal(dict)
    refresh_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.streams = _Listing(("name", "type", "channels", "rate", "source_id", "host"))
        self.headsets = _Listing(("name", "channels", "rate"))
        self.boards = _Listing(("board", "title", "channels", "rate"))
        for listing in (self.streams, self.headsets, self.boards):
            listing.chosen.connect(self._changed)
            listing.activated.connect(self.activated)
        self.file = QLineEdit()
        self.file.setPlaceholderText("a recording or session: EDF, BDF, FIF, XDF, BrainVision …")
        self.seed = QLineEdit("1")
        self.seed.setToolTip("Which simulated person")
        self.settings = QLineEdit()
        self.settings.setPlaceholderText("serial_port=/dev/ttyUSB0, …")
        self.addTab(self._stream_page(), "LSL streams")
        self.addTab(self._headset_page(), "Simulated")
        self.addTab(self._file_page(), "Recordings")
        self.addTab(self._board_page(), "Boards")
        self._told: Place = {}
        self.currentChanged.connect(self._changed)
        for field in (self.file, self.seed, self.settings):
            field.textChanged.connect(self._changed)

    def _changed(self, *_: object) -> None:
        """Tell what is chosen now, unless only a page that is not shown has changed."""
        place = self.place()
        if place != self._told:
            self._told = place
            self.chosen.emit(place)

    def place(self) -> Place:
        """Return what is chosen on the page that is shown; empty for nothing."""
        index = self.currentIndex()
        if index == 0:
            return self.streams.place()
        if index == 1:
            place = self.headsets.place()
            seed = self.seed.text().strip() or "1"
            return {"headset": f"{place['headset']}:{seed}"} if place else {}
        if index == 2:
            text = self.file.text().strip()
            return {"file": text} if text else {}
        place = self.boards.place()
        settings = self.settings.text().replace(" ", "").strip(",")
        if place and settings:
            return {"board": f"{place['board']},{settings}"}
        return place

    def choose(self, place: Mapping[str, Any]) -> None:
        """Show a place as chosen."""
        if headset := place.get("headset"):
            name, _, seed = str(headset).partition(":")
            self.setCurrentIndex(1)
            self.seed.setText(seed or "1")
            self.headsets.choose({"headset": name})
        elif file := place.get("file"):
            self.setCurrentIndex(2)
            self.file.setText(str(file))
        elif board := place.get("board"):
            self.setCurrentIndex(3)
            name, _, settings = str(board).partition(",")
            self.settings.setText(settings)
            self.boards.choose({"board": name})
        elif place.get("stream"):
            self.setCurrentIndex(0)
            self.streams.choose(dict(place))

    def show_streams(self, streams: Sequence[Mapping[str, Any]]) -> None:
        """List the streams of signals that were found."""
        rows = []
        for stream in sorted(streams, key=lambda s: (s["type"].upper() != "EEG", s["name"])):
            if stream["sfreq"] <= 0 or stream["text"]:
                continue
            cells = (
                stream["name"],
                stream["type"],
                str(stream["n_channels"]),
                f"{stream['sfreq']:g} Hz",
                stream["source_id"] or "(none)",
                stream["hostname"],
            )
            rows.append((cells, {"stream": _query(stream)}))
        self.streams.show_rows(rows, _NONE_FOUND)

    def show_headsets(self, headsets: Sequence[Mapping[str, Any]]) -> None:
        """List the simulated headsets."""
        self.headsets.show_rows(
            [
                ((h["name"], str(h["channels"]), f"{h['sfreq']:g} Hz"), {"headset": h["name"]})
                for h in headsets
            ],
            "",
        )

    def show_boards(self, boards: Sequence[Mapping[str, Any]] | str) -> None:
        """List the boards, or say why there are none."""
        if isinstance(boards, str):
            self.boards.show_rows([], boards)
            return
        rows = []
        for board in boards:
            cells = (board["name"], board["title"], str(board["channels"]), _rate(board["sfreq"]))
            rows.append((cells, {"board": board["name"]}))
        self.boards.show_rows(rows, "BrainFlow knows no boards here.")

    def _stream_page(self) -> QWidget:
        again = QPushButton("Look again")
        again.setToolTip("Streams are looked for every few seconds anyway")
        again.clicked.connect(self.refresh_wanted)
        return _page(self.streams, again)

    def _headset_page(self) -> QWidget:
        return _page(self.headsets, QLabel("person"), self.seed)

    def _board_page(self) -> QWidget:
        return _page(self.boards, QLabel("settings"), self.settings)

    def _file_page(self) -> QWidget:
        browse = QPushButton("Browse …")
        browse.clicked.connect(self._browse)
        page = QWidget()
        column = QVBoxLayout(page)
        line = QHBoxLayout()
        line.addWidget(self.file, 1)
        line.addWidget(browse)
        hint = QLabel("Or drop a file anywhere on the window.")
        hint.setObjectName("faint")
        column.addLayout(line)
        column.addWidget(hint)
        column.addStretch(1)
        return page

    def _browse(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open a recording")
        if path:
            self.file.setText(path)


class _Listing(QTreeWidget):
    """Rows, each of which stands for a place."""

    chosen = Signal(dict)
    activated = Signal(dict)

    def __init__(self, headings: Sequence[str]) -> None:
        super().__init__()
        self.setHeaderLabels(list(headings))
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.note = QLabel()
        self.note.setObjectName("faint")
        self.note.setWordWrap(True)
        self.currentItemChanged.connect(lambda *_: self.chosen.emit(self.place()))
        self.itemActivated.connect(lambda *_: self.activated.emit(self.place()))

    def place(self) -> Place:
        item = self.currentItem()
        return dict(item.data(0, Qt.ItemDataRole.UserRole)) if item is not None else {}

    def choose(self, place: Place) -> None:
        for row in range(self.topLevelItemCount()):
            item = self.topLevelItem(row)
            if item is not None and item.data(0, Qt.ItemDataRole.UserRole) == place:
                self.setCurrentItem(item)
                return
        self._wanted = place

    _wanted: Place | None = None

    def show_rows(self, rows: Sequence[tuple[Sequence[str], Place]], nothing: str) -> None:
        """Show other rows; what was chosen stays so where it is still there."""
        before = self.place() or self._wanted
        now = [(tuple(cells), place) for cells, place in rows]
        self.note.setText("" if rows else nothing)
        self.note.setVisible(not rows)
        if now == self._rows:
            return
        self._rows = now
        self.blockSignals(True)
        self.clear()
        for cells, place in now:
            item = QTreeWidgetItem(list(cells))
            item.setData(0, Qt.ItemDataRole.UserRole, place)
            self.addTopLevelItem(item)
            if place == before:
                self.setCurrentItem(item)
        first = self.topLevelItem(0)
        if self.currentItem() is None and first is not None:
            self.setCurrentItem(first)
        self.blockSignals(False)
        self.chosen.emit(self.place())

    _rows: list[tuple[tuple[str, ...], Place]] | None = None


def _page(listing: _Listing, *widgets: QWidget) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.addWidget(listing, 1)
    column.addWidget(listing.note)
    line = QHBoxLayout()
    for widget in widgets:
        line.addWidget(widget)
    line.addStretch(1)
    column.addLayout(line)
    return page


def _query(stream: Mapping[str, Any]) -> str:
    keys = ("name", "type", "source_id", "hostname")
    return ",".join(f"{key}={stream[key]}" for key in keys if stream[key])


def _rate(sfreq: float) -> str:
    return f"{sfreq:g} Hz"
