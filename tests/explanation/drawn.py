"""Seconds of a decoder, drawn at random, for tests of what is made of them."""

from __future__ import annotations

import numpy as np

from rtemotion.explanation.explaining import Montage
from rtemotion.explanation.leaving_out import Groups
from rtemotion.explanation.seconds import Seconds
from rtemotion.signal import EmotionFrame, FloatArray


def slow(rng: np.random.Generator, n: int, columns: int) -> FloatArray:
    """Return courses that move over some ten seconds, of unit variance."""
    steps = rng.normal(size=(n + 200, columns))
    for row in range(1, len(steps)):
        steps[row] = 0.9 * steps[row - 1] + np.sqrt(1 - 0.81) * steps[row]
    return np.asarray(steps[200:])


def seconds_of(
    outputs: FloatArray, edges: FloatArray, power: FloatArray, groups: Groups | None = None
) -> Seconds:
    """Return rows whose groups contribute nothing."""
    n, n_emotions = outputs.shape
    n_groups = 0 if groups is None else len(groups.members)
    return Seconds(
        index=250 * np.arange(1, n + 1),
        times=np.arange(1.0, n + 1.0),
        power=power.astype(np.float32),
        edges=edges.astype(np.float32),
        outputs=outputs,
        removed=np.zeros((n, n_groups, n_emotions)),
        stride=1,
    )


def coupled(
    seed: int, montage: Montage, carriers: list[list[int]], n: int = 400, noise: float = 1.0
) -> Seconds:
    """Return seconds in which each emotion moves some pairs in the second of two bands.

    Parameters
    ----------
    carriers : list of list of int
        Pairs that carry each emotion.
    """
    rng = np.random.default_rng(seed)
    outputs = slow(rng, n, len(carriers))
    edges = noise * np.stack(
        [slow(rng, n, len(montage.pairs)), slow(rng, n, len(montage.pairs))], axis=1
    )
    for emotion, own in enumerate(carriers):
        edges[:, 1, own] += outputs[:, emotion, None]
    power = rng.normal(size=(n, 3, len(montage.channels)))
    return seconds_of(outputs, edges, power, Groups.of(montage.regions, montage.pairs))


def a_frame(index: int, mean: FloatArray, n_channels: int) -> EmotionFrame:
    """Return a frame in which every channel and pair contributes a little."""
    n, n_pairs = len(mean), n_channels * (n_channels - 1) // 2
    return EmotionFrame(
        index=index,
        time=index / 250.0,
        newest=index / 250.0,
        mean=mean,
        std=np.ones(n),
        lower=mean - 1.0,
        upper=mean + 1.0,
        node_contribution=np.full((n, n_channels), 0.01),
        edge_contribution=np.full((n, n_pairs), 0.001),
        reasons=frozenset(),
        quality=1.0,
        model="drawn",
    )
