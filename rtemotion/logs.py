"""Where the program logs: sentences on the screen, everything in a file."""

from __future__ import annotations

import contextlib
import logging
import sys
from pathlib import Path


def start_logging() -> Path | None:
    """Log warnings to the screen as sentences, and everything to a file.

    Returns the file, or None when it cannot be written. May be called again.
    """
    log = logging.getLogger("rtemotion")
    path = log_path()
    if any(getattr(handler, "is_ours", False) for handler in log.handlers):
        return path
    log.setLevel(logging.DEBUG)
    log.propagate = False
    screen = _ScreenHandler()
    screen.setLevel(logging.WARNING)
    screen.is_ours = True
    log.addHandler(screen)
    if path is None:
        return None
    file = logging.FileHandler(path, encoding="utf-8", delay=True)
    file.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(message)s"))
    log.addHandler(file)
    return path


def log_path() -> Path | None:
    """Return the log file, in the platform's place for logs; None if it cannot be had."""
    from platformdirs import user_log_path

    try:
        folder = user_log_path("rtemotion", appauthor=False, ensure_exists=True)
        path = folder / "rtemotion.log"
        if path.exists() and path.stat().st_size > 5_000_000:
            path.replace(folder / "rtemotion.log.1")
        path.open("a").close()
    except OSError:
        return None
    return path


class _ScreenHandler(logging.Handler):
    """Writes to whatever `sys.stderr` is at that moment, so that live views can catch it."""

    is_ours = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one sentence."""
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"{record.levelname.lower()}: {record.getMessage()}\n")
            sys.stderr.flush()
