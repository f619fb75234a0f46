"""The newest signals, in memory of a fixed size, and what is drawn of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .scales import MICROVOLTS

Floats = NDArray[np.float32]
_MISSING = 1


@dataclass(frozen=True, eq=False)
class Envelope:
    """How far the line through the samples reaches within each column of a picture.

    Attributes
    ----------
    first : int
        Number of the first column, counted from sample 0 of the stream.
    low, high : array, shape (n_columns, n_channels)
        Volts; NaN where any sample is missing, so that no gap is ever drawn over.
    flags : array, shape (n_columns, n_channels)
        Everything that is said against a column's samples, uint8.
    """

    first: int
    low: Floats
    high: Floats
    flags: NDArray[np.uint8]


class SignalRing:
    """The last seconds of all channels.

    Parameters
    ----------
    n_channels : int
        Number of channels.
    sfreq : float
        Sampling rate in Hz.
    seconds : float
        How much is kept.

    Attributes
    ----------
    stop : int
        Index one past the newest sample, counted as the stream counts; 0 before the first.
    generation : int
        How often it was cleared: nothing drawn from it before is true any more.
    """

    def __init__(self, n_channels: int, sfreq: float, seconds: float) -> None:
        if n_channels < 1 or not (math.isfinite(sfreq) and sfreq > 0) or not seconds > 0:
            raise ValueError(
                "a ring of signals needs channels, a rate and a length above zero, got "
                f"{n_channels} channels, {sfreq} Hz, {seconds} s"
            )
        self.n_channels = n_channels
        self.sfreq = float(sfreq)
        self.capacity = max(2, math.ceil(seconds * sfreq))
        self.stop = 0
        self.generation = 0
        self._data = np.full((self.capacity, n_channels), np.nan, np.float32)
        self._flags = np.full((self.capacity, n_channels), _MISSING, np.uint8)

    def clear(self) -> None:
        """Forget every sample; the count goes on with whatever is appended next."""
        self._data[:] = np.nan
        self._flags[:] = _MISSING
        self.generation += 1

    def append(
        self, first_sample: int, data: NDArray[Any], flags: NDArray[np.uint8] | None = None
    ) -> None:
        """Take consecutive samples.

        Parameters
        ----------
        first_sample : int
            Index of the first row. One later than expected leaves a gap; one farther away
            than the ring is long, or an earlier one (a stream that began anew), clears it.
        data : array, shape (n_samples, n_channels)
            Volts.
        flags : array, shape (n_samples, n_channels), optional
            What is said against each sample, uint8.
        """
        if data.ndim != 2 or data.shape[1] != self.n_channels:
            raise ValueError(
                f"'data' must have shape (n_samples, {self.n_channels}), got {data.shape}"
            )
        if not len(data):
            return
        gap = first_sample - self.stop
        if not 0 <= gap < self.capacity:
            self.clear()
        elif gap:
            for rows in self._rows(self.stop, first_sample):
                self._data[rows] = np.nan
                self._flags[rows] = _MISSING
        self.stop = first_sample + len(data)
        start = max(first_sample, self.stop - self.capacity)
        at = start - first_sample
        for rows in self._rows(start, self.stop):
            n = rows.stop - rows.start
            self._data[rows] = data[at : at + n]
            self._flags[rows] = 0 if flags is None else flags[at : at + n]
            at += n

    def window(self, seconds: float, end: int | None = None) -> tuple[NDArray[np.float64], Floats]:
        """Return the samples of the last seconds.

        Parameters
        ----------
        seconds : float
            Length of the window.
        end : int, optional
            Index one past its last sample, the newest when left out.

        Returns
        -------
        times : array, shape (n_samples,)
            Seconds before the window's last sample, which is at 0.
        data : array, shape (n_samples, n_channels)
            Volts, NaN where there is no sample, or none any more.
        """
        stop = self.stop if end is None else end
        n = max(1, round(seconds * self.sfreq))
        times = np.arange(1 - n, 1) / self.sfreq
        return times, self._read(self._data, stop - n, stop, slice(None))

    def channel(self, index: int, start: int, stop: int) -> Floats:
        """Return one channel's samples from `start` to `stop`, NaN where there are none."""
        return self._read(self._data, start, stop, slice(index, index + 1))[:, 0]

    def decimated(self, seconds: float, n_columns: int, end: int | None = None) -> Envelope:
        """Return the envelopes of the last seconds, in whole columns of a picture.

        The last column is the last that is complete. Columns are counted from sample 0, so
        that a column once drawn stays the same while the picture moves on.

        Parameters
        ----------
        seconds : float
            Length of the window.
        n_columns : int
            Number of columns.
        end : int, optional
            Index one past the last sample, the newest when left out.
        """
        per_column = seconds * self.sfreq / n_columns
        stop = self.complete(per_column, end)
        return self.columns(stop - n_columns, stop, per_column)

    def complete(self, per_column: float, end: int | None = None) -> int:
        """Return the number of the first column that samples up to an end do not fill.

        Parameters
        ----------
        per_column : float
            Samples a column, any positive number.
        end : int, optional
            Index one past the last sample, the newest when left out.
        """
        newest = (self.stop if end is None else end) - 1
        return max(0, math.floor(newest / per_column + 1e-9))

    def columns(
        self, first: int, stop: int, per_column: float, channels: slice = slice(None)
    ) -> Envelope:
        """Return the envelopes of some columns, of which column j starts at j * `per_column`.

        Parameters
        ----------
        first, stop : int
            Columns, the last excluded, counted from sample 0.
        per_column : float
            Samples a column, any positive number.
        channels : slice
            The channels wanted.
        """
        # Rounded, so that an edge meant to fall on a sample does.
        edges = np.round(np.arange(first, stop + 1) * per_column, 6)
        start = math.floor(edges[0])
        within = np.ceil(edges).astype(np.intp) - start
        # Two more than the last edge needs: its neighbours on either side.
        data = self._read(self._data, start, math.floor(edges[-1]) + 2, channels)
        flags = self._read(self._flags, start, math.floor(edges[-1]) + 2, channels)
        ends = _between(data, edges - start)
        low = np.minimum(ends[:-1], ends[1:])
        high = np.maximum(ends[:-1], ends[1:])
        # The sample after the last column takes part in its reduction unless told apart; and
        # `reduceat` gives an empty stretch the sample after it.
        begins, filled = within[:-1], (np.diff(within) > 0)[:, None]
        inside = data[: within[-1]] if within[-1] > begins[-1] else data[: within[-1] + 1]
        np.minimum(low, np.minimum.reduceat(inside, begins), out=low, where=filled)
        np.maximum(high, np.maximum.reduceat(inside, begins), out=high, where=filled)
        marks = np.bitwise_or.reduceat(flags[: len(inside)], begins)
        return Envelope(first, low, high, marks)

    def _rows(self, start: int, stop: int) -> list[slice]:
        """Return where samples lie, in one piece or two."""
        a = start % self.capacity
        n = stop - start
        if a + n <= self.capacity:
            return [slice(a, a + n)]
        return [slice(a, self.capacity), slice(0, a + n - self.capacity)]

    def _read(self, ring: NDArray[Any], start: int, stop: int, channels: slice) -> NDArray[Any]:
        """Copy samples out, with nothing where the ring has none of that index."""
        oldest = max(start, self.stop - self.capacity)
        newest = min(stop, self.stop)
        chosen = ring[:, channels]
        out = np.empty((stop - start, chosen.shape[1]), ring.dtype)
        empty = np.nan if ring.dtype == np.float32 else _MISSING
        if newest <= oldest:
            out[:] = empty
            return out
        out[: oldest - start] = empty
        out[newest - start :] = empty
        at = oldest - start
        for rows in self._rows(oldest, newest):
            n = rows.stop - rows.start
            out[at : at + n] = chosen[rows]
            at += n
        return out


def _between(data: Floats, positions: NDArray[np.float64]) -> Floats:
    """Return the line through the samples at positions counted in samples."""
    left = np.floor(positions).astype(np.intp)
    share = (positions - left).astype(np.float32)[:, None]
    # A sample alone has a value where it is, whatever is missing after it.
    after = np.where(share > 0, data[left + 1], data[left])
    return np.asarray(data[left] * (1 - share) + after * share, np.float32)


def decibels(density: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert V²/Hz to dB re 1 µV²/Hz; nothing at all becomes −120 dB."""
    return np.asarray(10 * np.log10(np.maximum(density * MICROVOLTS**2, 1e-12)))
