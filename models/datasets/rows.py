"""The rows of one recording: features at steady steps against what went before, without labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...conditioning import ConditioningDesign
from ...decoding import BaselineSpan
from ...decoding.card import Normalisation, PopulationReference
from ...decoding.inputs import InputBuilder
from ...decoding.trust import segments_wanted, usable_channels
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
        What features stand against, as decoding does it and always causal: a slow mean of
        what has been seen, the rest that the data set tells of (the slow mean where there is
        none), or nothing.
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

    @property
    def policy(self) -> Normalisation:
        """The normalisation as a model's card says it, nothing standing in for a person's own."""
        zeros = (0.0,) * len(self.schema.connectivity_bands)
        nothing = PopulationReference(
            (0.0,) * len(self.schema.bands), (zeros,) * len(self.schema.measures)
        )
        return Normalisation(self.normalisation, self.minimum_s, nothing, self.tau_s)


@dataclass(frozen=True, eq=False)
class Row:
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
    what = Extraction(
        how.schema, how.design, Setup(channels=picked(names, info), montage=how.montage)
    )
    frames, conditioned = feature_frames(source, what)
    hop_s = how.schema.hop_seconds(info.sfreq)
    every = max(1, round(how.step_s / hop_s))
    inputs = _inputs(rest, conditioned, how)
    wanted = segments_wanted(how.schema, info.sfreq)
    for frame in frames:
        if not isinstance(frame, FeatureFrame):
            continue
        inputs.follow(frame)
        due = round(frame.index / (hop_s * info.sfreq)) % every == 0
        if frame.full and due and inputs.ready:
            yield Row(frame.index, frame.time, _against(frame, inputs, wanted))


def spelt(name: str) -> str:
    """Return a channel's name as every recording is to spell it."""
    return canonical_site(name) or name


def picked(names: Sequence[str], info: StreamInfo) -> tuple[str, ...]:
    """Return what a set-up is told to pick channels in one order, under one spelling."""
    own = {spelt(name): name for name in info.channels}
    return tuple(own[name] if own[name] == name else f"{own[name]}:{name}" for name in names)


def _inputs(rest: BaselineSpan | None, conditioned: StreamInfo, how: Preparation) -> InputBuilder:
    """Return what a decoder with this normalisation would build its inputs with."""
    policy = how.policy
    if policy.policy == "baseline" and rest is None:
        policy = replace(policy, policy="adaptive")
    return InputBuilder(conditioned, how.schema, policy, span=rest)


def _against(
    frame: FeatureFrame, inputs: InputBuilder, wanted: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return what decoding would be given, NaN where it is given 0 for want of a value."""
    mask = usable_channels(frame, wanted)
    power, edges, _ = inputs.values(frame, mask)
    both = mask[frame.pairs[:, 0]] & mask[frame.pairs[:, 1]]
    known_power = mask & np.isfinite(frame.power) & (frame.power > 0.0)
    known_edges = both & np.isfinite(frame.connectivity)
    known = np.concatenate([known_power.ravel(), known_edges.ravel()])
    x = np.concatenate([power.ravel(), edges.ravel()]).astype(np.float32)
    x[~known] = np.nan
    return x
