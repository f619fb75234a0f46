"""Which edges are worth drawing when there are thousands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...signal import FloatArray


def strongest(values: FloatArray, count: int, signed: bool) -> NDArray[np.int64]:
    """Choose the strongest values without sorting them all.

    Parameters
    ----------
    values : array, shape (n_pairs,)
        NaN is never chosen.
    count : int
        How many, at most.
    signed : bool
        Whether strength is the distance from zero. Otherwise it is the value itself: a
        measure that cannot be negative goes below zero only by chance.

    Returns
    -------
    array, shape (at most count,)
        Their indices, strongest first. Of equal ones the earlier come first and are the
        ones chosen.
    """
    values = np.asarray(values, dtype=np.float64)
    strength = np.abs(values) if signed else values
    known = np.flatnonzero(~np.isnan(strength))
    count = min(max(count, 0), len(known))
    if count == 0:
        return np.empty(0, dtype=np.int64)
    weakest = -np.partition(-strength[known], count - 1)[count - 1]
    above = known[strength[known] > weakest]
    equal = known[strength[known] == weakest][: count - len(above)]
    chosen = np.concatenate([above, equal])
    return chosen[np.lexsort((chosen, -strength[chosen]))]
