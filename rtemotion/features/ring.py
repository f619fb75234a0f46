"""The segments of one window as spectra, and the products measures ask for.

The ring holds spectra and not their pairwise products, which would be far
larger than the processor's cache; a product is recomputed when a segment
enters and again when it leaves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray
from .schema import Group


class SpectraRing:
    """Spectra of the newest segments of one group of bands.

    Segments are numbered from 0 since the last reset; the ring holds
    ``oldest`` to ``newest``. A channel masked in a segment holds zeros there.

    Parameters
    ----------
    group : Group
        Segment length, number of segments and Fourier bins.
    n_channels : int
        Number of channels.
    sfreq : float
        Sampling rate in Hz.
    """

    def __init__(self, group: Group, n_channels: int, sfreq: float) -> None:
        self.group = group
        self.lag = group.lag
        self.n_bins = group.n_bins
        first, second = np.triu_indices(n_channels, k=1)
        self.n_pairs = len(first)
        self._first, self._second = first, second
        self._window = np.hanning(group.segment)
        self._density = 2.0 / (sfreq * float(np.sum(self._window**2)))
        # Each spectrum lies there twice, as [imag | real] and as [real | imag], so that
        # both halves of Im(X_i X̄_j) = imag_i real_j - real_i imag_j are one product.
        doubled = (group.n_segments, n_channels, 2 * self.n_bins)
        self._imag_real = np.zeros(doubled)
        self._real_imag = np.zeros(doubled)
        self._powers = np.zeros((group.n_segments, n_channels, self.n_bins))
        self._valid = np.zeros((group.n_segments, n_channels), dtype=bool)
        self._power = np.zeros((n_channels, self.n_bins))
        self.counts = np.zeros(n_channels, dtype=np.int64)
        self._products: dict[int, FloatArray] = {}
        self._spare: list[FloatArray] = []
        self._left = np.empty((self.n_pairs, 2 * self.n_bins))
        self._right = np.empty_like(self._left)
        self.oldest = 0
        self.newest = -1

    @property
    def full(self) -> bool:
        """True when the window is filled."""
        return self.newest - self.oldest + 1 == self.group.n_segments

    def clear(self) -> None:
        """Forget every segment and count from zero again."""
        self._power[:] = 0.0
        self.counts[:] = 0
        self.forget_products()
        self.oldest, self.newest = 0, -1

    def append(self, segment: FloatArray, valid: NDArray[np.bool_]) -> None:
        """Add one segment; the ring must not be full.

        Parameters
        ----------
        segment : array, shape (n_channels, n_samples)
            Volts.
        valid : array of bool, shape (n_channels,)
            Channels whose segment may be used; the others enter as zeros.
        """
        self.newest += 1
        slot = self.newest % self.group.n_segments
        if not valid.all():
            segment = np.where(valid[:, None], segment, 0.0)
        centred = segment - np.add.reduce(segment, axis=1, keepdims=True) / self.group.segment
        centred *= self._window
        spectrum = np.fft.rfft(centred, axis=1)
        kept = spectrum[:, self.group.first_bin : self.group.last_bin + 1]
        n = self.n_bins
        self._real_imag[slot, :, :n] = self._imag_real[slot, :, n:] = kept.real
        self._real_imag[slot, :, n:] = self._imag_real[slot, :, :n] = kept.imag
        self._powers[slot] = kept.real**2 + kept.imag**2
        self._valid[slot] = valid
        self.forget_products()
        self.add_power(self.newest)

    def drop(self) -> None:
        """Take the oldest segment out; its number must not be asked for again."""
        slot = self.oldest % self.group.n_segments
        self._power -= self._powers[slot]
        self.counts -= self._valid[slot]
        self.oldest += 1

    def add_power(self, number: int) -> None:
        """Add a segment's power and count to the sums."""
        slot = number % self.group.n_segments
        self._power += self._powers[slot]
        self.counts += self._valid[slot]

    def clear_power(self) -> None:
        """Zero the sums of power; `add_power` builds them again."""
        self._power[:] = 0.0
        self.counts[:] = 0

    def oldest_dominates(self, factor: float) -> bool:
        """Tell whether anywhere the oldest segment outweighs all others `factor` times.

        Taking a term out of a sum leaves a rounding error in proportion to the
        term; one far larger than what remains would leave little else.
        """
        slot = self.oldest % self.group.n_segments
        return bool((self._powers[slot] * (1.0 + 1.0 / factor) > self._power).any())

    def imag(self, number: int) -> FloatArray:
        """Return Im(X_i X̄_j) of one segment, shape (n_pairs, n_bins).

        The array is the ring's own until the next segment is appended.
        """
        product = self._products.get(number)
        if product is None:
            slot, n = number % self.group.n_segments, self.n_bins
            product = self._spare.pop() if self._spare else np.empty((self.n_pairs, n))
            np.take(self._imag_real[slot], self._first, axis=0, out=self._left, mode="clip")
            np.take(self._real_imag[slot], self._second, axis=0, out=self._right, mode="clip")
            self._left *= self._right
            np.subtract(self._left[:, :n], self._left[:, n:], out=product)
            self._products[number] = product
        return product

    def forget_products(self, before: int | None = None) -> None:
        """Free the products of all segments, or of those before one."""
        for number in [n for n in self._products if before is None or n < before]:
            self._spare.append(self._products.pop(number))

    def pair_scale(self) -> FloatArray:
        """Return sqrt(S_ii S_jj) scaled to the segments both have, shape (n_pairs, n_bins).

        NaN where a channel or a pair has no segment or no power.
        """
        amplitude = np.sqrt(np.maximum(self._power, 0.0))
        amplitude[self.counts == 0] = np.nan
        amplitude[amplitude == 0.0] = np.nan
        scale = amplitude[self._first]
        scale *= amplitude[self._second]
        held = self.newest - self.oldest + 1
        if not (self.counts == held).all():
            means = np.sqrt(self.counts[self._first] * self.counts[self._second])
            with np.errstate(invalid="ignore", divide="ignore"):
                scale *= (self._shared_counts() / means)[:, None]
        return scale

    def _shared_counts(self) -> FloatArray:
        slots = np.arange(self.oldest, self.newest + 1) % self.group.n_segments
        valid = self._valid[slots].astype(np.float64)
        shared = (valid.T @ valid)[self._first, self._second]
        shared[shared == 0.0] = np.nan
        return shared

    def without_segments(self) -> NDArray[np.bool_]:
        """Return the pairs in which a channel has no segment at all, shape (n_pairs,)."""
        empty = self.counts == 0
        pairs: NDArray[np.bool_] = empty[self._first] | empty[self._second]
        return pairs

    def power_density(self) -> FloatArray:
        """Return the mean one-sided power density in V²/Hz, shape (n_channels, n_bins)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            density = self._power * (self._density / self.counts)[:, None]
        density[self.counts == 0] = np.nan
        return density
