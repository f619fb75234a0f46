"""From a data set to the table that is evaluated, by the code that decodes live."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...conditioning import plan_channels
from ...errors import RtemotionError, SetupError
from ...features import FeatureSchema
from ...signal import StreamInfo
from ..evaluation import Column, FeatureTable, Stretch, edge_channels, front_channels
from .dataset import Dataset, LabelledRecording
from .rows import Preparation, Row, Rows, rows_of, spelt

__all__ = ["Preparation", "assembled", "common_channels", "naming", "table_of"]

log = logging.getLogger(__name__)

# Of its width, labels may lie beyond a scale.
_SLACK = 0.01


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
    rows = []
    for done, recording in enumerate(dataset):
        with naming(recording):
            rows.append(_labelled_rows(recording, names, how))
        progress(done + 1, len(dataset))
    return assembled(dataset, how, names, infos, rows)


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
        own = [spelt(name) for name in _eeg(recording, source.info, how)]
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


def assembled(
    dataset: Dataset,
    how: Preparation,
    names: Sequence[str],
    infos: Sequence[StreamInfo],
    rows: Sequence[Rows],
) -> FeatureTable:
    """Return the table of rows and labels.

    Room for all features is made first and filled recording by recording, so that memory
    holds them once.

    Parameters
    ----------
    dataset : Dataset
    how : Preparation
    names, infos
        See `common_channels`.
    rows : sequence of Rows
        Of each recording.

    Raises
    ------
    EvaluationError
        If there are no rows with labels.
    """
    columns = _columns(how.schema, tuple(names))
    empty = np.full(len(columns), np.nan, dtype=np.float32)
    places: list[list[_Place]] = []
    for recording, own in zip(dataset, rows, strict=True):
        with naming(recording):
            places.append(_places(dataset, recording, own, how, empty))
        if not places[-1]:
            log.warning(
                "Recording %s has no window inside a trial with labels: %g s are needed.",
                recording,
                how.schema.longest_window(own.sfreq) / own.sfreq,
            )
    placed = plan_channels(infos[0], tuple(names), how.montage).info
    table = FeatureTable.of(
        [place.stretch for found in places for place in found],
        columns,
        [target.name for target in dataset.targets],
        max(_support_s(how, info.sfreq) for info in infos),
        dataset.smoothing_s,
        [target.construct for target in dataset.targets],
        dataset.kind,
        edge_channels(tuple(names), placed.positions),
        all(own.simulated for own in rows),
        front_channels(tuple(names), placed.positions),
    )
    _fill(table, places, rows)
    return table


def beyond_scale(dataset: Dataset, table: FeatureTable) -> tuple[str, ...]:
    """Return a sentence for each target whose labels leave the scale declared for it.

    Parameters
    ----------
    dataset : Dataset
        Its targets say what the scales are.
    table : FeatureTable
        Of the data set; it may have some of the targets.
    """
    said = []
    for target in dataset.targets:
        if target.name not in table.target_names:
            continue
        labels = table.targets[:, table.target_names.index(target.name)]
        labels = labels[np.isfinite(labels)]
        slack = _SLACK * (target.high - target.low)
        if not len(labels) or (
            labels.min() >= target.low - slack and labels.max() <= target.high + slack
        ):
            continue
        low, high = float(labels.min()), float(labels.max())
        wide = f"{min(np.floor(low), target.low):g}:{max(np.ceil(high), target.high):g}"
        said.append(
            f"Labels of {target.name} go from {low:.3g} to {high:.3g}, and {target.low:g} to "
            f"{target.high:g} is declared as their scale; declare the one they were given on, as "
            f"in --targets {target.name}:{wide}."
        )
    return tuple(said)


@contextmanager
def naming(recording: LabelledRecording) -> Iterator[None]:
    """Let a problem say which recording it is of."""
    try:
        yield
    except RtemotionError as problem:
        raise type(problem)(f"In recording {recording}: {problem}") from problem


@dataclass(frozen=True, eq=False)
class _Place:
    """A stretch without its features, and which rows of its recording they are."""

    stretch: Stretch
    rows: NDArray[np.int64]


def _fill(table: FeatureTable, places: Sequence[Sequence[_Place]], rows: Sequence[Rows]) -> None:
    start = 0
    for found, own in zip(places, rows, strict=True):
        if not found:
            continue
        features = own.features()
        for place in found:
            stop = start + len(place.rows)
            table.features[start:stop] = features[place.rows]
            start = stop


def _labelled_rows(recording: LabelledRecording, names: Sequence[str], how: Preparation) -> Rows:
    """Return the rows of a recording that lie inside its trials."""
    source = recording.open()
    try:
        info = source.info
        window_s = how.schema.longest_window(info.sfreq) / info.sfreq

        def labelled(row: Row) -> bool:
            at = _moment(recording, row.index, row.time, info.sfreq)
            return _trial_at(recording, at, window_s) >= 0

        kept = [row for row in rows_of(source, names, how, recording.rest) if labelled(row)]
    finally:
        source.close()
    return Rows(
        index=np.array([row.index for row in kept], dtype=np.int64),
        times=np.array([row.time for row in kept], dtype=np.float64),
        sfreq=info.sfreq,
        simulated=info.simulated,
        features=lambda: np.array([row.features for row in kept]),
    )


def _moment(recording: LabelledRecording, index: int, time: float, sfreq: float) -> float:
    """Return when a window ends on the recording's clock, s."""
    return index / sfreq if recording.clock == "recording" else time


def _trial_at(recording: LabelledRecording, at: float, window_s: float) -> int:
    """Return the number of the first trial in which a window lies wholly; -1 for none."""
    for number, trial in enumerate(recording.trials):
        if trial.start + window_s <= at + 1e-6 and at <= trial.stop + 1e-6:
            return number
    return -1


def _places(
    dataset: Dataset,
    recording: LabelledRecording,
    rows: Rows,
    how: Preparation,
    empty: NDArray[np.float32],
) -> list[_Place]:
    window_s = how.schema.longest_window(rows.sfreq) / rows.sfreq
    moments = np.array(
        [
            _moment(recording, int(index), float(time), rows.sfreq)
            for index, time in zip(rows.index, rows.times, strict=True)
        ]
    )
    trial_of = np.array([_trial_at(recording, at, window_s) for at in moments], dtype=np.int64)
    found = []
    for number, trial in enumerate(recording.trials):
        own = np.flatnonzero(trial_of == number)
        if not len(own):
            continue
        times = moments[own]
        about = None
        if dataset.about:
            about = np.full((len(times), len(dataset.about)), np.nan)
            if trial.about is not None:
                about = trial.about.at(times)
        stretch = Stretch(
            subject=recording.subject,
            session=recording.session,
            recording=recording.name,
            stimulus=trial.stimulus,
            times=times,
            features=np.broadcast_to(empty, (len(times), len(empty))),
            targets=trial.labels.at(times),
            stimulus_times=times - trial.start,
            story=trial.story,
            story_start=trial.story_start,
            stimulus_features=about,
        )
        found.append(_Place(stretch, own))
    return found


def _eeg(recording: LabelledRecording, info: StreamInfo, how: Preparation) -> tuple[str, ...]:
    wanted = how.channels or recording.channels
    return tuple(info.channels[i] for i in plan_channels(info, wanted, how.montage).indices)


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
