"""Running an engine under a view until the source ends, time is up, or Ctrl-C."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from ..engine import Engine
from ..signal import Event, Publication, Tick
from .view import View

log = logging.getLogger(__name__)


# A closed terminal (SIGHUP, where there is one) ends a run like Ctrl-C does.
ENDING = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


@contextmanager
def _reader_may_leave() -> Iterator[None]:
    """End quietly when whoever reads our output has gone (``| head``)."""
    try:
        yield
    except BrokenPipeError:
        # Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@dataclass
class Stop:
    """Whether somebody has asked to finish."""

    asked: bool = False


@contextmanager
def stopping_on_signals() -> Iterator[Stop]:
    """Let Ctrl-C, SIGTERM and SIGHUP finish the item in hand rather than break into it.

    A row half written or a file half closed would be lost; sources give control
    back at least every 100 ms.
    """
    stop = Stop()

    def ask(number: int, frame: FrameType | None) -> None:
        stop.asked = True

    before = {number: signal.signal(number, ask) for number in ENDING}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(engine: Engine, view: View, seconds: float | None = None) -> bool:
    """Run to the end, then close every output; return whether the source had ended.

    Parameters
    ----------
    engine : Engine
        What runs; closed in any case.
    view : View
        What the user sees.
    seconds : float or None
        Wall-clock limit from the first item on.
    """
    finished = False
    with stopping_on_signals() as stop, engine, _reader_may_leave(), view:
        began = time.monotonic()
        for item in engine:
            if isinstance(item, Publication):
                view.frame(item)
            elif isinstance(item, Event):
                view.event(item)
            elif isinstance(item, Tick):
                view.tick(item)
            if stop.asked or (seconds is not None and time.monotonic() - began >= seconds):
                break
        else:
            finished = True
    log.info("published %d frames, %d of them late", engine.frames, engine.late)
    return finished
