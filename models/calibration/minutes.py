"""The labelled minutes that a calibration learns from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...decoding.model import Weights
from ...errors import RtemotionError
from ...signal import FloatArray

SHORTEST_S = 180.0
# More rows than this say hardly more: features are smooth over seconds.
MOST_ROWS = 300


class CalibrationError(RtemotionError):
    """Labels cannot be calibrated on, or calibrating on them gains nothing."""


@dataclass(frozen=True, eq=False)
class Minutes:
    """What the decoder saw and said while labels were given, about once a second.

    Attributes
    ----------
    times : array, shape (n_rows,)
        Seconds, ascending.
    power : array, shape (n_rows, n_bands, n_channels)
        Log power against its reference, smoothed; 0 where unknown.
    connectivity : array, shape (n_rows, n_measures, n_bands, n_pairs)
        Connectivity against its reference, smoothed; 0 where unknown.
    mean, std : array, shape (n_rows, n_targets)
        The decoder's estimates and their standard deviations.
    labels : array, shape (n_rows, n_targets)
        NaN where there is none.
    weights : Weights
        Those of the model at the end.
    pairs : array of int, shape (n_pairs, 2)
        Channels of each pair.
    """

    times: FloatArray
    power: NDArray[np.floating]
    connectivity: NDArray[np.floating]
    mean: FloatArray
    std: FloatArray
    labels: FloatArray
    weights: Weights
    pairs: NDArray[np.int64]

    def thinned(self) -> Minutes:
        """Return every so many rows, not more than are needed."""
        step = -(-len(self.times) // MOST_ROWS)
        if step <= 1:
            return self
        names = ("times", "power", "connectivity", "mean", "std", "labels")
        rows = {name: getattr(self, name)[::step] for name in names}
        return Minutes(**rows, weights=self.weights, pairs=self.pairs)


def labelled(minutes: Minutes, names: tuple[str, ...]) -> tuple[int, ...]:
    """Return which targets have labels that can be calibrated on.

    Raises
    ------
    CalibrationError
        When there are none, too few, or all of them stay the same.
    """
    known = np.isfinite(minutes.labels)
    if not known.any():
        raise CalibrationError(
            "None of the labels belongs to a moment at which the decoder knew the person and had "
            "a value; labels are needed after the baseline, on the recording's own clock."
        )
    spacing = float(np.median(np.diff(minutes.times))) if len(minutes.times) > 1 else 1.0
    seconds = known.sum(axis=0) * spacing
    if seconds.max() < SHORTEST_S:
        raise CalibrationError(
            f"The labels cover {seconds.max():.0f} s after the baseline; at least "
            f"{SHORTEST_S:.0f} s are needed to calibrate, and 5 to 10 minutes are better."
        )
    enough = [t for t in range(len(names)) if seconds[t] >= SHORTEST_S]
    moving = [t for t in enough if np.ptp(minutes.labels[known[:, t], t]) > 0]
    if not moving:
        raise CalibrationError(
            f"The labels of {', '.join(names[t] for t in enough)} never change: there is nothing "
            "to calibrate on; label minutes in which emotions move."
        )
    return tuple(moving)
