"""What 256 channels at 1 kHz take of a core and of memory, four frames a second.

Raw chunks of 20 ms go through conditioning and the shipped model's features as live;
processor time per second of signal does not depend on the pace.
"""

from __future__ import annotations

import time
from itertools import islice

from ..decoding import load_model
from ..pipeline import chain, feature_stages
from .measurements import Result
from .memory_use import NO_MEMORY, peak_mb
from .signals import dense, endless

N_CHANNELS, SFREQ, CHUNK_S = 256, 1000.0, 0.02


def measure(quick: bool = False) -> Result:
    """Return the share of a core, that of the features alone, and the peak memory in MB."""
    warm_up, seconds = (1.0, 1.0) if quick else (16.0, 40.0)
    info, data = dense(N_CHANNELS, SFREQ, 1.0 if quick else 4.0)
    card = load_model().card
    stages, _ = feature_stages(info, card.features, card.conditioning)
    *front, features = stages
    chunks = endless(data, SFREQ, round(CHUNK_S * SFREQ))
    spent_front = spent_features = 0.0

    def run(length: float) -> None:
        nonlocal spent_front, spent_features
        spent_front = spent_features = 0.0
        for chunk in islice(chunks, round(length / CHUNK_S)):
            began = time.process_time()
            conditioned = list(chain(front, chunk))
            between = time.process_time()
            for item in conditioned:
                for _ in features.process(item):
                    pass
            spent_front += between - began
            spent_features += time.process_time() - between

    run(warm_up)
    run(seconds)
    peak = peak_mb()
    values = {
        "hop_256_core_share": round((spent_front + spent_features) / seconds, 4),
        "hop_256_features_share": round(spent_features / seconds, 4),
        "hop_256_peak_mb": None if peak is None else round(peak, 1),
    }
    return Result(values, {"hop_256_peak_mb": NO_MEMORY} if peak is None else {})
