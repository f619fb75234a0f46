"""Which pairs of electrodes carry an emotion: the truth an explanation is held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray
from .brain import Brain
from .codes import BANDS, EMOTIONS, rhythm_table


@dataclass(frozen=True, eq=False)
class TruthEdges:
    """How strongly each pair of electrodes shows the coupling each emotion drives.

    Attributes
    ----------
    bands : tuple of str
        Theta, alpha, beta, gamma.
    pairs : array, shape (n_pairs, 2)
        Channel indices (i, j) with i < j.
    weights : array, shape (8, n_bands, n_pairs)
        Square volts, never negative; zero in bands an emotion does not use.
    """

    bands: tuple[str, ...]
    pairs: NDArray[np.int64]
    weights: FloatArray


def truth_edges(brain: Brain, average_reference: bool = True) -> TruthEdges:
    """Return the sensor edges of each emotion's coupled sources.

    Two sources p and q that are coupled a quarter cycle apart put
    ``L_ip L_jq - L_iq L_jp`` times the strength of the coupling into the imaginary part
    of the cross-spectrum of channels i and j; its magnitude, summed over the emotion's
    pairs, is the weight of (i, j). ``L`` holds the subject's moments, so the strength
    of each source counts. Codes that drive no coupling have edges of zero.

    Parameters
    ----------
    brain : Brain
        Subject, headset and code.
    average_reference : bool
        Take `L` after the average reference, as the decoder does its signals.
    """
    table = rhythm_table()
    gain = brain.rhythm_gain * brain.subject.amplifier_gain
    if average_reference:
        gain = gain - gain.mean(axis=0)
    first, second = np.triu_indices(brain.info.n_channels, 1)
    weights = np.zeros((len(EMOTIONS), len(BANDS), len(first)))
    if brain.code in ("network", "mix"):
        half = len(table.pair_emotion)
        for k, emotion in enumerate(table.pair_emotion):
            p, q = gain[:, k], gain[:, half + k]
            edge = np.abs(p[first] * q[second] - q[first] * p[second])
            weights[emotion, BANDS.index(table.band[k])] += edge
    return TruthEdges(BANDS, np.column_stack([first, second]).astype(np.int64), weights)
