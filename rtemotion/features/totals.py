"""What a measure is worked out from: the sums over a window, and the segments behind them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from ..signal import FloatArray
from .ring import SpectraRing, inverse_root
from .scratch import Scratch


class Window:
    """The channels' own sums as the pairs see them, worked out when first asked for.

    Where some segments of a channel are masked, everything is of the segments that both
    channels of a pair have. Arrays are by shift, (n_shifts, n_channels * n_paired_bins)
    unless said otherwise, with one row where all shifts have the same.

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
        """1/sqrt(S_ii) and 1/sqrt(S_jj); NaN where there is no power."""
        if not self.partly:
            wrapped = self._ring.inverse_power()
            return self._layout.firsts(wrapped), self._layout.seconds(wrapped)
        first, second = self.powers
        return inverse_root(first), inverse_root(second)

    @cached_property
    def shared(self) -> FloatArray:
        """Number of segments a pair shares, (n_shifts, n_channels)."""
        _, _, valid = self._ring.window()
        return self._layout.by_shift(valid.T @ valid)

    def apart(self, lag: int) -> FloatArray:
        """Return the number of pairs of such segments at least `lag` apart, the same shape."""
        _, _, valid = self._ring.window()
        both = self._layout.products(valid.T)
        earlier = np.add.accumulate(both[..., : max(len(valid) - lag, 0)], axis=-1)
        found: FloatArray = np.add.reduce(both[..., lag:] * earlier, axis=-1)
        return found

    @cached_property
    def count(self) -> FloatArray | float:
        """Number of segments a pair shares, by shift; NaN where none."""
        if not self.partly:
            return float(self._ring.held)
        return self._spread(np.where(self.shared > 0.0, self.shared, np.nan))

    @cached_property
    def amplitudes(self) -> tuple[FloatArray, FloatArray]:
        """Σ|X_i| and Σ|X_j| over the segments a pair shares."""
        ring = self._ring
        if not self.partly:
            wrapped = ring.layout.wrap(ring.amplitude)
            return self._layout.firsts(wrapped), self._layout.seconds(wrapped)
        _, amplitudes, valid = ring.window()
        return self._of_pairs(amplitudes, valid)

    @cached_property
    def powers(self) -> tuple[FloatArray, FloatArray]:
        """Σ|X_i|² and Σ|X_j|² over the segments a pair shares."""
        ring = self._ring
        if not self.partly:
            wrapped = ring.layout.wrap(ring.paired_power())
            return self._layout.firsts(wrapped), self._layout.seconds(wrapped)
        powers, _, valid = ring.window()
        return self._of_pairs(powers, valid)

    def _of_pairs(self, values: FloatArray, valid: FloatArray) -> tuple[FloatArray, FloatArray]:
        held, n, n_bins = values.shape
        # Of each channel (row) over the segments that each other one (column) has as well.
        total = (values.reshape(held, -1).T @ valid).reshape(n, n_bins, n)
        layout, shape = self._layout, (self._layout.n_shifts, -1)
        first = layout.by_shift(total.transpose(0, 2, 1))
        second = layout.by_shift(total.transpose(2, 0, 1))
        return first.reshape(shape), second.reshape(shape)

    def _spread(self, by_shift: FloatArray) -> FloatArray:
        return np.repeat(by_shift, self._ring.n_paired, axis=1)


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
        count = self._window.count
        return count if isinstance(count, float) else count[self.rows]

    @property
    def inverse_scale(self) -> FloatArray:
        """1/sqrt(S_ii S_jj) over the segments both have; NaN without power."""
        first, second = self._of_block(self._window.inverse)
        return np.multiply(first, second, out=self.scratch())

    @property
    def amplitudes(self) -> tuple[FloatArray, FloatArray]:
        """Σ|X_i| and Σ|X_j| over the segments both have."""
        return self._of_block(self._window.amplitudes)

    @property
    def powers(self) -> tuple[FloatArray, FloatArray]:
        """Σ|X_i|² and Σ|X_j|² over the segments both have."""
        return self._of_block(self._window.powers)

    def _of_block(self, both: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, FloatArray]:
        first, second = both
        # One row stands for all shifts where a channel's sum is the same in every pair.
        return (first if len(first) == 1 else first[self.rows]), second[self.rows]
