"""Connectivity against power on equal terms: same windows, smoothness, number of features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from ...signal import FloatArray
from .crossfit import Transform
from .table import FeatureTable

MOST_COMPONENTS = 20
_AVERAGES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)


def principal(n: int) -> Transform:
    """Return a change to `n` principal components, found on the training side."""

    def apply(train: FloatArray, test: FloatArray) -> tuple[FloatArray, FloatArray]:
        if train.shape[1] <= len(train):
            vectors = eigh(train.T @ train)[1][:, ::-1][:, :n]
            return train @ vectors, test @ vectors
        values, vectors = eigh(train @ train.T)
        kept = values[::-1][:n] > 1e-10 * max(values[-1], 1e-300)
        left = vectors[:, ::-1][:, :n][:, kept]
        turn = train.T @ left / np.sqrt(values[::-1][:n][kept])
        return train @ turn, test @ turn

    return Transform(apply)


def averaged(table: FeatureTable, x: NDArray[np.floating], windows: int) -> FloatArray:
    """Return the mean over this window and those before it in a stretch, `windows` at most."""
    out = np.array(x, dtype=np.float64)
    if windows == 1:
        return out
    key = table.recording * len(table.stimuli) + table.stimulus
    for code in np.unique(key):
        rows = np.flatnonzero(key == code)
        known = np.isfinite(out[rows])
        sums = np.cumsum(np.where(known, out[rows], 0.0), axis=0)
        counts = np.cumsum(known, axis=0, dtype=np.float64)
        for total in (sums, counts):
            total[windows:] = total[windows:] - total[:-windows].copy()
        out[rows] = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return out


def resemblance_s(table: FeatureTable, x: FloatArray) -> float:
    """Return for how many seconds features resemble themselves, the median over features.

    It is the integral of the autocorrelation up to where it first reaches zero.
    """
    times = []
    key = table.recording * len(table.stimuli) + table.stimulus
    codes, counts = np.unique(key, return_counts=True)
    some = np.linspace(0, x.shape[1] - 1, min(40, x.shape[1])).astype(int)
    for code in codes[np.argsort(counts, kind="stable")[::-1][:10]]:
        part = np.nan_to_num(x[np.flatnonzero(key == code)][:, some])
        part = part - part.mean(axis=0)
        n = len(part)
        if n < 8:
            continue
        power = np.abs(np.fft.rfft(part, 2 * n, axis=0)) ** 2
        curve = np.fft.irfft(power, axis=0)[: n // 2]
        curve = curve[:, curve[0] > 0] / curve[0, curve[0] > 0]
        for c in curve.T:
            negative = np.flatnonzero(c <= 0)
            times.append(0.5 + c[1 : negative[0] if len(negative) else len(c)].sum())
    return float(np.median(times)) * table.step_s if times else table.step_s


def as_smooth(
    table: FeatureTable, x: FloatArray, other: FloatArray
) -> tuple[FloatArray, FloatArray, tuple[int, int], tuple[float, float]]:
    """Average the rougher of two sets of features until it is as smooth as the other.

    Returns
    -------
    x, other : array
    averaged : tuple of int
        Windows over which each was averaged.
    resemblance_s : tuple of float
        Seconds over which each then resembles itself.
    """
    first, second = resemblance_s(table, x), resemblance_s(table, other)
    if first > second:
        b, a, (k, j), (s, r) = as_smooth(table, other, x)
        return a, b, (j, k), (r, s)
    # Of all averages the one that comes nearest: one window more may overshoot.
    best = (1, x, first)
    for windows in _AVERAGES[1:]:
        smoother = averaged(table, x, windows)
        found = resemblance_s(table, smoother)
        if abs(found - second) < abs(best[2] - second):
            best = (windows, smoother, found)
        if found >= second:
            break
    return best[1], other, (best[0], 1), (best[2], second)
