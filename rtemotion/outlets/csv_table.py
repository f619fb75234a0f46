"""Frames as CSV."""

from __future__ import annotations

import csv
import logging
import time
from pathlib import Path

from ..columns import Columns
from ..signal import Event, Publication
from .files import FLUSH_S, cannot_write

logger = logging.getLogger(__name__)


class CsvTable:
    """One row a frame, floats exact, NaN empty, on disk within a second."""

    def __init__(self, path: Path, columns: Columns) -> None:
        self._path, self._columns = path, columns
        self._closed = False
        self._flushed = time.monotonic()
        try:
            self._file = path.open("w", newline="", encoding="utf-8")
            self._writer = csv.writer(self._file, lineterminator="\n")
            self._writer.writerow(columns.names)
            self._file.flush()
        except OSError as problem:
            self._abandon()
            raise cannot_write(path, problem) from problem

    def publish(self, publication: Publication) -> None:
        """Write one frame.

        Raises
        ------
        OutletError
            If it cannot be written; what was written before stays.
        """
        # NaN is what differs from itself; the writer leaves None empty and floats exact.
        row = [None if value != value else value for value in self._columns.row(publication)]
        try:
            self._writer.writerow(row)
            if time.monotonic() - self._flushed >= FLUSH_S:
                self._flush()
        except OSError as problem:
            self._abandon()
            raise cannot_write(self._path, problem) from problem

    def event(self, event: Event) -> None:
        """Bring what was published to disk: after a lost stream nothing may follow.

        Raises
        ------
        OutletError
            If it cannot be written.
        """
        try:
            self._flush()
        except OSError as problem:
            self._abandon()
            raise cannot_write(self._path, problem) from problem

    def close(self) -> None:
        """Finish the file.

        Raises
        ------
        OutletError
            If the last rows cannot be written.
        """
        if self._closed:
            return
        self._closed = True
        try:
            self._file.close()
        except OSError as problem:
            raise cannot_write(self._path, problem) from problem

    def _flush(self) -> None:
        self._file.flush()
        self._flushed = time.monotonic()

    def _abandon(self) -> None:
        """Let go of a file that takes no more, without a second error."""
        self._closed = True
        if hasattr(self, "_file"):
            try:
                self._file.close()
            except OSError as problem:
                logger.debug("%s: rows in memory are lost: %s", self._path, problem)
