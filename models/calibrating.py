"""What a trained network is told about itself: how wide intervals are, what is familiar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from ..decoding import Model
from ..decoding.card import Familiarity
from ..decoding.trust import summary
from ..signal import FloatArray
from ..simulators.artifacts import Artifacts
from ..simulators.emotions import TAU_S
from .contenders import served
from .examples import Example
from .network import EmotionNetwork
from .references import contexts_of
from .simulated import Recipe, Record, draw_recipes
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


def calibration_recipes(n: int, seed: int, seconds: float) -> list[Recipe]:
    """Draw people for whom intervals are to hold: of `n`, those with the usual signal.

    Training hurries emotions and strews artifacts to see more of both; intervals are for
    the usual pace and the usual signal. In worse ones the network's own spread is wider.
    In some people no emotion shows: nothing can be right about them but what is known
    without a signal, and widths that hold them too are too wide for everybody else.
    """
    drawn = draw_recipes(n, seed, seconds)
    usual = [one for one in drawn if one.artifacts == Artifacts()] or drawn
    return [replace(one, tau_s=TAU_S) for one in usual if one.code != "none"]


@dataclass(frozen=True, eq=False)
class Errors:
    """How far off the labels of one person are.

    Attributes
    ----------
    relative : array, shape (n_frames, n_targets)
        In predicted standard deviations, 0 or more.
    n_channels : int
        Channels in use.
    """

    relative: FloatArray
    n_channels: int


def of_whom(n: int) -> str:
    """Say for a card whom intervals were calibrated on."""
    return (
        f"hold 90 % of the labels of {n} unseen simulated people with the usual signal at the "
        "usual pace, emotions showing in all of them"
    )


def errors_of(network: EmotionNetwork, x: Example) -> Errors:
    """Return the errors of a network that is being made, on frames that may be trusted."""
    with torch.no_grad():
        # Before there is a context frames are not trusted, and say so.
        ready = slice(_ready(x.starts), None)
        mean, log_std, truth = (values[ready] for values in predict(network, x))
        relative = ((truth - mean).abs() / torch.exp(log_std)).numpy()
    return Errors(relative.astype(np.float64), int((x.mask > 0.5).sum()))


def errors_as_served(model: Model, record: Record) -> Errors:
    """Return the errors of a model file, on frames that may be trusted."""
    card = model.card
    mean, std = served(model, record)
    _, starts = contexts_of(record, card.normalisation.population, card.context, card.features)
    relative = np.abs(record.truth - mean) / std
    return Errors(relative[_ready(starts) :], int((record.mask > 0.5).sum()))


def _ready(starts: Sequence[int]) -> int:
    return starts[1] if len(starts) > 2 else 0


def intervals_of(people: Sequence[Errors], coverage: float = 0.9) -> Intervals:
    """Return the half widths that cover people the network was not trained on.

    Split conformal with every recording weighing the same: on average over people such
    as these the share `coverage` of their labels lies inside. The groups by number of
    channels each cover as much (Vovk et al. 2003, Mondrian confidence machines).

    Parameters
    ----------
    people : sequence of Errors
        Of people it has not seen.
    coverage : float
        Share of labels that intervals are to hold.
    """
    lengths = [len(one.relative) for one in people]
    error = np.concatenate([one.relative for one in people])
    weight = np.repeat([1.0 / n for n in lengths], lengths)
    size = np.repeat([one.n_channels for one in people], lengths)
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
