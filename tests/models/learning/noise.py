"""Noise of a few people with labels, quick to make features of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rtemotion.decoding import BaselineSpan
from rtemotion.features import Band, FeatureSchema
from rtemotion.models.datasets import Dataset, LabelledRecording, Series, Target, Trial
from rtemotion.models.datasets.rows import Preparation
from rtemotion.signal import Chunk, StreamInfo
from rtemotion.sources.memory import MemorySource

NAMES = ("Fp1", "Cz", "Pz", "O1")
SFREQ = 128.0
# Short windows keep these tests short.
SCHEMA = FeatureSchema(
    (
        Band("alpha", 8, 13, 1.0, 3.0, connectivity=True),
        Band("beta", 13, 30, 1.0, 3.0, connectivity=True),
    ),
    hop=0.5,
    measures=("imcoh",),
)
HOW = Preparation(SCHEMA)


def recording(
    seed: int, seconds: int = 100, names: Sequence[str] = NAMES, lag_s: float = 0.0
) -> LabelledRecording:
    """Return noise whose power at Cz follows joy, and whose power at O1 follows fear, later."""
    rng = np.random.default_rng(seed)
    info = StreamInfo(tuple(names), SFREQ, unit="V", name=f"n{seed}", reference="as recorded")
    n = round(seconds * SFREQ)
    at = np.arange(n) / SFREQ
    joy = 0.5 + 0.4 * np.sin(2 * np.pi * at / 37.0 + seed)
    fear = 0.5 + 0.4 * np.sin(2 * np.pi * at / 23.0 + 2.0 * seed)
    data = 10e-6 * rng.standard_normal((n, len(names)))
    if "Cz" in names:
        data[:, list(names).index("Cz")] *= 0.3 + 3.0 * joy
    if "O1" in names:
        data[:, list(names).index("O1")] *= 0.3 + 3.0 * fear
    if "Pz" in names:
        # An electrode that falls off for a while.
        gone = slice(round(0.5 * n), round(0.7 * n))
        data[gone, list(names).index("Pz")] = 0.0
    step = round(SFREQ)
    chunks = [Chunk(data[k : k + step], k, at[k : k + step]) for k in range(0, n, step)]
    labels = Series(at[::64] + lag_s, np.stack([joy, fear], axis=1)[::64])
    third = seconds / 3.0
    trials = tuple(Trial(f"clip{k}", k * third, (k + 1) * third, labels) for k in range(3))
    return LabelledRecording(
        subject=f"P{seed}",
        session="",
        name=f"n{seed}",
        open=lambda: MemorySource(info, chunks),
        find=lambda: trials,
        rest=BaselineSpan(0.0, 30.0),
    )


def people(*recordings: LabelledRecording, construct: str = "stimulus-inferred") -> Dataset:
    """Return recordings as a data set with two targets."""
    targets = (Target("joy", construct=construct), Target("fear", construct=construct))
    return Dataset("noise", recordings, targets, "continuous")
