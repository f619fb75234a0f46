"""Minimal XDF files written byte by byte, so that nothing but the format is trusted."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rtemotion.signal import FloatArray

SFREQ = 64.0
LABELS = ("Fp1", "Cz", "Pz")
_FORMATS = {"float32": "<f4", "double64": "<f8", "int32": "<i4", "int16": "<i2", "int8": "i1"}


def varlen(value: int) -> bytes:
    return b"\x01" + bytes([value]) if value < 256 else b"\x04" + struct.pack("<I", value)


def chunk(tag: int, body: bytes) -> bytes:
    return varlen(len(body) + 2) + struct.pack("<H", tag) + body


def file_header(start: str = "2026-03-01T10:00:00+0100") -> bytes:
    xml = f"<?xml version='1.0'?><info><version>1.0</version><datetime>{start}</datetime></info>"
    return b"XDF:" + chunk(1, xml.encode())


def stream_header(
    stream_id: int,
    name: str = "headset",
    kind: str = "EEG",
    count: int = 3,
    sfreq: float = SFREQ,
    fmt: str = "float32",
    unit: str = "microvolts",
    source_id: str = "one",
    simulated: bool = False,
) -> bytes:
    channels = "".join(
        f"<channel><label>{label}</label><unit>{unit}</unit><type>EEG</type>"
        f"<location><X>0</X><Y>{i + 1}0</Y><Z>90</Z></location></channel>"
        for i, label in enumerate(LABELS)
    )
    desc = f"<channels>{channels}</channels>" if kind == "EEG" else ""
    if simulated:
        desc += "<simulated>true</simulated>"
    xml = (
        f"<?xml version='1.0'?><info><name>{name}</name><type>{kind}</type>"
        f"<channel_count>{count}</channel_count><nominal_srate>{sfreq}</nominal_srate>"
        f"<channel_format>{fmt}</channel_format><source_id>{source_id}</source_id>"
        f"<hostname>lab</hostname><desc>{desc}</desc></info>"
    )
    return chunk(2, struct.pack("<I", stream_id) + xml.encode())


def samples(
    stream_id: int, stamps: Sequence[float | None], values: FloatArray, fmt: str = "float32"
) -> bytes:
    """Return one chunk; a stamp of None is left to be deduced."""
    body = struct.pack("<I", stream_id) + varlen(len(stamps))
    for stamp, row in zip(stamps, np.asarray(values), strict=True):
        body += b"\x00" if stamp is None else b"\x08" + struct.pack("<d", stamp)
        body += row.astype(_FORMATS[fmt]).tobytes()
    return chunk(3, body)


def texts(stream_id: int, stamps: Sequence[float], values: Sequence[str]) -> bytes:
    body = struct.pack("<I", stream_id) + varlen(len(stamps))
    for stamp, text in zip(stamps, values, strict=True):
        body += b"\x08" + struct.pack("<d", stamp) + varlen(len(text.encode())) + text.encode()
    return chunk(3, body)


def clock_offset(stream_id: int, time: float, value: float) -> bytes:
    return chunk(4, struct.pack("<Idd", stream_id, time, value))


def boundary() -> bytes:
    return chunk(5, bytes.fromhex("43A546DCCBF5410FB30ED5467383CBE4"))


def footer(stream_id: int, count: int) -> bytes:
    xml = f"<info><sample_count>{count}</sample_count></info>"
    return chunk(6, struct.pack("<I", stream_id) + xml.encode())


def values_of(n: int, seed: int = 3) -> FloatArray:
    return np.random.default_rng(seed).normal(0, 20, (n, 3)).astype(np.float32)


def write(path: Path, *parts: bytes) -> Path:
    path.write_bytes(b"".join(parts))
    return path


def write_session(path: Path, n: int = 400) -> Path:
    """Write EEG, markers from another computer, codes, and an empty stream.

    The EEG's clock is 100 s behind the recorder's, the markers' 50 s before it.
    """
    stamps = 1000.0 + np.arange(n) / SFREQ
    values = values_of(n)
    given: list[float | None] = [s if i % 50 == 0 else None for i, s in enumerate(stamps)]
    half = n // 2
    return write(
        path,
        file_header(),
        stream_header(1),
        stream_header(2, "events", "Markers", 1, 0.0, "string"),
        stream_header(3, "codes", "Markers", 1, 0.0, "int32"),
        stream_header(4, "empty", "EEG"),
        samples(1, given[:half], values[:half]),
        clock_offset(1, 1001.0, 100.0),
        clock_offset(2, 1151.0, -50.0),
        clock_offset(1, 1002.5, 100.001),
        texts(2, [1152.0, 1153.0], ["on", "off é"]),
        samples(3, [1103.5], np.array([[7]]), "int32"),
        samples(1, given[half:], values[half:]),
        *(footer(i, c) for i, c in ((1, n), (2, 2), (3, 1), (4, 0))),
    )
