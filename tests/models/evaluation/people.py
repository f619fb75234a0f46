"""A few simulated people with their true emotions, as a data set; nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from rtemotion.decoding import BaselineSpan
from rtemotion.models.datasets import Dataset, LabelledRecording, Series, Target, Trial
from rtemotion.simulators import EMOTIONS, Brain, Subject
from rtemotion.sources.memory import MemorySource

REST_S, SECONDS = 65.0, 260.0


def listen(seed: int, code: str, real: bool) -> tuple[Callable[[], MemorySource], list[Trial]]:
    brain = Brain(Subject.draw(seed), "muse", seed=seed, rest_s=REST_S, code=code)  # type: ignore[arg-type]
    info = brain.info
    if real:
        from dataclasses import replace

        info = replace(info, simulated=False)
    step = round(info.sfreq)
    parts = [brain.read(step) for _ in range(round(SECONDS))]
    truth = np.array([values[-1] for _, values in parts])
    labels = Series(np.arange(1.0, len(parts) + 1), truth)
    chunks = [chunk for chunk, _ in parts]
    return lambda: MemorySource(info, chunks), [Trial("", REST_S, SECONDS, labels)]


def people(n: int = 3, code: str = "mix", real: bool = False, first: int = 40) -> Dataset:
    """Return some people; `real` has them say that nobody simulates them."""
    recordings = []
    for seed in range(first, first + n):
        opened, trials = listen(seed, code, real)
        recordings.append(
            LabelledRecording(
                subject=f"P{seed}",
                session="",
                name="1",
                open=opened,
                find=partial(tuple, trials),
                rest=BaselineSpan(0.0, REST_S),
            )
        )
    return Dataset("people", tuple(recordings), tuple(Target(n) for n in EMOTIONS), "continuous")
