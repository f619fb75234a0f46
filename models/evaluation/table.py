"""Features and labels, row by row, with everything that says which rows belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import RtemotionError
from ...signal import FloatArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Kind = Literal["continuous", "rating"]
CONSTRUCTS = ("felt", "perceived", "stimulus-inferred")
# Stands in for the stimulus where there was none.
_ALONE = "none in "
# What a model is given unless it is told otherwise; the rest serves baselines.
MODEL_PARTS = ("power", "connectivity", "other")


class EvaluationError(RtemotionError):
    """Features, labels or groups do not allow what an evaluation was asked for."""


@dataclass(frozen=True)
class Column:
    """What one feature is.

    Attributes
    ----------
    part : str
        ``"power"``, ``"connectivity"``, ``"muscle"`` (measured EMG or EOG) or ``"other"``.
    band : str
        Its frequency band, empty where it has none.
    channels : tuple of str
        One channel, or the two of a pair.
    """

    part: str
    band: str = ""
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Stretch:
    """Consecutive windows of one recording during one stimulus.

    Attributes
    ----------
    subject, session, recording : str
        Whose it is. Recordings that share a clock share a name.
    stimulus : str
        What was seen or heard; empty where there was none.
    times : array, shape (n_rows,)
        Ends of the windows in seconds on the recording's clock, ascending.
    features : array, shape (n_rows, n_features)
        NaN where a feature could not be had.
    targets : array, shape (n_rows, n_targets)
        Labels at those times; NaN where there are none.
    stimulus_times : array, shape (n_rows,) or None
        Seconds since the stimulus began; since the first row by default.
    story : str
        The story that this stimulus is a segment of; the stimulus itself by default.
    story_start : float
        Seconds into the story at which the stimulus begins.
    stimulus_features : array, shape (n_rows, n_stimulus_features) or None
        Acoustic or lexical features of the stimulus at those times.
    """

    subject: str
    session: str
    recording: str
    stimulus: str
    times: FloatArray
    features: NDArray[np.floating]
    targets: FloatArray
    stimulus_times: FloatArray | None = None
    story: str = ""
    story_start: float = 0.0
    stimulus_features: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """All rows of a data set. Build it with `FeatureTable.of`.

    Attributes
    ----------
    features : array, shape (n_rows, n_features)
    columns : tuple of Column
        What the features are.
    targets : array, shape (n_rows, n_targets)
        NaN where there is no label.
    target_names, constructs : tuple of str
        Of the targets; a construct is one of `CONSTRUCTS`.
    kind : {"continuous", "rating"}
        Labels that move in time, or one rating a stimulus.
    times, stimulus_times, story_times : array, shape (n_rows,)
        Seconds on the clocks of recording, stimulus and story.
    subject, session, recording, stimulus, story : array of int, shape (n_rows,)
        Which one, as an index into the names below.
    subjects, sessions, recordings, stimuli, stories : tuple of str
    support_s : float
        Longest window and memory of the filters: rows nearer than this share samples.
    smoothing_s : float
        Width over which labels were smoothed or held.
    stimulus_features : array, shape (n_rows, n_stimulus_features)
        Without columns where nothing is known of the stimulus.
    edge_channels : frozenset of str
        Temporal and frontal channels at the rim, where muscles and eyes are.
    simulated : bool
        Whether the brains are.
    front_channels : frozenset of str
        Those nearest to the eyes, see `baselines.front_channels`; empty where none are near.
    """

    features: NDArray[np.floating]
    columns: tuple[Column, ...]
    targets: FloatArray
    target_names: tuple[str, ...]
    constructs: tuple[str, ...]
    kind: Kind
    times: FloatArray
    stimulus_times: FloatArray
    story_times: FloatArray
    subject: IntArray
    session: IntArray
    recording: IntArray
    stimulus: IntArray
    story: IntArray
    subjects: tuple[str, ...]
    sessions: tuple[str, ...]
    recordings: tuple[str, ...]
    stimuli: tuple[str, ...]
    stories: tuple[str, ...]
    support_s: float
    smoothing_s: float
    stimulus_features: FloatArray
    edge_channels: frozenset[str] = field(default_factory=frozenset)
    simulated: bool = False
    front_channels: frozenset[str] = field(default_factory=frozenset)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.times)

    @classmethod
    def of(
        cls,
        stretches: Sequence[Stretch],
        columns: Sequence[Column],
        target_names: Sequence[str],
        support_s: float,
        smoothing_s: float = 0.0,
        constructs: Sequence[str] | str = "felt",
        kind: Kind = "continuous",
        edge_channels: frozenset[str] = frozenset(),
        simulated: bool = False,
        front_channels: frozenset[str] = frozenset(),
    ) -> FeatureTable:
        """Put stretches together.

        Parameters
        ----------
        stretches : sequence of Stretch
        columns : sequence of Column
            What the features are.
        target_names : sequence of str
        support_s : float
            Longest window and memory of the filters in seconds.
        smoothing_s : float
            Width over which labels were smoothed or held, in seconds.
        constructs : str or sequence of str
            What labels say, for all targets or for each.
        kind, edge_channels, simulated, front_channels
            See the attributes.

        Raises
        ------
        EvaluationError
            If stretches contradict one another, or there are no rows.
        """
        stretches = [s for s in stretches if len(s.times)]
        if not stretches:
            raise EvaluationError(
                "There are no windows to evaluate, expected at least one stretch with rows; check "
                "that recordings are longer than the longest window and that labels lie in them."
            )
        for stretch in stretches:
            _check(stretch, len(columns), len(target_names))
        each = (constructs,) * len(target_names) if isinstance(constructs, str) else constructs
        unknown = set(each) - set(CONSTRUCTS)
        if unknown or len(each) != len(target_names):
            raise EvaluationError(
                f"The constructs {', '.join(each)} do not say what {len(target_names)} targets "
                f"are, expected one of {', '.join(CONSTRUCTS)} for each."
            )
        if not (support_s >= 0 and smoothing_s >= 0):
            raise EvaluationError(
                f"A support of {support_s} s and a smoothing of {smoothing_s} s make no gap, "
                "expected numbers of seconds from 0 on."
            )
        stimulus_times = [
            s.times - s.times[0] if s.stimulus_times is None else s.stimulus_times
            for s in stretches
        ]
        codes = {
            name: _codes(stretches, values)
            for name, values in {
                "subject": [s.subject for s in stretches],
                "session": [f"{s.subject} {s.session}" for s in stretches],
                "recording": [f"{s.subject} {s.session} {s.recording}" for s in stretches],
                # Without a stimulus nobody shares anything with anybody.
                "stimulus": [s.stimulus or _ALONE + _where(s) for s in stretches],
                "story": [s.story or s.stimulus or _ALONE + _where(s) for s in stretches],
            }.items()
        }
        return cls(
            features=np.concatenate([s.features for s in stretches]),
            columns=tuple(columns),
            targets=np.concatenate([np.asarray(s.targets, dtype=np.float64) for s in stretches]),
            target_names=tuple(target_names),
            constructs=tuple(each),
            kind=kind,
            times=np.concatenate([np.asarray(s.times, dtype=np.float64) for s in stretches]),
            stimulus_times=np.concatenate(stimulus_times),
            story_times=np.concatenate(
                [t + s.story_start for t, s in zip(stimulus_times, stretches, strict=True)]
            ),
            subject=codes["subject"][0],
            session=codes["session"][0],
            recording=codes["recording"][0],
            stimulus=codes["stimulus"][0],
            story=codes["story"][0],
            subjects=codes["subject"][1],
            sessions=codes["session"][1],
            recordings=codes["recording"][1],
            stimuli=codes["stimulus"][1],
            stories=codes["story"][1],
            support_s=float(support_s),
            smoothing_s=float(smoothing_s),
            stimulus_features=_stimulus_features(stretches),
            edge_channels=edge_channels,
            simulated=simulated,
            front_channels=front_channels,
        )

    @property
    def step_s(self) -> float:
        """Median seconds between neighbouring rows of a stretch."""
        same = (np.diff(self.recording) == 0) & (np.diff(self.stimulus) == 0)
        steps = np.diff(self.times)[same]
        return float(np.median(steps)) if len(steps) else 1.0

    @property
    def without_stimuli(self) -> bool:
        """Whether nothing was shown to anybody, so that nobody shares anything."""
        return all(name.startswith(_ALONE) for name in self.stimuli)

    def rows(self, chosen: BoolArray | IntArray) -> FeatureTable:
        """Return the table with some of its rows; names and codes stay."""
        per_row: dict[str, Any] = {
            name: value[chosen]
            for name, value in vars(self).items()
            if isinstance(value, np.ndarray)
        }
        return replace(self, **per_row)

    def pick(self, *names: str) -> FeatureTable:
        """Return the table with some of its targets.

        Raises
        ------
        EvaluationError
            If there is no such target.
        """
        unknown = [name for name in names if name not in self.target_names]
        if unknown or not names:
            raise EvaluationError(
                f"There is no target {', '.join(unknown) or 'asked for'}, expected some of "
                f"{', '.join(self.target_names)}."
            )
        at = [self.target_names.index(name) for name in names]
        return replace(
            self,
            targets=self.targets[:, at],
            target_names=tuple(names),
            constructs=tuple(self.constructs[i] for i in at),
        )

    def columns_of(self, *parts: str) -> IntArray:
        """Return which columns belong to some parts of the features."""
        return np.array([i for i, c in enumerate(self.columns) if c.part in parts], dtype=np.int64)


def _where(stretch: Stretch) -> str:
    return f"{stretch.subject} {stretch.session} {stretch.recording}"


def _check(stretch: Stretch, n_features: int, n_targets: int) -> None:
    n = len(stretch.times)
    wanted = {"features": (n, n_features), "targets": (n, n_targets)}
    for name, shape in wanted.items():
        got = np.shape(getattr(stretch, name))
        if got != shape:
            raise EvaluationError(
                f"In recording {_where(stretch)} the {name} have the shape {got}, expected "
                f"{shape}; recordings of other channels need a set of channels that all have."
            )
    if not (np.isfinite(stretch.times).all() and (np.diff(stretch.times) > 0).all()):
        raise EvaluationError(
            f"In recording {_where(stretch)} times of windows do not ascend; sort them."
        )


def _codes(stretches: Sequence[Stretch], names: Sequence[str]) -> tuple[IntArray, tuple[str, ...]]:
    """Return the code of every row, and the names in the order of their first appearance."""
    known = {name: k for k, name in enumerate(dict.fromkeys(names))}
    lengths = [len(s.times) for s in stretches]
    codes = np.repeat(np.array([known[name] for name in names], dtype=np.int64), lengths)
    return codes, tuple(known)


def _stimulus_features(stretches: Sequence[Stretch]) -> FloatArray:
    widths = {
        0 if s.stimulus_features is None else s.stimulus_features.shape[1] for s in stretches
    }
    if len(widths) > 1:
        raise EvaluationError(
            "Features of the stimulus are known in some stretches and not, or others, elsewhere; "
            "expected the same everywhere. Leave them out, or fill in NaN."
        )
    width = widths.pop()
    return np.concatenate(
        [np.empty((len(s.times), width)) if width == 0 else _given(s) for s in stretches]
    )


def _given(stretch: Stretch) -> FloatArray:
    return np.asarray(stretch.stimulus_features, dtype=np.float64)
