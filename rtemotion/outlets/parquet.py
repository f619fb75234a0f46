"""Parquet that survives a crash.

A Parquet file cannot be read until its footer is written, so frames go to an
Arrow stream beside it, brought to disk every second, and become Parquet at close.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..columns import Columns, Value
from ..errors import OutletError
from ..signal import Event, Publication
from .files import FLUSH_S, cannot_write, check_writable, partial_path

logger = logging.getLogger(__name__)

_ROWS_A_BATCH = 1024
_ROWS_A_GROUP = 65536
_TYPES = {
    "index": pa.int64(),
    "trusted": pa.bool_(),
    "reasons": pa.string(),
    "late": pa.bool_(),
    "model": pa.string(),
}


def schema_of(columns: Columns) -> Any:
    """Return the Arrow schema, with the model's identity in its metadata."""
    return pa.schema(
        [pa.field(name, _TYPES.get(name, pa.float64())) for name in columns.names],
        metadata={"model": columns.model, "targets": json.dumps(columns.targets)},
    )


class ParquetTable:
    """One row a frame, on disk within a second, Parquet once closed."""

    def __init__(self, path: Path, columns: Columns) -> None:
        self._path, self._columns = path, columns
        self._partial = partial_path(path)
        self._schema = schema_of(columns)
        self._rows: list[list[Value]] = []
        self._flushed = time.monotonic()
        self._closed = False
        try:
            # Unbuffered: what is written is with the system, and survives kill -9.
            self._file: IO[bytes] = self._partial.open("wb", buffering=0)
        except OSError as problem:
            raise cannot_write(self._partial, problem) from problem
        try:
            self._writer = pa.ipc.new_stream(self._file, self._schema)
        except OSError as problem:
            self._file.close()
            raise cannot_write(self._partial, problem) from problem

    def publish(self, publication: Publication) -> None:
        """Take one frame; it is on disk within a second of the next one.

        Raises
        ------
        OutletError
            If it cannot be written; what was written before stays.
        """
        self._rows.append(self._columns.row(publication))
        due = time.monotonic() - self._flushed >= FLUSH_S
        if due or len(self._rows) >= _ROWS_A_BATCH:
            self._flush()

    def event(self, event: Event) -> None:
        """Bring what was published to disk: after a lost stream nothing may follow.

        Raises
        ------
        OutletError
            If it cannot be written.
        """
        self._flush()

    def close(self) -> None:
        """Turn the stream into Parquet; on any failure the stream stays.

        Raises
        ------
        OutletError
            If the last rows or the Parquet file cannot be written.
        """
        if self._closed:
            return
        try:
            self._flush()
            self._writer.close()
        except OSError as problem:
            raise cannot_write(self._partial, problem) from problem
        finally:
            self._closed = True
            self._file.close()
        convert(self._partial, self._path)
        self._partial.unlink()

    def _flush(self) -> None:
        self._flushed = time.monotonic()
        if not self._rows:
            return
        columns = zip(*self._rows, strict=True)
        arrays = [
            pa.array(column, type=field.type)
            for column, field in zip(columns, self._schema, strict=True)
        ]
        try:
            self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        except OSError as problem:
            self._closed = True
            self._file.close()
            raise cannot_write(self._partial, problem) from problem
        self._rows.clear()


def recover_table(partial: str | Path, overwrite: bool = False) -> Path:
    """Turn what a killed run left behind into Parquet, up to the last whole batch.

    Parameters
    ----------
    partial : str or Path
        The ``.parquet.partial`` file; it is kept with ``.damaged`` added.
    overwrite : bool
        Replace a Parquet file that exists.

    Returns
    -------
    Path
        The Parquet file.

    Raises
    ------
    OutletError
        If it is not such a file, nothing in it is whole, or the place of the
        Parquet file cannot be written.
    """
    partial = Path(partial)
    if not partial.name.endswith(".parquet.partial") or not partial.is_file():
        raise OutletError(
            f"{partial} cannot be recovered, expected an existing file that ends in "
            ".parquet.partial; name the one beside your output."
        )
    path = partial.with_name(partial.name.removesuffix(".partial"))
    check_writable(path, overwrite)
    convert(partial, path)
    partial.rename(partial.with_name(partial.name + ".damaged"))
    return path


def convert(partial: Path, path: Path) -> None:
    """Copy an Arrow stream, cut off or not, to Parquet, a row group at a time."""
    unfinished = path.with_name(path.name + ".tmp")
    try:
        with partial.open("rb") as file:
            reader = _open_stream(partial, file)
            with pq.ParquetWriter(unfinished, reader.schema) as writer:
                for table in _groups(reader, partial):
                    writer.write_table(table)
        unfinished.replace(path)
    except OSError as problem:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise cannot_write(path, problem) from problem


def _open_stream(partial: Path, file: IO[bytes]) -> Any:
    try:
        return pa.ipc.open_stream(file)
    except (pa.ArrowInvalid, OSError) as problem:
        raise OutletError(
            f"{partial} holds nothing to recover ({problem}), expected an Arrow stream with its "
            "beginning whole; the run ended before its first frame was written."
        ) from problem


def _groups(reader: Any, partial: Path) -> Iterator[Any]:
    """Yield tables of many batches, since a batch is only a second of frames."""
    batches: list[Any] = []
    rows = 0
    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            break
        except (pa.ArrowInvalid, OSError) as problem:
            logger.warning("%s ends in the middle of a batch: %s", partial, problem)
            break
        batches.append(batch)
        rows += batch.num_rows
        if rows >= _ROWS_A_GROUP:
            yield pa.Table.from_batches(batches)
            batches, rows = [], 0
    yield pa.Table.from_batches(batches, reader.schema)
