"""Training a network on records: the loss, and the loop that stops in time and can go on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..decoding.card import PopulationReference
from ..decoding.context import ContextPolicy
from ..features import FeatureSchema
from ..signal import FloatArray
from .checkpoint import Progress, load_progress, save_progress
from .examples import Example, example
from .network import EmotionNetwork
from .simulated import Record

log = logging.getLogger(__name__)

# The scale of features is taken from so many people: more changes it by no digit that matters.
_SCALED_ON = 200
# Share of the training in which the learning rate rises.
_RISE = 0.05


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
    decay : float
        Its weight decay.
    no_baseline : float
        Share of records seen without the person's baseline.
    dropped : float
        Largest share of channels masked at random.
    moments : int
        Frames of a record that a step of the approximate architecture looks at.
    concordance : float
        Share of concordance in the loss, the rest is squared error.
    seed : int
        Of everything random here.
    """

    epochs: int = 30
    patience: int = 8
    batch: int = 4
    rate: float = 2e-3
    decay: float = 0.05
    no_baseline: float = 0.1
    dropped: float = 0.3
    moments: int = 16
    concordance: float = 0.3
    seed: int = 0


@dataclass(frozen=True)
class Reference:
    """What features and contexts stand against: see `examples.example`."""

    population: PopulationReference
    policy: ContextPolicy | None
    schema: FeatureSchema

    def example(self, record: Record, own_baseline: bool = True, device: str = "cpu") -> Example:
        """Return a record ready for the network."""
        return example(record, self.population, self.policy, self.schema, own_baseline, device)


def predict(network: EmotionNetwork, x: Example) -> tuple[Tensor, Tensor, Tensor]:
    """Return predictions, log standard deviations and labels, each (n_frames, n_targets)."""
    if network.shape.architecture == "additive":
        mean, log_std = network.course(
            x.power.float(),
            x.connectivity.float(),
            x.pairs,
            x.positions,
            x.mask,
            x.contexts,
            x.which(),
        )
        return mean, log_std, x.truth
    means, stds = [], []
    for context, span in zip(x.contexts, x.spans(), strict=True):
        if span.start == span.stop:
            # Of the moments drawn none may lie in it.
            continue
        power, edges = x.power[span].float(), x.connectivity[span].float()
        now = context.expand(len(power), -1, -1)
        node, edge, log_std = network.weights(x.pairs, x.positions, x.mask, now, power, edges)
        means.append(
            network.bias
            + torch.einsum("ktbc,kbc->kt", node, power)
            + torch.einsum("ktmbp,kmbp->kt", edge, edges)
        )
        stds.append(log_std)
    return torch.cat(means), torch.cat(stds), x.truth


def concordance(estimate: Tensor, truth: Tensor) -> Tensor:
    """Return Lin's concordance correlation along the first axis, shape (n_targets,)."""
    a, b = estimate.mean(dim=0), truth.mean(dim=0)
    covariance = ((estimate - a) * (truth - b)).mean(dim=0)
    spread = estimate.var(dim=0, correction=0) + truth.var(dim=0, correction=0)
    return 2.0 * covariance / (spread + (a - b) ** 2 + 1e-8)


def loss_of(
    network: EmotionNetwork,
    x: Example,
    variance: Tensor,
    share: float,
) -> Tensor:
    """Return concordance and squared error, `share` of the first, and the spread's likelihood."""
    mean, log_std, truth = predict(network, x)
    error = truth - mean
    squared = (error**2 / variance).mean()
    spread = ((error.detach() / torch.exp(log_std)) ** 2 * 0.5 + log_std).mean()
    apart = (1.0 - concordance(mean, truth)).mean()
    return share * apart + (1.0 - share) * squared + 0.1 * spread


def set_scales(network: EmotionNetwork, examples: Sequence[Example], truth: FloatArray) -> None:
    """Put the features' and labels' own scale into the network, so that weights start fair."""

    def spread(values: list[Tensor]) -> Tensor:
        return torch.stack(values).mean(dim=0).clamp(min=1e-6)

    network.power_scale.copy_(spread([x.power.float().std(dim=(0, 2)) for x in examples]))
    network.edge_scale.copy_(spread([x.connectivity.float().std(dim=(0, 3)) for x in examples]))
    rows = [torch.cat([*x.contexts], dim=1).square().mean(dim=1) for x in examples]
    # What is always 0 or 1 keeps its scale.
    scale = torch.stack(rows).mean(dim=0).sqrt()
    network.context_scale.copy_(torch.where(scale > 1e-6, scale, 1.0))
    with torch.no_grad():
        network.bias.copy_(torch.as_tensor(truth.mean(axis=0)))
        network.read_out.log_std.bias.fill_(float(np.log(truth.std())))


def train(
    network: EmotionNetwork,
    records: Sequence[Record],
    held_out: Sequence[Record],
    reference: Reference,
    plan: Training,
    progress: Callable[[int, float, float], None],
    checkpoint: Path | None = None,
    device: str = "cpu",
) -> EmotionNetwork:
    """Train until the held-out people gain nothing more; return the best network.

    Parameters
    ----------
    network : EmotionNetwork
        Trained in place.
    records, held_out : sequence of Record
        Different people.
    reference : Reference
        What features stand against.
    plan : Training
        How.
    progress : callable
        Called after each epoch with its number, the loss and the held-out mean CCC.
    checkpoint : Path, optional
        Written after each epoch; training goes on from it where it is of the same plan.
    device : str
        Where torch works.
    """
    network.to(device)
    examples = [reference.example(r, device=device) for r in records]
    truth = np.concatenate([r.truth for r in records])
    tests = [reference.example(r, device=device) for r in held_out]
    return train_on(
        network,
        examples,
        tests,
        truth,
        plan,
        progress,
        lambda i: reference.example(records[i], own_baseline=False, device=device),
        checkpoint,
    )


def train_on(
    network: EmotionNetwork,
    examples: Sequence[Example],
    tests: Sequence[Example],
    truth: FloatArray,
    plan: Training,
    progress: Callable[[int, float, float], None],
    without_baseline: Callable[[int], Example] | None = None,
    checkpoint: Path | None = None,
) -> EmotionNetwork:
    """Train on examples that are ready, all on the network's device; the rest as in `train`.

    Parameters
    ----------
    examples, tests : sequence of Example
        What is learnt from, and what training stops on.
    truth : array, shape (n_frames, n_targets)
        Labels of all that is learnt from.
    without_baseline : callable, optional
        Returns an example, by its number, as it would be without the person's baseline.
    """
    rng = np.random.default_rng(plan.seed)
    set_scales(network, examples[:_SCALED_ON], truth)
    variance = torch.as_tensor(truth.var(axis=0), device=network.bias.device)
    steps = -(-len(examples) // plan.batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=plan.decay)
    state = Progress(deepcopy(network), -np.inf, 0, 0)
    if checkpoint is not None and checkpoint.exists():
        state = load_progress(checkpoint, repr(plan), network, optimiser, rng)
        log.info("going on after epoch %d", state.epoch)
    for epoch in range(state.epoch, plan.epochs):
        if state.waited > plan.patience:
            break
        network.train()
        total = 0.0
        order = rng.permutation(len(examples))
        for step, batch in enumerate(np.array_split(order, steps)):
            for group in optimiser.param_groups:
                group["lr"] = plan.rate * _pace((epoch + step / steps) / plan.epochs)
            optimiser.zero_grad()
            for i in batch:
                x = examples[i]
                if rng.random() < plan.no_baseline and without_baseline is not None:
                    x = without_baseline(i)
                loss = _step_loss(network, x, variance, plan, rng) / len(batch)
                torch.autograd.backward(loss)
                total += float(loss.detach()) * len(batch)
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
        score = float(scores(network, tests).mean())
        progress(epoch, total / len(examples), score)
        state = state.after(network, score)
        if checkpoint is not None:
            save_progress(checkpoint, repr(plan), state, network, optimiser, rng)
    return state.best.to("cpu").eval()


def _pace(done: float) -> float:
    """Return the share of the highest learning rate: a short rise, then along a cosine."""
    return min(1.0, done / _RISE + 0.02) * 0.5 * (1.0 + float(np.cos(np.pi * done)))


def _step_loss(
    network: EmotionNetwork, x: Example, variance: Tensor, plan: Training, rng: np.random.Generator
) -> Tensor:
    x = _thinned(x, rng, plan.dropped)
    if network.shape.architecture == "approximate":
        count = min(plan.moments, len(x.truth))
        x = _moments(x, np.sort(rng.choice(len(x.truth), count, replace=False)))
    return loss_of(network, x, variance, plan.concordance)


def _moments(x: Example, frames: np.ndarray) -> Example:
    """Return an example of some frames, ascending, each with the context it had."""
    picked = torch.as_tensor(frames)
    starts = np.searchsorted(frames, x.starts)
    return Example(
        x.power[picked],
        x.connectivity[picked],
        x.pairs,
        x.positions,
        x.mask,
        x.contexts,
        tuple(int(k) for k in starts),
        x.truth[picked],
    )


def scores(network: EmotionNetwork, examples: Sequence[Example]) -> FloatArray:
    """Return the CCC of each recording and target, shape (n_recordings, n_targets)."""
    network.eval()
    with torch.no_grad():
        rows = []
        for x in examples:
            mean, _, truth = predict(network, x)
            rows.append(concordance(mean, truth).cpu().numpy())
    return np.array(rows, dtype=np.float64)


def _thinned(x: Example, rng: np.random.Generator, largest: float) -> Example:
    """Mask a few channels at random, as bad electrodes would be."""
    n = len(x.mask)
    drop = int(rng.integers(0, int(largest * n) + 1)) if rng.random() < 0.5 else 0
    if drop == 0 or n - drop < 3:
        return x
    return x.without(torch.as_tensor(rng.choice(n, drop, replace=False)))


def best_lag(network: EmotionNetwork, examples: Sequence[Example], most: int = 30) -> float | None:
    """Return the information delay in seconds: the lag at which predictions fit best.

    Records have a frame a second. The correlation of predictions with the truth that
    many seconds ago is averaged over recordings and targets, and its peak put between
    seconds by a parabola.

    Parameters
    ----------
    network : EmotionNetwork
        Trained.
    examples : sequence of Example
        Of people in whom emotions show.
    most : int
        Longest lag looked at, in seconds.

    Returns
    -------
    float or None
        None when no recording is more than twice as long as `most`.
    """
    curves = []
    network.eval()
    with torch.no_grad():
        for x in examples:
            mean, _, truth = (v.cpu().numpy().astype(np.float64) for v in predict(network, x))
            kept = len(mean) - most
            if kept > most:
                curves.append(
                    [_correlation(mean[-kept:], truth[most - k :][:kept]) for k in range(most)]
                )
    if not curves:
        return None
    curve = np.nanmean(curves, axis=0)
    peak = int(np.argmax(curve))
    if not 0 < peak < most - 1:
        return float(peak)
    left, top, right = curve[peak - 1 : peak + 2]
    return float(peak + 0.5 * (left - right) / (left - 2.0 * top + right))


def _correlation(a: FloatArray, b: FloatArray) -> float:
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    scale = np.sqrt((a * a).sum(axis=0) * (b * b).sum(axis=0))
    return float(np.mean((a * b).sum(axis=0) / np.maximum(scale, 1e-12)))
