import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtemotion.errors import SetupError
from rtemotion.simulators import Story
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


def heard(story, listener, own_share, times=None, **keywords):
    times = np.arange(0, 2000, 0.5) if times is None else times
    return Story(story, listener, own_share, **keywords).at(times)


def test_a_story_moves_everybody_alike_and_other_stories_otherwise():
    np.testing.assert_array_equal(heard(3, (1, 0), 0.0), heard(3, (2, 5), 0.0))
    assert np.abs(np.corrcoef(heard(3, (1,), 0.0).T, heard(4, (1,), 0.0).T)[:8, 8:]).mean() < 0.2


def test_one_s_own_share_of_a_story_is_as_large_as_asked(long):
    def agreement(own_share):
        pairs = zip(heard(3, (1,), own_share).T, heard(3, (2,), own_share).T, strict=True)
        return np.mean([np.corrcoef(a, b)[0, 1] for a, b in pairs])

    assert agreement(0.3) == pytest.approx(0.7, abs=0.1)
    assert agreement(1.0) == pytest.approx(0.0, abs=0.1)
    # Whatever the share, emotions stay what they are.
    assert heard(3, (1,), 0.5).mean() == pytest.approx(long.mean(), abs=0.05)
    assert heard(3, (1,), 0.5).std() == pytest.approx(long.std(), abs=0.04)


def test_a_story_heard_in_pieces_is_the_same_and_begins_with_rest():
    times = np.arange(0, 60, 0.1)
    whole = heard(1, (4, 2), 0.4, times, rest_s=10.0)
    one = Story(1, (4, 2), 0.4, rest_s=10.0)
    pieces = [one.at(part) for part in np.split(times, [1, 7, 300])]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    assert not whole[:100].any()
    assert whole[200:].any()


@pytest.mark.parametrize("wrong", [(-1, (0,), 0.0), (0, (-2,), 0.0), (0, (0,), 1.5)])
def test_impossible_stories_are_refused(wrong):
    with pytest.raises(SetupError, match="own share"):
        Story(*wrong)
