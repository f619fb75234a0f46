"""From a sender's raw stamps to sample times, with the lost samples counted.

The samples are what counts: index k follows index k − 1 unless the stamps
show that samples are missing. Times come from a first-order loop that follows
the stamps and smooths their jitter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..signal import Chunk, Event, FloatArray, Item, Kind, StreamInfo

# Share of a stamp's deviation that enters the predicted time of the next sample.
GAIN = 0.01
# A jump is judged once this many samples after it are there: a real loss goes on
# at the usual spacing, a late burst comes with its stamps bunched together.
HOLD = 4
JITTER_MEMORY_S = 2.0
FIRST_JITTER_S = 0.005


class ClockStage:
    """Replaces raw stamps by sample times and splits chunks where samples are missing.

    Parameters
    ----------
    info : StreamInfo
        Stream with ``timestamps="raw"``.

    Attributes
    ----------
    info : StreamInfo
        The same stream with ``timestamps="regular"``.
    lost : int
        Samples found missing since the start.
    jitter : float
        Smoothed deviation of the stamps, in seconds.
    """

    def __init__(self, info: StreamInfo) -> None:
        self.info = replace(info, timestamps="regular")
        self._period = 1.0 / info.sfreq
        self.reset()

    def reset(self) -> None:
        """Forget the stream, as if newly made."""
        self.lost = 0
        self.jitter = FIRST_JITTER_S
        self._offset = 0.0
        self._index = 0
        self._seen = 0
        self._expected = np.nan
        self._reconnected = False
        self._held: list[Chunk] = []

    def process(self, item: Item) -> Iterator[Item]:
        """Yield chunks with sample times; clock offsets are taken note of and passed on."""
        if isinstance(item, Chunk):
            if self._held:
                item = _joined([*self._held, item])
                self._held = []
            yield from self._chunk(item)
            return
        if isinstance(item, Event):
            if item.kind == Kind.CLOCK_OFFSET:
                self._offset = float(item.payload["offset"])
            elif item.kind == Kind.STREAM_RETURNED and item.payload.get("reconnected"):
                self._reconnected = True
                self._held = []
            item = replace(item, sample=self._index)
        yield item

    def _chunk(self, chunk: Chunk) -> Iterator[Item]:
        stamps = chunk.times
        times = np.empty(len(chunk))
        start, missing = 0, 0
        for k, stamp in enumerate(stamps.tolist()):
            found = self._missing_before(stamps, k, stamp)
            if found is None:
                self._held = [chunk.cut(k, len(chunk))]
                yield from self._emit(chunk, times, start, k, missing)
                return
            if found:
                yield from self._emit(chunk, times, start, k, missing)
                start, missing = k, found
            times[k] = self._follow(stamp)
        yield from self._emit(chunk, times, start, len(chunk), missing)

    def _missing_before(self, stamps: FloatArray, k: int, stamp: float) -> int | None:
        """Return how many samples are missing before row `k`, None if not yet known."""
        reconnected, self._reconnected = self._reconnected, False
        if np.isnan(self._expected):
            self._expected = stamp
            return 0
        if reconnected:
            return self._restart(stamp, at_least=1)
        if abs(stamp - self._expected) <= self._tolerance():
            return 0
        if len(stamps) - k < HOLD:
            return None
        spacing = (stamps[k + HOLD - 1] - stamp) / (HOLD - 1)
        if spacing < 0.5 * self._period:
            return 0
        # Stamps that step back leave open what lies between: that is a break too.
        return self._restart(stamp, at_least=int(stamp < self._expected))

    def _restart(self, stamp: float, at_least: int) -> int:
        missing = max(at_least, round((stamp - self._expected) / self._period))
        self._expected = stamp
        self._seen = 0
        self.lost += missing
        return missing

    def _tolerance(self) -> float:
        """Return how far a stamp may lie from its sample's time, in seconds."""
        return 6.0 * self.jitter + 0.75 * self._period

    def _follow(self, stamp: float) -> float:
        deviation = stamp - self._expected
        self._seen += 1
        gain = max(GAIN, 1.0 / self._seen)
        # Stamps of a late burst hardly pull, and times never run backwards.
        usual = min(max(deviation, -self._tolerance()), self._tolerance())
        time = self._expected + max(gain * usual, -0.5 * self._period)
        self._expected = time + self._period
        self.jitter += (abs(deviation) - self.jitter) * self._period / JITTER_MEMORY_S
        return time + self._offset

    def _emit(
        self, chunk: Chunk, times: FloatArray, start: int, stop: int, missing: int
    ) -> Iterator[Chunk]:
        if stop > start:
            self._index += missing
            data, flags = chunk.data[start:stop], chunk.flags[start:stop]
            yield Chunk(data, self._index, times[start:stop], flags, missing)
            self._index += stop - start


def _joined(chunks: list[Chunk]) -> Chunk:
    return Chunk(
        np.concatenate([c.data for c in chunks]),
        chunks[0].first_sample,
        np.concatenate([c.times for c in chunks]),
        np.concatenate([c.flags for c in chunks]),
    )
