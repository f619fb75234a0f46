"""The layouts of text recordings, told apart by how a file begins."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from .labels import canonical_site, clean_label, clean_labels, guess_kind

KNOWN = (
    "muse-lsl (timestamps,TP9,AF7,AF8,TP10,…)",
    "BrainFlow Muse (timestamp_s,eeg_1,…,eeg_4)",
    "Mind Monitor (TimeStamp,…,RAW_TP9,…)",
    "OpenBCI raw text ('%OpenBCI Raw …')",
    "ARFF of the 14 Emotiv channels",
    "CSV whose first row names 10-20 sites and a 'time' column in seconds",
)
EMOTIV = (
    *("AF3", "F7", "F3", "FC5", "T7", "P7", "O1"),
    *("O2", "P8", "T8", "FC6", "F4", "F8", "AF4"),
)
_MUSE = ("TP9", "AF7", "AF8", "TP10")
_MUSE_HZ = 256.0
_EMOTIV_HZ = 128.0

_ATTRIBUTE = re.compile(r"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)\s", re.IGNORECASE)
_WITH_UNIT = re.compile(r"(.*?)\s*[(\[]\s*([^)\]]*?)\s*[)\]]")
_TIME = re.compile(r"(?:unix[ _]?)?(?:time|t|timestamps?|seconds?)(?:[ _](?:s|sec|ms|us))?")
_MARKER = re.compile(r"markers?[ _]?\d*|events?|triggers?|stim(?:ulus)?|annotations?")
_STATE = re.compile(r"labels?|class|condition|state|eyedetection")
_OPENBCI_COUNT = re.compile(r"%\s*number of channels\s*=\s*(\d+)", re.IGNORECASE)
_OPENBCI_RATE = re.compile(r"%\s*sample rate\s*=\s*([0-9.]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """Where a text file keeps what.

    Attributes
    ----------
    name : str
        As users know it.
    header_lines : int
        Lines before the first row.
    delimiter : str or None
        Between two cells; None for any white space.
    channels, kinds : tuple of str
        Names and MNE channel types.
    columns : tuple of int
        Column of each channel.
    sfreq : float or None
        The device's nominal rate in Hz; None when only the stamps tell it.
    unit : str
        Of EEG channels; empty when nothing tells it.
    unit_stated : bool
        Whether the file itself states the unit, rather than the device having it.
    time : int or None
        Column of stamps.
    time_unit : str
        ``"s"``, ``"ms"`` or ``"us"``; empty when only the stamps' size tells it.
    marker : int or None
        Column of markers.
    marker_name : str
        What it is called; empty when it has no name.
    state : bool
        Whether that column holds a state, whose every change is an event, rather
        than codes that stand for nothing when empty or zero.
    counter : int or None
        Column of the device's sample index.
    marker_rows : bool
        Whether some rows hold a marker and no sample.
    comment : str
        What a line begins with that is left out; nothing when empty.
    decimal : str
        Decimal sign.
    missing : tuple of float
        Values that stand for a missing sample.
    """

    name: str
    header_lines: int
    delimiter: str | None
    channels: tuple[str, ...]
    kinds: tuple[str, ...]
    columns: tuple[int, ...]
    sfreq: float | None = None
    unit: str = "uV"
    unit_stated: bool = False
    time: int | None = None
    time_unit: str = ""
    marker: int | None = None
    marker_name: str = ""
    state: bool = False
    counter: int | None = None
    marker_rows: bool = False
    comment: str = "%"
    decimal: str = "."
    missing: tuple[float, ...] = ()


def detect_layout(lines: Sequence[str]) -> Layout | None:
    """Return the layout of a file that begins with `lines`, None when it is unknown."""
    filled = [i for i, line in enumerate(lines) if line.strip()]
    if not filled:
        return None
    first = lines[filled[0]].strip().lower()
    if first.startswith("%openbci"):
        return _openbci(lines)
    if first.startswith(("@relation", "%")):
        return _arff(lines)
    line = lines[filled[0]]
    delimiter = max(",;\t", key=line.count)
    cells = [cell.strip().strip('"').strip() for cell in line.split(delimiter)]
    for read in _CSV:
        layout = read(cells)
        if layout is not None:
            layout = replace(layout, header_lines=filled[0] + 1, delimiter=delimiter)
            return _with_marker_name(layout, cells)
    return None


def _with_marker_name(layout: Layout, cells: Sequence[str]) -> Layout:
    return layout if layout.marker is None else replace(layout, marker_name=cells[layout.marker])


def _muse_lsl(cells: list[str]) -> Layout | None:
    if cells[0].lower() != "timestamps" or not set(_MUSE) <= set(cells):
        return None
    return _muse("muse-lsl", cells, _MUSE, time=0, marker=_find(cells, _MARKER))


def _brainflow_muse(cells: list[str]) -> Layout | None:
    eeg = [cell for cell in cells if cell.startswith("eeg_")]
    time = _find(cells, _TIME)
    if eeg != ["eeg_1", "eeg_2", "eeg_3", "eeg_4"] or time is None:
        return None
    return _muse("BrainFlow Muse", cells, eeg, time=time, marker=_find(cells, _MARKER))


def _mind_monitor(cells: list[str]) -> Layout | None:
    raw = [f"RAW_{name}" for name in _MUSE]
    if "TimeStamp" not in cells or not set(raw) <= set(cells):
        return None
    marker = cells.index("Elements") if "Elements" in cells else None
    layout = _muse("Mind Monitor", cells, raw, cells.index("TimeStamp"), marker)
    return replace(layout, marker_rows=marker is not None)


def _muse(
    name: str, cells: list[str], eeg: Sequence[str], time: int, marker: int | None
) -> Layout:
    """Return the layout of a Muse, its electrodes in their order and then what is auxiliary."""
    auxiliary = [cell for cell in cells if "aux" in cell.lower()]
    return Layout(
        name=name,
        header_lines=1,
        delimiter=",",
        channels=(*_MUSE, *auxiliary),
        kinds=("eeg",) * len(_MUSE) + ("misc",) * len(auxiliary),
        columns=tuple(cells.index(cell) for cell in (*eeg, *auxiliary)),
        sfreq=_MUSE_HZ,
        time=time,
        marker=marker,
    )


def _generic(cells: list[str]) -> Layout | None:
    parsed = [_split_unit(cell) for cell in cells]
    names = [name for name, _ in parsed]
    sites = [i for i, name in enumerate(names) if _site(name)]
    # Two at least: a lone "F1" or "T1" is as likely a score as an electrode.
    if len(sites) < 2 or len({_site(names[i]) for i in sites}) < len(sites):
        return None
    units = {parsed[i][1] for i in sites} - {""}
    unit = units.pop() if len(units) == 1 else ""
    time, code, state = _find(names, _TIME), _find(names, _MARKER), _find(names, _STATE)
    layout = Layout(
        name="CSV",
        header_lines=1,
        delimiter=",",
        channels=clean_labels([names[i].removeprefix("EEG.") for i in sites]),
        kinds=("eeg",) * len(sites),
        columns=tuple(sites),
        unit=unit,
        unit_stated=bool(unit),
        time=time,
        time_unit="" if time is None else _time_unit(*parsed[time]),
        marker=state if code is None else code,
        state=code is None and state is not None,
    )
    return _as_emotiv(layout)


def _as_emotiv(layout: Layout) -> Layout:
    """Fill in what the 14 channels of an Emotiv headset tell."""
    if not set(EMOTIV) <= set(layout.channels):
        return layout
    # Later models have another rate, which stamps would tell.
    sfreq = _EMOTIV_HZ if layout.time is None else None
    return replace(layout, name="Emotiv", sfreq=sfreq, unit=layout.unit or "uV")


def _arff(lines: Sequence[str]) -> Layout | None:
    names: list[str] = []
    for i, line in enumerate(lines):
        if match := _ATTRIBUTE.match(line.strip()):
            names.append(match[1].strip("'\""))
        elif line.strip().lower() == "@data":
            layout = _generic(names) if names else None
            if layout is None:
                return None
            return _with_marker_name(replace(layout, header_lines=i + 1), names)
    return None


def _openbci(lines: Sequence[str]) -> Layout | None:
    header = list(takewhile(lambda line: line.startswith("%"), lines))
    count = _first(_OPENBCI_COUNT, header)
    rate = _first(_OPENBCI_RATE, header)
    if not count or not rate or not float(rate) > 0:
        return None
    cells = (
        [cell.strip() for cell in lines[len(header)].split(",")] if lines[len(header) :] else []
    )
    named = bool(cells) and cells[0] == "Sample Index"
    # Before version 5 the columns had no names.
    exg = (
        [i for i, cell in enumerate(cells) if cell.startswith("EXG Channel")]
        if named
        else list(range(1, int(count) + 1))
    )
    if not exg or (cells and exg[-1] >= len(cells)):
        return None
    layout = Layout(
        name="OpenBCI",
        header_lines=len(header) + named,
        delimiter=",",
        channels=tuple(f"EXG Channel {k}" for k in range(len(exg))),
        kinds=("eeg",) * len(exg),
        columns=tuple(exg),
        sfreq=float(rate),
        time=cells.index("Timestamp") if named and "Timestamp" in cells else None,
        marker=cells.index("Marker Channel") if named and "Marker Channel" in cells else None,
        counter=0,
    )
    return _with_marker_name(layout, cells)


def _first(pattern: re.Pattern[str], lines: Sequence[str]) -> str:
    found = [match[1] for line in lines if (match := pattern.match(line))]
    return found[0] if found else ""


def _find(cells: Sequence[str], pattern: re.Pattern[str]) -> int | None:
    for i, cell in enumerate(cells):
        if pattern.fullmatch(cell.lower()) or (pattern is _MARKER and guess_kind(cell) == "stim"):
            return i
    return None


def _site(name: str) -> str | None:
    return canonical_site(clean_label(name.removeprefix("EEG.")))


def _split_unit(cell: str) -> tuple[str, str]:
    match = _WITH_UNIT.fullmatch(cell)
    return (match[1], match[2]) if match else (cell, "")


def _time_unit(name: str, unit: str) -> str:
    said = unit.lower() or re.split(r"[ _]", name.lower())[-1]
    return {"s": "s", "sec": "s", "seconds": "s", "ms": "ms", "us": "us"}.get(said, "")


_CSV: tuple[Callable[[list[str]], Layout | None], ...] = (
    _muse_lsl,
    _brainflow_muse,
    _mind_monitor,
    _generic,
)
