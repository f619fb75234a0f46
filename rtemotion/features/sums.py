"""Running sums over the segments of a window, for every pair of channels.

A sum takes in the segment that enters and gives back the one that leaves, so that the
work of a hop does not grow with the window. What rounding leaves behind is shed without
a pause: before a refresh is due a second set of sums takes in every new segment, and
takes over when it holds the whole window. Segments that were masked hold zeros and
therefore add nothing.

The sums are walked in blocks that fit the processor's cache, and a block's measures are
worked out while it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..signal import FloatArray
from .ring import IMAG, REAL, SpectraRing
from .scratch import Scratch
from .totals import Totals, Window

# Sums are taken over by fresh ones this often, counted in segments.
REFRESH_EVERY = 64
# Numbers in a block of one sum: fewer cost calls, more leave the cache.
BLOCK = 32768


class SegmentPairs:
    """What the pairs of one block add to the sums in one segment, worked out once.

    Terms are called by name; see `TERMS`.

    Parameters
    ----------
    ring : SpectraRing
        The window.
    number : int
        The segment.
    rows : slice
        The shifts in the block.
    scratch : Scratch
        Where terms are kept.
    """

    def __init__(self, ring: SpectraRing, number: int, rows: slice, scratch: Scratch) -> None:
        self._first, self._second = ring.firsts(number), ring.seconds(number)[:, rows]
        self._ring, self._number, self._rows = ring, number, rows
        self._scratch = scratch
        self._found: dict[str, FloatArray] = {}

    def __getitem__(self, term: str) -> FloatArray:
        """Return a term, shape (n_shifts in the block, n_channels * n_bins)."""
        value = self._found.get(term)
        if value is None:
            out = self._scratch.take(self._rows)
            value = self._found[term] = TERMS[term](self, out)
        return value

    def imag(self, out: FloatArray) -> FloatArray:
        """Return Im(X_i X̄_j)."""
        return self._product(IMAG, REAL, np.subtract, out)

    def real(self, out: FloatArray) -> FloatArray:
        """Return Re(X_i X̄_j)."""
        return self._product(IMAG, IMAG, np.add, out)

    def _product(self, first: int, second: int, joined: np.ufunc, out: FloatArray) -> FloatArray:
        other = self._scratch.take(self._rows)
        np.multiply(self._first[first], self._second[second], out=out)
        np.multiply(self._first[1 - first], self._second[1 - second], out=other)
        self._scratch.give_back()
        value: FloatArray = joined(out, other, out=out)
        return value

    def per_first(self) -> FloatArray:
        """Return 1/|X_i|."""
        return self._ring.inverse(self._number)[0]

    def per_second(self) -> FloatArray:
        """Return 1/|X_j|."""
        return self._ring.inverse(self._number)[1][self._rows]


TERMS: dict[str, Callable[[SegmentPairs, FloatArray], FloatArray]] = {
    "im": SegmentPairs.imag,
    "re": SegmentPairs.real,
    "abs_im": lambda s, out: np.abs(s["im"], out=out),
    "im_squared": lambda s, out: np.multiply(s["im"], s["im"], out=out),
    "sign": lambda s, out: np.sign(s["im"], out=out),
    # Phase differences: products of coefficients of length one.
    "per_both": lambda s, out: np.multiply(s.per_first(), s.per_second(), out=out),
    "phase_re": lambda s, out: np.multiply(s["re"], s["per_both"], out=out),
    "phase_im": lambda s, out: np.multiply(s["im"], s["per_both"], out=out),
    # Amplitude of one channel orthogonalised to the other (Hipp et al. 2012).
    "ortho_second": lambda s, out: np.multiply(s["abs_im"], s.per_first(), out=out),
    "ortho_first": lambda s, out: np.multiply(s["abs_im"], s.per_second(), out=out),
    "ortho_second_squared": lambda s, out: np.square(s["ortho_second"], out=out),
    "ortho_first_squared": lambda s, out: np.square(s["ortho_first"], out=out),
}
"""What can be summed over segments, by name."""

LAGGED = {"lagged_im": "im", "lagged_abs_im": "abs_im"}
"""Sums of products of a term in two segments that do not overlap, and the term."""


class _Sums:
    """One set of sums over the segments since one of them.

    For a lagged sum the window o … t also needs the sum of its term over segments at
    least `lag` before the newest (`early`) and over those at least `lag` after the oldest
    (`late`), so that a segment entering or leaving costs one product.
    """

    def __init__(self, names: Sequence[str], shape: tuple[int, int]) -> None:
        self.start = 0
        self.totals = {name: np.zeros(shape) for name in names}
        self.early = {name: np.zeros(shape) for name in names if name in LAGGED}
        self.late = {name: np.zeros(shape) for name in names if name in LAGGED}

    def clear(self, start: int) -> None:
        self.start = start
        for sums in (self.totals, self.early, self.late):
            for array in sums.values():
                array[:] = 0.0

    def enter(
        self,
        rows: slice,
        newest: SegmentPairs,
        before: SegmentPairs | None,
        product: FloatArray,
    ) -> None:
        for name, total in self.totals.items():
            if name not in LAGGED:
                total[rows] += newest[name]
            elif before is not None:
                value, early = newest[LAGGED[name]], self.early[name][rows]
                early += before[LAGGED[name]]
                total[rows] += np.multiply(value, early, out=product)
                self.late[name][rows] += value

    def leave(
        self,
        rows: slice,
        oldest: SegmentPairs,
        after: SegmentPairs | None,
        product: FloatArray,
    ) -> None:
        for name, total in self.totals.items():
            if name not in LAGGED:
                total[rows] -= oldest[name]
            elif after is not None:
                value, late = oldest[LAGGED[name]], self.late[name][rows]
                total[rows] -= np.multiply(value, late, out=product)
                late -= after[LAGGED[name]]
                self.early[name][rows] -= value


class PairSums:
    """The sums that some measures ask for, following a ring of spectra.

    Parameters
    ----------
    ring : SpectraRing
        The window.
    names : sequence of str
        Members of `TERMS` and `LAGGED`.
    lag : int
        Segments so far apart do not overlap.
    """

    def __init__(self, ring: SpectraRing, names: Sequence[str], lag: int) -> None:
        self._ring = ring
        self._lag = lag
        layout = ring.layout
        width = layout.n_channels * ring.n_paired
        self._sums = _Sums(names, (layout.n_shifts, width))
        self._fresh = _Sums(names, (layout.n_shifts, width))
        self._period = REFRESH_EVERY * -(-ring.n_segments // REFRESH_EVERY)
        step = max(1, BLOCK // max(width, 1))
        self._blocks = [
            slice(start, min(start + step, layout.n_shifts))
            for start in range(0, layout.n_shifts, step)
        ]
        self._scratch = Scratch((step, width))

    def clear(self) -> None:
        """Forget every segment."""
        self._sums.clear(0)

    def advance(self, dominated: bool, visit: Callable[[Totals], None] | None = None) -> None:
        """Follow the ring by the segment just appended.

        Parameters
        ----------
        dominated : bool
            The segment that left outweighed all others: take none out, add up anew.
        visit : callable or None
            Called with every block of the sums, which are its own until it returns.
        """
        ring, sums, fresh = self._ring, self._sums, self._fresh
        phase = ring.newest % self._period
        if phase == self._period - ring.n_segments:
            fresh.clear(ring.newest)
        refreshing = phase >= self._period - ring.n_segments
        leaving = ring.oldest > sums.start
        if dominated:
            sums.clear(ring.oldest)
        sums.start = ring.oldest
        window = Window(ring)
        scratch = self._scratch
        for rows in self._blocks:
            if dominated:
                self._add_up(rows)
            elif leaving:
                self._take_out(rows)
            scratch.clear()
            product = scratch.take(rows)
            newest = self._segment(ring.newest, rows)
            apart = ring.newest - self._lag
            before = self._segment(apart, rows) if apart >= ring.oldest else None
            if not dominated:
                sums.enter(rows, newest, before, product)
            if refreshing:
                fresh.enter(rows, newest, before if apart >= fresh.start else None, product)
            if visit is not None:
                scratch.clear()
                visit(Totals(window, sums.totals, rows, scratch))
        if phase == self._period - 1:
            self._sums, self._fresh = fresh, sums

    def _take_out(self, rows: slice) -> None:
        self._scratch.clear()
        product = self._scratch.take(rows)
        left = self._ring.oldest - 1
        after = left + self._lag
        known = self._segment(after, rows) if after < self._ring.newest else None
        self._sums.leave(rows, self._segment(left, rows), known, product)

    def _add_up(self, rows: slice) -> None:
        oldest = self._ring.oldest
        for number in range(oldest, self._ring.newest + 1):
            self._scratch.clear()
            product = self._scratch.take(rows)
            apart = number - self._lag
            before = self._segment(apart, rows) if apart >= oldest else None
            self._sums.enter(rows, self._segment(number, rows), before, product)

    def _segment(self, number: int, rows: slice) -> SegmentPairs:
        return SegmentPairs(self._ring, number, rows, self._scratch)
