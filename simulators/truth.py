"""How the true emotions travel beside the EEG, on the network and in files alike."""

from __future__ import annotations

import math

TRUTH_TYPE = "EmotionTruth"
TRUTH_HOP_S = 0.25


def truth_hop(sfreq: float) -> int:
    """Return every how many EEG samples the truth is told, about four times a second."""
    return max(1, math.floor(TRUTH_HOP_S * sfreq))
