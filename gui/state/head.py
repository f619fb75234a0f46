"""The head seen from above: where channels lie, and how values between them are filled in."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from ...signal import FloatArray

# Channels this near the line from nose to neck belong to neither side (disc radii).
_MIDLINE = 0.04
_FEWEST = 3
# A face or a neck is no further from the vertex; what lies beyond is a wrong position.
_WIDEST = 1.6
# Two circles closer than this look like a mistake.
_BARELY = 1.05


def disc(positions: FloatArray) -> FloatArray:
    """Project positions to the flat picture of the head that EEG maps use.

    Azimuthal equidistant about the vertex, seen from the origin of MNE's head frame, which
    is where MNE's own maps are seen from: distance from the middle is the angle from the
    vertex, and directions are kept.

    Parameters
    ----------
    positions : array, shape (n_channels, 3)
        Metres, MNE head frame (x to the right ear, y to the nose, z up). A row of NaN is a
        channel whose place is not known.

    Returns
    -------
    array, shape (n_channels, 2)
        Right and front. The circle of radius 1 is the plane of ears and nasion. NaN where
        the place is not known, or is the origin itself.
    """
    positions = np.asarray(positions, dtype=np.float64).reshape(-1, 3)
    across = np.hypot(positions[:, 0], positions[:, 1])
    angle = np.arctan2(across, positions[:, 2]) / (np.pi / 2)
    # On the axis every direction is as good: the middle, or NaN for the origin.
    straight = np.where(across > 0, across, 1.0)[:, None]
    flat = positions[:, :2] / straight * angle[:, None]
    nowhere = ~np.isfinite(positions).all(axis=1) | ~positions.any(axis=1)
    flat[nowhere] = np.nan
    return flat


def around(positions: FloatArray) -> FloatArray:
    """Place channels around a circle: left ones on the left, front ones at the top.

    Each side has half of what the midline leaves free and fills it evenly, so that left and
    right face each other in symmetric montages and no channel ever changes sides.

    Parameters
    ----------
    positions : array, shape (n_channels, 3)
        Metres, MNE head frame; NaN where not known.

    Returns
    -------
    array, shape (n_channels,)
        Angles in radians, clockwise from the top. Channels whose place is not known follow
        those of the midline at the bottom, from left to right in their order.
    """
    flat = disc(positions)
    n = len(flat)
    placed = np.asarray(np.isfinite(flat).all(axis=1))
    x, y = np.where(placed[:, None], flat, 0.0).T
    side = np.where(np.abs(x) <= _MIDLINE, 0.0, np.sign(x))
    from_top = np.abs(np.arctan2(x, y))
    by_front = np.lexsort((np.arange(n), -y))
    top = [k for k in by_front if placed[k] and side[k] == 0 and y[k] >= 0]
    back = [k for k in by_front if placed[k] and side[k] == 0 and y[k] < 0]
    bottom = back + list(np.flatnonzero(~placed))
    angles = np.empty(n)
    half_top, half_bottom = np.pi * len(top) / max(n, 1), np.pi * len(bottom) / max(n, 1)
    angles[top] = _spread(-half_top, half_top, len(top))
    angles[bottom] = _spread(np.pi + half_bottom, np.pi - half_bottom, len(bottom))
    for sign in (-1.0, 1.0):
        on = np.flatnonzero(placed & (side == sign))
        on = on[np.lexsort((on, from_top[on]))]
        angles[on] = sign * _spread(half_top, np.pi - half_bottom, len(on))
    return angles


def _spread(start: float, stop: float, count: int) -> FloatArray:
    """Middles of equal parts."""
    return start + (stop - start) * (np.arange(count) + 0.5) / max(count, 1)


class Interpolation:
    """Fills in values between channels: one matrix product for each map.

    The matrix is the answer of `scipy.interpolate.RBFInterpolator` (kernel ``"linear"``,
    which neither swings nor runs away outside the channels) to one channel at a time.
    Channels left out change the matrix, so those of the last few selections are kept.

    Parameters
    ----------
    positions : array, shape (n_channels, 3)
        Metres, MNE head frame; NaN where not known.
    size : int
        Pixels along each side of a map.

    Attributes
    ----------
    places : array, shape (n_channels, 2)
        Where the channels lie (`disc`).
    radius : float
        Of the scalp circle, beyond which nothing is shown: 1, or more where channels lie
        below the ears. The map's square just holds it.
    """

    def __init__(self, positions: FloatArray, size: int = 64) -> None:
        self.places = disc(positions)
        self._placed = np.asarray(np.isfinite(self.places).all(axis=1))
        reach = np.hypot(*self.places[self._placed].T)
        furthest = float(reach.max(initial=1.0))
        self.radius = min(furthest, _WIDEST) if furthest > _BARELY else 1.0
        self._placed[self._placed] = reach <= _WIDEST
        self._size = size
        middles = ((np.arange(size) + 0.5) / size * 2 - 1) * self.radius
        x, y = np.meshgrid(middles, -middles)
        # A pixel that the circle crosses belongs to the map, as do its neighbours when the
        # map is drawn larger.
        edge = self.radius + 2 * np.sqrt(2) * self.radius / size
        self._inside = np.hypot(x, y) <= edge
        self._pixels = np.column_stack([x[self._inside], y[self._inside]])
        self._operators: OrderedDict[bytes, FloatArray] = OrderedDict()

    def usable(self, values: FloatArray) -> NDArray[np.bool_]:
        """Return which channels have both a place and a value, shape (n_channels,)."""
        return np.asarray(self._placed & np.isfinite(values))

    def reason_against(self, values: FloatArray) -> str:
        """Return why these values make no map, in one sentence, or an empty text.

        Parameters
        ----------
        values : array, shape (n_channels,)
            NaN leaves a channel out.
        """
        n_usable = int(self.usable(values).sum())
        if n_usable >= _FEWEST:
            return ""
        n_placed = int(self._placed.sum())
        if n_placed < _FEWEST:
            return (
                f"A map needs {_FEWEST} channels with positions, here are {n_placed}: "
                "name a montage."
            )
        return f"A map needs {_FEWEST} good channels, here are {n_usable}."

    def map(self, values: FloatArray) -> FloatArray:
        """Fill in the values between the channels.

        Parameters
        ----------
        values : array, shape (n_channels,)
            NaN leaves a channel out. At least three must remain (see `reason_against`).

        Returns
        -------
        array, shape (size, size)
            Front in the first row, left in the first column; NaN outside the scalp circle.
        """
        usable = self.usable(values)
        image = np.full((self._size, self._size), np.nan)
        image[self._inside] = self._operator(usable) @ values[usable]
        return image

    def _operator(self, usable: NDArray[np.bool_]) -> FloatArray:
        key = usable.tobytes()
        if key not in self._operators:
            # Half a second of importing, for which the first window need not wait.
            from scipy.interpolate import RBFInterpolator

            places = self.places[usable]
            # Two channels in one place would be singular; this little makes it their mean.
            solve = RBFInterpolator(places, np.eye(len(places)), kernel="linear", smoothing=1e-9)
            self._operators[key] = solve(self._pixels)
            if len(self._operators) > 4:
                self._operators.popitem(last=False)
        self._operators.move_to_end(key)
        return self._operators[key]
