"""What a ridge of one's own reaches on simulated brains: no model of others does better."""

from __future__ import annotations

import math
from dataclasses import replace

from .evaluate import Plan, evaluate
from .splits import Protocol
from .table import EvaluationError, FeatureTable


def ceiling_of(table: FeatureTable, plan: Plan) -> float | None:
    """Return the mean CCC of a within-subject oracle.

    A ridge learnt from a person and scored on what was held out of that person: sessions,
    stimuli or blocks of time, the first that can be had. None where none can.

    Parameters
    ----------
    table : FeatureTable
    plan : Plan
        Of the evaluation that it stands beside.
    """
    quick = replace(plan, shifts=0, baselines=False, resamples=2)
    for protocol in (Protocol.C, Protocol.A, Protocol.D):
        try:
            value = evaluate(table, None, protocol, quick).mean.ccc.value
        except EvaluationError:
            continue
        return value if math.isfinite(value) else None
    return None
