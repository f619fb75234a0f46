"""Training the additive network on records: loss, loop, calibration."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..decoding.card import Familiarity, PopulationReference
from ..decoding.trust import summary
from ..signal import FloatArray
from .network import AdditiveNetwork
from .simulated import Record

log = logging.getLogger(__name__)

# Montages are judged familiar among those of about their own size, up to so many channels.
SIZES = (4, 8, 16, 32, 64)
# How far beyond nearly all of training features must lie to be called unfamiliar.
MARGIN = 1.25


@dataclass(frozen=True)
class Training:
    """How the network is trained.

    Attributes
    ----------
    epochs, patience : int
        At most so many passes; stop after `patience` without improvement.
    batch : int
        Records a step.
    rate : float
        Highest learning rate of AdamW, reached and left along a cosine.
    no_baseline : float
        Share of records seen without the person's baseline.
    dropped : float
        Largest share of channels masked at random.
    seed : int
        Of everything random here.
    """

    epochs: int = 50
    patience: int = 12
    batch: int = 4
    rate: float = 2e-3
    no_baseline: float = 0.15
    dropped: float = 0.3
    seed: int = 0


@dataclass(frozen=True)
class Example:
    """One record as the network sees it: features against one reference."""

    power: Tensor
    connectivity: Tensor
    pairs: Tensor
    positions: Tensor
    mask: Tensor
    context: Tensor
    truth: Tensor


def population_of(records: Sequence[Record]) -> PopulationReference:
    """Return the mean rest over people, each person's channels and pairs averaged first."""
    power = np.mean([r.rest_power.mean(axis=1) for r in records], axis=0)
    edges = np.mean([r.rest_connectivity.mean(axis=2) for r in records], axis=0)
    # Signed measures turn with the pair and average to nothing in particular.
    edges[0] = 0.0
    return PopulationReference(
        tuple(float(x) for x in power), tuple(tuple(float(x) for x in row) for row in edges)
    )


def example(record: Record, population: PopulationReference, own_baseline: bool = True) -> Example:
    """Set a record's features against the person's baseline or the population's reference."""
    reference = np.asarray(population.log_power, dtype=np.float32)[:, None]
    power, connectivity = record.power, record.connectivity
    context = record.rest_power - reference
    if not own_baseline:
        edges = np.asarray(population.connectivity, dtype=np.float32)[:, :, None]
        power = power + context
        connectivity = connectivity + (record.rest_connectivity - edges)
        context = np.zeros_like(context)
    arrays = (power, connectivity, record.pairs, record.positions, record.mask, context)
    tensors = [torch.as_tensor(np.ascontiguousarray(x)) for x in (*arrays, record.truth)]
    return Example(*tensors)


def predict(network: AdditiveNetwork, x: Example) -> tuple[Tensor, Tensor]:
    """Return predictions (n_frames, n_targets) and log standard deviation (n_targets,)."""
    node, edge, log_std = network.weights(x.pairs, x.positions, x.mask, x.context)
    mean = (
        network.bias
        + x.power.flatten(1) @ node.flatten(1).T
        + x.connectivity.flatten(1) @ edge.flatten(1).T
    )
    return mean, log_std


def concordance(estimate: Tensor, truth: Tensor) -> Tensor:
    """Return Lin's concordance correlation along the first axis, shape (n_targets,)."""
    a, b = estimate.mean(dim=0), truth.mean(dim=0)
    covariance = ((estimate - a) * (truth - b)).mean(dim=0)
    spread = estimate.var(dim=0, correction=0) + truth.var(dim=0, correction=0)
    return 2.0 * covariance / (spread + (a - b) ** 2 + 1e-8)


def loss_of(network: AdditiveNetwork, x: Example, variance: Tensor) -> Tensor:
    """Return half concordance, half squared error, and the likelihood of the spread."""
    mean, log_std = predict(network, x)
    error = x.truth - mean
    squared = (error**2 / variance).mean()
    spread = ((error.detach() / torch.exp(log_std)) ** 2 * 0.5 + log_std).mean()
    return 0.5 * (1.0 - concordance(mean, x.truth)).mean() + 0.5 * squared + 0.1 * spread


def set_scales(network: AdditiveNetwork, examples: Sequence[Example], truth: FloatArray) -> None:
    """Put the features' and labels' own scale into the network, so that weights start fair."""
    power = torch.stack([x.power.std(dim=(0, 2)) for x in examples]).mean(dim=0)
    edges = torch.stack([x.connectivity.std(dim=(0, 3)) for x in examples]).mean(dim=0)
    network.power_scale.copy_(power.clamp(min=1e-6))
    network.edge_scale.copy_(edges.clamp(min=1e-6))
    with torch.no_grad():
        network.bias.copy_(torch.as_tensor(truth.mean(axis=0)))
        network.log_std.bias.fill_(float(np.log(truth.std())))


def train(
    network: AdditiveNetwork,
    records: Sequence[Record],
    held_out: Sequence[Record],
    population: PopulationReference,
    plan: Training,
    progress: Callable[[int, float, float], None],
) -> AdditiveNetwork:
    """Train until the held-out people gain nothing more; return the best network.

    Parameters
    ----------
    network : AdditiveNetwork
        Trained in place.
    records, held_out : sequence of Record
        Different people.
    population : PopulationReference
        Stands in for a baseline now and then.
    plan : Training
        How.
    progress : callable
        Called after each epoch with its number, the loss and the held-out mean CCC.
    """
    rng = np.random.default_rng(plan.seed)
    torch.manual_seed(plan.seed)
    own = [example(r, population) for r in records]
    without = [example(r, population, own_baseline=False) for r in records]
    truth = np.concatenate([r.truth for r in records])
    set_scales(network, own, truth)
    variance = torch.as_tensor(truth.var(axis=0))
    steps = plan.epochs * -(-len(own) // plan.batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, plan.rate, total_steps=steps)
    tests = [example(r, population) for r in held_out]
    best, best_score, waited = deepcopy(network), -np.inf, 0
    for epoch in range(plan.epochs):
        network.train()
        total = 0.0
        order = rng.permutation(len(own))
        for start in range(0, len(order), plan.batch):
            chosen = order[start : start + plan.batch]
            optimiser.zero_grad()
            for i in chosen:
                source = without if rng.random() < plan.no_baseline else own
                x = _thinned(source[i], rng, plan.dropped)
                loss = loss_of(network, x, variance) / len(chosen)
                torch.autograd.backward(loss)
                total += float(loss.detach()) * len(chosen)
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        score = float(scores(network, tests).mean())
        progress(epoch, total / len(own), score)
        if score > best_score:
            best, best_score, waited = deepcopy(network), score, 0
        else:
            waited += 1
        if waited > plan.patience:
            break
    return best.eval()


def scores(network: AdditiveNetwork, examples: Sequence[Example]) -> FloatArray:
    """Return the CCC of each recording and target, shape (n_recordings, n_targets)."""
    with torch.no_grad():
        network.eval()
        rows = [concordance(predict(network, x)[0], x.truth).numpy() for x in examples]
    return np.array(rows, dtype=np.float64)


def interval_factors(
    network: AdditiveNetwork, examples: Sequence[Example], coverage: float = 0.9
) -> FloatArray:
    """Return the half width, in predicted standard deviations, that covers held-out people.

    Split conformal over recordings: the quantile is taken of each recording's own
    quantile, so that one restless recording does not decide.
    """
    rows = []
    with torch.no_grad():
        for x in examples:
            mean, log_std = predict(network, x)
            off = ((x.truth - mean).abs() / torch.exp(log_std)).numpy()
            rows.append(np.quantile(off, coverage, axis=0))
    return np.asarray(np.mean(rows, axis=0), dtype=np.float64)


def familiarity_of(examples: Sequence[Example], share: float = 0.999) -> Familiarity:
    """Return the training distribution of the feature summary, with limits by channel count."""
    rows, sizes = [], []
    for x in examples:
        mask = x.mask.numpy() > 0.5
        for power, edges in zip(x.power.numpy(), x.connectivity.numpy(), strict=True):
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
    for below, up_to in pairwise((0, *SIZES)):
        inside = distances[(sizes > below) & (sizes <= up_to)]
        if len(inside):
            limits.append((up_to, MARGIN * float(np.quantile(inside, share))))
    return tuple(limits)


def _thinned(x: Example, rng: np.random.Generator, largest: float) -> Example:
    """Mask a few channels at random, as bad electrodes would be."""
    n = len(x.mask)
    drop = int(rng.integers(0, int(largest * n) + 1)) if rng.random() < 0.5 else 0
    if drop == 0 or n - drop < 3:
        return x
    mask = x.mask.clone()
    mask[torch.as_tensor(rng.choice(n, drop, replace=False))] = 0.0
    return replace(x, mask=mask)
