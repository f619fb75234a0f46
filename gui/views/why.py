"""The page on reasons: what drives a chosen emotion now, channel by channel, pair by pair."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSplitter, QVBoxLayout

from ..state.reasons import drivers, strongest_rows
from ..state.session import Session
from ..theme import Theme
from ..widgets.connectogram import Connectogram
from ..widgets.ranked import RankedList
from ..widgets.topomap import TopoMap
from .view import Moment, View

_WAITING = "Waiting for the first frame with a value."


class WhyView(View):
    """Contributions as a map, as edges and in words, with their sum beside the output."""

    title = "Why"
    topics = ("contributions",)
    every_s = 0.15
    keys = (("E", "the next emotion"),)

    def __init__(self) -> None:
        super().__init__()
        self.choice = QComboBox()
        self.choice.setToolTip("Which emotion (E for the next one)")
        self.choice.setMinimumContentsLength(14)
        self._about = QLabel()
        self._about.setObjectName("faint")
        self._about.setWordWrap(True)
        self.map, self.edges, self.rows = (
            TopoMap("contributions of channels"),
            Connectogram("contributions of pairs"),
            RankedList("strongest contributions"),
        )
        top = QHBoxLayout()
        label = QLabel("What drives")
        label.setObjectName("heading")
        top.addWidget(label)
        top.addWidget(self.choice)
        top.addWidget(self._about, 1)
        split = QSplitter(Qt.Orientation.Horizontal)
        for widget, size in ((self.map, 340), (self.edges, 440), (self.rows, 460)):
            split.addWidget(widget)
            split.setStretchFactor(split.count() - 1, size)
        split.setSizes([340, 440, 460])
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addLayout(top)
        column.addWidget(split, 1)
        self.setFocusProxy(self.edges)

    def begin(self, session: Session) -> None:
        """Take the channels and emotions of another run."""
        source, model = session.source, session.model
        if source is None or model is None:
            return
        kept = self.choice.currentText()
        self.choice.clear()
        self.choice.addItems(list(model.names))
        self.choice.setCurrentIndex(max(0, self.choice.findText(kept)))
        self.map.set_channels(source.channels, source.positions)
        self.edges.set_channels(source.channels, source.positions)
        self.rows.clear(_WAITING)
        how = "Setting any one input back to its reference moves the output by exactly this much."
        if model.architecture != "additive":
            agreement = model.agreement or {}
            how = (
                "Approximate reasons: they agree with what resetting an input does by "
                f"{agreement.get('node', float('nan')):.2f} (channels) and "
                f"{agreement.get('edge', float('nan')):.2f} (pairs)."
            )
        self._about.setText(f"{how} What drives the output is not the network of the emotion.")

    def redraw(self, session: Session, frozen: Moment | None) -> None:
        """Draw the newest contributions; a frozen view keeps what it shows."""
        source = session.source
        if frozen is not None or source is None:
            return
        emotion = self.choice.currentText()
        found = drivers(session.latest.contributions, max(self.choice.currentIndex(), 0))
        if found is None or not found.known:
            for widget in (self.map, self.edges, self.rows):
                widget.clear(_WAITING)
        else:
            self.map.show_values(found.node, f"power of channels → {emotion}", "", signed=True)
            self.edges.show_edges(
                found.edge, source.pairs, f"coupling of pairs → {emotion}", signed=True
            )
            rows = strongest_rows(found, source, emotion)
            self.rows.show_rows(rows, found.total, found.base, found.shown)
            for widget in (self.map, self.edges, self.rows):
                widget.set_trusted(found.trusted)
        for widget in (self.map, self.edges, self.rows):
            widget.redraw()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Look at the next emotion."""
        if event.key() == Qt.Key.Key_E and self.choice.count():
            self.choice.setCurrentIndex((self.choice.currentIndex() + 1) % self.choice.count())
        else:
            super().keyPressEvent(event)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        for widget in (self.map, self.edges, self.rows):
            widget.set_theme(theme)
