import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtemotion.errors import SourceError
from rtemotion.sources.rates import USUAL_RATES, measured_rate


@given(st.sampled_from(USUAL_RATES), st.floats(-0.004, 0.004), st.integers(0, 2**32 - 1))
def test_a_usual_rate_is_found_through_jitter(rate: float, off: float, seed: int) -> None:
    n = int(5 * rate)
    jitter = np.random.default_rng(seed).normal(0, 0.003, n)
    assert measured_rate(1e5 + np.arange(n) / (rate * (1 + off)) + jitter) == rate


@pytest.mark.parametrize("rate", [128.0, 250.0, 256.0, 500.0])
def test_samples_stamped_in_bunches(rate: float) -> None:
    sent = np.arange(int(5 * rate)) // 12 * 12  # every packet of 12 carries one stamp
    assert measured_rate(sent / rate) == rate


@pytest.mark.parametrize("lost", [1, 40, 300])
def test_a_loss_does_not_matter(lost: int) -> None:
    index = np.arange(1250)
    index[600:] += lost
    assert measured_rate(index / 250.0) == 250.0


def test_a_long_recording_with_a_loss_every_few_seconds() -> None:
    rng = np.random.default_rng(0)
    index = np.arange(100_000)
    for place in range(0, len(index), 2000):
        index[place:] += rng.integers(20, 200)
    assert measured_rate(index / 500.0) == 500.0


def test_an_unusual_rate_is_rounded_to_three_digits() -> None:
    assert measured_rate(np.arange(400) / 83.456) == 83.5


@pytest.mark.parametrize("stamps", [[], [1.0] * 500, [1.0, 2.0, np.nan, np.nan]])
def test_too_little_to_measure_by_is_refused(stamps: list[float]) -> None:
    with pytest.raises(SourceError, match="--sfreq"):
        measured_rate(np.array(stamps))


def test_stamps_that_run_backwards_are_refused() -> None:
    with pytest.raises(SourceError, match="backwards"):
        measured_rate(-np.arange(500) / 250.0)
