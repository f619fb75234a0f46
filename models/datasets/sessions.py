"""Sessions of our own, with ratings from a table or from a rating stream recorded beside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...decoding import BaselineSpan
from ...errors import SourceError
from ...signal import Source
from .dataset import Dataset, LabelledRecording, Series, Target, Trial
from .tables import number, read_table

RATING_TYPES = frozenset({"rating", "ratings"})
# Of a table, below its headings.
_FIRST_LINE = 2
_NAMED = re.compile(r"sub-(?P<subject>[A-Za-z0-9]+)(?:_ses-(?P<session>[A-Za-z0-9]+))?")


def sessions(
    recordings: Sequence[Path],
    targets: Sequence[Target],
    ratings: Path | None = None,
    trials: Path | None = None,
    smoothing_s: float = 0.0,
) -> Dataset:
    """Open recorded sessions.

    Parameters
    ----------
    recordings : sequence of Path
        ``NAME.xdf`` with its session file ``NAME.json``. Names such as
        ``sub-P001_ses-S001_…`` say who and when; otherwise the folder says who.
    targets : sequence of Target
        Columns of the table, or channels of the rating stream, with these names.
    ratings : Path or None
        A table with the columns ``recording`` (the file's name without extension; it may be
        left out where there is one recording), ``time`` in seconds since the recording
        began, and one for each target. Without it the recording's own rating stream.
    trials : Path or None
        A table with the columns ``recording``, ``stimulus``, ``start`` and ``stop`` in
        seconds since the recording began; without it a session is one trial without stimulus.
    smoothing_s : float
        Width over which ratings were smoothed, in seconds.

    Raises
    ------
    SourceError
        If files are missing or have no ratings.
    """
    found = []
    for path in recordings:
        named = _NAMED.search(path.stem)
        found.append(
            LabelledRecording(
                subject=named["subject"] if named else path.resolve().parent.name,
                session=(named["session"] or "") if named else path.stem,
                name=path.stem,
                open=partial(_open, path),
                find=partial(_trials, path, tuple(targets), ratings, trials, len(recordings) == 1),
                rest=_rest(path),
                clock="stream",
            )
        )
    return Dataset("sessions", tuple(found), tuple(targets), "continuous", smoothing_s)


def _open(path: Path) -> Source:
    from ...sources.session import SessionSource

    return SessionSource(path)


def _rest(path: Path) -> BaselineSpan | None:
    """Return where the person rested, where the session file tells of it."""
    from ...sources.session import open_session

    try:
        session, _ = open_session(path)
    except SourceError:
        # It is told of when the recording is opened.
        return None
    span = None if session.decoded is None else session.decoded.how.span
    return None if span is None else BaselineSpan(*span)


def _trials(
    path: Path,
    targets: tuple[Target, ...],
    ratings: Path | None,
    trials: Path | None,
    alone: bool,
) -> list[Trial]:
    begin, end, streams = _streams(path)
    if ratings is None:
        labels = _from_stream(path, streams, targets)
    else:
        labels = _from_table(ratings, path.stem, targets, begin, alone)
    if trials is None:
        return [Trial("", begin, end, labels)]
    rows = read_table(trials, ("stimulus", "start", "stop"))
    shown = []
    for line, row in enumerate(rows, _FIRST_LINE):
        if row.get("recording", path.stem if alone else "") == path.stem:
            start, stop = (number(row, name, str(trials)) for name in ("start", "stop"))
            if not start < stop:
                raise SourceError(
                    f"Line {line} of {trials} has a trial from {start:g} to {stop:g} s, expected "
                    "a stop after its start; correct the two times."
                )
            shown.append(Trial(row["stimulus"], begin + start, begin + stop, labels))
    if not shown:
        raise SourceError(f"The table {trials} has no trial of the recording {path.stem}.")
    return shown


def _from_table(
    path: Path, name: str, targets: Sequence[Target], begin: float, alone: bool
) -> Series:
    columns = [target.name for target in targets]
    rows = read_table(path, ("time", *columns))
    lines = [
        line
        for line, row in enumerate(rows, _FIRST_LINE)
        if row.get("recording", name if alone else "") == name
    ]
    rows = [rows[line - _FIRST_LINE] for line in lines]
    if not rows:
        raise SourceError(
            f"The table {path} has no rating of the recording {name}, expected rows whose column "
            "recording holds that name."
        )
    times = np.array([number(row, "time", str(path)) for row in rows])
    for line, time, before in zip(lines, times, [-np.inf, *times], strict=False):
        if not time > before or not np.isfinite(time):
            after = "" if np.isinf(before) else f" after {before:g} s"
            raise SourceError(
                f"Line {line} of {path} has a rating at {time:g} s{after}, expected times that "
                f"ascend within the recording {name}; sort its rows, and keep one of each time."
            )
    values = np.array([[number(row, column, str(path)) for column in columns] for row in rows])
    return Series(begin + times, values)


def _streams(path: Path) -> tuple[float, float, list[dict[str, Any]]]:
    """Return where the decoded stream begins and ends on the local clock, and all streams."""
    import pyxdf

    from ...sources.session import open_session

    session, recording = open_session(path)
    try:
        # Times stay as they came, but for the senders' clocks: what is lost stays lost.
        streams, _ = pyxdf.load_xdf(str(recording), dejitter_timestamps=False)
    except (OSError, ValueError, IndexError, KeyError) as problem:
        raise SourceError(f"{recording} cannot be read as XDF ({problem}).") from problem
    number_ = session.decoded.stream if session.decoded is not None else None
    for stream in streams:
        if stream["info"]["stream_id"] == number_ and len(stream["time_stamps"]):
            stamps = stream["time_stamps"]
            return float(stamps[0]), float(stamps[-1]), list(streams)
    raise SourceError(f"In the session {path} nothing was decoded, so that it has no clock.")


def _from_stream(
    path: Path, streams: Sequence[dict[str, Any]], targets: Sequence[Target]
) -> Series:
    for stream in streams:
        if stream["info"]["type"][0].lower() not in RATING_TYPES:
            continue
        names = _channels(stream)
        missing = [target.name for target in targets if target.name not in names]
        if missing:
            raise SourceError(
                f"The rating stream of {path} has the channels {', '.join(names)}, expected "
                f"{', '.join(missing)} among them."
            )
        at = [names.index(target.name) for target in targets]
        times, first = np.unique(np.asarray(stream["time_stamps"], float), return_index=True)
        values = np.asarray(stream["time_series"], dtype=np.float64)[first][:, at]
        return Series(times, values)
    raise SourceError(
        f"{path} has no stream of type rating, expected one beside the EEG; name a table of "
        "ratings instead."
    )


def _channels(stream: dict[str, Any]) -> list[str]:
    """Return the names of a stream's channels; its own name where it has one without any."""
    try:
        described = stream["info"]["desc"][0]["channels"][0]["channel"]
        return [channel["label"][0] for channel in described]
    except (KeyError, TypeError, IndexError):
        return [str(stream["info"]["name"][0])]
