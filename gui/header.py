"""The line above the pages: what is decoded, with what, how it goes, and what is recorded."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from .state.session import Session
from .state.words import phase_words, recording_words, source_words
from .style import css
from .theme import Theme

_SIGNS = {"running": "●", "opening": "…", "failed": "✕", "ended": "■", "idle": "○"}


class Header(QWidget):
    """Source, model, recording; and a banner for what must not be overlooked."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._source, self._model, self._recording = QLabel(), QLabel(), QLabel()
        self._recording.setObjectName("recording")
        self.banner, self.problem = QLabel(), QLabel()
        self.banner.setObjectName("banner")
        self.problem.setObjectName("problem")
        for label in (self.banner, self.problem):
            label.setWordWrap(True)
            label.hide()
        for label in (self._source, self._model, self._recording, self.problem):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._model.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        line = QHBoxLayout()
        line.setContentsMargins(10, 6, 10, 6)
        line.setSpacing(18)
        line.addWidget(self._source)
        line.addWidget(self._model, 1)
        line.addWidget(self._recording)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(line)
        column.addWidget(self.banner)
        column.addWidget(self.problem)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme

    def show_session(self, session: Session, connected: bool, link_problem: str) -> None:
        """Say what is so now."""
        theme = self._theme
        silent = bool(session.latest.health.get("silent"))
        colour = theme.good if session.live and not silent else theme.faint
        if session.phase == "failed" or silent:
            colour = theme.bad
        sign, phase = _SIGNS.get(session.phase, "○"), phase_words(session)
        if not connected:
            # What is known of the run may have changed since.
            sign, phase, colour = "…", "starting" if not link_problem else "cut off", theme.faint
        _say(
            self._source,
            f"<b>{_plain(source_words(session))}</b> "
            f"<span style='color:{css(colour)}'>{sign} {phase}</span>",
        )
        model = session.model
        _say(self._model, "" if model is None else f"model {_plain(model.name)}")
        self._model.setToolTip("" if model is None else f"{model.identity}\n{model.filters}")
        _say(self._recording, recording_words(session))
        self._tell(self.banner, self._banner(session))
        problem = session.problem if session.phase == "failed" else ""
        self._tell(self.problem, problem or link_problem)

    def _banner(self, session: Session) -> str:
        model = session.model
        if model is None:
            return ""
        if not model.validated:
            why = "was trained on simulation"
            if model.trained_on != "simulation":
                why = "has no score on people that holds"
            return (
                f"NOT VALIDATED on people: this model {why}. Do not read its output as emotions; "
                "signals, power and connectivity are as measured."
            )
        if model.trained_on == "simulation":
            return f"⚠ {model.caveat}; the brain shown here is simulated too."
        return ""

    def _tell(self, label: QLabel, text: str) -> None:
        _say(label, text)
        label.setVisible(bool(text))


def _say(label: QLabel, text: str) -> None:
    # Setting the same text again would lay the window out anew.
    if label.text() != text:
        label.setText(text)


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
