"""The null test: where labels show in nothing, 5 of 100 scores may look significant, not more.

Its data are made up so as to fool a careless evaluation: labels and features wander slowly,
windows overlap, and a third of what the features do is an answer to the stimulus that is the
same in everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .chance import shifted
from .compared import Run
from .crossfit import HeldOut
from .evaluate import Plan, evaluate
from .made_up import Recipe, made_up
from .splits import BLOCKS, Fold, Protocol

ALPHA = 0.05
_COMMON = Recipe(targets=1, rows=40, support_s=8.0, step_s=2.0)
RECIPES: Mapping[Protocol, Recipe] = {
    Protocol.A: Recipe(**vars(_COMMON) | {"subjects": 3, "stimuli": 6}),
    Protocol.B: Recipe(**vars(_COMMON) | {"subjects": 4, "stimuli": 5}),
    Protocol.C: Recipe(
        **vars(_COMMON) | {"subjects": 3, "sessions": 3, "stimuli": 0, "rows": 100}
    ),
    Protocol.D: Recipe(**vars(_COMMON) | {"subjects": 1, "stimuli": 0, "rows": 300}),
}


@dataclass(frozen=True)
class Alarms:
    """How often chance looked significant under one protocol.

    Attributes
    ----------
    protocol : str
    repeats, alarms : int
    low, high : int
        Numbers of alarms that a rate of 0.05 allows, Holm-corrected over protocols.
    """

    protocol: str
    repeats: int
    alarms: int
    low: int
    high: int

    @property
    def rate(self) -> float:
        """Share of repeats that raised a false alarm."""
        return self.alarms / self.repeats

    @property
    def holds(self) -> bool:
        """Whether the number of alarms lies inside its interval."""
        return self.low <= self.alarms <= self.high


def null_test(
    repeats: int,
    protocols: Sequence[Protocol] = tuple(RECIPES),
    moves: int = 99,
    seed: int = 0,
    progress: Callable[[Protocol, int, int], None] = lambda protocol, done, alarms: None,
) -> tuple[Alarms, ...]:
    """Evaluate a ridge on data with nothing in them, over and over.

    Parameters
    ----------
    repeats : int
        For each protocol.
    protocols : sequence of Protocol
        Of A to D.
    moves : int
        Shifts of the labels in each test; 1 + moves divisible by 20 makes 0.05 attainable.
    seed : int
        Of the first data set of each protocol.
    progress : callable
        Told the protocol, how many repeats are done, and how many raised an alarm.

    Returns
    -------
    tuple of Alarms
    """
    plan = Plan(parts=("power",), shifts=moves, resamples=2, baselines=False)
    counts = {}
    for protocol in protocols:
        k = list(RECIPES).index(protocol)
        alarms = 0
        for repeat in range(repeats):
            table = made_up(RECIPES[protocol], seed + 100_000 * k + repeat)
            found = evaluate(table, None, protocol, plan)
            alarms += found.targets[0].p <= ALPHA + 1e-9
            progress(protocol, repeat + 1, alarms)
        counts[protocol] = alarms
    return with_intervals(counts, repeats)


def fixed_null_test(repeats: int, shared: bool, moves: int = 99, seed: int = 0) -> int:
    """Return how often a finished model that knows nothing looked significant.

    What it says is a feature that wanders as slowly as its labels do.

    Parameters
    ----------
    repeats : int
    shared : bool
        Whether people share stimuli and their labels.
    moves, seed : int
        As in `null_test`.
    """
    recipe = RECIPES[Protocol.B if shared else Protocol.C]
    alarms = 0
    for repeat in range(repeats):
        table = made_up(recipe, seed + repeat)
        everything = Fold(np.empty(0, dtype=np.int64), np.arange(len(table)), "everything")
        labels = table.targets[:, None]
        run = Run(table, labels, (everything,), Protocol.B, recipe.support_s, 2, seed, BLOCKS)
        said = table.features[:, :1].astype(np.float64)
        none, chosen = np.zeros_like(said), np.zeros((1, 1), dtype=np.int64)
        held = HeldOut(
            rows=everything.test,
            fold=np.zeros(len(table), dtype=np.int64),
            prediction=said,
            truth=table.targets,
            training_mean=none,
            half_width=none,
            std=none,
            settings=chosen,
            lags=chosen,
            tuned=True,
            marginal=(table.targets,),
        )
        alarms += bool(shifted(run, held, moves).told.p <= ALPHA + 1e-9)
    return alarms


def with_intervals(counts: Mapping[Protocol, int], repeats: int) -> tuple[Alarms, ...]:
    """Return numbers of alarms with what a rate of 0.05 allows, after Holm (1979).

    The protocol whose number is least likely is held against 0.05 / 4, the next against
    0.05 / 3, and so on.
    """
    from scipy.stats import binom, binomtest

    unlikely = sorted(counts, key=lambda p: binomtest(counts[p], repeats, ALPHA).pvalue)
    found = {}
    for rank, protocol in enumerate(unlikely):
        level = ALPHA / (len(counts) - rank)
        low, high = binom.ppf([level / 2, 1 - level / 2], repeats, ALPHA)
        found[protocol] = Alarms(str(protocol), repeats, counts[protocol], int(low), int(high))
    return tuple(found[protocol] for protocol in counts)


def rates(alarms: Sequence[Alarms]) -> np.ndarray:
    """Return the share of false alarms of each protocol."""
    return np.array([one.rate for one in alarms])
