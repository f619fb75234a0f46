"""What can be said of band power and of spectra: logs, shares, entropy, asymmetry, 1/f part.

Power is one-sided density in V²/Hz, averaged over the Fourier bins of a band,
as `FeatureFrame.power` holds it: bands before channels, anything before
these. Where there is no power to speak of (NaN, zero, below zero) there is
no logarithm either, and the result is NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import SetupError
from ..signal import FloatArray
from .schema import Band

# A head is smaller than this, so larger positions are not in metres.
LARGEST_HEAD_M = 1.0
# Bins this many deviations above the line belong to a peak and not to the 1/f part;
PEAK = 2.0
# a deviation (in log10) below this one is rounding.
SMALLEST_DEVIATION = 1e-9
# Peaks are looked for this often; by then the bins taken for peaks seldom change.
ROUNDS = 10
# A line and its deviation need this many bins.
FEWEST_BINS = 3


@dataclass(frozen=True)
class Aperiodic:
    """The 1/f part of spectra: log10 density = offset - exponent · log10 frequency.

    Attributes
    ----------
    exponent : array
        Steepness; larger is steeper, 0 is white.
    offset : array
        log10 of the density in V²/Hz at 1 Hz.
    """

    exponent: FloatArray
    offset: FloatArray


def log_power(power: ArrayLike) -> FloatArray:
    """Return the natural logarithm of power, of the same shape; NaN where power is not above 0."""
    return _log(np.asarray(power, dtype=np.float64))


def relative_power(power: ArrayLike, bands: Sequence[Band]) -> FloatArray:
    """Return each band's share of the power summed over the bands.

    share_b = p_b (high_b - low_b) / Σ_c p_c (high_c - low_c)

    Parameters
    ----------
    power : array, shape (..., n_bands, n_channels)
        Power density in V²/Hz.
    bands : sequence of Band
        The bands of `power`. One that the sampling rate cannot carry has no
        power and makes every share NaN: leave it out of both
        (`FeatureSchema.usable` says which can be carried).

    Returns
    -------
    array, shape (..., n_bands, n_channels)
        Shares that sum to 1 over the bands of a channel; NaN for a channel
        that lacks any band or has no power.
    """
    total = _band_power(power, bands)
    everything = total.sum(axis=-2, keepdims=True)
    shares: FloatArray = total / np.where(everything > 0.0, everything, np.nan)
    return shares


def differential_entropy(power: ArrayLike, bands: Sequence[Band]) -> FloatArray:
    """Return the differential entropy of the signal in each band, taken as Gaussian.

    h = ½ ln(2πe σ²) with σ² = p (high - low), the variance in V² that the
    density stands for. In nats, of a signal in V: of the same signal in µV it
    is larger by ln 10⁶ = 13.8.

    Parameters
    ----------
    power : array, shape (..., n_bands, n_channels)
        Power density in V²/Hz.
    bands : sequence of Band
        The bands of `power`.

    Returns
    -------
    array, shape (..., n_bands, n_channels)

    References
    ----------
    Duan, Zhu & Lu 2013, IEEE/EMBS Conf. Neural Engineering, 81.
    """
    entropy: FloatArray = 0.5 * (np.log(2.0 * np.pi * np.e) + _log(_band_power(power, bands)))
    return entropy


def asymmetry(power: ArrayLike, pairs: ArrayLike) -> FloatArray:
    """Return ln right - ln left for every pair of channels.

    Parameters
    ----------
    power : array, shape (..., n_channels)
        Power in any one unit.
    pairs : array of int, shape (n_pairs, 2)
        The left and the right channel of every pair, as from `mirror_pairs`.

    Returns
    -------
    array, shape (..., n_pairs)
        Above 0 where the right has more power.

    References
    ----------
    Allen, Coan & Nazarian 2004, Biol. Psychol. 67:183.
    """
    log = log_power(power)
    pairs = np.asarray(pairs, dtype=np.int64)
    n_channels = log.shape[-1]
    if pairs.ndim != 2 or pairs.shape[1] != 2 or ((pairs < 0) | (pairs >= n_channels)).any():
        raise SetupError(
            f"Asymmetry needs pairs of shape (n_pairs, 2) with channels from 0 to "
            f"{n_channels - 1}, got shape {pairs.shape}; take them from mirror_pairs() for "
            "the positions of these channels."
        )
    difference: FloatArray = log[..., pairs[:, 1]] - log[..., pairs[:, 0]]
    return difference


def mirror_pairs(positions: ArrayLike, tolerance: float = 0.015) -> NDArray[np.int64]:
    """Find the electrodes that lie opposite one another on the left and right of the head.

    An electrode is reflected in the plane between the hemispheres (x = 0);
    two are a pair when each is the one nearest to the other's reflection, no
    further from it than `tolerance`. An electrode nearest to its own
    reflection lies on the midline; those, those without a partner, and those
    for which two electrodes are equally near are left out.

    Parameters
    ----------
    positions : array, shape (n_channels, 3)
        Positions in metres in the head frame, x to the right; NaN where unknown.
    tolerance : float
        Largest distance in metres between an electrode and its partner's
        reflection. The default, half the spacing of a 10-10 cap, forgives one
        that sits askew by 7 mm.

    Returns
    -------
    array of int, shape (n_pairs, 2)
        Left and right channel, from front to back: the same electrodes in
        the same order, however the channels are ordered.

    Raises
    ------
    SetupError
        When the positions do not have this shape or cannot be in metres.
    """
    positions = np.asarray(positions, dtype=np.float64)
    if positions.ndim != 2 or positions.shape[1] != 3:
        raise SetupError(
            f"Mirror pairs need positions of shape (n_channels, 3), got {positions.shape}."
        )
    if np.nanmax(np.abs(positions), initial=0.0) > LARGEST_HEAD_M:
        raise SetupError(
            f"Positions must be in metres, got a coordinate of "
            f"{np.nanmax(np.abs(positions)):g}; divide millimetres by 1000."
        )
    mirrored = positions * [-1.0, 1.0, 1.0]
    apart = np.sqrt(np.square(mirrored[:, None] - positions).sum(axis=2))
    apart[np.isnan(apart)] = np.inf
    nearest = apart == apart.min(axis=1, keepdims=True, initial=np.inf)
    nearest &= np.count_nonzero(nearest, axis=1)[:, None] == 1
    side = positions[:, 0]
    matched = nearest & nearest.T & (apart <= tolerance) & (side[:, None] < 0.0) & (side > 0.0)
    pairs = np.argwhere(matched)
    x, y, z = positions[pairs[:, 0]].T
    found: NDArray[np.int64] = pairs[np.lexsort((z, x, -y))].astype(np.int64)
    return found


def aperiodic(
    density: ArrayLike, frequencies: ArrayLike, low: float = 2.0, high: float = 40.0
) -> Aperiodic:
    """Fit the 1/f part of spectra, leaving out the peaks that stand on it.

    A straight line of log10 density over log10 frequency, by least squares.
    Bins more than two deviations above it are taken for peaks and left out,
    and the line is fitted again, up to ten times; the deviation is the root
    mean square of the bins below the line, where no peak can be. The first
    two of these steps are the robust fit of Donoghue et al., with another
    limit. Nothing is random and no channel's fit depends on another's.

    Parameters
    ----------
    density : array, shape (..., n_bins)
        Power density in V²/Hz. Bins that are NaN or not above 0 are left out.
    frequencies : array, shape (n_bins,)
        Frequency of every bin in Hz.
    low, high : float
        Range of the fit in Hz; both belong to it.

    Returns
    -------
    Aperiodic
        Exponent and offset, each of shape (...); NaN where fewer than three
        bins can be used.

    Raises
    ------
    SetupError
        When the shapes differ, the range does not start above 0 Hz, or it
        holds fewer than three bins.

    References
    ----------
    Donoghue et al. 2020, Nat. Neurosci. 23:1655.
    """
    density = np.asarray(density, dtype=np.float64)
    frequencies = np.asarray(frequencies, dtype=np.float64)
    if frequencies.ndim != 1 or density.shape[-1:] != frequencies.shape:
        raise SetupError(
            f"A 1/f fit needs one frequency for each bin of the last axis, got density of shape "
            f"{density.shape} and frequencies of shape {frequencies.shape}."
        )
    inside = (frequencies >= low) & (frequencies <= high)
    if not low > 0.0 or np.count_nonzero(inside) < FEWEST_BINS:
        raise SetupError(
            f"A 1/f fit needs a range that starts above 0 Hz and holds at least {FEWEST_BINS} "
            f"Fourier bins, got {np.count_nonzero(inside)} from {low:g} to {high:g} Hz; widen "
            "it or use longer segments."
        )
    # Rows that lie in one piece are summed alike, whatever rows lie beside them.
    logs = _log(np.ascontiguousarray(density[..., inside])) / np.log(10.0)
    x = np.log10(frequencies[inside])
    usable = np.isfinite(logs)
    usable &= np.count_nonzero(usable, axis=-1, keepdims=True) >= FEWEST_BINS
    y = np.where(usable, logs, 0.0)
    kept = usable
    slope, offset = _line(x, y, kept)
    for _ in range(ROUNDS):
        above = y - (slope[..., None] * x + offset[..., None])
        limit = PEAK * np.maximum(_deviation(above, usable), SMALLEST_DEVIATION)
        before, kept = kept, usable & (above <= limit[..., None])
        if (kept == before).all():
            break
        slope, offset = _line(x, y, kept)
    return Aperiodic(exponent=-slope, offset=offset)


def _log(values: FloatArray) -> FloatArray:
    logs: FloatArray = np.log(np.where(values > 0.0, values, np.nan))
    return logs


def _band_power(power: ArrayLike, bands: Sequence[Band]) -> FloatArray:
    # Power in V²: density times bandwidth.
    density = np.asarray(power, dtype=np.float64)
    if density.ndim < 2 or density.shape[-2] != len(bands):
        raise SetupError(
            f"Power must have shape (..., n_bands, n_channels) with {len(bands)} bands, got "
            f"{density.shape}; give the bands that belong to it."
        )
    width = np.array([band.high - band.low for band in bands])
    total: FloatArray = density * width[:, None]
    return total


def _line(x: FloatArray, y: FloatArray, kept: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    # Least squares over the kept bins of every row; NaN where there are none.
    count = np.count_nonzero(kept, axis=-1).astype(np.float64)
    count = np.where(count > 0.0, count, np.nan)
    mean_x = np.where(kept, x, 0.0).sum(axis=-1) / count
    mean_y = np.where(kept, y, 0.0).sum(axis=-1) / count
    centred = np.where(kept, x - mean_x[..., None], 0.0)
    squares = np.square(centred).sum(axis=-1)
    slope = (centred * y).sum(axis=-1) / np.where(squares > 0.0, squares, np.nan)
    return slope, mean_y - slope * mean_x


def _deviation(above: FloatArray, usable: NDArray[np.bool_]) -> FloatArray:
    below = usable & (above < 0.0)
    squares = np.where(below, np.square(above), 0.0).sum(axis=-1)
    deviation: FloatArray = np.sqrt(squares / np.maximum(np.count_nonzero(below, axis=-1), 1))
    return deviation
