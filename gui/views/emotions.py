"""The page on emotions: trajectories with what is not known about them, and the present."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSplitter, QVBoxLayout

from ..state.session import Session, present_quality
from ..state.words import rest_words, trust_words
from ..style import css
from ..theme import DARK, Theme
from ..widgets.affect import AffectPlane
from ..widgets.bars import Bars
from ..widgets.traces import SignalTraces
from ..widgets.trajectories import Trajectories
from .view import Moment, View

_TRAIL_S = 30.0
# Heights in pixels: of a bar, of what lies around bars, of the plane, of a sentence in its place.
_BAR_PX, _BARS_PX, _PLANE_PX, _SENTENCE_PX = 28, 40, 220, 70
_NO_PLANE = (
    "This model has no valence and arousal: they are shown where a model was trained on them, "
    "and never derived from other emotions."
)


class EmotionsView(View):
    """Trajectories, present values, the plane of valence and arousal, and the signals."""

    title = "Emotions"
    topics = ("signals", "features")
    every_s = 0.04
    keys = (
        ("1 to 9", "show or hide an emotion (a click on its name too)"),
        ("L", "one strip for each emotion, or all in one plot"),
        ("Left, Right", "a shorter or longer stretch (wheel too)"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.trajectories, self.traces = Trajectories(), SignalTraces()
        self.bars, self.plane = Bars(), AffectPlane()
        self._theme = DARK
        self._trust = QLabel()
        self._trust.setWordWrap(True)
        self._axes: tuple[int, int] | None = None
        self._beats = 0
        self.traces.bad_toggled.connect(self.bad_toggled)
        # Thirty emotions must not push the signals off the page.
        for widget, height in ((self.trajectories, 200), (self.bars, 90), (self.traces, 110)):
            widget.setMinimumHeight(height)
        right = self._right = QSplitter(Qt.Orientation.Vertical)
        right.addWidget(self.bars)
        right.addWidget(self.plane)
        right.setSizes([280, 180])
        top = QSplitter(Qt.Orientation.Horizontal)
        top.addWidget(self.trajectories)
        top.addWidget(right)
        top.setSizes([900, 360])
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(top)
        split.addWidget(self.traces)
        split.setSizes([430, 160])
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 8)
        column.addWidget(self._trust)
        column.addWidget(split, 1)
        self.setFocusProxy(self.trajectories)
        self.plane.set_available(False, "no emotions yet")

    def begin(self, session: Session) -> None:
        """Take the emotions and channels of another run."""
        source, model = session.source, session.model
        if source is None or model is None:
            return
        lows = [target.low for target in model.targets]
        highs = [target.high for target in model.targets]
        self.trajectories.set_targets(model.names, lows, highs)
        self.bars.set_targets(model.names, lows, highs)
        self.traces.set_channels(source.channels, source.sfreq, source.kinds)
        self._axes = None
        if {"valence", "arousal"} <= set(model.names):
            self._axes = model.names.index("valence"), model.names.index("arousal")
        self.plane.set_available(self._axes is not None, _NO_PLANE)
        wanted = _BARS_PX + _BAR_PX * len(model.targets)
        height = max(self._right.height(), 400)
        for_plane = _PLANE_PX if self._axes is not None else _SENTENCE_PX
        bars = max(min(wanted, height - for_plane), 120)
        self.plane.setMinimumHeight(for_plane)
        self._right.setSizes([bars, height - bars])

    def redraw(self, session: Session, frozen: Moment | None) -> None:
        """Draw the newest frames, or those up to the moment of freezing."""
        history = session.history
        if history is None or session.ring is None:
            return
        self._say_trust(session)
        if session.started is not None:
            self.trajectories.set_origin(session.started)
        end = None if frozen is None else frozen.time
        self._beats += 1
        if self._beats % 2:
            self.trajectories.redraw(history, end)
        if frozen is None and session.present:
            present = session.present
            self.bars.redraw(present["mean"], present["lower"], present["upper"], session.trusted)
        if self._axes is not None:
            rows = history.window(_TRAIL_S, end)
            valence, arousal = (rows.mean[:, axis] for axis in self._axes)
            self.plane.redraw(valence, arousal, rows.trusted)
        self.traces.set_quality(present_quality(session))
        self.traces.set_bad(session.bad)
        self.traces.redraw(session.ring, None if frozen is None else frozen.sample)

    def _say_trust(self, session: Session) -> None:
        theme = self._theme
        nothing = not session.reasons and not session.trusted
        colour = theme.good if session.trusted else theme.faint if nothing else theme.doubtful
        sign = "✓ " if session.trusted else "" if nothing else "⚠ "
        words = trust_words(session.reasons, session.trusted)
        text = f"<span style='color:{css(colour)}'>{sign}{words}</span>"
        if rest := rest_words(session):
            text = f"<b>{rest}</b> {text}"
        if session.has_truth:
            text += f" <span style='color:{css(theme.faint)}'>· dashed: the simulated truth</span>"
        if self._trust.text() != text:
            self._trust.setText(text)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        for widget in (self.trajectories, self.bars, self.plane, self.traces):
            widget.set_theme(theme)
