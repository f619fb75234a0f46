"""What decoding one full frame of 64 channels takes, features given."""

from __future__ import annotations

import statistics
import time
from itertools import islice

from ..decoding import Decoder, load_model
from ..pipeline import chain, feature_stages
from ..signal import FeatureFrame
from .measurements import Result
from .signals import endless, simulated


def measure(quick: bool = False) -> Result:
    """Return medians in milliseconds: of a frame, and of one that runs the network anew.

    The network runs only when a channel drops out or a baseline comes in.
    """
    model = load_model()
    info, data = simulated("cap64", 10.0 if quick else 40.0)
    card = model.card
    stages, conditioned = feature_stages(info, card.features, card.conditioning)
    hop = card.features.hop_samples(info.sfreq)
    frames = [
        item
        for chunk in islice(endless(data, info.sfreq, hop), len(data) // hop)
        for item in chain(stages, chunk)
        if isinstance(item, FeatureFrame) and item.full
    ]
    decoder = Decoder(conditioned, model)
    ordinary, anew = [], []
    for _ in range(2 if quick else 15):
        decoder.reset()
        first, *rest = (_seconds(decoder, frame) for frame in frames)
        anew.append(first)
        ordinary += rest
    return Result(
        {
            "decoder_64_ms": round(statistics.median(ordinary) * 1e3, 3),
            "decoder_64_network_ms": round(statistics.median(anew) * 1e3, 3),
        }
    )


def _seconds(decoder: Decoder, frame: FeatureFrame) -> float:
    began = time.perf_counter()
    for _ in decoder.process(frame):
        pass
    return time.perf_counter() - began
