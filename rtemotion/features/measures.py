"""Connectivity measures as running sums over the segments of a window.

Each measure is told which segment enters and which leaves and keeps only its
sums, so that the work of a hop does not grow with the window. Segments that
were masked hold zeros and therefore add nothing.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ..plugins import load
from ..signal import FloatArray
from .ring import SpectraRing


class Measure(Protocol):
    """The running form of one connectivity measure.

    Built as ``cls(ring)`` on the ring it follows.
    """

    def __init__(self, ring: SpectraRing) -> None: ...

    def enter(self, number: int) -> None:
        """Add segment `number`, the newest in the ring."""

    def leave(self, number: int) -> None:
        """Take out segment `number`, the oldest in the ring."""

    def clear(self) -> None:
        """Forget all segments."""

    def values(self) -> FloatArray:
        """Return the measure, shape (n_pairs, n_bins)."""


class ImaginaryCoherence:
    """Signed imaginary part of coherency, Im(S_ij) / sqrt(S_ii S_jj).

    The sign is that of Im(X_i X̄_j): positive when i leads j by less than half
    a cycle. Sums run over the segments both channels have, the powers over
    those each channel has; each is divided by its own count.

    References
    ----------
    Nolte et al. 2004, Clin. Neurophysiol. 115:2292.
    """

    def __init__(self, ring: SpectraRing) -> None:
        self._ring = ring
        self._sum = np.zeros((ring.n_pairs, ring.n_bins))

    def enter(self, number: int) -> None:
        """Add the newest segment."""
        self._sum += self._ring.imag(number)

    def leave(self, number: int) -> None:
        """Take out the oldest segment."""
        self._sum -= self._ring.imag(number)

    def clear(self) -> None:
        """Forget all segments."""
        self._sum[:] = 0.0

    def values(self) -> FloatArray:
        """Return signed imaginary coherence, shape (n_pairs, n_bins)."""
        return self._sum / self._ring.pair_scale()


class _LaggedSum:
    """Running Σ x_k x_l over the pairs of segments at least `lag` apart.

    With the window o … t, `_old` holds the sum over segments at least `lag`
    before the newest and `_new` over those at least `lag` after the oldest, so
    that a segment entering or leaving costs one product.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.total = np.zeros(shape)
        self._old = np.zeros(shape)
        self._new = np.zeros(shape)

    def enter(self, newest: FloatArray, before: FloatArray, scratch: FloatArray) -> None:
        """Add the newest segment; `before` is the one `lag` before it."""
        self._old += before
        self.total += np.multiply(newest, self._old, out=scratch)
        self._new += newest

    def leave(self, oldest: FloatArray, after: FloatArray, scratch: FloatArray) -> None:
        """Take out the oldest segment; `after` is the one `lag` after it."""
        self.total -= np.multiply(oldest, self._new, out=scratch)
        self._new -= after
        self._old -= oldest

    def clear(self) -> None:
        """Forget all segments."""
        for array in (self.total, self._old, self._new):
            array[:] = 0.0


class LaggedWPLI2:
    """Squared wPLI over pairs of segments that do not overlap.

    The debiased estimator (Vinck et al. 2011) sums Im_k·Im_l over all k ≠ l,
    which is unbiased for independent segments only; overlapping ones share
    samples and push it above zero. Here the sum runs over pairs at least one
    segment length apart: Σ Im_k Im_l / Σ |Im_k Im_l|, |k − l| ≥ lag.

    References
    ----------
    Vinck et al. 2011, NeuroImage 55:1548.
    """

    def __init__(self, ring: SpectraRing) -> None:
        self._ring = ring
        self._lag = ring.lag
        shape = (ring.n_pairs, ring.n_bins)
        self._signed = _LaggedSum(shape)
        self._magnitude = _LaggedSum(shape)
        self._scratch = [np.empty(shape) for _ in range(3)]

    def enter(self, number: int) -> None:
        """Add the newest segment."""
        if number - self._lag >= self._ring.oldest:
            newest, apart = self._ring.imag(number), self._ring.imag(number - self._lag)
            first, second, product = self._scratch
            self._signed.enter(newest, apart, product)
            np.abs(newest, out=first)
            np.abs(apart, out=second)
            self._magnitude.enter(first, second, product)

    def leave(self, number: int) -> None:
        """Take out the oldest segment."""
        if number + self._lag <= self._ring.newest:
            oldest, apart = self._ring.imag(number), self._ring.imag(number + self._lag)
            first, second, product = self._scratch
            self._signed.leave(oldest, apart, product)
            np.abs(oldest, out=first)
            np.abs(apart, out=second)
            self._magnitude.leave(first, second, product)

    def clear(self) -> None:
        """Forget all segments."""
        self._signed.clear()
        self._magnitude.clear()

    def values(self) -> FloatArray:
        """Return the measure, shape (n_pairs, n_bins); NaN without two segments apart."""
        with np.errstate(invalid="ignore", divide="ignore"):
            values: FloatArray = self._signed.total / self._magnitude.total
        if not self._magnitude.total.min(initial=np.inf) > 0.0:
            values[~(self._magnitude.total > 0.0)] = np.nan
        if (empty := self._ring.without_segments()).any():
            values[empty] = np.nan
        return values


def measure_class(name: str) -> type[Measure]:
    """Return the class of a measure, ours or from an installed package.

    Raises
    ------
    SetupError
        When no package offers it; the message lists the ones there are.
    """
    ours: dict[str, type[Measure]] = {"imcoh": ImaginaryCoherence, "wpli2_lagged": LaggedWPLI2}
    found: type[Measure] = ours[name] if name in ours else load("measures", name)
    return found
