"""What drives an emotion at a moment, as rows in words and values on channels and pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .session import SourceFacts


@dataclass(frozen=True, eq=False)
class Drivers:
    """Contributions to one emotion.

    Attributes
    ----------
    node : array, shape (n_channels,)
        What each channel's power adds.
    edge : array, shape (n_pairs,)
        What each pair's connectivity adds.
    base, total, shown : float
        The output without any of them, their sum, and the output.
    trusted : bool
        Whether nothing speaks against the frame.
    """

    node: NDArray[np.float64]
    edge: NDArray[np.float64]
    base: float
    total: float
    shown: float
    trusted: bool

    @property
    def known(self) -> bool:
        """Whether the frame had a value."""
        return bool(np.isfinite(self.shown))


def drivers(said: Mapping[str, Any], emotion: int) -> Drivers | None:
    """Read one emotion's contributions from a message; None where there are none yet."""
    if not said or emotion >= len(said["mean"]):
        return None
    node = np.asarray(said["node"][emotion], np.float64)
    edge = np.asarray(said["edge"][emotion], np.float64)
    return Drivers(
        node=node,
        edge=edge,
        base=float(said["base"][emotion]),
        total=float(node.sum() + edge.sum()),
        shown=float(said["mean"][emotion]),
        trusted=bool(said["trusted"]),
    )


def strongest_rows(
    found: Drivers, source: SourceFacts, emotion: str, count: int = 10
) -> list[tuple[str, float]]:
    """Return the contributions largest in magnitude, in words, largest first."""
    values = np.concatenate([found.node, found.edge])
    sizes = np.where(np.isfinite(values), np.abs(values), -1.0)
    order = np.argsort(-sizes, kind="stable")[:count]
    pairs = source.pairs
    rows = []
    for place in order.tolist():
        if sizes[place] <= 0.0:
            break
        if place < len(found.node):
            what = f"{source.channels[place]} power"
        else:
            first, second = pairs[place - len(found.node)].tolist()
            what = f"{source.channels[first]}–{source.channels[second]} coupling"
        does = "raises" if values[place] > 0 else "lowers"
        rows.append((f"{what} {does} {emotion} by {abs(values[place]):.3f}", float(values[place])))
    return rows
