"""Finding samples that were sent twice, by stamps and values that came before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray

MEMORY_S = 2.0
# With more of a flat signal's stamps than this equal to the one before, it is chunks
# that share a stamp.
FEW = 0.2

_Mask = NDArray[np.bool_]
_Piece = tuple[FloatArray, FloatArray]


class DuplicateFinder:
    """Recognises samples of the last two seconds or more that are sent again.

    Parameters
    ----------
    sfreq : float
        Nominal sampling rate in Hz.

    Attributes
    ----------
    shared : bool
        True when samples are known to share stamps; nothing is then a duplicate.
    """

    def __init__(self, sfreq: float) -> None:
        self._size = max(1, round(MEMORY_S * sfreq))
        self.shared = False
        self._filled = 0
        self._previous = np.nan
        # The last two samples' values: a signal that does not move repeats itself.
        self._tail = [b"", b"-"]
        # Two generations of stamps, each with the piece that it came in.
        self._known: dict[float, _Piece] = {}
        self._older: dict[float, _Piece] = {}

    def begin(self, stamps: FloatArray, data: FloatArray) -> None:
        """Judge by a stream's first samples whether they share stamps."""
        equal = np.flatnonzero(stamps[1:] == stamps[:-1])
        if not len(equal):
            return
        differ = any(data[k].tobytes() != data[k + 1].tobytes() for k in equal.tolist())
        often = int(np.unique(stamps, return_counts=True)[1].max()) > 2
        flat = bool((data == data[0]).all())
        self.shared = differ or often or (flat and len(equal) > FEW * len(stamps))

    def keep(self, stamps: FloatArray, data: FloatArray) -> _Mask | None:
        """Return which samples are new, shape (n_samples,); None when all are."""
        mask: _Mask | None = None
        start, n = 0, len(stamps)
        while start < n and not self.shared:
            stop = min(n, start + self._size - self._filled)
            found = self._look(stamps[start:stop], data[start:stop])
            if found is not None:
                mask = np.ones(n, dtype=np.bool_) if mask is None else mask
                mask[start:stop] = found
            self._filled += stop - start
            if self._filled == self._size:
                self._turn()
            start = stop
        return mask

    def _look(self, stamps: FloatArray, data: FloatArray) -> _Mask | None:
        listed = stamps.tolist()
        known, older = self._known.keys(), self._older.keys()
        if (
            len(set(listed)) < len(listed)
            or not known.isdisjoint(listed)
            or not older.isdisjoint(listed)
        ):
            return self._compare(stamps, data, listed)
        self._known.update(dict.fromkeys(listed, (stamps, data)))
        self._previous = listed[-1]
        self._tail = [*self._tail, *(row.tobytes() for row in data[-2:])][-2:]
        return None

    def _compare(self, stamps: FloatArray, data: FloatArray, listed: list[float]) -> _Mask:
        mask = np.ones(len(listed), dtype=np.bool_)
        for row, stamp in enumerate(listed):
            before = self._known.get(stamp) or self._older.get(stamp)
            if before is not None:
                mask[row] = not self._is_duplicate(stamp, data[row], before)
                if self.shared:
                    break
            self._tail = [self._tail[-1], data[row].tobytes()]
            if mask[row]:
                self._known[stamp] = stamps[row : row + 1], data[row : row + 1]
            self._previous = stamp
        return mask

    def _is_duplicate(self, stamp: float, values: FloatArray, before: _Piece) -> bool:
        times, data = before
        wanted = values.tobytes()
        if stamp == self._previous and self._tail[0] == self._tail[1]:
            return False
        if any(data[row].tobytes() == wanted for row in np.flatnonzero(times == stamp).tolist()):
            return True
        self.shared = stamp == self._previous
        return False

    def _turn(self) -> None:
        self._older, self._known = self._known, {}
        self._filled = 0
