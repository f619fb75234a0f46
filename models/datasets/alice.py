"""The Alice EEG data: 33 people hear the first chapter of Alice in Wonderland.

Recordings: Bhattasali, Brennan, Luh, Franzluebbers, Hale 2020, LREC 120; first used in
Brennan & Hale 2019, PLoS ONE 14:e0207741; CC BY. The layout is that of the release for MNE
(Brodbeck et al. 2023, eLife 12:e85012, and its code at github.com/Eelbrain/Alice), which
names the annotations of a recording after the segments 1 to 12:

    eeg/S01/S01_alice-raw.fif
    stimuli/AliceChapterOne-EEG.csv     Word, Segment, onset, offset, …, LogFreq, SndPower
    stimuli/1.wav … 12.wav
"""

from __future__ import annotations

import logging
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ...annotation.emotions import EMOTIONS
from ...annotation.trajectory_table import read_trajectory
from ...errors import SourceError
from ...signal import FloatArray, Source
from .dataset import Dataset, LabelledRecording, Series, Target, Trial
from .tables import number, read_table

log = logging.getLogger(__name__)

# Seconds of the twelve segments, 723.5 in all, where the sound files are not there to ask.
SEGMENTS_S = (
    *(57.541, 60.845, 63.259, 69.989, 66.273, 63.778),
    *(62.897, 57.311, 57.226, 61.27, 56.17, 46.983),
)
WORDS = "stimuli/AliceChapterOne-EEG.csv"
ABOUT = ("SndPower", "LogFreq", "word rate")
STORY = "Alice in Wonderland, chapter one"
# What is known of the words is averaged over so long before, as windows are.
_AVERAGE_S = 4.0
_STEP_S = 0.5


def alice(
    folder: Path,
    labels: Path,
    targets: Sequence[Target] | None = None,
    smoothing_s: float = 24.0,
) -> Dataset:
    """Open the Alice data with labels of the story.

    Parameters
    ----------
    folder : Path
        Holds ``eeg`` and ``stimuli``.
    labels : Path
        What `rtemotion annotate` wrote of the words; or a table with a column for each
        emotion, and ``time`` in seconds: within the segment that a column ``segment`` names,
        or without one since the story began, segments laid end to end. One trajectory for
        all who listen.
    targets : sequence of Target or None
        Columns of the table; all others than the two above by default, from 0 to 1.
    smoothing_s : float
        Width over which labels were smoothed: three segments of text of about 8 s.

    Returns
    -------
    Dataset
        Continuous, of one story; its labels are ``stimulus-inferred``.

    Raises
    ------
    SourceError
        If files or columns are missing.
    """
    files = sorted(folder.glob("eeg/S*/S*_alice-raw.fif"))
    if not files:
        raise SourceError(
            f"{folder} holds no eeg/S01/S01_alice-raw.fif, expected the Alice data in the layout "
            "of its release for MNE; name the folder that holds eeg and stimuli."
        )
    lengths = segment_lengths(folder)
    shown = _targets(labels) if targets is None else tuple(targets)
    series = _labels(labels, [target.name for target in shown], lengths)
    words = folder / WORDS
    about = _about(words, lengths) if words.is_file() else {}
    parts = {
        name: _Segment(name, length, start, series[name], about.get(name))
        for (name, length), start in zip(lengths.items(), _starts(lengths), strict=True)
        if name in series
    }
    return Dataset(
        name="Alice",
        recordings=tuple(
            LabelledRecording(
                subject=file.parent.name,
                session="",
                name="alice",
                open=partial(_open, file),
                find=partial(_trials, file, parts),
            )
            for file in files
        ),
        targets=shown,
        kind="continuous",
        smoothing_s=smoothing_s,
        about=ABOUT if about else (),
        source="Bhattasali et al. 2020, LREC; Brodbeck et al. 2023, eLife 12:e85012; CC BY",
    )


def segment_lengths(folder: Path) -> dict[str, float]:
    """Return the length of each segment in seconds, by its sound file where there is one."""
    found = {}
    for number_, usual in enumerate(SEGMENTS_S, 1):
        path = folder / "stimuli" / f"{number_}.wav"
        found[str(number_)] = usual
        if path.is_file():
            try:
                with wave.open(str(path)) as sound:
                    found[str(number_)] = sound.getnframes() / sound.getframerate()
            except (wave.Error, EOFError) as problem:
                raise SourceError(f"{path} is no sound file ({problem}).") from problem
    return found


@dataclass(frozen=True, eq=False)
class _Segment:
    name: str
    length: float
    start: float
    labels: Series
    about: Series | None


def _starts(lengths: dict[str, float]) -> FloatArray:
    return np.cumsum([0.0, *lengths.values()])[:-1]


def _open(file: Path) -> Source:
    from ...sources.recording import open_recording

    return open_recording(file)


def _trials(file: Path, parts: dict[str, _Segment]) -> list[Trial]:
    """Return the segments that a recording was annotated with; not everybody has all."""
    import mne

    raw = mne.io.read_raw_fif(file, preload=False, verbose="error")
    found = []
    for note in raw.annotations:
        part = parts.get(str(note["description"]).strip())
        if part is None:
            continue
        start = float(note["onset"]) - raw.first_time
        found.append(
            Trial(
                stimulus=part.name,
                start=start,
                stop=start + part.length,
                labels=_moved(part.labels, start),
                story=STORY,
                story_start=part.start,
                about=None if part.about is None else _moved(part.about, start),
            )
        )
    if not found:
        raise SourceError(
            f"{file} has no annotation named after a segment, expected '1' to '12'; use the "
            "release for MNE."
        )
    return found


def _moved(series: Series, by: float) -> Series:
    return Series(series.times + by, series.values)


def _annotated(labels: Path) -> bool:
    """Return whether a table is one of `rtemotion annotate`."""
    if labels.suffix.lower() == ".parquet":
        return True
    rows = read_table(labels)
    return bool(rows) and {"marker", "start", "end", "construct"} <= set(rows[0])


def _targets(labels: Path) -> tuple[Target, ...]:
    if _annotated(labels):
        return tuple(Target(name, construct="stimulus-inferred") for name in EMOTIONS)
    rows = read_table(labels, ("time",))
    names = [name for name in (rows[0] if rows else {}) if name not in {"time", "segment"}]
    if not names:
        raise SourceError(f"The table {labels} has no column of labels beside time and segment.")
    return tuple(Target(name, construct="stimulus-inferred") for name in names)


def _labels(path: Path, names: Sequence[str], lengths: dict[str, float]) -> dict[str, Series]:
    """Return labels on the clock of each segment."""
    if _annotated(path):
        return _of_annotation(path, names, lengths)
    rows = read_table(path, ("time", *names))
    values = np.array([[number(row, name, str(path)) for name in names] for row in rows])
    times = np.array([number(row, "time", str(path)) for row in rows])
    if not np.isfinite(times).all():
        raise SourceError(f"In {path} some rows have no time, expected seconds in every row.")
    found = {}
    in_segments = bool(rows) and "segment" in rows[0]
    for (name, length), start in zip(lengths.items(), _starts(lengths), strict=True):
        if in_segments:
            own = np.array([row["segment"] == name for row in rows])
            found[name] = Series(times[own], values[own].reshape(-1, len(names)))
        else:
            # Labels just outside serve the edges of a segment.
            near = (times > start - 10.0) & (times < start + length + 10.0)
            found[name] = Series(times[near] - start, values[near].reshape(-1, len(names)))
    if not any(len(series.times) for series in found.values()):
        raise SourceError(
            f"The table {path} has no label inside a segment, expected times in seconds and "
            "segments 1 to 12."
        )
    return found


def _of_annotation(
    path: Path, names: Sequence[str], lengths: dict[str, float]
) -> dict[str, Series]:
    """Return labels in the middle of what they are about."""
    annotated = read_trajectory(path)
    unknown = sorted(set(names) - set(EMOTIONS))
    known = {segment.marker for segment in annotated.segments} & set(lengths)
    if unknown or not known:
        raise SourceError(
            f"The table {path} has no labels of {', '.join(unknown) or 'the segments 1 to 12'}, "
            "expected eight emotions of what `rtemotion annotate` makes of "
            "AliceChapterOne-EEG.csv."
        )
    if missing := [name for name in lengths if name not in known]:
        log.warning("No labels in the segments %s: they are left out.", ", ".join(missing))
    columns = [EMOTIONS.index(name) for name in names]
    found = {}
    for name in sorted(known, key=int):
        own = [k for k, segment in enumerate(annotated.segments) if segment.marker == name]
        middles = [0.5 * (annotated.segments[k].start + annotated.segments[k].end) for k in own]
        found[name] = Series(np.array(middles), annotated.values[own][:, columns])
    return found


def _about(path: Path, lengths: dict[str, float]) -> dict[str, Series]:
    """Return sound power, word frequency and word rate on the clock of each segment."""
    rows = read_table(path, ("Segment", "onset", "LogFreq", "SndPower"))
    found = {}
    for name, length in lengths.items():
        own = [row for row in rows if row["Segment"] == name]
        onset, power, frequency = (
            np.array([number(row, column, str(path)) for row in own])
            for column in ("onset", "SndPower", "LogFreq")
        )
        times = np.arange(0.0, length + _STEP_S, _STEP_S)
        values = np.full((len(times), len(ABOUT)), np.nan)
        for k, time in enumerate(times):
            heard = (onset <= time) & (onset > time - _AVERAGE_S)
            values[k, 2] = heard.sum() / _AVERAGE_S
            for column, words in enumerate((power, frequency)):
                said = words[heard & np.isfinite(words)]
                values[k, column] = said.mean() if len(said) else np.nan
        found[name] = Series(times, values)
    return found
