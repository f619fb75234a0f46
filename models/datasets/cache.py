"""Rows of recordings kept on the disk, by what they hold and what was asked for.

    FOLDER/ASKED/BEGINNING-CONTENT.h5

ASKED is the hash of all that decides the rows but the recording: preparation, channels,
measures and the code. BEGINNING is that of the recording's first samples, so that one never
seen before is known as such without being read twice; CONTENT that of all of it.
"""

from __future__ import annotations

import hashlib
import logging
import time
import uuid
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from ...content import HashedSource, code_version, content_of, hash_of
from ...features.measures import get_measure
from ...outlets.hdf5 import Column, Hdf5File
from ...signal import Chunk, Source
from . import rows as rows_module
from .dataset import LabelledRecording
from .rows import Preparation, Row, Rows, rows_of

log = logging.getLogger(__name__)

# What a killed run left half-written is cleared away after this time, s.
_STALE_S = 86400.0
_DAMAGED = (OSError, KeyError, ValueError, RuntimeError, TypeError)


class Found(NamedTuple):
    """Where rows are kept.

    Attributes
    ----------
    path : Path
    replaced : bool
        Whether a damaged file was there before.
    """

    path: Path
    replaced: bool


def default_folder() -> Path:
    """Return where features are kept unless another place is named."""
    from platformdirs import user_cache_path

    return user_cache_path("rtemotion", appauthor=False) / "features"


def kept(
    recording: LabelledRecording, names: tuple[str, ...], how: Preparation, folder: Path
) -> Found:
    """Return where the rows of a recording are, worked out unless they are there.

    Raises
    ------
    SourceError, SetupError, OutletError
        If the recording cannot be read, or its rows cannot be written.
    """
    place = folder / asked_for(recording, names, how)
    place.mkdir(parents=True, exist_ok=True)
    beginning = _beginning_of(recording.open())
    replaced = False
    if any(place.glob(f"{beginning}-*.h5")):
        path = place / f"{beginning}-{content_of(recording.open())}.h5"
        if path.is_file():
            if is_sound(path):
                return Found(path, False)
            replaced = True
    source, width = HashedSource(recording.open()), _width(how, len(names))
    try:
        written = place / f"{uuid.uuid4().hex}.h5"
        _write(written, source, rows_of(source, names, how, recording.rest), width)
        path = place / f"{beginning}-{source.digest}.h5"
        written.replace(path)
    finally:
        source.close()
    return Found(path, replaced)


def asked_for(recording: LabelledRecording, names: tuple[str, ...], how: Preparation) -> str:
    """Return the hash of all that decides the rows of a recording but what it holds."""
    asked: dict[str, Any] = asdict(how) | {"channels": names}
    asked["rest"] = None if recording.rest is None else asdict(recording.rest)
    if how.montage is not None and Path(how.montage).is_file():
        asked["montage"] = hashlib.sha256(Path(how.montage).read_bytes()).hexdigest()
    asked["measures"] = {name: get_measure(name).version for name in how.schema.measures}
    asked["code"] = code_version(Path(rows_module.__file__))
    return hash_of(asked)[:32]


def read_rows(path: Path) -> Rows:
    """Return the rows that a file holds; features are read when they are asked for."""

    def features() -> NDArray[np.float32]:
        with h5py.File(path) as file:
            return np.asarray(file["features"][:], dtype=np.float32)

    with h5py.File(path) as file:
        return Rows(
            index=np.asarray(file["index"][:], dtype=np.int64),
            times=np.asarray(file["times"][:], dtype=np.float64),
            sfreq=float(file.attrs["sfreq"]),
            simulated=bool(file.attrs["simulated"]),
            features=features,
        )


def is_sound(path: Path) -> bool:
    """Tell whether a file holds what was written into it, to the bit."""
    try:
        with h5py.File(path) as file:
            parts = [file[name][:] for name in ("index", "times", "features")]
            digests = _Digests()
            digests.update(*parts)
            return bool(file.attrs["digest"] == digests.text)
    except _DAMAGED:
        return False


def clear_away(folder: Path, now: float | None = None) -> None:
    """Remove what runs that were killed left half-written a day ago or earlier."""
    before = (time.time() if now is None else now) - _STALE_S
    for path in folder.glob("*/*.partial"):
        try:
            if path.stat().st_mtime < before:
                path.unlink()
        except OSError as problem:
            log.debug("%s stays: %s", path, problem)


class _Digests:
    """Hashes of the columns, whatever number of rows they come in."""

    def __init__(self) -> None:
        self._parts = [hashlib.sha256() for _ in range(3)]

    def update(self, *columns: Any) -> None:
        for part, column in zip(self._parts, columns, strict=True):
            part.update(np.ascontiguousarray(column).data)

    @property
    def text(self) -> str:
        return hash_of({"columns": [part.hexdigest() for part in self._parts]})


def _beginning_of(source: Source) -> str:
    hashed = HashedSource(source)
    try:
        for item in hashed:
            if isinstance(item, Chunk):
                break
    finally:
        source.close()
    return hashed.digest[:32]


def _write(path: Path, source: HashedSource, rows: Iterable[Row], width: int) -> None:
    """Write rows as they come, so that memory holds few of them."""
    columns = [
        Column("index", (), np.int64, "sample at which the window ends, exclusive"),
        Column("times", (), np.float64, "s, end of the window"),
        Column("features", (width,), np.float32, "power, then connectivity, against what was"),
    ]
    about = {"sfreq": source.info.sfreq, "simulated": source.info.simulated}
    file = Hdf5File(path, columns, {}, about)
    digests = _Digests()
    try:
        for row in rows:
            entry = {"index": row.index, "times": row.time, "features": row.features}
            file.write(entry)
            digests.update(np.int64(row.index), np.float64(row.time), row.features)
        file.say("digest", digests.text)
        file.close()
    except BaseException:
        file.discard()
        raise


def _width(how: Preparation, n_channels: int) -> int:
    schema = how.schema
    edges = len(schema.measures) * len(schema.connectivity_bands)
    return len(schema.bands) * n_channels + edges * (n_channels * (n_channels - 1) // 2)
