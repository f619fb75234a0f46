"""What features depend on, each as one hash: a recording's content, and the code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from .signal import Chunk, Event, Source, StreamInfo, Tick

# What turns samples into features and into what they stand against.
_CODE = (
    *("pipeline.py", "signal.py", "extract.py"),
    *("decoding/baseline.py", "decoding/inputs.py", "decoding/trust.py"),
    *("conditioning", "features"),
)


class HashedSource:
    """A source that passes everything on and knows the hash of what has passed.

    The hash is of what the pipeline is given (samples, times, flags, events and the
    stream's description), not of the file's bytes: the parts of a recording that lie in
    files beside it count, names, places and how samples were cut into chunks do not.

    Parameters
    ----------
    source : Source
        What is read; closed with this.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._description = json.dumps(_described(source.info), default=str)
        self._parts = {
            name: hashlib.sha256() for name in ("data", "times", "flags", "events", "gaps")
        }

    @property
    def info(self) -> StreamInfo:
        """What is known about the recording."""
        return self._source.info

    @property
    def n_samples(self) -> int | None:
        """Length of the recording in samples; None where nobody knows before its end."""
        return getattr(self._source, "n_samples", None)

    def __iter__(self) -> Iterator[Chunk | Event | Tick]:
        """Yield what the source yields."""
        for item in self._source:
            self._take(item)
            yield item

    def now(self) -> float:
        """Return the source's present."""
        return self._source.now()

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    @property
    def digest(self) -> str:
        """The hash of what has passed so far, as text."""
        whole = hashlib.sha256(self._description.encode())
        for name, part in self._parts.items():
            whole.update(f"{name} {part.hexdigest()};".encode())
        return whole.hexdigest()

    def _take(self, item: Chunk | Event | Tick) -> None:
        parts = self._parts
        if isinstance(item, Chunk):
            parts["data"].update(item.data.data)
            parts["times"].update(item.times.data)
            parts["flags"].update(np.ascontiguousarray(item.flags).data)
            if item.missing_before:
                parts["gaps"].update(f"{item.first_sample} {item.missing_before};".encode())
        elif isinstance(item, Event):
            said = [item.sample, item.time, item.kind, dict(item.payload)]
            parts["events"].update(json.dumps(said, sort_keys=True, default=str).encode())


def content_of(source: Source) -> str:
    """Read a recording to its end and return the hash of what it holds; closes it.

    Raises
    ------
    SourceError
        If it turns out to be damaged on the way.
    """
    hashed = HashedSource(source)
    try:
        for _ in hashed:
            pass
    finally:
        source.close()
    return hashed.digest


def code_version(*more: Path) -> str:
    """Return the hash of the code that features come from, and of what it counts with.

    Whatever changes there changes this, be it only in the last bit of a number.

    Parameters
    ----------
    *more : Path
        Files of code that count as well.
    """
    root = Path(__file__).parent
    packages = ("numpy", "scipy", "mne")
    whole = hashlib.sha256(" ".join(f"{name} {version(name)}" for name in packages).encode())
    for name in _CODE:
        found = [root / name] if name.endswith(".py") else sorted((root / name).rglob("*.py"))
        for path in found:
            whole.update(path.relative_to(root).as_posix().encode())
            whole.update(path.read_bytes())
    for path in more:
        whole.update(path.name.encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()


def hash_of(asked: dict[str, Any]) -> str:
    """Return the hash of what JSON can hold, the order of keys left aside."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()


def _described(info: StreamInfo) -> list[Any]:
    """Return what the pipeline goes by; where a stream came from is not part of it."""
    return [
        info.channels,
        info.sfreq,
        info.kinds,
        info.positions.tolist(),
        info.unit,
        info.reference,
        info.timestamps,
        info.simulated,
    ]
