"""Where the command starts and ends: exit codes, and one sentence for what failed."""

from __future__ import annotations

import functools
import logging
import signal
import sys
from collections.abc import Callable
from typing import Any

from ..logs import start_logging

# What the command framework makes of Ctrl-C.
INTERRUPTED = 130
UNFINISHED = "Stopped before it was done; nothing was written.\n"


def main() -> None:
    """Run the command and exit: 0 done, 1 failed with a sentence, 2 wrong usage.

    Ctrl-C is a way to finish what goes on until somebody ends it, and not a failure; of work
    that is worth nothing before its end it is one, see `finishing`.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = _run()
    except KeyboardInterrupt:
        code = 0
    sys.exit(code)


def finishing(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command whose work is all or nothing exit with 1 when Ctrl-C cuts it short."""

    @functools.wraps(command)
    def run(*args: Any, **values: Any) -> None:
        import typer

        try:
            command(*args, **values)
        except KeyboardInterrupt:
            sys.stderr.write(UNFINISHED)
            raise typer.Exit(1) from None

    return run


def _run() -> int:
    from ..errors import RtemotionError
    from .app import app

    try:
        app()
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
        return 0 if code == INTERRUPTED else code
    except RtemotionError as error:
        return _failed(str(error), error, expected=True)
    except Exception as error:  # noqa: BLE001 - the last line of defence, logged with its trace
        return _failed(
            f"rtemotion has failed unexpectedly ({type(error).__name__}: {error}); this is a "
            "defect, please report it with the log.",
            error,
        )
    return 0


def _failed(sentence: str, error: Exception, expected: bool = False) -> int:
    log = logging.getLogger("rtemotion")
    where = start_logging()
    log.debug("failed", exc_info=error)
    sys.stderr.write(f"error: {sentence}\n")
    if where is not None and not expected:
        sys.stderr.write(f"(details in {where})\n")
    return 1
