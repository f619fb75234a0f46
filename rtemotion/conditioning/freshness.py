"""Notices that a stream has gone silent, from ticks rather than from a clock of its own."""

from __future__ import annotations

from collections.abc import Iterator

from ..signal import Chunk, Event, Item, Kind, Tick

DEFAULT_LIMIT = 1.0


class FreshnessStage:
    """Adds `stream lost` and `stream returned` events to a stream.

    Parameters
    ----------
    limit : float
        Seconds without samples after which the stream counts as lost.
    """

    def __init__(self, limit: float = DEFAULT_LIMIT) -> None:
        self.limit = limit
        self.reset()

    def reset(self) -> None:
        """Start with a stream that is not lost."""
        self._lost = False
        self._next_sample = 0

    def process(self, item: Item) -> Iterator[Item]:
        """Pass everything on, with the events that follow from it."""
        if isinstance(item, Tick) and item.idle >= self.limit and not self._lost:
            self._lost = True
            yield Event(
                self._next_sample,
                item.time,
                Kind.STREAM_LOST,
                {"idle": item.idle, "limit": self.limit},
            )
        elif isinstance(item, Event) and item.kind in {Kind.STREAM_LOST, Kind.STREAM_RETURNED}:
            # A recorded session brings its own.
            self._lost = item.kind == Kind.STREAM_LOST
        elif isinstance(item, Chunk):
            if self._lost and len(item):
                self._lost = False
                yield Event(item.first_sample, float(item.times[0]), Kind.STREAM_RETURNED)
            self._next_sample = item.stop
        yield item
