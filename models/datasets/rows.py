"""The rows of one recording: features at steady steps against what went before, without labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...conditioning import ConditioningDesign
from ...decoding import Baseline, BaselineSpan
from ...decoding.baseline import BaselineRecorder, RunningReference
from ...extract import Extraction, feature_frames
from ...features import FeatureSchema
from ...pipeline import Setup
from ...signal import FeatureFrame, FloatArray, Source, StreamInfo
from ...sources.labels import canonical_site


@dataclass(frozen=True)
class Preparation:
    """How features are made of a data set.

    Attributes
    ----------
    schema : FeatureSchema
        Bands, windows and measures.
    design : ConditioningDesign
        How signals are conditioned.
    step_s : float
        Seconds between rows, a whole number of hops.
    normalisation : {"adaptive", "baseline", "none"}
        What features stand against, always causal: a slow mean of what went before, the
        rest that the data set tells of (the slow mean where there is none), or nothing.
    tau_s, minimum_s : float
        Time constant of the slow mean, and how much must be seen before it stands.
    channels : tuple of str
        Which channels; those that all recordings have if empty.
    montage : str or None
        Where electrodes are, see `rtemotion.Setup`.
    """

    schema: FeatureSchema = field(default_factory=FeatureSchema)
    design: ConditioningDesign = field(default_factory=ConditioningDesign)
    step_s: float = 1.0
    normalisation: Literal["adaptive", "baseline", "none"] = "adaptive"
    tau_s: float = 600.0
    minimum_s: float = 20.0
    channels: tuple[str, ...] = ()
    montage: str | None = None


class Row(NamedTuple):
    """One window.

    Attributes
    ----------
    index : int
        Sample at which it ends, exclusive.
    time : float
        The same on the stream's clock, in seconds.
    features : array of float32, shape (n_features,)
        Power and then connectivity against the reference; NaN where unknown.
    """

    index: int
    time: float
    features: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Rows:
    """All rows of a recording.

    Attributes
    ----------
    index : array of int, shape (n_rows,)
    times : array, shape (n_rows,)
        See `Row`.
    sfreq : float
        Sampling rate of the recording in Hz.
    simulated : bool
        Whether its brain is.
    features : callable
        Returns them, float32 of shape (n_rows, n_features).
    """

    index: NDArray[np.int64]
    times: FloatArray
    sfreq: float
    simulated: bool
    features: Callable[[], NDArray[np.float32]]


def rows_of(
    source: Source, names: Sequence[str], how: Preparation, rest: BaselineSpan | None
) -> Iterator[Row]:
    """Yield the rows of a recording, read to its end.

    Parameters
    ----------
    source : Source
        Left open.
    names : sequence of str
        Channels, in the order of the features.
    how : Preparation
    rest : BaselineSpan or None
        Where the person rests.
    """
    info = source.info
    what = Extraction(how.schema, how.design, _setup(names, info, how))
    frames, _ = feature_frames(source, what)
    hop_s = how.schema.hop_seconds(info.sfreq)
    every = max(1, round(how.step_s / hop_s))
    reference = _Reference(rest, info, how, hop_s)
    for frame in frames:
        if not isinstance(frame, FeatureFrame):
            continue
        if frame.full and round(frame.index / (hop_s * info.sfreq)) % every == 0:
            against = reference.known(frame)
            if against is not None:
                yield Row(frame.index, frame.time, _against(frame, against))
        reference.learn(frame)


def spelt(name: str) -> str:
    """Return a channel's name as every recording is to spell it."""
    return canonical_site(name) or name


def _setup(names: Sequence[str], info: StreamInfo, how: Preparation) -> Setup:
    """Return a set-up that picks channels in one order, under one spelling."""
    own = {spelt(name): name for name in info.channels}
    picked = tuple(own[name] if own[name] == name else f"{own[name]}:{name}" for name in names)
    return Setup(channels=picked, montage=how.montage)


class _Reference:
    """What features stand against, known before each window and never from after it."""

    def __init__(
        self, rest: BaselineSpan | None, info: StreamInfo, how: Preparation, hop_s: float
    ) -> None:
        self._fixed: Baseline | None = None
        self._recorder: BaselineRecorder | None = None
        self._running: RunningReference | None = None
        self._nothing = how.normalisation == "none"
        if how.normalisation == "baseline" and rest is not None:
            window = how.schema.longest_window(info.sfreq)
            self._recorder = BaselineRecorder(rest, info.sfreq, window)
        elif not self._nothing:
            self._running = RunningReference(how.tau_s, how.minimum_s, hop_s)

    def known(self, frame: FeatureFrame) -> Baseline | None:
        """Return what was known before a frame; None where that is too little."""
        if self._nothing:
            return Baseline(np.zeros(frame.power.shape), np.zeros(frame.connectivity.shape), 0)
        return self._fixed if self._running is None else self._running.mean()

    def learn(self, frame: FeatureFrame) -> None:
        """Take a frame in, once what was known before it has been used."""
        if self._recorder is not None and self._fixed is None:
            self._fixed = self._recorder.add(frame)
        if self._running is not None and frame.full:
            self._running.add(frame)


def _against(frame: FeatureFrame, reference: Baseline) -> NDArray[np.float32]:
    with np.errstate(divide="ignore", invalid="ignore"):
        power: FloatArray = np.log(frame.power) - reference.log_power
    edges = frame.connectivity - reference.connectivity
    x = np.concatenate([power.ravel(), edges.ravel()]).astype(np.float32)
    x[~np.isfinite(x)] = np.nan
    return x
