"""An XDF file, as LabRecorder writes it, as a source."""

from __future__ import annotations

import logging
import math
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SourceError
from ..signal import Chunk, Event, FloatArray, Kind, StreamInfo, Tick
from .lsl_metadata import StreamDescription, describe_stream
from .pacing import ReplayClock, check_speed, chunk_length, paced, with_events
from .paths import XDF_EXTENSIONS, check_path
from .xdf_chunks import TEXT, XdfStream, load_streams, read_contents
from .xdf_clock import Timeline, arrival, make_timeline

logger = logging.getLogger(__name__)

_BLOCK = 8192
_MARKER_TYPE = re.compile(r"marker|stim|event|trigger|annotation", re.IGNORECASE)
# Seconds of any clock in use; stamps beyond are damaged, or are not seconds.
_STAMP_LIMIT = 1e11


class XdfSource:
    """Read the EEG stream of an XDF file as if it were live.

    Chunks carry the sender's raw stamps, for the clock stage to judge. The file's
    clock offsets are events of kind ``"clock offset"`` (payload: ``offset`` and
    ``remote_time``, s) and its streams of text, or of numbers that call themselves
    markers, are events of kind ``"marker"`` (payload: ``description``,
    ``stream``), each right before the first sample after it. Streams are brought
    together by the offsets measured. Iterating again starts again.

    Parameters
    ----------
    path : str or Path
        An ``.xdf`` or packed ``.xdfz`` file. One that is cut off is read as far as it goes.
    speed : float
        How many times real time; infinite (the default) for as fast as possible.
    chunk_s : float, optional
        Longest chunk in seconds of signal.
    unit : str, optional
        Unit of EEG channels whose unit the file does not state.
    stream : str, optional
        Name or source_id of the EEG stream, needed when there are several.

    Raises
    ------
    SourceError
        If the file is missing or damaged from its start, or its EEG stream is not
        there, not the only one, or cannot be decoded.
    """

    def __init__(
        self,
        path: str | Path,
        speed: float = math.inf,
        chunk_s: float | None = None,
        unit: str | None = None,
        stream: str | None = None,
    ) -> None:
        check_speed(speed)
        self._path = Path(path)
        check_path(self._path, XDF_EXTENSIONS)
        contents = read_contents(self._path)
        _warn_of_damage(self._path, contents.sound, contents.size, contents.problem)
        eeg = _pick(self._path, contents.streams, stream)
        self._described = _describe(self._path, eeg, unit, contents.start_utc)
        marking = [s for s in contents.streams if s.id != eeg.id and _is_marking(s)]
        loaded = load_streams(self._path, contents, [eeg.id, *(s.id for s in marking)])
        self._values: Any = loaded[eeg.id]["time_series"]
        self._timeline = _timeline(self._path, eeg, loaded[eeg.id])
        self._known = self._timeline.known()
        self._arrival = arrival(self._timeline, 1.0 / self.info.sfreq)
        self._events = _events(self._path, self._timeline, marking, loaded)
        self._length = chunk_length(chunk_s, speed, self.info.sfreq)
        self._clock = ReplayClock(speed)
        self._origin = float(self._known[0])
        self._closed = False

    @property
    def info(self) -> StreamInfo:
        """What is known about the stream."""
        return self._described.info

    @property
    def n_samples(self) -> int:
        """Samples in the file; those that were lost are for the clock stage to count."""
        return len(self._known)

    def now(self) -> float:
        """Return the time on the stream's clock; NaN at full speed."""
        return self._origin + self._clock.now()

    def close(self) -> None:
        """Let go of the samples and end an iteration under way."""
        self._closed = True
        self._values = self._values[:0].copy()

    def __iter__(self) -> Iterator[Chunk | Event | Tick]:
        """Yield chunks and events in stream order, and ticks while waiting."""
        self._origin = float(self._known[0])
        for item in paced(self._items(), self._length, self._due, self._clock):
            if self._closed:
                return
            if isinstance(item, Chunk):
                newest = item.stop - 1
                self._origin = float(self._known[newest] - self._arrival[newest])
            if isinstance(item, Tick):
                item = replace(item, time=item.time + self._origin)
            yield item

    def _items(self) -> Iterator[Chunk | Event]:
        events = deque(self._events)
        for start in range(0, len(self._values), _BLOCK):
            stop = min(start + _BLOCK, len(self._values))
            # Damaged values may be NaNs of a kind that complains when it is converted.
            with np.errstate(invalid="ignore"):
                data = self._values[start:stop].astype(np.float64) * self._described.factors
            yield from with_events(Chunk(data, start, self._timeline.stamps[start:stop]), events)
        yield from events

    def _due(self, stop: int) -> float:
        return float(self._arrival[min(stop, self.n_samples) - 1]) if stop else 0.0


def _warn_of_damage(path: Path, sound: int, size: int, problem: str) -> None:
    if problem:
        logger.warning(
            "%s is damaged or cut off after byte %d (%s): the last %d of its %d bytes are left "
            "out",
            *(path, sound, problem, size - sound, size),
        )


def _pick(path: Path, streams: Sequence[XdfStream], wanted: str | None) -> XdfStream:
    if wanted is None:
        found = [s for s in streams if s.type.lower() == "eeg" and s.format != TEXT]
    else:
        # Streams of one device share its name, so a name means the EEG among them.
        named = [s for s in streams if wanted in (s.name, s.source_id)]
        found = [s for s in named if s.type.lower() == "eeg"] or named
    for stream in streams:
        if stream.n_samples == 0:
            logger.info("%s: stream %s is empty, skipped", path, _said(stream))
    full = [s for s in found if s.n_samples > 0]
    if len(full) == 1:
        return full[0]
    listed = "; ".join(map(_said, streams)) or "no stream at all"
    asked = "EEG stream" if wanted is None else f"stream called '{wanted}'"
    if full:
        raise SourceError(
            f"{path} has {len(full)} {asked}s with samples, expected one, and holds {listed}; "
            "name one by its name or source_id (stream=...)."
        )
    raise SourceError(
        f"{path} has no {asked} with samples, expected one, and holds {listed}; name the stream "
        "to read by its name or source_id (stream=...), or record again."
    )


def _said(stream: XdfStream) -> str:
    source = f", source_id '{stream.source_id}'" if stream.source_id else ""
    return (
        f"'{stream.name}' (type {stream.type or 'not stated'}{source}, {stream.count} ch, "
        f"{stream.sfreq:g} Hz, {stream.n_samples} samples)"
    )


def _describe(
    path: Path, stream: XdfStream, unit: str | None, start_utc: str
) -> StreamDescription:
    try:
        described = describe_stream(stream.xml, unit)
    except SourceError as problem:
        raise SourceError(f"in {path}, {problem}") from None
    return replace(described, info=replace(described.info, start_utc=start_utc))


def _is_marking(stream: XdfStream) -> bool:
    by_type = _MARKER_TYPE.search(stream.type) is not None
    return stream.n_samples > 0 and (stream.format == TEXT or by_type)


def _timeline(path: Path, stream: XdfStream, loaded: Any) -> Timeline:
    stamps: FloatArray = np.asarray(loaded["time_stamps"], dtype=np.float64)
    wrong = np.flatnonzero(~(np.abs(stamps) < _STAMP_LIMIT))
    if len(wrong):
        raise SourceError(
            f"{path} gives sample {wrong[0]} of stream '{stream.name}' the time "
            f"{stamps[wrong[0]]:g}, expected seconds; copy it again from where it was recorded."
        )
    return make_timeline(stamps, loaded["clock_times"], loaded["clock_values"])


def _events(
    path: Path, timeline: Timeline, marking: Sequence[XdfStream], loaded: dict[int, Any]
) -> list[Event]:
    """Return all events in stream order, clock offsets before markers of the same place."""
    events = [
        Event(int(place), float(at + offset), Kind.CLOCK_OFFSET, payload)
        for place, at, offset in zip(
            timeline.places, timeline.measured, timeline.offsets, strict=True
        )
        for payload in [{"offset": float(offset), "remote_time": float(at)}]
    ]
    for stream in marking:
        events += _markers(path, timeline, stream, loaded[stream.id])
    return sorted(events, key=lambda e: (e.sample, e.kind != Kind.CLOCK_OFFSET, e.time))


def _markers(path: Path, timeline: Timeline, stream: XdfStream, loaded: Any) -> list[Event]:
    times = _timeline(path, stream, loaded).recorder
    recorder, known = timeline.recorder, timeline.known()
    places = np.searchsorted(np.maximum.accumulate(recorder), times)
    texts = _texts(stream, loaded["time_series"])
    events = []
    for text, time, place in zip(texts, times, places, strict=True):
        if text:
            # As far from its sample as on the recorder's clock, on the timeline frames have.
            beside = min(int(place), len(known) - 1)
            moment = float(known[beside] + (time - recorder[beside]))
            payload = {"description": text, "stream": stream.name}
            events.append(Event(int(place), moment, Kind.MARKER, payload))
    return events


def _texts(stream: XdfStream, rows: Any) -> list[str]:
    """Return one text a sample, empty where it marks nothing."""
    if stream.format == TEXT:
        return [" ".join(filter(None, row)) for row in rows]
    values = np.asarray(rows)
    texts = [" ".join(f"{value:g}" for value in row) for row in values]
    if stream.sfreq == 0:
        return texts
    # A code that is sampled regularly holds for a while: only its onset marks something.
    held = np.concatenate([[False], (values[1:] == values[:-1]).all(axis=1)])
    marks = values.any(axis=1) & ~held
    return [text if mark else "" for text, mark in zip(texts, marks, strict=True)]
