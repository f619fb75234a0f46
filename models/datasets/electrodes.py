"""Fewer electrodes of a dense cap: those that lie furthest from one another."""

from __future__ import annotations

import numpy as np

from ...conditioning import plan_channels
from .dataset import Dataset
from .features import common_channels
from .rows import Preparation


def spread_electrodes(dataset: Dataset, how: Preparation, most: int) -> tuple[str, ...]:
    """Choose electrodes that are spread over the head, among those that all recordings have.

    Neighbours on a dense cap see much the same, and pairs grow with the square of channels.
    Nothing but places decides: the highest electrode first, then ever the one furthest from
    those chosen (farthest-point sampling; Gonzalez 1985, Theor Comput Sci 38:293).

    Parameters
    ----------
    dataset : Dataset
    how : Preparation
    most : int
        How many, at least two.

    Returns
    -------
    tuple of str
        In the recordings' order; all that have a place where there are no more.

    Raises
    ------
    SourceError, SetupError
        If recordings cannot be read or have too few channels in common.
    """
    names, infos = common_channels(dataset, how)
    info = plan_channels(infos[0], how.channels or names, how.montage).info
    placed = np.flatnonzero(np.isfinite(info.positions).all(axis=1))
    if len(placed) <= most:
        return tuple(info.channels[i] for i in placed)
    ways = info.positions[placed] / np.linalg.norm(info.positions[placed], axis=1, keepdims=True)
    chosen = [int(np.argmax(ways[:, 2]))]
    nearest = np.linalg.norm(ways - ways[chosen[0]], axis=1)
    while len(chosen) < most:
        chosen.append(int(np.argmax(nearest)))
        nearest = np.minimum(nearest, np.linalg.norm(ways - ways[chosen[-1]], axis=1))
    return tuple(info.channels[placed[i]] for i in sorted(chosen))
