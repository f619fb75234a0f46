"""Telling a recording that was cut off from a whole one, format by format.

EDF and BDF say how long they are and are checked with their header.
"""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from io import BufferedIOBase
from pathlib import Path
from typing import Any

from ..errors import SourceError
from .mat_check import check_mat

_TAG = struct.Struct(">iiii")
_LAST_TAG, _FILE_ID = -1, 100
# A file that was edited may point back a few times; a damaged one forever.
_MOST_TURNS = 64
_ITEM_BYTES = {"INT_16": 2, "UINT_16": 2, "INT_32": 4, "IEEE_FLOAT_32": 4, "IEEE_FLOAT_64": 8}


def check_structure(path: Path, kind: str) -> None:
    """Raise `SourceError` when a file would lead its reader astray.

    Parameters
    ----------
    path : Path
        The file that was asked for.
    kind : str
        Its extension.
    """
    if kind in {".fif", ".fif.gz"}:
        _check_fif(path)
    elif kind == ".set":
        check_mat(path)


def check_whole(path: Path, kind: str, raw: Any) -> None:
    """Raise `SourceError` when a file's data end before they should.

    Parameters
    ----------
    path : Path
        The file that was asked for.
    kind : str
        Its extension.
    raw : mne.io.BaseRaw
        What MNE made of it.
    """
    if kind == ".fif":
        for part in raw.filenames[1:]:
            _check_fif(Path(part))
    elif kind == ".vhdr":
        _check_brainvision(path, Path(raw.filenames[0]))
    elif kind == ".set":
        _check_eeglab(Path(raw.filenames[0]), len(raw.ch_names), raw.n_times)


def _cut_off(path: Path, why: str) -> SourceError:
    return SourceError(f"{path} is cut off: {why}; copy it again from where it was recorded.")


def _check_fif(path: Path) -> None:
    """Follow the tags: a whole file ends with one that says it is the last."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            _follow_tags(path, file)
    except (OSError, EOFError, zlib.error) as problem:
        raise SourceError(
            f"{path} could not be read ({problem}), expected a FIF file; copy it again from where "
            "it was recorded."
        ) from problem


def _follow_tags(path: Path, file: BufferedIOBase) -> None:
    size = file.seek(0, 2)
    position, turns = 0, 0
    while turns <= _MOST_TURNS:
        file.seek(position)
        head = file.read(_TAG.size)
        if len(head) < _TAG.size:
            raise _cut_off(path, "its closing tag is missing")
        kind, _, n_bytes, following = _TAG.unpack(head)
        if position == 0 and kind != _FILE_ID:
            raise SourceError(
                f"{path} is not FIF inside, whatever its name says; expected a file that starts "
                "with its identity. Check that it is the right file and was copied whole."
            )
        end = position + _TAG.size + max(n_bytes, 0)
        if end > size:
            raise _cut_off(path, f"a block needs {end} bytes and the file has {size}")
        if following == _LAST_TAG:
            return
        turns += 0 < following <= position
        position = following if following > 0 else end
    raise SourceError(
        f"{path} is damaged: its tags lead in a circle, expected one that is the last; copy it "
        "again from where it was recorded."
    )


def _check_brainvision(path: Path, data: Path) -> None:
    text = path.read_text(encoding="latin-1")
    fields = dict(re.findall(r"^(\w+)\s*=\s*([^\r\n]*?)\s*$", text, re.MULTILINE))
    item = _ITEM_BYTES.get(fields.get("BinaryFormat", ""))
    if item is None or not fields.get("NumberOfChannels", "").isdigit():
        return
    row = item * int(fields["NumberOfChannels"])
    size = data.stat().st_size
    if size % row:
        raise _cut_off(data, f"its {size} bytes are no whole number of {row}-byte samples")
    points = fields.get("DataPoints", "")
    if points.isdigit() and size < row * int(points):
        raise _cut_off(data, f"{path.name} announces {points} samples, {size // row} are there")


def _check_eeglab(data: Path, n_channels: int, n_times: int) -> None:
    if data.suffix.lower() != ".fdt":
        return
    size, wanted = data.stat().st_size, 4 * n_channels * n_times
    if size < wanted:
        raise _cut_off(data, f"it has {size} bytes and its .set announces {wanted}")
