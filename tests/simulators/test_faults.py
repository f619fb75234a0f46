import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtemotion.errors import SetupError
from rtemotion.simulators import Faults
from rtemotion.simulators.faults import Transmission

EVERY = Faults(
    loss=0.05,
    jitter_ms=3.0,
    drift_ppm=80.0,
    resets_per_min=20.0,
    reset_ms=400.0,
    reconnects_per_min=20.0,
    away_s=0.7,
)


def sent(faults, seconds=120, rate=250.0, seed=(3, 1)):
    return Transmission(faults, rate, seed, 1000.0).send(round(seconds * rate))


def test_without_faults_every_sample_arrives_under_its_exact_stamp():
    way = sent(Faults(), 10)
    assert way.arrives.all()
    assert way.connected.all()
    np.testing.assert_array_equal(way.stamps, 1000.0 + np.arange(2500) / 250.0)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 900), min_size=1, max_size=10))
def test_faults_do_not_depend_on_how_the_samples_are_cut(lengths):
    whole = Transmission(EVERY, 250.0, (1, 2), 5.0).send(sum(lengths))
    one = Transmission(EVERY, 250.0, (1, 2), 5.0)
    parts = [one.send(n) for n in lengths]
    for name in ("stamps", "arrives", "connected"):
        together = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(together, getattr(whole, name))


def test_other_seeds_lose_other_packets():
    assert (sent(EVERY, seed=(1,)).arrives != sent(EVERY, seed=(2,)).arrives).any()


def test_loss_takes_whole_packets_of_20_ms():
    way = sent(Faults(loss=0.1), 200)
    packets = way.arrives.reshape(-1, 5)
    assert (packets.all(axis=1) | ~packets.any(axis=1)).all()
    assert 1 - packets.mean() == pytest.approx(0.1, abs=0.02)
    np.testing.assert_array_equal(way.stamps, sent(Faults(), 200).stamps)


def test_jitter_moves_the_stamps_of_a_packet_together():
    late = 1e3 * (sent(Faults(jitter_ms=4.0)).stamps - sent(Faults()).stamps)
    assert late.std() == pytest.approx(4.0, rel=0.1)
    np.testing.assert_allclose(late.reshape(-1, 5).std(axis=1), 0.0, atol=1e-6)


def test_drift_shows_as_another_rate():
    way = sent(Faults(drift_ppm=100.0))
    rate = (len(way.stamps) - 1) / (way.stamps[-1] - way.stamps[0])
    assert rate / 250.0 - 1 == pytest.approx(100e-6, rel=1e-3)


def test_a_clock_that_is_set_stays_set():
    off = sent(Faults(resets_per_min=3.0, reset_ms=500.0)).stamps - sent(Faults()).stamps
    steps = np.diff(off)
    jumps = steps[np.abs(steps) > 1e-6]
    assert 2 <= len(jumps) <= 14
    assert 0.15 < np.abs(jumps).min() <= np.abs(jumps).max() < 1.5
    assert off[-1] == pytest.approx(jumps.sum(), abs=1e-6)


def test_the_stream_goes_away_and_returns():
    way = sent(Faults(reconnects_per_min=4.0, away_s=2.0), 300)
    edges = np.flatnonzero(np.diff(way.connected.astype(int)))
    lengths = np.diff(edges)[::2] / 250.0
    assert 8 <= len(lengths) <= 32
    np.testing.assert_allclose(lengths, 2.0, atol=0.01)
    np.testing.assert_array_equal(way.arrives, way.connected)


def test_faults_are_read_from_text():
    assert Faults.read("none") == Faults.read("") == Faults()
    read = Faults.read("loss=0.01,jitter=3,drift=50,resets=1")
    assert read == Faults(loss=0.01, jitter_ms=3.0, drift_ppm=50.0, resets_per_min=1.0)
    assert Faults.read("reconnects=1,away=5").lose_samples
    assert not Faults.read("jitter=3").lose_samples


@pytest.mark.parametrize("text", ["loss=2", "lost=0.1", "jitter=-1", "jitter=nan", "drift"])
def test_faults_that_cannot_be_are_refused(text):
    with pytest.raises(SetupError, match="the fault"):
        Faults.read(text)
