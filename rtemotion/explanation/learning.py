"""Patterns of whole recordings, of their halves, and of outputs that were shifted in time.

A pattern is never zero: whatever moves slowly goes along a little with whatever else does.
What chance does is seen where the outputs are shifted against the brain, each recording
turned round in a circle: they keep their pace and how they go along with one another, and
lose what the brain did at the time (Lancaster et al. 2018, Phys. Rep. 748:1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import SetupError
from ..signal import FloatArray
from .patterns import LEAST_KNOWN, SHRINKAGE, root_mean
from .seconds import FloatsSingle, Seconds

WHOLE, FIRST, SECOND = 0, 1, 2
"""Parts of a recording: all of it, and its halves."""

SHIFTS = 100
# Outputs are shifted by this at least, beyond what they remember of themselves.
LEAST_SHIFT_S = 30.0
LEAST_S = 60
_MOST_BYTES = 400_000_000


@dataclass(frozen=True, eq=False)
class Learnt:
    """Standardised patterns: standard deviations of a feature for one of the emotion.

    The standard deviation of a feature is that of its band, the same for all channels or
    pairs. The first axis of `node` and `edge` are the parts whole, first and second half.

    Attributes
    ----------
    node : array, shape (3, n_emotions, n_bands, n_channels)
        Of log power; NaN where unknown.
    edge : array, shape (3, n_emotions, n_connectivity_bands, n_pairs)
        Of connectivity; NaN where unknown.
    shifted : array, shape (n_shifts, 3, n_emotions, n_connectivity_bands, n_pairs)
        `edge` of outputs that were shifted in time.
    """

    node: FloatArray
    edge: FloatArray
    shifted: FloatsSingle


def learn(seconds: Seconds, n_shifts: int = SHIFTS) -> Learnt:
    """Return the patterns of one recording; all its seconds weigh the same.

    Parameters
    ----------
    seconds : Seconds
    n_shifts : int
        How often outputs are shifted, fewer times where the recording is short or there
        are very many pairs.

    Raises
    ------
    SetupError
        When there is less than a minute to learn from.
    """
    n = len(seconds)
    if n * seconds.stride < LEAST_S:
        raise SetupError(
            f"There are {n * seconds.stride} s with values to learn networks from, at least "
            f"{LEAST_S} s are needed and five minutes are wanted; take a longer recording."
        )
    outputs = seconds.outputs
    turned = [np.roll(outputs, shift, axis=0) for shift in _shifts(seconds, n_shifts)]
    parts = (slice(None), slice(0, n // 2), slice(n // 2, None))
    all_outputs = [outputs, *turned]
    edge = [_patterns(seconds.edges[part], [y[part] for y in all_outputs]) for part in parts]
    node = [_patterns(seconds.power[part], [outputs[part]]) for part in parts]
    return Learnt(
        np.stack([part[0] for part in node]).astype(np.float64),
        np.stack([part[0] for part in edge]).astype(np.float64),
        np.stack([part[1:] for part in edge], axis=1),
    )


def of_labels(seconds: Seconds, labels: FloatArray, n_shifts: int = SHIFTS) -> FloatsSingle:
    """Return the patterns of what was true rather than of what was decoded.

    Parameters
    ----------
    seconds : Seconds
    labels : array, shape (n, n_emotions)
        NaN where unknown; seconds at which a labelled emotion is unknown are left out.
    n_shifts : int
        How often labels are shifted in time.

    Returns
    -------
    array, shape (1 + n_shifts, n_emotions, n_connectivity_bands, n_pairs)
        Standardised patterns of the labels, then of shifted ones; NaN for an emotion
        without labels, and for all where they last less than a minute.
    """
    labelled = np.asarray(np.isfinite(labels).any(axis=0))
    rows = np.asarray(np.isfinite(labels[:, labelled]).all(axis=1))
    shifts = _shifts(seconds, n_shifts)
    found = np.full((1 + len(shifts), len(labelled), *seconds.edges.shape[1:]), np.nan)
    if labelled.any() and rows.sum() * seconds.stride >= LEAST_S:
        known = labels[np.ix_(rows, labelled)]
        turned = [np.roll(known, round(s * len(known) / len(rows)), axis=0) for s in shifts]
        found[:, labelled] = _patterns(seconds.edges[rows], [known, *turned])
    return found.astype(np.float32)


def mean_of(learnt: Sequence[Learnt]) -> Learnt:
    """Return the mean over recordings of the same channels, of what is known in each."""
    fewest = min(len(one.shifted) for one in learnt)
    return Learnt(
        _mean([one.node for one in learnt]),
        _mean([one.edge for one in learnt]),
        _mean([one.shifted[:fewest] for one in learnt]).astype(np.float32),
    )


def _mean(arrays: Sequence[NDArray[np.floating]]) -> FloatArray:
    total = np.zeros(arrays[0].shape)
    count = np.zeros(arrays[0].shape, dtype=np.int64)
    for array in arrays:
        known = np.isfinite(array)
        total[known] += array[known]
        count += known
    mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return np.asarray(mean)


def _shifts(seconds: Seconds, wanted: int) -> list[int]:
    """Return by how many rows to shift, spread evenly over the recording."""
    n, n_emotions = seconds.outputs.shape
    least = int(np.ceil(max(LEAST_SHIFT_S / seconds.stride, 0.05 * n)))
    size = 3 * 4 * n_emotions * seconds.edges[0].size
    most = min(wanted, max(20, _MOST_BYTES // size))
    if n < 2 * least + 2:
        return []
    return sorted({round(x) for x in np.linspace(least, n - least, most)})


def _patterns(features: FloatsSingle, outputs: Sequence[FloatArray]) -> FloatsSingle:
    """Return the patterns of several outputs, standardised, shape (n, n_emotions, *features).

    Parameters
    ----------
    features : array, shape (n_rows, n_bands, n_places)
    outputs : sequence of array, shape (n_rows, n_emotions)
    """
    shape = features.shape[1:]
    x = features.reshape(len(features), -1)
    known = np.isfinite(x)
    count = np.maximum(known.sum(axis=0), 1)
    x = np.where(known, x, 0.0)
    x -= np.where(known, x.sum(axis=0) / count, 0.0)
    y = np.concatenate([_unit(one) for one in outputs], axis=1).astype(np.float32)
    # Rows that are not known are 0 and add nothing, whatever the mean of the output.
    covariance = (y.T @ x / count).reshape(len(outputs), -1, x.shape[1])
    variance = np.square(x).sum(axis=0, dtype=np.float64) / count
    forgotten = known.mean(axis=0) < LEAST_KNOWN
    spread = root_mean(np.where(forgotten, np.nan, variance).reshape(shape))
    patterns = np.stack([_solved(one, c) for one, c in zip(outputs, covariance, strict=True)])
    patterns[..., forgotten] = np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        patterns = patterns.reshape(len(outputs), -1, *shape) / spread[:, None]
    patterns[~np.isfinite(patterns)] = np.nan
    return patterns.astype(np.float32)


def _unit(outputs: FloatArray) -> FloatArray:
    """Return outputs of mean 0 and variance 1; 0 for those that never move."""
    away = outputs - outputs.mean(axis=0)
    away[:, np.ptp(outputs, axis=0) == 0.0] = 0.0
    spread = away.std(axis=0)
    return np.asarray(away / np.where(spread > 0.0, spread, 1.0))


def _solved(outputs: FloatArray, covariance: FloatsSingle) -> FloatArray:
    """Return patterns of outputs of unit variance, as `Patterns` does; NaN for still ones."""
    unit = _unit(outputs)
    moving = unit.any(axis=0)
    correlation = (1.0 - SHRINKAGE) * (unit.T @ unit)[np.ix_(moving, moving)] / len(unit)
    np.fill_diagonal(correlation, 1.0)
    patterns = np.full(covariance.shape, np.nan)
    patterns[moving] = np.linalg.solve(correlation, covariance[moving])
    return patterns
