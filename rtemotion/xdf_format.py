"""The XDF file format: its numbers and names, and how a chunk is written.

https://github.com/sccn/xdf/wiki/Specifications
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from .signal import FloatArray

MAGIC = b"XDF:"
BOUNDARY_ID = bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")
FILE_HEADER, STREAM_HEADER, SAMPLES, CLOCK_OFFSET, BOUNDARY, STREAM_FOOTER = 1, 2, 3, 4, 5, 6
TEXT = "string"
# Streams that our own recorder adds: what it notes, and what was decoded.
EVENTS, FRAMES = "rtemotion-events", "rtemotion-frames"
OURS = frozenset({EVENTS, FRAMES})
# What LSL calls a number's format, and what it is in the file.
DTYPES = {
    "float32": "<f4",
    "double64": "<f8",
    "int8": "<i1",
    "int16": "<i2",
    "int32": "<i4",
    "int64": "<i8",
}


def item_bytes(fmt: str) -> int:
    """Return how many bytes a number takes; 0 for texts."""
    return np.dtype(DTYPES[fmt]).itemsize if fmt in DTYPES else 0


def chunk(tag: int, *parts: bytes) -> bytes:
    """Return a chunk: its length, its tag, its content."""
    body = struct.pack("<H", tag) + b"".join(parts)
    return b"\x08" + struct.pack("<Q", len(body)) + body


def file_header(datetime: str) -> bytes:
    """Return the beginning of a file, with the moment it was begun (ISO 8601)."""
    root = ElementTree.Element("info")
    ElementTree.SubElement(root, "version").text = "1.0"
    ElementTree.SubElement(root, "datetime").text = datetime
    return MAGIC + chunk(FILE_HEADER, ElementTree.tostring(root, "utf-8", xml_declaration=True))


def stream_header(stream: int, xml: str) -> bytes:
    """Return the chunk that describes a stream by LSL's ``<info>`` document."""
    return chunk(STREAM_HEADER, struct.pack("<I", stream), xml.encode())


def boundary() -> bytes:
    """Return the chunk at which a reader of a damaged file finds its way again."""
    return chunk(BOUNDARY, BOUNDARY_ID)


def clock_offset(stream: int, remote_time: float, offset: float) -> bytes:
    """Return one measurement of the sender's clock against ours, both in seconds."""
    return chunk(CLOCK_OFFSET, struct.pack("<Idd", stream, remote_time, offset))


def numbers(stream: int, fmt: str, stamps: FloatArray, values: NDArray[np.generic]) -> bytes:
    """Return samples of numbers, every one with its stamp.

    Parameters
    ----------
    stream : int
        Number of the stream in the file.
    fmt : str
        One of `DTYPES`.
    stamps : array, shape (n_samples,)
        Seconds on the sender's clock.
    values : array, shape (n_samples, n_channels)
    """
    rows = np.empty(
        len(stamps),
        dtype=[("size", "u1"), ("stamp", "<f8"), ("values", DTYPES[fmt], values.shape[1:])],
    )
    rows["size"], rows["stamp"], rows["values"] = 8, stamps, values
    return chunk(SAMPLES, struct.pack("<IBI", stream, 4, len(rows)), rows.tobytes())


def texts(stream: int, stamps: Sequence[float], rows: Sequence[Sequence[str | bytes]]) -> bytes:
    """Return samples of strings, one row of channels a sample, every one with its stamp."""
    parts = [struct.pack("<IBI", stream, 4, len(rows))]
    for stamp, row in zip(stamps, rows, strict=True):
        parts.append(struct.pack("<Bd", 8, stamp))
        for text in row:
            encoded = text.encode() if isinstance(text, str) else text
            parts += [struct.pack("<BI", 4, len(encoded)), encoded]
    return chunk(SAMPLES, *parts)


def stream_footer(
    stream: int,
    first: float,
    last: float,
    count: int,
    offsets: Sequence[tuple[float, float]],
) -> bytes:
    """Return the chunk that closes a stream: its first and last stamp, count and offsets."""
    root = ElementTree.Element("info")
    ElementTree.SubElement(root, "first_timestamp").text = repr(first)
    ElementTree.SubElement(root, "last_timestamp").text = repr(last)
    ElementTree.SubElement(root, "sample_count").text = str(count)
    measured = ElementTree.SubElement(root, "clock_offsets")
    for time, value in offsets:
        node = ElementTree.SubElement(measured, "offset")
        ElementTree.SubElement(node, "time").text = repr(time)
        ElementTree.SubElement(node, "value").text = repr(value)
    content = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return chunk(STREAM_FOOTER, struct.pack("<I", stream), content)
