"""Any folder of EEG in BIDS, with ratings in events, in a table, or as continuous recordings.

Layout: the Brain Imaging Data Structure 1.10 (bids-specification.readthedocs.io), EEG
(Pernet et al. 2019, Sci Data 6:103): ``sub-<label>/[ses-<label>/]eeg/…_task-<label>_eeg.<ext>``
with ``…_events.tsv`` (onset, duration in s) and ``…_channels.tsv`` beside it; continuous
recordings are ``…_physio.tsv.gz`` or ``…_stim.tsv.gz`` without a header line, their columns,
rate and start in a JSON file of the same name.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ...errors import SourceError
from ...signal import FloatArray
from .dataset import Dataset, LabelledRecording, Series, Target, Trial
from .shared import open_file
from .tables import Row, number, read_table

EXTENSIONS = (".edf", ".bdf", ".vhdr", ".set", ".fif")
_ENTITY = re.compile(r"(sub|ses|task|run|acq)-([A-Za-z0-9]+)")


def bids(
    folder: Path,
    targets: Sequence[Target],
    ratings: Path | None = None,
    stimulus: str = "",
    task: str = "",
    continuous: str = "",
    smoothing_s: float = 0.0,
) -> Dataset:
    """Open a BIDS folder.

    Parameters
    ----------
    folder : Path
        Holds ``sub-*``.
    targets : sequence of Target
        Columns with these names hold the ratings.
    ratings : Path or None
        A table with the columns ``participant_id``, one that names the stimulus, one for
        each target, and ``session`` where it matters; without it the events have them.
    stimulus : str
        Column that names the stimulus; the first of ``stim_file``, ``trial_type`` and
        ``value`` that is there by default.
    task : str
        Takes recordings of this task alone.
    continuous : str
        ``"physio"`` or ``"stim"``, where ratings are such a recording. Events may still
        tell stimuli apart; without any the whole recording is one.
    smoothing_s : float
        Width over which continuous ratings were smoothed, in seconds.

    Raises
    ------
    SourceError
        If the folder holds nothing of the kind, or tables do not fit.
    """
    files = [
        file
        for file in sorted(folder.glob("sub-*/**/*_eeg.*"))
        if file.suffix.lower() in EXTENSIONS and (not task or f"_task-{task}_" in file.name)
    ]
    if not files:
        raise SourceError(
            f"{folder} holds no EEG in BIDS{f' of the task {task}' if task else ''}, expected "
            "files such as sub-01/eeg/sub-01_task-NAME_eeg.edf; check the folder and the task."
        )
    table = None if ratings is None else _ratings(ratings, targets, stimulus)
    recordings = [
        LabelledRecording(
            subject=entities["sub"],
            session=entities.get("ses", ""),
            name=file.name.removesuffix(f"_eeg{file.suffix}"),
            open=partial(open_file, file),
            find=partial(_trials, file, tuple(targets), table, stimulus, continuous),
            channels=_eeg_channels(file),
        )
        for file in files
        if (entities := dict(_ENTITY.findall(file.name))) and "sub" in entities
    ]
    return Dataset(
        name=folder.name,
        recordings=tuple(recordings),
        targets=tuple(targets),
        kind="continuous" if continuous else "rating",
        smoothing_s=smoothing_s,
        source="BIDS 1.10; Pernet et al. 2019, Sci Data 6:103",
    )


Ratings = dict[tuple[str, str, str], tuple[float, ...]]


def _ratings(path: Path, targets: Sequence[Target], stimulus: str) -> Ratings:
    names = [target.name for target in targets]
    rows = read_table(path, ("participant_id", *names))
    column = _naming(rows, stimulus, str(path), ("stimulus", "stim_file", "trial_type"))
    found: Ratings = {}
    for row in rows:
        who = row["participant_id"].removeprefix("sub-")
        session = row.get("session", row.get("session_id", "")).removeprefix("ses-")
        key = (who, session, row[column])
        found[key] = tuple(number(row, name, str(path)) for name in names)
    return found


def _naming(rows: Sequence[Row], wanted: str, where: str, usual: Sequence[str]) -> str:
    names = list(rows[0]) if rows else []
    for name in [wanted] if wanted else usual:
        if name in names:
            return name
    raise SourceError(
        f"No column of {where} names the stimulus, expected {wanted or ' or '.join(usual)} among "
        f"{', '.join(names) or 'its columns'}."
    )


def _trials(
    file: Path,
    targets: tuple[Target, ...],
    ratings: Ratings | None,
    stimulus: str,
    continuous: str,
) -> list[Trial]:
    stem = file.name.removesuffix(f"_eeg{file.suffix}")
    events = file.with_name(f"{stem}_events.tsv")
    series = _continuous(file.with_name(f"{stem}_{continuous}.tsv.gz"), targets, continuous)
    if series is not None and not events.is_file():
        return [Trial("", float(series.times[0]), float(series.times[-1]), series)]
    names = [target.name for target in targets]
    needed = ("onset", "duration", *(names if ratings is None and series is None else ()))
    rows = read_table(events, needed)
    column = _naming(rows, stimulus, str(events), ("stim_file", "trial_type", "value"))
    entities = dict(_ENTITY.findall(file.name))
    found = []
    for line, row in enumerate(rows, 2):
        start, duration = (number(row, name, str(events)) for name in ("onset", "duration"))
        if not duration > 0:
            continue
        if not np.isfinite(start):
            raise SourceError(
                f"Line {line} of {events} has an event of {duration:g} s without an onset, "
                "expected seconds; fill it in, or take the line out."
            )
        if series is not None:
            labels = series
        else:
            if ratings is None:
                values = tuple(number(row, name, str(events)) for name in names)
            else:
                sub, ses = entities["sub"], entities.get("ses", "")
                one = ratings.get((sub, ses, row[column])) or ratings.get((sub, "", row[column]))
                values = one or (np.nan,) * len(names)
            if not np.isfinite(values).any():
                continue
            labels = Series(np.array([start]), np.array([values]))
        found.append(Trial(row[column], start, start + duration, labels))
    if not found:
        raise SourceError(
            f"{events} has no event with a duration and a rating ({', '.join(names)}), expected "
            "at least one; name the table that has them."
        )
    return found


def _continuous(path: Path, targets: Sequence[Target], kind: str) -> Series | None:
    """Return a continuous recording beside the EEG, on the recording's clock."""
    if not kind:
        return None
    described = path.with_name(path.name.removesuffix(".tsv.gz") + ".json")
    try:
        about = json.loads(described.read_text("utf-8"))
        rate, start = float(about["SamplingFrequency"]), float(about.get("StartTime", 0.0))
        at = [list(about["Columns"]).index(target.name) for target in targets]
        with gzip.open(path, "rt", encoding="utf-8") as file:
            values: FloatArray = np.genfromtxt(file, delimiter="\t", ndmin=2, dtype=np.float64)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise SourceError(
            f"The ratings {path} and {described.name} cannot be read ({problem}), expected "
            f"SamplingFrequency, StartTime and Columns with "
            f"{', '.join(target.name for target in targets)}."
        ) from problem
    return Series(start + np.arange(len(values)) / rate, values[:, at])


def _eeg_channels(file: Path) -> tuple[str, ...]:
    """Return the channels that are EEG and not bad, where a table beside the file says so."""
    table = file.with_name(file.name.removesuffix(f"_eeg{file.suffix}") + "_channels.tsv")
    if not table.is_file():
        return ()
    rows = read_table(table, ("name", "type"))
    return tuple(
        row["name"]
        for row in rows
        if row["type"].upper() == "EEG" and row.get("status", "").lower() != "bad"
    )
