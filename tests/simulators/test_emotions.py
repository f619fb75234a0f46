import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtemotion.simulators.emotions import EmotionProcess, emotion_correlation


def process(seed=0, **keywords):
    return EmotionProcess(np.random.default_rng(seed), **keywords)


@pytest.fixture(scope="module")
def long():
    return process().at(np.arange(0, 8000, 0.5))


def test_emotions_stay_between_0_and_1_mostly_low_and_cover_the_range(long):
    assert long.min() >= 0
    assert long.max() <= 1
    assert 0.15 < long.mean() < 0.35
    assert (long.max(axis=0) > 0.9).all()


def test_time_constant_is_about_20_s(long):
    centred = long - long.mean(axis=0)
    power = (centred**2).mean()
    autocorrelation = [(centred[k:] * centred[: len(centred) - k]).mean() for k in range(200)]
    assert 14 < 0.5 * np.sum(autocorrelation) / power < 24


def test_emotions_co_occur_as_they_should(long):
    together = np.corrcoef(long.T)
    assert together[1, 2] > 0.15
    assert together[1, 5] < -0.05
    assert np.linalg.eigvalsh(emotion_correlation()).min() > 0


def test_rest_is_exactly_zero_and_then_ends():
    levels = process(rest_s=10.0).at(np.arange(0, 60, 0.1))
    assert (levels[:100] == 0).all()
    assert levels[200:].mean() > 0.05


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=8))
def test_asking_in_pieces_changes_nothing(lengths):
    times = np.arange(sum(lengths)) / 50.0
    whole = process(4).at(times)
    one = process(4)
    pieces = [one.at(part) for part in np.split(times, np.cumsum(lengths)[:-1])]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_nothing_asked_nothing_answered():
    assert process().at(np.empty(0)).shape == (0, 8)


@pytest.mark.parametrize("keywords", [{"tau_s": 0.0}, {"rest_s": -1.0}])
def test_impossible_times_are_refused(keywords):
    with pytest.raises(ValueError, match="must be positive"):
        process(**keywords)
