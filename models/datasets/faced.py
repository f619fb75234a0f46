"""FACED: 123 people see 28 video clips and rate each on twelve items from 0 to 7.

Chen et al. 2023, Sci Data 10:740; doi 10.7303/syn50614194. Layout as its owners' code
describes it (the Code folder of the release, README):

    Processed_data/sub000.pkl …           (28, 32, 7500): videos, electrodes, 30 s at 250 Hz, µV
    Data/sub000/After_remarks.mat …       After_remark, for each video as it was shown:
                                          score, the twelve items; vid, the number of the video

Videos of the processed data are in the order of their numbers; the last two electrodes of the
amplifier are the mastoids A1 and A2, which are left out here.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from ...errors import SourceError
from ...signal import FloatArray
from .cut_apart import cut_apart, expect, microvolts, rated, read_mat
from .dataset import Dataset, LabelledRecording, Target
from .pickles import read_arrays

ITEMS = (
    *("joy", "tenderness", "inspiration", "amusement", "anger", "disgust", "fear", "sadness"),
    *("arousal", "valence", "familiarity", "liking"),
)
TARGETS = tuple(Target(name, 0.0, 7.0) for name in ITEMS)
CHANNELS = (
    *("Fp1", "Fp2", "Fz", "F3", "F4", "F7", "F8", "FC1", "FC2", "FC5", "FC6", "Cz", "C3", "C4"),
    *("T7", "T8", "CP1", "CP2", "CP5", "CP6", "Pz", "P3", "P4", "P7", "P8", "PO3", "PO4"),
    *("Oz", "O1", "O2"),
)
SFREQ, VIDEOS, SAMPLES = 250.0, 28, 7500


def faced(folder: Path) -> Dataset:
    """Open the processed data with the ratings beside them.

    Parameters
    ----------
    folder : Path
        Holds ``Processed_data`` and ``Data``.

    Raises
    ------
    SourceError
        If files are missing or of another layout; pickles of anything but arrays are refused.
    """
    return Dataset(
        name="FACED",
        recordings=tuple(
            _person(file, folder / "Data" / file.stem / "After_remarks.mat")
            for file in sorted(folder.glob("Processed_data/sub*.pkl"))
        ),
        targets=TARGETS,
        kind="rating",
        source="Chen et al. 2023, Sci Data 10:740; doi 10.7303/syn50614194",
    )


def _person(file: Path, remarks: Path) -> LabelledRecording:
    scores = _scores(remarks)
    return cut_apart(
        subject=file.stem,
        info=microvolts("faced", CHANNELS, SFREQ, "average"),
        load=partial(_load, file),
        lengths=[SAMPLES] * VIDEOS,
        stimuli=[f"video {k + 1}" for k in range(VIDEOS)],
        labels=[rated(row) for row in scores],
    )


def _scores(path: Path) -> FloatArray:
    """Return ratings in the order of the videos' numbers, (28, 12); NaN where there is none."""
    remarks = read_mat(path, ["After_remark"])["After_remark"].ravel()
    scores = np.full((VIDEOS, len(ITEMS)), np.nan)
    try:
        for remark in remarks:
            number = int(np.ravel(remark["vid"])[0])
            values = np.ravel(remark["score"]).astype(np.float64)
            scores[range(VIDEOS).index(number - 1)] = values
    except (ValueError, IndexError, TypeError) as problem:
        raise SourceError(
            f"{path} is not laid out as FACED is ({problem}), expected score and vid of videos 1 "
            f"to {VIDEOS} with {len(ITEMS)} items each."
        ) from problem
    return scores


def _load(path: Path) -> Iterator[FloatArray]:
    data = np.asarray(read_arrays(path))
    expect(data.shape, (VIDEOS, 32, SAMPLES), "data", path)
    for video in data:
        yield video[: len(CHANNELS)].T * 1e-6
