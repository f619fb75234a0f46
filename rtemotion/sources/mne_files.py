"""Opening recordings with MNE, and refusing those it would read wrongly.

MNE guesses where a file is silent or damaged, and says so in a warning at most.
Here a guess that could change a sample is an error; the rest is logged.
"""

from __future__ import annotations

import configparser
import logging
import re
import struct
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import mne
import numpy as np
from scipy.io.matlab import MatReadError

from ..errors import SourceError
from ..signal import FloatArray, StreamInfo
from .edf_header import EdfHeader, read_edf_header
from .labels import clean_label, clean_labels, kinds_from_labels
from .paths import MNE_EXTENSIONS, check_path
from .units import to_volts_factor
from .whole import check_whole

logger = logging.getLogger(__name__)

# Whatever MNE's readers have been seen to raise on files that are not what they seem.
_FAILURES = (
    OSError,
    ValueError,
    RuntimeError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    EOFError,
    SyntaxError,
    struct.error,
    zlib.error,
    configparser.Error,
    MatReadError,
)
_HARMFUL = re.compile(
    r"physical dimension|acquisition error|"
    r"Scaling factor will not be defined|Physical range is not defined|"
    r"mixed sampling frequencies|truncated",
    re.IGNORECASE,
)
_DUPLICATES = re.compile(r"found duplicates for: \{(.*?)\}")
# Formats that do not carry channel types worth keeping against a plain label.
_UNTYPED = {".edf", ".bdf", ".gdf", ".set", ".vhdr", ".ahdr", ".cnt", ".lay", ".nedf"}
_MNE_EDF_FACTORS = {"uV": 1e-6, "\u00b5V": 1e-6, "\u03bcV": 1e-6, "mV": 1e-3}


@dataclass(frozen=True, eq=False)
class OpenedRecording:
    """A recording ready to be read.

    Attributes
    ----------
    raw : mne.io.BaseRaw
        Not preloaded where the format allows it.
    info : StreamInfo
        Cleaned labels and channel types.
    factors : array, shape (n_channels, 1)
        What MNE's values are multiplied by to be volts.
    header : EdfHeader or None
        Of EDF and BDF files.
    """

    raw: Any
    info: StreamInfo
    factors: FloatArray
    header: EdfHeader | None


@dataclass
class _Warned:
    messages: list[str] = field(default_factory=list)

    @property
    def duplicates(self) -> set[str]:
        found: set[str] = set()
        for message in self.messages:
            if match := _DUPLICATES.search(message):
                found |= {name.strip().strip("'\"") for name in match[1].split(",")}
        return found


@contextmanager
def reading(path: Path, doing: str) -> Iterator[_Warned]:
    """Turn MNE's exceptions into a `SourceError` and collect its warnings."""
    warned = _Warned()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield warned
        except _FAILURES as problem:
            _collect(caught, warned)
            if warned.duplicates:
                raise _duplicates(path, warned.duplicates) from problem
            first = str(problem).strip().split("\n")[0] or type(problem).__name__
            raise SourceError(
                f"{path} could not be read {doing} ({first[:200]}); expected a whole file of the "
                "format its name says. Check that it and the files it belongs with were copied "
                "completely."
            ) from problem
    _collect(caught, warned)


def _collect(caught: Sequence[warnings.WarningMessage], warned: _Warned) -> None:
    for entry in caught:
        if issubclass(entry.category, RuntimeWarning | UserWarning):
            warned.messages.append(" ".join(str(entry.message).split()))


def open_with_mne(path: Path, unit: str | None) -> OpenedRecording:
    """Open a recording, check it, and describe it.

    Parameters
    ----------
    path : Path
        The file, or for a few formats the folder.
    unit : str or None
        Unit of EEG channels whose unit the file does not state.

    Raises
    ------
    SourceError
        If anything about the file could make its samples wrong.
    """
    kind = check_path(path, MNE_EXTENSIONS)
    header = read_edf_header(path) if kind in {".edf", ".bdf"} else None
    keywords: dict[str, Any] = {}
    if header is not None:
        _check_edf_duplicates(path, header)
        keywords["exclude"] = _other_rates(path, header)
        if header.overflowing:
            logger.warning(
                "%s: the header gives %s a wider range than its samples can hold; large values "
                "there may have wrapped around when they were recorded",
                path,
                ", ".join(header.overflowing),
            )
    with reading(path, "at its start") as warned:
        # MNE leaves out its own warnings at any quieter level.
        raw = mne.io.read_raw(path, preload=False, verbose="WARNING", **keywords)
    check_whole(path, kind, raw)
    units = _edf_units(path, header, raw, keywords["exclude"]) if header else _other_units(raw)
    info = _describe(path, kind, raw, units, unit)
    _judge_warnings(path, warned, raw.ch_names, info)
    info, factors = _to_volts(path, info, units, header is not None, unit)
    return OpenedRecording(raw, info, factors, header)


def _check_edf_duplicates(path: Path, header: EdfHeader) -> None:
    labels = [header.labels[i] for i in header.signals]
    kinds = kinds_from_labels([clean_label(x) for x in labels], ["eeg"] * len(labels))
    counts = Counter(label for label, kind in zip(labels, kinds, strict=True) if kind == "eeg")
    twice = {label for label, count in counts.items() if count > 1}
    if twice:
        raise _duplicates(path, twice)


def _duplicates(path: Path, names: set[str]) -> SourceError:
    return SourceError(
        f"{path} has more than one EEG channel called {', '.join(sorted(names))}, expected unique "
        "names; rename them in the file, since nobody can tell which is which."
    )


def _other_rates(path: Path, header: EdfHeader) -> list[str]:
    """Return the channels to leave out, which MNE would resample, looking ahead."""
    labels = [header.labels[i] for i in header.signals]
    kinds = kinds_from_labels([clean_label(x) for x in labels], ["eeg"] * len(labels))
    counts = [header.samples[i] for i in header.signals]
    rates = {n for n, kind in zip(counts, kinds, strict=True) if kind == "eeg"}
    if len(rates) > 1:
        written = ", ".join(f"{n / header.record_s:g}" for n in sorted(rates))
        raise SourceError(
            f"{path} has EEG channels of different sampling rates ({written} Hz), expected one "
            "rate; export the channels you need at one rate."
        )
    others = [label for label, n in zip(labels, counts, strict=True) if rates and n not in rates]
    if others:
        logger.warning("%s: left out %s, of another sampling rate", path, ", ".join(others))
    return others


def _describe(
    path: Path, kind: str, raw: Any, units: Sequence[str | None], unit: str | None
) -> StreamInfo:
    labels = clean_labels(raw.ch_names)
    kinds: tuple[str, ...] = tuple(raw.get_channel_types())
    if kind in _UNTYPED:
        # MNE calls a BrainVision channel misc when it only lacks coordinates.
        assumed = [
            "eeg" if k == "misc" and (_is_volts(u) or (u == "" and unit)) else k
            for k, u in zip(kinds, units, strict=True)
        ]
        kinds = kinds_from_labels(labels, assumed)
    if "eeg" not in kinds:
        found = ", ".join(f"{n} {name}" for name, n in sorted(Counter(kinds).items()))
        raise SourceError(
            f"{path} has no EEG channel, found {found}; rename its EEG channels to their 10-20 "
            "names or set their type in the file, and state their unit there or with --unit uV."
        )
    info = StreamInfo.from_mne(raw.info)
    positions = info.positions.copy()
    positions[np.array(kinds) != "eeg"] = np.nan
    described = str(raw.info["description"] or "")
    return StreamInfo.from_mne(
        raw.info,
        channels=labels,
        kinds=kinds,
        positions=positions,
        name=path.name,
        simulated="simulated=true" in described or "rtemotion simulated" in described,
    )


def _judge_warnings(path: Path, warned: _Warned, names: Sequence[str], info: StreamInfo) -> None:
    eeg = {name for name, kind in zip(names, info.kinds, strict=True) if kind == "eeg"}
    twice = {
        d for d in warned.duplicates if any(re.fullmatch(re.escape(d) + r"-\w+", e) for e in eeg)
    }
    if twice:
        raise _duplicates(path, twice)
    for message in warned.messages:
        named = set(message.rpartition(": ")[2].split(", "))
        harmless = not _HARMFUL.search(message) or (named <= set(names) and not named & eeg)
        if not harmless:
            raise SourceError(
                f"{path} cannot be trusted: {message[:300]} Expected a file that states its "
                "scaling and length; export it again."
            )
        logger.warning("%s: %s", path, message)


def _edf_units(
    path: Path, header: EdfHeader, raw: Any, excluded: Sequence[str]
) -> list[str | None]:
    kept = [i for i in header.signals if header.labels[i] not in excluded]
    if len(kept) != len(raw.ch_names):
        raise SourceError(
            f"{path} has {len(kept)} signals by its header but {len(raw.ch_names)} were read, "
            "expected the same; export it again."
        )
    return [header.dimensions[i] for i in kept]


def _other_units(raw: Any) -> list[str | None]:
    """Return units as MNE states them: None where the format fixes them."""
    units: dict[str, str] = getattr(raw, "_orig_units", {})
    return ["" if (unit := units.get(name)) == "n/a" else unit for name in raw.ch_names]


def _is_volts(unit: str | None) -> bool:
    try:
        return bool(unit) and to_volts_factor(unit or "") > 0
    except SourceError:
        return False


def _to_volts(
    path: Path, info: StreamInfo, stated: Sequence[str | None], by_header: bool, unit: str | None
) -> tuple[StreamInfo, FloatArray]:
    factors = np.ones((info.n_channels, 1))
    used: set[str] = set()
    for i, (kind, said) in enumerate(zip(info.kinds, stated, strict=True)):
        if kind != "eeg" and kind not in {"eog", "ecg", "emg"}:
            continue
        if said is None:
            used.add("V")
            continue
        try:
            factor = to_volts_factor(said)
            used.add(said)
            # MNE has scaled what it recognised; only EDF's own header tells what it did not.
            factors[i] = factor / _MNE_EDF_FACTORS.get(said, 1.0) if by_header else 1.0
        except SourceError as problem:
            if unit is not None:
                factors[i] = to_volts_factor(unit)
                used.add(unit)
            elif kind == "eeg":
                raise SourceError(f"channel {info.channels[i]} of {path}: {problem}") from None
    return replace(info, unit=used.pop() if len(used) == 1 else "V"), factors
