"""Where the command starts and ends: exit codes, the log file, one sentence for what failed."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
from pathlib import Path

# What the command framework makes of Ctrl-C.
INTERRUPTED = 130


def main() -> None:
    """Run the command and exit: 0 done, 1 failed with a sentence, 2 wrong usage.

    Ctrl-C is a way to finish, not a failure.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = _run()
    except KeyboardInterrupt:
        code = 0
    sys.exit(code)


def _run() -> int:
    from ..errors import RtemotionError
    from .app import app

    try:
        app()
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
        return 0 if code == INTERRUPTED else code
    except RtemotionError as error:
        return _failed(str(error), error)
    except Exception as error:  # noqa: BLE001 - the last line of defence, logged with its trace
        return _failed(
            f"rtemotion has failed unexpectedly ({type(error).__name__}: {error}); this is a "
            "defect, please report it with the log.",
            error,
        )
    return 0


def _failed(sentence: str, error: Exception) -> int:
    log = logging.getLogger("rtemotion")
    where = start_logging()
    log.debug("failed", exc_info=error)
    sys.stderr.write(f"error: {sentence}\n")
    if where is not None:
        sys.stderr.write(f"(details in {where})\n")
    return 1


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
    screen.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
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
