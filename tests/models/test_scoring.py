"""Scores of forecasts are what their definitions say, and prefer the better forecast."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from rtemotion.models.scoring import crps_gaussian, crps_sample, over_people

numbers = st.floats(-3.0, 3.0)
spreads = st.floats(0.05, 3.0)


def integrated(cdf: np.ndarray, grid: np.ndarray, truth: float) -> float:
    """Return the score by its definition: the squared distance from the step at the truth."""
    return float(np.trapezoid((cdf - (grid >= truth)) ** 2, grid))


@given(numbers, spreads, numbers)
def test_the_score_of_a_normal_forecast_is_the_integral(
    mean: float, std: float, truth: float
) -> None:
    grid = np.linspace(-40.0, 40.0, 160_001)
    expected = integrated(norm.cdf(grid, mean, std), grid, truth)
    found = crps_gaussian(np.array(mean), np.array(std), np.array(truth))
    assert found == pytest.approx(expected, abs=1e-3)


@given(st.lists(numbers, min_size=1, max_size=30), numbers)
def test_the_score_of_a_sample_is_its_distance_less_half_its_spread(
    sample: list[float], truth: float
) -> None:
    x = np.array(sample)
    expected = np.abs(x - truth).mean() - 0.5 * np.abs(x[:, None] - x).mean()
    assert crps_sample(x, np.array([truth]))[0] == pytest.approx(expected, abs=1e-9)


def test_both_scores_agree_on_the_same_distribution() -> None:
    sample = np.random.default_rng(0).normal(0.3, 0.2, 20_000)
    truth = np.linspace(-0.5, 1.0, 30)
    normal = crps_gaussian(np.full(30, 0.3), np.full(30, 0.2), truth)
    np.testing.assert_allclose(crps_sample(sample, truth), normal, atol=5e-3)


def test_who_knows_more_scores_lower_and_who_overstates_it_higher() -> None:
    rng = np.random.default_rng(1)
    known, rest = rng.standard_normal((2, 20_000))
    truth = known + 0.5 * rest
    marginal = crps_gaussian(np.zeros_like(truth), np.full_like(truth, np.sqrt(1.25)), truth)
    scores = {
        std: crps_gaussian(known, np.full_like(truth, std), truth).mean()
        for std in (0.1, 0.5, 2.0)
    }
    assert scores[0.5] < min(scores[0.1], scores[2.0]) < marginal.mean()


def test_an_interval_of_a_statistic_is_that_of_the_mean_where_they_are_the_same() -> None:
    values = np.random.default_rng(2).standard_normal((20, 3))
    plain = over_people(values[:, 0])
    of_curve = over_people(values, statistic=lambda mean: float(mean[0]))
    assert (of_curve.mean, of_curve.low, of_curve.high) == pytest.approx(
        (plain.mean, plain.low, plain.high)
    )


def test_an_interval_of_a_peak_is_as_wide_as_people_differ() -> None:
    at = np.arange(50)
    alike = np.exp(-0.5 * ((at - np.full((10, 1), 20.0)) / 3.0) ** 2)
    apart = np.exp(-0.5 * ((at - np.linspace(10.0, 30.0, 10)[:, None]) / 3.0) ** 2)
    same, other = (
        over_people(curves, statistic=lambda mean: float(at[np.argmax(mean)]))
        for curves in (alike, apart)
    )
    assert (same.low, same.high) == (20.0, 20.0)
    assert other.high - other.low > 5.0
