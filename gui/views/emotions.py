"""The page on emotions: trajectories with what is not known about them, and the present."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSplitter, QVBoxLayout

from ..state.session import Session
from ..state.words import trust_words
from ..theme import Theme
from ..widgets.traces import SignalTraces
from ..widgets.trajectories import Trajectories
from .view import Moment, View


class EmotionsView(View):
    """Trajectories, present values, the plane of valence and arousal, and the signals."""

    title = "Emotions"
    topics = ("signals", "features")

    def __init__(self) -> None:
        super().__init__()
        self.trajectories, self.traces = Trajectories(), SignalTraces()
        self._trust = QLabel()
        self._trust.setWordWrap(True)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.trajectories)
        split.addWidget(self.traces)
        split.setSizes([430, 180])
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(self._trust)
        column.addWidget(split, 1)

    def begin(self, session: Session) -> None:
        """Take the emotions and channels of another run."""
        source, model = session.source, session.model
        if source is None or model is None:
            return
        lows = [target.low for target in model.targets]
        highs = [target.high for target in model.targets]
        self.trajectories.set_targets(model.names, lows, highs)
        self.traces.set_channels(source.channels, source.sfreq, source.kinds)

    def redraw(self, session: Session, frozen: Moment | None) -> None:
        """Draw the newest frames, or those up to the moment of freezing."""
        if session.history is None or session.ring is None:
            return
        words = trust_words(session.reasons, session.trusted)
        if self._trust.text() != words:
            self._trust.setText(words)
        self.trajectories.redraw(session.history, None if frozen is None else frozen.time)
        self.traces.set_quality(session.quality)
        self.traces.set_bad(session.bad)
        self.traces.redraw(session.ring, None if frozen is None else frozen.sample)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.trajectories.set_theme(theme)
        self.traces.set_theme(theme)
