"""The figures of a survey: one channel's level, mains and faults, and a stream's rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray
from .design import ConditioningDesign
from .filters import good_runs

LINES = (50.0, 60.0)
# A line is there when it stands so many times out of the density around it.
_LINE_RATIO = 4.0
_LINE_HALF_WIDTH, _AROUND = 1.0, (2.0, 6.0)
_SEGMENT_S = 2.0
_TIMING_BLOCKS = 8


@dataclass(frozen=True)
class Measures:
    """One channel's figures.

    Attributes
    ----------
    rms : float
        Volts in the pass band, NaN without enough good samples in a row.
    missing, railed, flat : float
        Shares of the samples received, 0..1.
    lines : tuple of float
        Volts RMS at each of `LINES` above the noise around it, NaN where unknown.
    ratios : tuple of float
        How many times each stands out of the density around it.
    """

    rms: float
    missing: float
    railed: float
    flat: float
    lines: tuple[float, ...]
    ratios: tuple[float, ...]

    def line(self, hz: float | None) -> float:
        """Return the mains at one frequency, the larger one when that is None."""
        if hz is not None:
            return self.lines[LINES.index(hz)]
        return float(np.fmax(self.lines[0], self.lines[1]))


def measure(values: FloatArray, sfreq: float, design: ConditioningDesign) -> Measures:
    """Return one channel's figures.

    Parameters
    ----------
    values : array, shape (n_samples,)
        Volts, NaN where missing.
    sfreq : float
        Hz.
    design : ConditioningDesign
        Filters and limits of the decoder.
    """
    missing = ~np.isfinite(values)
    with np.errstate(invalid="ignore"):
        railed = ~missing & (np.abs(values) >= design.rail)
    flat = _flat(values, max(1, round(design.flat_after * sfreq))) & ~missing
    good = [(start, stop) for start, stop in good_runs(missing | railed) if stop - start > 1]
    lines, ratios = _mains(values, good, sfreq)
    return Measures(
        rms=_pass_band_rms(values, good, sfreq, design),
        missing=_share(missing),
        railed=_share(railed),
        flat=_share(flat),
        lines=lines,
        ratios=ratios,
    )


def line_frequency(measured: Sequence[Measures]) -> float | None:
    """Return the mains' frequency that most channels show, None when they show neither."""
    ratios = np.array([m.ratios for m in measured], dtype=np.float64).reshape(-1, len(LINES))
    ratios = ratios[np.isfinite(ratios).any(axis=1)]
    if not len(ratios):
        return None
    typical = np.median(np.nan_to_num(ratios), axis=0)
    best = int(np.argmax(typical))
    return LINES[best] if typical[best] >= _LINE_RATIO else None


def rate_of(indices: NDArray[np.int64], stamps: FloatArray) -> tuple[float, float, float]:
    """Return rate, its standard error (both Hz) and jitter (s) of stamped samples.

    A straight line through stamps over sample numbers. Stamps come in batches, so its
    error is taken from how far the means of a few stretches lie from it; NaN for less
    than a second.

    Parameters
    ----------
    indices, stamps : array, shape (n_samples,)
        Sample numbers, lost ones counted, and stamps in seconds.
    """
    if len(stamps) < 4 * _TIMING_BLOCKS or np.ptp(stamps) < 1.0:
        return np.nan, np.nan, np.nan
    x = (indices - indices[0]).astype(np.float64)
    y = stamps - stamps[0]
    period, start = np.polyfit(x, y, 1)
    residuals = y - (start + period * x)
    stretches = np.array_split(residuals, _TIMING_BLOCKS)
    spread = float(np.std([part.mean() for part in stretches], ddof=2))
    error = spread / (np.ptp(x) * np.sqrt(_TIMING_BLOCKS / 12.0))
    return float(1.0 / period), float(error / period**2), float(residuals.std())


def _share(bad: NDArray[np.bool_]) -> float:
    return float(bad.mean()) if len(bad) else 0.0


def _flat(values: FloatArray, run: int) -> NDArray[np.bool_]:
    """Return the samples in stretches of one value, `run` samples or longer."""
    edges = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1], [True])))
    lengths = np.diff(edges)
    return np.repeat(lengths >= run, lengths)


def _pass_band_rms(
    values: FloatArray, good: list[tuple[int, int]], sfreq: float, design: ConditioningDesign
) -> float:
    from scipy.signal import sosfilt, sosfilt_zi

    sos, settling = design.realise(sfreq), design.settling_samples(sfreq)
    steady = sosfilt_zi(sos)
    total, count = 0.0, 0
    for start, stop in good:
        if stop - start <= settling:
            continue
        run = values[start:stop]
        filtered, _ = sosfilt(sos, run, zi=steady * run[0])
        kept = filtered[settling:]
        total, count = total + float(kept @ kept), count + len(kept)
    return float(np.sqrt(total / count)) if count else np.nan


def _mains(
    values: FloatArray, good: list[tuple[int, int]], sfreq: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    from scipy.signal import welch

    start, stop = max(good, key=lambda run: run[1] - run[0], default=(0, 0))
    segment = round(_SEGMENT_S * sfreq)
    nan = (np.nan,) * len(LINES)
    if stop - start < segment:
        return nan, nan
    frequencies, density = welch(
        values[start:stop], fs=sfreq, window="hann", nperseg=segment, detrend="linear"
    )
    found = [_line(frequencies, density, hz) for hz in LINES]
    return tuple(rms for rms, _ in found), tuple(ratio for _, ratio in found)


def _line(frequencies: FloatArray, density: FloatArray, hz: float) -> tuple[float, float]:
    if hz + _AROUND[1] > frequencies[-1]:
        return np.nan, np.nan
    away = np.abs(frequencies - hz)
    at = away <= _LINE_HALF_WIDTH
    floor = float(np.median(density[(away >= _AROUND[0]) & (away <= _AROUND[1])]))
    above = float((density[at] - floor).sum() * (frequencies[1] - frequencies[0]))
    ratio = float(density[at].max() / floor) if floor > 0 else np.nan
    return float(np.sqrt(max(above, 0.0))), ratio
