"""Stimulus channels: numbers that hold a code for a while, whose onsets become events."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..signal import Event, FloatArray, Kind

logger = logging.getLogger(__name__)

# Amplifiers and EDF carry 16 bits of code; what BDF has above them is the device's state.
CODE_BITS = 0xFFFF
_EXACT = 2.0**53
_LINE = re.compile(r"STI ?\d+$", re.IGNORECASE)
_SUMS = ("STI101", "STI 014", "STI014")
# A channel that changes more often than this was no channel of codes.
_FIRST_ONSETS, _MOST_ONSETS = 64, 0.2


@dataclass(frozen=True)
class StimChannel:
    """One stimulus channel and how its values become codes.

    Attributes
    ----------
    index : int
        Column of the channel.
    name : str
        Its name, as the events carry it.
    scale, shift : float
        What makes codes of values: ``value * scale + shift``.
    bits : int or None
        The bits that belong to the code; all when None.
    """

    index: int
    name: str
    scale: float = 1.0
    shift: float = 0.0
    bits: int | None = None

    def codes(self, values: FloatArray) -> NDArray[np.int64]:
        """Return values as whole numbers; those that are no numbers are 0."""
        with np.errstate(invalid="ignore", over="ignore"):
            scaled = np.rint(values * self.scale + self.shift)
            whole = np.where(np.abs(scaled) < _EXACT, scaled, 0.0).astype(np.int64)
        return whole if self.bits is None else whole & self.bits


class OnsetFinder:
    """Finds onsets in stimulus channels, block by block.

    An onset is a change from the previous sample's code to one that is not zero;
    before the first sample every code is zero. A channel whose codes change at
    every other sample is no channel of codes: from that sample on it is left out.

    Parameters
    ----------
    channels : sequence of StimChannel
        In the order of the columns of codes.
    sfreq : float
        Sampling rate in Hz.
    """

    def __init__(self, channels: Sequence[StimChannel], sfreq: float) -> None:
        self._channels = tuple(channels)
        self._sfreq = sfreq
        self._last = [0] * len(channels)
        self._onsets = [0] * len(channels)
        self._off = [False] * len(channels)
        self._seen = 0

    def find(self, codes: NDArray[np.int64], first: int) -> list[Event]:
        """Return the onsets among the next samples, in their order.

        Parameters
        ----------
        codes : array, shape (n_samples, n_channels)
            Consecutive but for gaps.
        first : int
            Sample index of the first row.
        """
        events = [
            Event(
                first + row,
                (first + row) / self._sfreq,
                Kind.MARKER,
                {"description": str(codes[row, k]), "channel": channel.name},
            )
            for k, channel in enumerate(self._channels)
            for row in self._rows(k, codes[:, k])
        ]
        self._seen += len(codes)
        return sorted(events, key=lambda event: event.sample)

    def _rows(self, k: int, codes: NDArray[np.int64]) -> list[int]:
        before = np.concatenate([[self._last[k]], codes[:-1]])
        rows: NDArray[np.int64] = np.flatnonzero((codes != before) & (codes != 0))
        if len(codes):
            self._last[k] = int(codes[-1])
        if self._off[k]:
            return []
        counts = self._onsets[k] + 1 + np.arange(len(rows))
        wild = counts > _FIRST_ONSETS + _MOST_ONSETS * (self._seen + rows)
        if wild.any():
            self._off[k] = True
            cut = int(np.argmax(wild))
            logger.warning(
                "channel %s changes at nearly every sample, as codes do not: it marks nothing "
                "from %.1f s on",
                self._channels[k].name,
                (self._seen + int(rows[cut])) / self._sfreq,
            )
            rows = rows[:cut]
        self._onsets[k] += len(rows)
        return [int(row) for row in rows]


def without_lines(channels: Sequence[StimChannel]) -> tuple[StimChannel, ...]:
    """Leave out the single lines of a parallel port whose sum is there as well."""
    names = {channel.name for channel in channels}
    total = next((name for name in _SUMS if name in names), None)
    if total is None:
        return tuple(channels)
    return tuple(c for c in channels if c.name == total or not _LINE.match(c.name))
