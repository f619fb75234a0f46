"""Letting a recording pass at the pace of a clock."""

from __future__ import annotations

import math
import threading
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
    """Stream time that runs `speed` times as fast as the wall's, and may be told otherwise.

    Every moment is computed from the last change of pace, so waiting never adds up to
    drift. Pace never changes a number: it only says when samples pass. All methods may be
    called from any thread.

    Parameters
    ----------
    speed : float
        1 for real time; infinite for no pace at all.

    Attributes
    ----------
    speed : float
        As it is at present.
    paused : bool
        Whether stream time stands still.
    """

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self.paused = False
        self._changed = threading.Condition()
        self._anchor, self._since = 0.0, time.monotonic()
        self._hurry = -math.inf
        self._reached = 0.0

    def start(self) -> None:
        """Put stream time zero at this moment."""
        with self._changed:
            self._anchor, self._since, self._reached = 0.0, time.monotonic(), 0.0

    def now(self) -> float:
        """Return stream time in seconds; NaN without a pace."""
        with self._changed:
            return self._now()

    def _now(self) -> float:
        if math.isinf(self.speed) or self._hurrying:
            return math.nan
        if self.paused:
            return self._anchor
        return self._anchor + (time.monotonic() - self._since) * self.speed

    @property
    def _hurrying(self) -> bool:
        return self._reached < self._hurry

    def set_speed(self, speed: float) -> None:
        """Go on at another speed.

        Raises
        ------
        SourceError
            Unless it is a positive number.
        """
        check_speed(speed)
        with self._changed:
            self._hold()
            self.speed = speed
            self._changed.notify_all()

    def pause(self, paused: bool = True) -> None:
        """Let stream time stand still, or go on."""
        with self._changed:
            self._hold()
            self.paused = paused
            self._changed.notify_all()

    def hurry(self, until: float) -> None:
        """Let everything up to a moment of the stream pass at once, paused or not.

        Parameters
        ----------
        until : float
            Stream time, s; what follows keeps the pace there was.
        """
        with self._changed:
            self._hold()
            self._hurry = until
            self._changed.notify_all()

    def _hold(self) -> None:
        """Count stream time from this moment on."""
        now = self._now()
        self._anchor = self._reached if math.isnan(now) else now
        self._since = time.monotonic()

    def wait(self, due: float, last: float, begin: float | None = None) -> Iterator[Tick]:
        """Sleep until stream time `due`, ticking at least every 100 ms.

        Parameters
        ----------
        due : float
            Stream time to wait for, s.
        last : float
            Stream time of the newest sample given out, s, for `Tick.idle`.
        begin : float or None
            Stream time before what is waited for, s: whoever hurries to a moment in the
            midst of a chunk wants all of it. `due` by default.
        """
        hurried = due if begin is None else begin
        while True:
            with self._changed:
                if math.isinf(self.speed) or hurried < self._hurry or due <= self._hurry:
                    # Stream time goes on from what passed without a wait.
                    self._reached = self._anchor = due
                    self._since = time.monotonic()
                    return
                self._hurry = -math.inf
                left = math.inf if self.paused else (due - self._now()) / self.speed
                if left <= 0:
                    return
                self._changed.wait(min(left, TICK_S))
                now = self._now()
            if left > TICK_S and not math.isnan(now):
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
            yield from clock.wait(moment, reached, due(first))
            yield item.cut(start, stop)
            start, reached = stop, moment
