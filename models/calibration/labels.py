"""Labels on a recording's own clock: from a table, or from a rating stream beside the EEG."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from ...signal import FloatArray
from .minutes import CalibrationError

# Between two labels further apart than this in seconds nothing is known.
LONGEST_GAP_S = 10.0


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


def read_table(path: Path, targets: Sequence[str]) -> Labels:
    """Read a CSV file with a column ``time`` and one for each emotion that was labelled.

    Parameters
    ----------
    path : Path
        The table; other columns are left alone, empty cells are unknown.
    targets : sequence of str
        What the model decodes.

    Raises
    ------
    CalibrationError
        When it cannot be read, has no such columns, or times that do not rise.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(line for line in file if line[:1] != "#") if row]
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
    values = np.array(
        [[_number(path, n, row, i) for i in columns] for n, row in enumerate(rows[1:], start=2)]
    ).reshape(-1, len(columns))
    return _checked(str(path), names, values[:, 0], values[:, 1:])


def _number(path: Path, line: int, row: list[str], column: int) -> float:
    text = row[column].strip() if column < len(row) else ""
    try:
        return float(text) if text else np.nan
    except ValueError:
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
