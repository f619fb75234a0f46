"""Counting lost samples by a board's packet numbers, for boards whose numbers are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray

# Board: (difference between the numbers of consecutive samples, number after which
# they start again). The Cyton's driver hands on the byte its firmware counts samples
# with; with a Daisy two of those packets make one sample, so that numbers go in twos.
# Not here, and left to the stamps: the Ganglion and Muse, whose packets hold several
# samples under one number (and others with and without accelerometer), and whatever
# nobody has looked into.
RULES: dict[int, tuple[int, int]] = {-1: (1, 256), 0: (1, 256), 2: (2, 256)}


class PacketCounter:
    """Tells how many samples are missing before each one received.

    Packet numbers say how many are missing but for whole rounds of the counter;
    those are told from the stamps.

    Parameters
    ----------
    step, wrap : int
        See `RULES`.
    sfreq : float
        Sampling rate in Hz.
    """

    def __init__(self, step: int, wrap: int, sfreq: float) -> None:
        self._step, self._wrap, self._sfreq = step, wrap, sfreq
        self.restart()

    def restart(self) -> None:
        """Begin with whatever number comes next."""
        self._number = self._time = np.nan

    def missing(self, numbers: FloatArray, times: FloatArray) -> NDArray[np.int64]:
        """Return the number of samples missing before each sample.

        Parameters
        ----------
        numbers, times : array, shape (n_samples,)
            Packet numbers and stamps, s, of consecutive samples, at least one.
        """
        steps = np.diff(numbers, prepend=self._number) % self._wrap
        spans = np.diff(times, prepend=self._time) * self._sfreq
        self._number, self._time = float(numbers[-1]), float(times[-1])
        known = np.isfinite(steps) & (steps % self._step == 0)
        steps, spans = np.where(known, steps, self._step), np.where(known, spans, 1.0)
        within = ((steps - self._step) % self._wrap) / self._step
        around = self._wrap / self._step
        rounds = np.round((spans - 1.0 - within) / around)
        return np.where(known, np.maximum(within + around * rounds, 0.0), 0.0).astype(np.int64)
