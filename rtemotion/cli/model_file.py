"""Where a command may write a model file."""

from __future__ import annotations

from pathlib import Path

from ..errors import OutletError


def check_model_file(out: Path, overwrite: bool) -> None:
    """Refuse before any work a place that a model file could not be written to after it.

    Raises
    ------
    OutletError
        When it is no ``.onnx``, exists, or has no folder.
    """
    if out.suffix != ".onnx":
        raise OutletError(f"{out} is no model file to write; name one that ends in .onnx.")
    if out.exists() and not overwrite:
        raise OutletError(f"{out} exists; name another file, or replace it with --overwrite.")
    if not out.absolute().parent.is_dir():
        raise OutletError(f"{out} cannot be written: there is no folder {out.parent}.")
