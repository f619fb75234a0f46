"""From a sender's raw stamps to sample times, with the lost samples counted.

The samples are what counts: index k follows index k − 1 unless the stamps, or the
source, show that samples are missing. Times come from a filter that follows the
stamps and smooths their jitter, and from a line through the measured clock offsets.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..signal import Chunk, Event, FloatArray, Item, Kind, StreamInfo
from .clock_duplicates import DuplicateFinder
from .clock_times import SampleTimes

# Seconds of samples by which a start or a jump is judged, and the fewest of them.
HOLD_S = 0.2
HOLD_AT_LEAST = 4
_NONE = np.empty(0)


@dataclass(frozen=True)
class ClockState:
    """What is known of a stream's clock and of what was lost, so far.

    Attributes
    ----------
    samples : int
        Samples passed on.
    lost, gaps, longest_gap : int
        Samples missing, in how many places, and the most in one place.
    duplicates : int
        Samples dropped because they came twice.
    steps : int
        Times that the sender's clock was set, or ours stood still.
    resets : int
        Times that the stamps ran back and began anew.
    rate, drift_ppm : float
        Measured sampling rate in Hz, and its deviation from the nominal one in
        parts per million.
    jitter : float
        Mean absolute deviation of the stamps from their samples' times, s.
    offset, offset_drift_ppm : float
        What is added to the sender's stamps, s, and its drift in parts per million.
    offsets : int
        Clock offsets measured.
    """

    samples: int
    lost: int
    gaps: int
    longest_gap: int
    duplicates: int
    steps: int
    resets: int
    rate: float
    drift_ppm: float
    jitter: float
    offset: float
    offset_drift_ppm: float
    offsets: int


class _Rows(NamedTuple):
    """Samples on their way: `Chunk` without its checks."""

    data: FloatArray
    stamps: FloatArray
    flags: NDArray[np.uint8]

    def cut(self, start: int, stop: int | None = None) -> _Rows:
        if start == 0 and (stop is None or stop == len(self.stamps)):
            return self
        return _Rows(self.data[start:stop], self.stamps[start:stop], self.flags[start:stop])

    def kept(self, mask: NDArray[np.bool_]) -> _Rows:
        return _Rows(self.data[mask], self.stamps[mask], self.flags[mask])

    def after(self, other: _Rows) -> _Rows:
        return _Rows(
            np.concatenate([other.data, self.data]),
            np.concatenate([other.stamps, self.stamps]),
            np.concatenate([other.flags, self.flags]),
        )


class ClockStage:
    """Replaces raw stamps by sample times and splits chunks where samples are missing.

    The first 0.2 s of a stream are held back, to start from their mean; so is what
    follows a jump in the stamps for as long, until it is clear whether samples were
    lost, and in a stream's first second for a second. What is held when a stream ends
    is not passed on: a stream shorter than 0.2 s gives nothing. Two losses with one
    sample between them count as one. A loss no longer than the stamps' jitter moves
    the times and is not counted, since it cannot be told from a delay; nor can a step
    of the sender's clock that only its stamps show be told from a loss.

    Times increase strictly, except where samples are missing before stamps that ran
    back, where the first clock offset comes after samples, and where a warning says
    that the two clocks have moved apart.

    Parameters
    ----------
    info : StreamInfo
        Stream with ``timestamps="raw"``.

    Attributes
    ----------
    info : StreamInfo
        The same stream with ``timestamps="regular"``.
    """

    def __init__(self, info: StreamInfo) -> None:
        self.info = replace(info, timestamps="regular")
        self._hold = max(HOLD_AT_LEAST, round(HOLD_S * info.sfreq))
        self.reset()

    def reset(self) -> None:
        """Forget the stream, as if newly made."""
        self._times = SampleTimes(self.info.sfreq, self._hold)
        self._duplicates = DuplicateFinder(self.info.sfreq)
        self._settled = False
        self._index = self._lost = self._gaps = self._longest = self._dropped = 0
        # Samples missing before the next one, as far as known; the least that are since
        # the stream broke off, None while it has not.
        self._missing = 0
        self._broken: int | None = None
        # The last stamp that was a number, and how many samples came since.
        self._stamp, self._since = math.nan, 0
        self._held: _Rows | None = None
        self._waiting: list[tuple[int, Event]] = []

    @property
    def lost(self) -> int:
        """Samples found missing since the start."""
        return self._lost

    @property
    def jitter(self) -> float:
        """Mean absolute deviation of the stamps, in seconds."""
        return self._times.filter.jitter

    @property
    def state(self) -> ClockState:
        """What is known at this moment."""
        times = self._times
        rate = 1.0 / times.filter.period
        return ClockState(
            samples=self._index - self._lost,
            lost=self._lost,
            gaps=self._gaps,
            longest_gap=self._longest,
            duplicates=self._dropped,
            steps=times.steps + times.offset.jumps,
            resets=times.resets,
            rate=rate,
            drift_ppm=(rate / self.info.sfreq - 1.0) * 1e6,
            jitter=times.filter.jitter,
            offset=times.offset.at(times.filter.time) - times.step,
            offset_drift_ppm=times.offset.drift * 1e6,
            offsets=times.offset.count,
        )

    def process(self, item: Item) -> Iterator[Item]:
        """Yield chunks with sample times, and events with the index of their sample."""
        if isinstance(item, Chunk):
            yield from self._chunk(item)
        elif isinstance(item, Event):
            yield from self._event(item)
        else:
            yield item

    def _event(self, event: Event) -> Iterator[Item]:
        kind, payload = event.kind, event.payload
        reconnected = kind == Kind.STREAM_RETURNED and bool(payload.get("reconnected"))
        if reconnected or kind in {Kind.CLOCK_STEP, Kind.SLEPT, Kind.STREAM_LOST}:
            yield from self._settle()
        step = 0.0
        if kind == Kind.CLOCK_OFFSET:
            step = self._times.measured(payload, at_once=self._broken is None)
        elif kind == Kind.CLOCK_STEP:
            self._times.stepped(float(payload["step"]))
        elif kind == Kind.SLEPT:
            self._break_off(round(float(payload["seconds"]) * self.info.sfreq))
        elif reconnected:
            self._break_off(1)
        if step and self._times.offset.count > 1:
            # What is held back steps too.
            yield replace(_stepped(event, step), sample=self._index)
        yield from self._in_place(event)

    def _in_place(self, event: Event) -> Iterator[Item]:
        """Pass an event on after the samples before it."""
        if self._held is None:
            yield replace(event, sample=self._index)
        else:
            self._waiting.append((len(self._held.data), event))

    def _break_off(self, at_least: int) -> None:
        self._times.broke_off()
        if self._times.started:
            self._broken = max(1, at_least, self._broken or 0)

    def _chunk(self, chunk: Chunk) -> Iterator[Item]:
        if chunk.missing_before:
            yield from self._settle()
            self._skip(chunk.missing_before)
        if not len(chunk):
            return
        rows = self._finite(chunk)
        if self._settled:
            rows, _ = self._without_duplicates(rows)
        if not len(rows.data):
            return
        if self._held is not None:
            yield from self._advance(rows.after(self._held), final=False)
        elif self._interrupted:
            yield from self._advance(rows, final=False)
        else:
            times = self._times.follow(rows.stamps)
            if len(times) == len(rows.stamps):
                yield self._passed(rows, times)
            else:
                yield from self._advance(rows, final=False, times=times)

    @property
    def _interrupted(self) -> bool:
        """True while the next samples have to show where times go on."""
        return not self._times.started or self._broken is not None or self._times.stepping

    def _skip(self, missing: int) -> None:
        if self._broken is not None:
            self._broken = max(self._broken, missing)
            return
        self._missing += missing
        if self._times.started:
            self._times.skip(missing)

    def _finite(self, chunk: Chunk) -> _Rows:
        """Return the rows with the stamps of a clock never set, made up where they are none."""
        stamps = chunk.times
        if self._times.announced:
            stamps = stamps - self._times.announced
        rows = _Rows(chunk.data, stamps, chunk.flags)
        listed = stamps.tolist()
        if math.isfinite(sum(listed)):
            self._stamp, self._since = listed[-1], 0
            return rows
        made = stamps.copy()
        for row, stamp in enumerate(listed):
            if math.isfinite(stamp):
                self._stamp, self._since = stamp, 0
            else:
                self._since += 1
                made[row] = self._stamp + self._since / self.info.sfreq
        # A stream's first samples cannot be placed without a stamp.
        return rows._replace(stamps=made).kept(np.isfinite(made))

    def _without_duplicates(self, rows: _Rows) -> tuple[_Rows, NDArray[np.bool_] | None]:
        """Return the rows that are new, and which they are where not all of them are."""
        keep = self._duplicates.keep(rows.stamps, rows.data)
        if keep is None:
            return rows, None
        self._dropped += int(len(keep) - keep.sum())
        return rows.kept(keep), keep

    def _settle(self) -> Iterator[Item]:
        """Judge what is held back by what there is of it."""
        if self._held is not None:
            yield from self._advance(self._held, final=True)

    def _advance(self, rows: _Rows, final: bool, times: FloatArray = _NONE) -> Iterator[Item]:
        """Pass on what can be of rows of which the first have `times`, and hold the rest."""
        if not self._settled:
            if len(rows.data) < self._hold and not final:
                self._held = rows
                return
            self._settled = True
            self._duplicates.begin(rows.stamps[: self._hold], rows.data[: self._hold])
            rows, keep = self._without_duplicates(rows)
            if keep is not None:
                self._waiting = [(int(keep[:at].sum()), event) for at, event in self._waiting]
        parts = [times]
        start = sure = 0
        done, n = len(times), len(rows.data)
        while done < n:
            if self._interrupted:
                needed = self._times.needed(rows.stamps[done:])
                if n - done < needed and not final:
                    break
                sure = done + self._begin(rows.stamps[done : done + needed])
            parts.append(self._times.follow(rows.stamps[done:], sure - done))
            done += len(parts[-1])
            if done < n:
                jump = self._times.judge(rows.stamps[done:], final)
                if jump is None:
                    break
                known = self._missing > 0 and start == done
                missing = self._times.jumped(jump, known)
                if missing:
                    yield from self._emit(rows.cut(start, done), parts)
                    start, parts = done, []
                self._missing += missing
                sure = done + max(1, jump.rows)
        yield from self._emit(rows.cut(start, done), parts)
        self._held = rows.cut(done) if done < n else None

    def _begin(self, stamps: FloatArray) -> int:
        """Go on after a start, a break or a step of the clock; return the samples judged."""
        if not self._times.started:
            return self._times.start(stamps)
        if self._broken is not None:
            self._missing += self._times.resume(stamps, self._broken)
            self._broken = None
        else:
            self._times.settle_step(stamps)
        return len(stamps)

    def _emit(self, rows: _Rows, parts: list[FloatArray]) -> Iterator[Item]:
        """Yield rows with their times, and the events that wait among them."""
        times = np.concatenate([_NONE, *parts])
        start, stop = 0, len(times)
        while self._waiting and self._waiting[0][0] <= stop:
            at, event = self._waiting.pop(0)
            if at > start:
                yield self._passed(rows.cut(start, at), times[start:at])
                start = at
            yield replace(event, sample=self._index)
        if stop > start:
            yield self._passed(rows.cut(start, stop), times[start:])
        if self._waiting:
            self._waiting = [(at - stop, event) for at, event in self._waiting]

    def _passed(self, rows: _Rows, times: FloatArray) -> Chunk:
        missing, self._missing = self._missing, 0
        if missing:
            self._lost += missing
            self._gaps += 1
            self._longest = max(self._longest, missing)
        chunk = Chunk(rows.data, self._index + missing, times, rows.flags, missing)
        self._index = chunk.stop
        return chunk


def _stepped(event: Event, by: float) -> Event:
    sentence = (
        f"The sender's clock and this machine's have moved apart by {by:+.3f} s at once; "
        "times step with them, and no sample counts as lost for it."
    )
    return Event(event.sample, event.time, Kind.WARNING, {"message": sentence, "step": by})
