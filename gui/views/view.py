"""What every page of the window is."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from ..state.session import Session
from ..theme import Theme


@dataclass(frozen=True)
class Moment:
    """Where a frozen view stands.

    Attributes
    ----------
    time : float
        Newest time shown, in seconds of the stream.
    sample : int
        Index one past the newest sample shown.
    """

    time: float
    sample: int


class View(QWidget):
    """A page: pictures that are fed from the session when it is shown.

    Attributes
    ----------
    title : str
        Its name on the tab.
    topics : tuple of str
        What the service has to send while it is shown.
    every_s : float
        Shortest time between two redraws.
    keys : tuple of (str, str)
        Keys of its own, and what they do.
    """

    title = ""
    topics: tuple[str, ...] = ()
    every_s = 0.0
    keys: tuple[tuple[str, str], ...] = ()
    bad_toggled = Signal(str, bool)
    wants_changed = Signal()

    @property
    def emotion(self) -> str:
        """The emotion it looks at, where one has to be chosen."""
        return ""

    def begin(self, session: Session) -> None:
        """Another run has begun: other channels, other emotions."""

    def redraw(self, session: Session, frozen: Moment | None) -> None:
        """Draw what is known now, or was at the moment at which the view was frozen."""

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
