"""Regions of the head, by where electrodes sit."""

from __future__ import annotations

from functools import cache

import numpy as np

from ..signal import FloatArray

LOBES = ("frontal", "central", "temporal", "parietal", "occipital")
SIDES = ("left", "mid", "right")
REGIONS: tuple[str, ...] = tuple(f"{side} {lobe}" for lobe in LOBES for side in SIDES)
"""From front to back, and from left to right."""

# Rows of the 10-05 system; those between two lobes count to the one nearer to them.
_ROWS = {
    "frontal": ["Fp", "AFp", "AF", "AFF", "F"],
    "central": ["FFC", "FC", "FCC", "C", "CCP"],
    "temporal": ["FFT", "FT", "FTT", "T", "TTP", "TP", "TPP"],
    "parietal": ["CP", "CPP", "P", "PPO"],
    "occipital": ["PO", "POO", "O", "OI", "I"],
}
_LOBE_OF = {row: lobe for lobe, rows in _ROWS.items() for row in rows}
# Electrodes are seen from here, the middle of the sphere that a head resembles, in metres.
_MIDDLE = np.array([0.0, 0.0, 0.04])


def regions_of(positions: FloatArray) -> tuple[str, ...]:
    """Return the region of every electrode: that of the nearest site of the 10-05 system.

    Positions decide, not labels: nets number their electrodes, and amplifiers name their
    inputs A1 to A32. A site's row is its lobe, with fronto-central sites counted to the
    central ones, centro-parietal ones to the parietal, and parieto-occipital ones to the
    occipital; its number says the side, and sites on the midline are ``"mid"``.

    Parameters
    ----------
    positions : array, shape (n_channels, 3)
        Metres, head frame; NaN where unknown.

    Returns
    -------
    tuple of str
        Each one of `REGIONS`, empty where the position is unknown.
    """
    sites, directions = _sites()
    known = np.asarray(np.isfinite(positions).all(axis=1))
    nearest = np.argmax(_directions(np.where(known[:, None], positions, 0.0)) @ directions.T, 1)
    return tuple(
        sites[i] if there else ""
        for i, there in zip(nearest.tolist(), known.tolist(), strict=True)
    )


@cache
def _sites() -> tuple[tuple[str, ...], FloatArray]:
    """Return the region of every site of the template head, and its direction."""
    from ..conditioning.channels import built_in_montage, positions_of

    names = [name for name in built_in_montage("colin27_1005").ch_names if _region(name)]
    regions = tuple(_region(name) for name in names)
    return regions, _directions(positions_of(names, "colin27_1005"))


def _region(site: str) -> str:
    """Return the region of a site, empty for one that is in none."""
    row = site.rstrip("0123456789zh")
    number = site[len(row) :].rstrip("h")
    if row not in _LOBE_OF or not number:
        return ""
    side = "mid" if number == "z" else ("right", "left")[int(number) % 2]
    return f"{side} {_LOBE_OF[row]}"


def _directions(positions: FloatArray) -> FloatArray:
    away = positions - _MIDDLE
    return np.asarray(away / np.linalg.norm(away, axis=1, keepdims=True))
