"""DEAP: 32 people see 40 music videos of a minute and rate each.

Koelstra et al. 2012, IEEE Trans Affect Comput 3:18. Layout and marker codes are those of the
owners' page, https://www.eecs.qmul.ac.uk/mmv/datasets/deap/readme.html:

    data_preprocessed_matlab/s01.mat … s32.mat    data (40, 40, 8064), labels (40, 4)
    data_preprocessed_python/s01.dat … s32.dat    the same, pickled
    data_original/s01.bdf … s32.bdf               BioSemi, 512 Hz, with a Status channel
    metadata_csv/participant_ratings.csv          needed for the original recordings

Preprocessed trials are in the order of the videos, 128 Hz, 4-45 Hz, average reference, in
microvolts, eyes removed, each with 3 s before its video; 32 of the 40 channels are EEG.
In Status a 4 starts a video of 60 s; recordings made in Geneva (23-32) set higher bits too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import SourceError
from ...signal import Event, FloatArray, Kind
from .cut_apart import cut_apart, expect, microvolts, rated, read_mat
from .dataset import Dataset, LabelledRecording, Series, Target, Trial
from .pickles import read_arrays
from .shared import open_file
from .tables import number, read_table

TARGETS = tuple(Target(name, 1.0, 9.0) for name in ("valence", "arousal", "dominance", "liking"))
CHANNELS = (
    *("Fp1", "AF3", "F3", "F7", "FC5", "FC1", "C3", "T7", "CP5", "CP1", "P3", "P7", "PO3"),
    *("O1", "Oz", "Pz", "Fp2", "AF4", "Fz", "F4", "F8", "FC6", "FC2", "Cz", "C4", "T8"),
    *("CP6", "CP2", "P4", "P8", "PO4", "O2"),
)
SFREQ, LEAD_S, VIDEO_S = 128.0, 3.0, 60.0
_SOURCE = "Koelstra et al. 2012, IEEE Trans Affect Comput 3:18"
_PLAYBACK = 4


def deap(folder: Path) -> Dataset:
    """Open the preprocessed trials, MATLAB or Python files.

    Pickles are read by a reader that knows arrays and plain containers alone.

    Parameters
    ----------
    folder : Path
        Holds ``s01.mat`` … or ``s01.dat`` …

    Raises
    ------
    SourceError
        If files are missing or of another layout.
    """
    files = sorted([*folder.glob("s[0-9][0-9].mat")] or folder.glob("s[0-9][0-9].dat"))
    return Dataset(
        name="DEAP",
        recordings=tuple(_preprocessed(file) for file in files),
        targets=TARGETS,
        kind="rating",
        source=_SOURCE,
    )


def _preprocessed(path: Path) -> LabelledRecording:
    labels = _variable(path, "labels")
    expect(np.shape(labels), (None, 4), "labels", path)
    n_trials, length = len(labels), round((LEAD_S + VIDEO_S) * SFREQ)
    return cut_apart(
        subject=path.stem,
        info=microvolts("deap", CHANNELS, SFREQ, "average"),
        load=partial(_load, path, n_trials, length),
        lengths=[length] * n_trials,
        stimuli=[f"video {k + 1}" for k in range(n_trials)],
        labels=[rated(row) for row in labels],
        lead_s=LEAD_S,
    )


def _variable(path: Path, name: str) -> NDArray[Any]:
    if path.suffix == ".mat":
        return np.asarray(read_mat(path, [name])[name])
    held = read_arrays(path)
    if not isinstance(held, dict) or name not in held:
        raise SourceError(f"{path} holds no '{name}', expected a dictionary of data and labels.")
    return np.asarray(held[name])


def _load(path: Path, n_trials: int, length: int) -> Iterator[FloatArray]:
    data = _variable(path, "data")
    expect(data.shape, (n_trials, 40, length), "data", path)
    for trial in data:
        yield trial[: len(CHANNELS)].T * 1e-6


def deap_original(folder: Path, ratings: Path) -> Dataset:
    """Open the original BioSemi recordings.

    Parameters
    ----------
    folder : Path
        Holds ``s01.bdf`` …
    ratings : Path
        ``participant_ratings.csv``.

    Raises
    ------
    SourceError
        If files are missing or of another layout.
    """
    names = [target.name.capitalize() for target in TARGETS]
    rows = read_table(ratings, ("Participant_id", "Trial", "Experiment_id", *names))
    recordings = []
    for path in sorted(folder.glob("s[0-9][0-9].bdf")):
        own = [row for row in rows if int(row["Participant_id"]) == int(path.stem[1:])]
        own.sort(key=lambda row: int(row["Trial"]))
        rated_ = [
            (f"video {row['Experiment_id']}", rated([number(row, n, str(ratings)) for n in names]))
            for row in own
        ]
        recordings.append(
            LabelledRecording(
                subject=path.stem,
                session="",
                name="deap",
                open=partial(open_file, path),
                find=partial(_played, path, rated_),
                channels=CHANNELS,
            )
        )
    return Dataset("DEAP", tuple(recordings), TARGETS, "rating", source=_SOURCE)


def _played(path: Path, shown: Sequence[tuple[str, Series]]) -> list[Trial]:
    """Return the videos of a recording, in the order in which they were played."""
    source = open_file(path)
    try:
        starts = [
            event.time
            for event in source
            if isinstance(event, Event)
            and event.kind == Kind.MARKER
            and str(event.payload.get("description", "")).isdigit()
            # Some amplifiers keep their own state in the higher bits.
            and int(event.payload["description"]) & 0xFF == _PLAYBACK
        ]
    finally:
        source.close()
    if len(starts) != len(shown):
        raise SourceError(
            f"{path} has {len(starts)} markers of a video that starts (code {_PLAYBACK}), and "
            f"{len(shown)} videos are rated; expected the same number."
        )
    return [
        Trial(name, start, start + VIDEO_S, Series(series.times + start, series.values))
        for start, (name, series) in zip(starts, shown, strict=True)
    ]
