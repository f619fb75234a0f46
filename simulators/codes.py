"""How emotions show in the brain: the codes, the same in every subject.

Each of twelve well-seen anchors has one rhythm in each of four bands. In each band
the twelve are matched into six coupled pairs, all of them different; an emotion owns
one pair in each of three bands. Under the *network* code it sets how strongly a pair's
target follows its source a quarter cycle later, with every power held; under the
*power* code it scales the amplitude of rhythms of its own. What an emotion does where
is invented: only the anchors are anatomy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray
from .anchors import anchor_index

EMOTIONS: tuple[str, ...] = (
    "anticipation",
    "joy",
    "trust",
    "fear",
    "surprise",
    "sadness",
    "disgust",
    "anger",
)
"""The eight emotions of Plutchik, in the order of every array over emotions."""

Code = Literal["network", "power", "mix", "none", "muscle", "eyes"]
CODES: tuple[Code, ...] = ("network", "power", "mix", "none", "muscle", "eyes")
"""What emotions change: coupling, power, both, nothing; or, as confounds do, muscle
tension or the rate of blinks and saccades while the brain knows nothing of them."""
COUPLING_CODES: tuple[Code, ...] = ("network", "mix")
"""The codes under which emotions drive coupling."""

BANDS: tuple[str, ...] = ("theta", "alpha", "beta", "gamma")
# Centre of each rhythm and half the width of its band, Hz; a subject's own alpha
# peak takes the place of the second centre.
CENTERS_HZ = {"theta": 6.0, "alpha": 10.0, "beta": 20.0, "gamma": 37.0}
HALF_WIDTHS_HZ = {"theta": 1.5, "alpha": 1.5, "beta": 5.0, "gamma": 5.0}
RESTING_ALPHA_HALF_WIDTH_HZ = 0.8
# Root mean square moment of a rhythm: weaker where the background is weaker.
MOMENTS_NAM = {"theta": 45.0, "alpha": 45.0, "beta": 35.0, "gamma": 25.0}

# Strength of coupling without and with the full emotion, and the natural logarithm
# of the amplitude ratio that the full emotion makes in the power code.
COUPLING_REST = 0.1
COUPLING_FULL = 0.95
POWER_GAIN = 0.9


@dataclass(frozen=True)
class Coupling:
    """A pair of anchors whose lagged coupling in one band follows one emotion."""

    emotion: str
    band: str
    source: str
    target: str


@dataclass(frozen=True)
class Scaling:
    """An anchor whose amplitude in one band follows one emotion."""

    emotion: str
    band: str
    anchor: str


_SHORT = {
    "PL": "left prefrontal",
    "PR": "right prefrontal",
    "SL": "left superior temporal",
    "SR": "right superior temporal",
    "TL": "left temporal pole",
    "TR": "right temporal pole",
    "OL": "left orbitofrontal",
    "OR": "right orbitofrontal",
    "IL": "left insula",
    "IR": "right insula",
    "MP": "medial prefrontal",
    "PC": "posterior cingulate",
}
RHYTHM_ANCHORS: tuple[str, ...] = tuple(_SHORT.values())
"""The anchors that have rhythms of their own."""

# Factor on the moment: patches deeper down must be larger to be seen at all.
PATCH_FACTORS: dict[str, float] = {
    "posterior cingulate": 1.8,
    "medial prefrontal": 1.3,
    "left temporal pole": 1.4,
    "right temporal pole": 1.4,
    "left orbitofrontal": 1.4,
    "right orbitofrontal": 1.4,
    "left insula": 1.3,
    "right insula": 1.3,
}
"""Moment of an anchor's rhythms against those of the prefrontal anchors; 1 elsewhere."""

_PAIRS = {
    "theta": {
        "anticipation": "MP>PC",
        "trust": "PL>SR",
        "fear": "PR>SL",
        "surprise": "TL>OR",
        "disgust": "TR>OL",
        "anger": "IL>IR",
    },
    "alpha": {
        "anticipation": "PC>PR",
        "joy": "SL>MP",
        "fear": "SR>TL",
        "surprise": "PL>TR",
        "sadness": "IL>OR",
        "anger": "OL>IR",
    },
    "beta": {
        "anticipation": "SR>MP",
        "joy": "PR>TL",
        "trust": "SL>TR",
        "surprise": "PC>PL",
        "sadness": "OL>OR",
        "disgust": "IR>IL",
    },
    "gamma": {
        "joy": "PC>OR",
        "trust": "MP>TL",
        "fear": "PL>PR",
        "sadness": "SL>SR",
        "disgust": "OL>IR",
        "anger": "TR>IL",
    },
}
_SCALED = {
    "anticipation": "theta:MP beta:PL beta:PR alpha:SR",
    "joy": "alpha:PL gamma:SL gamma:SR beta:TL",
    "trust": "theta:PC alpha:MP beta:SR gamma:OL",
    "fear": "theta:SR beta:TR gamma:PR alpha:TL",
    "surprise": "gamma:PC beta:MP theta:TL alpha:OR",
    "sadness": "alpha:PR beta:SL theta:OL gamma:TL",
    "disgust": "theta:PL alpha:OL gamma:TR beta:OR",
    "anger": "theta:PR alpha:SL gamma:MP beta:PC",
}


def _couplings() -> tuple[Coupling, ...]:
    table = []
    for emotion in EMOTIONS:
        for band in BANDS:
            if emotion in _PAIRS[band]:
                source, target = _PAIRS[band][emotion].split(">")
                table.append(Coupling(emotion, band, _SHORT[source], _SHORT[target]))
    return tuple(table)


def _scalings() -> tuple[Scaling, ...]:
    slots = [
        (emotion, slot.split(":")) for emotion in EMOTIONS for slot in _SCALED[emotion].split()
    ]
    return tuple(Scaling(emotion, band, _SHORT[anchor]) for emotion, (band, anchor) in slots)


COUPLINGS: tuple[Coupling, ...] = _couplings()
"""Every pair whose coupling an emotion drives under the network code."""

SCALINGS: tuple[Scaling, ...] = _scalings()
"""Every rhythm whose amplitude an emotion drives under the power code."""


@dataclass(frozen=True, eq=False)
class RhythmTable:
    """The codes as arrays over the 48 rhythms, sources of pairs first.

    Rhythm k (k < 24) is the source of pair k, rhythm 24 + k its target.

    Attributes
    ----------
    anchor : array, shape (48,)
        Row of the anchor each rhythm lives at.
    band : tuple of str
        Band of each rhythm, 48 of them.
    pair_emotion : array, shape (24,)
        Index of the emotion that drives each pair.
    moment : array, shape (48,)
        Root mean square moment of each rhythm in a subject without peculiarities, A·m.
    scale : array, shape (48, 8)
        One where an emotion scales a rhythm, else zero.
    """

    anchor: NDArray[np.int64]
    band: tuple[str, ...]
    moment: FloatArray
    pair_emotion: NDArray[np.int64]
    scale: FloatArray


@cache
def rhythm_table() -> RhythmTable:
    """Return `COUPLINGS` and `SCALINGS` as arrays."""
    slots = [(c.band, c.source) for c in COUPLINGS] + [(c.band, c.target) for c in COUPLINGS]
    scale = np.zeros((len(slots), len(EMOTIONS)))
    for scaling in SCALINGS:
        row = slots.index((scaling.band, scaling.anchor))
        scale[row, EMOTIONS.index(scaling.emotion)] = 1.0
    return RhythmTable(
        anchor=np.array([anchor_index(anchor) for _, anchor in slots]),
        band=tuple(band for band, _ in slots),
        moment=np.array([1e-9 * MOMENTS_NAM[b] * PATCH_FACTORS.get(a, 1.0) for b, a in slots]),
        pair_emotion=np.array([EMOTIONS.index(c.emotion) for c in COUPLINGS]),
        scale=scale,
    )
