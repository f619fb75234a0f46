"""How far annotators, or passes of one, agree: concordance and intraclass correlation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..signal import FloatArray
from .emotions import EMOTIONS
from .errors import AnnotationError
from .trajectory import Trajectory

# Times that differ by less are the same, s.
_SAME_S = 1e-3


@dataclass(frozen=True)
class Agreement:
    """How far two or more series of scores of one emotion agree.

    Attributes
    ----------
    emotion : str
    n : int
        Segments that every series scored.
    ccc : float
        Lin's concordance correlation, its mean over pairs where there are more than two.
    icc : float
        ICC(2,1).
    means : tuple of float
        Mean of each series over those segments.
    """

    emotion: str
    n: int
    ccc: float
    icc: float
    means: tuple[float, ...]


def concordance(a: FloatArray, b: FloatArray) -> float:
    """Return Lin's concordance correlation of two series, shape (n,).

    NaN where neither changes and they are equal, or with fewer than two values.

    References
    ----------
    Lin 1989, Biometrics 45:255.
    """
    if len(a) < 2:
        return float("nan")
    together = 2.0 * float(np.mean((a - a.mean()) * (b - b.mean())))
    return _ratio(together, float(a.var() + b.var() + (a.mean() - b.mean()) ** 2))


def intraclass(ratings: FloatArray) -> float:
    """Return ICC(2,1): two-way random effects, absolute agreement, a single rater.

    NaN where nothing varies, or with fewer than two segments.

    Parameters
    ----------
    ratings : array, shape (n_segments, n_raters)

    References
    ----------
    Shrout & Fleiss 1979, Psychological Bulletin 86:420.
    """
    n, k = ratings.shape
    if n < 2 or k < 2:
        return float("nan")
    grand, of_rows, of_raters = ratings.mean(), ratings.mean(axis=1), ratings.mean(axis=0)
    rows = k * float(np.sum((of_rows - grand) ** 2)) / (n - 1)
    raters = n * float(np.sum((of_raters - grand) ** 2)) / (k - 1)
    rest = ratings - of_rows[:, None] - of_raters + grand
    error = float(np.sum(rest**2)) / ((n - 1) * (k - 1))
    return _ratio(rows - error, rows + (k - 1) * error + k * (raters - error) / n)


def agreement(series: Sequence[FloatArray]) -> tuple[Agreement, ...]:
    """Compare series of scores emotion by emotion, over the segments all of them scored.

    Parameters
    ----------
    series : sequence of array, each of shape (n_segments, 8)
    """
    ratings = np.stack(series, axis=-1)
    found = []
    for i, emotion in enumerate(EMOTIONS):
        one = ratings[:, i]
        one = one[np.isfinite(one).all(axis=1)]
        pairs = [concordance(one[:, a], one[:, b]) for a, b in combinations(range(len(series)), 2)]
        means = tuple(one.mean(axis=0).tolist()) if len(one) else (float("nan"),) * len(series)
        found.append(Agreement(emotion, len(one), float(np.mean(pairs)), intraclass(one), means))
    return tuple(found)


def compare(a: Trajectory, b: Trajectory) -> tuple[Agreement, ...]:
    """Compare the raw scores of two trajectories of one story.

    Raises
    ------
    AnnotationError
        If they are not cut into the same segments.
    """
    if len(a.segments) != len(b.segments):
        raise AnnotationError(
            f"the trajectories have {len(a.segments)} and {len(b.segments)} segments, expected "
            "the same story cut alike; annotate both from the same words with the same --segment."
        )
    for i, (one, other) in enumerate(zip(a.segments, b.segments, strict=True)):
        apart = max(abs(one.start - other.start), abs(one.end - other.end))
        if one.marker != other.marker or apart > _SAME_S:
            raise AnnotationError(
                f"segment {i} is '{one.marker}' {one.start:g} to {one.end:g} s in the one and "
                f"'{other.marker}' {other.start:g} to {other.end:g} s in the other, expected the "
                "same; annotate both from the same words with the same --segment."
            )
    return agreement([a.raw, b.raw])


def _ratio(above: float, below: float) -> float:
    # Rounding leaves about 1e-17 where there is nothing to compare.
    return above / below if below > 1e-15 else float("nan")
