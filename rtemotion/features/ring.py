"""The segments of one window as spectra.

The ring holds spectra and not their pairwise products, which would be far
larger than the processor's cache; a product is recomputed when a segment
enters and again when it leaves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray
from . import compiled
from .pairs import PairLayout

# First and second channels of pairs, and 1/|X| of both where amplitudes are kept.
PairParts = tuple[FloatArray, FloatArray, tuple[FloatArray, ...]]

# A segment that outweighs all others this much is not subtracted when it leaves.
DOMINANT = 1000.0
# Rows of a spectrum.
IMAG, REAL = 0, 1


class SpectraRing:
    """Spectra of the newest segments, and the running sum of their power.

    Segments are numbered from 0 since the last reset; the ring holds ``oldest``
    to ``newest``. A channel masked in a segment holds zeros there.

    Parameters
    ----------
    layout : PairLayout
        The channels' pairs.
    n_segments : int
        Segments in a full window.
    n_bins : int
        Fourier bins of a spectrum.
    paired : slice
        The bins in which pairs are formed.
    amplitudes : bool
        Also keep |X| and 1/|X| in those bins.

    Attributes
    ----------
    power : array, shape (n_channels, n_bins)
        Sum of |X|² over the window.
    amplitude : array, shape (n_channels, n_paired_bins)
        Sum of |X| over the window; zero unless kept.
    counts : array, shape (n_channels,)
        Number of segments in that sum.
    spectra : array, shape (n_segments + 1, 2, n_channels + n_shifts, n_paired_bins)
        The segments, channels written round the circle.
    """

    def __init__(
        self,
        layout: PairLayout,
        n_segments: int,
        n_bins: int,
        paired: slice,
        amplitudes: bool = False,
    ) -> None:
        n, n_paired = layout.n_channels, paired.stop - paired.start
        self.layout = layout
        self.n_segments = n_segments
        self.n_paired = n_paired
        self._paired = paired
        # One slot more than the window holds, for the segment that left it last.
        slots = n_segments + 1
        self.spectra = layout.wrapped(n_paired, (slots, 2))
        self._firsts = layout.firsts(self.spectra)
        self._seconds = layout.seconds(self.spectra)
        self._amplitudes = np.zeros((slots if amplitudes else 0, n, n_paired))
        self._inverse = layout.wrapped(n_paired, (len(self._amplitudes),))
        self._inverse_firsts = layout.firsts(self._inverse)
        self._inverse_seconds = layout.seconds(self._inverse)
        self._powers = np.zeros((slots, n, n_bins))
        self._valid = np.zeros((slots, n), dtype=bool)
        self._spoilt = np.zeros(slots, dtype=bool)
        self._n_spoilt = 0
        self.power = np.zeros((n, n_bins))
        self.amplitude = np.zeros((n, n_paired))
        self.counts = np.zeros(n, dtype=np.int64)
        self.oldest, self.newest = 0, -1

    @property
    def held(self) -> int:
        """Number of segments in the window."""
        return self.newest - self.oldest + 1

    @property
    def full(self) -> bool:
        """True when the window is filled."""
        return self.held == self.n_segments

    def clear(self) -> None:
        """Forget every segment and count from zero again."""
        self.power[:] = 0.0
        self.amplitude[:] = 0.0
        self.counts[:] = 0
        self._n_spoilt = 0
        self.oldest, self.newest = 0, -1

    def append(self, spectrum: NDArray[np.complex128], valid: NDArray[np.bool_]) -> bool:
        """Add one segment, in place of the oldest when the window is full.

        Parameters
        ----------
        spectrum : array, shape (n_channels, n_bins)
            Fourier coefficients, zero where not valid.
        valid : array of bool, shape (n_channels,)
            Channels whose segment may be used.

        Returns
        -------
        bool
            Whether the segment that left dominated: outweighed all others `DOMINANT` times
            anywhere. Taking a term out of a sum leaves a rounding error in proportion to the
            term; one far larger than what remains would leave little else.
        """
        left = self._slot(self.oldest) if self.full else None
        slot = self._slot(self.newest + 1)
        dominated = self._take_in(spectrum, left, slot)
        if left is not None:
            self.counts -= self._valid[left]
            self._n_spoilt -= int(self._spoilt[left])
            if len(self._amplitudes):
                self.amplitude -= self._amplitudes[left]
            self.oldest += 1
        self.newest += 1
        self._valid[slot] = valid
        self._spoilt[slot] = spoilt = not valid.all()
        self._n_spoilt += int(spoilt)
        self.counts += valid
        if len(self._amplitudes):
            self._keep_amplitude(slot)
            self.amplitude += self._amplitudes[slot]
        return dominated

    def _take_in(self, spectrum: NDArray[np.complex128], left: int | None, slot: int) -> bool:
        """Lay a segment out in its slot, and let the sum of power follow."""
        gone = None if left is None else self._powers[left]
        powers, rows = self._powers[slot], self.spectra[slot]
        if compiled.kernel is not None:
            paired = (self._paired.start, self._paired.stop)
            arrays = (spectrum, gone, rows, powers, self.power)
            return bool(compiled.kernel.take_in(*spectrum.shape, *paired, DOMINANT, *arrays))
        n, pairs = self.layout.n_channels, spectrum[:, self._paired]
        rows[IMAG, :n] = pairs.imag
        rows[REAL, :n] = pairs.real
        rows[:, n:] = rows[:, : self.layout.n_shifts]
        dominated = False
        if gone is not None:
            dominated = bool((gone * (1.0 + 1.0 / DOMINANT) > self.power).any())
            self.power -= gone
        np.multiply(spectrum.real, spectrum.real, out=powers)
        powers += spectrum.imag * spectrum.imag
        self.power += powers
        return dominated

    def _keep_amplitude(self, slot: int) -> None:
        amplitude, inverse = self._amplitudes[slot], self._inverse[slot]
        n = self.layout.n_channels
        np.sqrt(self._powers[slot][:, self._paired], out=amplitude)
        inverse[:n] = 0.0
        np.divide(1.0, amplitude, out=inverse[:n], where=amplitude > 0.0)
        inverse[n:] = inverse[: self.layout.n_shifts]

    def rebuild(self) -> None:
        """Add up power and counts anew, in the order in which the segments came."""
        slots = self.slots()
        np.add.reduce(self._powers[slots], axis=0, out=self.power)
        np.add.reduce(self._valid[slots], axis=0, out=self.counts, dtype=np.int64)
        if len(self._amplitudes):
            np.add.reduce(self._amplitudes[slots], axis=0, out=self.amplitude)

    def slots(self) -> NDArray[np.int64]:
        """Return where the segments of the window are in `spectra`, the oldest first."""
        return np.arange(self.oldest, self.newest + 1) % len(self._valid)

    def _slot(self, number: int) -> int:
        return number % len(self._valid)

    def spectrum(self, number: int) -> FloatArray:
        """Return a segment, (2, n_channels + n_shifts, n_paired_bins), round the circle."""
        rows: FloatArray = self.spectra[self._slot(number)]
        return rows

    def pairs_in_segment(self, number: int, shifts: slice) -> PairParts:
        """Return what `PairTerms` takes of one segment, for the pairs at some shifts.

        Shapes (2, 1, n_channels * n_paired_bins) and (2, n_shifts, the same).
        """
        slot = self._slot(number)
        per: tuple[FloatArray, ...] = ()
        if len(self._amplitudes):
            per = (self._inverse_firsts[slot], self._inverse_seconds[slot][shifts])
        return self._firsts[slot], self._seconds[slot][:, shifts], per

    def pairs_at_shift(self, shift: int, slots: NDArray[np.int64]) -> PairParts:
        """Return what `PairTerms` takes of the segments in some slots, for one row of pairs.

        Shapes (2, n_slots, n_channels * n_paired_bins), in the order of the slots.
        """
        per: tuple[FloatArray, ...] = ()
        if len(self._amplitudes):
            per = (self._inverse_firsts[slots, 0], self._inverse_seconds[slots, shift])
        first, second = self._firsts[slots, :, 0], self._seconds[slots, :, shift]
        return first.swapaxes(0, 1), second.swapaxes(0, 1), per

    @property
    def whole(self) -> bool:
        """True while no channel is masked in any segment of the window."""
        return self._n_spoilt == 0

    @property
    def partly_masked(self) -> bool:
        """True when a channel is masked in some segments of the window, yet not in all."""
        return not self.whole and bool(((self.counts > 0) & (self.counts < self.held)).any())

    def paired_power(self) -> FloatArray:
        """Return the sum of |X|² in the bins in which pairs are formed."""
        return self.power[:, self._paired]

    def inverse_power(self) -> FloatArray:
        """Return 1/sqrt(S_ii) round the circle, (n_channels + n_shifts, n_paired_bins).

        NaN where there is no power.
        """
        return inverse_root(self.layout.wrap(self.paired_power()))

    def window(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the segments of the window.

        Returns
        -------
        power, amplitude : array, shape (held, n_channels, n_paired_bins)
            |X|² and |X| of every segment, the latter empty unless kept.
        valid : array, shape (held, n_channels)
            One where a channel is not masked, else zero.
        """
        slots = self.slots()
        kept = slots if len(self._amplitudes) else slots[:0]
        powers = self._powers[slots][:, :, self._paired]
        return powers, self._amplitudes[kept], self._valid[slots].astype(np.float64)


def inverse_root(power: FloatArray) -> FloatArray:
    """Return 1/sqrt(power), NaN where there is none."""
    root = np.sqrt(power)
    root[~(root > 0.0)] = np.nan
    return np.divide(1.0, root, out=root)
