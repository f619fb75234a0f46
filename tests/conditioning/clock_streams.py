"""Senders with hard stamps, and the truth about them, for the tests of the clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rtemotion.conditioning import ClockStage
from rtemotion.signal import Chunk, Event, FloatArray, Kind, StreamInfo

SFREQ = 250.0
JITTER = 3e-3
START = 100.0


def clock(sfreq: float = SFREQ) -> ClockStage:
    return ClockStage(StreamInfo(("a",), sfreq, timestamps="raw"))


def stamped(stamps: FloatArray, first: int = 0, missing: int = 0) -> Chunk:
    """Return samples whose values count them."""
    data = (first + np.arange(len(stamps), dtype=np.float64))[:, None]
    return Chunk(data, first, stamps, missing_before=missing)


def true_times(seconds: float, sfreq: float = SFREQ, start: float = START) -> FloatArray:
    return start + np.arange(round(seconds * sfreq)) / sfreq


def without(times: FloatArray, at: float, seconds: float, sfreq: float = SFREQ) -> FloatArray:
    first = round(at * sfreq)
    return np.delete(times, slice(first, first + round(seconds * sfreq)))


def without_packets(
    seconds: float, sfreq: float, packet: float, share: float, seed: int
) -> tuple[FloatArray, dict[int, int]]:
    """Return times of what is left when packets are lost one by one, and where they are.

    Parameters
    ----------
    seconds, sfreq : float
        Length in s and rate in Hz.
    packet : float
        Length of a packet, s.
    share : float
        Share of the packets that are lost.
    seed : int
        Source of randomness.

    Returns
    -------
    times : array, shape (n_received,)
        Seconds, the first at `START`.
    gaps : dict
        Where samples are missing, as received samples before, and how many.
    """
    times = true_times(seconds, sfreq)
    size = max(1, round(packet * sfreq))
    packets = np.arange(len(times)) // size
    lost = np.random.default_rng(seed).random(packets[-1] + 1) < share
    lost[0] = False
    # What follows a loss at the very end would not be judged any more.
    lost[-round(0.5 / packet) :] = False
    kept = np.flatnonzero(~lost[packets])
    breaks = np.flatnonzero(np.diff(kept) > 1)
    gaps = {int(at) + 1: int(kept[at + 1] - kept[at] - 1) for at in breaks}
    return times[kept], gaps


def jittered(times: FloatArray, seed: int, jitter: float = JITTER) -> FloatArray:
    return times + np.random.default_rng(seed).normal(0.0, jitter, len(times))


def times_of(items: Iterable[Any]) -> FloatArray:
    return np.concatenate([item.times for item in items if isinstance(item, Chunk)])


def gaps_of(items: Iterable[Any]) -> dict[int, int]:
    """Return where samples are missing, as received samples before, and how many."""
    gaps, received = {}, 0
    for item in items:
        if isinstance(item, Chunk):
            if item.missing_before:
                gaps[received] = item.missing_before
            received += len(item)
    return gaps


def measured(sample: int, offset: float, remote: float, uncertainty: float = 4e-4) -> Event:
    payload = {"offset": offset, "uncertainty": uncertainty, "remote_time": remote}
    return Event(sample, remote + offset, Kind.CLOCK_OFFSET, payload)


def interleaved(stamps: FloatArray, events: Iterable[Event]) -> list[Any]:
    """Return samples as chunks, each event right before its sample."""
    items: list[Any] = []
    start = 0
    for event in sorted(events, key=lambda e: e.sample):
        if event.sample > start:
            items.append(stamped(stamps[start : event.sample], start))
            start = event.sample
        items.append(event)
    return [*items, stamped(stamps[start:], start)]


@dataclass(frozen=True)
class Hard:
    """A sender whose clock drifts and is set, with jitter and losses.

    Attributes
    ----------
    items : list
        Chunks, clock offsets every 5 s and one clock step.
    times : array
        When the samples were taken, on our own clock.
    gaps : dict
        Where samples are missing, as received samples before, and how many.
    """

    items: list[Any]
    times: FloatArray
    gaps: dict[int, int]


def hard(sfreq: float, seconds: float, seed: int, step: float = 5.0) -> Hard:
    """Return a stream up to 100 ppm off its rate, on a clock up to 100 ppm off ours.

    With 3 ms of jitter, 0.2 s lost every 15 s, and the clock set half-way, by about as
    much as the event says.
    """
    rng = np.random.default_rng(seed)
    rate, drift = sfreq * (1 + rng.uniform(-1e-4, 1e-4)), rng.uniform(-1e-4, 1e-4)
    n_lost = round(0.2 * sfreq)
    begins = np.arange(rng.uniform(2.0, 8.0), seconds - 2.0, 15.0)
    gone = (np.round(begins * sfreq).astype(int)[:, None] + np.arange(n_lost)).ravel()
    kept = np.delete(np.arange(round(seconds * sfreq)), gone)
    times = 1000.0 + kept / rate
    middle = int(np.searchsorted(times, 1000.0 + seconds / 2))
    stamps = 70.0 + (times - 1000.0) * (1 + drift) + rng.normal(0, JITTER, len(times))
    stamps[middle:] += step
    said = step + rng.normal(0, JITTER * np.sqrt(2))
    events = [Event(middle, 0.0, Kind.CLOCK_STEP, {"step": said})]
    for moment in np.arange(1000.0, times[-1], 5.0):
        place = int(np.searchsorted(times, moment))
        remote = 70.0 + (moment - 1000.0) * (1 + drift) + step * (place > middle)
        events.append(measured(place, moment - remote + rng.normal(0, 1e-4), remote))
    breaks = np.flatnonzero(np.diff(kept) > 1) + 1
    return Hard(interleaved(stamps, events), times, {int(at): n_lost for at in breaks})


def in_chunks(
    seconds: float, sfreq: float, chunk: float, stamping: str, seed: int, delay: float = 0.1
) -> FloatArray:
    """Return stamps of samples that travel in chunks of `chunk` seconds.

    ``"together"``: all samples of a chunk stamped when its last one was taken;
    ``"delayed"``: each chunk as a whole up to `delay` late; or both.
    """
    rng = np.random.default_rng(seed)
    times = true_times(seconds, sfreq)
    stamps = times.copy()
    size = max(2, round(chunk * sfreq))
    for start in range(0, len(times), size):
        stop = min(start + size, len(times))
        if "together" in stamping:
            stamps[start:stop] = times[stop - 1]
        if "delayed" in stamping:
            stamps[start:stop] += rng.uniform(0.0, delay)
    return stamps
