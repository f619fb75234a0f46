"""How the pairs of channels are laid out while sums run over them.

Channel i is paired with channels i+1, i+2 … i+n/2, counted round a circle. Laid out by
this shift, the partners of all channels are one slice of the channels written twice in
a row, so that every product is a plain product of two views and nothing is gathered.
Each pair comes once; for an even number of channels those at the largest shift come
twice, of which one is ignored.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from ..signal import FloatArray


class PairLayout:
    """Pairs by shift and channel, and the way back to pairs (i, j), i < j.

    Parameters
    ----------
    n_channels : int
        Number of channels.

    Attributes
    ----------
    n_shifts : int
        Half the number of channels, rounded down; shift d stands in row d - 1.
    n_pairs : int
        Number of pairs (i, j), i < j.
    """

    def __init__(self, n_channels: int) -> None:
        n = n_channels
        self.n_channels = n
        self.n_shifts = n // 2
        first, second = np.triu_indices(n, k=1)
        self.n_pairs = len(first)
        self._first, self._second = first, second
        forward = (second - first) <= self.n_shifts
        shift = np.where(forward, second - first, n - (second - first))
        channel = np.where(forward, first, second)
        self._place = (shift - 1) * n + channel
        rows = np.arange(n)
        self._by_shift = rows, (rows + np.arange(1, self.n_shifts + 1)[:, None]) % n
        # Round the end of the row the pair is (j, i), which turns an antisymmetric value over.
        self._sign = np.where(forward, 1.0, -1.0)

    def wrapped(self, n_bins: int, leading: tuple[int, ...] = ()) -> FloatArray:
        """Return zeros for channels written round the circle, (*leading, n + n_shifts, n_bins)."""
        return np.zeros((*leading, self.n_channels + self.n_shifts, n_bins))

    def wrap(self, values: FloatArray) -> FloatArray:
        """Return values (n_channels, n_bins) written round the circle."""
        return np.concatenate([values, values[: self.n_shifts]])

    def firsts(self, wrapped: FloatArray) -> FloatArray:
        """Return a view of each channel as the first of its pairs, (..., 1, n * n_bins)."""
        n, n_bins = self.n_channels, wrapped.shape[-1]
        leading = wrapped.shape[:-2]
        step = wrapped.itemsize
        shape, strides = (*leading, 1, n * n_bins), (*wrapped.strides[:-2], 0, step)
        return as_strided(wrapped, shape, strides)

    def seconds(self, wrapped: FloatArray) -> FloatArray:
        """Return a view of the second channels by shift, (..., n_shifts, n * n_bins)."""
        n, n_bins = self.n_channels, wrapped.shape[-1]
        row = wrapped.strides[-2]
        return as_strided(
            wrapped[..., 1:, :],
            (*wrapped.shape[:-2], self.n_shifts, n * n_bins),
            (*wrapped.strides[:-2], row, wrapped.itemsize),
        )

    def in_order(self, values: FloatArray, antisymmetric: list[int]) -> FloatArray:
        """Return values in the order of pairs (i, j), i < j.

        Parameters
        ----------
        values : array, shape (n_measures, n_bands, n_shifts * n_channels)
            In this layout.
        antisymmetric : list of int
            Measures whose sign depends on which channel comes first.

        Returns
        -------
        array, shape (n_measures, n_bands, n_pairs)
        """
        ordered = np.take(values, self._place, axis=-1)
        ordered[antisymmetric] *= self._sign
        return ordered

    def touching(self, channels: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the pairs that have one of some channels, shape (n_pairs,)."""
        touched: NDArray[np.bool_] = channels[self._first] | channels[self._second]
        return touched

    def products(self, values: FloatArray) -> FloatArray:
        """Return products of the rows of both channels, (n_shifts, n_channels, ...)."""
        first, second = self._by_shift
        found: FloatArray = values[first] * values[second]
        return found

    def either(self, channels: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return by shift which pairs have one of some channels, (n_shifts, n_channels)."""
        first, second = self._by_shift
        touched: NDArray[np.bool_] = channels[first] | channels[second]
        return touched

    def by_shift(self, matrix: FloatArray) -> FloatArray:
        """Return the entries (i, j) of an array (n, n, ...) in this layout, (n_shifts, n, ...)."""
        return np.asarray(matrix[self._by_shift], dtype=np.float64)
