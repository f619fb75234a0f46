"""SEED-VII: 20 people see 80 clips of seven emotions in four sessions, with continuous labels.

Jiang, Liu, Zheng, Lu 2025, IEEE Trans Affect Comput 16:969 (arXiv and early access 2024, doi
10.1109/TAFFC.2024.3485057); https://bcmi.sjtu.edu.cn/home/seed/seed-vii.html. After each
session people went through its clips again and said with a mouse wheel, from 0 to 1, how
strongly the clip's emotion had been felt. Layout of the release:

    EEG_preprocessed/1.mat … 20.mat      variables '1' … '80', each (62, n_samples), 200 Hz, µV
    continuous_labels/1.mat … 20.mat     variables '1' … '80', the labels of each clip

The rate of the labels is not stated in public: they are taken to lie evenly over their clip.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import SourceError
from ...signal import FloatArray
from .cut_apart import cut_apart, expect, microvolts, read_mat
from .dataset import Dataset, LabelledRecording, Series, Target

EMOTIONS = ("happy", "neutral", "disgust", "sad", "anger", "fear", "surprise")
TARGETS = tuple(Target(name) for name in EMOTIONS)
# What the clips of each session were chosen to elicit; ten that come twice.
_HALVES = (
    ("happy", "neutral", "disgust", "sad", "anger", "anger", "sad", "disgust", "neutral", "happy"),
    ("anger", "sad", "fear", "neutral", "surprise", "surprise", "neutral", "fear", "sad", "anger"),
    ("happy", "surprise", "disgust", "fear", "anger")
    + ("anger", "fear", "disgust", "surprise", "happy"),
    ("disgust", "sad", "fear", "surprise", "happy")
    + ("happy", "surprise", "fear", "sad", "disgust"),
)
ELICITED = tuple(emotion for half in _HALVES for emotion in (*half, *half))
CLIPS_A_SESSION = 20
CHANNELS = (
    *("Fp1", "Fpz", "Fp2", "AF3", "AF4", "F7", "F5", "F3", "F1", "Fz", "F2", "F4", "F6", "F8"),
    *("FT7", "FC5", "FC3", "FC1", "FCz", "FC2", "FC4", "FC6", "FT8", "T7", "C5", "C3", "C1"),
    *("Cz", "C2", "C4", "C6", "T8", "TP7", "CP5", "CP3", "CP1", "CPz", "CP2", "CP4", "CP6"),
    *("TP8", "P7", "P5", "P3", "P1", "Pz", "P2", "P4", "P6", "P8", "PO7", "PO5", "PO3", "POz"),
    *("PO4", "PO6", "PO8", "CB1", "O1", "Oz", "O2", "CB2"),
)
SFREQ = 200.0


def seed_vii(folder: Path, smoothing_s: float = 0.0) -> Dataset:
    """Open the preprocessed EEG with its continuous labels.

    A clip's labels are of its own emotion; the six others are NaN, not 0, since nobody was
    asked. Evaluate emotions one at a time, with `FeatureTable.pick`.

    Parameters
    ----------
    folder : Path
        Holds ``EEG_preprocessed`` and ``continuous_labels``.
    smoothing_s : float
        Width over which the labels were smoothed, where that is known.

    Raises
    ------
    SourceError
        If files are missing or of another layout.
    """
    recordings: list[LabelledRecording] = []
    files = sorted(folder.glob("EEG_preprocessed/[0-9]*.mat"), key=lambda file: int(file.stem))
    for file in files:
        labels = folder / "continuous_labels" / file.name
        if not labels.is_file():
            raise SourceError(
                f"{labels} is missing, expected the continuous labels of subject {file.stem} "
                "beside the EEG."
            )
        lengths = _lengths(file)
        given = read_mat(labels)
        for first in range(1, len(ELICITED), CLIPS_A_SESSION):
            clips = range(first, first + CLIPS_A_SESSION)
            kept = [clip for clip in clips if clip in lengths and str(clip) in given]
            if not kept:
                continue
            recordings.append(
                cut_apart(
                    subject=file.stem,
                    session=str(1 + first // CLIPS_A_SESSION),
                    info=microvolts("seed-vii", CHANNELS, SFREQ, "as recorded"),
                    load=partial(_load, file, tuple(kept)),
                    lengths=[lengths[clip] for clip in kept],
                    stimuli=[f"clip {clip}" for clip in kept],
                    labels=[
                        _series(given[str(clip)], clip, lengths[clip] / SFREQ, labels)
                        for clip in kept
                    ],
                )
            )
    return Dataset(
        name="SEED-VII",
        recordings=tuple(recordings),
        targets=TARGETS,
        kind="continuous",
        smoothing_s=smoothing_s,
        source="Jiang et al. 2024, IEEE Trans Affect Comput, doi 10.1109/TAFFC.2024.3485057",
    )


def _lengths(path: Path) -> dict[int, int]:
    """Return how many samples each clip has, without reading them."""
    import scipy.io
    from scipy.io.matlab import MatReadError

    try:
        listed = scipy.io.whosmat(path)
    except (OSError, ValueError, NotImplementedError, MatReadError) as problem:
        raise SourceError(f"{path} cannot be read as a MATLAB file ({problem}).") from problem
    found = {}
    for name, shape, _ in listed:
        if name.isdigit() and 1 <= int(name) <= len(ELICITED):
            expect(shape, (len(CHANNELS), None), f"samples of clip {name}", path)
            found[int(name)] = int(shape[1])
    if not found:
        raise SourceError(f"{path} has no variables '1' to '80', expected a clip in each.")
    return found


def _series(values: NDArray[np.generic], clip: int, length_s: float, path: Path) -> Series:
    intensity = np.ravel(values).astype(np.float64)
    if not len(intensity):
        raise SourceError(f"{path} has no label for clip {clip}.")
    out: FloatArray = np.full((len(intensity), len(EMOTIONS)), np.nan)
    out[:, EMOTIONS.index(ELICITED[clip - 1])] = intensity
    return Series((np.arange(len(intensity)) + 0.5) * length_s / len(intensity), out)


def _load(path: Path, clips: tuple[int, ...]) -> Iterator[FloatArray]:
    for clip in clips:
        yield np.asarray(read_mat(path, [str(clip)])[str(clip)], dtype=np.float64).T * 1e-6
