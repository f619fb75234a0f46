"""Mending a recording that was cut off: what is whole stays, what is missing is added.

Chunks that are sound are copied as they are, and streams without a footer get one.
The original is kept beside the mended file.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree

from . import xdf_format as encoding
from .errors import SourceError
from .outlets.files import cannot_write, check_writable
from .session import load_session, save_session, session_path
from .sources.xdf_chunks import XdfContents, read_contents

log = logging.getLogger(__name__)


@dataclass
class _Tally:
    """What a footer says of a stream."""

    format: str
    n_channels: int
    step: float
    first: float = math.nan
    last: float = math.nan
    count: int = 0
    offsets: list[tuple[float, float]] = field(default_factory=list)
    closed: bool = False


def recover_recording(path: Path) -> str:
    """Mend an XDF file in place; the original stays as ``NAME.xdf.damaged``.

    A session file beside it is told how many samples there are.

    Parameters
    ----------
    path : Path
        The recording.

    Returns
    -------
    str
        One sentence: what was kept, and what was lost.

    Raises
    ------
    SourceError
        If the file is missing or no stream's header is whole.
    OutletError
        If the mended file cannot be written.
    """
    if not path.is_file():
        raise SourceError(f"{path} does not exist, expected a recording (.xdf) to recover.")
    contents = read_contents(path)
    if not contents.streams:
        raise SourceError(
            f"{path} holds nothing to recover: it ends before the header of its first stream."
        )
    tallies = _tallies(path, contents)
    if not contents.problem and all(tally.closed for tally in tallies.values()):
        return f"{path} is whole: there is nothing to recover"
    damaged = path.with_name(path.name + ".damaged")
    check_writable(damaged, overwrite=False)
    _write(path, contents, tallies)
    _tell_session(path, tallies)
    kept = ", ".join(
        f"{stream.name} {tallies[stream.id].count}"
        for stream in contents.streams
        if stream.id in tallies
    )
    lost = contents.size - sum(stop - start for start, stop in contents.spans)
    return (
        f"recovered {path} (samples: {kept}); {max(lost - len(encoding.MAGIC), 0)} damaged bytes "
        f"were left out, the original is {damaged.name}"
    )


def _write(path: Path, contents: XdfContents, tallies: dict[int, _Tally]) -> None:
    unfinished, damaged = (path.with_name(path.name + end) for end in (".tmp", ".damaged"))
    try:
        with path.open("rb") as old, unfinished.open("wb") as new:
            new.write(encoding.MAGIC)
            for start, stop in contents.spans:
                old.seek(max(start, len(encoding.MAGIC)))
                _copy(old, new, stop - old.tell())
            new.write(encoding.boundary())
            for number, tally in tallies.items():
                if not tally.closed:
                    new.write(
                        encoding.stream_footer(
                            number, tally.first, tally.last, tally.count, tally.offsets
                        )
                    )
            new.flush()
            os.fsync(new.fileno())
        path.rename(damaged)
        unfinished.rename(path)
    except OSError as problem:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise cannot_write(path, problem) from problem


def _copy(old: BinaryIO, new: BinaryIO, length: int) -> None:
    while length > 0 and (piece := old.read(min(length, 2**20))):
        new.write(piece)
        length -= len(piece)


def _tell_session(path: Path, tallies: dict[int, _Tally]) -> None:
    file = session_path(path)
    if not file.is_file():
        return
    try:
        session = load_session(file)
    except SourceError as problem:
        log.warning("%s", problem)
        return
    streams = tuple(
        stream.model_copy(update={"samples": tallies[stream.id].count})
        if stream.id in tallies
        else stream
        for stream in session.streams
    )
    save_session(
        file,
        session.model_copy(update={"streams": streams, "ended": session.ended or "recovered"}),
    )


def _tallies(path: Path, contents: XdfContents) -> dict[int, _Tally]:
    tallies: dict[int, _Tally] = {}
    with path.open("rb") as file:
        for start, stop in contents.spans:
            file.seek(max(start, len(encoding.MAGIC)))
            for tag, body in _chunks(file, stop):
                _count(tallies, tag, body)
    return tallies


def _chunks(file: BinaryIO, stop: int) -> Iterator[tuple[int, memoryview]]:
    """Yield tag and content of the chunks up to a byte, which are known to be sound."""
    while file.tell() < stop:
        size = file.read(1)[0]
        body = memoryview(file.read(int.from_bytes(file.read(size), "little")))
        yield struct.unpack_from("<H", body)[0], body[2:]


def _count(tallies: dict[int, _Tally], tag: int, body: memoryview) -> None:
    if tag not in {
        encoding.STREAM_HEADER,
        encoding.SAMPLES,
        encoding.CLOCK_OFFSET,
        encoding.STREAM_FOOTER,
    }:
        return
    number, content = struct.unpack_from("<I", body)[0], body[4:]
    if tag == encoding.STREAM_HEADER:
        root = ElementTree.fromstring(bytes(content).decode("utf-8", "replace"))
        sfreq = float(root.findtext("nominal_srate") or 0)
        tallies[number] = _Tally(
            (root.findtext("channel_format") or "").strip(),
            int(root.findtext("channel_count") or 0),
            1.0 / sfreq if sfreq > 0 else 0.0,
        )
    elif tag == encoding.SAMPLES:
        _samples(tallies[number], content)
    elif tag == encoding.CLOCK_OFFSET:
        tallies[number].offsets.append(struct.unpack_from("<dd", content))
    else:
        tallies[number].closed = True


def _samples(tally: _Tally, content: memoryview) -> None:
    at = 1 + content[0]
    count = int.from_bytes(content[1:at], "little")
    row = tally.n_channels * encoding.item_bytes(tally.format)
    if row and len(content) == at + count * (9 + row) and count:
        # Every sample has its stamp: the last one can be reached at once.
        ends = (at, at + (count - 1) * (9 + row))
        first, last = (struct.unpack_from("<d", content, end + 1)[0] for end in ends)
        tally.first = first if tally.count == 0 else tally.first
        tally.last = last
        tally.count += count
        return
    for _ in range(count):
        stamped = content[at] == 8
        stamp = (
            struct.unpack_from("<d", content, at + 1)[0] if stamped else tally.last + tally.step
        )
        at += 9 if stamped else 1
        tally.first = stamp if tally.count == 0 else tally.first
        tally.last = stamp
        tally.count += 1
        at = at + row if row else _after_texts(content, at, tally.n_channels)


def _after_texts(content: memoryview, at: int, n_channels: int) -> int:
    for _ in range(n_channels):
        size = content[at]
        at += 1 + size + int.from_bytes(content[at + 1 : at + 1 + size], "little")
    return at
