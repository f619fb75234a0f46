"""A stream held in memory, for replaying what was just received and for tests."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from ..signal import Chunk, Event, Source, StreamInfo, Tick


class MemorySource:
    """Replay items at once, in the order they were received.

    Parameters
    ----------
    info : StreamInfo
        What is known about the stream.
    items : iterable of Chunk, Event or Tick
        Kept as they are; iterating twice gives the same items twice.
    """

    def __init__(self, info: StreamInfo, items: Iterable[Chunk | Event | Tick]) -> None:
        self._info = info
        self._items = tuple(items)
        self._closed = False

    @property
    def info(self) -> StreamInfo:
        """What is known about the stream."""
        return self._info

    def __iter__(self) -> Iterator[Chunk | Event | Tick]:
        """Yield the items until they end or the source is closed."""
        for item in self._items:
            if self._closed:
                return
            yield item

    def now(self) -> float:
        """Return NaN: a stream in memory has no present."""
        return math.nan

    def close(self) -> None:
        """Stop an iteration under way."""
        self._closed = True


def recording_items(
    source: Source, into: list[Chunk | Event | Tick]
) -> Iterator[Chunk | Event | Tick]:
    """Pass a source's items through and keep every one of them in `into`.

    Together with `MemorySource` it replays a live run in the same process.
    """
    for item in source:
        into.append(item)
        yield item
