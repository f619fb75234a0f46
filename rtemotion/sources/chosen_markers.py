"""A recording with some of its markers only."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from ..signal import Chunk, Event, Kind, Source, StreamInfo, Tick


class ChosenMarkers:
    """Passes a source on, but for the markers of streams and channels not asked for.

    Parameters
    ----------
    source : Source
        What to read.
    wanted : str
        Names or patterns, separated by commas, of marker streams and trigger
        channels; ``name=`` before them may be written as for live streams.
        Annotations, which are of neither, are called ``annotations``.
    """

    def __init__(self, source: Source, wanted: str) -> None:
        self._source = source
        self._wanted = [part.strip().removeprefix("name=") for part in wanted.split(",")]
        self.now, self.close = source.now, source.close

    @property
    def info(self) -> StreamInfo:
        """What is known about the stream."""
        return self._source.info

    def __iter__(self) -> Iterator[Chunk | Event | Tick]:
        """Yield the source's items."""
        for item in self._source:
            if not isinstance(item, Event) or item.kind != Kind.MARKER or self._is_wanted(item):
                yield item

    def __getattr__(self, name: str) -> Any:
        """Return what a recorder asks of a source beyond the protocol: xml, factors."""
        return getattr(self._source, name)

    def _is_wanted(self, marker: Event) -> bool:
        name = marker.payload.get("stream") or marker.payload.get("channel") or "annotations"
        return any(fnmatchcase(str(name), pattern) for pattern in self._wanted)
