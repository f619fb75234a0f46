"""One window of segments: from samples to the power and connectivity of its bands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray
from . import compiled
from .bands import BandMeans
from .measures import Measure, get_measure
from .pairs import PairLayout
from .ring import SpectraRing
from .schema import FeatureSchema, Group
from .sums import REFRESH_EVERY, PairSums, Wanted
from .terms import LAGGED
from .totals import Window

# Share of a window's segments that both channels of a pair must have.
ENOUGH_SHARED = 0.5
# So many channels are transformed while they lie in the processor's cache.
CHANNELS_AT_ONCE = 32


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
    bands : list of int
        Rows of `FeatureFrame.power` that the bands fill.
    ring : SpectraRing
        The segments.
    connectivity_rows : list of int
        Rows of `FeatureFrame.connectivity` that the bands fill.
    values : array, shape (n_measures, n_bands, n_shifts * n_channels)
        See `connectivity`.
    """

    def __init__(
        self, group: Group, schema: FeatureSchema, layout: PairLayout, sfreq: float
    ) -> None:
        self.group = group
        self.bands = list(group.bands)
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
        self._lagged = {m.name for m in self._measures if not LAGGED.keys().isdisjoint(m.sums)}
        names = tuple(dict.fromkeys(name for m in self._measures for name in m.sums))
        amplitudes = any(name.startswith(("phase", "ortho")) for name in names)
        self.ring = SpectraRing(layout, group.n_segments, group.n_bins, paired, amplitudes)
        self._sums = PairSums(self.ring, names, group.lag)
        self._power_means = BandMeans(group.bins)
        self._means = BandMeans([(a - paired.start, b - paired.start) for _, (a, b) in connected])
        # In the layout of pairs by shift.
        n_pairs = layout.n_shifts * layout.n_channels
        self.values = np.empty((len(self._measures), len(connected), n_pairs))
        n, at_once = layout.n_channels, min(layout.n_channels, CHANNELS_AT_ONCE)
        self._centred = np.empty((at_once, group.segment))
        self._coefficients = np.empty((at_once, group.segment // 2 + 1), np.complex128)
        self._kept = np.empty((n, group.n_bins), np.complex128)

    def clear(self) -> None:
        """Forget every segment."""
        self._measured = False
        self.ring.clear()
        self._sums.clear()

    def push(self, segment: FloatArray, valid: NDArray[np.bool_], measuring: bool = False) -> None:
        """Take the newest segment.

        Parameters
        ----------
        segment : array, shape (n_channels, n_samples)
            Volts.
        valid : array of bool, shape (n_channels,)
            Channels whose segment may be used; the others are masked.
        measuring : bool
            Whether `connectivity` will be asked for: where nothing was prepared, it is worked
            out on the way.
        """
        spectrum = self._spectrum(segment, valid)
        self._measured = False
        if self._measures and self._sums.in_one_go:
            self._push_in_one_go(spectrum, valid, measuring)
            return
        self.prepare()
        dominated = self._append(spectrum, valid)
        if self._measures:
            self._sums.enter(dominated)

    def _append(self, spectrum: NDArray[np.complex128], valid: NDArray[np.bool_]) -> bool:
        ring = self.ring
        dominated = ring.append(spectrum, valid)
        if dominated or ring.newest % REFRESH_EVERY == REFRESH_EVERY - 1:
            ring.rebuild()
        return dominated

    def _push_in_one_go(
        self, spectrum: NDArray[np.complex128], valid: NDArray[np.bool_], measuring: bool
    ) -> None:
        plan = self._sums.plan()
        if self._append(spectrum, valid):
            self._sums.enter(dominated=True)
            return
        wanted = self._wanted() if measuring and not self.ring.partly_masked else ()
        self._sums.hop(plan, self._means.edges, wanted)
        self._measured = len(wanted) == len(self._measures)

    def _wanted(self) -> tuple[Wanted, ...]:
        """Return the measures in the kernel's words; none when it does not know all of them."""
        names = [measure.name for measure in self._measures]
        if len(names) > compiled.MOST_AT_ONCE or not compiled.MEASURES.keys() >= set(names):
            return ()
        known = [compiled.MEASURES[name] for name in names]
        inverse = self.ring.inverse_power() if any(scaled for _, _, scaled in known) else None
        wanted = []
        for (kind, sums, scaled), out in zip(known, self.values, strict=True):
            three = [*(self._sums[name] for name in sums), None, None][:3]
            wanted.append((kind, *three, inverse if scaled else None, out))
        return tuple(wanted)

    def prepare(self) -> None:
        """Do what the next segment needs and no value waits for; the values have to be out."""
        if self._measures:
            self._sums.prepare()

    def _spectrum(self, segment: FloatArray, valid: NDArray[np.bool_]) -> NDArray[np.complex128]:
        group = self.group
        if not valid.all():
            segment = np.where(valid[:, None], segment, 0.0)
        mean = np.add.reduce(segment, axis=1, keepdims=True) / group.segment
        for start in range(0, len(segment), CHANNELS_AT_ONCE):
            rows = slice(start, start + CHANNELS_AT_ONCE)
            some = segment[rows]
            centred = np.subtract(some, mean[rows], out=self._centred[: len(some)])
            centred *= self._taper
            spectrum = np.fft.rfft(centred, axis=1, out=self._coefficients[: len(some)])
            self._kept[rows] = spectrum[:, group.first_bin : group.last_bin + 1]
        return self._kept

    def connectivity(self) -> FloatArray:
        """Work out the measures; return `values`, which is the window's own.

        Returns
        -------
        array, shape (n_measures, n_bands, n_shifts * n_channels)
            In the layout of pairs by shift; NaN for pairs that share fewer than half of the
            window's segments, or fewer than a measure needs.
        """
        if self._measured:
            self._withhold()
            return self.values
        by_numpy = []
        inverse = None
        for measure, out in zip(self._measures, self.values, strict=True):
            known = compiled.MEASURES.get(measure.name)
            if compiled.kernel is None or known is None or (known[2] and self.ring.partly_masked):
                by_numpy.append((measure, out))
                continue
            kind, names, scaled = known
            if scaled and inverse is None:
                inverse = self.ring.inverse_power()
            size = (self._layout.n_channels, self.ring.n_paired)
            sums = [self._sums[name] for name in names] + [None] * (3 - len(names))
            compiled.kernel.measure(kind, *size, *sums, inverse, self._means.edges, out)
        if by_numpy:
            self._work_out(by_numpy)
        self._withhold()
        return self.values

    def _withhold(self) -> None:
        """Put NaN where too few segments were good: rounding would pass for a value."""
        ring, lag = self.ring, self.group.lag
        if not ring.partly_masked:
            self._withhold_channels()
            return
        window = Window(ring)
        shared = window.shared.ravel()
        for measure, values in zip(self._measures, self.values, strict=True):
            few = shared < max(ENOUGH_SHARED * self.group.n_segments, measure.fewest)
            if measure.name in self._lagged:
                few |= window.apart(lag).ravel() == 0.0
            values[:, few] = np.nan

    def _withhold_channels(self) -> None:
        """Do the same where each channel is in all segments of the window or in none."""
        ring = self.ring
        lost = None
        fewest = 0.0
        if not ring.whole:
            lost = np.flatnonzero(self._layout.either(ring.counts == 0))
            fewest = ENOUGH_SHARED * self.group.n_segments
        for measure, values in zip(self._measures, self.values, strict=True):
            apart = ring.held > self.group.lag or measure.name not in self._lagged
            if ring.held < max(fewest, measure.fewest) or not apart:
                values[:] = np.nan
            elif lost is not None:
                values[:, lost] = np.nan

    def _work_out(self, wanted: list[tuple[Measure, FloatArray]]) -> None:
        n = self._layout.n_channels
        with np.errstate(invalid="ignore", divide="ignore"):
            for totals in self._sums.blocks():
                columns = slice(totals.rows.start * n, totals.rows.stop * n)
                for measure, out in wanted:
                    totals.clear_scratch()
                    values = measure.values(totals).reshape(-1, self.ring.n_paired)
                    out[:, columns] = self._means(values)

    def power(self, density: FloatArray) -> FloatArray:
        """Return the mean of a density over each band, V²/Hz, (n_bands, n_channels)."""
        return self._power_means(density)

    def density(self) -> FloatArray:
        """Return the mean one-sided power density, V²/Hz, shape (n_channels, n_bins).

        NaN for channels without a segment.
        """
        ring = self.ring
        if ring.whole:
            return ring.power * (self._density / ring.held)
        counts = np.where(ring.counts == 0, np.nan, ring.counts)
        density: FloatArray = ring.power * (self._density / counts)[:, None]
        return density


def _span(bins: list[tuple[int, int]]) -> slice:
    if not bins:
        return slice(0, 0)
    return slice(min(start for start, _ in bins), max(stop for _, stop in bins))
