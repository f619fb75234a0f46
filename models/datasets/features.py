"""From a data set to the table that is evaluated, by the code that decodes live."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ...conditioning import ConditioningDesign, plan_channels
from ...decoding import Baseline
from ...decoding.baseline import BaselineRecorder, RunningReference
from ...errors import RtemotionError, SetupError
from ...extract import Extraction, feature_frames
from ...features import FeatureSchema
from ...pipeline import Setup
from ...signal import FeatureFrame, FloatArray, StreamInfo
from ...sources.labels import canonical_site
from ..evaluation import Column, FeatureTable, Stretch, edge_channels
from .dataset import Dataset, LabelledRecording, Trial

log = logging.getLogger(__name__)


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


def table_of(
    dataset: Dataset,
    how: Preparation | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> FeatureTable:
    """Work out the features of every labelled window.

    Windows lie wholly inside their trial, so that none holds anything of the one before.

    Parameters
    ----------
    dataset : Dataset
    how : Preparation or None
    progress : callable
        Told how many recordings are done, and of how many.

    Returns
    -------
    FeatureTable

    Raises
    ------
    SourceError, SetupError
        If a recording cannot be read, or recordings have too few channels in common.
    """
    how = how or Preparation()
    names, infos = common_channels(dataset, how)
    support_s = max(_support_s(how, info.sfreq) for info in infos)
    stretches: list[Stretch] = []
    simulated = True
    for done, recording in enumerate(dataset):
        try:
            found, info = _stretches(dataset, recording, names, how)
        except RtemotionError as problem:
            raise type(problem)(f"In recording {recording}: {problem}") from problem
        stretches += found
        simulated &= info.simulated
        if not found:
            log.warning(
                "Recording %s has no window inside a trial with labels: %g s are needed.",
                recording,
                how.schema.longest_window(info.sfreq) / info.sfreq,
            )
        progress(done + 1, len(dataset))
    placed = plan_channels(infos[0], tuple(names), how.montage).info
    return FeatureTable.of(
        stretches,
        _columns(how.schema, tuple(names)),
        [target.name for target in dataset.targets],
        support_s,
        dataset.smoothing_s,
        [target.construct for target in dataset.targets],
        dataset.kind,
        edge_channels(tuple(names), placed.positions),
        simulated,
    )


def common_channels(
    dataset: Dataset, how: Preparation
) -> tuple[tuple[str, ...], tuple[StreamInfo, ...]]:
    """Return the channels that all recordings have, under one spelling, and their streams.

    Raises
    ------
    SetupError
        If they have fewer than two in common, naming the recording that lacks most.
    """
    infos = []
    kept: list[str] = []
    for recording in dataset:
        source = recording.open()
        source.close()
        infos.append(source.info)
        own = [_spelt(name) for name in _eeg(recording, source.info, how)]
        if not infos[1:]:
            kept = own
            continue
        left = [name for name in kept if name in own]
        if len(left) < 2:
            raise SetupError(
                f"Recording {recording} has the channels {', '.join(own)}, and shares "
                f"{len(left)} with those before it ({', '.join(kept)}); at least two must be "
                "common to all. Choose recordings of one montage."
            )
        if len(left) < len(kept):
            log.info("%s lacks %s", recording, ", ".join(sorted(set(kept) - set(left))))
        kept = left
    return tuple(kept), tuple(infos)


def _eeg(recording: LabelledRecording, info: StreamInfo, how: Preparation) -> tuple[str, ...]:
    wanted = how.channels or recording.channels
    return tuple(info.channels[i] for i in plan_channels(info, wanted, how.montage).indices)


def _spelt(name: str) -> str:
    return canonical_site(name) or name


def _setup(names: Sequence[str], info: StreamInfo, how: Preparation) -> Setup:
    """Return a set-up that picks channels in one order, under one spelling."""
    own = {_spelt(name): name for name in info.channels}
    picked = tuple(own[name] if own[name] == name else f"{own[name]}:{name}" for name in names)
    return Setup(channels=picked, montage=how.montage)


def _support_s(how: Preparation, sfreq: float) -> float:
    """Return over how many seconds of signal a row reaches, filters included."""
    window = how.schema.longest_window(sfreq)
    return (window + how.design.settling_samples(sfreq)) / sfreq


def _columns(schema: FeatureSchema, names: tuple[str, ...]) -> list[Column]:
    first, second = np.triu_indices(len(names), 1)
    power = [Column("power", band.name, (name,)) for band in schema.bands for name in names]
    edges = [
        Column("connectivity", schema.bands[b].name, (names[i], names[j]))
        for _ in schema.measures
        for b in schema.connectivity_bands
        for i, j in zip(first, second, strict=True)
    ]
    return power + edges


def _stretches(
    dataset: Dataset, recording: LabelledRecording, names: Sequence[str], how: Preparation
) -> tuple[list[Stretch], StreamInfo]:
    trials = recording.trials
    source = recording.open()
    try:
        info = source.info
        what = Extraction(how.schema, how.design, _setup(names, info, how))
        frames, _ = feature_frames(source, what)
        rows = list(_rows(frames, recording, trials, info, how))
    finally:
        source.close()
    found = []
    for number, trial in enumerate(trials):
        own = [(time, x) for time, of, x in rows if of == number]
        if not own:
            continue
        times = np.array([time for time, _ in own])
        about = None
        if dataset.about:
            about = np.full((len(times), len(dataset.about)), np.nan)
            if trial.about is not None:
                about = trial.about.at(times)
        found.append(
            Stretch(
                subject=recording.subject,
                session=recording.session,
                recording=recording.name,
                stimulus=trial.stimulus,
                times=times,
                features=np.array([x for _, x in own]),
                targets=trial.labels.at(times),
                stimulus_times=times - trial.start,
                story=trial.story,
                story_start=trial.story_start,
                stimulus_features=about,
            )
        )
    return found, info


def _rows(
    items: Iterator[object],
    recording: LabelledRecording,
    trials: Sequence[Trial],
    info: StreamInfo,
    how: Preparation,
) -> Iterator[tuple[float, int, np.ndarray]]:
    """Yield time, number of the trial and features of the windows inside trials."""
    hop_s = how.schema.hop_seconds(info.sfreq)
    every = max(1, round(how.step_s / hop_s))
    window_s = how.schema.longest_window(info.sfreq) / info.sfreq
    reference = _Reference(recording, info, how, hop_s)
    for item in items:
        if not isinstance(item, FeatureFrame):
            continue
        at = item.index / info.sfreq if recording.clock == "recording" else item.time
        if item.full and round(item.index / (hop_s * info.sfreq)) % every == 0:
            against = reference.known(item)
            for number, trial in enumerate(trials):
                if trial.start + window_s <= at + 1e-6 and at <= trial.stop + 1e-6 and against:
                    yield at, number, _against(item, against)
                    break
        reference.learn(item)


class _Reference:
    """What features stand against, known before each window and never from after it."""

    def __init__(
        self, recording: LabelledRecording, info: StreamInfo, how: Preparation, hop_s: float
    ) -> None:
        self._fixed: Baseline | None = None
        self._recorder: BaselineRecorder | None = None
        self._running: RunningReference | None = None
        self._nothing = how.normalisation == "none"
        if how.normalisation == "baseline" and recording.rest is not None:
            window = how.schema.longest_window(info.sfreq)
            self._recorder = BaselineRecorder(recording.rest, info.sfreq, window)
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


def _against(frame: FeatureFrame, reference: Baseline) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        power: FloatArray = np.log(frame.power) - reference.log_power
    edges = frame.connectivity - reference.connectivity
    x = np.concatenate([power.ravel(), edges.ravel()]).astype(np.float32)
    x[~np.isfinite(x)] = np.nan
    return x
