"""What the measurements feed: recordings in memory, cut into chunks without end."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..signal import Chunk, FloatArray, StreamInfo


def simulated(headset: str, seconds: float, seed: int = 1) -> tuple[StreamInfo, FloatArray]:
    """Return a simulated headset's stream and its samples, (n_samples, n_channels) in volts."""
    from ..simulators import Brain, Subject

    brain = Brain(Subject.draw(seed), headset, seed=seed, rest_s=75.0)
    chunk, _ = brain.read(round(seconds * brain.info.sfreq))
    return brain.info, chunk.data


def dense(n_channels: int, sfreq: float, seconds: float) -> tuple[StreamInfo, FloatArray]:
    """Return noise with the spectrum and spatial spread of EEG over a dense net.

    Far lighter than a simulated brain, so that its memory does not count for ours. It is
    periodic: played over and over it has no seams.

    Parameters
    ----------
    n_channels : int
        At most 256, of the HydroCel net.
    sfreq : float
        Sampling rate in Hz.
    seconds : float
        Length of a period.

    Returns
    -------
    info : StreamInfo
        Channels with positions.
    data : array, shape (n_samples, n_channels)
        Volts.
    """
    from ..simulators import headset_from_montage

    labels = [f"E{k + 1}" for k in range(n_channels)]
    headset = headset_from_montage("GSN-HydroCel-256", labels, sfreq)
    positions = headset.positions()
    rng = np.random.default_rng(0)
    n, n_sources = round(seconds * sfreq), 40
    frequencies = np.fft.rfftfreq(n, 1.0 / sfreq)
    spectrum = rng.standard_normal((n_sources, len(frequencies), 2)) @ np.array([1.0, 1j])
    spectrum *= 1.0 / np.maximum(frequencies, 0.5)
    spectrum[:, 0] = 0.0
    sources = np.fft.irfft(spectrum, n, axis=1)
    sources *= 8e-6 / sources.std(axis=1, keepdims=True)
    centres = positions[rng.choice(n_channels, n_sources)]
    away = np.linalg.norm(positions[:, None] - centres, axis=2)
    data = sources.T @ np.exp(-0.5 * (away / 0.05) ** 2).T
    data += 2e-6 * rng.standard_normal(data.shape)
    return StreamInfo(headset.channels, sfreq, positions=positions, simulated=True), data


def endless(data: FloatArray, sfreq: float, n: int) -> Iterator[Chunk]:
    """Yield chunks of `n` samples, beginning again when `data` has no whole one left."""
    whole, first = len(data) // n, 0
    while True:
        for k in range(whole):
            times = np.arange(first, first + n) / sfreq
            yield Chunk(data[k * n : (k + 1) * n], first, times)
            first += n
