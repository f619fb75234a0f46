"""Small things several tests need."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from rtemotion import Pipeline
from rtemotion.decoding import Baseline, Model
from rtemotion.decoding.context import SlowContext
from rtemotion.signal import Chunk, EmotionFrame, Event, Item, Source, StreamInfo, Tick
from rtemotion.simulators import Brain, Subject
from rtemotion.sources.memory import recording_items


def simulated(
    headset: str, seconds: float, seed: int = 1, **options: object
) -> tuple[StreamInfo, Chunk]:
    """Return a simulated stream and its first seconds as one chunk."""
    brain = Brain(Subject.draw(seed), headset, seed=seed, **options)  # type: ignore[arg-type]
    chunk, _ = brain.read(round(seconds * brain.info.sfreq))
    return brain.info, chunk


def known_person(model: Model, info: StreamInfo) -> Baseline:
    """Return a person who is like the population and whose features never moved."""
    card, n = model.card, info.n_channels
    pairs = np.stack(np.triu_indices(n, k=1), axis=1)
    baseline = Baseline.population(card.normalisation.population, n, len(pairs))
    if card.context is None:
        return baseline
    slow = SlowContext(card.context, card.features, pairs, n)
    power = np.zeros((len(card.features.bands), n))
    edges = np.zeros(
        (len(card.features.measures), len(card.features.connectivity_bands), len(pairs))
    )
    for _ in range(round(card.context.minimum_s)):
        slow.add(power, edges)
    return replace(baseline, n_frames=240, context=slow.state)


def cut(chunk: Chunk, edges: Iterable[int]) -> Iterator[Chunk]:
    """Cut a chunk at the given rows."""
    rows = sorted({0, len(chunk), *edges})
    for start, stop in zip(rows[:-1], rows[1:], strict=True):
        yield chunk.cut(start, stop)


def frames_of(pipeline: Pipeline, items: Iterable[Item]) -> list[EmotionFrame]:
    """Return the emotion frames that follow from items."""
    return [
        out for item in items for out in pipeline.process(item) if isinstance(out, EmotionFrame)
    ]


def with_values(frames: Sequence[EmotionFrame]) -> list[EmotionFrame]:
    """Return the frames that have a value."""
    return [frame for frame in frames if np.isfinite(frame.mean).all()]


class Watched:
    """A source that keeps what it yields."""

    def __init__(self, source: Source, kept: list[Chunk | Event | Tick]) -> None:
        self._source = source
        self.info, self.now, self.close = source.info, source.now, source.close
        self._kept = kept

    def __iter__(self) -> Iterator[Chunk | Event | Tick]:
        return recording_items(self._source, self._kept)


@contextmanager
def another_process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run Python in a process of its own, and end it whatever happens."""
    process = subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
