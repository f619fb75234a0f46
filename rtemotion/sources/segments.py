"""Which rows of a file are which samples of the stream: gaps, skips, discontinuities."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..signal import Event, Kind

_SKIP = "BAD_ACQ_SKIP"
# What marks a discontinuity: EEGLAB (the number is ERPLAB's), BrainVision, MNE's concatenation.
_BREAKS = {"boundary", "-99", "New Segment/", "EDGE boundary"}
# A stated length beyond this many samples is damaged, not a gap.
_LONGEST_GAP = 1e9


@dataclass(frozen=True)
class Annotation:
    """Something a file says of a moment; `onset` and `duration` in seconds from its start."""

    onset: float
    duration: float
    description: str
    channel: str = ""


@dataclass(frozen=True)
class Segment:
    """Rows ``start:stop`` of the file, which are samples ``first`` and on of the stream."""

    start: int
    stop: int
    first: int


def record_segments(onsets: Sequence[float], per_record: int, sfreq: float) -> tuple[Segment, ...]:
    """Return the segments of a file whose records say when they start (s)."""
    firsts = [round((onset - onsets[0]) * sfreq) for onset in onsets]
    joined = [Segment(0, per_record, 0)]
    for i, first in enumerate(firsts[1:], start=1):
        last = joined[-1]
        start = i * per_record
        if first <= last.first + (start - last.start):
            joined[-1] = Segment(last.start, start + per_record, last.first)
        else:
            joined.append(Segment(start, start + per_record, first))
    return tuple(joined)


def annotated_segments(
    annotations: Iterable[Annotation], sfreq: float, total: int
) -> tuple[Segment, ...]:
    """Return the segments of a file of `total` rows that annotations divide.

    Skipped rows are in the file and hold nothing. At a discontinuity rows are
    missing from it: as many as its duration says, one at least.
    """
    cuts = []
    for note in annotations:
        if note.description == _SKIP:
            row = round(note.onset * sfreq)
            cuts.append((row, row + _length(note, sfreq), 0))
        elif note.description in _BREAKS:
            row = _row_after(note, sfreq)
            if 0 < row < total:
                cuts.append((row, row, max(1, _length(note, sfreq))))
    segments, start, shift = [], 0, 0
    for stop, resume, missing in sorted(cuts):
        if stop > start:
            segments.append(Segment(start, min(stop, total), start + shift))
        elif missing and start == stop:
            # Two marks of one discontinuity, the longer of which says how much is missing.
            last = segments[-1] if segments else Segment(0, 0, 0)
            missing = max(0, missing - (start + shift - last.first - (last.stop - last.start)))
        start, shift = max(start, resume), shift + missing
    segments.append(Segment(start, total, start + shift))
    return tuple(segment for segment in segments if segment.stop > segment.start)


def marker_events(
    annotations: Iterable[Annotation], segments: Sequence[Segment], sfreq: float, rows: bool
) -> tuple[Event, ...]:
    """Return all but the skips as events, in stream order.

    Parameters
    ----------
    annotations : iterable of Annotation
        What the file says.
    segments : sequence of Segment
        Where its rows lie in the stream.
    sfreq : float
        Sampling rate in Hz.
    rows : bool
        Whether onsets count the rows of the file rather than the time of the stream.
    """
    events = []
    for note in annotations:
        if note.description == _SKIP:
            continue
        sample, time = round(note.onset * sfreq), note.onset
        if rows:
            at_break = note.description in _BREAKS
            shift = _shift(segments, _row_after(note, sfreq) if at_break else sample)
            sample = (_row_after(note, sfreq) if at_break else sample) + shift
            time += shift / sfreq
        payload = {"description": note.description, "duration": _seconds(note)}
        if note.channel:
            payload["channel"] = note.channel
        events.append(Event(max(sample, 0), time, Kind.MARKER, payload))
    return tuple(sorted(events, key=lambda event: (event.sample, event.time)))


def _shift(segments: Sequence[Segment], row: int) -> int:
    before = [segment for segment in segments if segment.start <= row]
    return before[-1].first - before[-1].start if before else 0


def _row_after(note: Annotation, sfreq: float) -> int:
    # EEGLAB puts a boundary half way between the two samples it divides.
    return math.ceil(note.onset * sfreq - 1e-3)


def _length(note: Annotation, sfreq: float) -> int:
    samples = _seconds(note) * sfreq
    return round(samples) if samples <= _LONGEST_GAP else 0


def _seconds(note: Annotation) -> float:
    return note.duration if math.isfinite(note.duration) else 0.0
