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
from numpy.typing import NDArray
from scipy.io.matlab import MatReadError

from ..errors import SourceError
from ..signal import FloatArray, StreamInfo
from .edf_header import EdfHeader, read_edf_header
from .gdf_header import GdfHeader, read_gdf_header
from .labels import clean_labels, kinds_from_labels
from .paths import MNE_EXTENSIONS, check_path
from .signal_list import check_duplicates, duplicates, one_rate, warn_of_others
from .stim import CODE_BITS, StimChannel, without_lines
from .units import to_volts_factor
from .whole import check_structure, check_whole

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
    MemoryError,
    NameError,
    SyntaxError,
    struct.error,
    zlib.error,
    configparser.Error,
    MatReadError,
)
_HARMFUL = re.compile(
    r"acquisition error|"
    r"Scaling factor will not be defined|Physical range is not defined|"
    r"mixed sampling frequencies|truncated",
    re.IGNORECASE,
)
# GDF's units are judged by its header here.
_IRRELEVANT = re.compile(r"physical dimension", re.IGNORECASE)
_CUT_OFF = re.compile(r"(Omitted|Limited) \d+ annotation")
_DUPLICATES = re.compile(r"found duplicates for: \{(.*?)\}")
# Formats that do not carry channel types worth keeping against a plain label.
_UNTYPED = {".edf", ".bdf", ".gdf", ".set", ".vhdr", ".ahdr", ".cnt", ".lay", ".nedf"}
_LISTED = {".edf", ".bdf", ".gdf"}
_EPOCHS = re.compile(r"number of trials is (\d+)")


@dataclass(frozen=True, eq=False)
class OpenedRecording:
    """A recording ready to be read.

    Attributes
    ----------
    raw : mne.io.BaseRaw
        Not preloaded where the format allows it.
    info : StreamInfo
        Cleaned labels and channel types.
    picks : array, shape (n_channels,)
        Which of MNE's channels are those of `info`.
    factors : array, shape (n_channels, 1)
        What MNE's values are multiplied by to be volts.
    stims : tuple of StimChannel
        The channels that carry codes; their factors are 1.
    header : EdfHeader, GdfHeader or None
        Of EDF, BDF and GDF files.
    annotations : mne.Annotations or None
        All there are, in seconds from the first sample, where MNE would cut them
        off at a length that leaves out gaps.
    """

    raw: Any
    info: StreamInfo
    picks: NDArray[np.int64]
    factors: FloatArray
    stims: tuple[StimChannel, ...]
    header: EdfHeader | GdfHeader | None
    annotations: mne.Annotations | None


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
        except Exception as problem:
            # Here and there MNE raises the bare class.
            if not isinstance(problem, _FAILURES) and type(problem) is not Exception:
                raise
            _collect(caught, warned)
            if warned.duplicates:
                raise duplicates(path, warned.duplicates) from problem
            if found := _EPOCHS.search(str(problem)):
                raise _epoched(path, int(found[1])) from problem
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
    check_structure(path, kind)
    header = _read_header(path, kind)
    kept: tuple[int, ...] = ()
    keywords: dict[str, Any] = {}
    if header is not None:
        check_duplicates(path, header)
        kept = one_rate(path, header)
        warn_of_others(path, header, kept)
        # MNE would cut codes down to whole numbers, and in GDF leaves out the wrong channels.
        keywords = {"stim_channel": None}
        if kind != ".gdf":
            gone = set(header.signals) - set(kept)
            keywords["exclude"] = [header.labels[i] for i in sorted(gone)]
    gaps = kind == ".set" or (isinstance(header, EdfHeader) and header.discontinuous)
    raw, annotations, warned = _read(path, keywords, gaps)
    check_whole(path, kind, raw)
    picks = np.arange(len(raw.ch_names))
    if header is None:
        units, scaled = _other_units(raw)
    else:
        picks = np.array(kept) if kind == ".gdf" else picks
        units, scaled = _listed_units(path, header, raw, kept, picks)
    with reading(path, "in its description"):
        info = _describe(path, kind, raw, picks, units, unit)
    _judge_warnings(path, warned, [raw.ch_names[i] for i in picks], info)
    stims = _stims(kind, raw, info, picks, scaled)
    info, factors = _to_volts(path, info, units, scaled, unit)
    return OpenedRecording(raw, info, picks, factors, stims, header, annotations)


def _read(
    path: Path, keywords: dict[str, Any], gaps: bool
) -> tuple[Any, mne.Annotations | None, _Warned]:
    """Return what MNE reads, and all annotations where it would cut some off."""
    try:
        with reading(path, "at its start") as warned:
            # MNE leaves out its own warnings at any quieter level.
            raw = mne.io.read_raw(path, preload=False, verbose="WARNING", **keywords)
            encoded = {x: keywords[x] for x in ("encoding",) if x in keywords}
            annotations = mne.read_annotations(path, **encoded) if gaps else None
    except SourceError as problem:
        # EDF+ asks for UTF-8, which not every recorder knows.
        if "invalid byte" not in str(problem) or "encoding" in keywords:
            raise
        return _read(path, keywords | {"encoding": "latin1"}, gaps)
    if gaps:
        warned.messages = [x for x in warned.messages if not _CUT_OFF.search(x)]
    return raw, annotations, warned


def _read_header(path: Path, kind: str) -> EdfHeader | GdfHeader | None:
    if kind not in _LISTED:
        return None
    if kind == ".gdf":
        return read_gdf_header(path)
    header = read_edf_header(path)
    if header.overflowing:
        logger.warning(
            "%s: the header gives %s a wider range than its samples can hold; large values "
            "there may have wrapped around when they were recorded",
            path,
            ", ".join(header.overflowing),
        )
    return header


def _epoched(path: Path, n_epochs: int) -> SourceError:
    return SourceError(
        f"{path} holds {n_epochs} epochs cut out of a recording, expected the continuous one; "
        "open the file it was made from, or export that from EEGLAB before epochs are extracted."
    )


def _describe(
    path: Path,
    kind: str,
    raw: Any,
    picks: NDArray[np.int64],
    units: Sequence[str | None],
    unit: str | None,
) -> StreamInfo:
    labels = clean_labels([raw.ch_names[i] for i in picks])
    found: list[str] = raw.get_channel_types()
    kinds = tuple(found[i] for i in picks)
    if kind in _UNTYPED:
        # MNE calls a BrainVision channel misc when it only lacks coordinates.
        assumed = [
            "eeg" if k == "misc" and (_is_volts(u) or (u == "" and unit)) else k
            for k, u in zip(kinds, units, strict=True)
        ]
        kinds = kinds_from_labels(labels, assumed)
    if "eeg" not in kinds:
        counted = ", ".join(f"{n} {name}" for name, n in sorted(Counter(kinds).items()))
        raise SourceError(
            f"{path} has no EEG channel, found {counted}; rename its EEG channels to their 10-20 "
            "names or set their type in the file, and state their unit there or with --unit uV."
        )
    positions = StreamInfo.from_mne(raw.info).positions[picks].copy()
    positions[np.array(kinds) != "eeg"] = np.nan
    described = str(raw.info["description"] or "")
    start = raw.info["meas_date"]
    return StreamInfo(
        channels=labels,
        sfreq=float(raw.info["sfreq"]),
        kinds=kinds,
        positions=positions,
        name=path.name,
        start_utc=start.isoformat() if start is not None else "",
        simulated="simulated=true" in described or "rtemotion simulated" in described,
    )


def _judge_warnings(path: Path, warned: _Warned, names: Sequence[str], info: StreamInfo) -> None:
    eeg = {name for name, kind in zip(names, info.kinds, strict=True) if kind == "eeg"}
    twice = {
        d for d in warned.duplicates if any(re.fullmatch(re.escape(d) + r"-\w+", e) for e in eeg)
    }
    if twice:
        raise duplicates(path, twice)
    for message in warned.messages:
        if _IRRELEVANT.search(message):
            continue
        named = set(message.rpartition(": ")[2].split(", "))
        harmless = not _HARMFUL.search(message) or (named <= set(names) and not named & eeg)
        if not harmless:
            raise SourceError(
                f"{path} cannot be trusted: {message[:300]} Expected a file that states its "
                "scaling and length; export it again."
            )
        logger.warning("%s: %s", path, message)


def _listed_units(
    path: Path,
    header: EdfHeader | GdfHeader,
    raw: Any,
    kept: Sequence[int],
    picks: NDArray[np.int64],
) -> tuple[list[str | None], FloatArray]:
    """Return units by the header, and what MNE has multiplied the values by."""
    rate = header.samples[kept[0]] / header.record_s
    if len(kept) != len(picks) or abs(raw.info["sfreq"] / rate - 1.0) > 1e-6:
        raise SourceError(
            f"{path} has {len(kept)} signals of {rate:g} Hz by its header but "
            f"{len(picks)} of {raw.info['sfreq']:g} Hz were read, expected the same; export its "
            "EEG channels alone, as EDF or GDF 2.20."
        )
    scaled: FloatArray = np.asarray(raw._raw_extras[0]["units"], dtype=np.float64)[picks]
    return [header.dimensions[i] for i in kept], scaled


def _other_units(raw: Any) -> tuple[list[str | None], FloatArray]:
    """Return units as MNE states them (None where the format fixes them), and its factors."""
    known: dict[str, str] = getattr(raw, "_orig_units", {})
    units = ["" if (unit := known.get(name)) == "n/a" else unit for name in raw.ch_names]
    return units, np.array([to_volts_factor(x) if x and _is_volts(x) else 1.0 for x in units])


def _is_volts(unit: str | None) -> bool:
    try:
        return bool(unit) and to_volts_factor(unit or "") > 0
    except SourceError:
        return False


def _stims(
    kind: str, raw: Any, info: StreamInfo, picks: NDArray[np.int64], scaled: FloatArray
) -> tuple[StimChannel, ...]:
    """Return the stimulus channels, their codes as the format stores them."""
    stims = []
    for k, pick in enumerate(picks.tolist()):
        if info.kinds[k] != "stim":
            continue
        stim = StimChannel(k, info.channels[k], 1.0 / scaled[k])
        if kind in {".edf", ".bdf"}:
            stim = replace(stim, bits=CODE_BITS)
        if kind == ".bdf":
            # Its bits are those of the sample itself, whatever range the header states.
            cal, offset = (float(raw._raw_extras[0][x][pick]) for x in ("cal", "offsets"))
            stim = replace(stim, scale=stim.scale / cal, shift=-offset / cal)
        stims.append(stim)
    return without_lines(stims)


def _to_volts(
    path: Path,
    info: StreamInfo,
    stated: Sequence[str | None],
    scaled: FloatArray,
    unit: str | None,
) -> tuple[StreamInfo, FloatArray]:
    factors = np.ones((info.n_channels, 1))
    used: set[str] = set()
    for i, (kind, said) in enumerate(zip(info.kinds, stated, strict=True)):
        if kind not in {"eeg", "eog", "ecg", "emg"}:
            continue
        if said is None:
            used.add("V")
            continue
        try:
            factors[i] = to_volts_factor(said) / scaled[i]
            used.add(said)
        except SourceError as problem:
            if unit is not None:
                factors[i] = to_volts_factor(unit) / scaled[i]
                used.add(unit)
            elif kind == "eeg":
                raise SourceError(f"channel {info.channels[i]} of {path}: {problem}") from None
    return replace(info, unit=used.pop() if len(used) == 1 else "V"), factors
