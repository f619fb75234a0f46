"""Scores of continuous predictions: concordance, a fair rescaling, intervals over people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from ..signal import FloatArray

RESAMPLES = 10_000


def concordance(estimate: FloatArray, truth: FloatArray) -> FloatArray:
    """Return Lin's concordance correlation along the first axis, shape (n_targets,).

    It is 0 where either never changes (Lin 1989, Biometrics 45:255).
    """
    a, b = estimate.mean(axis=0), truth.mean(axis=0)
    together = 2.0 * np.mean((estimate - a) * (truth - b), axis=0)
    spread = estimate.var(axis=0) + truth.var(axis=0) + (a - b) ** 2
    # The mean of equal numbers may be off by rounding, and then they would seem to vary.
    varies = (np.ptp(estimate, axis=0) > 0) & (np.ptp(truth, axis=0) > 0)
    ccc: FloatArray = np.divide(together, spread, out=np.zeros_like(together), where=varies)
    return ccc


@dataclass(frozen=True, eq=False)
class Rescaling:
    """An affine map for each target that gives predictions the mean and spread of labels.

    Predictions fitted by least squares are narrower than what they predict, and
    concordance punishes that. The map follows from people of the training side, from
    predictions that were not fitted on them (Trigeorgis et al. 2016, ICASSP, 5200).

    Attributes
    ----------
    slope, offset : array, shape (n_targets,)
    """

    slope: FloatArray
    offset: FloatArray

    @classmethod
    def fitted(cls, estimate: FloatArray, truth: FloatArray) -> Rescaling:
        """Return the map for predictions and labels, both (n_rows, n_targets)."""
        narrow = estimate.std(axis=0)
        varies = narrow > 1e-9
        slope = np.where(varies, truth.std(axis=0) / np.where(varies, narrow, 1.0), 0.0)
        return cls(slope, truth.mean(axis=0) - slope * estimate.mean(axis=0))

    def __call__(self, estimate: FloatArray) -> FloatArray:
        """Return rescaled predictions of the same shape."""
        rescaled: FloatArray = self.slope * estimate + self.offset
        return rescaled


@dataclass(frozen=True)
class Interval:
    """A mean over people, and where it would lie with other people in 95 of 100 cases."""

    mean: float
    low: float
    high: float

    @property
    def holds_zero(self) -> bool:
        """Whether chance would do as well."""
        return self.low <= 0.0 <= self.high


def over_people(
    values: FloatArray,
    seed: int = 0,
    statistic: Callable[[FloatArray], float] | None = None,
) -> Interval:
    """Return the mean over people with its percentile bootstrap interval of 95 %.

    Parameters
    ----------
    values : array, shape (n_people,) or (n_people, ...)
        Of each person: one value, or a curve when there is a statistic.
    seed : int
        Of the people drawn.
    statistic : callable, optional
        From the mean over people to the number that is wanted in place of that mean.
    """
    of = statistic or float
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(values), size=(RESAMPLES, len(values)))
    if statistic is None:
        found = values[drawn].mean(axis=1)
    else:
        found = np.array([of(values[people].mean(axis=0)) for people in drawn])
    low, high = np.quantile(found, [0.025, 0.975])
    return Interval(of(values.mean(axis=0)), float(low), float(high))


def crps_gaussian(mean: FloatArray, std: FloatArray, truth: FloatArray) -> FloatArray:
    """Return the continuous ranked probability score of normal forecasts; lower is better.

    In the unit of the truth, where it generalises the absolute error (Gneiting & Raftery
    2007, J Am Stat Assoc 102:359, equation 21).

    Parameters
    ----------
    mean, std, truth : array
        Forecasts, their positive standard deviations and what came, of one shape.
    """
    z = (truth - mean) / std
    density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    score: FloatArray = std * (z * (2.0 * ndtr(z) - 1.0) + 2.0 * density - 1.0 / np.sqrt(np.pi))
    return score


def crps_sample(sample: FloatArray, truth: FloatArray) -> FloatArray:
    """Return the same score of one forecast for all: the distribution of a sample.

    That is E|X - y| - E|X - X'| / 2, X and X' drawn from the sample (Gneiting & Raftery
    2007, equation 20).

    Parameters
    ----------
    sample : array, shape (n,)
        The forecast.
    truth : array
        What came.
    """
    rising = np.sort(sample)
    n = len(rising)
    sums = np.concatenate([[0.0], np.cumsum(rising)])
    below = np.searchsorted(rising, truth)
    off = (truth * (2 * below - n) - 2.0 * sums[below] + sums[-1]) / n
    apart = 2.0 * np.sum((2.0 * np.arange(n) - n + 1.0) * rising) / n**2
    score: FloatArray = off - 0.5 * apart
    return score
