import math
import time

import numpy as np
import pytest

from rtemotion.errors import SetupError
from rtemotion.signal import Chunk, Source, Tick
from rtemotion.simulators import SimulatedSource


def test_it_is_a_source(make_brain):
    assert isinstance(SimulatedSource(make_brain("muse")), Source)


def test_as_fast_as_possible_it_yields_every_sample_once_and_has_no_clock(make_brain):
    expected, truth = make_brain("muse").read(300)
    source = SimulatedSource(make_brain("muse"), speed=math.inf, seconds=300 / 256, chunk_s=0.1)
    assert math.isnan(source.now())
    chunks, truths = [], []
    for item in source:
        assert isinstance(item, Chunk)
        chunks.append(item)
        truths.append(source.truth)
    np.testing.assert_array_equal(np.concatenate([c.data for c in chunks]), expected.data)
    np.testing.assert_array_equal(np.concatenate([c.times for c in chunks]), expected.times)
    np.testing.assert_array_equal(np.concatenate(truths), truth)
    assert [c.first_sample for c in chunks[:2]] == [0, 26]


def test_it_keeps_real_time_without_drift(make_brain):
    source = SimulatedSource(make_brain("muse"), seconds=0.5, chunk_s=0.02)
    ages = []
    for item in source:
        if isinstance(item, Chunk):
            ages.append(source.now() - (item.stop / 256))
    assert min(ages) >= 0
    assert np.median(ages) < 0.05
    assert 0.5 <= source.now() < 1.5


def test_silence_ticks_at_least_every_tenth_of_a_second(make_brain):
    source = SimulatedSource(make_brain("muse"), seconds=0.6, chunk_s=0.3)
    items, moments = [], [time.monotonic()]
    for item in source:
        items.append(item)
        moments.append(time.monotonic())
    assert sum(isinstance(item, Tick) for item in items) >= 4
    assert np.median(np.diff(moments)) < 0.13
    ticks = [item for item in items if isinstance(item, Tick)]
    assert all(tick.idle > 0 for tick in ticks)
    assert ticks[0].time < ticks[-1].time


def test_a_higher_speed_takes_less_time(make_brain):
    began = time.monotonic()
    for _ in SimulatedSource(make_brain("muse"), speed=4.0, seconds=1.2):
        pass
    assert 0.3 <= time.monotonic() - began < 1.2


def test_closing_ends_it_and_may_be_done_twice(make_brain):
    source = SimulatedSource(make_brain("muse"), speed=math.inf)
    for count, _ in enumerate(source):
        if count == 3:
            source.close()
            source.close()
    assert count == 3


@pytest.mark.parametrize("keywords", [{"speed": 0.0}, {"chunk_s": 0.0}, {"seconds": -1.0}])
def test_impossible_paces_are_refused(make_brain, keywords):
    with pytest.raises(SetupError):
        SimulatedSource(make_brain("muse"), **keywords)
