"""How a run is doing: ages, latency, rate, drift, losses, contact, memory."""

from __future__ import annotations

import math
import time
from collections import deque

import numpy as np

from ..engine import Engine
from ..signal import Event, Kind, Publication
from ..words import without_nan
from .messages import Message

# How far back latency and rate are told of, s.
_BACK_S = 60.0


class Health:
    """Collects the facts of a run, in the engine's thread.

    Parameters
    ----------
    engine : Engine
        What runs.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._recent: deque[tuple[float, int, float]] = deque()
        self._newest = math.nan
        self._stale = self._lost = 0
        self._silent = False
        self._began = time.monotonic()

    def frame(self, publication: Publication) -> None:
        """Count a frame."""
        frame = publication.frame
        if frame.index is None:
            self._stale += 1
            return
        self._newest = frame.newest
        now = time.monotonic()
        self._recent.append((now, frame.index, publication.sample_age))
        while self._recent[0][0] < now - _BACK_S:
            self._recent.popleft()

    def event(self, event: Event) -> None:
        """Take note of losses and silence."""
        if event.kind == Kind.GAP:
            self._lost += int(event.payload["missing"])
        elif event.kind in {Kind.STREAM_LOST, Kind.STREAM_RETURNED}:
            self._silent = event.kind == Kind.STREAM_LOST

    def message(self) -> Message:
        """Return the facts as of now; null where something is not known."""
        engine = self._engine
        ages = np.array([age for _, _, age in self._recent if math.isfinite(age)])
        p50, p99 = np.percentile(ages, [50, 99]) if len(ages) else (math.nan, math.nan)
        rate, drift = self._rate()
        recorder = engine.recorder
        said: Message = {
            "type": "health",
            "sample_age": engine.source.now() - self._newest,
            "latency_p50": float(p50),
            "latency_p99": float(p99),
            "frames": engine.frames,
            "late": engine.late,
            "stale": self._stale,
            "silent": self._silent,
            "rate": rate,
            "drift_ppm": drift,
            "lost": self._lost,
            "running_s": time.monotonic() - self._began,
            "recorded_bytes": None if recorder is None else recorder.target.xdf.size,
            "recording": "" if recorder is None else recorder.target.said(),
            "recording_problem": "" if recorder is None else recorder.target.xdf.problem,
            "channels": [
                {
                    "name": channel.name,
                    "quality": channel.quality,
                    "reasons": list(channel.reasons),
                    "rms": channel.rms,
                    "line": channel.line,
                }
                for channel in engine.pipeline.quality()
            ],
        }
        cleaned: Message = without_nan(said)
        return cleaned

    def _rate(self) -> tuple[float, float]:
        """Return the measured rate in Hz and the drift in ppm, NaN where unknown."""
        if hasattr(self._engine.source, "pace"):
            # A recording has the rate it was made with, however fast it passes.
            return math.nan, math.nan
        state = self._engine.pipeline.clock_state()
        if state is not None:
            return state.rate, state.drift_ppm
        if len(self._recent) < 2:
            return math.nan, math.nan
        (first, start, _), (last, stop, _) = self._recent[0], self._recent[-1]
        return (stop - start) / (last - first) if last > first else math.nan, math.nan
