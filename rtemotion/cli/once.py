"""Warnings of work on many recordings: each is printed once, however often they are opened."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class _Once(logging.Filter):
    """Lets a message of a handler pass the first time."""

    def __init__(self) -> None:
        super().__init__()
        self._said: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        first = text not in self._said
        self._said.add(text)
        return first


@contextmanager
def warnings_once() -> Iterator[None]:
    """Print each warning once meanwhile; the log file keeps them all."""
    log = logging.getLogger("rtemotion")
    printing = [h for h in log.handlers if not isinstance(h, logging.FileHandler)]
    filters = [(handler, _Once()) for handler in printing]
    for handler, once in filters:
        handler.addFilter(once)
    try:
        yield
    finally:
        for handler, once in filters:
            handler.removeFilter(once)
