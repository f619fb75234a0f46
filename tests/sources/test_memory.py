import math

import numpy as np

from rtemotion.signal import Chunk, Event, Source, StreamInfo, Tick
from rtemotion.sources.memory import MemorySource, recording_items

INFO = StreamInfo(("Cz", "Pz"), 100.0)
ITEMS = [
    Chunk(np.ones((3, 2)), 0, np.arange(3) / 100),
    Event(3, 0.03, "marker", {"description": "a"}),
    Tick(0.2, 0.17),
    Chunk(np.zeros((2, 2)), 3, np.arange(3, 5) / 100),
]


def test_it_gives_the_very_items_twice() -> None:
    source = MemorySource(INFO, iter(ITEMS))
    assert isinstance(source, Source)
    for _ in range(2):
        assert all(a is b for a, b in zip(source, ITEMS, strict=True))
    assert source.info is INFO
    assert math.isnan(source.now())


def test_what_passes_is_kept() -> None:
    kept: list[Chunk | Event | Tick] = []
    passed = list(recording_items(MemorySource(INFO, ITEMS), kept))
    assert [id(x) for x in passed] == [id(x) for x in kept] == [id(x) for x in ITEMS]


def test_close_ends_the_iteration() -> None:
    source = MemorySource(INFO, ITEMS)
    items = iter(source)
    next(items)
    source.close()
    source.close()
    assert list(items) == []
