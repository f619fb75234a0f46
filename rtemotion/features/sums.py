"""Running sums over the segments of a window, for every pair of channels.

A sum takes in the segment that enters and gives back the one that leaves, so that the
work of a hop does not grow with the window. What rounding leaves behind is shed without
a pause: at every hop a few of the pairs are counted anew from the spectra, in turn.
Segments that were masked hold zeros and therefore add nothing.

Only a segment's entering has to wait for its last sample. All else is done beforehand,
once the values of the segment before it are out.

The commonest sums are run by a compiled kernel in one pass over memory. The others, and
all of them where nobody compiled it, are walked by NumPy in blocks, which spares the
processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray
from . import compiled
from .ring import SpectraRing
from .scratch import Scratch
from .terms import LAGGED, PairTerms
from .totals import Totals, Window

# A measure that is worked out on the way: its number, its sums, 1/sqrt(power), and the result.
Wanted = tuple[int | FloatArray | None, ...]

# Every sum is counted anew this often, in segments, or as often as a longer window fills.
REFRESH_EVERY = 64
# Numbers in a block of one sum: fewer cost calls, more leave the cache.
BLOCK = 32768


@dataclass(frozen=True)
class _Turn:
    """The segments that make the sums ready for the next one, by number.

    Attributes
    ----------
    newest : int or None
        The segment that entered last, where there was one `lag` before it.
    gone : int or None
        The segment that leaves.
    after : int or None
        The one `lag` after it, where that is in the window.
    before : int or None
        The one `lag` before the next, where that stays in the window.
    """

    newest: int | None = None
    gone: int | None = None
    after: int | None = None
    before: int | None = None


@dataclass(frozen=True, eq=False)
class Hop:
    """What taking in the next segment in one go needs, seen before it is in the ring.

    Attributes
    ----------
    turned : tuple of array or None
        The segments of a `_Turn`.
    staying : array of int
        Slots of the segments that stay in the window.
    anew : (int, int)
        The shifts counted anew this time, half-open.
    """

    turned: tuple[FloatArray | None, ...]
    staying: NDArray[np.int64]
    anew: tuple[int, int]


class PairSums:
    """The sums that some measures ask for, following a ring of spectra.

    For a lagged sum the window o … t also needs the sum of its term over segments at
    least `lag` before the newest (`early`) and over those at least `lag` after the oldest
    (`late`), so that a segment entering or leaving costs one product. A segment is taken
    in by `prepare`, `SpectraRing.append` and `enter`, in this order.

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
        self._lagged = [name for name in self._walked if name in LAGGED]
        kept = (self._totals, self._early, self._late)
        # As the kernel takes them; None where a sum is not kept.
        self._run_arrays = [
            *(self._totals.get(name) for name in compiled.PLAIN),
            *(sums.get(name) for name in compiled.LAGGED for sums in kept),
        ]
        self._period = max(REFRESH_EVERY, ring.n_segments)
        self._block = max(1, BLOCK // max(shape[1], 1))
        self._scratch = Scratch((self._block, shape[1]))
        self._scratch_anew = Scratch((ring.n_segments, shape[1]))
        self.clear()

    def clear(self) -> None:
        """Forget every segment."""
        self._ready = False
        # Whether `late` has yet to take in the newest segment.
        self._owed = False
        # Whether the next segment has one `lag` before it.
        self._apart = False
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

    def prepare(self) -> None:
        """Make ready for the next segment: take the oldest out of a full window.

        Totals are those of no window until that segment has entered. Nothing happens when
        all is ready.
        """
        if self._ready:
            return
        ring = self._ring
        turn = self._turn(ring.newest + 1)
        self._apply(turn, slice(0, ring.layout.n_shifts))
        staying = self._staying()
        for shift in range(*self._anew()):
            self._count_anew(shift, staying)
            self._apply(_Turn(before=turn.before), slice(shift, shift + 1))
        self._apart = turn.before is not None
        self._ready, self._owed = True, False

    def enter(self, dominated: bool = False) -> None:
        """Follow the ring by the segment just appended, for which all was prepared.

        Parameters
        ----------
        dominated : bool
            The segment that left outweighed all others: count all anew.
        """
        self._ready, self._owed = False, self._apart and not dominated
        if dominated:
            slots = self._ring.slots()
            for shift in range(self._ring.layout.n_shifts):
                self._count_anew(shift, slots)
            return
        if self._kernel is not None:
            ring = self._ring
            size, newest = (ring.layout.n_channels, ring.n_paired), ring.spectrum(ring.newest)
            self._kernel.enter(*size, newest, self._apart, *self._run_arrays)
        if self._walked:
            for rows in self._pieces():
                self._walk_in(rows)

    @property
    def in_one_go(self) -> bool:
        """Whether `plan` and `hop` may stand for `prepare` and `enter` with the next segment."""
        return self._kernel is not None and not self._walked and not self._ready

    def plan(self) -> Hop:
        """Look ahead to the next segment, before `SpectraRing.append`; nothing is prepared."""
        turn = self._turn(self._ring.newest + 1)
        self._apart = turn.before is not None
        return Hop(self._segments(turn), self._staying(), self._anew())

    def hop(self, plan: Hop, bands: NDArray[np.int64], wanted: tuple[Wanted, ...]) -> None:
        """Do what `prepare` and `enter` do, and work out measures on the way.

        Memory is gone through once, where live decoding, which must not wait, goes through
        it three times; the numbers are the same to the bit.

        Parameters
        ----------
        plan : Hop
            As it was before the newest segment was appended.
        bands : array, shape (n_bands, 2)
            Ranges of bins that are one value.
        wanted : tuple of Wanted
            Measures.
        """
        assert self._kernel is not None
        ring = self._ring
        self._kernel.hop(
            ring.layout.n_channels,
            ring.n_paired,
            plan.turned,
            (*plan.anew, self._lag, ring.spectra, plan.staying),
            ring.spectrum(ring.newest),
            self._apart,
            tuple(self._run_arrays),
            bands,
            wanted,
        )
        self._owed = self._apart

    def _staying(self) -> NDArray[np.int64]:
        ring = self._ring
        return ring.slots()[1 if ring.full else 0 :]

    def _anew(self) -> tuple[int, int]:
        """Return the shifts that are counted anew with the next segment, half-open."""
        n, phase = self._ring.layout.n_shifts, (self._ring.newest + 1) % self._period
        return phase * n // self._period, (phase + 1) * n // self._period

    def _segments(self, turn: _Turn) -> tuple[FloatArray | None, ...]:
        numbers = (turn.newest, turn.gone, turn.after, turn.before)
        return tuple(None if n is None else self._ring.spectrum(n) for n in numbers)

    def _turn(self, coming: int) -> _Turn:
        """Return what has to be done before a segment enters."""
        ring, lag = self._ring, self._lag
        newest = ring.newest if self._owed else None
        oldest = ring.oldest + ring.full
        before = coming - lag if coming - lag >= oldest else None
        if not ring.full:
            return _Turn(newest, before=before)
        after = ring.oldest + lag
        return _Turn(newest, ring.oldest, after if after < coming else None, before)

    def _count_anew(self, shift: int, slots: NDArray[np.int64]) -> None:
        """Add up the segments in some slots for one row of pairs, in the order they came."""
        if self._kernel is not None:
            ring = self._ring
            size = (ring.layout.n_channels, ring.n_paired)
            spectra = (ring.spectra, slots)
            self._kernel.count_anew(*size, shift, self._lag, *spectra, *self._run_arrays)
        if self._walked:
            self._walk_anew(shift, slots)

    def _walk_anew(self, shift: int, slots: NDArray[np.int64]) -> None:
        self._scratch_anew.clear()
        rows, lag = slice(0, len(slots)), self._lag
        product = self._scratch_anew.take(rows)
        terms = PairTerms(*self._ring.pairs_at_shift(shift, slots), self._scratch_anew, rows)
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

    def _apply(self, turn: _Turn, rows: slice) -> None:
        """Change some rows of the sums before a segment enters."""
        if self._kernel is not None:
            ring = self._ring
            size = (ring.layout.n_channels, ring.n_paired, rows.start, rows.stop)
            self._kernel.turn(*size, *self._segments(turn), *self._run_arrays)
        if self._walked:
            for piece in self._pieces(rows):
                self._walk(turn, piece)

    def _pieces(self, rows: slice | None = None) -> Iterator[slice]:
        first, last = (0, self._ring.layout.n_shifts) if rows is None else (rows.start, rows.stop)
        for start in range(first, last, self._block):
            yield slice(start, min(start + self._block, last))

    def _walk(self, turn: _Turn, rows: slice) -> None:
        """Change one block of the other sums before a segment enters."""
        self._scratch.clear()
        if turn.newest is not None:
            newest = self._terms(turn.newest, rows)
            for name in self._lagged:
                self._late[name][rows] += newest[LAGGED[name]]
        if turn.gone is not None:
            self._walk_out(turn.gone, turn.after, rows)
        if turn.before is not None:
            self._scratch.clear()
            before = self._terms(turn.before, rows)
            for name in self._lagged:
                self._early[name][rows] += before[LAGGED[name]]

    def _walk_out(self, gone: int, after: int | None, rows: slice) -> None:
        self._scratch.clear()
        product = self._scratch.take(rows)
        leaving = self._terms(gone, rows)
        for name in self._walked:
            if name not in LAGGED:
                self._totals[name][rows] -= leaving[name]
        if after is None:
            return
        following = self._terms(after, rows)
        for name in self._lagged:
            value, late = leaving[LAGGED[name]], self._late[name][rows]
            self._totals[name][rows] -= np.multiply(value, late, out=product)
            late -= following[LAGGED[name]]
            self._early[name][rows] -= value

    def _walk_in(self, rows: slice) -> None:
        """Let the newest segment enter one block of the other sums."""
        self._scratch.clear()
        product = self._scratch.take(rows)
        newest = self._terms(self._ring.newest, rows)
        for name in self._walked:
            total = self._totals[name][rows]
            if name not in LAGGED:
                total += newest[name]
            elif self._apart:
                total += np.multiply(newest[LAGGED[name]], self._early[name][rows], out=product)

    def _terms(self, number: int, rows: slice) -> PairTerms:
        return PairTerms(*self._ring.pairs_in_segment(number, rows), self._scratch, rows)
