"""An HDF5 file that grows row by row, for arrays of features."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..errors import OutletError
from .files import cannot_write, check_writable, partial_path

# Bytes of a column that are gathered before they are written.
BATCH_BYTES = 2**20
MOST_ROWS = 1024


@dataclass(frozen=True)
class Column:
    """An array with one entry a row.

    Attributes
    ----------
    name : str
        Of the data set.
    shape : tuple of int
        Of an entry.
    dtype : type
        Of the values in the file.
    unit : str
        Said beside the data set: unit and axes.
    """

    name: str
    shape: tuple[int, ...]
    dtype: type
    unit: str

    @property
    def row_bytes(self) -> int:
        """Bytes of one entry."""
        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.dtype).itemsize


class Hdf5File:
    """Rows of several columns, and what does not change beside them.

    Until it is closed the file is called ``NAME.partial``; only a whole one gets its name.
    Memory does not grow with its length.

    Parameters
    ----------
    path : Path
        Where the file goes.
    columns : sequence of Column
        What a row holds.
    constants : mapping
        Arrays or lists of texts by name.
    attributes : mapping
        Texts and numbers about the file.
    expected : int or None
        Rows that will come, where that is known: room for them is looked for.
    overwrite : bool
        Replace a file that exists.

    Raises
    ------
    OutletError
        If the place cannot be written, has no room, or the file exists.
    """

    def __init__(
        self,
        path: Path,
        columns: Sequence[Column],
        constants: Mapping[str, Sequence[str] | np.ndarray],
        attributes: Mapping[str, Any],
        expected: int | None = None,
        overwrite: bool = False,
    ) -> None:
        check_hdf5(path, overwrite)
        self._path, self._partial = path, partial_path(path)
        self._columns = tuple(columns)
        self._check_room(expected)
        self.rows = 0
        self._waiting: list[Mapping[str, Any]] = []
        largest = max(column.row_bytes for column in columns)
        self._batch = min(MOST_ROWS, max(1, BATCH_BYTES // max(largest, 1)))
        try:
            self._file = h5py.File(self._partial, "w")
        except OSError as problem:
            raise cannot_write(path, problem) from problem
        self._open = True
        try:
            self._describe(constants, attributes)
        except OSError as problem:
            self.discard()
            raise cannot_write(path, problem) from problem
        except BaseException:
            self.discard()
            raise

    def _check_room(self, expected: int | None) -> None:
        needed = (expected or 0) * sum(column.row_bytes for column in self._columns)
        free = shutil.disk_usage(self._path.parent).free
        if needed > free:
            raise OutletError(
                f"{self._path} would take {needed / 1e9:.1f} GB and only {free / 1e9:.1f} GB are "
                "free there; choose fewer --measures or channels, or another place."
            )

    def _describe(
        self, constants: Mapping[str, Sequence[str] | np.ndarray], attributes: Mapping[str, Any]
    ) -> None:
        for name, values in constants.items():
            self.keep(name, values)
        for name, value in attributes.items():
            self._file.attrs[name] = value
        for column in self._columns:
            chunk = min(MOST_ROWS, max(1, BATCH_BYTES // max(column.row_bytes, 1)))
            data = self._file.create_dataset(
                column.name,
                shape=(0, *column.shape),
                # A dimension of no length can be chunked only where it could grow.
                maxshape=(None, *(n or None for n in column.shape)),
                chunks=(chunk, *(max(n, 1) for n in column.shape)),
                dtype=column.dtype,
            )
            data.attrs["unit"] = column.unit

    def keep(self, name: str, values: Sequence[str] | np.ndarray) -> None:
        """Put an array or a list of texts beside the rows."""
        if isinstance(values, np.ndarray):
            self._file.create_dataset(name, data=values)
        else:
            self._file.create_dataset(name, data=list(values), dtype=h5py.string_dtype())

    def say(self, name: str, value: Any) -> None:
        """Put a text or number into the attributes of the file."""
        self._file.attrs[name] = value

    def write(self, row: Mapping[str, Any]) -> None:
        """Add a row: an entry for each column."""
        self._waiting.append(row)
        if len(self._waiting) >= self._batch:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        stop = self.rows + len(self._waiting)
        try:
            for column in self._columns:
                data = self._file[column.name]
                data.resize(stop, axis=0)
                if 0 not in column.shape:
                    data[self.rows : stop] = np.stack([row[column.name] for row in self._waiting])
        except OSError as problem:
            raise cannot_write(self._path, problem) from problem
        self.rows = stop
        self._waiting = []

    def close(self) -> None:
        """Write what is left and give the file its name; may be called twice."""
        if not self._open:
            return
        self._open = False
        try:
            self._flush()
            self._file.close()
            self._partial.replace(self._path)
        except OSError as problem:
            raise cannot_write(self._path, problem) from problem

    def discard(self) -> None:
        """Close without keeping anything."""
        if self._open:
            self._open = False
            self._file.close()
            self._partial.unlink(missing_ok=True)


def check_hdf5(path: Path, overwrite: bool = False) -> None:
    """Refuse a file that could not be opened, before anything else is waited for.

    Raises
    ------
    OutletError
        If the place cannot be written, the file exists, or its extension is another.
    """
    if path.suffix.lower() not in {".h5", ".hdf5"}:
        raise OutletError(
            f"Features cannot be written to {path}, expected the extension .h5 or .hdf5; rename "
            "the output."
        )
    check_writable(path, overwrite)
