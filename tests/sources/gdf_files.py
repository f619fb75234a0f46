"""Small GDF files written byte by byte, after the format's public specification."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rtemotion.signal import FloatArray

TYPES = {1: "i1", 3: "<i2", 4: "<u2", 5: "<i4", 16: "<f4", 17: "<f8"}
VOLT, MILLIVOLT, MICROVOLT, NANOVOLT, NO_UNIT = 4256, 4274, 4275, 4276, 512


def write_gdf(
    path: Path,
    data: FloatArray,
    names: Sequence[str],
    sfreq: int = 128,
    gdftyp: int = 3,
    physical: tuple[float, float] = (-3276.8, 3276.7),
    digital: tuple[float, float] = (-32768, 32767),
    units: Sequence[int] | None = None,
    events: Sequence[tuple[int, int, int, int]] | None = (),
    event_rate: float | None = None,
    version: str = "2.20",
    samples: Sequence[int] | None = None,
    types: Sequence[int] | None = None,
    announced: int | None = None,
) -> Path:
    """Write a GDF with records of one second; of version 1 where `version` says so.

    Parameters
    ----------
    data : array, shape (n_channels, n_samples)
        Physical values, in the unit of each channel.
    events : sequence of (sample, code, channel, duration)
        Samples from 0, channels from 1 (0 for all); None for no event table at all.
    samples : sequence of int
        Samples of each channel in a record, `sfreq` by default.
    """
    n = len(names)
    samples = list(samples or [sfreq] * n)
    n_records = data.shape[1] // sfreq
    fixed = bytearray(256)
    fixed[:8] = f"GDF {version}".encode()
    fixed[8:12] = b"X X "
    struct.pack_into("<Q", fixed, 168, int((735_000 + 0.5) * 2**32))
    old = float(version) < 1.9
    struct.pack_into("<Q" if old else "<H", fixed, 184, 256 * (n + 1) if old else n + 1)
    struct.pack_into("<q", fixed, 236, n_records if announced is None else announced)
    if float(version) < 2.21:
        struct.pack_into("<II", fixed, 244, 1, 1)
    else:
        struct.pack_into("<d", fixed, 244, 1.0)
    struct.pack_into("<I" if old else "<H", fixed, 252, n)
    types = list(types or [gdftyp] * n)
    columns: list[bytes] = [
        b"".join(name.encode().ljust(16, b"\0") for name in names),
        bytes(80 * n),
        bytes(6 * n),
        struct.pack(f"<{n}H", *(units or [MICROVOLT] * n)),
        *(struct.pack(f"<{n}d", *[value] * n) for value in (*physical, *digital)),
        bytes(68 * n),
        *(struct.pack(f"<{n}f", *[0.0] * n) for _ in range(3)),
        struct.pack(f"<{n}I", *samples),
        struct.pack(f"<{n}I", *types),
        bytes(12 * n),
        bytes(20 * n),
    ]
    if old:
        words = {MICROVOLT: b"uV", MILLIVOLT: b"mV", VOLT: b"V"}
        columns = [
            *columns[:2],
            b"".join(words.get(unit, b"").ljust(8) for unit in units or [MICROVOLT] * n),
            *(struct.pack(f"<{n}d", *[value] * n) for value in physical),
            *(struct.pack(f"<{n}q", *[int(value)] * n) for value in digital),
            bytes(80 * n),
            struct.pack(f"<{n}I", *samples),
            struct.pack(f"<{n}I", *types),
            bytes(32 * n),
        ]
    gain = (physical[1] - physical[0]) / (digital[1] - digital[0])
    stored = (data - physical[0]) / gain + digital[0]
    body = []
    for record in range(n_records):
        for row, count, kind in zip(stored, samples, types, strict=True):
            values = row[record * sfreq : (record + 1) * sfreq][:: max(sfreq // count, 1)]
            values = np.resize(values, count)
            dtype = np.dtype(TYPES.get(kind, "<i2"))
            values = np.round(values) if dtype.kind in "iu" else values
            body.append(values.astype(dtype).tobytes())
    content = bytes(fixed) + b"".join(columns) + b"".join(body)
    if events is not None:
        content += event_table(events, event_rate or float(sfreq), old)
    path.write_bytes(content)
    return path


def event_table(
    events: Sequence[tuple[int, int, int, int]], rate: float, old: bool = False
) -> bytes:
    """Return an event table of mode 3."""
    n = len(events)
    places, codes, channels, durations = zip(*events, strict=True) if n else ((), (), (), ())
    head = n.to_bytes(3, "little") + struct.pack("<f", rate)
    if old:
        head = int(rate).to_bytes(3, "little") + struct.pack("<I", n)
    return b"".join(
        [
            b"\x03" + head,
            struct.pack(f"<{n}I", *(place + 1 for place in places)),
            struct.pack(f"<{n}H", *codes),
            struct.pack(f"<{n}H", *channels),
            struct.pack(f"<{n}I", *durations),
        ]
    )
