"""What a trained network is told about itself: how wide intervals are, what is familiar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from ..decoding.card import Familiarity
from ..decoding.trust import summary
from ..signal import FloatArray
from .examples import Example
from .network import EmotionNetwork
from .simulated import Record
from .training import predict

# Montages are judged among those of about their own size, up to so many channels.
SIZES = (4, 8, 16, 32, 64, 512)
# How far beyond nearly all of training features must lie to be called unfamiliar.
MARGIN = 1.25
# Fewer people than this say nothing about montages of their size.
_ENOUGH = 3


@dataclass(frozen=True)
class Intervals:
    """Half widths of intervals in predicted standard deviations.

    Attributes
    ----------
    by_target : array, shape (n_targets,)
        For each target.
    by_size : tuple of (int, float)
        Factor on them by number of channels in use, see `rtemotion.decoding.card.by_size`.
    """

    by_target: FloatArray
    by_size: tuple[tuple[int, float], ...]


def intervals_of(
    network: EmotionNetwork, examples: Sequence[Example], coverage: float = 0.9
) -> Intervals:
    """Return the half widths that cover people the network was not trained on.

    Split conformal with every recording weighing the same: on average over people such
    as these the share `coverage` of their labels lies inside. The groups by number of
    channels each cover as much (Vovk et al. 2003, Mondrian confidence machines).

    Parameters
    ----------
    network : EmotionNetwork
        Trained.
    examples : sequence of Example
        Of people it has not seen.
    coverage : float
        Share of labels that intervals are to hold.
    """
    errors, weights, sizes = [], [], []
    with torch.no_grad():
        for x in examples:
            # Before there is a context frames are not trusted, and say so.
            ready = slice(x.starts[1] if len(x.starts) > 2 else 0, None)
            mean, log_std, truth = (values[ready] for values in predict(network, x))
            errors.append(((truth - mean).abs() / torch.exp(log_std)).numpy())
            weights.append(np.full(len(truth), 1.0 / len(truth)))
            sizes.append(np.full(len(truth), int((x.mask > 0.5).sum())))
    error, weight, size = (np.concatenate(x) for x in (errors, weights, sizes))
    by_target = np.array([_quantile(column, weight, coverage) for column in error.T])
    relative = error / by_target
    by_size = []
    for low, up_to in pairwise((0, *SIZES)):
        inside = (size > low) & (size <= up_to)
        if round(weight[inside].sum()) >= _ENOUGH:
            each = np.repeat(weight[inside], relative.shape[1])
            by_size.append((up_to, _quantile(relative[inside].ravel(), each, coverage)))
    return Intervals(by_target, tuple(by_size) or ((SIZES[-1], 1.0),))


def _quantile(values: FloatArray, weights: FloatArray, share: float) -> float:
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(below, share * below[-1])])


def familiarity_of(records: Sequence[Record], share: float = 0.999) -> Familiarity:
    """Return the training distribution of the feature summary, with limits by channel count."""
    rows, sizes = [], []
    for record in records:
        mask = record.mask > 0.5
        for power, edges in zip(record.power, record.connectivity, strict=True):
            rows.append(summary(power.astype(np.float64), edges.astype(np.float64), mask))
            sizes.append(int(mask.sum()))
    values = np.array(rows)
    mean = values.mean(axis=0)
    precision = np.linalg.inv(np.cov(values.T) + 1e-6 * np.eye(values.shape[1]))
    away = values - mean
    distances = np.sqrt(np.einsum("ij,jk,ik->i", away, precision, away))
    return Familiarity(
        tuple(mean.tolist()),
        tuple(tuple(row) for row in precision.tolist()),
        _limits(distances, np.array(sizes), share),
    )


def _limits(
    distances: FloatArray, sizes: NDArray[np.int64], share: float
) -> tuple[tuple[int, float], ...]:
    limits = []
    for low, up_to in pairwise((0, *SIZES)):
        inside = distances[(sizes > low) & (sizes <= up_to)]
        if len(inside):
            limits.append((up_to, MARGIN * float(np.quantile(inside, share))))
    return tuple(limits)
