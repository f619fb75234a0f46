"""Finding where a sender's clock was set forwards or back, told apart from lost samples."""

from __future__ import annotations

from collections import deque
from statistics import median

import numpy as np

from ..signal import FloatArray

# Jumps in the stamps below this are left to the clock stage, which smooths them.
THRESHOLD_S = 0.25
MEMORY_S = 30.0
_BIN_S = 0.25


class StepFinder:
    """Judges jumps in a connection's stamps by when the samples arrived.

    The lag of a sample, its arrival less its stamp, has a floor: what the sender's
    clock differs by, and the shortest way through the network. Lost samples and
    backlogs leave that floor where it is, since samples cannot arrive before they
    are sent. So stamps that jump forwards and bring the lag below the floor of the
    last 30 s show that the sender's clock was set forwards, and stamps that run back
    and leave the lag above it, that it was set back.

    Parameters
    ----------
    sfreq : float
        Nominal sampling rate in Hz.
    """

    def __init__(self, sfreq: float) -> None:
        self._period = 1.0 / sfreq
        self.forget()

    def forget(self) -> None:
        """Begin anew: the connection or this machine's clock is no longer the same."""
        # Bins of (moment, lowest lag, longest wait for something to arrive).
        self._bins: deque[tuple[float, float, float]] = deque()
        self._stamp = self._arrival = np.nan

    def find(self, stamps: FloatArray, arrival: float) -> list[tuple[int, float]]:
        """Return the rows at which the sender's clock had stepped, and by how much.

        Parameters
        ----------
        stamps : array, shape (n_samples,)
            The sender's stamps of what has just arrived, at least one.
        arrival : float
            Our clock's time at which it had, in seconds.

        Returns
        -------
        list of (int, float)
            Row, and seconds by which the stamps lie later from there on than they
            would have, without a sample being lost; negative when set back.
        """
        steps: list[tuple[int, float]] = []
        waited = 0.0 if np.isnan(self._arrival) else arrival - self._arrival
        jumps = np.diff(stamps, prepend=self._stamp) - self._period
        rows = np.flatnonzero(np.abs(jumps) > THRESHOLD_S).tolist()
        for row, start, stop in zip(rows, [0, *rows], [*rows[1:], len(stamps)], strict=False):
            if row > start:
                self._remember(arrival, arrival - float(stamps[start:row].max()), 0.0)
            lag = arrival - float(stamps[row:stop].max())
            # Samples lost at the same time show as a pause before what follows.
            pause = max(0.0, waited - self._usual_wait()) if row == 0 else 0.0
            step = float(jumps[row]) - (pause if pause > THRESHOLD_S else 0.0)
            if self._is_step(step, lag):
                steps.append((row, step))
                self._bins = deque((at, floor - step, wait) for at, floor, wait in self._bins)
        last = rows[-1] if rows else 0
        self._remember(arrival, arrival - float(stamps[last:].max()), waited)
        self._stamp, self._arrival = float(stamps[-1]), arrival
        return steps

    def _is_step(self, step: float, lag: float) -> bool:
        if not self._bins:
            return False
        floor = min(lowest for _, lowest, _ in self._bins)
        if step > THRESHOLD_S:
            return lag < floor - THRESHOLD_S
        return step < -THRESHOLD_S and lag > floor + THRESHOLD_S

    def _usual_wait(self) -> float:
        return median(wait for *_, wait in self._bins) if self._bins else 0.0

    def _remember(self, arrival: float, lag: float, waited: float) -> None:
        # Until the newest before this one, so that a long silence leaves something.
        while len(self._bins) > 1 and self._bins[0][0] < self._bins[-1][0] - MEMORY_S:
            self._bins.popleft()
        if self._bins and arrival - self._bins[-1][0] < _BIN_S:
            at, lowest, longest = self._bins[-1]
            self._bins[-1] = (at, min(lowest, lag), max(longest, waited))
        else:
            self._bins.append((arrival, lag, waited))
