"""Whether a frame is to be trusted: which channels are usable and how familiar it looks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..features.schema import FeatureSchema
from ..signal import FeatureFrame, FloatArray
from .card import Familiarity

# Share of a window's segments a channel must have to be used.
ENOUGH_SEGMENTS = 0.5
# Mean quality of the channels in use below which a frame counts as artifact.
LOWEST_QUALITY = 0.75


def usable_channels(
    frame: FeatureFrame, has_position: NDArray[np.bool_], schema: FeatureSchema, sfreq: float
) -> NDArray[np.bool_]:
    """Return the channels with a position and enough good segments in every band.

    Parameters
    ----------
    frame : FeatureFrame
        A frame whose windows are full.
    has_position : array of bool, shape (n_channels,)
        Channels whose position is known.
    schema : FeatureSchema
        Bands and windows.
    sfreq : float
        Sampling rate in Hz.
    """
    usable = has_position.copy()
    for group in schema.realise(sfreq):
        for band in group.bands:
            usable &= frame.segments[band] >= ENOUGH_SEGMENTS * group.n_segments
            usable &= np.isfinite(frame.power[band]) & (frame.power[band] > 0.0)
    return usable


def summary(power: FloatArray, connectivity: FloatArray, mask: NDArray[np.bool_]) -> FloatArray:
    """Describe a frame in a few numbers that do not depend on the montage.

    Parameters
    ----------
    power : array, shape (n_bands, n_channels)
        Log power against its reference, 0 where unknown.
    connectivity : array, shape (n_measures, n_bands, n_pairs)
        Connectivity against its reference, 0 where unknown.
    mask : array of bool, shape (n_channels,)
        Channels in use, at least two.

    Returns
    -------
    array, shape (2 * n_bands + n_measures * n_connectivity_bands,)
        Mean and spread of power in each band, and the log mean square of each
        measure in each band over the pairs in use.
    """
    n = int(mask.sum())
    n_pairs = max(1, n * (n - 1) // 2)
    used = power[:, mask]
    squares = (connectivity**2).sum(axis=2) / n_pairs
    return np.concatenate([used.mean(axis=1), used.std(axis=1), np.log(squares + 1e-6).ravel()])


def distance(familiarity: Familiarity, values: FloatArray) -> float:
    """Return the Mahalanobis distance of a summary from the training frames."""
    away = values - np.asarray(familiarity.mean)
    return float(np.sqrt(max(0.0, away @ np.asarray(familiarity.precision) @ away)))
