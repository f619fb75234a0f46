"""One window of segments: from samples to the power and connectivity of its bands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray
from .measures import get_measure
from .pairs import PairLayout
from .ring import SpectraRing
from .schema import FeatureSchema, Group
from .sums import REFRESH_EVERY, PairSums
from .totals import Totals

# A segment this much larger than all others together is not subtracted when it leaves.
DOMINANT = 1000.0


class SegmentWindow:
    """The bands that share one segment and window length.

    Parameters
    ----------
    group : Group
        The bands, in samples and Fourier bins.
    schema : FeatureSchema
        Which measures, and in which bands.
    layout : PairLayout
        The channels' pairs.
    sfreq : float
        Sampling rate in Hz.

    Attributes
    ----------
    ring : SpectraRing
        The segments.
    connectivity_rows : list of int
        Rows of `FeatureFrame.connectivity` that the bands fill.
    """

    def __init__(
        self, group: Group, schema: FeatureSchema, layout: PairLayout, sfreq: float
    ) -> None:
        self.group = group
        self._layout = layout
        self._taper = np.hanning(group.segment)
        self._density = 2.0 / (sfreq * float(np.sum(self._taper**2)))
        connected = [
            (band, bins)
            for band, bins in zip(group.bands, group.bins, strict=True)
            if schema.bands[band].connectivity
        ]
        self.connectivity_rows = [schema.connectivity_bands.index(band) for band, _ in connected]
        self._measures = tuple(get_measure(name) for name in schema.measures) if connected else ()
        paired = _span([bins for _, bins in connected])
        names = tuple(dict.fromkeys(name for m in self._measures for name in m.sums))
        amplitudes = any(name.startswith(("phase", "ortho")) for name in names)
        self.ring = SpectraRing(layout, group.n_segments, group.n_bins, paired, amplitudes)
        self._sums = PairSums(self.ring, names, group.lag)
        self._bands = BandMean([(a - paired.start, b - paired.start) for _, (a, b) in connected])
        shape = (len(connected), layout.n_shifts, layout.n_channels)
        self._values = np.zeros((len(self._measures), *shape))
        self._segment = np.empty((layout.n_channels, group.segment))
        self._coefficients = np.empty((layout.n_channels, group.segment // 2 + 1), np.complex128)

    def clear(self) -> None:
        """Forget every segment."""
        self.ring.clear()
        self._sums.clear()

    def push(
        self, segment: FloatArray, valid: NDArray[np.bool_], wanted: bool
    ) -> FloatArray | None:
        """Take the newest segment; return the window's connectivity where it is wanted.

        Parameters
        ----------
        segment : array, shape (n_channels, n_samples)
            Volts.
        valid : array of bool, shape (n_channels,)
            Channels whose segment may be used; the others are masked.
        wanted : bool
            Whether to work out values.

        Returns
        -------
        array, shape (n_measures, n_bands, n_pairs), or None
            NaN for pairs of which a channel has no segment; None where not wanted, or where
            none of the bands has connectivity.
        """
        ring = self.ring
        dominated = ring.full and ring.oldest_dominates(DOMINANT)
        ring.append(self._spectrum(segment, valid), valid)
        if dominated or ring.newest % REFRESH_EVERY == REFRESH_EVERY - 1:
            ring.rebuild()
        if not self._measures:
            return None
        with np.errstate(invalid="ignore", divide="ignore"):
            self._sums.advance(dominated, self._work_out if wanted else None)
        return self._connectivity() if wanted else None

    def _spectrum(self, segment: FloatArray, valid: NDArray[np.bool_]) -> NDArray[np.complex128]:
        group = self.group
        if not valid.all():
            segment = np.where(valid[:, None], segment, 0.0)
        mean = np.add.reduce(segment, axis=1, keepdims=True) / group.segment
        centred = np.subtract(segment, mean, out=self._segment)
        centred *= self._taper
        spectrum = np.fft.rfft(centred, axis=1, out=self._coefficients)
        return spectrum[:, group.first_bin : group.last_bin + 1]

    def _work_out(self, totals: Totals) -> None:
        for measure, values in zip(self._measures, self._values, strict=True):
            totals.clear_scratch()
            self._bands(measure.values(totals), values[:, totals.rows])

    def _connectivity(self) -> FloatArray:
        signed = [row for row, measure in enumerate(self._measures) if measure.antisymmetric]
        shape = (*self._values.shape[:2], -1)
        out = self._layout.in_order(self._values.reshape(shape), signed)
        empty = self.ring.counts == 0
        if empty.any():
            out[:, :, self._layout.touching(empty)] = np.nan
        return out

    def power(self, density: FloatArray) -> FloatArray:
        """Return the mean of a density over each band, V²/Hz, (n_bands, n_channels)."""
        out = np.empty((len(self.group.bins), len(density)))
        for row, bins in zip(out, self.group.bins, strict=True):
            row[:] = band_mean(density, *bins)
        return out

    def density(self) -> FloatArray:
        """Return the mean one-sided power density, V²/Hz, shape (n_channels, n_bins).

        NaN for channels without a segment.
        """
        counts = np.where(self.ring.counts == 0, np.nan, self.ring.counts)
        density: FloatArray = self.ring.power * (self._density / counts)[:, None]
        return density


class BandMean:
    """Means over Fourier bins of values by pair, for several bands at once.

    Parameters
    ----------
    bins : list of (int, int)
        Half-open range of bins of each band.
    """

    def __init__(self, bins: list[tuple[int, int]]) -> None:
        self._bins = bins
        n_bins = max((stop for _, stop in bins), default=0)
        self._weights = np.zeros((len(bins), n_bins))
        for band, (start, stop) in enumerate(bins):
            self._weights[band, start:stop] = 1.0 / (stop - start)

    def __call__(self, values: FloatArray, out: FloatArray) -> None:
        """Write the means of values (n, n_columns * n_bins) to `out` (n_bands, n, n_columns)."""
        by_pair = values.reshape(-1, self._weights.shape[1])
        means = self._weights @ by_pair.T
        # A product with zero would carry NaN from one band to all others.
        if not np.isfinite(means).all():
            odd = np.flatnonzero(~np.isfinite(means).all(axis=0))
            for band, bins in enumerate(self._bins):
                means[band, odd] = band_mean(by_pair[odd], *bins)
        out[:] = means.reshape(out.shape)


def band_mean(values: FloatArray, start: int, stop: int) -> FloatArray:
    """Return the mean over Fourier bins ``start:stop`` of an array (n, n_bins)."""
    total: FloatArray = np.add.reduce(values[:, start:stop], axis=1)
    return total / (stop - start)


def _span(bins: list[tuple[int, int]]) -> slice:
    if not bins:
        return slice(0, 0)
    return slice(min(start for start, _ in bins), max(stop for _, stop in bins))
