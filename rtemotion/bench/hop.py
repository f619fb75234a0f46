"""One hop of features against mne-connectivity, on the same segments and measures.

Both work out coherence, imaginary coherence, wPLI and debiased squared wPLI in the
default bands, alternating in one process and on one thread each; ours computes band
power as well. Medians, hot and at the pace of a live stream.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from ..features import FeatureSchema, FeatureStage
from ..features.schema import Group
from ..signal import FeatureFrame, FloatArray, StreamInfo
from .measurements import Result
from .signals import endless

SFREQ = 250.0
MEASURES = ("coh", "imcoh", "wpli", "wpli2_debiased")
PEER = "mne_connectivity"
NO_PEER = (
    "mne-connectivity, which this is compared with, is not installed; "
    "install it with: pip install mne-connectivity"
)
# So many of ours back to back come before each of the peer's, or they would be cold.
HOT_HOPS = 8


def measure(n_channels: int, quick: bool = False) -> Result:
    """Return times of both in milliseconds, their ratios and the largest difference.

    Parameters
    ----------
    n_channels : int
        Channels at 250 Hz.
    quick : bool
        Once only.
    """
    peer = _load_peer()
    ours = Ours(n_channels, FeatureSchema(measures=MEASURES))
    hot, paced = (1, 1) if quick else (16, 20)
    compared = None if peer is None else Peer(peer, ours)
    mine, theirs = _alternate(ours, compared, hot, HOT_HOPS, lambda: None)
    mine_paced, theirs_paced = _alternate(ours, compared, paced, 1, Pace(ours.schema.hop))
    values: dict[str, Any] = {"ms": _ms(mine), "ms_paced": _ms(mine_paced)}
    key = f"hop_{n_channels}"
    if compared is None:
        missing = ("peer_ms", "peer_ms_paced", "ratio", "ratio_paced", "largest_difference")
        values |= dict.fromkeys(missing)
        return Result({key: values}, {f"{key}.{name}": NO_PEER for name in missing})
    values |= {
        "peer_ms": _ms(theirs),
        "peer_ms_paced": _ms(theirs_paced),
        "ratio": round(statistics.median(theirs) / statistics.median(mine), 1),
        "ratio_paced": round(statistics.median(theirs_paced) / statistics.median(mine_paced), 1),
        "largest_difference": compared.largest_difference,
    }
    return Result({key: values})


def _load_peer() -> Callable[..., Any] | None:
    try:
        found: Callable[..., Any] = import_module(PEER).spectral_connectivity_epochs
    except ImportError:
        return None
    return found


class Ours:
    """The feature stage on a stream of noise whose windows are full, hop by hop."""

    def __init__(self, n_channels: int, schema: FeatureSchema) -> None:
        self.schema = schema
        self.data = np.random.default_rng(0).standard_normal((30_000, n_channels)) * 1e-5
        names = tuple(f"c{i}" for i in range(n_channels))
        self._stage = FeatureStage(StreamInfo(names, SFREQ), schema)
        self._chunks = endless(self.data, SFREQ, schema.hop_samples(SFREQ))
        for _ in range(schema.frames_to_fill(SFREQ)):
            self.step()

    def step(self) -> float:
        """Take one hop and return its seconds."""
        chunk = next(self._chunks)
        began = time.perf_counter()
        (frame,) = self._stage.process(chunk)
        seconds = time.perf_counter() - began
        assert isinstance(frame, FeatureFrame)
        self.frame = frame
        return seconds


class Peer:
    """mne-connectivity on the window of our newest frame."""

    def __init__(self, function: Callable[..., Any], ours: Ours) -> None:
        self._function = function
        self._ours = ours
        self._indices = np.triu_indices(ours.data.shape[1], 1)
        self.largest_difference = 0.0

    def step(self) -> float:
        """Take the window, compare its values, and return the seconds of the peer alone."""
        schema, frame = self._ours.schema, self._ours.frame
        seconds = 0.0
        for group in schema.realise(SFREQ):
            members = [i for i in group.bands if schema.bands[i].connectivity]
            epochs = segments(self._ours, frame, group)
            began = time.perf_counter()
            found = self._function(
                epochs,
                method=list(MEASURES),
                indices=self._indices,
                sfreq=SFREQ,
                mode="fourier",
                fmin=[schema.bands[i].low for i in members],
                fmax=[schema.bands[i].high for i in members],
                faverage=True,
                verbose="ERROR",
            )
            seconds += time.perf_counter() - began
            rows = [schema.connectivity_bands.index(i) for i in members]
            self._compare(np.stack([x.get_data().T for x in found]), frame.connectivity[:, rows])
        return seconds

    def _compare(self, theirs: FloatArray, ours: FloatArray) -> None:
        difference = float(np.abs(theirs - ours).max())
        self.largest_difference = max(self.largest_difference, difference)


def segments(ours: Ours, frame: FeatureFrame, group: Group) -> FloatArray:
    """Return the segments behind a frame, shape (n_segments, n_channels, n_samples)."""
    hop = ours.schema.hop_samples(SFREQ)
    # The stream begins again after the last whole hop of the data.
    period = len(ours.data) // hop * hop
    starts = [frame.index - group.segment - k * hop for k in reversed(range(group.n_segments))]
    rows = (np.array(starts)[:, None] + np.arange(group.segment)) % period
    return np.ascontiguousarray(ours.data[rows].transpose(0, 2, 1))


class Pace:
    """Waits for the next tick of a fixed pace; a tick missed is not made up for."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._due = time.perf_counter()

    def __call__(self) -> None:
        """Sleep until the next tick."""
        self._due = max(self._due + self._interval, time.perf_counter())
        time.sleep(max(0.0, self._due - time.perf_counter()))


def _alternate(
    ours: Ours, peer: Peer | None, repeats: int, hops: int, wait: Callable[[], None]
) -> tuple[list[float], list[float]]:
    mine, theirs = [], []
    for _ in range(repeats):
        for _ in range(hops):
            wait()
            mine.append(ours.step())
        if peer is not None:
            wait()
            theirs.append(peer.step())
    return mine, theirs


def _ms(seconds: list[float]) -> float:
    return round(statistics.median(seconds) * 1e3, 3)
