"""Phase and period of a regular sender, from stamps that jitter around them.

A Kalman filter with two states, updated once a block of 0.1 s with the mean of
the block's deviations. Its memory grows to a minute, and is cut short when the
deviations show that the phase has really moved.
"""

from __future__ import annotations

import math

import numpy as np

from ..signal import FloatArray

BLOCK_S = 0.1
# Standard deviation of a sender's true rate around the nominal one, as a share.
RATE_PRIOR = 200e-6
RATE_LIMIT = 0.2
MEMORY_BLOCKS = 600
SPREAD_BLOCKS = 100
JITTER_BLOCKS = 50
PEAK_BLOCKS = 300
# Up to this uncertainty, as a share of the period, losses are whole numbers of samples.
WHOLE = 0.15
# A period is another's when it is off by so many times what it may be.
CONTRADICTED = 5.0
# The smallest noise assumed in a block's mean, in seconds.
FLOOR_S = 1e-5
# Weight of the newest block in the slow average that shows a moved phase, and by
# how many times its usual size that average has to rise.
SLOW_WEIGHT = 0.1
MOVED = 4.0
# Stamps that lie so much nearer, as a share, to the end of the block before than to where
# they are expected are of a phase that has moved.
NEARER = 1.0 / 3.0
# Mean absolute difference of two normal deviates, as a share of their deviation.
_DIFFERENCE = 2.0 / math.sqrt(math.pi)


class StampFilter:
    """Follows the stamps of a sender that samples at a constant rate.

    Parameters
    ----------
    sfreq : float
        Nominal sampling rate in Hz.

    Attributes
    ----------
    block : int
        Samples between two updates.
    count : int
        Samples from the stream's first to the next block, received or lost.
    time : float
        Stamp that the first sample of the next block is expected to have, s.
    period : float
        Seconds between samples.
    aside : float
        Where the block before lay on the whole, seen from what is expected now, s.
    jitter : float
        Mean absolute deviation of the stamps over the last 5 s, s.
    tolerance : float
        How far a stamp may lie from its sample's time before that is odd, s.
    """

    def __init__(self, sfreq: float) -> None:
        self._nominal = 1.0 / sfreq
        self.block = max(1, round(BLOCK_S * sfreq))
        self.count = 0
        self.time = 0.0
        self.period = self._nominal
        self.jitter = self.tolerance = 0.0
        self._peak = 0.0
        self._phase_var, self._both_cov = 0.0, 0.0
        self._period_var = (RATE_PRIOR * self._nominal) ** 2
        self._noise = FLOOR_S
        self._blocks = 0
        self._previous = self._slow = self._slow_var = 0.0
        # Where the block before ended, seen from what is expected now.
        self.aside = self._level = 0.0
        self._moved_at, self._moved_by = -MEMORY_BLOCKS, 0.0

    def start(self, stamps: FloatArray) -> None:
        """Begin with the first samples of a stream, taken to be without a gap."""
        n = len(stamps)
        mean, slope, slope_var, residuals = self._line(stamps)
        variance = float((residuals * residuals).sum()) / max(n - 2, 1) + FLOOR_S**2
        share = self._period_var / (self._period_var + slope_var)
        self._period_var *= 1.0 - share
        self._set_period(self.period + share * slope)
        self.time = float(stamps[0]) + mean - share * slope * (n - 1) / 2.0
        self.jitter, self._peak = float(residuals.sum() / n), float(residuals.max())
        self._noise = max(2.0 * math.sqrt(variance / self.block), FLOOR_S)
        self._phase_var = self.level_var(n)
        self._slow_var = SLOW_WEIGHT * self._noise**2
        self._blocks = max(1, n // self.block)
        self._set_tolerance()

    def advance(self, n: int) -> None:
        """Go on by `n` samples, whether they were received or lost."""
        self.count += n
        self.time += n * self.period
        self._phase_var += 2.0 * n * self._both_cov + n * n * self._period_var
        self._both_cov += n * self._period_var

    def move(self, by: float, n: int) -> None:
        """Take over a phase that lies `by` seconds later, as `n` stamps have it."""
        self.time += by
        self._phase_var, self._both_cov = self.level_var(n), 0.0
        self._slow = self.aside = self._level = 0.0

    def resume(self, by: float, stamps: FloatArray) -> None:
        """Go on after a break with stamps that lie `by` seconds later on average.

        They may be another sender's: where they clearly show another period, it holds.
        """
        n = len(stamps)
        mean, slope, slope_var, _ = self._line(stamps)
        # Stamps bunched together have none.
        possible = abs(slope) < 2.0 * RATE_LIMIT * self._nominal
        if possible and slope * slope > CONTRADICTED**2 * (slope_var + self._period_var):
            by = float(stamps[0]) + mean - slope * (n - 1) / 2.0 - self.time
            self._set_period(self.period + slope)
            self._period_var = slope_var
        self.move(by, n)

    def lose(self, by: float, n: int) -> int:
        """Go on after a loss, with the phase moved by a whole number of samples.

        Where jitter leaves several numbers possible, the phase is their mean by
        probability, and as uncertain as they are; where it leaves many, it is where
        the stamps lie.

        Parameters
        ----------
        by : float
            How much later than expected the next `n` stamps lie on average, s.
        n : int
            Number of those stamps.

        Returns
        -------
        int
            Samples lost, at least one.
        """
        lost = max(1, round(by / self.period))
        self.advance(lost)
        rest = by - lost * self.period
        variance = self._phase_var + self.level_var(n)
        if variance > (WHOLE * self.period) ** 2:
            self.move(rest, n)
            return lost
        steps = [-self.period, 0.0, self.period]
        exponents = [-((rest - step) ** 2) / (2.0 * variance) for step in steps]
        weights = [math.exp(exponent - max(exponents)) for exponent in exponents]
        whole = sum(w * step for w, step in zip(weights, steps, strict=True)) / sum(weights)
        spread = sum(w * (step - whole) ** 2 for w, step in zip(weights, steps, strict=True))
        gain = self._phase_var / variance
        self.time += whole + gain * (rest - whole)
        self._phase_var += spread / sum(weights) - gain * self._phase_var
        self._both_cov *= 1.0 - gain
        self._slow = self.aside = self._level = 0.0
        return lost

    def update(self, deviations: FloatArray, odd: bool) -> None:
        """Take in a whole block and go on to the next.

        Parameters
        ----------
        deviations : array, shape (block,)
            Stamps less the times expected, s.
        odd : bool
            True when some lie beyond the tolerance; those say nothing of the phase.
        """
        n = len(deviations)
        sizes = np.abs(deviations)
        self._blocks += 1
        self._scattered(deviations, sizes, odd)
        used = n
        if odd:
            deviations = deviations[sizes <= self.tolerance]
            used = len(deviations)
        self.aside = self._level = 0.0
        if 2 * used > n:
            last = deviations[-((used + 3) // 4) :]
            mean = float(np.add.reduce(deviations)) / used
            moved = self._correct(mean, n)
            self.aside = mean - moved
            self._level = float(np.add.reduce(last)) / len(last) - moved
        self.advance(n)
        self._set_tolerance()

    def _scattered(self, deviations: FloatArray, sizes: FloatArray, odd: bool) -> None:
        """Follow how much the stamps of a block jitter.

        A phase that has moved is no jitter: were it taken for some, losses would hide
        in it, and each that does would make room for the next.
        """
        around = np.abs(deviations - self._level)
        if float(np.add.reduce(around)) < NEARER * float(np.add.reduce(sizes)):
            sizes = around
        if odd:
            sizes = np.minimum(sizes, 3.0 * self.tolerance)
        weight = 1.0 / min(self._blocks, JITTER_BLOCKS)
        self.jitter += weight * (float(np.add.reduce(sizes)) / len(sizes) - self.jitter)
        fading = 1.0 - 1.0 / PEAK_BLOCKS
        self._peak = max(float(np.maximum.reduce(sizes)), fading * self._peak)

    def disturbed(self, spread: float) -> None:
        """Take note that the stamps now scatter by `spread` (mean absolute deviation, s)."""
        self.jitter = max(self.jitter, spread)
        self._peak = max(self._peak, 4.0 * spread)
        self._set_tolerance()

    def _correct(self, mean: float, n: int) -> float:
        """Take in a block's mean and return by how much the phase follows it, s."""
        self._judge_noise(mean, n)
        centre = (n - 1) / 2.0
        phase = self._phase_var + centre * self._both_cov
        both = self._both_cov + centre * self._period_var
        total = phase + centre * both + self._noise**2
        moved = phase / total * mean
        self.time += moved
        self._set_period(self.period + both / total * mean)
        memory = 1.0 / (1.0 - 1.0 / MEMORY_BLOCKS)
        self._phase_var = memory * (self._phase_var - phase * phase / total)
        self._both_cov = memory * (self._both_cov - phase * both / total)
        self._period_var = memory * (self._period_var - both * both / total)
        return moved

    def _judge_noise(self, mean: float, n: int) -> None:
        """Follow how much block means scatter, and notice when they all lie to one side."""
        difference = abs(mean - self._previous) / _DIFFERENCE
        weight = 1.0 / min(self._blocks + 2, SPREAD_BLOCKS)
        self._noise = max(self._noise + weight * (difference - self._noise), FLOOR_S)
        self._previous = mean
        self._slow += SLOW_WEIGHT * (mean - self._slow)
        limit = MOVED * math.sqrt(self._slow_var) + FLOOR_S
        weight = 1.0 / min(self._blocks + 10, MEMORY_BLOCKS)
        self._slow_var += weight * (min(abs(self._slow), limit) ** 2 - self._slow_var)
        if abs(self._slow) > limit:
            since = self._blocks - self._moved_at
            self._phase_var += self._slow**2
            if since < SPREAD_BLOCKS and self._slow * self._moved_by > 0:
                # Again and to the same side: it is the rate that is not as thought.
                self._period_var += (self._slow / (since * n)) ** 2
            self._moved_at, self._moved_by = self._blocks, self._slow
            self._slow = 0.0

    def _line(self, stamps: FloatArray) -> tuple[float, float, float, FloatArray]:
        """Return a line through stamps less their times by the period, and what it leaves.

        Returns
        -------
        mean, slope, slope_var : float
            Mean from the first stamp on, s, and slope, s a sample, with its variance.
        residuals : array, shape (n_samples,)
            Absolute, s.
        """
        n = len(stamps)
        rows = np.arange(n) - (n - 1) / 2.0
        deviations = stamps - stamps[0] - self.period * np.arange(n)
        mean = float(deviations.sum() / n)
        squares = float((rows * rows).sum())
        slope = float((rows * deviations).sum() / squares) if n > 2 else 0.0
        residuals = np.abs(deviations - mean - slope * rows)
        variance = float((residuals * residuals).sum()) / max(n - 2, 1) + FLOOR_S**2
        # Deviations within a chunk go together: they count as four at most.
        return mean, slope, variance * max(n / 4.0, 1.0) / max(squares, 1.0), residuals

    def level_var(self, n: int) -> float:
        """Return the variance of the mean of `n` stamps, s²."""
        return self._noise**2 * self.block / n

    def _set_period(self, period: float) -> None:
        low, high = (1.0 - RATE_LIMIT) * self._nominal, (1.0 + RATE_LIMIT) * self._nominal
        self.period = min(max(period, low), high)

    def _set_tolerance(self) -> None:
        # Normal jitter rises above six mean deviations once in a million samples; one
        # that is bounded, as delays of chunks are, is better told by its largest.
        usual = min(6.0 * self.jitter, 1.5 * self._peak)
        self.tolerance = 0.5 * self.period + usual
