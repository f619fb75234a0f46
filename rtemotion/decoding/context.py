"""What a model knows of a person besides the moment: rest, and how features moved lately.

The network's weights depend on it and predictions only through them, so it changes
slowly: it is worked out anew every half minute, from a causal mean over minutes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..features.schema import FeatureSchema
from ..signal import FloatArray


@dataclass(frozen=True)
class ContextPolicy:
    """How slow the context is.

    Attributes
    ----------
    tau_s : float
        Time constant of the mean in seconds, at least 60.
    minimum_s : float
        So much has to be seen before there is a context at all.
    every_s : float
        It is renewed so often.
    """

    tau_s: float = 120.0
    minimum_s: float = 60.0
    every_s: float = 30.0


def n_context(schema: FeatureSchema) -> int:
    """Return how many numbers of context a channel has, see `SlowContext.rows`."""
    return 3 * len(schema.bands) + len(schema.measures) * len(schema.connectivity_bands) + 1


@dataclass(frozen=True, eq=False)
class ContextState:
    """Sums behind a slow context: all that has to be known to go on with it.

    Attributes
    ----------
    seconds : int
        How many features were taken, one a second.
    weight : float
        Sum of their weights.
    power, squares : array, shape (n_bands, n_channels)
        Weighted sums of log power against its reference, and of its squares.
    connectivity : array, shape (n_measures, n_bands, n_pairs)
        Weighted sum of connectivity against its reference.
    rows : array, shape (n_rows, n_channels)
        What follows from them, as of the last renewal.
    """

    seconds: int
    weight: float
    power: FloatArray
    squares: FloatArray
    connectivity: FloatArray
    rows: FloatArray


class SlowContext:
    """Follows features, and says now and then how they moved against their reference.

    Parameters
    ----------
    policy : ContextPolicy
        How slow it is.
    schema : FeatureSchema
        What the features are.
    pairs : array of int, shape (n_pairs, 2)
        Channels of each pair.
    n_channels : int
        Number of channels.

    Attributes
    ----------
    rows : array, shape (n_context - n_bands, n_channels)
        A channel's mean log power in each band, its standard deviation, the root mean
        square of mean connectivity over the channel's pairs for each measure and band,
        and 1; all 0 until there is a context.
    """

    def __init__(
        self,
        policy: ContextPolicy,
        schema: FeatureSchema,
        pairs: NDArray[np.int64],
        n_channels: int,
    ) -> None:
        self._decay = float(np.exp(-1.0 / policy.tau_s))
        self._minimum, self._every = round(policy.minimum_s), round(policy.every_s)
        self._bands = (len(schema.bands), n_channels)
        self._edges = (len(schema.measures), len(schema.connectivity_bands), len(pairs))
        self._n_rows = n_context(schema) - len(schema.bands)
        self._pairs = pairs
        self.reset()

    def reset(self) -> None:
        """Forget everything, as when the reference changes."""
        self._seconds, self._weight = 0, 0.0
        self._power, self._squares = np.zeros(self._bands), np.zeros(self._bands)
        self._connectivity = np.zeros(self._edges)
        self.rows: FloatArray = np.zeros((self._n_rows, self._bands[1]))

    @property
    def known(self) -> bool:
        """Whether there is a context."""
        return self._seconds >= self._minimum

    def add(self, power: FloatArray, connectivity: FloatArray) -> bool:
        """Take the smoothed features of one second; return whether the rows are new.

        Parameters
        ----------
        power : array, shape (n_bands, n_channels)
            Log power against its reference, 0 where unknown.
        connectivity : array, shape (n_measures, n_bands, n_pairs)
            Connectivity against its reference, 0 where unknown.
        """
        for total, new in (
            (self._power, power),
            (self._squares, power * power),
            (self._connectivity, connectivity),
        ):
            total *= self._decay
            total += new
        self._weight = self._weight * self._decay + 1.0
        self._seconds += 1
        if not self.known or (self._seconds - self._minimum) % self._every:
            return False
        self.rows = self._made()
        return True

    def _made(self) -> FloatArray:
        mean = self._power / self._weight
        spread = np.sqrt(np.maximum(self._squares / self._weight - mean * mean, 0.0))
        squares = np.square(self._connectivity / self._weight)
        squares = squares.reshape(self._edges[0] * self._edges[1], self._edges[2])
        n = self._bands[1]
        strength = np.zeros((len(squares), n))
        for side in (0, 1):
            columns = self._pairs[:, side]
            for row, square in zip(strength, squares, strict=True):
                row += np.bincount(columns, square, n)
        strength = np.sqrt(strength / max(1, n - 1))
        return np.concatenate([mean, spread, strength, np.ones((1, n))])

    @property
    def state(self) -> ContextState:
        """All that has to be known to go on from here; a copy."""
        return ContextState(
            self._seconds,
            self._weight,
            self._power.copy(),
            self._squares.copy(),
            self._connectivity.copy(),
            self.rows.copy(),
        )

    def restore(self, state: ContextState) -> None:
        """Go on from a state of the same shapes."""
        self._seconds, self._weight = state.seconds, state.weight
        self._power, self._squares = state.power.copy(), state.squares.copy()
        self._connectivity = state.connectivity.copy()
        self.rows = state.rows.copy()
