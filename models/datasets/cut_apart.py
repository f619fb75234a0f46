"""Data sets whose trials were cut apart by their owners: arrays of microvolts in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import SourceError
from ...signal import FloatArray, StreamInfo
from .dataset import LabelledRecording, Series, Trial
from .trials import TrialsSource, starts_of

# So much counts as missing between two trials; what was there is not known.
GAP_S = 10.0


def cut_apart(
    subject: str,
    info: StreamInfo,
    load: Callable[[], Iterable[NDArray[np.floating]]],
    lengths: Sequence[int],
    stimuli: Sequence[str],
    labels: Sequence[Series],
    lead_s: float = 0.0,
    session: str = "",
) -> LabelledRecording:
    """Return a recording whose trials lie one after another, with gaps.

    Parameters
    ----------
    subject, session : str
    info : StreamInfo
        Of all trials.
    load : callable
        Returns the trials one by one, each (n_samples, n_channels) in volts.
    lengths : sequence of int
        Samples of each trial.
    stimuli : sequence of str
        What was shown in each.
    labels : sequence of Series
        Of each trial, in seconds since its stimulus began.
    lead_s : float
        Seconds that each trial begins before its stimulus.
    """
    starts = np.array(starts_of(lengths, round(GAP_S * info.sfreq))) / info.sfreq + lead_s
    stops = starts - lead_s + np.asarray(lengths) / info.sfreq
    trials = tuple(
        Trial(stimulus, float(start), float(stop), Series(series.times + start, series.values))
        for stimulus, start, stop, series in zip(stimuli, starts, stops, labels, strict=True)
    )
    return LabelledRecording(
        subject=subject,
        session=session,
        name=info.name,
        open=lambda: TrialsSource(info, load, lengths, round(GAP_S * info.sfreq)),
        find=lambda: trials,
    )


def microvolts(name: str, channels: Sequence[str], sfreq: float, reference: str) -> StreamInfo:
    """Describe EEG that was published in microvolts."""
    return StreamInfo(
        channels=tuple(channels), sfreq=sfreq, unit="µV", reference=reference, name=name
    )


def rated(values: Sequence[float] | FloatArray) -> Series:
    """Return one rating of a whole trial."""
    return Series(np.zeros(1), np.asarray(values, dtype=np.float64)[None])


def read_mat(path: Path, names: Sequence[str] | None = None) -> dict[str, Any]:
    """Return variables of a MATLAB file up to version 7.2.

    Raises
    ------
    SourceError
        If it cannot be read, or lacks a variable.
    """
    import scipy.io
    from scipy.io.matlab import MatReadError

    broken = (OSError, ValueError, NotImplementedError, TypeError, KeyError, MatReadError)
    try:
        found: dict[str, Any] = scipy.io.loadmat(path, variable_names=names)
    except broken as problem:
        raise SourceError(
            f"{path} cannot be read as a MATLAB file ({problem}), expected version 7.2 or below; "
            "copy it again from where it is published."
        ) from problem
    missing = [name for name in names or () if name not in found]
    if missing:
        raise SourceError(
            f"{path} has no variable {', '.join(missing)}, expected it in this data set; is it "
            "another version of it?"
        )
    return found


def expect(shape: tuple[int, ...], wanted: tuple[int | None, ...], what: str, path: Path) -> None:
    """Refuse an array of another shape; None stands for any length.

    Raises
    ------
    SourceError
        If it is another.
    """
    fits = len(shape) == len(wanted) and all(
        n is None or n == m for n, m in zip(wanted, shape, strict=True)
    )
    if not fits:
        said = " × ".join("any" if n is None else str(n) for n in wanted)
        raise SourceError(f"In {path} the {what} have the shape {shape}, expected {said}.")
