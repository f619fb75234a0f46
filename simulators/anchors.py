"""The 29 anchors of 18 brain structures, in MNI millimetres.

Coordinates follow Vos et al., arXiv 2508.09337 (version 2 and later); bilateral
structures are listed left (negative x) before right.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ..signal import FloatArray

_BILATERAL = {
    "amygdala": (20, -5, -18),
    "anterior cingulate": (5, 25, 25),
    "insula": (40, 8, 0),
    "orbitofrontal": (25, 40, -15),
    "hippocampus": (25, -15, -20),
    "prefrontal": (45, 30, 30),
    "temporal pole": (40, 20, -25),
    "superior temporal": (55, -25, 10),
    "caudate": (12, 12, 8),
    "putamen": (25, 5, 0),
    "accumbens": (8, 8, -8),
}
_MIDLINE = {
    "hypothalamus": (0, -2, -15),
    "periaqueductal grey": (0, -28, -10),
    "ventral tegmental area": (0, -15, -20),
    "raphe": (0, -25, -30),
    "locus coeruleus": (0, -37, -28),
    "posterior cingulate": (0, -50, 25),
    "medial prefrontal": (0, 45, 20),
}


def _both_sides() -> dict[str, tuple[int, int, int]]:
    table: dict[str, tuple[int, int, int]] = {}
    for name, (x, y, z) in _BILATERAL.items():
        table[f"left {name}"] = (-x, y, z)
        table[f"right {name}"] = (x, y, z)
    return table | _MIDLINE


ANCHORS_MNI_MM: dict[str, tuple[int, int, int]] = _both_sides()
"""Name of each anchor to its (x, y, z) in MNI millimetres."""

ANCHOR_NAMES: tuple[str, ...] = tuple(ANCHORS_MNI_MM)
"""The anchors' names, in the order of every array over anchors."""


@cache
def anchor_index(name: str) -> int:
    """Return the row of an anchor in every array over anchors."""
    return ANCHOR_NAMES.index(name)


def anchors_mni() -> FloatArray:
    """Return the anchors in metres, MNI frame, shape (29, 3)."""
    return np.array(list(ANCHORS_MNI_MM.values()), dtype=np.float64) / 1000.0
