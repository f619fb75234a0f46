"""What every table does with its file: look before it writes, and say what went wrong."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import OutletError

# Seconds after which what was published is on disk.
FLUSH_S = 1.0


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
