"""DREAMER: 23 people see 18 film clips, 14 Emotiv channels, and rate each from 1 to 5.

Katsigiannis & Ramzan 2018, IEEE J Biomed Health Inform 22:98. One file, ``DREAMER.mat``
(zenodo.org/records/546113), with a structure ``DREAMER``: ``Data`` holds for each person
``EEG.stimuli`` and ``EEG.baseline``, 18 arrays (n_samples, 14) in microvolts with their
offset, and ``ScoreValence``, ``ScoreArousal``, ``ScoreDominance``; ``EEG_SamplingRate`` is
128 and ``EEG_Electrodes`` names the channels. Ratings are of the whole clip.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import SourceError
from ...signal import FloatArray
from .cut_apart import cut_apart, expect, microvolts, rated, read_mat
from .dataset import Dataset, LabelledRecording, Target

TARGETS = tuple(Target(name, 1.0, 5.0) for name in ("valence", "arousal", "dominance"))


def dreamer(path: Path) -> Dataset:
    """Open ``DREAMER.mat``. It is one file, and stays in memory while its data set is used.

    Raises
    ------
    SourceError
        If it is missing or of another layout.
    """
    try:
        root = read_mat(path, ["DREAMER"])["DREAMER"][0, 0]
        people = [_inner(person) for person in root["Data"].ravel()]
        channels = [str(name.ravel()[0]) for name in root["EEG_Electrodes"].ravel()]
        sfreq = float(root["EEG_SamplingRate"].ravel()[0])
        recordings = tuple(
            _person(path, k + 1, person, channels, sfreq) for k, person in enumerate(people)
        )
    except (IndexError, ValueError, KeyError, AttributeError) as problem:
        raise SourceError(
            f"{path} is not laid out as DREAMER is ({problem}), expected the structure DREAMER "
            "with Data, EEG_Electrodes and EEG_SamplingRate; use the file its owners publish."
        ) from problem
    return Dataset(
        name="DREAMER",
        recordings=recordings,
        targets=TARGETS,
        kind="rating",
        source="Katsigiannis & Ramzan 2018, IEEE J Biomed Health Inform 22:98",
    )


def _person(
    path: Path, number: int, person: Any, channels: list[str], sfreq: float
) -> LabelledRecording:
    clips = [_inner(clip) for clip in _inner(_inner(person["EEG"])["stimuli"]).ravel()]
    for clip in clips:
        expect(np.shape(clip), (None, len(channels)), f"clips of person {number}", path)
    scores = np.stack(
        [
            np.asarray(_inner(person[f"Score{target.name.capitalize()}"]), dtype=float).ravel()
            for target in TARGETS
        ],
        axis=1,
    )
    expect(scores.shape, (len(clips), len(TARGETS)), f"scores of person {number}", path)
    return cut_apart(
        subject=f"{number:02d}",
        info=microvolts("dreamer", channels, sfreq, "as recorded"),
        load=partial(_load, clips),
        lengths=[len(clip) for clip in clips],
        stimuli=[f"clip {k + 1}" for k in range(len(clips))],
        labels=[rated(row) for row in scores],
    )


def _inner(value: Any) -> Any:
    """Return what MATLAB's structures and cells hold, which SciPy wraps in arrays of one."""
    while isinstance(value, np.ndarray) and value.size == 1 and value.dtype == object:
        value = value.ravel()[0]
    if isinstance(value, np.ndarray) and value.dtype.names and value.size == 1:
        value = value.ravel()[0]
    return value


def _load(clips: list[Any]) -> Iterator[FloatArray]:
    for clip in clips:
        yield np.asarray(clip, dtype=np.float64) * 1e-6
