"""Arrays that are used over and over for what lives as long as one block."""

from __future__ import annotations

import numpy as np

from ..signal import FloatArray


class Scratch:
    """A stack of arrays of one shape.

    New arrays for every intermediate value would be fetched from the system and given
    back hundreds of times a second, which takes longer than filling them.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of each array.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape = shape
        self._arrays: list[FloatArray] = []
        self._used = 0

    def take(self, rows: slice) -> FloatArray:
        """Return the next array, as many rows of it as there are in `rows`; not cleared."""
        if self._used == len(self._arrays):
            self._arrays.append(np.empty(self._shape))
        self._used += 1
        return self._arrays[self._used - 1][: rows.stop - rows.start]

    def give_back(self) -> None:
        """Let the array that was taken last be taken again."""
        self._used -= 1

    def clear(self) -> None:
        """Let every array be taken again."""
        self._used = 0
