"""What is lost when a group of channels, and every edge of theirs, is reset to its reference.

An additive decoder's output falls by exactly what the group contributed, its context fixed.
How much that is says little by itself: many channels take more along than few. So as many
channels drawn at random are left out beside every region.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray
from .regions import REGIONS

# Sets of channels that are drawn for every number of channels.
DRAWS = 40
# With fewer nothing can be said of how usual a loss is.
_FEWEST_DRAWS = 10
_LEAST = 3


@dataclass(frozen=True, eq=False)
class Groups:
    """Sets of channels: the regions there are, and sets drawn at random.

    Attributes
    ----------
    names : tuple of str
        Of the regions, the first groups.
    members : array of bool, shape (n_groups, n_channels)
        Which channels each holds.
    touched : array of bool, shape (n_groups, n_pairs)
        Pairs with a channel in it.
    """

    names: tuple[str, ...]
    members: NDArray[np.bool_]
    touched: NDArray[np.bool_]

    @classmethod
    def of(cls, regions: Sequence[str], pairs: NDArray[np.int64], seed: int = 0) -> Groups:
        """Return the regions' channels, and random sets for every number of channels.

        Parameters
        ----------
        regions : sequence of str
            Of every channel; empty for one that is not used.
        pairs : array of int, shape (n_pairs, 2)
            Channels of each pair.
        seed : int
            Of the draws.
        """
        where = np.array(regions)
        names = tuple(name for name in REGIONS if (where == name).any())
        own = [where == name for name in names]
        rng = np.random.default_rng(seed)
        used = np.flatnonzero(where != "")
        sizes = sorted({int(members.sum()) for members in own})
        drawn = [members for size in sizes for members in _drawn(used, size, len(where), rng)]
        members = np.array([*own, *drawn], dtype=bool).reshape(-1, len(where))
        return cls(names, members, members[:, pairs[:, 0]] | members[:, pairs[:, 1]])

    def removed(self, node: FloatArray, edge: FloatArray) -> FloatArray:
        """Return what groups contribute, shape (n_groups, n_emotions).

        Parameters
        ----------
        node : array, shape (n_emotions, n_channels)
            Contributions of channels.
        edge : array, shape (n_emotions, n_pairs)
            Contributions of pairs.
        """
        return np.asarray(self.members @ node.T + self.touched @ edge.T)

    def drawn_like(self, region: int) -> NDArray[np.int64]:
        """Return the random sets with as many channels as a region, other than itself."""
        sizes = self.members.sum(axis=1)
        alike = sizes == sizes[region]
        alike[: len(self.names)] = False
        alike &= (self.members != self.members[region]).any(axis=1)
        return np.flatnonzero(alike)


def _drawn(
    used: NDArray[np.int64], size: int, n_channels: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return different sets of so many channels, all there are where these are few."""
    if comb(len(used), size) <= DRAWS:
        chosen = {tuple(int(i) for i in some) for some in combinations(used.tolist(), size)}
    else:
        chosen = set()
        while len(chosen) < DRAWS:
            chosen.add(tuple(sorted(rng.choice(used, size, replace=False).tolist())))
    members = np.zeros((len(chosen), n_channels), dtype=bool)
    for row, some in zip(members, sorted(chosen), strict=True):
        row[list(some)] = True
    return members


@dataclass(frozen=True)
class LeftOut:
    """What one emotion loses without one region.

    Attributes
    ----------
    emotion, region : str
    channels, pairs : int
        How many were reset.
    whole, without : float
        Concordance (CCC) of the output with the labels, before and after; where there are
        no labels, with the output itself, which is 1 before.
    correlation : float
        Of the output with what is left of it; NaN where that does not move.
    drawn, drawn_low, drawn_high : float
        Loss without as many channels drawn at random: median, 5 and 95 %; NaN where
        hardly anything else could be drawn.
    more_than_drawn : float
        Share of the draws that lose less.
    """

    emotion: str
    region: str
    channels: int
    pairs: int
    whole: float
    without: float
    correlation: float
    drawn: float
    drawn_low: float
    drawn_high: float
    more_than_drawn: float

    @property
    def loss(self) -> float:
        """By how much concordance falls."""
        return self.whole - self.without


def leave_out(
    emotions: Sequence[str],
    groups: Groups,
    outputs: FloatArray,
    removed: FloatArray,
    labels: FloatArray | None = None,
) -> tuple[LeftOut, ...]:
    """Leave out every region in turn.

    Parameters
    ----------
    emotions : sequence of str
    groups : Groups
    outputs : array, shape (n, n_emotions)
        What was decoded.
    removed : array, shape (n, n_groups, n_emotions)
        What each group contributed to it.
    labels : array, shape (n, n_emotions), or None
        What was true; NaN where unknown. An emotion without labels is held against the
        output itself.
    """
    found = []
    for e, emotion in enumerate(emotions):
        rows = np.arange(len(outputs))
        truth = outputs[:, e]
        if labels is not None and np.isfinite(labels[:, e]).sum() >= _LEAST:
            rows = np.flatnonzero(np.isfinite(labels[:, e]))
            truth = labels[:, e]
        output, truth = outputs[rows, e], truth[rows]
        whole = concordance(output, truth)
        left = output[:, None] - removed[rows, :, e]
        without = np.array([concordance(x, truth) for x in left.T])
        for g, region in enumerate(groups.names):
            loss = whole - without
            drawn = loss[groups.drawn_like(g)]
            low, middle, high = _of_draws(drawn)
            found.append(
                LeftOut(
                    emotion=emotion,
                    region=region,
                    channels=int(groups.members[g].sum()),
                    pairs=int(groups.touched[g].sum()),
                    whole=whole,
                    without=float(without[g]),
                    correlation=correlation(output, left[:, g]),
                    drawn=middle,
                    drawn_low=low,
                    drawn_high=high,
                    more_than_drawn=float((drawn < loss[g]).mean())
                    if np.isfinite(high)
                    else np.nan,
                )
            )
    return tuple(found)


def _of_draws(losses: FloatArray) -> tuple[float, float, float]:
    if len(losses) < _FEWEST_DRAWS:
        return np.nan, np.nan, np.nan
    low, middle, high = np.quantile(losses, (0.05, 0.5, 0.95)).tolist()
    return low, middle, high


def concordance(x: FloatArray, y: FloatArray) -> float:
    """Return Lin's concordance correlation; 0 where either never moves."""
    if np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        return 0.0
    apart = float(x.mean() - y.mean())
    together = float(np.mean((x - x.mean()) * (y - y.mean())))
    return 2.0 * together / float(x.var() + y.var() + apart * apart)


def correlation(x: FloatArray, y: FloatArray) -> float:
    """Return Pearson's correlation; NaN where either never moves."""
    if len(x) < _LEAST or np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        return np.nan
    return float(np.corrcoef(x, y)[0, 1])
