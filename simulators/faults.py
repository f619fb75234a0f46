"""Faults on the way from an amplifier to the network: lost packets, and clocks that lie.

They change which samples arrive and what their stamps say, never a sample's value.
Every decision is drawn per packet of 20 ms or per moment of the stream, counted from
its start, so that it does not depend on how the samples are cut into chunks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..signal import FloatArray
from .amounts import amount, check_amounts, with_amounts

PACKET_S = 0.02
# Packets are drawn in batches of about a second, so that drawing costs little.
_BATCH_S = 1.0


@dataclass(frozen=True)
class Faults:
    """How much goes wrong on the way; nothing by default.

    Attributes
    ----------
    loss : float
        Share of the packets of 20 ms that never arrive.
    jitter_ms : float
        Standard deviation of what a packet's stamps are off, ms.
    drift_ppm : float
        How much faster than its nominal rate the amplifier samples, ppm; its stamps
        are right, so they show it.
    resets_per_min : float
        How often the clock behind the stamps is set, as an amplifier's own may be: the
        stamps step and no sample is lost, and the offset that LSL measures between the
        two machines does not show it.
    reset_ms : float
        Typical size of such a step, forwards or back, ms.
    reconnects_per_min : float
        How often the stream goes away and returns.
    away_s : float
        How long it is away, s.

    Raises
    ------
    SetupError
        When an amount is negative, above its limit, or no number.
    """

    loss: float = amount(0.0, "loss", "share", most=0.9)
    jitter_ms: float = amount(0.0, "jitter", "ms")
    drift_ppm: float = amount(0.0, "drift", "ppm", most=100_000.0)
    resets_per_min: float = amount(0.0, "resets", "a minute")
    reset_ms: float = amount(500.0, "reset-size", "ms")
    reconnects_per_min: float = amount(0.0, "reconnects", "a minute")
    away_s: float = amount(3.0, "away", "s")

    def __post_init__(self) -> None:
        """Refuse amounts that cannot be."""
        check_amounts(self, "the fault")

    @classmethod
    def read(cls, text: str) -> Faults:
        """Return faults given as ``KEY=NUMBER`` separated by commas, or ``none``."""
        return with_amounts(cls(), "" if text.strip() == "none" else text, "the fault")

    @property
    def lose_samples(self) -> bool:
        """Whether samples go missing."""
        return self.loss > 0 or self.reconnects_per_min > 0


@dataclass(frozen=True, eq=False)
class Sent:
    """Consecutive samples as they leave the sender.

    Attributes
    ----------
    stamps : array, shape (n,)
        What the sender says when each was taken, seconds.
    arrives : array of bool, shape (n,)
        False for those that are lost.
    connected : array of bool, shape (n,)
        False while the stream is not there at all.
    """

    stamps: FloatArray
    arrives: NDArray[np.bool_]
    connected: NDArray[np.bool_]


class Transmission:
    """Decides what becomes of the samples of one stream, in order.

    Parameters
    ----------
    faults : Faults
        How much goes wrong.
    sfreq : float
        Nominal rate in Hz.
    seed : tuple of int
        Source of randomness.
    first : float
        Stamp of the first sample were its clock right, seconds.
    """

    def __init__(self, faults: Faults, sfreq: float, seed: tuple[int, ...], first: float) -> None:
        self._faults = faults
        self.rate = sfreq * (1 + 1e-6 * faults.drift_ppm)
        self._first = first
        packets, steps, away = (
            np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(3)
        )
        self._packet_rng = packets
        self._packet = max(1, round(PACKET_S * sfreq))
        self._batch = max(1, round(_BATCH_S / PACKET_S))
        self._late, self._lost = np.empty(0), np.empty(0, dtype=bool)
        self._oldest = 0
        self._steps = _moments(steps, faults.resets_per_min, 0.0)
        self._next_step, self._step_rng, self._clock = next(self._steps), steps, 0.0
        self._outages = _moments(away, faults.reconnects_per_min, faults.away_s)
        self._outage = next(self._outages)
        self._sample = 0

    def true_time(self, sample: int) -> float:
        """Return when a sample is taken, seconds on a clock that is right."""
        return self._first + sample / self.rate

    def send(self, n: int) -> Sent:
        """Return what becomes of the next `n` samples."""
        samples = np.arange(self._sample, self._sample + n)
        self._sample += n
        times = samples / self.rate
        late, lost = self._packets(samples)
        stamps = self._first + times + late + self._set_clock(times)
        connected = self._connected(times)
        return Sent(stamps, connected & ~lost, connected)

    def _packets(self, samples: NDArray[np.int64]) -> tuple[FloatArray | float, NDArray[np.bool_]]:
        """Return by how much the stamps of each sample are off, and whether it is lost."""
        if not (self._faults.jitter_ms > 0 or self._faults.loss > 0) or len(samples) == 0:
            return 0.0, np.zeros(len(samples), dtype=bool)
        packets = samples // self._packet
        while self._oldest + len(self._lost) <= packets[-1]:
            late = self._packet_rng.standard_normal(self._batch)
            lost = self._packet_rng.random(self._batch) < self._faults.loss
            self._late = np.concatenate([self._late, 1e-3 * self._faults.jitter_ms * late])
            self._lost = np.concatenate([self._lost, lost])
        rows = packets - self._oldest
        found = self._late[rows], self._lost[rows]
        self._late, self._lost = self._late[rows[-1] :], self._lost[rows[-1] :]
        self._oldest = int(packets[-1])
        return found

    def _set_clock(self, times: FloatArray) -> FloatArray:
        off = np.full(len(times), self._clock)
        while len(times) and self._next_step <= times[-1]:
            step = 1e-3 * self._faults.reset_ms * float(self._step_rng.choice((-1.0, 1.0)))
            step *= float(self._step_rng.lognormal(0.0, 0.3))
            self._clock += step
            off[times >= self._next_step] += step
            self._next_step = next(self._steps)
        return off

    def _connected(self, times: FloatArray) -> NDArray[np.bool_]:
        there = np.ones(len(times), dtype=bool)
        while len(times) and self._outage <= times[-1]:
            end = self._outage + self._faults.away_s
            there &= (times < self._outage) | (times >= end)
            if end > times[-1]:
                break
            self._outage = next(self._outages)
        return there


def _moments(rng: np.random.Generator, per_min: float, pause_s: float) -> Iterator[float]:
    """Yield the moments of a Poisson process, with a pause after each; seconds."""
    moment = 0.0
    while per_min > 0:
        moment += float(rng.exponential(60.0 / per_min))
        yield moment
        moment += pause_s
    while True:
        yield np.inf
