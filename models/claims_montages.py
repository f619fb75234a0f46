"""Claim: one model file decodes every headset, and more electrodes do not make it worse."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from ..signal import FloatArray
from ..simulators.codes import Code
from ..simulators.headsets import get_headset
from .claims_study import Finding, Study, numbers, said
from .scoring import concordance, over_people

CLAIM = "montages"


def measure(study: Study) -> Iterator[Finding]:
    """Score the same people in the same sessions under headsets of fewer and fewer channels.

    The score is the CCC of what the decoder shows, not rescaled, over the scored stretch;
    the mean over emotions, then over people. From one headset to the next one with fewer
    channels it has to fall, or rise by no more than chance: the interval over people of
    the difference on the same person may not lie above 0.
    """
    for code in study.codes:
        yield _montages(study, code)


def _montages(study: Study, code: Code) -> Finding:
    ccc: dict[str, FloatArray] = {}
    for headset in study.montages:
        records = study.records(study.sittings(code, headset))
        seen = (study.seen(record) for record in records)
        ccc[headset] = np.array([concordance(one.means, one.truth).mean() for one in seen])
    scores = {headset: over_people(values) for headset, values in ccc.items()}
    rises = {
        f"{fewer} - {more}": over_people(ccc[fewer] - ccc[more])
        for more, fewer in pairwise(study.montages)
    }
    counts = {headset: len(get_headset(headset).channels) for headset in study.montages}
    return Finding(
        CLAIM,
        f"CCC with {', '.join(map(str, counts.values()))} channels, code {code}",
        "falls with fewer channels, or stays within its interval",
        ", ".join(f"{headset} {said(score)}" for headset, score in scores.items()),
        all(rise.low <= 0.0 for rise in rises.values()),
        {
            "ccc": {headset: numbers(score) for headset, score in scores.items()},
            "rise": {step: numbers(rise) for step, rise in rises.items()},
            "people": {headset: values.round(6).tolist() for headset, values in ccc.items()},
        },
    )
