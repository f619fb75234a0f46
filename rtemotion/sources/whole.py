"""Telling a recording that was cut off from a whole one, format by format.

EDF and BDF say how long they are and are checked with their header.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

from ..errors import SourceError

_TAG = struct.Struct(">iiii")
_LAST_TAG = -1
_ITEM_BYTES = {"INT_16": 2, "UINT_16": 2, "INT_32": 4, "IEEE_FLOAT_32": 4, "IEEE_FLOAT_64": 8}


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
        for part in raw.filenames:
            _check_fif(Path(part))
    elif kind == ".vhdr":
        _check_brainvision(path, Path(raw.filenames[0]))
    elif kind == ".set":
        _check_eeglab(Path(raw.filenames[0]), len(raw.ch_names), raw.n_times)


def _cut_off(path: Path, why: str) -> SourceError:
    return SourceError(f"{path} is cut off: {why}; copy it again from where it was recorded.")


def _check_fif(path: Path) -> None:
    """Follow the tags: a whole file ends with one that says it is the last."""
    size = path.stat().st_size
    with path.open("rb") as file:
        position = 0
        while True:
            file.seek(position)
            head = file.read(_TAG.size)
            if len(head) < _TAG.size:
                raise _cut_off(path, "its closing tag is missing")
            _, _, n_bytes, following = _TAG.unpack(head)
            end = position + _TAG.size + max(n_bytes, 0)
            if end > size:
                raise _cut_off(path, f"a block needs {end} bytes and the file has {size}")
            if following == _LAST_TAG:
                return
            position = following if following > 0 else end


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
