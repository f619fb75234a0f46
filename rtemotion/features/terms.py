"""What pairs of channels add to the sums over a window in a segment, by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..signal import FloatArray
from .ring import IMAG, REAL
from .scratch import Scratch


class PairTerms:
    """What some pairs add to the sums in some segments, worked out once.

    Terms are called by name, see `TERMS`; all arrays broadcast to one shape, be it that of
    many pairs in one segment or of fewer in many.

    Parameters
    ----------
    first, second : array, shape (2, ...)
        Imaginary and real parts of the Fourier coefficients of the pairs' two channels.
    per : tuple of array
        1/|X| of the first and the second, empty unless the ring keeps amplitudes.
    scratch : Scratch
        Where terms are kept.
    rows : slice
        As many rows of it as the shape has.
    """

    def __init__(
        self,
        first: FloatArray,
        second: FloatArray,
        per: tuple[FloatArray, ...],
        scratch: Scratch,
        rows: slice,
    ) -> None:
        self._first, self._second, self._per = first, second, per
        self._scratch, self._rows = scratch, rows
        self._found: dict[str, FloatArray] = {}

    def __getitem__(self, term: str) -> FloatArray:
        """Return a term, to be read only."""
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
        return self._per[0]

    def per_second(self) -> FloatArray:
        """Return 1/|X_j|."""
        return self._per[1]


TERMS: dict[str, Callable[[PairTerms, FloatArray], FloatArray]] = {
    "im": PairTerms.imag,
    "re": PairTerms.real,
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
