"""Draws docs/app-*.png: ``QT_QPA_PLATFORM=offscreen python docs/app_pictures.py``.

A real service decodes a simulated person; every page is shown for a while and saved.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp(prefix="rtemotion-pictures-")
os.environ["RTEMOTION_SERVICE"] = os.environ["XDG_CONFIG_HOME"] + "/service.json"

from PySide6.QtCore import QSettings, QTimer

from rtemotion.gui.app import App, make_application
from rtemotion.gui.main import connect
from rtemotion.gui.state.link import Link

# So long until the trajectories fill their page, s.
FIRST_S = 75
EACH_S = 3
PAGES = ("emotions", "signals", "brain", "why", "sessions", "health")


def main() -> None:
    """Show every page and save it; ``--light`` in light colours, a folder elsewhere than docs/."""
    named = [word for word in sys.argv[1:] if not word.startswith("-")]
    folder = Path(named[0]) if named else Path(__file__).parent
    application = make_application(sys.argv[:1])
    app = App(Link(connect), QSettings(), {"place": {"headset": "cap32:3"}})
    app.window.resize(1280, 720)
    app.light("--light" in sys.argv)
    app.show()

    def show(page: int) -> None:
        app.window.tabs.setCurrentIndex(page)

    def save(page: int) -> None:
        app.window.grab().save(str(folder / f"app-{PAGES[page]}.png"))

    for page in range(len(PAGES)):
        begins = FIRST_S + page * EACH_S
        QTimer.singleShot(1000 * begins, lambda page=page: show(page))
        QTimer.singleShot(1000 * (begins + EACH_S) - 200, lambda page=page: save(page))
    QTimer.singleShot(1000 * (FIRST_S + EACH_S * len(PAGES) + 1), app.window.close)
    application.exec()


if __name__ == "__main__":
    main()
