"""Reading a source to its end, gaps and events checked on the way."""

import numpy as np

from rtemotion.signal import Chunk, Event, FloatArray, Source


def parts_of(source: Source) -> tuple[list[Chunk], list[Event]]:
    chunks, events, reached = [], [], 0
    for item in source:
        if isinstance(item, Chunk):
            assert item.first_sample == reached + item.missing_before
            chunks.append(item)
            reached = item.stop
        elif isinstance(item, Event):
            events.append(item)
    return chunks, events


def data_of(source: Source) -> FloatArray:
    return np.concatenate([chunk.data for chunk in parts_of(source)[0]])
