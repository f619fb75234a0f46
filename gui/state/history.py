"""The last minutes of what was decoded, in memory of a fixed size, with its gaps and doubts."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Frames farther apart than this many hops have lost some between them.
LONGEST_STEP = 1.5
_MARKS_KEPT = 1000

Span = tuple[float, float]


@dataclass(frozen=True)
class Mark:
    """Something that happened: a marker of the experiment, an event of the stream."""

    time: float
    text: str
    kind: str


@dataclass(frozen=True, eq=False)
class Stretch:
    """Consecutive rows of the history, read-only and valid until the next one is appended.

    A line drawn through them never crosses lost time: a row of NaN lies in between.

    Attributes
    ----------
    times : array, shape (n_rows,)
        Seconds, never decreasing.
    index : array, shape (n_rows,)
        Sample index of each frame's end, -1 where there is none.
    mean, std, lower, upper, truth : array, shape (n_rows, n_targets)
        NaN where there is no value.
    trusted : array, shape (n_rows,)
        Whether nothing spoke against the frame.
    reasons : array, shape (n_rows,)
        Bits, which `History.reasons` puts into words.
    """

    times: NDArray[np.float64]
    index: NDArray[np.int64]
    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    lower: NDArray[np.float32]
    upper: NDArray[np.float32]
    truth: NDArray[np.float32]
    trusted: NDArray[np.bool_]
    reasons: NDArray[np.uint64]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.times)


class History:
    """The frames of the last minutes and what happened meanwhile.

    Parameters
    ----------
    n_targets : int
        Number of emotions.
    seconds : float
        How much is kept.
    hop : float
        Seconds from one frame to the next.

    Attributes
    ----------
    version : int
        Grows with everything that is appended: nothing new to draw while it stays the same.
    """

    def __init__(self, n_targets: int, seconds: float, hop: float) -> None:
        if n_targets < 0 or not (seconds > 0 and hop > 0):
            raise ValueError(
                "a history needs a length and a hop above zero, got "
                f"{n_targets} targets, {seconds} s, hop {hop} s"
            )
        self.n_targets = n_targets
        self.hop = float(hop)
        self.version = 0
        # A break takes a row; two rows then stand for at least one hop and a half.
        self.capacity = math.ceil(seconds / hop / 0.75) + 2
        # Every row is written twice, a ring's length apart: any stretch lies in one piece.
        n = 2 * self.capacity
        values = (n, n_targets)
        self._rows = Stretch(
            times=np.full(n, np.nan),
            index=np.full(n, -1, np.int64),
            mean=np.full(values, np.nan, np.float32),
            std=np.full(values, np.nan, np.float32),
            lower=np.full(values, np.nan, np.float32),
            upper=np.full(values, np.nan, np.float32),
            truth=np.full(values, np.nan, np.float32),
            trusted=np.zeros(n, np.bool_),
            reasons=np.zeros(n, np.uint64),
        )
        self._valued = np.zeros(n, np.bool_)
        self._start = self._stop = 0
        self._words: list[str] = []
        self._marks: deque[Mark] = deque(maxlen=_MARKS_KEPT)

    def __len__(self) -> int:
        """Return the number of rows kept, breaks included."""
        return self._stop - self._start

    @property
    def newest(self) -> float:
        """Time of the newest row, NaN before the first."""
        return float(self._rows.times[(self._stop - 1) % self.capacity]) if len(self) else math.nan

    def clear(self) -> None:
        """Forget every frame and marker."""
        self._start = self._stop
        self._marks.clear()
        self.version += 1

    def append(
        self,
        time: float,
        index: int | None,
        mean: ArrayLike,
        std: ArrayLike,
        lower: ArrayLike,
        upper: ArrayLike,
        trusted: bool,
        reasons: Iterable[str] = (),
        truth: ArrayLike | None = None,
    ) -> None:
        """Take one frame.

        Rows without a value that a frame's time shows to have been premature (stale frames
        before the stream caught up) give way to it; one earlier than a value clears the
        history, for the clock began anew.

        Parameters
        ----------
        time : float
            Seconds.
        index : int or None
            Sample index of its end, None on a stale frame.
        mean, std, lower, upper : array, shape (n_targets,)
            The values, NaN where there are none.
        trusted : bool
            Whether nothing speaks against it.
        reasons : iterable of str
            What does.
        truth : array, shape (n_targets,), optional
            What the source says was felt, NaN where it says nothing.
        """
        mean = np.asarray(mean, np.float32)
        if mean.shape != (self.n_targets,):
            raise ValueError(f"'mean' must have shape ({self.n_targets},), got {mean.shape}")
        while len(self) and self.newest >= time and not self._valued[self._last]:
            self._stop -= 1
        if len(self) and time <= self.newest:
            self.clear()
        if len(self) and time - self.newest > LONGEST_STEP * self.hop:
            self._add(time - self.hop, -1, False, 0)
        self._add(time, -1 if index is None else index, trusted, self._bits(reasons))
        for place in (self._last, self._last + self.capacity):
            rows = self._rows
            rows.mean[place], rows.std[place] = mean, std
            rows.lower[place], rows.upper[place] = lower, upper
            rows.truth[place] = np.nan if truth is None else truth
            self._valued[place] = bool(np.isfinite(mean).any())
        self.version += 1

    def mark(self, time: float, text: str, kind: str = "marker") -> None:
        """Take something that happened at a time."""
        self._marks.append(Mark(float(time), text, kind))
        self.version += 1

    def window(self, seconds: float, end: float | None = None) -> Stretch:
        """Return the rows of the last seconds, and one before them so that lines come in.

        Parameters
        ----------
        seconds : float
            How far back.
        end : float, optional
            The newest time wanted, that of the newest row when left out.
        """
        rows = self._between(seconds, end)
        view = {name: array[rows] for name, array in vars(self._rows).items()}
        for array in view.values():
            array.flags.writeable = False
        return Stretch(**view)

    def marks(self, seconds: float, end: float | None = None) -> list[Mark]:
        """Return what happened in the last seconds, as `window` counts them."""
        stop = self.newest if end is None else end
        return [mark for mark in self._marks if stop - seconds <= mark.time <= stop]

    def untrusted_spans(self, seconds: float, end: float | None = None) -> list[Span]:
        """Return from when to when there were values not to be trusted."""
        rows = self._between(seconds, end)
        return self._spans(rows, self._valued[rows] & ~self._rows.trusted[rows])

    def gap_spans(self, seconds: float, end: float | None = None) -> list[Span]:
        """Return from when to when there was no value: lost time, warm-up, a stale stream."""
        rows = self._between(seconds, end)
        return self._spans(rows, ~self._valued[rows])

    def reasons(self, bits: int) -> frozenset[str]:
        """Put the bits of `Stretch.reasons` into words."""
        return frozenset(word for k, word in enumerate(self._words) if int(bits) >> k & 1)

    @property
    def _last(self) -> int:
        return (self._stop - 1) % self.capacity

    def _add(self, time: float, index: int, trusted: bool, reasons: int) -> None:
        """Write a row without values."""
        self._stop += 1
        self._start = max(self._start, self._stop - self.capacity)
        rows = self._rows
        for place in (self._last, self._last + self.capacity):
            rows.times[place], rows.index[place] = time, index
            rows.trusted[place], rows.reasons[place] = trusted, reasons
            for values in (rows.mean, rows.std, rows.lower, rows.upper, rows.truth):
                values[place] = np.nan
            self._valued[place] = False

    def _bits(self, reasons: Iterable[str]) -> int:
        bits = 0
        for word in reasons:
            if word not in self._words:
                self._words.append(word)
            # Sixty-three reasons are told apart; no model has as many.
            bits |= 1 << min(self._words.index(word), 63)
        return bits

    def _between(self, seconds: float, end: float | None) -> slice:
        start = self._start % self.capacity
        times = self._rows.times[start : start + len(self)]
        stop = self.newest if end is None else end
        first = int(np.searchsorted(times, stop - seconds, side="left")) - 1
        last = int(np.searchsorted(times, stop, side="right"))
        return slice(start + max(first, 0), start + max(last, 0))

    def _spans(self, rows: slice, chosen: NDArray[np.bool_]) -> list[Span]:
        """Join neighbouring rows that were chosen; each lasts from the row before to itself."""
        times = self._rows.times[rows]
        edges = np.flatnonzero(np.diff(np.concatenate(([False], chosen, [False])).astype(np.int8)))
        return [
            (float(times[a - 1] if a else times[0] - self.hop), float(times[b - 1]))
            for a, b in zip(edges[::2], edges[1::2], strict=True)
        ]
