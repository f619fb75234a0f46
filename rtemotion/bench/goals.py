"""The goals, and whether what was measured meets them."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SENSES = {">=": operator.ge, "<=": operator.le, "<": operator.lt}


@dataclass(frozen=True)
class Goal:
    """One number to reach.

    Attributes
    ----------
    key : str
        Where the number stands in the results, dots between.
    what : str
        The number in words.
    sense : {">=", "<=", "<"}
        How the number has to stand to the limit.
    limit : float
        The limit.
    unit : str
        Unit of both, empty where there is none.
    """

    key: str
    what: str
    sense: str
    limit: float
    unit: str = ""


GOALS = (
    Goal("hop_64.ratio", "64 channels, faster than mne-connectivity", ">=", 25.0, "x"),
    Goal("hop_64.ratio_paced", "64 channels, the same at 4 Hz", ">=", 25.0, "x"),
    Goal("hop_64.largest_difference", "64 channels, difference from it", "<", 1e-10),
    Goal("hop_128.ratio", "128 channels, faster than mne-connectivity", ">=", 20.0, "x"),
    Goal("hop_128.ratio_paced", "128 channels, the same at 4 Hz", ">=", 20.0, "x"),
    Goal("hop_128.largest_difference", "128 channels, difference from it", "<", 1e-10),
    Goal("hop_256_core_share", "256 channels at 1 kHz, share of a core", "<=", 0.30),
    Goal("hop_256_peak_mb", "256 channels at 1 kHz, peak memory", "<=", 300.0, "MB"),
    Goal("decoder_64_ms", "64 channels, decoding one frame", "<=", 0.5, "ms"),
    Goal("latency_ms.p99", "sample to emotion over LSL, 99th percentile", "<=", 20.0, "ms"),
    Goal("latency_64_ms.p50", "the same, 64 channels at 500 Hz, median", "<=", 3.0, "ms"),
    Goal("latency_64_ms.p99", "the same, 99th percentile", "<=", 10.0, "ms"),
    Goal("replay_x_realtime", "replay of a file into a table, one core", ">=", 300.0, "x"),
    Goal("memory_growth_mb", "memory grown after the first minute", "<", 5.0, "MB"),
)


@dataclass(frozen=True)
class Verdict:
    """A goal and what was measured.

    Attributes
    ----------
    goal : Goal
        The goal.
    measured : float or None
        The number, None where it was not measured.
    met : bool or None
        Whether it meets the goal, None where it was not measured.
    """

    goal: Goal
    measured: float | None
    met: bool | None


def judge(results: Mapping[str, Any]) -> list[Verdict]:
    """Return a verdict for every goal whose measurement was asked for.

    Parameters
    ----------
    results : mapping
        Measured values by their keys, nested as in the JSON; None where a value is missing.
    """
    verdicts = []
    for goal in GOALS:
        outer, _, inner = goal.key.partition(".")
        if outer not in results:
            continue
        found = results[outer]
        measured = found.get(inner) if inner and found is not None else found
        met = None if measured is None else bool(_SENSES[goal.sense](measured, goal.limit))
        verdicts.append(Verdict(goal, measured, met))
    return verdicts
