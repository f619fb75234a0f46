"""What is computed from a window: bands, windows, hop and measures.

The schema is in seconds and Hz, part of every model file, and realised in
samples for each sampling rate by `FeatureSchema.realise`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray

log = logging.getLogger(__name__)

# Fewer segments that do not overlap than this leave a measure to chance.
FEWEST_APART = 2.5
# A band reaching above this share of the sampling rate is masked: anti-alias
# filters of amplifiers leave nothing dependable there.
HIGHEST_USABLE = 0.4


@dataclass(frozen=True)
class Band:
    """One frequency band with its own segment and window.

    Attributes
    ----------
    name : str
        Name of the band.
    low, high : float
        Edges in Hz; both belong to the band.
    segment, window : float
        Length in seconds of one segment and of the window of segments.
    connectivity : bool
        Whether connectivity is computed in this band, beside power.
    """

    name: str
    low: float
    high: float
    segment: float = 1.0
    window: float = 4.0
    connectivity: bool = True


DEFAULT_BANDS = (
    Band("delta", 1.0, 4.0, connectivity=False),
    Band("theta", 4.0, 8.0, segment=2.0, window=8.0),
    Band("alpha", 8.0, 13.0),
    Band("beta", 13.0, 30.0),
    Band("gamma", 30.0, 45.0),
)


@dataclass(frozen=True)
class Group:
    """Bands that share one segment and window, in samples at one sampling rate.

    Attributes
    ----------
    segment : int
        Samples in a segment.
    n_segments : int
        Segments in the window, one starting every hop.
    lag : int
        Hops after which two segments no longer overlap.
    first_bin, last_bin : int
        Range of Fourier bins that any of the bands uses, both included.
    bands : tuple of int
        Indices into `FeatureSchema.bands`.
    bins : tuple of (int, int)
        For each band its bins, half-open, counted from `first_bin`.
    """

    segment: int
    n_segments: int
    lag: int
    first_bin: int
    last_bin: int
    bands: tuple[int, ...]
    bins: tuple[tuple[int, int], ...]

    @property
    def n_bins(self) -> int:
        """Number of Fourier bins kept."""
        return self.last_bin - self.first_bin + 1


@dataclass(frozen=True)
class FeatureSchema:
    """Everything that decides what a feature frame holds.

    Attributes
    ----------
    bands : tuple of Band
        Power is computed in all, connectivity where the band says so.
    hop : float
        Seconds between frames and between segments; one number for both.
    measures : tuple of str
        Connectivity measures, in the order of `FeatureFrame.connectivity`.
    """

    bands: tuple[Band, ...] = DEFAULT_BANDS
    hop: float = 0.25
    measures: tuple[str, ...] = ("imcoh", "wpli2_lagged")

    @property
    def connectivity_bands(self) -> tuple[int, ...]:
        """Indices of the bands in which connectivity is computed."""
        return tuple(i for i, band in enumerate(self.bands) if band.connectivity)

    def hop_samples(self, sfreq: float) -> int:
        """Return the hop in samples, rounded down, at least one."""
        return max(1, int(np.floor(self.hop * sfreq + 1e-9)))

    def hop_seconds(self, sfreq: float) -> float:
        """Return the true hop in seconds at this sampling rate."""
        return self.hop_samples(sfreq) / sfreq

    def usable(self, sfreq: float) -> tuple[int, ...]:
        """Return the indices of the bands that this sampling rate can carry."""
        return tuple(i for i, band in enumerate(self.bands) if band.high <= HIGHEST_USABLE * sfreq)

    def realise(self, sfreq: float) -> tuple[Group, ...]:
        """Return the groups of bands in samples, in the order of their first band."""
        by_length: dict[tuple[float, float], list[int]] = {}
        for i in self.usable(sfreq):
            band = self.bands[i]
            by_length.setdefault((band.segment, band.window), []).append(i)
        return tuple(self._group(sfreq, *key, members) for key, members in by_length.items())

    def _group(self, sfreq: float, segment: float, window: float, members: list[int]) -> Group:
        hop = self.hop_samples(sfreq)
        n_samples = round(segment * sfreq)
        frequencies = np.fft.rfftfreq(n_samples, 1.0 / sfreq)
        ranges = [_bins_of(self.bands[i], frequencies) for i in members]
        first = min(start for start, _ in ranges)
        return Group(
            segment=n_samples,
            n_segments=max(1, round((window - segment) * sfreq / hop) + 1),
            lag=-(-n_samples // hop),
            first_bin=first,
            last_bin=max(stop for _, stop in ranges) - 1,
            bands=tuple(members),
            bins=tuple((start - first, stop - first) for start, stop in ranges),
        )

    def spectrum_frequencies(self, sfreq: float) -> FloatArray:
        """Return the frequencies of `FeatureFrame.spectrum` in Hz."""
        group = widest(self.realise(sfreq))
        if group is None:
            return np.empty(0)
        bins = np.arange(group.first_bin, group.last_bin + 1, dtype=np.float64)
        return bins * (sfreq / group.segment)

    def frames_to_fill(self, sfreq: float) -> int:
        """Return the number of hops after a reset until every window is full."""
        hop = self.hop_samples(sfreq)
        return max(
            (-(-group.segment // hop) + group.n_segments - 1 for group in self.realise(sfreq)),
            default=1,
        )

    def longest_window(self, sfreq: float) -> int:
        """Return the number of samples of the longest true window."""
        hop = self.hop_samples(sfreq)
        return max(
            (g.segment + (g.n_segments - 1) * hop for g in self.realise(sfreq)), default=hop
        )

    def warn_if_unreliable(self, sfreq: float) -> list[str]:
        """Log and return one sentence for every setting that gives unreliable numbers."""
        said = []
        for i in set(range(len(self.bands))) - set(self.usable(sfreq)):
            band = self.bands[i]
            said.append(
                f"The {band.name} band ({band.low:g}-{band.high:g} Hz) is left out: a sampling "
                f"rate of {sfreq:g} Hz carries nothing dependable above "
                f"{HIGHEST_USABLE * sfreq:g} Hz."
            )
        for group in self.realise(sfreq):
            for i in group.bands:
                band = self.bands[i]
                cycles = band.low * band.segment
                if band.connectivity and cycles < 4:
                    said.append(
                        f"Connectivity in {band.name} is unreliable: a segment of "
                        f"{band.segment:g} s holds {cycles:.1f} cycles of {band.low:g} Hz, "
                        "at least 4 are wanted; use a longer segment."
                    )
                if band.connectivity and group.n_segments <= group.lag + 1:
                    said.append(
                        f"Connectivity in {band.name} has too few segments "
                        f"({group.n_segments}) for measures over segments that do not "
                        "overlap; use a longer window."
                    )
                elif band.connectivity and band.window < FEWEST_APART * band.segment:
                    said.append(
                        f"Connectivity in {band.name} is unreliable: its window of "
                        f"{band.window:g} s holds {band.window / band.segment:.1f} segments of "
                        f"{band.segment:g} s that do not overlap, at least {FEWEST_APART} are "
                        "wanted; use a longer window."
                    )
        for sentence in said:
            log.warning(sentence)
        return said


def widest(groups: Sequence[Group]) -> Group | None:
    """Return the group with the most Fourier bins, the first of equals; None of none."""
    return max(groups, key=lambda group: group.n_bins, default=None)


def _bins_of(band: Band, frequencies: NDArray[np.floating]) -> tuple[int, int]:
    inside = np.flatnonzero((frequencies >= band.low - 1e-9) & (frequencies <= band.high + 1e-9))
    if len(inside) == 0:
        raise ValueError(
            f"band '{band.name}' ({band.low:g}-{band.high:g} Hz) holds no Fourier bin of a "
            f"{band.segment:g} s segment; use a longer segment"
        )
    return int(inside[0]), int(inside[-1]) + 1
