"""Running sums over the segments of a window, for every pair of channels.

A sum takes in the segment that enters and gives back the one that leaves, so that the
work of a hop does not grow with the window. What rounding leaves behind is shed without
a pause: before a refresh is due a second set of sums takes in every new segment, and
takes over when it holds the whole window. Segments that were masked hold zeros and
therefore add nothing.

The commonest sums are run by a compiled kernel in one pass over memory. The others, and
all of them where nobody compiled it, are walked by NumPy in blocks, which spares the
processor's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np

from ..signal import FloatArray
from . import compiled
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


@dataclass(frozen=True)
class _Step:
    """The segments that change a set of sums in one hop, by number.

    Attributes
    ----------
    newest : int
        The segment that enters.
    before : int or None
        The one `lag` before it, where that is in the window.
    gone : int or None
        The segment that leaves.
    after : int or None
        The one `lag` after it, where that was in the window.
    """

    newest: int
    before: int | None = None
    gone: int | None = None
    after: int | None = None


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

    def lagged(self, name: str) -> tuple[FloatArray | None, ...]:
        """Return the arrays of a lagged sum, as the kernel takes them; None where not kept."""
        return self.totals.get(name), self.early.get(name), self.late.get(name)


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
        self._kernel = compiled.kernel
        layout = ring.layout
        width = layout.n_channels * ring.n_paired
        self._sums = _Sums(names, (layout.n_shifts, width))
        self._fresh = _Sums(names, (layout.n_shifts, width))
        self._walked = [
            name for name in names if self._kernel is None or name not in compiled.SUMS
        ]
        self._plain = any(name in compiled.PLAIN for name in names)
        self._lagged = any(name in LAGGED for name in names)
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

    def __getitem__(self, name: str) -> FloatArray:
        """Return a sum, shape (n_shifts, n_channels * n_bins); not to be written to."""
        return self._sums.totals[name]

    def blocks(self) -> Iterator[Totals]:
        """Yield the sums block by block, for measures to be worked out from."""
        window = Window(self._ring)
        for rows in self._blocks:
            self._scratch.clear()
            yield Totals(window, self._sums.totals, rows, self._scratch)

    def advance(self, dominated: bool = False) -> None:
        """Follow the ring by the segment just appended.

        Parameters
        ----------
        dominated : bool
            The segment that left outweighed all others: take none out, add up anew.
        """
        ring, sums, fresh = self._ring, self._sums, self._fresh
        phase = ring.newest % self._period
        if phase == self._period - ring.n_segments:
            fresh.clear(ring.newest)
        todo = [(sums, step) for step in self._steps(dominated)]
        if phase >= self._period - ring.n_segments:
            todo.append((fresh, self._entering(ring.newest, fresh.start)))
        for changed, step in todo:
            if self._kernel is not None:
                self._run(changed, step)
            if self._walked:
                for rows in self._blocks:
                    self._walk(changed, step, rows)
        if phase == self._period - 1:
            self._sums, self._fresh = fresh, sums

    def _steps(self, dominated: bool) -> list[_Step]:
        """Return what brings the sums up to the ring, and take note of their new start."""
        ring, sums = self._ring, self._sums
        if dominated:
            sums.clear(ring.oldest)
            numbers = range(ring.oldest, ring.newest + 1)
            return [self._entering(number, ring.oldest) for number in numbers]
        entering = self._entering(ring.newest, ring.oldest)
        if ring.oldest == sums.start:
            return [entering]
        gone, sums.start = sums.start, ring.oldest
        after = gone + self._lag
        known = after if after < ring.newest else None
        return [replace(entering, gone=gone, after=known)]

    def _entering(self, number: int, start: int) -> _Step:
        before = number - self._lag
        return _Step(number, before if before >= start else None)

    def _run(self, sums: _Sums, step: _Step) -> None:
        """Change the sums that the kernel knows."""
        assert self._kernel is not None
        ring, total = self._ring, sums.totals.get
        size = (ring.layout.n_channels, ring.n_paired)
        newest, before, gone, after = (
            None if number is None else ring.spectrum(number)
            for number in (step.newest, step.before, step.gone, step.after)
        )
        if self._plain:
            self._kernel.advance(*size, newest, gone, *(total(name) for name in compiled.PLAIN))
        if self._lagged:
            arrays = [array for name in compiled.LAGGED for array in sums.lagged(name)]
            self._kernel.advance_lagged(*size, newest, before, gone, after, *arrays)

    def _walk(self, sums: _Sums, step: _Step, rows: slice) -> None:
        """Change one block of the other sums."""
        self._scratch.clear()
        product = self._scratch.take(rows)
        if step.gone is not None:
            gone, after = self._segment(step.gone, rows), self._segment(step.after, rows)
            for name in self._walked:
                total = sums.totals[name][rows]
                if name not in LAGGED:
                    total -= gone[name]
                elif after is not None:
                    value, late = gone[LAGGED[name]], sums.late[name][rows]
                    total -= np.multiply(value, late, out=product)
                    late -= after[LAGGED[name]]
                    sums.early[name][rows] -= value
            self._scratch.clear()
            product = self._scratch.take(rows)
        newest, before = self._segment(step.newest, rows), self._segment(step.before, rows)
        for name in self._walked:
            total = sums.totals[name][rows]
            if name not in LAGGED:
                total += newest[name]
            elif before is not None:
                value, early = newest[LAGGED[name]], sums.early[name][rows]
                early += before[LAGGED[name]]
                total += np.multiply(value, early, out=product)
                sums.late[name][rows] += value

    @overload
    def _segment(self, number: int, rows: slice) -> SegmentPairs: ...
    @overload
    def _segment(self, number: None, rows: slice) -> None: ...
    @overload
    def _segment(self, number: int | None, rows: slice) -> SegmentPairs | None: ...
    def _segment(self, number: int | None, rows: slice) -> SegmentPairs | None:
        return None if number is None else SegmentPairs(self._ring, number, rows, self._scratch)
