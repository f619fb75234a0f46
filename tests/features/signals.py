"""Streams, frames and slow but plain computations that the tests of features share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from rtemotion.features import Band, FeatureSchema, FeatureStage
from rtemotion.signal import Chunk, FeatureFrame, FloatArray, Stage, StreamInfo

SFREQ = 128.0
HOP = 32

# Short windows, so that frames are full soon.
QUICK = FeatureSchema(
    bands=(
        Band("theta", 4.0, 8.0, segment=1.0, window=2.5, connectivity=False),
        Band("alpha", 8.0, 13.0, segment=1.0, window=2.5),
        Band("beta", 13.0, 30.0, segment=0.5, window=1.5),
    )
)


def info_of(n: int, sfreq: float = SFREQ) -> StreamInfo:
    return StreamInfo(tuple(f"E{i}" for i in range(n)), sfreq)


def stage_of(n: int, schema: FeatureSchema = QUICK, sfreq: float = SFREQ) -> FeatureStage:
    return FeatureStage(info_of(n, sfreq), schema)


def coupled(n_samples: int, n_channels: int, seed: int = 0) -> FloatArray:
    """Return noise in which each channel also holds the one before, 4 samples later."""
    rng = np.random.default_rng(seed)
    data = rng.normal(0.0, 10e-6, (n_samples, n_channels))
    for channel in range(1, n_channels):
        data[4:, channel] += 0.7 * data[:-4, channel - 1]
    return data


def chunk_of(
    data: FloatArray,
    first: int = 0,
    missing: int = 0,
    flags: np.ndarray | None = None,
    sfreq: float = SFREQ,
) -> Chunk:
    times = (first + np.arange(len(data))) / sfreq
    if flags is None:
        flags = np.zeros(data.shape, np.uint8)
    return Chunk(data, first, times, flags, missing)


def run(stage: Stage, items: Iterable[Any]) -> list[Any]:
    return [out for item in items for out in stage.process(item)]


def frames_of(
    data: FloatArray, schema: FeatureSchema = QUICK, sfreq: float = SFREQ
) -> list[FeatureFrame]:
    return run(stage_of(data.shape[1], schema, sfreq), [chunk_of(data, sfreq=sfreq)])


def segments_of(data: FloatArray, end: int, length: int, count: int, hop: int = HOP) -> FloatArray:
    """Return the window's segments without their means, shape (count, channels, length)."""
    ends = [end - hop * (count - 1 - k) for k in range(count)]
    segments = np.stack([data[e - length : e].T for e in ends])
    return segments - segments.mean(axis=2, keepdims=True)


def spectra_of(segments: FloatArray) -> np.ndarray:
    return np.fft.rfft(segments * np.hanning(segments.shape[2]), axis=2)


def inside(band: Band, length: int, sfreq: float = SFREQ) -> np.ndarray:
    frequencies = np.fft.rfftfreq(length, 1.0 / sfreq)
    return (frequencies >= band.low) & (frequencies <= band.high)
