"""The page on signals: all channels scrolling, and the spectrum of the chosen one."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSplitter, QVBoxLayout, QWidget

from ..state.session import ModelFacts, Session, channel_reasons, present_quality
from ..state.signals import decibels
from ..theme import Theme
from ..widgets.spectrogram import Spectrogram
from ..widgets.spectrum import Spectrum
from ..widgets.traces import SignalTraces
from .view import Moment, View

_REASONS = {"operator": "marked by you"}
# Spectra change four times a second at most.
_SPECTRUM_BEATS = 5
_LONGEST_TITLE = 24


class SignalsView(View):
    """Traces of all channels; spectrum, spectrogram and condition of one of them."""

    title = "Signals"
    topics = ("signals", "features")
    keys = (
        ("Up, Down", "fewer or more µV a row (Ctrl+wheel too)"),
        ("Left, Right", "a shorter or longer stretch"),
        ("PageUp, PageDown", "other channels, where not all fit (wheel too)"),
        ("B", "mark the chosen channel bad, or good again (double click too)"),
        ("Home", "as at first"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.traces, self.spectrum, self.spectrogram = SignalTraces(), Spectrum(), Spectrogram()
        self.traces.channel_clicked.connect(self.choose)
        self.traces.bad_toggled.connect(self.bad_toggled)
        self._names: tuple[str, ...] = ()
        self._channel = 0
        self._beats = 0
        self._bad = False
        self._about = QLabel()
        self._about.setWordWrap(True)
        self._mark = QPushButton()
        self._mark.setToolTip("Leave the channel out of everything that is decoded (B)")
        # A click leaves the keyboard with the traces.
        self._mark.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._mark.clicked.connect(self._toggle)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.traces)
        split.addWidget(self._side())
        split.setSizes([880, 380])
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(split)
        self.setFocusProxy(self.traces)

    def _side(self) -> QWidget:
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(4, 0, 0, 0)
        line = QHBoxLayout()
        line.addWidget(self._about, 1)
        line.addWidget(self._mark)
        column.addLayout(line)
        column.addWidget(self.spectrum, 1)
        column.addWidget(self.spectrogram, 1)
        return side

    def begin(self, session: Session) -> None:
        """Take the channels of another run."""
        source, model = session.source, session.model
        if source is None or model is None:
            return
        chosen = self._names[self._channel] if self._names else ""
        self._names = source.channels
        self._channel = self._names.index(chosen) if chosen in self._names else 0
        self.traces.set_channels(source.channels, source.sfreq, source.kinds)
        for widget in (self.spectrum, self.spectrogram):
            widget.set_bands(
                [band.name for band in model.bands],
                [band.low for band in model.bands],
                [band.high for band in model.bands],
            )
            widget.set_range(max(band.high for band in model.bands))
        self.choose(self._names[self._channel])

    def choose(self, name: str) -> None:
        """Show the spectrum of another channel."""
        if name in self._names:
            self._channel, self._beats = self._names.index(name), 0
            self.traces.choose(name)
            for widget in (self.spectrum, self.spectrogram):
                widget.set_channel(_short(name))

    def redraw(self, session: Session, frozen: Moment | None) -> None:
        """Draw the newest samples, or those up to the moment of freezing."""
        if session.ring is None or session.model is None:
            return
        self.traces.set_quality(present_quality(session))
        self.traces.set_bad(session.bad)
        self.traces.redraw(session.ring, None if frozen is None else frozen.sample)
        if self._beats % _SPECTRUM_BEATS == 0 and frozen is None:
            self._show_spectra(session, session.model)
            self._show_about(session)
        self._beats += 1

    def _show_spectra(self, session: Session, model: ModelFacts) -> None:
        frequencies = model.frequencies
        columns = [
            spectrum[self._channel]
            for spectrum in session.spectra
            if spectrum.shape[1] == len(frequencies)
        ]
        if not columns:
            return
        shown = decibels(np.asarray(columns, np.float64))
        self.spectrum.redraw(frequencies, shown[-1])
        # The engine keeps no bins below its lowest band; the picture begins at zero.
        step = frequencies[1] - frequencies[0]
        below = round(frequencies[0] / step)
        even = np.arange(below + len(frequencies)) * step
        padded = np.pad(shown, ((0, 0), (below, 0)), constant_values=np.nan)
        self.spectrogram.redraw(even, padded, model.hop_s)

    def _show_about(self, session: Session) -> None:
        name = self._names[self._channel]
        reasons = channel_reasons(session.latest.health).get(name, ())
        self._bad = name in session.bad
        nothing = "left out" if self._bad else "nothing against it"
        said = ", ".join(_REASONS.get(reason, reason) for reason in reasons) or nothing
        self._about.setText(f"<b>{name}</b>: {said}")
        self._mark.setText("Use again" if self._bad else "Mark bad")

    def _toggle(self) -> None:
        self.bad_toggled.emit(self._names[self._channel], not self._bad)
        self._beats = 0

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        for widget in (self.traces, self.spectrum, self.spectrogram):
            widget.set_theme(theme)


def _short(name: str) -> str:
    """Return a name with dots in its middle where a title would be too wide for its plot."""
    half = _LONGEST_TITLE // 2
    return name if len(name) <= _LONGEST_TITLE else f"{name[:half]}…{name[-half:]}"
