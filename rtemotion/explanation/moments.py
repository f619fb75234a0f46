"""Weighted moments of features and outputs, kept up second by second."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray


@dataclass(eq=False)
class Moments:
    """Means and covariances over the seconds seen, newer ones weighing at least as much.

    Attributes
    ----------
    seconds : int
        Seconds that were seen.
    squares : float
        Sum of the squared weights of those seconds; the weights sum to 1.
    output_mean : array, shape (n_outputs,)
    output_covariance : array, shape (n_outputs, n_outputs)
        Of the outputs over all seconds.
    share : array, shape (n_features,)
        Sum of the weights of the seconds in which a feature was known.
    mean, variance : array, shape (n_features,)
        Over these seconds.
    output_means, covariance : array, shape (n_outputs, n_features)
        Means of the outputs, and their covariances with the feature, over these seconds.
    """

    seconds: int
    squares: float
    output_mean: FloatArray
    output_covariance: FloatArray
    share: FloatArray
    mean: FloatArray
    variance: FloatArray
    output_means: FloatArray
    covariance: FloatArray

    @classmethod
    def nothing(cls, n_outputs: int, n_features: int) -> Moments:
        """Return the moments of no seconds at all."""
        return cls(
            seconds=0,
            squares=0.0,
            output_mean=np.zeros(n_outputs),
            output_covariance=np.zeros((n_outputs, n_outputs)),
            share=np.zeros(n_features),
            mean=np.zeros(n_features),
            variance=np.zeros(n_features),
            output_means=np.zeros((n_outputs, n_features)),
            covariance=np.zeros((n_outputs, n_features)),
        )

    def copy(self) -> Moments:
        """Return moments that go their own way from here."""
        return deepcopy(self)

    def take(
        self, values: FloatArray, known: NDArray[np.bool_], outputs: FloatArray, memory: float
    ) -> None:
        """Take one second in, by Welford's updates.

        Parameters
        ----------
        values : array, shape (n_features,)
            Features, finite.
        known : array of bool, shape (n_features,)
            Which of them count.
        outputs : array, shape (n_outputs,)
            All of them count.
        memory : float
            So many seconds weigh the same; from then on weights fade by 1/memory a second.
        """
        self.seconds += 1
        gain = 1.0 / min(self.seconds, memory)
        left = 1.0 - gain
        self.squares = left * left * self.squares + gain * gain
        ahead = outputs - self.output_mean
        self.output_mean += gain * ahead
        self.output_covariance += gain * np.outer(ahead, ahead)
        self.output_covariance *= left
        self.share *= left
        self.share += gain * known
        step = np.divide(gain, self.share, out=np.zeros_like(values), where=known)
        rest = 1.0 - step
        apart = values - self.mean
        moved = step * apart
        self.mean += moved
        moved *= apart
        self.variance += moved
        self.variance *= rest
        # One output after the other: what is worked on stays in the processor's cache.
        for output, means, covariance in zip(
            outputs, self.output_means, self.covariance, strict=True
        ):
            np.subtract(output, means, out=moved)
            moved *= step
            means += moved
            moved *= apart
            covariance += moved
            covariance *= rest
