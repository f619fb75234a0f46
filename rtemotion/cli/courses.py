"""Two models over one recording, and how far the courses they see lie apart."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..decoding import Baseline, BaselineSpan, Decoder, Model
from ..models.scoring import concordance
from ..pipeline import Setup, chain, feature_stages
from ..signal import Chunk, EmotionFrame, FloatArray, Item, Source, Stage
from .truth import Truth


@dataclass(frozen=True, eq=False)
class Course:
    """What one model saw in a recording.

    Attributes
    ----------
    names : tuple of str
        Its emotions.
    index : array of int, shape (n_frames,)
        Sample at which each frame ends, exclusive.
    times : array, shape (n_frames,)
        When that is, s.
    mean, std : array, shape (n_frames, n_emotions)
        Estimates; NaN where there are none.
    trusted : array of bool, shape (n_frames,)
        Whether nothing spoke against a frame.
    decode_s : array, shape (n_frames,)
        What decoding took once the features were there.
    hop : int
        Samples from one frame to the next.
    """

    names: tuple[str, ...]
    index: NDArray[np.int64]
    times: FloatArray
    mean: FloatArray
    std: FloatArray
    trusted: NDArray[np.bool_]
    decode_s: FloatArray
    hop: int

    @property
    def known(self) -> NDArray[np.bool_]:
        """Frames with a value, shape (n_frames,)."""
        return np.asarray(np.isfinite(self.mean).all(axis=1))

    @property
    def median_decode_ms(self) -> float:
        """Median time of decoding a frame that has a value, ms; NaN without any."""
        taken = self.decode_s[self.known]
        return 1e3 * float(np.median(taken)) if len(taken) else float("nan")


@dataclass(frozen=True, eq=False)
class Difference:
    """How far two courses of one emotion lie apart, over the frames both have.

    Attributes
    ----------
    mean, rms : float
        Of the second less the first.
    correlation : float
        Pearson's; NaN where one of them never changes.
    ccc : float
        Lin's concordance of the two.
    std : tuple of float
        Median predicted standard deviation of each.
    truth_ccc : tuple of float or None
        Concordance of each with the truth, where that is known.
    """

    mean: float
    rms: float
    correlation: float
    ccc: float
    std: tuple[float, float]
    truth_ccc: tuple[float, float] | None


class Follower:
    """One model's way through a source: the stages that decode live, and what comes of it.

    Parameters
    ----------
    source : Source
        What is decoded.
    model, setup, baseline, span
        See `rtemotion.Pipeline`.
    """

    def __init__(
        self,
        source: Source,
        model: Model,
        setup: Setup,
        baseline: Baseline | None,
        span: BaselineSpan | None,
    ) -> None:
        self._names = model.card.target_names
        features = model.card.features
        self._hop = features.hop_samples(source.info.sfreq)
        features.warn_if_unreliable(source.info.sfreq)
        self._stages: list[Stage]
        self._stages, info = feature_stages(source.info, features, model.card.conditioning, setup)
        self._decoder = Decoder(info, model, baseline, span)
        self._frames: list[tuple[int, float, FloatArray, FloatArray, bool, float]] = []

    def take(self, item: Item) -> None:
        """Take one item of the source."""
        for feature in chain(self._stages, item):
            began = time.perf_counter()
            found = list(self._decoder.process(feature))
            taken = time.perf_counter() - began
            for frame in found:
                if isinstance(frame, EmotionFrame) and frame.index is not None:
                    values = (frame.mean, frame.std, frame.trusted, taken)
                    self._frames.append((frame.index, frame.time, *values))

    def course(self) -> Course:
        """Return what was seen so far."""
        columns = list(zip(*self._frames, strict=True)) or [()] * 6
        index, times, mean, std, trusted, taken = columns
        shape = (-1, len(self._names))
        return Course(
            self._names,
            np.array(index, dtype=np.int64),
            np.array(times, dtype=np.float64),
            np.array(mean, dtype=np.float64).reshape(shape),
            np.array(std, dtype=np.float64).reshape(shape),
            np.array(trusted, dtype=np.bool_),
            np.array(taken, dtype=np.float64),
            self._hop,
        )


def follow(source: Source, followers: tuple[Follower, ...], go_on: Callable[[int], bool]) -> bool:
    """Lead models through a source together; return whether its end was reached.

    Parameters
    ----------
    source : Source
        Closed at the end.
    followers : tuple of Follower
        Given every item.
    go_on : callable
        Told the samples seen so far; a false answer ends it.
    """
    try:
        for item in source:
            for follower in followers:
                follower.take(item)
            if isinstance(item, Chunk) and not go_on(item.stop):
                return False
    finally:
        source.close()
    return True


def common_frames(a: Course, b: Course) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which frames of two courses belong together and have values in both.

    At each frame of the one with the longer hop, the newest frame of the other that is
    not later, nor older than its own hop.

    Returns
    -------
    rows_a, rows_b : array of int, shape (n_common,)
    """
    if a.hop < b.hop:
        rows_b, rows_a = common_frames(b, a)
        return rows_a, rows_b
    rows_a = np.arange(len(a.index))
    rows_b = np.searchsorted(b.index, a.index, side="right") - 1
    there = rows_b >= 0
    rows_a, rows_b = rows_a[there], rows_b[there]
    good = (a.index[rows_a] - b.index[rows_b] < b.hop) & a.known[rows_a] & b.known[rows_b]
    return rows_a[good], rows_b[good]


def differences(a: Course, b: Course, truth: Truth | None = None) -> Mapping[str, Difference]:
    """Compare two courses emotion by emotion, those that both have.

    Parameters
    ----------
    a, b : Course
        At least one frame must be common.
    truth : Truth or None
        What the emotions really were.
    """
    rows_a, rows_b = common_frames(a, b)
    told = None if truth is None else truth.at(a.times[rows_a])
    found = {}
    for name in (name for name in a.names if name in b.names):
        i, j = a.names.index(name), b.names.index(name)
        both = np.stack([a.mean[rows_a, i], b.mean[rows_b, j]], axis=1)
        away = both[:, 1] - both[:, 0]
        real = None
        if truth is not None and told is not None and name in truth.names:
            column = told[:, truth.names.index(name)]
            real = _against(both[np.isfinite(column)], column[np.isfinite(column)])
        found[name] = Difference(
            mean=float(away.mean()),
            rms=float(np.sqrt(np.mean(away * away))),
            correlation=_correlation(both[:, 0], both[:, 1]),
            ccc=float(concordance(both[:, :1], both[:, 1:])[0]),
            std=(
                float(np.median(a.std[rows_a, i])),
                float(np.median(b.std[rows_b, j])),
            ),
            truth_ccc=real,
        )
    return found


def _against(both: FloatArray, truth: FloatArray) -> tuple[float, float] | None:
    if len(truth) == 0:
        return None
    first, second = concordance(both, np.stack([truth, truth], axis=1)).tolist()
    return first, second


def _correlation(x: FloatArray, y: FloatArray) -> float:
    if len(x) < 2 or np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])
