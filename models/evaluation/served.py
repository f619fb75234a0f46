"""What a finished model says of labelled recordings, by the code that decodes live."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...decoding import Model
from ...engine import Engine
from ...errors import RtemotionError
from ...pipeline import Setup
from ...signal import EmotionFrame, FloatArray, Publication, Reason, StreamInfo
from ...sources.labels import canonical_site
from ...workers import spread

if TYPE_CHECKING:
    from ..datasets import Dataset, LabelledRecording

# By name, what is told of every frame beside its value, as text.
STRATA = ("channels", "artifacts", "features", "baseline")
_SIZES = (4, 8, 16, 32, 64)
_CLEAN = 0.95


@dataclass(frozen=True, eq=False)
class Decoded:
    """The frames with a value of one recording.

    Attributes
    ----------
    times : array, shape (n_frames,)
        Seconds on the clock that labels are on, ascending.
    mean, std, lower, upper : array, shape (n_frames, n_targets)
    strata : array of str, shape (n_frames, 4)
        One of each of `STRATA`.
    hop_s : float
    """

    times: FloatArray
    mean: FloatArray
    std: FloatArray
    lower: FloatArray
    upper: FloatArray
    strata: NDArray[np.str_]
    hop_s: float

    def at(self, times: FloatArray) -> NDArray[np.int64]:
        """Return the frame at each time, -1 where there is none within half a hop."""
        if not len(self.times):
            return np.full(len(times), -1)
        after = np.clip(np.searchsorted(self.times, times), 0, len(self.times) - 1)
        before = np.maximum(after - 1, 0)
        nearer = np.abs(self.times[before] - times) < np.abs(self.times[after] - times)
        found = np.where(nearer, before, after)
        close = np.abs(self.times[found] - times) <= 0.51 * self.hop_s
        return np.where(close, found, -1)


def decoded(
    model: Model,
    dataset: Dataset,
    montage: str | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, list[Decoded]]:
    """Decode every recording of a data set as it would be decoded live.

    The model's own baseline is taken from the rest that the data set tells of, where that is
    long enough.

    Parameters
    ----------
    model : Model
    dataset : Dataset
    montage : str or None
        Where electrodes are, see `rtemotion.Setup`.
    jobs, scheduler
        Who does it, see `rtemotion.workers.spread`.
    progress : callable
        Told how many recordings are done, and of how many.

    Returns
    -------
    dict
        By ``"subject session name"``.

    Raises
    ------
    RtemotionError
        If a recording cannot be read or decoded, naming it.
    """
    # Labels stay here: they are no business of who decodes.
    bare = [replace(recording, find=tuple) for recording in dataset]
    results: dict[int, Decoded] = {}
    task = partial(_decoded, path=model.path, montage=montage)
    for number, result in spread(task, bare, jobs, scheduler):
        if isinstance(result, RtemotionError):
            raise type(result)(f"In recording {bare[number]}: {result}") from result
        results[number] = result
        progress(len(results), len(bare))
    found: dict[str, list[Decoded]] = {}
    for number, recording in enumerate(bare):
        key = f"{recording.subject} {recording.session} {recording.name}"
        found.setdefault(key, []).append(results[number])
    return found


def _decoded(recording: LabelledRecording, path: Path, montage: str | None) -> Decoded:
    model = Model(path)
    rest = recording.rest
    if rest is not None and rest.end - rest.start < model.card.normalisation.minimum_s:
        rest = None
    source = recording.open()
    setup = Setup(channels=_channels(model, recording, source.info), montage=montage)
    times: list[float] = []
    frames: list[EmotionFrame] = []
    with Engine(source, model, (), setup, None, rest) as engine:
        info = engine.pipeline.info
        for item in engine:
            if not isinstance(item, Publication) or item.frame.index is None:
                continue
            frame = item.frame
            if np.isfinite(frame.mean).all():
                by_index = recording.clock == "recording"
                times.append(item.frame.index / info.sfreq if by_index else frame.time)
                frames.append(frame)
        hop_s = engine.pipeline.hop
    n = int(np.count_nonzero(info.has_position))
    mean, std, lower, upper = (
        np.array([getattr(frame, name) for frame in frames]).reshape(-1, len(model.card.targets))
        for name in ("mean", "std", "lower", "upper")
    )
    strata = np.array([_strata(frame, n) for frame in frames], dtype=np.str_)
    strata = strata.reshape(-1, len(STRATA))
    return Decoded(np.array(times), mean, std, lower, upper, strata, hop_s)


def _channels(model: Model, recording: LabelledRecording, info: StreamInfo) -> tuple[str, ...]:
    """Return which channels are decoded: those that a model is tied to, where it is to any."""
    tied = model.card.tied
    if tied is None:
        return recording.channels
    own = {canonical_site(name) or name: name for name in info.channels}
    wanted: Sequence[str] = [name for name in tied.channels if name in own]
    return tuple(own[n] if own[n] == n else f"{own[n]}:{n}" for n in wanted) or recording.channels


def _strata(frame: EmotionFrame, n_channels: int) -> tuple[str, ...]:
    edges = (0, *_SIZES)
    size = next(
        (f"{low + 1} to {high}" for low, high in zip(edges, _SIZES, strict=False)
         if n_channels <= high),
        f"more than {_SIZES[-1]}",
    )  # fmt: skip
    artifacts = "few" if frame.quality >= _CLEAN else "some"
    if Reason.ARTIFACT in frame.reasons:
        artifacts = "many"
    return (
        size,
        artifacts,
        "unfamiliar" if Reason.UNFAMILIAR in frame.reasons else "familiar",
        "none" if Reason.NO_BASELINE in frame.reasons else "known",
    )
