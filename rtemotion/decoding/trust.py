"""Whether a frame is to be trusted: which channels are usable and how familiar it looks."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..features.schema import FeatureSchema
from ..signal import FeatureFrame, FloatArray
from .card import Familiarity, by_size

# Share of a window's segments a channel must have to be used.
ENOUGH_SEGMENTS = 0.5
# Mean quality of the channels in use below which a frame counts as artifact: something
# speaks against more than a quarter of their samples in its longest window, be it that
# they are left out or that a blink, muscle or movement is marked.
LOWEST_QUALITY = 0.75
# So does a frame in which more than this share of channels, and at least two, are marked
# for half of the window or longer: a tense jaw is seen at the rim alone.
MOST_DISTURBED = 0.15


def segments_wanted(schema: FeatureSchema, sfreq: float) -> NDArray[np.int64]:
    """Return how many good segments each band asks of a channel, shape (n_bands,).

    0 for bands that the sampling rate cannot carry.
    """
    wanted = np.zeros(len(schema.bands), dtype=np.int64)
    for group in schema.realise(sfreq):
        wanted[list(group.bands)] = np.ceil(ENOUGH_SEGMENTS * group.n_segments)
    return wanted


def usable_channels(frame: FeatureFrame, wanted: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return the channels with enough good segments in every band, shape (n_channels,).

    Parameters
    ----------
    frame : FeatureFrame
        A frame whose windows are full.
    wanted : array, shape (n_bands,)
        From `segments_wanted`.
    """
    with np.errstate(invalid="ignore"):
        good = (frame.segments >= wanted[:, None]) & (frame.power > 0.0)
    return np.asarray(np.logical_and.reduce(good[wanted > 0], axis=0))


def mostly_artifact(
    frame: FeatureFrame, mask: NDArray[np.bool_], placed: NDArray[np.bool_]
) -> bool:
    """Tell whether artifacts cover more than a quarter of the window, or a part of the head.

    Of the channels in use, and of those that were for a part of it. A channel that was
    left out all along does not count: it would have counted for ever.

    Parameters
    ----------
    frame : FeatureFrame
        A frame whose windows are full.
    mask : array of bool, shape (n_channels,)
        Channels in use, at least one.
    placed : array of bool, shape (n_channels,)
        Channels that could be.
    """
    counted = mask | (placed & (frame.quality > 0.0))
    quality = frame.quality[counted]
    disturbed = int(np.count_nonzero(quality <= 0.5))
    return mean(quality) < LOWEST_QUALITY or disturbed > max(1.0, MOST_DISTURBED * len(quality))


def mean(values: FloatArray) -> float:
    """Return the mean of some values, shape (n,), at least one; quicker than numpy's."""
    return float(np.add.reduce(values) / len(values))


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
    n = int(np.count_nonzero(mask))
    n_pairs = max(1, n * (n - 1) // 2)
    used = power[:, mask]
    level = np.add.reduce(used, axis=1) / n
    away = used - level[:, None]
    spread = np.sqrt(np.add.reduce(away * away, axis=1) / n)
    squares = np.einsum("mbp,mbp->mb", connectivity, connectivity) / n_pairs
    return np.concatenate([level, spread, np.log(squares + 1e-6).ravel()])


class Unfamiliarity:
    """How far a frame's features lie from those of training.

    Parameters
    ----------
    familiarity : Familiarity
        The training distribution.
    """

    def __init__(self, familiarity: Familiarity) -> None:
        self._mean = np.asarray(familiarity.mean)
        self._precision = np.asarray(familiarity.precision)
        self._limits = familiarity.limits

    def distance(self, values: FloatArray) -> float:
        """Return the Mahalanobis distance of a summary from the training frames."""
        away = values - self._mean
        return math.sqrt(max(0.0, float(away @ self._precision @ away)))

    def found(self, power: FloatArray, connectivity: FloatArray, mask: NDArray[np.bool_]) -> bool:
        """Tell whether features look unlike nearly all of training; arguments as `summary`."""
        limit = self.limit(int(np.count_nonzero(mask)))
        return self.distance(summary(power, connectivity, mask)) > limit

    def limit(self, n_channels: int) -> float:
        """Return the limit for so many channels in use."""
        return by_size(self._limits, n_channels)
