"""What recordings a folder holds, told by their headers."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import SourceError
from .paths import (
    EXTENSIONS,
    FOLDERS,
    TEXT_EXTENSIONS,
    XDF_EXTENSIONS,
    belongs_to,
    check_path,
    extension,
)
from .signal_list import SignalList, check_duplicates, one_rate, signal_kinds
from .units import to_volts_factor

_FORMATS = {
    ".fif.gz": "FIF",
    ".vhdr": "BrainVision",
    ".ahdr": "BrainVision",
    ".set": "EEGLAB",
    ".mff": "EGI MFF",
    ".nxe": "Nexstim",
    ".lay": "Persyst",
    ".cdt": "Curry",
    ".mefd": "MEF",
    ".xdfz": "XDF",
    ".csv": "CSV",
    ".txt": "text",
}
_SUBJECT = re.compile(r"(?:^|[_/\\])sub-([A-Za-z0-9]+)")
_SESSION = re.compile(r"(?:^|[_/\\])ses-([A-Za-z0-9]+)")
_DATA_FILE = re.compile(r"^(?:DataFile|MarkerFile)\s*=\s*(.+?)\s*$", re.MULTILINE)
# The later parts of a FIF recording that was too long for one file.
_LATER_PART = re.compile(r"-\d+(?=\.fif)|(?<=_split-)(?!0*1_)\d+")
# What no file beside another one has in its name.
_NO_NAME = set("/\\\0")
# Rows of numbers among the last lines of a beginning make a text look like a recording.
_NUMERIC_CELLS = 3


@dataclass(frozen=True)
class RecordingSummary:
    """A recording as its header describes it.

    Attributes
    ----------
    path : Path
        The file to open.
    format : str
        As users know it.
    channels, kinds : tuple of str
        Names and MNE channel types of the channels that would be read.
    sfreq : float or None
        Sampling rate in Hz; None where only the samples tell it.
    seconds : float or None
        Length, without gaps where the header does not tell them.
    unit : str
        Unit of the EEG channels as the file states it.
    events : int or None
        Number of events; None where only the whole file tells it.
    streams : tuple of str
        The streams of an XDF file, in words.
    subject, session : str
        By names as BIDS gives them; empty where there are none.
    problem : str
        Why it cannot be read, in a sentence; empty when nothing is known against it.
    sidecars : tuple of Path
        Files that belong to it.
    """

    path: Path
    format: str
    channels: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    sfreq: float | None = None
    seconds: float | None = None
    unit: str = ""
    events: int | None = None
    streams: tuple[str, ...] = ()
    subject: str = ""
    session: str = ""
    problem: str = ""
    sidecars: tuple[Path, ...] = ()

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return len(self.channels)

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        out = asdict(self) | {"n_channels": self.n_channels, "path": str(self.path)}
        return out | {"sidecars": [str(path) for path in self.sidecars]}


def list_recordings(folder: str | Path) -> Iterator[RecordingSummary]:
    """Yield every recording in a folder and those below it, in the order of their paths.

    Reads headers only, except for formats that have none to speak of. A file that
    cannot be read is listed with its `problem`. Files that belong to another one
    (``.eeg``, ``.vmrk``, ``.fdt``, later parts of a FIF) are its `sidecars`; text
    files without rows of numbers are no recordings.

    Raises
    ------
    SourceError
        If there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise SourceError(f"there is no folder {folder}, expected one that holds recordings.")
    paths = list(_files(folder))
    taken: set[Path] = set()
    sidecars: dict[Path, tuple[Path, ...]] = {}
    for path in paths:
        found = _sidecars(path)
        sidecars[path] = found
        taken.update(found)
    for path in paths:
        if path in taken or _is_later_part(path):
            continue
        if extension(path) in TEXT_EXTENSIONS and not _looks_numeric(path):
            continue
        yield replace(summarise(path), sidecars=sidecars[path])


def summarise(path: Path) -> RecordingSummary:
    """Return what the header of one recording tells; never raises for a bad one."""
    kind = extension(path)
    parents = "/".join(path.parts[-4:])
    summary = RecordingSummary(
        path=path,
        format=_FORMATS.get(kind, kind.lstrip(".").upper()),
        subject=_last(_SUBJECT, parents),
        session=_last(_SESSION, parents),
        sidecars=_sidecars(path),
    )
    try:
        check_path(path)
        return _reader(kind)(path, summary)
    except (SourceError, OSError) as problem:
        said = str(problem)
        return replace(summary, problem=said if str(path) in said else f"in {path}, {said}")


def _reader(kind: str) -> Callable[[Path, RecordingSummary], RecordingSummary]:
    if kind in {".edf", ".bdf"}:
        return _edf
    if kind == ".gdf":
        return _gdf
    if kind in XDF_EXTENSIONS:
        return _xdf
    return _text if kind in TEXT_EXTENSIONS else _other


def _edf(path: Path, summary: RecordingSummary) -> RecordingSummary:
    from .edf_header import read_edf_header

    header = read_edf_header(path)
    summary = _listed(path, summary, header, header.n_whole_records)
    silent = len(header.signals) == len(header.labels) and "stim" not in summary.kinds
    return replace(summary, events=0 if silent else None)


def _gdf(path: Path, summary: RecordingSummary) -> RecordingSummary:
    from .gdf_header import read_gdf_header

    header = read_gdf_header(path)
    summary = _listed(path, summary, header, header.n_records)
    coded = "stim" in summary.kinds
    return replace(summary, events=None if coded else len(header.events))


def _listed(
    path: Path, summary: RecordingSummary, header: SignalList, n_records: int
) -> RecordingSummary:
    from .labels import clean_labels

    check_duplicates(path, header)
    kept = one_rate(path, header)
    by_signal = dict(zip(header.signals, signal_kinds(header), strict=True))
    kinds = tuple(by_signal[i] for i in kept)
    units = {header.dimensions[i] for i in kept if by_signal[i] == "eeg"}
    summary = replace(
        summary,
        channels=clean_labels([header.labels[i] for i in kept]),
        kinds=kinds,
        sfreq=header.samples[kept[0]] / header.record_s,
        seconds=n_records * header.record_s,
        unit=units.pop() if len(units) == 1 else "",
    )
    if "eeg" not in kinds:
        return replace(summary, problem=f"{path} has no EEG channel by its labels.")
    return _judge_unit(path, summary)


def _judge_unit(path: Path, summary: RecordingSummary) -> RecordingSummary:
    try:
        to_volts_factor(summary.unit)
    except SourceError as problem:
        return replace(summary, problem=f"{path}: {problem}")
    return summary


def _xdf(path: Path, summary: RecordingSummary) -> RecordingSummary:
    from .lsl_metadata import describe_stream
    from .xdf import choose_stream, stream_in_words
    from .xdf_chunks import read_contents

    contents = read_contents(path)
    summary = replace(summary, streams=tuple(map(stream_in_words, contents.streams)))
    try:
        eeg = choose_stream(path, contents.streams, None)
    except SourceError as problem:
        return replace(summary, problem=str(problem))
    # Any rate will do for the description of a stream that states none.
    rate = eeg.sfreq or 1.0
    try:
        info = describe_stream(eeg.xml, None, rate).info
    except SourceError as problem:
        summary = replace(summary, problem=f"in {path}, {problem}")
        info = describe_stream(eeg.xml, "V", rate).info
    others = [s for s in contents.streams if s.id != eeg.id and s.format == "string"]
    return replace(
        summary,
        channels=info.channels,
        kinds=info.kinds,
        sfreq=eeg.sfreq or None,
        seconds=eeg.n_samples / eeg.sfreq if eeg.sfreq else None,
        unit="" if summary.problem else info.unit,
        events=sum(stream.n_samples for stream in others),
    )


def _text(path: Path, summary: RecordingSummary) -> RecordingSummary:
    from .text import glance

    seen = glance(path)
    return replace(
        summary,
        format=f"{summary.format} ({seen.layout.name})",
        channels=seen.info.channels,
        kinds=seen.info.kinds,
        sfreq=seen.info.sfreq,
        seconds=seen.n_rows / seen.info.sfreq,
        unit=seen.info.unit,
        events=0 if seen.layout.marker is None else None,
    )


def _other(path: Path, summary: RecordingSummary) -> RecordingSummary:
    from .recording import RecordingSource

    source = RecordingSource(path)
    source.close()
    return replace(
        summary,
        channels=source.info.channels,
        kinds=source.info.kinds,
        sfreq=source.info.sfreq,
        seconds=source.n_samples / source.info.sfreq,
        unit=source.info.unit,
        events=source.n_events,
    )


def _files(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as problem:
        logging.getLogger(__name__).warning("%s cannot be listed: %s", folder, problem)
        return
    for path in entries:
        if path.name.startswith("."):
            continue
        if path.is_dir() and extension(path) not in FOLDERS:
            yield from _files(path)
        elif extension(path) in EXTENSIONS or belongs_to(path):
            yield path


def _sidecars(path: Path) -> tuple[Path, ...]:
    """Return the files that exist and belong to a recording."""
    kind = extension(path)
    if kind in {".vhdr", ".ahdr"}:
        with path.open("rb") as file:
            named = _DATA_FILE.findall(file.read(2**16).decode("latin-1"))
        names = [name.replace("$b", path.stem) for name in named]
        found = [path.with_name(name) for name in names if not set(name) & _NO_NAME]
    elif kind == ".set":
        found = [path.with_suffix(".fdt")]
    elif kind in XDF_EXTENSIONS:
        found = [path.with_suffix(".json")]
    else:
        found = []
    return tuple(p for p in found if p != path and p.is_file())


def _is_later_part(path: Path) -> bool:
    if extension(path) not in {".fif", ".fif.gz"} or not _LATER_PART.search(path.name):
        return False
    firsts = {_LATER_PART.sub(new, path.name) for new in ("", "1", "01", "001")}
    return any(path.with_name(name).is_file() for name in firsts - {path.name})


def _looks_numeric(path: Path) -> bool:
    from .text_rows import first_lines, number

    try:
        lines = first_lines(path)
    except SourceError:
        return False
    return any(
        sum(math.isfinite(number(cell)) for cell in re.split(r"[,;\s]+", line)) >= _NUMERIC_CELLS
        for line in lines[len(lines) // 2 :]
    )


def _last(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.findall(text)
    return found[-1] if found else ""
