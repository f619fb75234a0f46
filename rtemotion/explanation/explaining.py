"""Everything that is said of the networks of a model's emotions, put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SetupError
from ..signal import FloatArray
from .chance import Chance, Stability, alike, chance_of, stability_of
from .graphs import ALL_BANDS, EmotionGraph, graph_of, over_bands
from .learning import SHIFTS, WHOLE, Learnt, learn, mean_of, of_labels
from .leaving_out import Groups, LeftOut, leave_out
from .regions import regions_of
from .seconds import Seconds

ENOUGH_S = 300


@dataclass(frozen=True, eq=False)
class Montage:
    """The channels that networks are made of.

    Attributes
    ----------
    channels : tuple of str
    positions : array, shape (n_channels, 3)
        Metres, head frame; NaN where unknown.
    regions : tuple of str
        Of every channel, empty where its position is unknown.
    pairs : array of int, shape (n_pairs, 2)
        Every two channels, the first of them the smaller.
    """

    channels: tuple[str, ...]
    positions: FloatArray
    regions: tuple[str, ...]
    pairs: NDArray[np.int64]

    @classmethod
    def of(cls, channels: Sequence[str], positions: FloatArray) -> Montage:
        """Return the montage of some channels."""
        pairs = np.stack(np.triu_indices(len(channels), k=1), axis=1).astype(np.int64)
        return cls(tuple(channels), positions, regions_of(positions), pairs)


@dataclass(frozen=True)
class About:
    """What networks are of, and from what they were learnt.

    Attributes
    ----------
    model : str
        Its identity.
    data : str
        What was decoded, in words.
    emotions, bands : tuple of str
        Names of emotions, and of the bands of connectivity.
    measure : str
        Of connectivity.
    seconds : int
        Seconds with values.
    recordings : int
        How many there were.
    notes : tuple of str
        What has to be known beside every figure, a sentence each.
    """

    model: str
    data: str
    emotions: tuple[str, ...]
    bands: tuple[str, ...]
    measure: str
    seconds: int
    recordings: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Recorded:
    """One recording as it was decoded.

    Attributes
    ----------
    name : str
    seconds : Seconds
    labels : array, shape (n, n_emotions), or None
        What was true at those seconds; NaN where unknown.
    """

    name: str
    seconds: Seconds
    labels: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class Explanation:
    """The networks of emotions, their measures, and what chance does to all of it.

    Attributes
    ----------
    about : About
    montage : Montage
    learnt : Learnt
        Patterns; the mean over recordings.
    graphs : tuple of EmotionGraph
        For every emotion over all bands, then in each.
    stability : Stability
    chance : Chance
    left_out : tuple of LeftOut
        Means over recordings; none where contributions are not known.
    features_of : tuple of int
        Features of a channel, and of a pair.
    labelled : bool
        Whether `left_out` is against labels.
    agreement : array, shape (n_emotions,)
        Mean correlation of each recording's pattern with the mean of the others; NaN where
        there is one recording.
    truth : array, shape (1 + n_shifts, n_emotions)
        Correlation of the pattern with that of the labels, then of labels shifted in time;
        the mean over recordings, NaN where there are no labels.
    """

    about: About
    montage: Montage
    learnt: Learnt
    graphs: tuple[EmotionGraph, ...]
    stability: Stability
    chance: Chance
    left_out: tuple[LeftOut, ...]
    features_of: tuple[int, int]
    labelled: bool
    agreement: FloatArray
    truth: FloatArray

    def graph(self, emotion: str, band: str = ALL_BANDS) -> EmotionGraph:
        """Return one graph."""
        return next(g for g in self.graphs if (g.emotion, g.band) == (emotion, band))


def explain(
    about: About,
    montage: Montage,
    groups: Groups,
    recorded: Sequence[Recorded],
    features_of: tuple[int, int],
    n_shifts: int = SHIFTS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Explanation:
    """Explain a model's emotions from recordings of the same channels.

    Parameters
    ----------
    about : About
        Seconds and recordings are filled in.
    montage : Montage
    groups : Groups
        Whose contributions were kept.
    recorded : sequence of Recorded
    features_of : tuple of int
        Features of a channel, and of a pair.
    n_shifts : int
        How often outputs are shifted in time.
    progress : callable
        Told how many recordings are done, and of how many.

    Raises
    ------
    SetupError
        When there is no recording, or one with less than a minute of values.
    """
    if not recorded:
        raise SetupError("There is no recording to learn networks from; name at least one.")
    learnt = []
    for done, one in enumerate(recorded):
        try:
            learnt.append(learn(one.seconds, n_shifts))
        except SetupError as problem:
            raise SetupError(f"In {one.name}: {problem}") from problem
        progress(done + 1, len(recorded))
    whole = mean_of(learnt)
    left_out = [
        leave_out(about.emotions, groups, one.seconds.outputs, one.seconds.removed, one.labels)
        for one in recorded
    ]
    seconds = sum(len(one.seconds) * one.seconds.stride for one in recorded)
    about = replace(about, seconds=seconds, recordings=len(recorded))
    return replace(
        explained(about, montage, whole),
        left_out=tuple(_mean(same) for same in zip(*left_out, strict=True)),
        features_of=features_of,
        labelled=any(one.labels is not None for one in recorded),
        agreement=_agreement(learnt),
        truth=_truth(recorded, learnt, n_shifts),
    )


def explained(about: About, montage: Montage, learnt: Learnt) -> Explanation:
    """Return what follows from patterns alone."""
    n, pairs = len(montage.channels), montage.pairs
    graphs = []
    for e, emotion in enumerate(about.emotions):
        edge = learnt.edge[WHOLE, e]
        graphs.append(graph_of(emotion, ALL_BANDS, over_bands(edge), pairs, n))
        graphs += [
            graph_of(emotion, band, values, pairs, n)
            for band, values in zip(about.bands, edge, strict=True)
        ]
    return Explanation(
        about=about,
        montage=montage,
        learnt=learnt,
        graphs=tuple(graphs),
        stability=stability_of(learnt.edge),
        chance=chance_of(learnt, pairs, n),
        left_out=(),
        features_of=(0, 0),
        labelled=False,
        agreement=np.full(len(about.emotions), np.nan),
        truth=np.full((1, len(about.emotions)), np.nan),
    )


def _mean(same: Sequence[LeftOut]) -> LeftOut:
    """Return one region's loss as the mean over recordings."""
    if len(same) == 1:
        return same[0]
    numbers = ("whole", "without", "correlation", "drawn", "drawn_low", "drawn_high")
    means: dict[str, Any] = {
        name: float(np.mean([getattr(one, name) for one in same]))
        for name in (*numbers, "more_than_drawn")
    }
    return replace(same[0], **means)


def _agreement(learnt: Sequence[Learnt]) -> FloatArray:
    edges = [one.edge[WHOLE] for one in learnt]
    if len(edges) < 2:
        return np.full(len(edges[0]), np.nan)
    total = np.nansum(edges, axis=0)
    return np.asarray(np.mean([_alike(edge, total - edge) for edge in edges], axis=0))


def _truth(recorded: Sequence[Recorded], learnt: Sequence[Learnt], n_shifts: int) -> FloatArray:
    """Return how far patterns of what was decoded agree with those of what was true."""
    found = []
    for one, own in zip(recorded, learnt, strict=True):
        if one.labels is not None:
            labels = of_labels(one.seconds, one.labels, n_shifts)
            found.append([_alike(own.edge[WHOLE], turned) for turned in labels.astype(np.float64)])
    if not found:
        return np.full((1, learnt[0].edge.shape[1]), np.nan)
    fewest = min(len(one) for one in found)
    return np.asarray(np.mean([one[:fewest] for one in found], axis=0))


def _alike(a: FloatArray, b: FloatArray) -> list[float]:
    """Return the correlation of two sets of patterns, emotion by emotion."""
    return [alike(x, y) for x, y in zip(a, b, strict=True)]
