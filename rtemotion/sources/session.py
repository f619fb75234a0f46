"""A recorded session as a source: the items of the run it was, in their order."""

from __future__ import annotations

import json
import logging
import math
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..session import FIRST, MISSING, PERSON, STATE, Session, load_session, session_path
from ..signal import Chunk, Event, FloatArray, Kind, StreamInfo, Tick
from ..xdf_format import DTYPES, MAGIC, SAMPLES, STREAM_HEADER
from .pacing import ReplayClock, check_speed, chunk_length, paced

log = logging.getLogger(__name__)

# A sender's clock may jump; a replay does not wait for longer than this.
_LONGEST_WAIT_S = 60.0


@dataclass(frozen=True)
class _Format:
    n_channels: int
    dtype: str

    def rows(self, body: memoryview) -> NDArray[Any]:
        """Return samples as rows of ``stamp`` and ``values``."""
        record = np.dtype(
            [("size", "u1"), ("stamp", "<f8"), ("values", self.dtype, (self.n_channels,))]
        )
        count = struct.unpack_from("<I", body, 1)[0] if body[0] == 4 else -1
        if count < 0 or len(body) != 5 + count * record.itemsize:
            raise ValueError("samples without stamps")
        rows: NDArray[Any] = np.frombuffer(body, dtype=record, offset=5)
        if not (rows["size"] == 8).all():
            raise ValueError("samples without stamps")
        return rows


def is_session(path: Path) -> bool:
    """Tell whether a path names a session: its own file, or a recording that has one."""
    if path.suffix.lower() == ".json":
        return True
    return path.suffix.lower() == ".xdf" and _is_ours(session_path(path))


def _is_ours(file: Path) -> bool:
    """Tell whether a JSON file is a session's, whole or not, rather than another sidecar."""
    try:
        return '"recording"' in (text := file.read_text("utf-8", "replace")) and (
            '"schema_version"' in text
        )
    except OSError:
        return False


def open_session(path: Path) -> tuple[Session, Path]:
    """Return what a session file says, and where its recording is.

    Raises
    ------
    SourceError
        If either is missing, or the session file is damaged.
    """
    file = session_path(path)
    session = load_session(file)
    # Both may have been renamed together.
    recording = path if path.suffix.lower() == ".xdf" else file.with_suffix(".xdf")
    if not recording.is_file():
        recording = file.with_name(session.recording)
    if not recording.is_file():
        raise SourceError(
            f"the session {file} belongs to a recording {recording.name} that is not beside it; "
            "put both into one folder."
        )
    return session, recording


class SessionSource:
    """Replays what was decoded in a session.

    Chunks and events come in the order in which they came live, with the same
    values and stamps to the bit. The file is read as it goes: memory does not grow
    with its length. Iterating again starts again.

    Parameters
    ----------
    path : Path
        A recording with its session file, or the session file.
    speed : float
        How many times real time; infinite for as fast as possible.
    chunk_s : float or None
        Longest chunk in seconds of signal.
    start : int
        Number of the first sample that is given out, one that a `Known` names. Events
        before it are given out all the same, but for markers: channels stay bad.

    Attributes
    ----------
    session : Session
        What the session file says.
    recording : Path
        The XDF file.
    n_read : int
        Samples given out since the iteration began, missing ones not counted.

    Raises
    ------
    SourceError
        If one of the two files is missing or damaged, or nothing was decoded.
    """

    def __init__(
        self,
        path: Path,
        speed: float = math.inf,
        chunk_s: float | None = None,
        start: int = 0,
    ) -> None:
        check_speed(speed)
        self._start = start
        self.session, self.recording = open_session(path)
        if self.session.decoded is None:
            raise SourceError(
                f"in the session {path} nothing was decoded; replay its streams one at a time "
                f"from a copy of {self.recording.name} under another name."
            )
        described = self.session.decoded.described
        self._info = described.info()
        self._factors = np.array(described.factors)
        self._length = chunk_length(chunk_s, speed, self._info.sfreq)
        self.pace = ReplayClock(speed)
        self._closed = False
        self._start_over()

    def _start_over(self) -> None:
        self.n_read = 0
        self._stamp = math.nan
        self._offset = 0.0
        self._origin = 0.0
        self._first = 0
        self._arrivals: FloatArray = np.zeros(1)

    @property
    def info(self) -> StreamInfo:
        """What is known about the stream."""
        return self._info

    @property
    def n_samples(self) -> int | None:
        """Samples the session file tells of; None where it was not closed."""
        decoded = self.session.decoded
        for stream in self.session.streams:
            if decoded is not None and stream.id == decoded.stream:
                return stream.samples
        return None

    def now(self) -> float:
        """Return the time on the stream's clock; NaN at full speed."""
        return self._origin + self.pace.now()

    def close(self) -> None:
        """End an iteration under way."""
        self._closed = True

    def __iter__(self) -> Iterator[Chunk | Event | Tick]:
        """Yield the session's items, and ticks while waiting for the next.

        Raises
        ------
        SourceError
            If the recording turns out to be of another make.
        """
        self._start_over()
        for item in paced(self._items(), self._length, self._due, self.pace):
            if self._closed:
                return
            if isinstance(item, Tick):
                item = Tick(item.time + self._origin, item.idle)
            yield item

    def _items(self) -> Iterator[Chunk | Event]:
        decoded = self.session.decoded
        stream = decoded.stream if decoded is not None else 0
        fmt: _Format | None = None
        sample, missing = 0, 0
        for tag, number, body in walk(self.recording):
            with _sound(self.recording, sample):
                if tag == STREAM_HEADER and number == stream:
                    fmt = _format(bytes(body))
                elif tag == SAMPLES and number == self.session.events:
                    for said in _events(body):
                        if said["stream"] != stream or said["kind"] in {STATE, PERSON}:
                            continue
                        if said["kind"] == FIRST:
                            sample = int(said["payload"]["sample"])
                            continue
                        if said["kind"] == MISSING:
                            missing = int(said["payload"]["missing"])
                            sample += missing
                            continue
                        if said["kind"] != Kind.MARKER or sample >= self._start:
                            yield self._event(said)
                elif tag == SAMPLES and number == stream and fmt is not None:
                    chunk = self._chunk(fmt, body, sample, missing)
                    sample, missing = chunk.stop, 0
                    if chunk.first_sample >= self._start:
                        yield chunk

    def _event(self, said: dict[str, Any]) -> Event:
        if said["kind"] == Kind.CLOCK_OFFSET:
            self._offset = float(said["payload"]["offset"])
        elif said["kind"] == Kind.CLOCK_STEP:
            # Only the stamps jump: nobody waits for that.
            self._stamp += float(said["payload"]["step"])
        return Event(said["sample"], said["time"], said["kind"], said["payload"])

    def _chunk(self, fmt: _Format, body: memoryview, first: int, missing: int) -> Chunk:
        rows = fmt.rows(body)
        stamps = np.ascontiguousarray(rows["stamp"])
        with np.errstate(invalid="ignore"):
            data = rows["values"].astype(np.float64) * self._factors
        self._arrive(stamps, first)
        self.n_read += len(stamps)
        return Chunk(data, first, stamps, missing_before=missing)

    def _arrive(self, stamps: FloatArray, first: int) -> None:
        before = stamps[0] if math.isnan(self._stamp) else self._stamp
        steps = np.clip(np.diff(stamps, prepend=before), 0.0, _LONGEST_WAIT_S)
        self._arrivals = self._arrivals[-1] + np.cumsum(steps)
        self._first, self._stamp = first, float(stamps[-1])
        self._origin = self._stamp + self._offset - float(self._arrivals[-1])

    def _due(self, stop: int) -> float:
        at = min(max(stop - 1 - self._first, 0), len(self._arrivals) - 1)
        return float(self._arrivals[at])


@dataclass(frozen=True)
class Known:
    """What was known of the person at a moment of a session, see `rtemotion.person.pack`.

    Attributes
    ----------
    sample : int
        Number of the next sample then.
    said : dict
        What was known.
    """

    sample: int
    said: dict[str, Any]


def known_at(path: Path, seconds: float) -> Known | None:
    """Return what a session last noted of the person up to a moment; None before that.

    Parameters
    ----------
    path : Path
        A recording with its session file, or the session file.
    seconds : float
        Seconds of signal since the start.

    Raises
    ------
    SourceError
        If nothing was decoded, or a file is missing or damaged.
    """
    session, recording = open_session(path)
    decoded = session.decoded
    if decoded is None:
        return None
    latest = seconds * decoded.described.sfreq
    found = None
    for tag, number, body in walk(recording):
        if tag == SAMPLES and number == session.events:
            with _sound(recording, 0):
                for said in _events(body):
                    if said["stream"] == decoded.stream and said["kind"] == PERSON:
                        if said["sample"] > latest:
                            return found
                        found = Known(said["sample"], said["payload"])
    return found


def recorded_frames(path: Path) -> Iterator[FloatArray]:
    """Yield the frames that were published in a session, as rows of `frame_labels`.

    Raises
    ------
    SourceError
        If the session has none, or a file is missing.
    """
    session, recording = open_session(path)
    number = session.decoded.frames if session.decoded is not None else 0
    fmt: _Format | None = None
    for tag, stream, body in walk(recording):
        if tag == STREAM_HEADER and stream == number:
            fmt = _format(bytes(body))
        elif tag == SAMPLES and stream == number and fmt is not None:
            with _sound(recording, 0):
                rows = fmt.rows(body)["values"]
            yield from rows


def walk(path: Path) -> Iterator[tuple[int, int, memoryview]]:
    """Yield tag, stream and content of every chunk of a recording, as far as it is whole.

    Raises
    ------
    SourceError
        If the file cannot be read or is not XDF.
    """
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise SourceError(f"{path} does not begin as an XDF file does; name a recording.")
            yield from _chunks(file, path)
    except OSError as problem:
        raise SourceError(f"{path} cannot be read ({problem.strerror or problem}).") from problem


def _chunks(file: BinaryIO, path: Path) -> Iterator[tuple[int, int, memoryview]]:
    size = os.fstat(file.fileno()).st_size
    while (start := file.tell()) < size:
        # A damaged length may be anything: nothing is read before it is known to fit.
        length_bytes = file.read(min(file.read(1)[0], 8))
        length = int.from_bytes(length_bytes, "little")
        if len(length_bytes) not in {1, 4, 8} or not 2 <= length <= size - file.tell():
            log.warning(
                "%s is damaged or cut off after byte %d; `rtemotion recover` mends it", path, start
            )
            return
        body = memoryview(file.read(length))
        tag = struct.unpack_from("<H", body)[0]
        if tag in {STREAM_HEADER, SAMPLES} and length >= 6:
            yield tag, struct.unpack_from("<I", body, 2)[0], body[6:]


@contextmanager
def _sound(path: Path, sample: int) -> Iterator[None]:
    try:
        yield
    except (ValueError, LookupError, TypeError, struct.error, ElementTree.ParseError) as problem:
        raise SourceError(
            f"{path} is damaged about sample {sample} ({type(problem).__name__}: {problem}), "
            "expected a recording of rtemotion's own; mend it with `rtemotion recover`, or replay "
            "it under another name as any XDF file."
        ) from problem


def _format(xml: bytes) -> _Format:
    root = ElementTree.fromstring(xml)
    fmt = (root.findtext("channel_format") or "").strip()
    return _Format(int(root.findtext("channel_count") or 0), DTYPES[fmt])


def _events(body: memoryview) -> Iterator[dict[str, Any]]:
    at = 5
    while at < len(body):
        at += 1 + body[at]
        size = struct.unpack_from("<I", body, at + 1)[0]
        at += 5
        yield json.loads(bytes(body[at : at + size]))
        at += size
