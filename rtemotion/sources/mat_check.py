"""Checking a MATLAB file's structure before anything believes its counts.

EEGLAB keeps its sets in MAT files of level 5. Their reader in scipy trusts sizes to
the point of ending the process, so every element is first followed here and has to
lie inside the one around it. Source of the layout: "MAT-File Format", MathWorks.
"""

from __future__ import annotations

import importlib.util
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, Protocol

from ..errors import SourceError

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _OBJECT, _CHAR, _SPARSE, _FIRST_NUMBER, _LAST_NUMBER = 1, 2, 3, 4, 5, 6, 15
_ITEM_BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8, 16: 1, 17: 2, 18: 4}
_COMPLEX = 0x0800
_MOST_DIMENSIONS, _DEEPEST = 32, 40
_BLOCK = 2**18


class _DamagedError(ValueError):
    """An element does not fit where it is."""


class _Stream(Protocol):
    def take(self, n_bytes: int) -> bytes:
        """Return so many bytes, or raise `_DamagedError`."""

    def skip(self, n_bytes: int) -> None:
        """Pass over so many bytes, or raise `_DamagedError`."""


class _Plain:
    """The bytes of a file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size

    def take(self, n_bytes: int) -> bytes:
        if self._file.tell() + n_bytes > self._size:
            raise _DamagedError("it is cut off")
        return self._file.read(n_bytes)

    def skip(self, n_bytes: int) -> None:
        if self._file.tell() + n_bytes > self._size:
            raise _DamagedError("it is cut off")
        self._file.seek(n_bytes, 1)


class _Inflated:
    """What so many bytes of a file hold, unpacked on the way."""

    def __init__(self, file: _Plain, n_bytes: int) -> None:
        self._file, self._left = file, n_bytes
        self._inflate = zlib.decompressobj()
        self._ready = b""

    def take(self, n_bytes: int) -> bytes:
        while len(self._ready) < n_bytes:
            if not self._more():
                raise _DamagedError("it is cut off")
        out, self._ready = self._ready[:n_bytes], self._ready[n_bytes:]
        return out

    def skip(self, n_bytes: int) -> None:
        while len(self._ready) < n_bytes:
            n_bytes -= len(self._ready)
            self._ready = b""
            if not self._more():
                raise _DamagedError("it is cut off")
        self._ready = self._ready[n_bytes:]

    def finish(self) -> None:
        """Unpack the rest, so that its checksum is looked at."""
        while self._more():
            self._ready = b""
        if not self._inflate.eof:
            raise _DamagedError("it is cut off")

    def _more(self) -> bool:
        """Unpack one block more; return False at the end."""
        waiting = self._inflate.unconsumed_tail
        if not waiting:
            n_bytes = min(self._left, _BLOCK)
            self._left -= n_bytes
            waiting = self._file.take(n_bytes)
        if not waiting or self._inflate.eof:
            return False
        try:
            self._ready += self._inflate.decompress(waiting, _BLOCK)
        except zlib.error as problem:
            raise _DamagedError(f"it cannot be unpacked: {problem}") from None
        return True


def check_mat(path: Path) -> None:
    """Raise `SourceError` unless a file is a whole MAT file of level 5."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        header = file.read(_HEADER)
        order = {b"IM": "<", b"MI": ">"}.get(header[126:128])
        newer = header[:4] == b"\x89HDF" or b"MATLAB 7.3" in header[:116]
        if newer and importlib.util.find_spec("pymatreader") is None:
            raise SourceError(
                f"{path} is a MATLAB 7.3 file (HDF5), expected one of level 5; save it again from "
                "EEGLAB without the option for files over 2 GB, or install pymatreader."
            )
        if newer:
            return
        if order is None:
            raise SourceError(
                f"{path} could not be read: it is no MATLAB file inside, expected a set that "
                "EEGLAB saved. Check that it is the right file and was copied whole."
            )
        try:
            plain = _Plain(file, size)
            while file.tell() < size:
                _Checker(order).top(plain)
        except (_DamagedError, struct.error) as problem:
            raise SourceError(
                f"{path} could not be read: the MATLAB data in it are damaged ({problem}); copy "
                "it again from where it was recorded."
            ) from None


class _Checker:
    """Follows elements in one byte order."""

    def __init__(self, order: str) -> None:
        self._order = order

    def top(self, plain: _Plain) -> None:
        """Follow one variable."""
        kind, n_bytes, _ = self._tag(plain)
        if kind == _COMPRESSED:
            inner = _Inflated(plain, n_bytes)
            kind, n_bytes, _ = self._tag(inner)
            self._variable(inner, kind, n_bytes)
            inner.finish()
        else:
            self._variable(plain, kind, n_bytes)

    def _variable(self, stream: _Stream, kind: int, n_bytes: int) -> None:
        if kind != _MATRIX:
            raise _DamagedError(f"an element of kind {kind} is no variable")
        self._matrix(stream, n_bytes, 0)

    def _tag(self, stream: _Stream) -> tuple[int, int, bytes | None]:
        """Return kind and length, and the value where it is in the tag itself."""
        head = stream.take(8)
        first, second = struct.unpack(self._order + "II", head)
        if first >> 16:
            kind, n_bytes = first & 0xFFFF, first >> 16
            if n_bytes > 4:
                raise _DamagedError("a short element is too long")
            return kind, n_bytes, head[4 : 4 + n_bytes]
        return first, second, None

    def _value(self, stream: _Stream, left: int, keep: bool) -> tuple[int, int, bytes, int]:
        """Read an element; return its kind, its length, its bytes if kept, and what is left."""
        kind, n_bytes, short = self._tag(stream)
        left -= 8
        if kind not in _ITEM_BYTES:
            raise _DamagedError(f"there are no data of kind {kind}")
        if short is not None:
            return kind, n_bytes, short, left
        padded = -(-n_bytes // 8) * 8
        if padded > left:
            raise _DamagedError("an element is longer than the one around it")
        if keep:
            return kind, n_bytes, stream.take(padded)[:n_bytes], left - padded
        stream.skip(padded)
        return kind, n_bytes, b"", left - padded

    def _matrix(self, stream: _Stream, n_bytes: int, depth: int) -> None:
        if n_bytes == 0:
            return
        if depth > _DEEPEST:
            raise _DamagedError("it is nested too deep")
        _, length, flags, left = self._value(stream, n_bytes, keep=True)
        if length != 8:
            raise _DamagedError("a matrix has no flags")
        flag = struct.unpack(self._order + "I", flags[:4])[0]
        kind = flag & 0xFF
        if _CELL <= kind <= _LAST_NUMBER:
            _, length, raw, left = self._value(stream, left, keep=True)
            if length % 4 or not 2 <= length // 4 <= _MOST_DIMENSIONS:
                raise _DamagedError("a matrix has no dimensions")
            shape = struct.unpack(f"{self._order}{length // 4}i", raw)
            if min(shape) < 0:
                raise _DamagedError("a matrix has a negative dimension")
            *_, left = self._value(stream, left, keep=False)
            left = self._content(stream, kind, flag, math.prod(shape), left, depth)
        if left < 0:
            raise _DamagedError("an element is longer than the one around it")
        stream.skip(left)

    def _content(
        self, stream: _Stream, kind: int, flag: int, count: int, left: int, depth: int
    ) -> int:
        if kind == _CELL:
            return self._matrices(stream, count, left, depth)
        if kind in {_STRUCT, _OBJECT}:
            if kind == _OBJECT:
                *_, left = self._value(stream, left, keep=False)
            _, _, raw, left = self._value(stream, left, keep=True)
            width = struct.unpack(self._order + "i", raw)[0]
            _, length, _, left = self._value(stream, left, keep=False)
            if width < 1 or length % width:
                raise _DamagedError("a structure has damaged field names")
            return self._matrices(stream, count * (length // width), left, depth)
        n_parts = 1 + (flag & _COMPLEX != 0) + 2 * (kind == _SPARSE)
        for _ in range(n_parts):
            data, length, _, left = self._value(stream, left, keep=False)
            numeric = _FIRST_NUMBER <= kind <= _LAST_NUMBER
            if numeric and length != count * _ITEM_BYTES[data]:
                raise _DamagedError(f"{count} numbers have {length} bytes")
            if kind == _CHAR and length and length > 4 * count:
                raise _DamagedError(f"{count} characters have {length} bytes")
        return left

    def _matrices(self, stream: _Stream, count: int, left: int, depth: int) -> int:
        if count > left // 8:
            raise _DamagedError(f"there is no room for {count} elements")
        for _ in range(count):
            kind, n_bytes, short = self._tag(stream)
            left -= 8
            if kind != _MATRIX or short is not None or n_bytes > left:
                raise _DamagedError("an element is no matrix")
            self._matrix(stream, n_bytes, depth + 1)
            left -= n_bytes
        return left
