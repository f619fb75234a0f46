"""Letting a recording pass at the pace of a clock."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from ..errors import SourceError
from ..signal import Chunk, Event, Tick

# A source says so at least every 100 ms when nothing arrives.
TICK_S = 0.1
_CHUNK_S = 10.0
_PACED_CHUNK_S = 0.02
# Longer chunks would hold frames back past the next one, however fast the replay.
_LONGEST_PACED_S = 0.1


def check_speed(speed: float) -> None:
    """Raise `SourceError` unless `speed` is a positive number of times real time."""
    if not speed > 0:
        raise SourceError(
            f"a recording cannot be replayed at speed {speed}, expected a positive number "
            "of times real time, or 'max'."
        )


def chunk_length(chunk_s: float | None, speed: float, sfreq: float) -> int:
    """Return the longest chunk in samples; by default what suits the speed."""
    if chunk_s is None:
        chunk_s = _CHUNK_S if math.isinf(speed) else min(_PACED_CHUNK_S * speed, _LONGEST_PACED_S)
    return max(1, round(chunk_s * sfreq))


class ReplayClock:
    """Stream time that runs `speed` times as fast as the wall's.

    Every moment is computed from the start, so waiting never adds up to drift.

    Parameters
    ----------
    speed : float
        1 for real time; infinite for no pace at all.
    """

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._start = time.monotonic()

    def start(self) -> None:
        """Put stream time zero at this moment."""
        self._start = time.monotonic()

    def now(self) -> float:
        """Return stream time in seconds; NaN without a pace."""
        if math.isinf(self._speed):
            return math.nan
        return (time.monotonic() - self._start) * self._speed

    def wait(self, due: float, last: float) -> Iterator[Tick]:
        """Sleep until stream time `due`, ticking at least every 100 ms.

        Parameters
        ----------
        due : float
            Stream time to wait for, s.
        last : float
            Stream time of the newest sample given out, s, for `Tick.idle`.
        """
        if math.isinf(self._speed):
            return
        while (left := (due - self.now()) / self._speed) > 0:
            time.sleep(min(left, TICK_S))
            if left > TICK_S:
                now = self.now()
                yield Tick(time=now, idle=max(now - last, 0.0))


def with_events(chunk: Chunk, events: deque[Event]) -> Iterator[Chunk | Event]:
    """Cut a chunk so that every event comes right before its sample; takes those events out."""
    start = 0
    while events and events[0].sample < chunk.stop:
        at = max(events[0].sample - chunk.first_sample, start)
        if at > start:
            yield chunk.cut(start, at)
            start = at
        yield events.popleft()
    if start < len(chunk):
        yield chunk.cut(start, len(chunk))


def paced(
    items: Iterable[Chunk | Event],
    length: int,
    due: Callable[[int], float],
    clock: ReplayClock,
) -> Iterator[Chunk | Event | Tick]:
    """Let items pass at a clock's pace, in chunks no longer than asked for.

    Parameters
    ----------
    items : iterable of Chunk or Event
        In stream order, chunks of any length.
    length : int
        Longest chunk, in samples.
    due : callable
        Takes a sample index; returns the stream time (s) at which all samples
        before it have arrived.
    clock : ReplayClock
        Started by the first item.
    """
    clock.start()
    reached = 0.0
    for item in items:
        if isinstance(item, Event):
            yield from clock.wait(due(item.sample), reached)
            yield item
            continue
        start = 0
        while start < len(item):
            first = item.first_sample + start
            stop = min(len(item), start + length - first % length)
            moment = due(item.first_sample + stop)
            yield from clock.wait(moment, reached)
            yield item.cut(start, stop)
            start, reached = stop, moment
