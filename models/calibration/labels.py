"""Labels on a recording's own clock: from a table, or from a rating stream beside the EEG."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from ...errors import SourceError
from ...signal import FloatArray
from ...sources.paths import extension
from ..datasets.tables import number
from .minutes import CalibrationError

# Between two labels further apart than this in seconds nothing is known.
LONGEST_GAP_S = 10.0
# As many recordings are named where none fits.
_NAMED = 5


@dataclass(frozen=True, eq=False)
class Labels:
    """What a person felt, and when.

    Attributes
    ----------
    names : tuple of str
        Of the targets.
    times : array, shape (n_labels,)
        Seconds since the recording's first sample, ascending.
    values : array, shape (n_labels, n_names)
        NaN where nothing is known.
    """

    names: tuple[str, ...]
    times: FloatArray
    values: FloatArray

    def at(self, times: FloatArray, names: Sequence[str]) -> FloatArray:
        """Return labels between labels, NaN where there is none near, (n_times, n_targets).

        Parameters
        ----------
        times : array, shape (n_times,)
            Seconds since the recording's first sample.
        names : sequence of str
            Targets; those without labels are NaN.
        """
        found = np.full((len(times), len(names)), np.nan)
        for i, name in enumerate(names):
            if name not in self.names:
                continue
            values = self.values[:, self.names.index(name)]
            known = np.isfinite(values)
            at, values = self.times[known], values[known]
            if len(at) < 2:
                continue
            after = np.searchsorted(at, times)
            inside = (after > 0) & (after < len(at))
            step = at[np.clip(after, 1, len(at) - 1)] - at[np.clip(after, 1, len(at) - 1) - 1]
            near = inside & (step <= LONGEST_GAP_S)
            found[near, i] = np.interp(times[near], at, values)
        return found


def read_table(path: Path, targets: Sequence[str], recording: Path | None = None) -> Labels:
    """Read a table with a column ``time`` and one for each emotion that was labelled.

    Parameters
    ----------
    path : Path
        CSV, or TSV by its name; other columns are left alone, empty cells and n/a are unknown.
    targets : sequence of str
        What the model decodes.
    recording : Path or None
        What the labels are of. Of a table that has a column ``recording``, as a data set's
        has, only rows with its name, without extension, are read.

    Raises
    ------
    CalibrationError
        When it cannot be read, has no such columns or rows, or times that do not rise.
    """
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = csv.reader((line for line in file if line[:1] != "#"), delimiter=delimiter)
            rows = [row for row in lines if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CalibrationError(f"The labels in {path} cannot be read: {error}.") from error
    head = [cell.strip() for cell in rows[0]] if rows else []
    names = tuple(name for name in head if name in targets)
    if "time" not in head or not names:
        raise CalibrationError(
            f"{path} is no table of labels: it needs a column 'time', in seconds since the "
            f"recording's first sample, and columns named like emotions ({', '.join(targets)}); "
            f"it has {', '.join(head) or 'none'}."
        )
    columns = [head.index(name) for name in ("time", *names)]
    numbered, where = list(enumerate(rows[1:], start=2)), str(path)
    if recording is not None and "recording" in head:
        name = recording.name[: len(recording.name) - len(extension(recording))]
        numbered = _of_recording(path, numbered, head.index("recording"), name)
        where = f"{path} of {name}"
    values = np.array(
        [[_number(path, n, row, i) for i in columns] for n, row in numbered]
    ).reshape(-1, len(columns))
    return _checked(where, names, values[:, 0], values[:, 1:])


def _of_recording(
    path: Path, rows: Sequence[tuple[int, list[str]]], column: int, name: str
) -> list[tuple[int, list[str]]]:
    """Return the rows of one recording, each with its number in the table."""
    told = [row[column].strip() if column < len(row) else "" for _, row in rows]
    found = [row for row, one in zip(rows, told, strict=True) if one == name]
    if not found:
        there = list(dict.fromkeys(one for one in told if one))
        more = f" and {len(there) - _NAMED} others" if len(there) > _NAMED else ""
        raise CalibrationError(
            f"{path} has no labels of the recording {name}; its column 'recording' names "
            f"{', '.join(there[:_NAMED]) or 'none'}{more}: rename the recording or the rows, or "
            "leave the column out of a table of one recording."
        )
    return found


def _number(path: Path, line: int, row: list[str], column: int) -> float:
    text = row[column].strip() if column < len(row) else ""
    try:
        return number({"": text}, "", str(path))
    except SourceError:
        raise CalibrationError(
            f"Row {line} of {path} has '{text}' where a number is expected; leave a label that is "
            "not known empty."
        ) from None


def read_ratings(
    recording: Path, name: str, targets: Sequence[str], eeg: str | None = None
) -> Labels:
    """Read a stream of an XDF file whose channels are named like emotions.

    Parameters
    ----------
    recording : Path
        The file, with EEG in it.
    name : str
        Name of the rating stream.
    targets : sequence of str
        What the model decodes.
    eeg : str or None
        Which stream is decoded, where there are several.

    Raises
    ------
    CalibrationError
        When there is no such stream, or none of its channels is an emotion.
    """
    from ...sources.xdf import choose_stream
    from ...sources.xdf_chunks import load_streams, read_contents
    from ...sources.xdf_clock import make_timeline

    if recording.suffix.lower() not in (".xdf", ".xdfz"):
        raise CalibrationError(
            f"{recording} is no XDF file, so it has no rating stream '{name}'; give labels as a "
            "table with --labels."
        )
    contents = read_contents(recording)
    decoded = choose_stream(recording, contents.streams, eeg)
    streams = [s for s in contents.streams if s.name == name and s.n_samples and s != decoded]
    if len(streams) != 1:
        there = ", ".join(s.name for s in contents.streams if s != decoded) or "none"
        raise CalibrationError(
            f"{recording} has {len(streams)} streams called '{name}' with ratings, expected one; "
            f"beside the EEG there are {there}."
        )
    labels = ElementTree.fromstring(streams[0].xml).iterfind("desc/channels/channel/label")
    channels = [(label.text or "").strip() for label in labels]
    names = tuple(channel for channel in channels if channel in targets)
    if not names:
        raise CalibrationError(
            f"No channel of the stream '{name}' is named like an emotion of the model "
            f"({', '.join(targets)}); it has {', '.join(channels) or 'unnamed ones'}."
        )
    loaded = load_streams(recording, contents, [decoded.id, streams[0].id])
    of_eeg, of_ratings = (
        make_timeline(
            np.asarray(loaded[s.id]["time_stamps"], dtype=np.float64),
            loaded[s.id]["clock_times"],
            loaded[s.id]["clock_values"],
            1.0 / s.sfreq if s.sfreq else 0.0,
        )
        for s in (decoded, streams[0])
    )
    # As far from the sample beside it as on the recorder's clock, where frames have it.
    recorder, known = of_eeg.recorder, of_eeg.known()
    beside = np.searchsorted(np.maximum.accumulate(recorder), of_ratings.recorder)
    beside = np.minimum(beside, len(known) - 1)
    times = known[beside] + (of_ratings.recorder - recorder[beside]) - known[0]
    values = np.asarray(loaded[streams[0].id]["time_series"], dtype=np.float64)
    columns = [channels.index(channel) for channel in names]
    return _checked(name, names, np.maximum.accumulate(times), values[:, columns])


def _checked(where: str, names: tuple[str, ...], times: FloatArray, values: FloatArray) -> Labels:
    if not len(times) or not np.isfinite(times).all():
        raise CalibrationError(f"The labels in {where} have no times, or rows without one.")
    if (np.diff(times) < 0).any():
        row = int(np.argmax(np.diff(times) < 0)) + 1
        raise CalibrationError(
            f"The times of the labels in {where} run backwards at {times[row]:g} s (row "
            f"{row + 1}); put them in order."
        )
    return Labels(names, times, values)
