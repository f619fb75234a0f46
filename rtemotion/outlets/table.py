"""Frames as a table: CSV, or Parquet by way of a stream that survives a crash."""

from __future__ import annotations

import csv
import logging
import math
import os
import time
from collections.abc import Sequence
from pathlib import Path

from ..columns import Columns, Value
from ..errors import OutletError
from ..signal import Event, Outlet, Publication

logger = logging.getLogger(__name__)

FLUSH_S = 1.0


def open_table(
    path: str | Path, targets: Sequence[str], model: str, overwrite: bool = False
) -> Outlet:
    """Open a table for writing; the extension chooses CSV or Parquet.

    Columns are ``index``, ``time``, four a target (``joy``, ``joy_std``,
    ``joy_lower``, ``joy_upper``), ``quality``, ``trusted``, ``reasons``,
    ``sample_age``, ``late``, ``published`` and ``model``.

    Parameters
    ----------
    path : str or Path
        Ends in ``.csv`` or ``.parquet``.
    targets : sequence of str
        Names of the emotions, in the order of `EmotionFrame.mean`.
    model : str
        Identity of the model; a constant column, and metadata in Parquet.
    overwrite : bool
        Replace a table that exists.

    Raises
    ------
    OutletError
        If the place cannot be written, the table exists, the extension is
        another, or a target is named like a column.
    """
    path = Path(path)
    columns = Columns.of(targets, model)
    check_table(path, overwrite)
    if path.suffix.lower() == ".csv":
        return CsvTable(path, columns)
    from .parquet import ParquetTable

    return ParquetTable(path, columns)


def check_table(path: str | Path, overwrite: bool = False) -> None:
    """Refuse a table that could not be opened, before anything else is waited for.

    Raises
    ------
    OutletError
        As `open_table` would, but for its targets.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in {".csv", ".parquet"}:
        raise OutletError(
            f"a table cannot be written to {path} with the extension '{kind}', expected .csv or "
            ".parquet; rename the output."
        )
    check_writable(path, overwrite)
    if kind == ".parquet":
        check_writable(partial_path(path), overwrite)


def partial_path(path: Path) -> Path:
    """Return where the frames of a Parquet table are while it is written."""
    return path.with_name(path.name + ".partial")


def check_writable(path: Path, overwrite: bool) -> None:
    """Raise `OutletError` where a file cannot be made, before anything runs."""
    if path.is_dir():
        raise OutletError(f"{path} is a folder, expected a file; add a file name to it.")
    if not path.parent.is_dir():
        raise OutletError(
            f"{path} cannot be written since the folder {path.parent} does not exist; create it."
        )
    if path.exists() and not overwrite:
        hint = " or recover it with `rtemotion recover`" if path.suffix == ".partial" else ""
        raise OutletError(
            f"{path} already exists, expected a new file; choose another name{hint}, or replace "
            "it with --overwrite."
        )
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise OutletError(
            f"{path} cannot be written (permission denied), expected a place of your own; choose "
            "another."
        )


def cannot_write(path: Path, problem: OSError) -> OutletError:
    """Return the error for a write that failed, with what to do."""
    reason = problem.strerror or str(problem)
    return OutletError(
        f"{path} cannot be written ({reason}), expected room and permission there; free some "
        "space or choose another place. What was written before stays."
    )


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
        row = [_text(value) for value in self._columns.row(publication)]
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


def _text(value: Value) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return repr(value) if isinstance(value, float) else str(value)
