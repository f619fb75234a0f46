"""A stream that has gone silent is noticed from ticks."""

from __future__ import annotations

import numpy as np

from rtemotion.conditioning import FreshnessStage
from rtemotion.signal import Chunk, Event, Item, Kind, Tick
from rtemotion.testing import check_stage

from .signals import chunk_of, eeg, events_of, run


def silence(since: float, seconds: float) -> list[Item]:
    return [Tick(since + t, float(t)) for t in np.arange(1, round(seconds * 10) + 1) / 10]


FIRST = chunk_of(eeg(128, 2))
SECOND = chunk_of(eeg(128, 2), first=128)


def test_a_stream_is_lost_once_when_the_limit_is_reached() -> None:
    items = run(FreshnessStage(), [FIRST, *silence(1.0, 2.0)])
    (lost,) = events_of(items, Kind.STREAM_LOST)
    assert lost == Event(128, 2.0, Kind.STREAM_LOST, {"idle": 1.0, "limit": 1.0})
    position = items.index(lost)
    assert items[position + 1] == Tick(2.0, 1.0)


def test_a_short_silence_is_none() -> None:
    items = [FIRST, *silence(1.0, 0.9), SECOND]
    assert all(a is b for a, b in zip(run(FreshnessStage(), items), items, strict=True))


def test_the_first_sample_after_it_brings_the_stream_back() -> None:
    items = run(FreshnessStage(), [FIRST, *silence(1.0, 1.5), SECOND])
    assert items[-2] == Event(128, 1.0, Kind.STREAM_RETURNED)
    assert items[-1] is SECOND


def test_an_empty_chunk_brings_nothing_back() -> None:
    empty = Chunk(np.empty((0, 2)), 128, np.empty(0))
    items = run(FreshnessStage(), [FIRST, *silence(1.0, 1.5), empty])
    assert not events_of(items, Kind.STREAM_RETURNED)


def test_a_return_the_source_tells_of_is_not_told_twice() -> None:
    told = Event(128, 2.6, Kind.STREAM_RETURNED, {"reconnected": True})
    items = run(FreshnessStage(), [FIRST, *silence(1.0, 1.5), told, SECOND])
    assert events_of(items, Kind.STREAM_RETURNED) == [told]


def test_a_stream_can_be_lost_again() -> None:
    items = [FIRST, *silence(1.0, 1.5), SECOND, *silence(2.0, 1.5)]
    assert len(events_of(run(FreshnessStage(), items), Kind.STREAM_LOST)) == 2


def test_the_limit_is_the_users() -> None:
    items = run(FreshnessStage(0.3), [FIRST, *silence(1.0, 0.5)])
    assert events_of(items, Kind.STREAM_LOST)[0].payload == {"idle": 0.3, "limit": 0.3}


def test_a_stream_that_never_began_is_lost_too() -> None:
    (lost,) = events_of(run(FreshnessStage(), silence(0.0, 1.2)), Kind.STREAM_LOST)
    assert lost.sample == 0


def test_the_contract_of_a_stage_holds() -> None:
    check_stage(FreshnessStage, [FIRST, *silence(1.0, 1.5), SECOND, *silence(2.0, 1.2)])
