"""What an LSL stream's description says, read from its XML (live or out of an XDF file)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np

from ..errors import SourceError
from ..signal import FloatArray, StreamInfo
from .labels import clean_labels, guess_kind
from .units import to_volts_factor

logger = logging.getLogger(__name__)

_KINDS = {
    "eeg": "eeg",
    "eog": "eog",
    "ecg": "ecg",
    "ekg": "ecg",
    "emg": "emg",
    "stim": "stim",
    "trigger": "stim",
    "marker": "stim",
    "markers": "stim",
}
# No head is smaller than this many millimetres across, none larger in metres.
_METRES_BELOW = 1.0
_OHM_PER_KOHM = 1e3


@dataclass(frozen=True, eq=False)
class StreamDescription:
    """A stream as this program sees it.

    Attributes
    ----------
    info : StreamInfo
        With ``timestamps="raw"``.
    factors : array, shape (n_channels,)
        What the stream's values are multiplied by to be volts.
    impedances : array, shape (n_channels,)
        Ohm, as the sender measured them before; NaN where it does not say.
    cap, manufacturer : str
        What the electrodes are mounted on, and who made the amplifier; empty when
        the sender does not say.
    """

    info: StreamInfo
    factors: FloatArray
    impedances: FloatArray
    cap: str = ""
    manufacturer: str = ""


@dataclass(frozen=True)
class _Channel:
    label: str
    unit: str = ""
    type: str = ""
    location: tuple[float, float, float] = (np.nan, np.nan, np.nan)
    impedance: float = np.nan


def describe_stream(
    xml: str, unit: str | None = None, sfreq: float | None = None
) -> StreamDescription:
    """Read a stream's description.

    Parameters
    ----------
    xml : str
        The ``<info>`` document of LSL, with its ``<desc>``.
    unit : str, optional
        Unit of channels whose unit is not stated or not known; where all EEG channels
        state the same one, in its place.
    sfreq : float, optional
        Sampling rate in Hz, in place of what the stream states.

    Raises
    ------
    SourceError
        If the stream is not made of numbers, has no sampling rate, duplicate labels
        or no EEG channel, or its unit is unknown.
    """
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError as problem:
        raise SourceError(
            f"the stream's description is not XML ({problem}), expected LSL's <info> document; "
            "restart or update the sender."
        ) from None
    name = root.findtext("name") or ""
    count = int(root.findtext("channel_count") or 0)
    rate = float(root.findtext("nominal_srate") or 0) if sfreq is None else sfreq
    _check_decodable(name, root.findtext("channel_format") or "", rate, count)
    channels = _channels(root, name, count)
    labels = tuple(channel.label for channel in channels)
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise SourceError(
            f"stream '{name}' has more than one channel called {', '.join(twice)}, expected "
            "unique labels; correct them in the sender."
        )
    kinds = _kinds(channels, root.findtext("type") or "")
    if "eeg" not in kinds:
        raise SourceError(
            f"stream '{name}' has no EEG channel, found {', '.join(sorted(set(kinds)))}; name "
            "another stream with --stream."
        )
    factors, used = _factors(name, channels, kinds, unit)
    info = StreamInfo(
        channels=clean_labels(labels),
        sfreq=rate,
        kinds=kinds,
        positions=_positions(channels, kinds),
        unit=used,
        reference=_reference(root),
        timestamps="raw",
        name=name,
        source_id=root.findtext("source_id") or "",
        host=root.findtext("hostname") or "",
        simulated=(root.findtext("desc/simulated") or "").strip().lower() == "true",
    )
    return StreamDescription(
        info,
        factors,
        impedances=_impedances(channels),
        cap=_first_text(root, "desc/cap/name", "desc/cap"),
        manufacturer=_first_text(
            root,
            "desc/acquisition/manufacturer",
            "desc/amplifier/manufacturer",
            "desc/hardware/manufacturer",
            "desc/manufacturer",
        ),
    )


def _check_decodable(name: str, fmt: str, sfreq: float, count: int) -> None:
    if fmt == "string":
        raise SourceError(
            f"stream '{name}' carries text, expected numbers; name the EEG stream with --stream."
        )
    if not sfreq > 0:
        raise SourceError(
            f"stream '{name}' states no sampling rate (irregular), expected a positive number of "
            "Hz; say which it is with --sfreq, or have the sender state its nominal rate."
        )
    if count < 1:
        raise SourceError(
            f"stream '{name}' has no channels, expected at least one; correct the sender."
        )


def _channels(root: ElementTree.Element, name: str, count: int) -> list[_Channel]:
    nodes = root.findall("desc/channels/channel")
    if nodes and len(nodes) != count:
        logger.warning(
            "stream '%s' describes %d channels and sends %d: its labels are not used",
            name,
            len(nodes),
            count,
        )
        nodes = []
    if not nodes:
        return [_Channel(str(i + 1)) for i in range(count)]
    return [
        _Channel(
            label=(node.findtext("label") or "").strip() or str(i + 1),
            unit=(node.findtext("unit") or "").strip(),
            type=(node.findtext("type") or "").strip().lower(),
            location=(
                _number(node.findtext("location/X")),
                _number(node.findtext("location/Y")),
                _number(node.findtext("location/Z")),
            ),
            impedance=_number(node.findtext("impedance")),
        )
        for i, node in enumerate(nodes)
    ]


def _impedances(channels: Sequence[_Channel]) -> FloatArray:
    ohm = np.array([channel.impedance for channel in channels]) * _OHM_PER_KOHM
    ohm[ohm < 0] = np.nan  # how some senders write that they do not know
    return ohm


def _first_text(root: ElementTree.Element, *paths: str) -> str:
    said = ((root.findtext(path) or "").strip() for path in paths)
    return next((text for text in said if text), "")


def _reference(root: ElementTree.Element) -> str:
    """Return the reference's label; a common average needs none."""
    label = _first_text(root, "desc/reference/label")
    averaged = _first_text(root, "desc/reference/common_average").lower() in {"yes", "true"}
    return label or ("average" if averaged else "as recorded")


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")


def _kinds(channels: Sequence[_Channel], stream_type: str) -> tuple[str, ...]:
    assumed = "eeg" if stream_type.strip().lower() in {"eeg", ""} else "misc"
    kinds: list[str] = []
    for channel in channels:
        kind = _KINDS.get(channel.type, "misc") if channel.type else assumed
        # Some senders call every channel EEG, the auxiliary ones included.
        kinds.append((guess_kind(channel.label) or kind) if kind == "eeg" else kind)
    return tuple(kinds)


def _positions(channels: Sequence[_Channel], kinds: Sequence[str]) -> FloatArray:
    """Return positions in metres; LSL writes millimetres, some senders metres."""
    positions = np.array([channel.location for channel in channels], dtype=np.float64)
    positions[np.array(kinds) != "eeg"] = np.nan
    known = np.isfinite(positions).all(axis=1) & positions.any(axis=1)
    positions[~known] = np.nan
    if known.any() and np.abs(positions[known]).max() >= _METRES_BELOW:
        positions /= 1000.0
    return positions


def _factors(
    name: str, channels: Sequence[_Channel], kinds: Sequence[str], unit: str | None
) -> tuple[FloatArray, str]:
    factors = np.ones(len(channels))
    used: set[str] = set()
    # A headset that states one wrong unit is wrong throughout; one that states several
    # knows what it says.
    stated = {c.unit for c, kind in zip(channels, kinds, strict=True) if kind == "eeg"}
    agree = len(stated) == 1
    for i, (channel, kind) in enumerate(zip(channels, kinds, strict=True)):
        if kind not in {"eeg", "eog", "ecg", "emg"}:
            continue
        said = unit if unit is not None and agree else channel.unit
        try:
            factors[i] = to_volts_factor(said)
        except SourceError as problem:
            if unit is None and kind == "eeg":
                raise SourceError(
                    f"channel {channel.label} of stream '{name}': {problem}"
                ) from None
            if unit is not None:
                factors[i], said = to_volts_factor(unit), unit
        if kind == "eeg":
            used.add(said)
    return factors, used.pop() if len(used) == 1 else "V"
