"""The clock of a recording: when samples pass, whoever changes the pace meanwhile."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtemotion.errors import SourceError
from rtemotion.signal import Chunk, Event, Tick
from rtemotion.sources.pacing import ReplayClock, check_speed, chunk_length, paced

SFREQ = 250.0


def chunk(first: int, n: int) -> Chunk:
    at = np.arange(first, first + n)
    return Chunk(at[:, None].astype(float), first, at / SFREQ)


def due(stop: int) -> float:
    return stop / SFREQ


class Player:
    """A recording of some seconds that plays in a thread of its own."""

    def __init__(self, clock: ReplayClock, seconds: float = 4.0, length: int = 5) -> None:
        self.clock, self.items = clock, list[Chunk | Event | Tick]()
        whole = [chunk(0, round(seconds * SFREQ))]
        self._thread = threading.Thread(target=self._play, args=(whole, length))
        self._thread.start()

    def _play(self, items: list[Chunk], length: int) -> None:
        for item in paced(items, length, due, self.clock):
            self.items.append(item)

    @property
    def samples(self) -> int:
        return sum(len(item) for item in self.items if isinstance(item, Chunk))

    def reach(self, samples: int, seconds: float = 5.0) -> None:
        end = time.monotonic() + seconds
        while self.samples < samples:
            assert time.monotonic() < end, f"only {self.samples} samples passed"
            time.sleep(0.002)

    def finish(self) -> None:
        self.clock.set_speed(math.inf)
        self._thread.join(5.0)
        assert not self._thread.is_alive()


@pytest.fixture
def players() -> Iterator[list[Player]]:
    made: list[Player] = []
    yield made
    for player in made:
        player.finish()
        assert player.samples == 1000


def test_samples_pass_at_the_pace_that_was_asked_for(players: list[Player]) -> None:
    began = time.monotonic()
    players.append(Player(ReplayClock(4.0)))
    players[0].reach(800)
    assert time.monotonic() - began == pytest.approx(0.8, abs=0.15)


def test_without_a_pace_nothing_is_waited_for() -> None:
    clock = ReplayClock(math.inf)
    items = list(paced([chunk(0, 2000)], 500, due, clock))
    assert [len(item) for item in items if isinstance(item, Chunk)] == [500] * 4
    assert math.isnan(clock.now())


def test_in_a_pause_stream_time_stands_still_and_no_tick_grows_old(players: list[Player]) -> None:
    clock = ReplayClock(1.0)
    players.append(Player(clock))
    players[0].reach(50)
    clock.pause()
    time.sleep(0.05)
    at, now = players[0].samples, clock.now()
    time.sleep(1.3)
    assert (players[0].samples, clock.now()) == (at, now)
    ticks = [item for item in players[0].items if isinstance(item, Tick)]
    assert len(ticks) >= 10
    assert max(tick.idle for tick in ticks) < 0.1
    clock.pause(False)
    players[0].reach(at + 50)
    assert clock.now() - now < 0.6


def test_a_change_of_speed_counts_from_where_it_is(players: list[Player]) -> None:
    clock = ReplayClock(1.0)
    players.append(Player(clock))
    players[0].reach(50)
    clock.set_speed(8.0)
    before = clock.now()
    assert before == pytest.approx(0.2, abs=0.1)
    time.sleep(0.2)
    assert clock.now() - before == pytest.approx(1.6, rel=0.3)


@pytest.mark.parametrize("until", [62, 63, 64, 65, 400])
def test_a_hurry_in_a_pause_ends_with_the_chunk_it_leads_into(
    players: list[Player], until: int
) -> None:
    clock = ReplayClock(1.0)
    clock.pause()
    players.append(Player(clock))
    clock.hurry(until / SFREQ)
    players[0].reach(until)
    time.sleep(0.15)
    assert players[0].samples == math.ceil(until / 5) * 5
    assert clock.now() == pytest.approx(players[0].samples / SFREQ)


def test_a_hurry_that_is_taken_back_stops_where_it_is(players: list[Player]) -> None:
    clock = ReplayClock(1.0)
    clock.pause()
    clock.hurry(math.inf)
    clock.hurry(-math.inf)
    players.append(Player(clock))
    time.sleep(0.1)
    assert players[0].samples == 0


def test_after_a_hurry_the_pace_goes_on_from_there(players: list[Player]) -> None:
    clock = ReplayClock(1.0)
    players.append(Player(clock))
    clock.hurry(2.0)
    players[0].reach(500)
    assert clock.now() == pytest.approx(2.0, abs=0.1)
    time.sleep(0.3)
    assert players[0].samples == pytest.approx(575, abs=25)


def test_an_event_passes_right_before_its_sample() -> None:
    clock = ReplayClock(50.0)
    event = Event(30, 30 / SFREQ, "marker", {})
    items = list(paced([chunk(0, 30), event, chunk(30, 30)], 20, due, clock))
    kept = [item for item in items if not isinstance(item, Tick)]
    assert kept.index(event) == 2
    assert [len(item) for item in kept if isinstance(item, Chunk)] == [20, 10, 10, 20]


@given(st.lists(st.integers(1, 400), min_size=1, max_size=5), st.integers(1, 120))
def test_pacing_loses_and_changes_no_sample(lengths: list[int], longest: int) -> None:
    edges = np.cumsum([0, *lengths])
    chunks = [chunk(int(a), int(b - a)) for a, b in zip(edges[:-1], edges[1:], strict=True)]
    passed = list(paced(chunks, longest, due, ReplayClock(math.inf)))
    rows = np.concatenate([item.data for item in passed if isinstance(item, Chunk)])
    np.testing.assert_array_equal(rows[:, 0], np.arange(edges[-1]))
    assert all(len(item) <= longest for item in passed if isinstance(item, Chunk))


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan])
def test_a_speed_is_positive(speed: float) -> None:
    with pytest.raises(SourceError, match="positive number"):
        check_speed(speed)
    clock = ReplayClock(1.0)
    with pytest.raises(SourceError, match="positive number"):
        clock.set_speed(speed)
    assert clock.speed == 1.0


def test_chunks_suit_the_speed() -> None:
    assert chunk_length(None, 1.0, 250.0) == 5
    assert chunk_length(None, 100.0, 250.0) == 25
    assert chunk_length(None, math.inf, 250.0) == 2500
    assert chunk_length(0.5, 1.0, 250.0) == 125
    assert chunk_length(None, 0.01, 250.0) == 1
