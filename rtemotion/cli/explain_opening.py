"""What is decoded to learn networks from: a recording, a data set, or a simulated person."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..decoding import BaselineSpan, Model
from ..engine import Engine
from ..errors import SetupError, SourceError
from ..explanation.seconds import Seconds
from ..options import Options
from ..outputs import Outputs
from ..signal import Chunk, FloatArray, Tick
from ..starting import Replay, replay_engine
from .explain_watching import Labeller, Opening
from .truth import Truth, read_truth

if TYPE_CHECKING:
    from ..models.datasets import Dataset, LabelledRecording
    from ..simulators import SimulatedSource
    from .explain import Wanted

REST_S = 80.0
# In the cut of a usual amplifier; results do not depend on it.
_CHUNK_S = 0.25


@dataclass(frozen=True, eq=False)
class Opened:
    """What is decoded.

    Attributes
    ----------
    data : str
        In words.
    recordings : iterable of Opening
        One after the other, those of a folder opened when it is their turn.
    notes : tuple of str
        What has to be known of them.
    """

    data: str
    recordings: Iterable[Opening]
    notes: tuple[str, ...] = ()


def opened(wanted: Wanted, options: Options, model: Model) -> Opened:
    """Return what is to be decoded; recordings are opened when it is their turn.

    Raises
    ------
    RtemotionError
        When it cannot be had, or options do not go with it.
    """
    if wanted.on is None:
        return _simulated(wanted, options, model)
    folder = wanted.on.is_dir() and wanted.on.suffix.lower() not in (".ds", ".mff")
    if folder or wanted.layout is not None:
        return _folder(wanted, options, model)
    if wanted.trials is not None or wanted.targets:
        raise SetupError(
            f"{wanted.on} is one recording: --trials and --targets go with a data set; name its "
            "folder, or its --layout."
        )
    return Opened(str(wanted.on), (_recording(wanted.on, wanted, options, model),))


def _folder(wanted: Wanted, options: Options, model: Model) -> Opened:
    """Open a data set; where nothing says that a folder is one, the recordings in it."""
    assert wanted.on is not None
    from .dataset_options import open_wanted

    told = wanted.layout or wanted.labels or wanted.trials or wanted.targets
    try:
        dataset = open_wanted(
            wanted.on, wanted.layout, wanted.labels, wanted.trials, list(wanted.targets) or None
        )
    except SourceError as problem:
        files = () if told or not wanted.on.is_dir() else _recordings(wanted.on)
        if not files:
            raise
        note = f"No labels of a data set are used. {problem}"
        recordings = (_recording(file, wanted, options, model) for file in files)
        return Opened(f"{wanted.on} ({len(files)} recordings)", recordings, (note,))
    return _dataset(dataset, wanted, options, model)


def _recordings(folder: Path) -> tuple[Path, ...]:
    """Return the recordings in a folder and below, tables that only look like one left out."""
    from ..sources.listing import list_recordings
    from ..sources.paths import TEXT_EXTENSIONS, extension

    return tuple(
        one.path
        for one in list_recordings(folder)
        if not one.problem or extension(one.path) not in TEXT_EXTENSIONS
    )


def _recording(file: Path, wanted: Wanted, options: Options, model: Model) -> Opening:
    what = Replay(file, wanted.stream, math.inf, None, wanted.baseline, model.path)
    engine, length = replay_engine(what, Outputs(), options)
    sfreq, names = engine.pipeline.info.sfreq, model.card.target_names

    def labels(seconds: Seconds) -> FloatArray | None:
        if wanted.labels is not None:
            from ..models.calibration.labels import read_table

            return read_table(wanted.labels, names, file).at(seconds.index / sfreq, names)
        from ..sources.session import is_session, open_session

        recording = open_session(file)[1] if is_session(file) else file
        truth = read_truth(recording, engine.source, wanted.stream)
        return None if truth is None else _at(truth, seconds, names)

    n_samples = None if length is None else round(length * sfreq)
    return Opening(file.name, lambda: engine, labels, n_samples)


def _simulated(wanted: Wanted, options: Options, model: Model) -> Opened:
    card = model.card
    if card.tied is not None or card.trained_on != "simulation":
        raise SetupError(
            f"The model {card.name} is explained on recordings of people alone: name one, or a "
            "data set, with --on."
        )
    options_told = ("labels", "baseline", "layout", "stream", "trials", "targets")
    told = {f"--{name}": getattr(wanted, name) for name in options_told}
    if needless := [name for name, value in told.items() if value]:
        raise SetupError(f"{', '.join(needless)} says nothing without --on; name what to decode.")
    from ..simulators import Brain, SimulatedSource, Subject

    brain = Brain(Subject.draw(wanted.seed), wanted.headset, seed=wanted.seed, rest_s=REST_S)
    source = SimulatedSource(
        brain, speed=math.inf, chunk_s=_CHUNK_S, seconds=REST_S + wanted.seconds
    )
    telling = _Telling(source)

    def start() -> Engine:
        return Engine(telling, model, setup=options.setup(), span=BaselineSpan(0.0, REST_S))

    name = f"a simulated person ({wanted.headset}, {wanted.seed})"
    recording = Opening(
        "simulated person",
        start,
        lambda seconds: _at(telling.truth, seconds, card.target_names),
        round((REST_S + wanted.seconds) * brain.info.sfreq),
    )
    note = (
        f"No recording was named: {name} was decoded, which shows what the model does on brains "
        "like those it was trained on, and nothing about people."
    )
    return Opened(name, (recording,), (note,))


class _Telling:
    """A simulated source that keeps the truth of every chunk."""

    def __init__(self, source: SimulatedSource) -> None:
        self._source = source
        self.info, self.now, self.close = source.info, source.now, source.close
        self._times: list[float] = []
        self._values: list[FloatArray] = []

    def __iter__(self) -> Iterator[Chunk | Tick]:
        for item in self._source:
            if isinstance(item, Chunk):
                self._times.append(float(item.times[-1]))
                self._values.append(self._source.truth[-1])
            yield item

    @property
    def truth(self) -> Truth:
        from ..simulators import EMOTIONS

        return Truth(EMOTIONS, np.array(self._times), np.array(self._values))


def _at(truth: Truth, seconds: Seconds, names: tuple[str, ...]) -> FloatArray | None:
    """Return the truth of some emotions; None where nothing is known of any."""
    known = truth.at(seconds.times)
    found = np.full((len(seconds), len(names)), np.nan)
    for i, name in enumerate(names):
        if name in truth.names:
            found[:, i] = known[:, truth.names.index(name)]
    return found if np.isfinite(found).any() else None


def _dataset(dataset: Dataset, wanted: Wanted, options: Options, model: Model) -> Opened:
    if wanted.baseline is not None or wanted.stream is not None:
        raise SetupError(
            "A data set says itself where people rested and which stream is theirs: leave out "
            "--baseline and --stream."
        )
    from ..models.datasets.features import Preparation, common_channels

    card = model.card
    how = Preparation(
        card.features, card.conditioning, channels=options.channels or (), montage=options.montage
    )
    names, _ = common_channels(dataset, how)
    n_rested = sum(one.rest is not None for one in dataset)
    notes = []
    if card.normalisation.policy == "baseline" and n_rested < len(dataset):
        notes.append(
            f"{len(dataset) - n_rested} of {len(dataset)} recordings have no rest that the data "
            "set tells of: their features stand against the population's."
        )
    recordings = tuple(
        Opening(str(one), _starting(one, names, options, model), _labelled(dataset, one, model))
        for one in dataset
    )
    people = f"{len(dataset.subjects)} people, {len(dataset)} recordings"
    return Opened(f"{dataset.name} ({people})", recordings, tuple(notes))


def _starting(
    one: LabelledRecording, names: tuple[str, ...], options: Options, model: Model
) -> Callable[[], Engine]:
    """Return what opens a recording with the channels of all, under the same names."""

    def start() -> Engine:
        from ..models.datasets.rows import picked

        source = one.open()
        setup = replace(options.setup(), channels=picked(names, source.info))
        try:
            return Engine(source, model, setup=setup, span=one.rest)
        except BaseException:
            source.close()
            raise

    return start


def _labelled(dataset: Dataset, one: LabelledRecording, model: Model) -> Labeller:
    """Return what looks labels up, on the scales of the model's targets."""

    def labels(seconds: Seconds) -> FloatArray | None:
        found = np.full((len(seconds), len(model.card.targets)), np.nan)
        times = seconds.times
        if one.clock == "recording":
            source = one.open()
            source.close()
            times = seconds.index / source.info.sfreq
        given = {target.name: k for k, target in enumerate(dataset.targets)}
        for i, target in enumerate(model.card.targets):
            if target.name not in given:
                continue
            scale = dataset.targets[given[target.name]]
            for trial in one.trials:
                inside = np.flatnonzero((times >= trial.start) & (times <= trial.stop))
                share = trial.labels.at(times[inside])[:, given[target.name]] - scale.low
                share /= scale.high - scale.low
                found[inside, i] = target.low + share * (target.high - target.low)
        return found if np.isfinite(found).any() else None

    return labels
