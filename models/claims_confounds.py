"""Claim: where brains say nothing of emotions the decoder finds nothing, and speaks up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray
from ..simulators.codes import Code
from .benchmark_report import CONFOUNDS
from .claims_live import Shown
from .claims_study import Finding, Study, numbers, said
from .scoring import Interval, concordance, over_people

CLAIM = "confounds"
# What may speak against frames under these codes; without any code nothing should.
WARNED: tuple[Code, ...] = ("muscle", "eyes")


def measure(study: Study) -> Iterator[Finding]:
    """Decode people whose muscles, eyes or nothing follow their emotions, live.

    *Concordance.* CCC on the scored stretch at every hop, mean over emotions, then over
    people. It is not above chance if its interval over people holds 0 or lies below, or
    the mean stays within what the same predictions reach with the labels of another
    person: the 97.5th percentile of means over people, everybody given the labels of the
    next person, of the next but one, and so on round.

    *Reasons.* The share of frames of the scored stretch with `artifact` or `unfamiliar`
    against them, on people with the code and on the same people with the code mix and
    usual artifacts. Where muscles or eyes speak, the share has to be higher, the interval
    of the difference above 0.
    """
    ordinary = _warned(study, list(study.shown(study.sittings("mix"))))
    shares = {"mix": ordinary}
    for code in CONFOUNDS:
        shown = list(study.shown(study.sittings(code)))
        shares[code] = _warned(study, shown)
        yield _concordance(study, code, shown)
    for code in WARNED:
        yield _reasons(code, shares)


def _concordance(study: Study, code: Code, shown: list[Shown]) -> Finding:
    parts = [one.within(study.benchmark.scored_span) for one in shown]
    means = [one.means[part] for one, part in zip(shown, parts, strict=True)]
    truths = [one.truth[part] for one, part in zip(shown, parts, strict=True)]
    found = over_people(_ccc(means, truths))
    handed = [float(_ccc(means, [*truths[k:], *truths[:k]]).mean()) for k in range(1, len(truths))]
    chance = float(np.quantile(handed, 0.975))
    return Finding(
        CLAIM,
        f"CCC on {code} people",
        f"interval holds 0, or mean within chance, {chance:.3f}",
        said(found),
        not_above(found, chance),
        {"ccc": numbers(found), "others_labels": [round(x, 6) for x in handed]},
    )


def not_above(found: Interval, chance: float) -> bool:
    """Tell whether a score over people is no more than chance."""
    return found.low <= 0.0 or found.mean <= chance


def _ccc(means: list[FloatArray], truths: list[FloatArray]) -> FloatArray:
    """Return the mean CCC of each person, over the frames that have a value."""
    scores = []
    for mean, truth in zip(means, truths, strict=True):
        n = min(len(mean), len(truth))
        there = np.isfinite(mean[:n]).all(axis=1)
        scores.append(concordance(mean[:n][there], truth[:n][there]).mean())
    return np.array(scores)


def _warned(study: Study, shown: list[Shown]) -> FloatArray:
    def against(one: Shown) -> NDArray[np.bool_]:
        return (one.artifact | one.unfamiliar)[one.within(study.benchmark.scored_span)]

    return np.array([against(one).mean() for one in shown])


def _reasons(code: Code, shares: Mapping[str, FloatArray]) -> Finding:
    more = over_people(shares[code] - shares["mix"])
    told = ", ".join(f"{name} {share.mean():.3f}" for name, share in shares.items())
    return Finding(
        CLAIM,
        f"share of frames with artifact or unfamiliar, {code} - mix",
        "above 0",
        f"{said(more)} ({told})",
        more.low > 0.0,
        {
            "more": numbers(more),
            "shares": {name: share.round(6).tolist() for name, share in shares.items()},
        },
    )
