"""The chunks of an XDF file: what it holds, and how far it is sound.

pyxdf trusts the counts and lengths it reads; on a damaged file it would build
arrays of billions of samples or look for a place to go on at. So every chunk is
checked here first, and pyxdf is given the sound parts alone. After a damaged one
reading goes on at the next chunk that makes sense, or else at the next boundary
chunk, which recorders write for this purpose.
"""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree import ElementTree

from ..errors import SourceError
from ..xdf_format import (
    BOUNDARY,
    BOUNDARY_ID,
    CLOCK_OFFSET,
    DTYPES,
    FILE_HEADER,
    MAGIC,
    SAMPLES,
    STREAM_FOOTER,
    STREAM_HEADER,
    TEXT,
    item_bytes,
)

_SCAN_BYTES = 2**20
_OF_A_STREAM = {STREAM_HEADER, SAMPLES, CLOCK_OFFSET, STREAM_FOOTER}
_LENGTHS = {1: "<B", 4: "<I", 8: "<Q"}


@dataclass(frozen=True)
class XdfStream:
    """One stream of a file, as its header describes it.

    Attributes
    ----------
    id : int
        Number of the stream in the file.
    xml : str
        The ``<info>`` document of LSL.
    name, type, source_id, hostname, format : str
        As the document states them.
    count : int
        Number of channels.
    sfreq : float
        Nominal sampling rate in Hz, 0 when irregular.
    n_samples : int
        Samples in the sound parts of the file.
    """

    id: int
    xml: str
    name: str
    type: str
    source_id: str
    hostname: str
    format: str
    count: int
    sfreq: float
    n_samples: int = 0


@dataclass(frozen=True)
class XdfContents:
    """What a file holds.

    Attributes
    ----------
    streams : tuple of XdfStream
        In the order of the file.
    start_utc : str
        ISO 8601 start by the file's header, empty when it states none.
    sound : int
        Bytes from the start that are whole chunks.
    size : int
        Bytes of the file, unpacked if it is packed.
    problem : str
        What is wrong with the first chunk that is not sound; empty if all are.
    spans : tuple of (int, int)
        First byte and byte past the last of each run of sound chunks, in order; the
        first begins with the file. Joined they are a sound XDF file.
    """

    streams: tuple[XdfStream, ...]
    start_utc: str
    sound: int
    size: int
    problem: str
    spans: tuple[tuple[int, int], ...]

    @property
    def kept(self) -> int:
        """Bytes in all spans together."""
        return sum(stop - start for start, stop in self.spans)


class _UnsoundError(ValueError):
    """A chunk is cut off or contradicts itself."""


class _MisplacedError(_UnsoundError):
    """A chunk is whole but has no place here."""


def read_contents(path: Path) -> XdfContents:
    """Read headers and check every chunk of a file.

    Raises
    ------
    SourceError
        If the file is not XDF at all.
    """
    with open_xdf(path) as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        if file.read(len(MAGIC)) != MAGIC:
            raise SourceError(
                f"{path} does not begin as an XDF file does, expected 'XDF:' in its first bytes; "
                "check that it is the file that was recorded."
            )
        reader = _Reader(file, size)
        problem = ""
        while reader.at < size:
            try:
                reader.chunk()
            except _UnsoundError as unsound:
                problem = problem or str(unsound)
                if not reader.resume(isinstance(unsound, _MisplacedError)):
                    break
    spans = tuple(reader.spans)
    streams = tuple(reader.streams.values())
    return XdfContents(streams, reader.start_utc, spans[0][1], size, problem, spans)


def load_streams(path: Path, contents: XdfContents, ids: list[int]) -> dict[int, Any]:
    """Return pyxdf's streams by their id, with raw stamps, from the sound parts of a file.

    Raises
    ------
    SourceError
        If pyxdf cannot read them.
    """
    import numpy as np
    import pyxdf

    file = open_xdf(path)
    if contents.problem:
        with file:
            file = io.BytesIO(_joined(file, contents.spans))
    try:
        # A stream whose stamps are all the same has no effective rate, which nobody asks for.
        with file, np.errstate(all="ignore"):
            streams, _ = pyxdf.load_xdf(
                file,
                select_streams=ids,
                synchronize_clocks=False,
                dejitter_timestamps=False,
                handle_clock_resets=False,
            )
    except (
        *(OSError, ValueError, RuntimeError, TypeError, LookupError, AttributeError),
        *(EOFError, MemoryError, SyntaxError, ArithmeticError, struct.error),
    ) as problem:
        raise SourceError(
            f"{path} could not be read by pyxdf ({type(problem).__name__}: {problem}), expected "
            "an XDF file as LabRecorder writes it; copy it again from where it was recorded."
        ) from problem
    return {int(stream["info"]["stream_id"]): stream for stream in streams}


def open_xdf(path: Path) -> BinaryIO:
    """Open a file for reading, unpacked if it is an ``.xdfz``."""
    if path.suffix.lower() != ".xdfz":
        return path.open("rb")
    try:
        with gzip.open(path, "rb") as packed:
            return io.BytesIO(packed.read())
    except (OSError, EOFError, zlib.error) as problem:
        raise SourceError(
            f"{path} cannot be unpacked ({problem}), expected an XDF file packed with gzip; copy "
            "it again from where it was recorded."
        ) from problem


def _joined(file: BinaryIO, spans: Sequence[tuple[int, int]]) -> bytes:
    parts = []
    for start, stop in spans:
        file.seek(start)
        parts.append(file.read(stop - start))
    return b"".join(parts)


class _Reader:
    """Walks through the chunks of a file; `spans` of it are whole chunks, `at` is the next."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self.at = self._end = len(MAGIC)
        self.spans: list[tuple[int, int]] = [(0, self.at)]
        self.streams: dict[int, XdfStream] = {}
        self.start_utc = ""

    def chunk(self) -> None:
        """Read one chunk and move `at` past it, or raise `_UnsoundError`."""
        self._file.seek(self.at)
        self._end = self.at
        head = self._file.read(9)
        length, skip = _length(head, 0)
        if length < 2 or self.at + skip + length > self._size:
            raise _UnsoundError("it is cut off")
        self._end = self.at + skip + length
        body = head[skip:] + self._file.read(max(0, length - len(head) + skip))
        self._take(memoryview(body)[:length])
        start, stop = self.spans[-1]
        if stop == self.at:
            self.spans[-1] = (start, self._end)
        else:
            self.spans.append((self.at, self._end))
        self.at = self._end

    def resume(self, whole: bool) -> bool:
        """Move `at` past a chunk that is not sound; return False when nothing follows.

        Parameters
        ----------
        whole : bool
            Whether its length is beyond doubt.
        """
        if self._end > self.at and (whole or self._begins_chunk(self._end)):
            self.at = self._end
            return self.at < self._size
        position, before = self.at + 1, b""
        while position < self._size:
            self._file.seek(position)
            found = before + self._file.read(_SCAN_BYTES)
            where = found.find(BOUNDARY_ID)
            if where >= 0:
                self.at = position - len(before) + where + len(BOUNDARY_ID)
                return self.at < self._size
            position += len(found) - len(before)
            before = found[-len(BOUNDARY_ID) + 1 :]
        return False

    def _begins_chunk(self, position: int) -> bool:
        self._file.seek(position)
        head = self._file.read(15)
        if not head:
            return position == self._size
        try:
            length, skip = _length(head, 0)
        except _UnsoundError:
            return False
        fields = head[skip:]
        if length < 6 or position + skip + length > self._size or len(fields) < 6:
            return False
        tag, stream_id = struct.unpack_from("<HI", fields)
        return tag == BOUNDARY or (tag in _OF_A_STREAM and stream_id in self.streams)

    def _take(self, body: memoryview) -> None:
        tag = struct.unpack_from("<H", body)[0]
        if tag == FILE_HEADER:
            self.start_utc = (_xml(bytes(body[2:])).findtext("datetime") or "").strip()
        if tag not in _OF_A_STREAM:
            return
        if len(body) < 6:
            raise _UnsoundError("it is too short")
        stream_id, rest = struct.unpack_from("<I", body, 2)[0], body[6:]
        if tag == STREAM_HEADER:
            if stream_id in self.streams:
                raise _MisplacedError(f"it describes stream {stream_id} a second time")
            self.streams[stream_id] = _stream(stream_id, bytes(rest))
            return
        if stream_id not in self.streams:
            raise _MisplacedError(f"it belongs to a stream {stream_id} that has no header")
        if tag == SAMPLES:
            self._samples(stream_id, rest)
        elif tag == STREAM_FOOTER:
            _xml(bytes(rest))
        elif len(rest) != 16:
            raise _UnsoundError(f"a clock offset has {len(rest)} bytes")

    def _samples(self, stream_id: int, body: memoryview) -> None:
        stream = self.streams[stream_id]
        if stream.format == TEXT:
            count = _count_texts(body, stream.count)
        elif stream.format in DTYPES:
            count = _count_rows(body, stream.count * item_bytes(stream.format))
        else:
            return
        self.streams[stream_id] = replace(stream, n_samples=stream.n_samples + count)


def _length(body: bytes | memoryview, at: int) -> tuple[int, int]:
    """Return a length of variable size, and where what follows it begins."""
    size = body[at] if at < len(body) else 0
    if size not in _LENGTHS or at + 1 + size > len(body):
        raise _UnsoundError("a length is cut off or damaged")
    return struct.unpack_from(_LENGTHS[size], body, at + 1)[0], at + 1 + size


def _after_stamp(body: memoryview, at: int) -> int:
    if at >= len(body) or body[at] not in {0, 8}:
        raise _UnsoundError("its samples are damaged")
    return at + 1 + body[at]


def _count_rows(body: memoryview, row_bytes: int) -> int:
    count, at = _length(body, 0)
    for _ in range(count):
        at = _after_stamp(body, at) + row_bytes
    if at != len(body):
        raise _UnsoundError("its samples are damaged")
    return count


def _count_texts(body: memoryview, n_channels: int) -> int:
    count, at = _length(body, 0)
    for _ in range(count):
        at = _after_stamp(body, at)
        for _ in range(n_channels):
            size, at = _length(body, at)
            at += size
    if at != len(body):
        raise _UnsoundError("its texts are damaged")
    return count


def _xml(text: bytes) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(text.decode("utf-8", "replace"))
    except (ElementTree.ParseError, ValueError) as problem:
        raise _UnsoundError(f"its description is not XML ({problem})") from problem


def _stream(stream_id: int, text: bytes) -> XdfStream:
    root = _xml(text)

    def said(tag: str) -> str:
        return (root.findtext(tag) or "").strip()

    try:
        count, sfreq = int(said("channel_count")), float(said("nominal_srate") or 0)
    except ValueError as problem:
        raise _UnsoundError(f"the header of stream {stream_id} is wrong ({problem})") from None
    if root.tag != "info" or count < 1 or not (math.isfinite(sfreq) and sfreq >= 0):
        raise _UnsoundError(f"the header of stream {stream_id} has {count} channels at {sfreq} Hz")
    return XdfStream(
        id=stream_id,
        xml=text.decode("utf-8", "replace"),
        name=said("name"),
        type=said("type"),
        source_id=said("source_id"),
        hostname=said("hostname"),
        format=said("channel_format"),
        count=count,
        sfreq=sfreq,
    )
