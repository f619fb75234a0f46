"""Scores of continuous predictions: concordance, a fair rescaling, intervals over people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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


def over_people(values: FloatArray, seed: int = 0) -> Interval:
    """Return the mean of one value a person with its percentile bootstrap interval of 95 %."""
    rng = np.random.default_rng(seed)
    means = values[rng.integers(len(values), size=(RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(values.mean()), float(low), float(high))
