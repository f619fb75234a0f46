"""Running sums over the segments of a window, for every pair of channels.

A sum takes in the segment that enters and gives back the one that leaves, so that the
work of a hop does not grow with the window. What rounding leaves behind is shed without
a pause: at every hop a few of the pairs are counted anew from the spectra, in turn.
Segments that were masked hold zeros and therefore add nothing.

The commonest sums are run by a compiled kernel in one pass over memory. The others, and
all of them where nobody compiled it, are walked by NumPy in blocks, which spares the
processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np

from ..signal import FloatArray
from . import compiled
from .ring import SpectraRing
from .scratch import Scratch
from .terms import LAGGED, PairTerms
from .totals import Totals, Window

# Every sum is counted anew this often, in segments, or as often as a longer window fills.
REFRESH_EVERY = 64
# Numbers in a block of one sum: fewer cost calls, more leave the cache.
BLOCK = 32768


@dataclass(frozen=True)
class _Step:
    """The segments that change the sums in one hop, by number.

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


class PairSums:
    """The sums that some measures ask for, following a ring of spectra.

    For a lagged sum the window o … t also needs the sum of its term over segments at
    least `lag` before the newest (`early`) and over those at least `lag` after the oldest
    (`late`), so that a segment entering or leaving costs one product.

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
        shape = (layout.n_shifts, layout.n_channels * ring.n_paired)
        self._totals = {name: np.zeros(shape) for name in names}
        self._early = {name: np.zeros(shape) for name in names if name in LAGGED}
        self._late = {name: np.zeros(shape) for name in names if name in LAGGED}
        run = compiled.SUMS if self._kernel is not None else frozenset()
        self._walked = [name for name in names if name not in run]
        kept = (self._totals, self._early, self._late)
        # As the kernel takes them; None where a sum is not kept.
        self._run_arrays = [
            *(self._totals.get(name) for name in compiled.PLAIN),
            *(sums.get(name) for name in compiled.LAGGED for sums in kept),
        ]
        self._plain = any(name in compiled.PLAIN for name in names)
        self._lagged = any(name in LAGGED for name in names)
        self._period = max(REFRESH_EVERY, ring.n_segments)
        self._block = max(1, BLOCK // max(shape[1], 1))
        self._scratch = Scratch((self._block, shape[1]))
        self._scratch_anew = Scratch((ring.n_segments, shape[1]))
        self._oldest = 0

    def clear(self) -> None:
        """Forget every segment."""
        self._oldest = 0
        for sums in (self._totals, self._early, self._late):
            for array in sums.values():
                array[:] = 0.0

    def __getitem__(self, name: str) -> FloatArray:
        """Return a sum, shape (n_shifts, n_channels * n_bins); not to be written to."""
        return self._totals[name]

    def blocks(self) -> Iterator[Totals]:
        """Yield the sums block by block, for measures to be worked out from."""
        window = Window(self._ring)
        for rows in self._pieces():
            self._scratch.clear()
            yield Totals(window, self._totals, rows, self._scratch)

    def advance(self, dominated: bool = False) -> None:
        """Follow the ring by the segment just appended.

        Parameters
        ----------
        dominated : bool
            The segment that left outweighed all others: take none out, count all anew.
        """
        ring, n = self._ring, self._ring.layout.n_shifts
        if dominated:
            due = range(n)
        else:
            self._apply(self._step())
            phase = ring.newest % self._period
            due = range(phase * n // self._period, (phase + 1) * n // self._period)
        for shift in due:
            self._count_anew(shift)
        self._oldest = ring.oldest

    def _step(self) -> _Step:
        """Return what brings the sums up to the ring."""
        ring, gone = self._ring, self._oldest
        entering = self._entering(ring.newest)
        if ring.oldest == gone:
            return entering
        after = gone + self._lag
        return replace(entering, gone=gone, after=after if after < ring.newest else None)

    def _entering(self, number: int) -> _Step:
        before = number - self._lag
        return _Step(number, before if before >= self._ring.oldest else None)

    def _count_anew(self, shift: int) -> None:
        """Add up all segments of one row of pairs, in the order in which they came."""
        if self._kernel is not None:
            ring = self._ring
            size = (ring.layout.n_channels, ring.n_paired)
            spectra = (ring.spectra, ring.slots())
            self._kernel.count_anew(*size, shift, self._lag, *spectra, *self._run_arrays)
        if self._walked:
            self._walk_anew(shift)

    def _walk_anew(self, shift: int) -> None:
        self._scratch_anew.clear()
        rows, lag = slice(0, self._ring.held), self._lag
        product = self._scratch_anew.take(rows)
        terms = PairTerms(*self._ring.pairs_at_shift(shift), self._scratch_anew, rows)
        for name in self._walked:
            totals = self._totals[name]
            # From 0 on, as sums that take in one segment after another.
            if name not in LAGGED:
                np.add.reduce(terms[name], axis=0, out=totals[shift], initial=0.0)
                continue
            value, n_apart = terms[LAGGED[name]], max(rows.stop - lag, 0)
            early = np.add.accumulate(value[:n_apart], axis=0, out=product[:n_apart])
            self._early[name][shift] = early[-1] if n_apart else 0.0
            early *= value[lag:]
            np.add.reduce(early, axis=0, out=totals[shift], initial=0.0)
            np.add.reduce(value[lag:], axis=0, out=self._late[name][shift], initial=0.0)

    def _apply(self, step: _Step) -> None:
        if self._kernel is not None:
            self._run(step)
        if self._walked:
            for rows in self._pieces():
                self._walk(step, rows)

    def _pieces(self) -> Iterator[slice]:
        n = self._ring.layout.n_shifts
        for start in range(0, n, self._block):
            yield slice(start, min(start + self._block, n))

    def _run(self, step: _Step) -> None:
        """Change the sums that the kernel knows."""
        assert self._kernel is not None
        ring = self._ring
        size = (ring.layout.n_channels, ring.n_paired)
        newest, before, gone, after = (
            None if number is None else ring.spectrum(number)
            for number in (step.newest, step.before, step.gone, step.after)
        )
        n_plain = len(compiled.PLAIN)
        if self._plain:
            self._kernel.advance(*size, newest, gone, *self._run_arrays[:n_plain])
        if self._lagged:
            arrays = self._run_arrays[n_plain:]
            self._kernel.advance_lagged(*size, newest, before, gone, after, *arrays)

    def _walk(self, step: _Step, rows: slice) -> None:
        """Change one block of the other sums."""
        self._scratch.clear()
        product = self._scratch.take(rows)
        if step.gone is not None:
            gone, after = self._terms(step.gone, rows), self._terms(step.after, rows)
            for name in self._walked:
                total = self._totals[name][rows]
                if name not in LAGGED:
                    total -= gone[name]
                elif after is not None:
                    value, late = gone[LAGGED[name]], self._late[name][rows]
                    total -= np.multiply(value, late, out=product)
                    late -= after[LAGGED[name]]
                    self._early[name][rows] -= value
            self._scratch.clear()
            product = self._scratch.take(rows)
        newest, before = self._terms(step.newest, rows), self._terms(step.before, rows)
        for name in self._walked:
            total = self._totals[name][rows]
            if name not in LAGGED:
                total += newest[name]
            elif before is not None:
                value, early = newest[LAGGED[name]], self._early[name][rows]
                early += before[LAGGED[name]]
                total += np.multiply(value, early, out=product)
                self._late[name][rows] += value

    @overload
    def _terms(self, number: int, rows: slice) -> PairTerms: ...
    @overload
    def _terms(self, number: None, rows: slice) -> None: ...
    @overload
    def _terms(self, number: int | None, rows: slice) -> PairTerms | None: ...
    def _terms(self, number: int | None, rows: slice) -> PairTerms | None:
        if number is None:
            return None
        return PairTerms(*self._ring.pairs_in_segment(number, rows), self._scratch, rows)
