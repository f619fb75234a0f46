"""The networks of emotions as a CSV table, written when a run ends."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ..errors import OutletError
from ..signal import Event, Publication
from .files import cannot_write, check_writable

COLUMNS = ("emotion", "measure", "band", "first", "second", "value")


def check_networks(path: Path, overwrite: bool) -> None:
    """Raise `OutletError` where the table could not be written."""
    if path.suffix.lower() != ".csv":
        raise OutletError(
            f"{path} has the extension '{path.suffix}', expected .csv for networks; rename it."
        )
    check_writable(path, overwrite)


class NetworksTable:
    """Writes what was learnt of every emotion's network, when it is closed.

    Parameters
    ----------
    path : Path
        A CSV file.
    rows : callable
        Returns the rows as mappings with the keys `COLUMNS`; asked once, at the end.
    model : str
        Identity of the model whose outputs they are the networks of; on every row.
    overwrite : bool
        Replace a file that exists.

    Raises
    ------
    OutletError
        When it cannot be written.
    """

    def __init__(
        self,
        path: Path,
        rows: Callable[[], Iterable[Mapping[str, str | float]]],
        model: str,
        overwrite: bool = False,
    ) -> None:
        check_networks(path, overwrite)
        self.path = path
        self._rows = rows
        self._model = model
        self._closed = False

    def publish(self, publication: Publication) -> None:
        """Do nothing: networks follow from inputs and outputs, seen elsewhere."""

    def event(self, event: Event) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Write the table; may be called twice."""
        if self._closed:
            return
        self._closed = True
        partial = self.path.with_name(self.path.name + ".partial")
        try:
            with partial.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, (*COLUMNS, "model"))
                writer.writeheader()
                writer.writerows({**row, "model": self._model} for row in self._rows())
            partial.replace(self.path)
        except OSError as problem:
            raise cannot_write(self.path, problem) from problem
