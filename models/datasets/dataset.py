"""What a labelled data set is: recordings, what was shown in them, and labels on their clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np

from ...decoding import BaselineSpan
from ...errors import SetupError, SourceError
from ...signal import FloatArray, Source
from ..evaluation.table import CONSTRUCTS, Kind


@dataclass(frozen=True)
class Target:
    """One thing that is rated.

    Attributes
    ----------
    name : str
    low, high : float
        Ends of its scale.
    construct : str
        ``"felt"``, ``"perceived"`` or ``"stimulus-inferred"``.
    """

    name: str
    low: float = 0.0
    high: float = 1.0
    construct: str = "felt"

    def __post_init__(self) -> None:
        """Refuse a construct or a scale that is none."""
        if self.construct not in CONSTRUCTS or not self.low < self.high:
            raise SourceError(
                f"The target {self.name} is '{self.construct}' from {self.low:g} to "
                f"{self.high:g}, expected one of {', '.join(CONSTRUCTS)} and a rising scale."
            )


@dataclass(frozen=True, eq=False)
class Series:
    """Values on a clock of their own.

    Attributes
    ----------
    times : array, shape (n_times,)
        Seconds on the recording's clock, ascending.
    values : array, shape (n_times, n_columns)
        NaN where there is none.
    """

    times: FloatArray
    values: FloatArray

    def __post_init__(self) -> None:
        """Refuse what is no series."""
        if self.values.ndim != 2 or self.values.shape[0] != len(self.times):
            raise SourceError(
                f"Labels of shape {self.values.shape} do not fit {len(self.times)} times, "
                "expected a row for each time."
            )
        if not (np.isfinite(self.times).all() and (np.diff(self.times) > 0).all()):
            raise SourceError("Times of labels do not ascend, expected each after the one before.")

    def at(self, times: FloatArray) -> FloatArray:
        """Return values at other times, linear in between; NaN where none are near.

        Near are those not further away than one and a half usual steps, so that gaps in
        the labels stay gaps. One row holds for all times.
        """
        if len(self.times) == 1:
            return np.repeat(self.values, len(times), axis=0)
        out = np.full((len(times), self.values.shape[1]), np.nan)
        for k, column in enumerate(self.values.T):
            known = np.isfinite(column)
            if not known.any():
                continue
            given = self.times[known]
            # The usual step is that of the series, gaps of one column left aside.
            reach = 1.5 * float(np.median(np.diff(self.times)))
            after = np.clip(np.searchsorted(given, times), 0, len(given) - 1)
            before = np.clip(after - 1, 0, None)
            wide = given[after] - given[before] > reach
            off = np.minimum(np.abs(times - given[before]), np.abs(times - given[after]))
            near = np.where(wide, off <= 0.5 * reach, off <= reach)
            out[near, k] = np.interp(times[near], given, column[known])
        return out


@dataclass(frozen=True, eq=False)
class Trial:
    """A stretch of a recording in which something was shown, or the whole of it.

    Attributes
    ----------
    stimulus : str
        Its name, the same for all who were shown it; empty where there was none.
    start, stop : float
        Seconds on the recording's clock.
    labels : Series
        A column for each target; one row for a rating of the whole.
    story : str
        The story this is a segment of, empty for a stimulus of its own.
    story_start : float
        Seconds into the story.
    about : Series or None
        Features of the stimulus.
    """

    stimulus: str
    start: float
    stop: float
    labels: Series
    story: str = ""
    story_start: float = 0.0
    about: Series | None = None

    def __post_init__(self) -> None:
        """Refuse a stretch that is none."""
        if not self.start < self.stop:
            raise SourceError(
                f"The trial '{self.stimulus}' starts at {self.start:g} s and stops at "
                f"{self.stop:g} s, expected a stop after its start; correct the two times."
            )


@dataclass(frozen=True, eq=False)
class LabelledRecording:
    """A recording, which is opened when it is wanted, and its trials, found when wanted.

    Attributes
    ----------
    subject, session, name : str
    open : callable
        Returns its source, newly opened.
    find : callable
        Returns its trials.
    rest : BaselineSpan or None
        Where the person rested, in seconds on the recording's clock.
    clock : {"recording", "stream"}
        Trials and labels are in seconds since the first sample, or on the stream's clock.
    channels : tuple of str
        Which channels are EEG, where the data set says so; all that look like it if empty.
    """

    subject: str
    session: str
    name: str
    open: Callable[[], Source]
    find: Callable[[], Sequence[Trial]]
    rest: BaselineSpan | None = None
    clock: Literal["recording", "stream"] = "recording"
    channels: tuple[str, ...] = ()

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """The stretches that have labels."""
        return tuple(self.find())

    def __str__(self) -> str:
        """Return whose recording it is."""
        return " ".join(part for part in (self.subject, self.session, self.name) if part)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled recordings of several people.

    Attributes
    ----------
    name : str
    recordings : tuple of LabelledRecording
    targets : tuple of Target
        Columns of the labels.
    kind : {"continuous", "rating"}
        Labels that move in time, or one rating a stimulus.
    smoothing_s : float
        Width over which labels were smoothed or held, in seconds.
    about : tuple of str
        Names of the features of stimuli; empty where nothing is known of them.
    source : str
        Where its layout is described, and what to cite.
    """

    name: str
    recordings: tuple[LabelledRecording, ...]
    targets: tuple[Target, ...]
    kind: Kind
    smoothing_s: float = 0.0
    about: tuple[str, ...] = field(default=())
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse a data set with nothing in it."""
        if not self.recordings:
            raise SourceError(
                f"The data set {self.name} has no recording with labels, expected at least one; "
                "check the folder, and that labels name the same people as recordings."
            )
        if not self.targets:
            raise SourceError(f"The data set {self.name} has no targets, expected at least one.")

    def __len__(self) -> int:
        """Return the number of recordings."""
        return len(self.recordings)

    def __iter__(self) -> Iterator[LabelledRecording]:
        """Yield the recordings, none of them open."""
        yield from self.recordings

    @property
    def subjects(self) -> tuple[str, ...]:
        """Everybody in it, in the order of their first recording."""
        return tuple(dict.fromkeys(recording.subject for recording in self.recordings))

    def of(self, *subjects: str) -> Dataset:
        """Return the data set with some of its subjects.

        Raises
        ------
        SourceError
            If somebody is not in it.
        """
        unknown = [name for name in subjects if name not in self.subjects]
        if unknown or not subjects:
            raise SourceError(
                f"{', '.join(unknown) or 'Nobody'} is not in the data set {self.name}, expected "
                f"some of {', '.join(self.subjects)}."
            )
        kept = tuple(r for r in self.recordings if r.subject in subjects)
        return replace(self, recordings=kept)


def require_rest(dataset: Dataset) -> None:
    """Refuse recordings without a rest where features are to stand against it.

    Raises
    ------
    SetupError
        If there are any.
    """
    without = [str(one) for one in dataset if one.rest is None]
    if without:
        raise SetupError(
            f"{len(without)} recordings have no rest to stand against ({without[0]} is one), "
            "as a baseline in decoding would need; take --normalisation adaptive."
        )
