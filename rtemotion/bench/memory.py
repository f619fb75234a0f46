"""Whether memory and the cost of a hop stay flat over a long run at full speed.

A simulated recording of 32 channels goes round and round through conditioning,
features and decoder, with a baseline, as it would live.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice

import numpy as np

from ..decoding import BaselineSpan, load_model
from ..errors import SetupError
from ..pipeline import Pipeline
from ..signal import FloatArray
from .measurements import Result
from .memory_use import NO_MEMORY, resident_mb
from .signals import endless, simulated


def measure(
    quick: bool = False,
    minutes: float = 20.0,
    told: Callable[[float], None] = lambda minute: None,
) -> Result:
    """Return the growth of resident memory in MB after the first minute of signal.

    Parameters
    ----------
    quick : bool
        Little more than a minute of signal only.
    minutes : float
        Minutes of signal, more than one.
    told : callable
        Called with the number of every full minute of signal.

    Returns
    -------
    Result
        The growth, and the median processor time of a hop among the last thousand over
        that among the first thousand; the same of the second half over the first, which
        depends less on what else the machine was doing at either end.

    Raises
    ------
    SetupError
        If there is no more than a minute.
    """
    minutes = 1.25 if quick else minutes
    if not minutes > 1.0:
        raise SetupError(
            f"growth counts from the first minute on, got {minutes:g} minutes of signal; "
            "take more than a minute"
        )
    info, data = simulated("cap32", 60.0 if quick else 300.0)
    pipeline = Pipeline(info, load_model(), span=BaselineSpan(0.0, 75.0))
    hop = round(pipeline.hop * info.sfreq)
    per_minute = round(60.0 / pipeline.hop)
    # Made and written to beforehand, or it would grow with the run.
    costs = np.full(round(minutes * per_minute), np.nan)
    after_first = None
    for k, chunk in enumerate(islice(endless(data, info.sfreq, hop), len(costs))):
        began = time.process_time()
        for _ in pipeline.process(chunk):
            pass
        costs[k] = time.process_time() - began
        if (k + 1) % per_minute == 0:
            minute = (k + 1) // per_minute
            after_first = resident_mb() if minute == 1 else after_first
            told(minute)
    at_end = resident_mb()
    half = len(costs) // 2
    few = min(1000, half)
    values = {
        "memory_growth_mb": None,
        "memory_minutes": minutes,
        "hop_cost_late_to_early": _ratio(costs[-few:], costs[:few]),
        "hop_cost_second_half_to_first": _ratio(costs[half:], costs[:half]),
    }
    if after_first is None or at_end is None:
        return Result(values, {"memory_growth_mb": NO_MEMORY})
    return Result(values | {"memory_growth_mb": round(at_end - after_first, 2)})


def _ratio(late: FloatArray, early: FloatArray) -> float:
    return round(float(np.median(late) / np.median(early)), 3)
