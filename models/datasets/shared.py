"""Two small public sets of labelled recordings: anxiety (DASPS) and mental arithmetic (eegmat).

DASPS: Baghdadi et al. 2019, arXiv 1901.02942; a table ``trials.csv`` says where each stage of
a situation lies in the recording. eegmat: Zyma et al. 2019, Data 4:14, PhysioNet 1.0.0, files
``SubjectNN_1`` (rest) and ``SubjectNN_2`` (serial subtraction).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from ...errors import SourceError
from ...signal import Source
from .dataset import Dataset, LabelledRecording, Series, Target, Trial
from .tables import Row, number, read_table

DASPS_TARGETS = (Target("valence", 1.0, 9.0), Target("arousal", 1.0, 9.0))
WORKLOAD = Target("workload", 0.0, 1.0, "stimulus-inferred")
# Stages of a situation that follow one another this closely are one stretch, s.
_TOUCHING_S = 0.5


def dasps(folder: Path) -> Dataset:
    """Open the anxiety recordings: six situations a person, each rated once.

    Both stages of a situation share its rating and are one stimulus, so that they can never
    stand on two sides of a split.

    Raises
    ------
    SourceError
        If the table or the recordings are missing.
    """
    table = folder / "trials.csv"
    names = ("subject", "situation", "onset_s", "duration_s", "valence", "arousal")
    rows = read_table(table, names)
    recordings = []
    for subject in dict.fromkeys(row["subject"] for row in rows):
        file = folder / f"{subject}.edf"
        if not file.is_file():
            continue
        trials = _situations([row for row in rows if row["subject"] == subject], str(table))
        recordings.append(
            LabelledRecording(
                subject, "", "dasps", partial(open_file, file), partial(tuple, trials)
            )
        )
    return Dataset(
        name="DASPS",
        recordings=tuple(recordings),
        targets=DASPS_TARGETS,
        kind="rating",
        source="Baghdadi et al. 2019, arXiv 1901.02942",
    )


def _situations(rows: list[Row], where: str) -> list[Trial]:
    trials: list[Trial] = []
    for row in sorted(rows, key=lambda row: number(row, "onset_s", where)):
        start = number(row, "onset_s", where)
        stop = start + number(row, "duration_s", where)
        rated = np.array([[number(row, t.name, where) for t in DASPS_TARGETS]])
        name = f"situation {row['situation']}"
        before = trials[-1] if trials else None
        if before and before.stimulus == name and start - before.stop < _TOUCHING_S:
            start = trials.pop().start
        trials.append(Trial(name, start, stop, Series(np.array([start]), rated)))
    return trials


def eegmat(folder: Path) -> Dataset:
    """Open the mental arithmetic recordings: one of rest and one of subtracting a person.

    Two conditions are no eight emotions: people can be held out, stimuli cannot.

    Raises
    ------
    SourceError
        If nobody has both recordings.
    """
    recordings = []
    for task in sorted(folder.glob("Subject*_2.edf")):
        subject = task.stem.removesuffix("_2")
        rests = sorted(folder.glob(f"{subject}_1*.edf"))
        if not rests:
            continue
        for name, file, value in (("rest", rests[0], 0.0), ("arithmetic", task, 1.0)):
            recordings.append(
                LabelledRecording(
                    subject,
                    "",
                    name,
                    partial(open_file, file),
                    partial(whole_recording, file, name, value),
                )
            )
    return Dataset(
        name="eegmat",
        recordings=tuple(recordings),
        targets=(WORKLOAD,),
        kind="rating",
        source="Zyma et al. 2019, Data 4:14; PhysioNet eegmat 1.0.0",
    )


def open_file(file: Path) -> Source:
    """Open a recording with the source that reads it."""
    from ...sources.recording import open_recording

    return open_recording(file)


def whole_recording(file: Path, stimulus: str, value: float) -> list[Trial]:
    """Return one trial that lasts as long as the recording does."""
    source = open_file(file)
    try:
        n_samples = getattr(source, "n_samples", None)
        if n_samples is None:
            raise SourceError(f"{file} does not say how long it is; its trial has no end.")
        stop = n_samples / source.info.sfreq
    finally:
        source.close()
    return [Trial(stimulus, 0.0, stop, Series(np.zeros(1), np.array([[value]])))]
