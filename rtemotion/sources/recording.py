"""A recording as a source: any file MNE reads, at full speed or at a clock's pace."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mne
import numpy as np

from ..errors import SourceError
from ..signal import Chunk, Event, FloatArray, Kind, StreamInfo, Tick
from .edf_header import record_onsets
from .mne_files import OpenedRecording, open_with_mne, reading
from .pacing import ReplayClock, check_speed, chunk_length
from .paths import TEXT_EXTENSIONS, XDF_EXTENSIONS, check_path

if TYPE_CHECKING:
    from .text import TextSource
    from .xdf import XdfSource

logger = logging.getLogger(__name__)

_SKIP = "BAD_ACQ_SKIP"
_BLOCK_S = 10.0
_BLOCK_BYTES = 32 * 2**20


@dataclass(frozen=True)
class _Segment:
    """Rows ``start:stop`` of the file, which are samples ``first`` and on of the stream."""

    start: int
    stop: int
    first: int


class RecordingSource:
    """Read a recording as if it arrived.

    Yields the samples in volts, and the file's annotations as events of kind
    ``"marker"`` whose payload holds ``description`` and ``duration`` (s), each
    right before the sample it belongs to. Times start at 0 and are the sample
    index over the sampling rate. Parts that were not recorded (skips of a FIF
    file, gaps of EDF+D) are missing samples. Iterating again starts again.

    Parameters
    ----------
    path : str or Path
        An EDF, BDF, GDF, FIF, BrainVision, EEGLAB, CNT … recording.
    speed : float
        How many times real time; infinite (the default) for as fast as possible.
    chunk_s : float, optional
        Longest chunk in seconds of signal. By default 1 s at full speed and what
        passes in 20 ms otherwise.
    unit : str, optional
        Unit of EEG channels whose unit the file does not state; one that it
        states stands.

    Raises
    ------
    SourceError
        If the file is missing, damaged, mislabelled, or would be read wrongly.
    """

    def __init__(
        self,
        path: str | Path,
        speed: float = math.inf,
        chunk_s: float | None = None,
        unit: str | None = None,
    ) -> None:
        check_speed(speed)
        self._path = Path(path)
        self._opened: OpenedRecording = open_with_mne(self._path, unit)
        self._raw: Any = self._opened.raw
        self._info = self._opened.info
        self._chunk = chunk_length(chunk_s, speed, self._info.sfreq)
        row_bytes = 8 * self._info.n_channels
        longest = min(_BLOCK_S * self._info.sfreq, _BLOCK_BYTES / row_bytes)
        # A whole number of chunks, so that no chunk straddles two blocks.
        self._block = self._chunk * max(1, round(longest / self._chunk))
        self._clock = ReplayClock(speed)
        self._closed = False
        annotations = self._annotations()
        self._segments = self._find_segments(annotations)
        self._events = _to_events(annotations, self._info.sfreq)

    @property
    def info(self) -> StreamInfo:
        """What is known about the recording."""
        return self._info

    @property
    def n_samples(self) -> int:
        """Length of the recording in samples, missing ones counted."""
        last = self._segments[-1]
        return last.first + last.stop - last.start

    def now(self) -> float:
        """Return stream time on the replay's clock; NaN at full speed."""
        return self._clock.now()

    def close(self) -> None:
        """Let go of the file and end an iteration under way."""
        if not self._closed:
            self._closed = True
            self._raw.close()

    def __iter__(self) -> Iterator[Chunk | Event | Tick]:
        """Yield chunks and events in stream order, and ticks while waiting.

        Raises
        ------
        SourceError
            If the file turns out to be damaged on the way.
        """
        self._clock.start()
        sfreq = self._info.sfreq
        events = deque(self._events)
        block: tuple[int, FloatArray] | None = None
        reached = 0
        for segment in self._segments:
            shift = segment.first - segment.start
            position = segment.start
            while position < segment.stop and not self._closed:
                first = position + shift
                while events and events[0].sample <= first:
                    yield from self._clock.wait(events[0].time, reached / sfreq)
                    yield events.popleft()
                stop = min(segment.stop, (position // self._chunk + 1) * self._chunk)
                if events:
                    stop = min(stop, events[0].sample - shift)
                if block is None or block[0] != position // self._block:
                    block = (position // self._block, self._read(position // self._block))
                yield from self._clock.wait((stop + shift) / sfreq, reached / sfreq)
                origin = block[0] * self._block
                yield Chunk(
                    block[1][position - origin : stop - origin],
                    first,
                    np.arange(first, stop + shift) / sfreq,
                    missing_before=first - reached,
                )
                position, reached = stop, stop + shift
        if not self._closed:
            yield from events

    def _read(self, index: int) -> FloatArray:
        """Return one block, shape (n_samples, n_channels), in volts."""
        start = index * self._block
        stop = min(start + self._block, self._raw.n_times)
        with reading(self._path, f"at {start / self._info.sfreq:.1f} s") as warned:
            data = self._raw[:, start:stop][0]
        if any("could not be read" in message for message in warned.messages):
            raise SourceError(
                f"{self._path} is damaged after {start / self._info.sfreq:.1f} s: samples there "
                "cannot be read; copy it again from where it was recorded."
            )
        if np.any(self._opened.factors != 1):
            data = data * self._opened.factors
        return np.ascontiguousarray(data.T)

    def _annotations(self) -> list[tuple[float, float, str]]:
        """Return onset and duration in seconds from the first sample, and description."""
        raw, header = self._raw, self._opened.header
        if header is not None and header.discontinuous:
            # MNE drops annotations past the length without gaps; read them all.
            with reading(self._path, "in its annotations"):
                found = mne.read_annotations(self._path)
            offset = 0.0
        else:
            found = raw.annotations
            # MNE counts from where the acquisition started, not from the first sample.
            offset = raw.first_time
        return [
            (float(onset) - offset, float(duration), str(description))
            for onset, duration, description in zip(
                found.onset, found.duration, found.description, strict=True
            )
        ]

    def _find_segments(self, annotations: list[tuple[float, float, str]]) -> list[_Segment]:
        header, total = self._opened.header, int(self._raw.n_times)
        if header is not None and header.discontinuous:
            per_record = round(header.record_s * self._info.sfreq)
            onsets = record_onsets(self._path, header)
            firsts = [round((onset - onsets[0]) * self._info.sfreq) for onset in onsets]
            return _join(
                [_Segment(i * per_record, (i + 1) * per_record, f) for i, f in enumerate(firsts)]
            )
        segments, start = [], 0
        for onset, duration, description in annotations:
            if description == _SKIP:
                skip = round(onset * self._info.sfreq)
                segments.append(_Segment(start, skip, start))
                start = skip + round(duration * self._info.sfreq)
        segments.append(_Segment(start, total, start))
        return [segment for segment in segments if segment.stop > segment.start]


def open_recording(
    path: str | Path,
    speed: float = math.inf,
    chunk_s: float | None = None,
    unit: str | None = None,
    stream: str | None = None,
) -> RecordingSource | XdfSource | TextSource:
    """Open a recording of any known format with the source that reads it.

    Parameters
    ----------
    path, speed, chunk_s, unit
        See `RecordingSource`.
    stream : str, optional
        Name or source_id of the EEG stream, of XDF files that hold several.

    Returns
    -------
    RecordingSource, XdfSource or TextSource
        By the extension.

    Raises
    ------
    SourceError
        If the extension is unknown (the message lists those there are), or the
        file cannot be read.
    """
    kind = check_path(Path(path))
    if kind in XDF_EXTENSIONS:
        from .xdf import XdfSource

        return XdfSource(path, speed=speed, chunk_s=chunk_s, unit=unit, stream=stream)
    if kind in TEXT_EXTENSIONS:
        from .text import TextSource

        return TextSource(path, speed=speed, chunk_s=chunk_s, unit=unit)
    return RecordingSource(path, speed=speed, chunk_s=chunk_s, unit=unit)


def _join(records: list[_Segment]) -> list[_Segment]:
    joined = [records[0]]
    for record in records[1:]:
        last = joined[-1]
        if record.first <= last.first + (record.start - last.start):
            joined[-1] = _Segment(last.start, record.stop, last.first)
        else:
            joined.append(record)
    return joined


def _to_events(annotations: list[tuple[float, float, str]], sfreq: float) -> tuple[Event, ...]:
    events = [
        Event(
            sample=round(onset * sfreq),
            time=onset,
            kind=Kind.MARKER,
            payload={"description": description, "duration": duration},
        )
        for onset, duration, description in annotations
        if description != _SKIP
    ]
    return tuple(sorted(events, key=lambda event: (event.sample, event.time)))
