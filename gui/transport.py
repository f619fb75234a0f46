"""The bar under the pages while a recording is replayed: scrubber, pace, steps."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSlider,
    QStyle,
    QStyleOptionSlider,
    QToolButton,
    QWidget,
)

from .state.link import Link
from .state.session import Session
from .state.words import clock_words

SPEEDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
# Positions of the scrubber a second.
_PER_SECOND = 10
# So near a place that was sought, it is reached, s.
_THERE_S = 2.0


class Scrubber(QSlider):
    """A slider that goes where it is clicked."""

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Go to the place clicked, and follow the mouse from there."""
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        control, part = QStyle.ComplexControl.CC_Slider, QStyle.SubControl.SC_SliderHandle
        handle = self.style().subControlRect(control, option, part, self)
        if event.button() == Qt.MouseButton.LeftButton and not handle.contains(
            event.position().toPoint()
        ):
            along = event.position().x() - handle.width() / 2
            room = max(self.width() - handle.width(), 1)
            self.setValue(
                QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), round(along), room)
            )
        super().mousePressEvent(event)


class Transport(QWidget):
    """Pause, pace, place and single steps of a recording; hidden for live sources.

    Parameters
    ----------
    link : Link
        The way to the service.
    """

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link
        self._session: Session | None = None
        self._asked = 0
        self._target: float | None = None
        self.play = QToolButton()
        self.play.setToolTip("Pause or go on (Space)")
        self.step = QToolButton()
        self.step.setText("▸|")
        self.step.setToolTip("One window further (.)")
        self.scrubber = Scrubber(Qt.Orientation.Horizontal)
        self.scrubber.setPageStep(10 * _PER_SECOND)
        self.scrubber.setToolTip("Where in the recording; going back decodes the way there anew")
        self.place = QLabel()
        self.speed = QComboBox()
        self.speed.setToolTip("Times real time")
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g}×", speed)
        line = QHBoxLayout(self)
        line.setContentsMargins(10, 4, 10, 4)
        for widget in (self.play, self.step):
            line.addWidget(widget)
        line.addWidget(self.scrubber, 1)
        line.addWidget(self.place)
        line.addWidget(self.speed)
        self.play.clicked.connect(self.toggle)
        self.step.clicked.connect(self.forward)
        self.scrubber.sliderReleased.connect(self._released)
        self.scrubber.actionTriggered.connect(self._clicked)
        self.speed.activated.connect(self._chosen)
        self.hide()

    def show_session(self, session: Session) -> None:
        """Follow the session."""
        self._session = session
        source = session.source
        shown = session.speed is not None and source is not None
        self.setVisible(shown)
        if not shown or source is None:
            return
        self.play.setText("▶" if session.paused or not session.live else "❚❚")
        length = source.length or max(session.position, 1.0)
        if not self.scrubber.isSliderDown():
            self.scrubber.setMaximum(round(length * _PER_SECOND))
            self.scrubber.setValue(round(session.position * _PER_SECOND))
        place = clock_words(session.position)
        if self._target is not None:
            # Going back decodes the way there again, which is seen to take a while.
            if abs(session.position - self._target) < _THERE_S or not session.live:
                self._target = None
            else:
                place = f"on the way to {clock_words(self._target)}, at {place}"
        self.place.setText(f"{place} / {clock_words(length)}")
        index = self.speed.findData(session.speed)
        free = not self._asked and not self.speed.view().isVisible()
        if index != self.speed.currentIndex() and free:
            self.speed.setCurrentIndex(index)

    def toggle(self) -> None:
        """Pause, or go on; from the start when it was over."""
        session = self._session
        if session is None or session.speed is None:
            return
        if session.live:
            self._link.ask("pace", paused=not session.paused)
        else:
            self._link.ask("pace", seek=0.0, paused=False)

    def forward(self) -> None:
        """Stand still one window further."""
        if self._session is not None and self._session.speed is not None:
            self._link.ask("pace", paused=True, step=1)

    def seek(self, seconds: float) -> None:
        """Go somewhere else."""
        if self._session is not None and self._session.speed is not None:
            self._target = max(seconds, 0.0)
            self._link.ask("pace", None, self._lost, seek=self._target)

    def change_speed(self, places: int) -> None:
        """Take the next faster or slower pace."""
        index = self.speed.currentIndex() + places
        if self._session is not None and 0 <= index < len(SPEEDS):
            self.speed.setCurrentIndex(index)
            self._chosen(index)

    def _lost(self, _: str) -> None:
        self._target = None

    def _released(self) -> None:
        self.seek(self.scrubber.value() / _PER_SECOND)

    def _clicked(self, action: int) -> None:
        if action != QSlider.SliderAction.SliderMove.value:
            self.seek(self.scrubber.sliderPosition() / _PER_SECOND)

    def _chosen(self, index: int) -> None:
        """Ask for a pace; what the box shows stands until the last answer has come."""
        self._asked += 1
        self._link.ask("pace", self._answered, self._answered, speed=SPEEDS[index])

    def _answered(self, _: object) -> None:
        self._asked -= 1
