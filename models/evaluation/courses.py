"""A few recordings with what was said of them, as they are drawn: good, usual and bad ones."""

from __future__ import annotations

import numpy as np

from .crossfit import HeldOut
from .result import Course
from .shifts import correlation
from .table import FeatureTable

_WHY = ("best", "middle", "worst")


def courses_of(table: FeatureTable, held: HeldOut) -> tuple[Course, ...]:
    """Return the best, the middle and the worst recording by mean r over targets.

    People in place of recordings where labels are one rating a clip.

    Parameters
    ----------
    table : FeatureTable
    held : HeldOut
        Whole clips where clips are rated.
    """
    rating = table.kind == "rating"
    unit = (table.subject if rating else table.recording)[held.rows]
    names = table.subjects if rating else table.recordings
    scored: list[tuple[float, int]] = []
    for code in np.unique(unit):
        rows = unit == code
        r = correlation(held.prediction[rows], held.truth[rows])
        if np.isfinite(r).any():
            scored.append((float(r[np.isfinite(r)].mean()), int(code)))
    scored.sort(reverse=True)
    picked = dict.fromkeys([0, len(scored) // 2, len(scored) - 1]) if scored else {}
    # With two recordings there is no middle.
    whys = _WHY if len(picked) == 3 else (_WHY[0], _WHY[2])
    return tuple(
        _course(table, held, np.flatnonzero(unit == scored[k][1]), names[scored[k][1]], why, k_r)
        for k, why, k_r in zip(picked, whys, [scored[k][0] for k in picked], strict=False)
    )


def _course(
    table: FeatureTable, held: HeldOut, rows: np.ndarray, who: str, why: str, r: float
) -> Course:
    rating = table.kind == "rating"
    clock = table.stimulus if rating else table.times
    rows = rows[np.argsort(clock[held.rows[rows]], kind="stable")]
    at = held.rows[rows]
    clips = tuple(table.stimuli[code] for code in table.stimulus[at]) if rating else ()
    half, middle = held.half_width[rows], held.middle[rows]
    return Course(
        who=who,
        why=why,
        r=r,
        clips=clips,
        times=np.arange(1.0, len(rows) + 1) if rating else table.times[at],
        truth=held.truth[rows],
        prediction=held.prediction[rows],
        low=middle - half,
        high=middle + half,
    )
