"""Opening a table of frames: CSV, or Parquet by way of a stream that survives a crash."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..columns import Columns
from ..errors import OutletError
from ..signal import Outlet
from .csv_table import CsvTable
from .files import check_writable, partial_path


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
