"""A text recording's layout as a profile describes it, in a table ``[text]``.

An example, in TOML::

    [text]
    delimiter = ";"
    decimal = ","
    comment = "#"
    sfreq = 250
    unit = "uV"
    channels = {Fp1 = "ch 1", Cz = 3}
    time = "t"
    time_unit = "ms"
    marker = "trigger"
    missing = [-9999]

Columns are named as in the file's first row, or counted from 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from ..errors import SetupError, SourceError
from .labels import guess_kind
from .text_layouts import Layout
from .text_rows import SCALES, cells_of, number
from .units import to_volts_factor

Column = str | int
_SPACES = {" ", "space", "spaces", "whitespace"}
_MOST_SKIPPED = 10_000


@dataclass(frozen=True)
class TextLayout:
    """Where a text recording keeps what, as somebody described it.

    Attributes
    ----------
    channels : mapping of str to str or int
        Column of each channel, by the channel's name. A name that gives away
        another kind (``VEOG``, ``ECG`` …) is of that kind, any other is EEG.
    sfreq : float or None
        Sampling rate in Hz; None where the stamps tell it.
    unit : str
        Of the EEG channels.
    delimiter : str or None
        Between two cells: one character or ``"space"`` for any white space; found
        out from the first row when None.
    decimal : {".", ","}
        Decimal sign.
    comment : str
        What a line begins with that is left out; nothing when empty.
    skip_rows : int
        Lines before the first row, or before the one with the columns' names.
    time : str, int or None
        Column of stamps, which tell or check the rate.
    time_unit : {"", "s", "ms", "us"}
        Their unit; told by their size when empty.
    marker : str, int or None
        Column of markers.
    state : bool
        Whether that column holds a state, whose every change is an event, rather
        than codes that stand for nothing when empty or zero.
    counter : str, int or None
        Column of the device's sample index, which shows what is missing.
    missing : tuple of float
        Values that stand for a missing sample.
    """

    channels: Mapping[str, Column]
    sfreq: float | None = None
    unit: str = ""
    delimiter: str | None = None
    decimal: str = "."
    comment: str = "#"
    skip_rows: int = 0
    time: Column | None = None
    time_unit: str = ""
    marker: Column | None = None
    state: bool = False
    counter: Column | None = None
    missing: tuple[float, ...] = field(default=())

    @property
    def columns(self) -> tuple[Column, ...]:
        """Every column that is named, the channels' first."""
        others = (self.time, self.marker, self.counter)
        return (*self.channels.values(), *(c for c in others if c is not None))


def layout_from(table: Mapping[str, Any]) -> TextLayout:
    """Read the table ``[text]`` of a profile.

    Parameters
    ----------
    table : mapping
        What the table holds; its keys are the attributes of `TextLayout`.

    Raises
    ------
    SetupError
        If a key is unknown, a value cannot be, or the rate cannot be known.
    """
    known = [f.name for f in fields(TextLayout)]
    for key in table:
        if key not in known:
            raise SetupError(
                f"The table [text] has a key '{key}' there is not; there are: {', '.join(known)}."
            )
    values = {key: _checked(key, value) for key, value in table.items()}
    if "channels" not in values:
        raise SetupError(
            "The table [text] names no channels, expected channels = {TP9 = \"a column's name or "
            'its number from 0", …}.'
        )
    layout = TextLayout(**values)
    twice = [c for c in layout.channels.values() if list(layout.channels.values()).count(c) > 1]
    if twice:
        raise SetupError(f"The table [text] gives two channels the same column {twice[0]!r}.")
    if layout.sfreq is None and layout.time is None:
        raise SetupError(
            "The table [text] tells no sampling rate, expected sfreq = HZ or time = COLUMN."
        )
    if layout.delimiter == "," == layout.decimal:
        raise SetupError("The table [text] has a comma between cells and inside numbers.")
    return layout


def resolve(path: Path, described: TextLayout, lines: Sequence[str]) -> Layout:
    """Find a described layout in the file that begins with `lines`.

    Raises
    ------
    SourceError
        If the file has not the columns described.
    """
    comment = described.comment
    rows = [
        (i, line)
        for i, line in enumerate(lines)
        if i >= described.skip_rows and line.strip() and not (comment and line.startswith(comment))
    ]
    if not rows:
        raise SourceError(
            f"{path} has no row after the {described.skip_rows} lines that [text] skips, expected "
            "at least one; correct skip_rows or comment."
        )
    start, first = rows[0]
    delimiter = _delimiter(described, first)
    cells = cells_of(first, delimiter)
    by_name = any(isinstance(column, str) for column in described.columns)
    found = {column: _index(path, column, cells) for column in described.columns}
    channels = tuple(described.channels)
    columns = tuple(found[column] for column in described.channels.values())
    named = by_name or all(math.isnan(number(cells[i], described.decimal)) for i in columns)

    def place(column: Column | None) -> int | None:
        return None if column is None else found[column]

    marker = place(described.marker)
    return Layout(
        name="as described",
        header_lines=start + named,
        delimiter=delimiter,
        channels=channels,
        kinds=tuple(guess_kind(name) or "eeg" for name in channels),
        columns=columns,
        sfreq=described.sfreq,
        unit=described.unit,
        unit_stated=bool(described.unit),
        time=place(described.time),
        time_unit=described.time_unit,
        marker=marker,
        marker_name="" if marker is None else cells[marker] if named else f"column {marker}",
        state=described.state,
        counter=place(described.counter),
        comment=comment,
        decimal=described.decimal,
        missing=described.missing,
    )


def _delimiter(described: TextLayout, row: str) -> str | None:
    if described.delimiter is not None:
        return None if described.delimiter in _SPACES else described.delimiter
    signs = ";\t" if described.decimal == "," else ",;\t"
    best = max(signs, key=row.count)
    return best if best in row else None


def _index(path: Path, column: Column, cells: Sequence[str]) -> int:
    if isinstance(column, str):
        if cells.count(column) == 1:
            return cells.index(column)
        listed = ", ".join(cells[:20]) + (" …" if len(cells) > 20 else "")
        raise SourceError(
            f"{path} has {cells.count(column)} columns called '{column}', expected one, as [text] "
            f"says; its first row holds: {listed}."
        )
    if column >= len(cells):
        raise SourceError(
            f"{path} has {len(cells)} columns, expected column {column} (from 0) as [text] says; "
            "correct the number or the delimiter."
        )
    return column


def _checked(key: str, value: Any) -> Any:
    check = _CHECKS[key]
    outcome = check(value)
    if outcome is None:
        raise SetupError(
            f"The key '{key}' of [text] cannot be {value!r}: expected {_WANTED[key]}."
        )
    return outcome


def _channels(value: Any) -> dict[str, Column] | None:
    if not isinstance(value, Mapping) or not value:
        return None
    entries = {str(name).strip(): _column(column) for name, column in value.items()}
    if "" in entries or len(entries) < len(value) or None in entries.values():
        return None
    return {name: column for name, column in entries.items() if column is not None}


def _column(value: Any) -> Column | None:
    if isinstance(value, str) and value.strip():
        return value.strip()
    whole = isinstance(value, int) and not isinstance(value, bool)
    return int(value) if whole and 0 <= value < 100_000 else None


def _rate(value: Any) -> float | None:
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if numeric and 0 < value < 1e6 else None


def _unit(value: Any) -> str | None:
    try:
        return value if isinstance(value, str) and to_volts_factor(value) else None
    except SourceError:
        return None


def _delimiting(value: Any) -> str | None:
    fits = isinstance(value, str) and (len(value) == 1 or value in _SPACES)
    return value if fits and value not in "\r\n\"'" else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _one_of(*allowed: Any) -> Any:
    return lambda value: value if any(value is x or value == x for x in allowed) else None


def _skipped(value: Any) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return int(value) if whole and 0 <= value <= _MOST_SKIPPED else None


def _missing(value: Any) -> tuple[float, ...] | None:
    entries = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(x, int | float | str) for x in entries):
        return None
    # Words in place of numbers are missing samples anyhow.
    numeric = [number(str(x), ".") for x in entries]
    return tuple(x for x in numeric if math.isfinite(x))


_CHECKS: dict[str, Any] = {
    "channels": _channels,
    "sfreq": _rate,
    "unit": _unit,
    "delimiter": _delimiting,
    "decimal": _one_of(".", ","),
    "comment": _text,
    "skip_rows": _skipped,
    "time": _column,
    "time_unit": _one_of("", *SCALES),
    "marker": _column,
    "state": lambda value: value if isinstance(value, bool) else None,
    "counter": _column,
    "missing": _missing,
}
_COLUMN = "a column's name or its number from 0"
_WANTED = {
    "channels": "a table of names, each with " + _COLUMN,
    "sfreq": "a positive number of Hz",
    "unit": "a unit such as uV",
    "delimiter": 'one character, or "space"',
    "decimal": 'either "." or ","',
    "comment": "what such lines begin with",
    "skip_rows": f"a number of lines from 0 to {_MOST_SKIPPED}",
    "time": _COLUMN,
    "time_unit": "one of s, ms and us",
    "marker": _COLUMN,
    "state": "true or false",
    "counter": _COLUMN,
    "missing": "a list of numbers or words",
}
