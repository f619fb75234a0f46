"""Which pairs of electrodes carry an emotion: the truth an explanation is held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray
from .anchors import ANCHOR_NAMES
from .brain import Brain
from .codes import BANDS, COUPLING_CODES, COUPLING_FULL, COUPLING_REST, EMOTIONS, rhythm_table


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


@dataclass(frozen=True, eq=False)
class SourceEdges:
    """How much each emotion strengthens the coupling of each two anchors.

    Attributes
    ----------
    bands : tuple of str
        Theta, alpha, beta, gamma.
    anchors : tuple of str
        The 29 anchors, in the order of the last two axes.
    weights : array, shape (8, n_bands, 29, 29)
        Entry (e, b, p, q): what full emotion e adds to the coefficient with which
        anchor q follows anchor p a quarter cycle later; zero for what is not coupled.
    """

    bands: tuple[str, ...]
    anchors: tuple[str, ...]
    weights: FloatArray


def source_edges(brain: Brain) -> SourceEdges:
    """Return the directed edges between anchors; zero under codes without coupling.

    The leading anchor is the row: with p before q, Im(X_p X̄_q) is positive.
    """
    table = rhythm_table()
    count = len(ANCHOR_NAMES)
    weights = np.zeros((len(EMOTIONS), len(BANDS), count, count))
    if brain.code in COUPLING_CODES:
        half = len(table.pair_emotion)
        band = [BANDS.index(name) for name in table.band[:half]]
        leads, follows = table.anchor[:half], table.anchor[half:]
        weights[table.pair_emotion, band, leads, follows] = COUPLING_FULL - COUPLING_REST
    return SourceEdges(BANDS, ANCHOR_NAMES, weights)


def truth_edges(brain: Brain, average_reference: bool = True) -> TruthEdges:
    """Return the sensor edges of each emotion's coupled sources.

    Two sources p and q that are coupled a quarter cycle apart put
    ``L_ip L_jq - L_iq L_jp`` times the strength of the coupling into the imaginary part
    of the cross-spectrum of channels i and j; its magnitude, summed over the emotion's
    pairs, is the weight of (i, j). ``L`` holds the subject's moments, so the strength
    of each source counts. Codes that drive no coupling have edges of zero, and so have
    dead channels, which are left out of the reference as well.

    Parameters
    ----------
    brain : Brain
        Subject, headset and code.
    average_reference : bool
        Take `L` after the average reference, as the decoder does its signals.
    """
    table = rhythm_table()
    gain = brain.rhythm_gain * brain.subject.amplifier_gain
    gain[brain.dead] = 0.0
    alive = np.setdiff1d(np.arange(brain.info.n_channels), brain.dead)
    if average_reference and len(alive):
        gain[alive] -= gain.sum(axis=0) / len(alive)
    first, second = np.triu_indices(brain.info.n_channels, 1)
    weights = np.zeros((len(EMOTIONS), len(BANDS), len(first)))
    if brain.code in COUPLING_CODES:
        half = len(table.pair_emotion)
        for k, emotion in enumerate(table.pair_emotion):
            p, q = gain[:, k], gain[:, half + k]
            edge = np.abs(p[first] * q[second] - q[first] * p[second])
            weights[emotion, BANDS.index(table.band[k])] += edge
    return TruthEdges(BANDS, np.column_stack([first, second]).astype(np.int64), weights)
