"""Finds channels that are noisy compared with the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray
from .blocks import Latch, median
from .design import MarkingDesign

# Seconds over which a noisy channel is judged, how often, and how many judgements in a
# row it takes either way.
NOISE_MEMORY_S = 6
JUDGED_EVERY_S = 2
JUDGEMENTS = 2
# Channels this close, in metres, count as neighbours.
NEIGHBOURHOOD = 0.06
FEWEST_NEIGHBOURS = 3
FEWEST_TO_COMPARE = 4


class NoiseCheck:
    """Finds noisy channels by comparing them with the others, every other second.

    A channel is noisy when its high-frequency level lies far above the others', or when
    it goes along with none of its neighbours, for seconds (compare Bigdely-Shamlo et
    al. 2015, https://doi.org/10.3389/fninf.2015.00016). The level is a median over the
    last seconds, which a burst of muscle hardly moves.

    Parameters
    ----------
    limits : MarkingDesign
        Where noise begins.
    positions : array, shape (n_channels, 3)
        Metres, NaN where unknown.
    blocks_per_second : int
        Number of levels that come with a second.
    """

    def __init__(
        self, limits: MarkingDesign, positions: FloatArray, blocks_per_second: int
    ) -> None:
        n = len(positions)
        self._limits = limits
        self._fast = np.full((NOISE_MEMORY_S * blocks_per_second, n), np.nan)
        self._lone = np.full((NOISE_MEMORY_S // JUDGED_EVERY_S, n), np.nan)
        distance = np.linalg.norm(positions[:, None] - positions[None], axis=2)
        self._near = np.where(np.isnan(distance), np.inf, distance) < NEIGHBOURHOOD
        np.fill_diagonal(self._near, False)
        self._latch = Latch(n, JUDGEMENTS)
        self.reset()

    @property
    def on(self) -> NDArray[np.bool_]:
        """Which channels are noisy, shape (n_channels,)."""
        return self._latch.on

    @property
    def any(self) -> bool:
        """Whether any channel is."""
        return self._latch.any

    def reset(self) -> None:
        """Forget the past."""
        self._fast[:] = np.nan
        self._lone[:] = np.nan
        self._seconds = 0
        self._blocks = 0
        self._suspect = np.zeros(self._fast.shape[1], dtype=np.int64)
        self._latch.reset()

    def block(self, fast: FloatArray) -> None:
        """Take one block's high-frequency levels, V/√Hz, NaN where unknown."""
        self._fast[self._blocks % len(self._fast)] = fast
        self._blocks += 1

    def second(self, filtered: FloatArray, usable: NDArray[np.bool_]) -> None:
        """Take one second, and judge every other one.

        Parameters
        ----------
        filtered : array, shape (n_samples, n_channels)
            Volts, NaN where unknown.
        usable : array of bool, shape (n_channels,)
            Channels with nothing else against them.
        """
        self._seconds += 1
        if self._seconds % JUDGED_EVERY_S:
            return
        turn = self._seconds // JUDGED_EVERY_S % len(self._lone)
        self._lone[turn] = self._best_company(filtered, usable)
        if self._seconds < NOISE_MEMORY_S or usable.sum() < FEWEST_TO_COMPARE:
            return
        limits = self._limits
        level = np.sort(self._fast, axis=0)[len(self._fast) // 2]
        company = np.sort(self._lone, axis=0)[len(self._lone) // 2]
        logs = np.log(np.maximum(level, 1e-12))
        others = logs[usable & np.isfinite(logs)]
        if len(others) < FEWEST_TO_COMPARE:
            return
        above = logs - median(others)
        spread = 1.4826 * median(np.abs(others - median(others)))
        limit = max(np.log(limits.noisy_ratio), limits.noisy_z * spread)
        enter = (above > limit) & (level > limits.noisy_floor)
        # Where most go their own way, as simulated noise does, that says nothing.
        together = company[usable & np.isfinite(company)]
        lonely = len(together) > 0 and median(together) > 2.0 * limits.lone_correlation
        lone = (company < limits.lone_correlation) & lonely
        self._suspect = np.where((enter | lone) & usable, self._suspect + 1, 0)
        calm = ~(above > 0.6 * limit) & ~(company < 2.0 * limits.lone_correlation)
        self._latch.update(self._suspect >= JUDGEMENTS, calm)

    def _best_company(self, filtered: FloatArray, usable: NDArray[np.bool_]) -> FloatArray:
        """Return each channel's largest correlation with a neighbour, NaN if it has few."""
        judged = np.isfinite(filtered).all(axis=0)
        there = self._near & (usable & judged)
        many = judged & (there.sum(axis=1) >= FEWEST_NEIGHBOURS)
        if not many.any():
            return np.full(len(many), np.nan)
        known = filtered if judged.all() else np.where(judged, filtered, 0.0)
        products = known.T @ known
        scale = np.sqrt(np.diag(products))
        with np.errstate(invalid="ignore", divide="ignore"):
            correlation = np.abs(products) / (scale[:, None] * scale)
        best: FloatArray = np.where(there, correlation, 0.0).max(axis=1)
        return np.where(many, best, np.nan)
