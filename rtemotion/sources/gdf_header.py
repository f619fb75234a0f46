"""What a GDF header and its event table say that MNE overlooks.

MNE takes volts and nanovolts for plain numbers, mistakes the duration of a record
in files of version 2.21 and later, and counts events at the rate of the signals
even where the table states another. Source of the layout: A. Schlögl, "GDF - A
general data format for biomedical signals", version 2.51, and BioSig.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..errors import SourceError
from .segments import Annotation

_FIXED = 256
# Bytes of a sample by its type; types not listed are 24-bit and wider than MNE reads.
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 8, 8: 8, 16: 4, 17: 8}
_VOLT, _PREFIXES = 4256, {0: "V", 18: "mV", 19: "uV", 20: "nV"}
_DIMENSIONLESS = {0, 512}
_MOST_SIGNALS = 4096
# From here on the duration of a record is one float64 instead of a fraction.
_FLOAT_DURATION = 2.21
_SPARSE, _END = 0x7FFF, 0x8000


@dataclass(frozen=True)
class GdfHeader:
    """The fields of a header this program acts on.

    Attributes
    ----------
    version : float
        Of the format, 1.x or 2.x.
    n_bytes : int
        Length of the header.
    n_records : int
        Number of data records.
    record_s : float
        Duration of one record in seconds.
    labels, dimensions : tuple of str
        One a signal.
    samples : tuple of int
        Samples of each signal in one record.
    record_bytes : int
        Length of one data record.
    events : tuple of Annotation
        The event table; a description is the event's code as a number.
    """

    version: float
    n_bytes: int
    n_records: int
    record_s: float
    labels: tuple[str, ...]
    dimensions: tuple[str, ...]
    samples: tuple[int, ...]
    record_bytes: int
    events: tuple[Annotation, ...] = ()

    @property
    def signals(self) -> tuple[int, ...]:
        """Positions of the signals."""
        return tuple(range(len(self.labels)))


def read_gdf_header(path: Path) -> GdfHeader:
    """Read and check the header of a GDF file.

    Raises
    ------
    SourceError
        If the file is no GDF, was not closed, is cut off, or mixes types of samples.
    """
    with path.open("rb") as file:
        fixed = file.read(_FIXED)
        try:
            header = _parse(path, fixed, file)
        except (ValueError, struct.error):
            raise SourceError(
                f"{path} is not GDF inside, whatever its name says; expected a file that starts "
                "with a GDF header. Check that it is the right file and was copied whole."
            ) from None
        size = file.seek(0, 2)
    needed = header.n_bytes + header.n_records * header.record_bytes
    if size < needed:
        raise SourceError(
            f"{path} is cut off: its header announces {header.n_records} records, {needed} bytes "
            f"in all, and it has {size}; copy it again from where it was recorded."
        )
    return replace(header, events=tuple(_read_events(path, header)))


def _read_events(path: Path, header: GdfHeader) -> list[Annotation]:
    with path.open("rb") as file:
        file.seek(header.n_bytes + header.n_records * header.record_bytes)
        head = file.read(8)
        if len(head) < 8:
            return []
        mode = head[0]
        if header.version < 1.94:
            rate = float(int.from_bytes(head[1:4], "little"))
            count = struct.unpack("<I", head[4:8])[0]
        else:
            count = int.from_bytes(head[1:4], "little")
            rate = struct.unpack("<f", head[4:8])[0]
        body = file.read(count * (12 if mode == 3 else 6))
    if mode not in {1, 3} or len(body) < count * (12 if mode == 3 else 6):
        raise SourceError(
            f"{path} has a damaged event table (mode {mode}, {count} events, {len(body)} bytes), "
            "expected one of mode 1 or 3; copy it again from where it was recorded."
        )
    own = max(header.samples) / header.record_s
    return _events(header, body, mode, count, rate if 0 < rate < math.inf else own)


def _events(
    header: GdfHeader, body: bytes, mode: int, count: int, rate: float
) -> list[Annotation]:
    places = np.frombuffer(body, "<u4", count)
    codes = np.frombuffer(body, "<u2", count, 4 * count)
    channels, durations = np.zeros(count, int), np.zeros(count)
    if mode == 3:
        channels = np.frombuffer(body, "<u2", count, 6 * count).astype(int)
        durations = np.frombuffer(body, "<u4", count, 8 * count).astype(float)
    # The end of an event is told by its duration too; a sparse sample is no event.
    keep = np.flatnonzero((codes != _SPARSE) & (codes & _END == 0))
    return [
        Annotation(
            onset=max(int(places[i]) - 1, 0) / rate,
            duration=float(durations[i]) / rate,
            description=str(codes[i]),
            channel=header.labels[channels[i] - 1]
            if 0 < channels[i] <= len(header.labels)
            else "",
        )
        for i in keep.tolist()
    ]


def _parse(path: Path, fixed: bytes, file: BinaryIO) -> GdfHeader:
    if fixed[:3] != b"GDF":
        raise ValueError
    version = float(fixed[3:8])
    old = version < 1.9
    n_signals = struct.unpack_from("<I" if old else "<H", fixed, 252)[0]
    blocks = struct.unpack_from("<Q" if old else "<H", fixed, 184)[0]
    n_bytes = blocks if old else 256 * blocks
    n_records = struct.unpack_from("<q", fixed, 236)[0]
    if not 0 < n_signals <= _MOST_SIGNALS or n_bytes < _FIXED * (n_signals + 1):
        raise ValueError
    if version < _FLOAT_DURATION:
        over, under = struct.unpack_from("<II", fixed, 244)
        record_s = over / under if under else 0.0
    else:
        record_s = struct.unpack_from("<d", fixed, 244)[0]
    body = file.read(_FIXED * n_signals)

    def column(start: int, fmt: str) -> tuple[int, ...]:
        return struct.unpack_from(f"<{n_signals}{fmt}", body, start * n_signals)

    samples, types = column(216, "I"), column(220, "I")
    if n_records < 0:
        raise SourceError(
            f"{path} does not say how many records it holds: it was not closed when it was "
            "recorded; repair it with the program that recorded it."
        )
    if not 0 < record_s < math.inf or n_records == 0 or min(samples) < 1:
        raise SourceError(
            f"{path} holds no signals: {n_records} records of {record_s:g} s with {sum(samples)} "
            "samples in them, expected a positive number of each; export it again."
        )
    if len(set(types)) > 1 or types[0] not in _TYPE_BYTES:
        raise SourceError(
            f"{path} stores samples as {', '.join(map(_type_name, sorted(set(types))))}, expected "
            "one type of 8, 16, 32 or 64 bits for all channels; export it with one of them, "
            "32-bit float for instance."
        )
    units = (
        tuple(_text(body[96 * n_signals + 8 * i :][:8]) for i in range(n_signals))
        if old
        else tuple(map(_unit, column(102, "H")))
    )
    return GdfHeader(
        version=version,
        n_bytes=n_bytes,
        n_records=n_records,
        record_s=record_s,
        labels=tuple(_text(body[16 * i : 16 * (i + 1)]) for i in range(n_signals)),
        dimensions=units,
        samples=samples,
        record_bytes=sum(samples) * _TYPE_BYTES[types[0]],
    )


def _unit(code: int) -> str:
    """Return a unit as the rest of the program spells it, empty when none is stated."""
    if code in _DIMENSIONLESS:
        return ""
    if code & ~31 == _VOLT:
        return _PREFIXES.get(code & 31, f"code {code}")
    return f"code {code}"


def _type_name(number: int) -> str:
    if number in {16, 17}:
        return f"{8 * _TYPE_BYTES[number]}-bit floats"
    if number in _TYPE_BYTES:
        return f"{8 * _TYPE_BYTES[number]}-bit integers"
    return f"{number - 255}-bit integers" if 255 < number < 320 else f"type {number}"


def _text(field: bytes) -> str:
    return field.split(b"\x00", 1)[0].decode("latin-1").strip()
