"""Finds the mains in the first seconds of a stream, and states what is done about it."""

from __future__ import annotations

import numpy as np

from ..signal import FloatArray
from .blocks import LineMeter

# Seconds of signal that decide,
SECONDS_TO_DECIDE = 10
# and how far the line has to stand out from the frequencies beside it, in power.
STANDS_OUT = 5.0


class LineFinder:
    """Watches the mains, and decides once whether there is a line and at which frequency.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    n_samples : int
        Length of the stretches it is given, about a second.
    n_channels : int
        Number of channels.

    Attributes
    ----------
    amplitude : array, shape (n_channels,)
        Of the mains in the newest stretch, volts; NaN where unknown.
    hz : float or None
        The line that was found.
    decided : bool
        Whether enough was seen; `hz` stays as it is from then on.
    """

    def __init__(self, sfreq: float, n_samples: int, n_channels: int) -> None:
        self._meter = LineMeter(sfreq, n_samples)
        self._n = n_channels
        self.reset()

    def reset(self) -> None:
        """Forget the past and the decision."""
        self.amplitude = np.full(self._n, np.nan)
        self.hz: float | None = None
        self.decided = False
        self._ratios: list[FloatArray] = []
        self._row = 0

    def second(self, raw: FloatArray) -> bool:
        """Take one stretch, shape (n_samples, n_channels), volts; tell whether it decided."""
        if not self._meter.lines:
            just, self.decided = not self.decided, True
            return just
        amplitude = self._meter.amplitudes(raw)
        outcome = False
        if not self.decided:
            self._ratios.append(self._meter.outstanding(raw))
            outcome = len(self._ratios) == SECONDS_TO_DECIDE
        if outcome:
            self._decide()
        if not self.decided:
            self._row = int(np.argmax(np.nan_to_num(amplitude).sum(axis=1)))
        self.amplitude = amplitude[self._row]
        return outcome

    def _decide(self) -> None:
        seen = np.array(self._ratios)
        self._ratios = []
        self.decided = True
        known = np.isfinite(seen)
        mean = np.where(known, seen, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        outstanding = [_median(row[known[:, k].any(axis=0)]) for k, row in enumerate(mean)]
        best = int(np.argmax(np.nan_to_num(outstanding)))
        if outstanding[best] > STANDS_OUT:
            self.hz = self._meter.lines[best]
            self._row = best


def _median(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else np.nan
