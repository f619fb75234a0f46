"""Trials that were cut apart, as one source: a gap between any two, where filters begin anew."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ...signal import Chunk, Event, FloatArray, Kind, StreamInfo, Tick

_CHUNK_S = 10.0


class TrialsSource:
    """Arrays of samples, read one at a time, on one clock.

    Parameters
    ----------
    info : StreamInfo
        What is known about the recording.
    load : callable
        Returns the trials in their order, each (n_samples, n_channels) in volts.
    lengths : sequence of int
        Samples of each trial.
    gap : int
        Samples that count as missing between two trials, at least one.

    Attributes
    ----------
    n_samples : int
        Length in samples, missing ones counted.
    """

    def __init__(
        self,
        info: StreamInfo,
        load: Callable[[], Iterable[NDArray[np.floating]]],
        lengths: Sequence[int],
        gap: int,
    ) -> None:
        self._info, self._load, self._gap = info, load, max(1, gap)
        self._starts = starts_of(lengths, self._gap)
        self.n_samples = (self._starts[-1] + lengths[-1]) if len(lengths) else 0
        self._closed = False

    @property
    def info(self) -> StreamInfo:
        """What is known about the recording."""
        return self._info

    def __iter__(self) -> Iterator[Chunk | Event | Tick]:
        """Yield a marker with the number of each trial, and its samples."""
        sfreq = self._info.sfreq
        size = max(1, round(_CHUNK_S * sfreq))
        reached = 0
        for number, (first, data) in enumerate(zip(self._starts, self._load(), strict=True)):
            rows: FloatArray = np.ascontiguousarray(data, dtype=np.float64)
            yield Event(first, first / sfreq, Kind.MARKER, {"description": str(number + 1)})
            for start in range(0, len(rows), size):
                if self._closed:
                    return
                part = rows[start : start + size]
                at = first + start
                times = np.arange(at, at + len(part)) / sfreq
                yield Chunk(part, at, times, missing_before=at - reached)
                reached = at + len(part)

    def now(self) -> float:
        """Return NaN: what was recorded has no present."""
        return math.nan

    def close(self) -> None:
        """End an iteration under way."""
        self._closed = True


def starts_of(lengths: Sequence[int], gap: int) -> list[int]:
    """Return the first sample of each trial when there is a gap between any two."""
    ends = np.cumsum([0, *[length + gap for length in lengths]])
    return [int(x) for x in ends[:-1]]
