"""Streams and chunks that the tests of conditioning share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from rtemotion.conditioning import ChannelPlan, ConditioningDesign, ConditioningStage
from rtemotion.signal import Chunk, Event, FloatArray, Stage, StreamInfo

SFREQ = 128.0


def info_of(n: int, sfreq: float = SFREQ, **more: Any) -> StreamInfo:
    return StreamInfo(tuple(f"E{i}" for i in range(n)), sfreq, **more)


def stage_of(n: int, sfreq: float = SFREQ, **design: Any) -> ConditioningStage:
    plan = ChannelPlan(tuple(range(n)), info_of(n, sfreq), info_of(n, sfreq))
    return ConditioningStage(plan, ConditioningDesign(**design))


def eeg(n_samples: int, n_channels: int, seed: int = 0, level: float = 10e-6) -> FloatArray:
    """Return noise of EEG's size on offsets as electrodes have them, in volts."""
    rng = np.random.default_rng(seed)
    offsets = rng.normal(0.0, 5e-3, n_channels)
    return offsets + rng.normal(0.0, level, (n_samples, n_channels))


def chunk_of(data: FloatArray, first: int = 0, missing: int = 0, sfreq: float = SFREQ) -> Chunk:
    times = (first + np.arange(len(data))) / sfreq
    return Chunk(data, first, times, missing_before=missing)


def run(stage: Stage, items: Iterable[Any]) -> list[Any]:
    return [out for item in items for out in stage.process(item)]


def data_of(items: Sequence[Any]) -> FloatArray:
    return np.concatenate([item.data for item in items if isinstance(item, Chunk)])


def flags_of(items: Sequence[Any]) -> np.ndarray:
    return np.concatenate([item.flags for item in items if isinstance(item, Chunk)])


def events_of(items: Sequence[Any], kind: str) -> list[Event]:
    return [item for item in items if isinstance(item, Event) and item.kind == kind]
