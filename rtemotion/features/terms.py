"""What the pairs of a segment add to the sums over a window, by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..signal import FloatArray
from .ring import IMAG, REAL, SpectraRing
from .scratch import Scratch


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
