"""Means over the Fourier bins of bands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..signal import FloatArray
from . import compiled


class BandMeans:
    """Means over bins, for several bands at once.

    Bins are added up in their order, one after the other, so that a value is the same
    whatever stands beside it.

    Parameters
    ----------
    bins : sequence of (int, int)
        Half-open range of bins of each band.

    Attributes
    ----------
    edges : array, shape (n_bands, 2)
        The ranges.
    """

    def __init__(self, bins: Sequence[tuple[int, int]]) -> None:
        self.edges = np.array(bins, dtype=np.int64).reshape(-1, 2)

    def __len__(self) -> int:
        """Return the number of bands."""
        return len(self.edges)

    def __call__(self, values: FloatArray) -> FloatArray:
        """Return the means of values (n, n_bins), shape (n_bands, n)."""
        out = np.empty((len(self.edges), len(values)))
        if compiled.kernel is not None:
            compiled.kernel.band_means(*values.shape, values, self.edges, out)
            return out
        for row, (start, stop) in zip(out, self.edges, strict=True):
            row[:] = values[:, start]
            for column in range(start + 1, stop):
                row += values[:, column]
            row /= stop - start
        return out
