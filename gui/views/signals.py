"""The page on signals: all channels scrolling, and the spectrum of the chosen one."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout

from ..state.session import Session
from ..theme import Theme
from ..widgets.traces import SignalTraces
from .view import Moment, View


class SignalsView(View):
    """Traces of all channels, and what is known of one of them."""

    title = "Signals"
    topics = ("signals", "features")
    every_s = 0.0
    keys = (
        ("Up, Down", "fewer or more µV a row (Ctrl+wheel too)"),
        ("Left, Right", "a shorter or longer stretch"),
        ("PageUp, PageDown", "other channels, where not all fit (wheel too)"),
        ("B", "mark the chosen channel bad, or good again (double click too)"),
        ("Home", "as at first"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.traces = SignalTraces()
        self.traces.channel_clicked.connect(self._choose)
        self.traces.bad_toggled.connect(self.bad_toggled)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.traces)
        split.setSizes([900, 360])
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(split)
        self._channel = -1

    def begin(self, session: Session) -> None:
        """Take the channels of another run."""
        source = session.source
        if source is None:
            return
        self.traces.set_channels(source.channels, source.sfreq, source.kinds)

    def redraw(self, session: Session, frozen: Moment | None) -> None:
        """Draw the newest samples, or those up to the moment of freezing."""
        if session.ring is None:
            return
        self.traces.set_quality(session.quality)
        self.traces.set_bad(session.bad)
        self.traces.redraw(session.ring, None if frozen is None else frozen.sample)

    def _choose(self, name: str) -> None:
        self._channel = -1

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.traces.set_theme(theme)
