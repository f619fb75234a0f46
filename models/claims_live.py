"""What the program shows of a simulated person live: the whole way from samples to frames."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..decoding import BaselineSpan, Model, load_model
from ..engine import decode
from ..signal import Chunk, EmotionFrame, FloatArray, Reason, StreamInfo, Tick
from ..simulators.benchmark import Sitting
from ..simulators.source import SimulatedSource
from .claims_weights import WatchedModel, emotions_in
from .simulated import READ_S, code_hash


@dataclass(frozen=True, eq=False)
class Shown:
    """Every frame of one recording, a hop apart from the first window on.

    Attributes
    ----------
    times : array, shape (n_frames,)
        End of each frame, seconds since the start of the recording.
    truth : array, shape (n_frames, 8)
        The emotions then.
    means : array, shape (n_frames, 8)
        Predictions, NaN where there was no value.
    artifact, unfamiliar : array of bool, shape (n_frames,)
        Whether that reason stood against the frame.
    off : array, shape (n_frames,)
        How far the constant and all contributions are from the prediction, at most.
    """

    times: FloatArray
    truth: FloatArray
    means: FloatArray
    artifact: NDArray[np.bool_]
    unfamiliar: NDArray[np.bool_]
    off: FloatArray

    def within(self, span: tuple[float, float]) -> NDArray[np.bool_]:
        """Tell which frames end within a span of seconds, its start excluded."""
        return (self.times > span[0]) & (self.times <= span[1])


@dataclass(frozen=True)
class Watcher:
    """Decodes people live and keeps what was shown, one file each, named by all it depends on.

    Attributes
    ----------
    model : Path
        The model file.
    folder : Path
        Where finished files lie.
    """

    model: Path
    folder: Path

    def __call__(self, sitting: Sitting) -> Shown:
        """Decode one person, unless that is done, and return what was shown."""
        model = load_model(self.model)
        own = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
        key = repr((sitting, model.identity, code_hash(), own))
        path = self.folder / f"live-{hashlib.sha256(key.encode()).hexdigest()[:24]}.npz"
        names = [field.name for field in fields(Shown)]
        if not path.exists():
            shown = watch(sitting, model)
            self.folder.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".partial.npz")
            np.savez(partial, **{name: getattr(shown, name) for name in names})
            partial.replace(path)
        with np.load(path, allow_pickle=False) as kept:
            return Shown(**{name: kept[name] for name in names})


def watch(sitting: Sitting, model: Model) -> Shown:
    """Decode one person against their own rest at the start of the recording."""
    source = _Telling(sitting)
    watched = WatchedModel(model)
    order = emotions_in(model)
    span = BaselineSpan(0.0, sitting.rest_s)
    frames = [frame for frame in decode(source, watched, span=span) if frame.index is not None]
    index = np.array([frame.index for frame in frames])
    bias = watched.weighed[-1].weights.bias
    return Shown(
        times=index / source.info.sfreq,
        truth=np.concatenate(source.truth)[index - 1],
        means=np.array([frame.mean[order] for frame in frames]),
        artifact=np.array([Reason.ARTIFACT in frame.reasons for frame in frames]),
        unfamiliar=np.array([Reason.UNFAMILIAR in frame.reasons for frame in frames]),
        off=np.array([_off(frame, bias) for frame in frames]),
    )


def _off(frame: EmotionFrame, bias: FloatArray) -> float:
    node, edge = frame.node_contribution.sum(axis=1), frame.edge_contribution.sum(axis=1)
    return float(np.abs(bias + node + edge - frame.mean).max())


class _Telling:
    """A simulated source that keeps the truth behind what it yielded."""

    def __init__(self, sitting: Sitting) -> None:
        seconds = sitting.rest_s + sitting.seconds
        self._source = SimulatedSource(sitting.brain(), np.inf, READ_S, seconds)
        self.now, self.close = self._source.now, self._source.close
        self.truth: list[FloatArray] = []

    @property
    def info(self) -> StreamInfo:
        return self._source.info

    def __iter__(self) -> Iterator[Chunk | Tick]:
        for item in self._source:
            self.truth.append(self._source.truth)
            yield item
