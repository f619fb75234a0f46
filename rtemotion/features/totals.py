"""What a measure is worked out from: the sums over a window, and the segments behind them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from ..signal import FloatArray
from .ring import SpectraRing
from .scratch import Scratch


class Window:
    """The channels' own sums as the pairs see them, worked out when first asked for.

    Where some segments of a channel are masked, a pair's sums run over the segments both
    channels have; `shared` and the sums below are then those of these segments.

    Parameters
    ----------
    ring : SpectraRing
        The window; must not change while this is in use.
    """

    def __init__(self, ring: SpectraRing) -> None:
        self._ring = ring
        self._layout = ring.layout
        self.partly = ring.partly_masked

    @cached_property
    def inverse(self) -> tuple[FloatArray, FloatArray]:
        """1/sqrt(S_ii) as first and as second of the pairs; NaN where there is no power."""
        wrapped = self._ring.inverse_power()
        return self._layout.firsts(wrapped), self._layout.seconds(wrapped)

    @cached_property
    def rescaled(self) -> FloatArray:
        """sqrt(n_i n_j) / n_ij by shift, for powers summed over each channel's own segments."""
        counts = self._ring.counts
        return self._spread(np.sqrt(np.outer(counts, counts))) / self.shared

    @cached_property
    def shared(self) -> FloatArray:
        """Number of segments a pair shares, NaN where none, by shift."""
        _, _, valid = self._ring.window()
        shared = self._spread(valid.T @ valid)
        shared[shared == 0.0] = np.nan
        return shared

    @cached_property
    def sums(self) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
        """Σ|X_i| and Σ|X_j|, then Σ|X_i|² and Σ|X_j|², over the segments a pair shares."""
        if not self.partly:
            ring = self._ring
            both = (ring.layout.wrap(ring.amplitude), ring.layout.wrap(ring.paired_power()))
            amplitude, power = ((self._layout.firsts(w), self._layout.seconds(w)) for w in both)
            return amplitude, power
        powers, amplitudes, valid = self._ring.window()
        return self._of_pairs(amplitudes, valid), self._of_pairs(powers, valid)

    def _of_pairs(self, values: FloatArray, valid: FloatArray) -> tuple[FloatArray, FloatArray]:
        total = np.einsum("kib,kj->ijb", values, valid)
        layout = self._layout
        shape = (layout.n_shifts, -1)
        return (
            layout.by_shift(total).reshape(shape),
            layout.by_shift(total.transpose(1, 0, 2)).reshape(shape),
        )

    def _spread(self, matrix: FloatArray) -> FloatArray:
        return np.repeat(self._layout.by_shift(matrix), self._ring.n_paired, axis=1)

    @property
    def held(self) -> int:
        """Number of segments in the window."""
        return self._ring.held


class Totals:
    """The sums of one block of pairs.

    Everything has the shape (n_shifts in the block, n_channels * n_bins), or one that
    broadcasts to it.

    Attributes
    ----------
    rows : slice
        The shifts in the block.
    """

    def __init__(
        self, window: Window, totals: Mapping[str, FloatArray], rows: slice, scratch: Scratch
    ) -> None:
        self._window, self._totals, self.rows = window, totals, rows
        self._scratch = scratch

    def __getitem__(self, name: str) -> FloatArray:
        """Return a sum by its name; not to be written to."""
        return self._totals[name][self.rows]

    def scratch(self) -> FloatArray:
        """Return an array to write to, valid until the next measure's turn."""
        return self._scratch.take(self.rows)

    def clear_scratch(self) -> None:
        """Begin the next measure's turn."""
        self._scratch.clear()

    @property
    def count(self) -> FloatArray | float:
        """Number of segments both channels have; NaN where there is none."""
        window = self._window
        return window.shared[self.rows] if window.partly else float(window.held)

    @property
    def inverse_scale(self) -> FloatArray:
        """1/sqrt(S_ii S_jj), scaled to the segments both have; NaN without power."""
        first, second = self._window.inverse
        inverse = np.multiply(first, second[self.rows], out=self.scratch())
        if self._window.partly:
            inverse *= self._window.rescaled[self.rows]
        return inverse

    @property
    def amplitudes(self) -> tuple[FloatArray, FloatArray]:
        """Σ|X_i| and Σ|X_j| over the segments both have."""
        return self._of_block(self._window.sums[0])

    @property
    def powers(self) -> tuple[FloatArray, FloatArray]:
        """Σ|X_i|² and Σ|X_j|² over the segments both have."""
        return self._of_block(self._window.sums[1])

    def _of_block(self, both: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, FloatArray]:
        first, second = both
        # One row stands for all shifts where a channel's sum is the same in every pair.
        return (first if len(first) == 1 else first[self.rows]), second[self.rows]
