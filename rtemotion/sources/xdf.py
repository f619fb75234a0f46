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
from ..xdf_format import OURS, TEXT
from .lsl_metadata import StreamDescription, describe_stream
from .lsl_network import parse_query
from .pacing import ReplayClock, check_speed, chunk_length, paced, with_events
from .paths import XDF_EXTENSIONS, check_path
from .rates import measured_rate
from .xdf_chunks import XdfContents, XdfStream, load_streams, read_contents
from .xdf_clock import Timeline, arrival, make_timeline

logger = logging.getLogger(__name__)

_BLOCK = 8192
_MARKER_TYPE = re.compile(r"marker|stim|event|trigger|annotation", re.IGNORECASE)
# Seconds of any clock in use; stamps beyond are damaged, or are not seconds.
_STAMP_LIMIT = 1e11
# How much of an irregular stream its rate is measured from.
_MEASURED_S = 5.0
_ORDER = (Kind.CLOCK_STEP, Kind.CLOCK_OFFSET, Kind.MARKER)


class XdfSource:
    """Read the EEG stream of an XDF file as if it were live.

    Chunks carry the sender's raw stamps, for the clock stage to judge. The file's
    clock offsets are events of kind ``"clock offset"`` (payload: ``offset`` and
    ``remote_time``, s), the first of them before the first sample, and its streams
    of text, or of numbers that call themselves markers, are events of kind
    ``"marker"`` (payload: ``description``, ``stream``), each right before the first
    sample after it. Where stamps and offsets jump by as much, the sender's clock was
    set: an event of kind ``"clock step"`` (payload: ``step``, s). Streams are
    brought together by the offsets measured. Iterating again starts again.

    Parameters
    ----------
    path : str or Path
        An ``.xdf`` or packed ``.xdfz`` file. Of a damaged one all that is sound is read.
    speed : float
        How many times real time; infinite (the default) for as fast as possible.
    chunk_s : float, optional
        Longest chunk in seconds of signal.
    unit : str, optional
        Unit of EEG channels whose unit the file does not state.
    stream : str, optional
        Which stream, needed when there are several with EEG: a name, a source_id,
        ``#`` and its number in the file, or ``KEY=VALUE[,KEY=VALUE…]`` over name,
        type, source_id and hostname.
    sfreq : float, optional
        Sampling rate in Hz of a stream that states none; by default what the stamps
        of its first 5 s show.

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
        sfreq: float | None = None,
    ) -> None:
        check_speed(speed)
        self._path = Path(path)
        check_path(self._path, XDF_EXTENSIONS)
        contents = read_contents(self._path)
        _warn_of_damage(self._path, contents)
        eeg = choose_stream(self._path, contents.streams, stream)
        marking = [s for s in contents.streams if s.id != eeg.id and _is_marking(s)]
        loaded = load_streams(self._path, contents, [eeg.id, *(s.id for s in marking)])
        self._values: Any = loaded[eeg.id]["time_series"]
        rate = _rate(self._path, eeg, loaded[eeg.id], sfreq)
        self._described = _describe(self._path, eeg, unit, rate, contents.start_utc)
        self._timeline = _timeline(self._path, eeg, loaded[eeg.id], 1.0 / rate)
        self._known = self._timeline.known()
        self._arrival = arrival(self._timeline, 1.0 / self.info.sfreq)
        self._events = _events(self._path, self._timeline, marking, loaded)
        self._length = chunk_length(chunk_s, speed, self.info.sfreq)
        self.pace = ReplayClock(speed)
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
        return self._origin + self.pace.now()

    def close(self) -> None:
        """Let go of the samples and end an iteration under way."""
        self._closed = True
        self._values = self._values[:0].copy()

    def __iter__(self) -> Iterator[Chunk | Event | Tick]:
        """Yield chunks and events in stream order, and ticks while waiting."""
        self._origin = float(self._known[0])
        for item in paced(self._items(), self._length, self._due, self.pace):
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


def _warn_of_damage(path: Path, contents: XdfContents) -> None:
    if contents.problem:
        logger.warning(
            "%s is damaged or cut off after byte %d (%s): %d of its %d bytes are left out",
            *(path, contents.sound, contents.problem, contents.size - contents.kept),
            contents.size,
        )


def choose_stream(path: Path, streams: Sequence[XdfStream], wanted: str | None) -> XdfStream:
    """Return the stream that is meant, by default the only one with EEG.

    Raises
    ------
    SourceError
        If there is none or more than one; the message lists those there are.
    """
    for stream in streams:
        if stream.n_samples == 0:
            logger.info("%s: stream %s is empty, skipped", path, stream_in_words(stream))
    named = [s for s in streams if s.format != TEXT and _matches(s, wanted)]
    # Streams of one device share its name, so a name means the EEG among them.
    found = [s for s in named if s.type.lower() == "eeg"] or (named if wanted else [])
    full = [s for s in found if s.n_samples > 0]
    if len(full) == 1:
        return full[0]
    listed = "; ".join(map(stream_in_words, streams)) or "no stream at all"
    asked = "EEG stream" if wanted is None else f"stream called '{wanted}'"
    if full:
        raise SourceError(
            f"{path} has {len(full)} {asked}s with samples, expected one, and holds {listed}; "
            "name one by its name, source_id or number (--stream)."
        )
    raise SourceError(
        f"{path} has no {asked} with samples, expected one, and holds {listed}; name the stream "
        "to read by its name, source_id or number (--stream), or record again."
    )


def _matches(stream: XdfStream, wanted: str | None) -> bool:
    if wanted is None or wanted in {stream.name, stream.source_id, f"#{stream.id}"}:
        return True
    return "=" in wanted and parse_query(wanted).matches(stream)


def stream_in_words(stream: XdfStream) -> str:
    """Return a stream as listings and messages name it."""
    source = f", source_id '{stream.source_id}'" if stream.source_id else ""
    rate = f"{stream.sfreq:g} Hz" if stream.sfreq else "irregular"
    return (
        f"'{stream.name}' (#{stream.id}, type {stream.type or 'not stated'}{source}, "
        f"{stream.count} ch, {rate}, {stream.n_samples} samples)"
    )


def _rate(path: Path, stream: XdfStream, loaded: Any, sfreq: float | None) -> float:
    if stream.sfreq:
        return stream.sfreq
    if sfreq is not None:
        return sfreq
    stamps: FloatArray = np.asarray(loaded["time_stamps"], dtype=np.float64)
    try:
        rate = measured_rate(stamps[stamps <= stamps[0] + _MEASURED_S])
    except SourceError as problem:
        raise SourceError(f"stream '{stream.name}' of {path}: {problem}") from None
    logger.info("%s: stream '%s' has %g Hz by its stamps", path, stream.name, rate)
    return rate


def _describe(
    path: Path, stream: XdfStream, unit: str | None, rate: float, start_utc: str
) -> StreamDescription:
    try:
        described = describe_stream(stream.xml, unit, rate)
    except SourceError as problem:
        raise SourceError(f"in {path}, {problem}") from None
    return replace(described, info=replace(described.info, start_utc=start_utc))


def _is_marking(stream: XdfStream) -> bool:
    if stream.name in OURS:
        return False
    by_type = _MARKER_TYPE.search(stream.type) is not None
    return stream.n_samples > 0 and (stream.format == TEXT or by_type)


def _timeline(path: Path, stream: XdfStream, loaded: Any, period: float = 0.0) -> Timeline:
    stamps: FloatArray = np.asarray(loaded["time_stamps"], dtype=np.float64)
    wrong = np.flatnonzero(~(np.abs(stamps) < _STAMP_LIMIT))
    if len(wrong):
        raise SourceError(
            f"{path} gives sample {wrong[0]} of stream '{stream.name}' the time "
            f"{stamps[wrong[0]]:g}, expected seconds; copy it again from where it was recorded."
        )
    return make_timeline(stamps, loaded["clock_times"], loaded["clock_values"], period)


def _events(
    path: Path, timeline: Timeline, marking: Sequence[XdfStream], loaded: dict[int, Any]
) -> list[Event]:
    """Return all events in stream order; in one place steps, then offsets, then markers."""
    known = timeline.known()
    events = [
        Event(step.place, float(known[step.place]), Kind.CLOCK_STEP, {"step": step.step})
        for step in timeline.steps
    ]
    events += [
        Event(int(place), float(at + offset), Kind.CLOCK_OFFSET, payload)
        for place, at, offset in zip(
            timeline.places, timeline.measured, timeline.offsets, strict=True
        )
        for payload in [{"offset": float(offset), "remote_time": float(at)}]
    ]
    for stream in marking:
        events += _markers(path, timeline, stream, loaded[stream.id])
    return sorted(events, key=lambda e: (e.sample, _ORDER.index(e.kind), e.time))


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
