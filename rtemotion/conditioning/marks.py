"""Marks blinks, muscle and movement; nothing is left out of a feature for them.

A blink is marked sample by sample, muscle and movement from the end of the block in
which they are noticed.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray, StreamInfo
from .blocks import Latch, UsualLevel, total_over_channels
from .design import MarkingDesign

# Half-way between an adult's eyes and their lids, metres in the head frame.
EYES = np.array([[-0.032, 0.111, -0.003], [0.032, 0.111, -0.003]])
FARTHEST_FROM_EYES = 0.075
# Beyond this a blink hardly reaches.
AWAY_FROM_EYES = 0.12
MOST_FAR_CHANNELS = 8
BLINK_LOWPASS_HZ = 6.0
# A mark lasts this long after the last sample above the limit; blinks swing both ways.
BLINK_HOLD_S = 0.2
MUSCLE_HOLD = 2
MOVEMENT_HOLD = 4
# A usual level is worth something after so long.
SECONDS_TO_KNOW = 3
BLOCKS_TO_KNOW = 12
FEWEST_TO_MOVE = 3
# Tension is judged over about two seconds, against what is usual for minutes.
TONE_SHARE, TONE_STEP = 0.125, 2e-4
BLOCKS_TO_KNOW_TONE = 120
_ACCELEROMETER = re.compile(r"acc(?!\w*uracy)", re.IGNORECASE)


class BlinkMarker:
    """Finds blinks: slow deflections of the front of the head against the rest.

    Channels around the eyes are averaged, those far from them taken off, and the
    difference below 6 Hz is compared with its usual level. Without channels there, EOG
    channels serve; without either no blink is found. The sign does not count, since
    amplifiers differ in it, so large eye movements up and down are marked as well.

    Parameters
    ----------
    limits : MarkingDesign
        Where a blink begins.
    front, rest : list of int
        Columns around the eyes and far from them; see `near_eyes`.
    sfreq : float
        Sampling rate in Hz.
    """

    def __init__(
        self, limits: MarkingDesign, front: list[int], rest: list[int], sfreq: float
    ) -> None:
        from scipy import signal

        self._limits = limits
        self._columns = np.array([*front, *rest], dtype=np.int64)
        self._n_front = len(front)
        self._sign = np.array([1.0] * len(front) + [-1.0] * len(rest))
        n_of = [len(front)] * len(front) + [len(rest)] * len(rest)
        self._weights = self._sign / np.array(n_of, dtype=np.float64)
        self._hold = max(1, round(BLINK_HOLD_S * sfreq))
        self._lfilter = signal.lfilter
        self._lowpass = signal.butter(2, min(2.0 * BLINK_LOWPASS_HZ / sfreq, 0.9))
        self._usual = UsualLevel(1, step=0.05)
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._state = np.zeros(2)
        self._since = self._hold
        self._squares: list[FloatArray] = []
        self._whole = True
        self._limit = self._limits.blink_ceiling
        self._usual.reset()

    def process(self, filtered: FloatArray, good: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
        """Return which of consecutive samples are part of a blink, None when none is.

        Parameters
        ----------
        filtered : array, shape (n_samples, n_columns)
            Volts, NaN where broken.
        good : array of bool, same shape
            Samples with nothing against them.
        """
        if not self._n_front:
            return None
        # Channel by channel, as the filters leave them.
        difference = total_over_channels(self._weighted(filtered.T[self._columns].T, good))
        slow, self._state = self._lfilter(*self._lowpass, difference, zi=self._state)
        self._squares.append(slow)
        strong = np.abs(slow) > self._limit
        if self._since >= self._hold and not strong.any():
            return None
        rows = np.arange(len(slow))
        last = np.maximum.accumulate(np.where(strong, rows, -1))
        since = np.where(last < 0, self._since + rows + 1, rows - last)
        self._since = int(since[-1])
        return np.asarray(since < self._hold)

    def _weighted(self, data: FloatArray, good: NDArray[np.bool_]) -> FloatArray:
        if good.all():
            return data * self._weights
        use = good[:, self._columns]
        self._whole = self._whole and bool(use.all())
        n_front = use[:, : self._n_front].sum(axis=1, keepdims=True)
        n_rest = use[:, self._n_front :].sum(axis=1, keepdims=True)
        count = np.where(self._sign > 0.0, n_front, n_rest)
        return np.where(use, data * (self._sign / np.maximum(count, 1)), 0.0)

    def second(self) -> None:
        """Take note of the usual level at the end of a second without broken samples."""
        if not self._squares:
            return
        slow = np.concatenate(self._squares)
        self._squares = []
        if self._whole:
            self._usual.update(np.sqrt(np.array([slow @ slow / len(slow)])))
        self._whole = True
        if self._usual.blocks >= SECONDS_TO_KNOW:
            usual = self._limits.blink_ratio * float(self._usual.value[0])
            self._limit = min(max(self._limits.blink, usual), self._limits.blink_ceiling)


def near_eyes(positions: FloatArray) -> tuple[list[int], list[int]]:
    """Return the channels around the eyes, and those that a blink hardly reaches.

    Parameters
    ----------
    positions : array, shape (n_channels, 3)
        Metres in the head frame, NaN where unknown.
    """
    distance = np.linalg.norm(positions[:, None] - EYES[None], axis=2).min(axis=1)
    distance = np.where(np.isfinite(distance), distance, np.inf)
    nearest = float(distance.min())
    if nearest > FARTHEST_FROM_EYES:
        return [], []
    front = np.flatnonzero(distance <= 1.25 * nearest)
    far = np.where(np.isfinite(distance), distance, 0.0)
    farthest = np.argsort(-far, kind="stable")[:MOST_FAR_CHANNELS]
    return front.tolist(), sorted(farthest[far[farthest] > AWAY_FROM_EYES].tolist())


def eog_columns(info: StreamInfo) -> list[int]:
    """Return the EOG channel that sees blinks best, by its label, or none."""
    eog = [i for i, kind in enumerate(info.kinds) if kind == "eog"]
    vertical = [i for i in eog if "v" in info.channels[i].lower()]
    return (vertical or eog)[:1]


class MuscleMarker:
    """Finds muscle: a channel's high frequencies far above their usual level.

    Parameters
    ----------
    limits : MarkingDesign
        Where muscle begins.
    n : int
        Number of channels.
    """

    def __init__(self, limits: MarkingDesign, n: int) -> None:
        self._limits = limits
        self._usual = UsualLevel(n)
        self._latch = Latch(n, MUSCLE_HOLD)

    @property
    def on(self) -> NDArray[np.bool_]:
        """Channels with muscle from the next sample on, shape (n,)."""
        return self._latch.on

    @property
    def any(self) -> bool:
        """Whether any channel has."""
        return self._latch.any

    def reset(self) -> None:
        """Forget the past."""
        self._usual.reset()
        self._latch.reset()

    def block(self, fast: FloatArray) -> None:
        """Judge one block of high-frequency levels, V/√Hz, NaN where unknown."""
        limits = self._limits
        limit: FloatArray | float = limits.muscle_ceiling
        if self._usual.blocks >= BLOCKS_TO_KNOW:
            usual = np.maximum(limits.muscle_ratio * self._usual.value, limits.muscle_floor)
            limit = np.fmin(usual, limits.muscle_ceiling)
        enter = fast > limit
        if self._latch.any or np.count_nonzero(enter):
            self._latch.update(enter, ~(fast > 0.5 * limit))
        self._usual.update(fast)


class ToneMarker:
    """Finds tension: a channel's tone above what it usually is, for seconds.

    A tense jaw or neck neither bursts nor ends, and reaches down into beta and gamma.
    Above 50 Hz there is nothing else that rises and falls so slowly; rates that end
    there show no tone.

    Parameters
    ----------
    limits : MarkingDesign
        Where tension begins.
    n : int
        Number of channels.
    """

    def __init__(self, limits: MarkingDesign, n: int) -> None:
        self._limits = limits
        self._usual = UsualLevel(n, step=TONE_STEP)
        self._latch = Latch(n, MUSCLE_HOLD)
        self.reset()

    @property
    def on(self) -> NDArray[np.bool_]:
        """Channels with a tense muscle from the next sample on, shape (n,)."""
        return self._latch.on

    @property
    def any(self) -> bool:
        """Whether any channel has."""
        return self._latch.any

    def reset(self) -> None:
        """Forget the past."""
        self._usual.reset()
        self._latch.reset()
        self._power: FloatArray | None = None

    def block(self, tone: FloatArray) -> None:
        """Judge one block of tones, V/√Hz, NaN where unknown."""
        square = tone * tone
        if self._power is None:
            self._power = square
        moved = self._power + TONE_SHARE * (square - self._power)
        # A break in what is known neither ends nor begins anything.
        moved = np.where(np.isnan(moved), np.where(np.isnan(square), self._power, square), moved)
        self._power = moved
        level = np.sqrt(moved)
        self._usual.update(level)
        limit = np.maximum(self._limits.tone_ratio * self._usual.value, self._limits.tone_floor)
        enter = (level > limit) & (self._usual.blocks >= BLOCKS_TO_KNOW_TONE)
        if self._latch.any or np.count_nonzero(enter):
            self._latch.update(enter, ~(level > 0.9 * limit))


class MovementMarker:
    """Finds movement: most channels jump together, or an accelerometer does.

    Parameters
    ----------
    limits : MarkingDesign
        Where movement begins.
    """

    def __init__(self, limits: MarkingDesign) -> None:
        self._limits = limits
        self._latch = Latch(1, MOVEMENT_HOLD)
        self.reset()

    @property
    def on(self) -> bool:
        """Whether the head moves, from the next sample on."""
        return self._latch.any

    def reset(self) -> None:
        """Forget the past."""
        self._latch.reset()
        self._mean: FloatArray | None = None
        self._pull: FloatArray | None = None

    def block(self, mean: FloatArray, pull: FloatArray) -> None:
        """Judge one block.

        Parameters
        ----------
        mean : array, shape (n_channels,)
            Of the raw signal, volts, NaN where unknown.
        pull : array, shape (n_axes,)
            Mean of an accelerometer, in any unit; empty where there is none.
        """
        jumps = self._jumps(mean) or self._pulled(pull)
        self._mean, self._pull = mean, pull
        if jumps or self._latch.any:
            self._latch.update(np.array([jumps]), np.array([not jumps]))

    def _jumps(self, mean: FloatArray) -> bool:
        if self._mean is None:
            return False
        with np.errstate(invalid="ignore"):
            change = np.abs(mean - self._mean)
        moved = int(np.count_nonzero(change > self._limits.movement))
        if not moved:
            return False
        known = int(np.count_nonzero(change == change))
        return known >= FEWEST_TO_MOVE and 2 * moved > known

    def _pulled(self, pull: FloatArray) -> bool:
        if self._pull is None or not len(pull):
            return False
        change = float(np.linalg.norm(pull - self._pull))
        return change > self._limits.acceleration * float(np.linalg.norm(self._pull))


def accelerometer_columns(info: StreamInfo) -> list[int]:
    """Return the source's channels that are axes of an accelerometer, by their labels."""
    return [
        i
        for i, (name, kind) in enumerate(zip(info.channels, info.kinds, strict=True))
        if kind != "eeg" and _ACCELEROMETER.match(name)
    ]
