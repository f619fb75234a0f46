"""Opening the app: the window first, then the service it is a client of."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QSettings, QTimer

from ..service.client import Client
from ..service.launch import find_or_launch
from .app import App, make_application
from .state.link import Link

log = logging.getLogger(__name__)


def run_app(
    order: Mapping[str, Any] | None = None,
    seconds: float | None = None,
    early: Callable[[], Client] | None = None,
) -> int:
    """Open the app and return its exit code once it is closed.

    Parameters
    ----------
    order : mapping or None
        What to decode at once, as the service's `start` takes it; a dialog asks otherwise.
    seconds : float or None
        Closes by itself after so long.
    early : callable or None
        Returns a connection that was begun before the app was imported.
    """
    begun = [] if early is None else [early]

    def reach() -> Client:
        return begun.pop()() if begun else connect()

    application = make_application(sys.argv[:1])
    app = App(Link(reach), QSettings(), order)
    app.show()
    if seconds is not None:
        QTimer.singleShot(round(seconds * 1000), app.window.close)
    # Python sees a signal only between two of its own instructions: the window's timer has some.
    signal.signal(signal.SIGINT, lambda *_: app.window.close())
    signal.signal(signal.SIGTERM, lambda *_: app.window.close())
    code: int = application.exec()
    return code


def connect() -> Client:
    """Return a connection to the service of this user, started where there is none."""
    return find_or_launch("app")
