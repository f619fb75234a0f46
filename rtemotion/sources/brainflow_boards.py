"""The boards BrainFlow knows: finding one by name, and what its rows of numbers are."""

from __future__ import annotations

import difflib
import functools
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import SourceError
from ..signal import FloatArray
from .labels import clean_labels
from .units import to_volts_factor

# These stand for another board: a file, or a board in another process.
PLAYBACK, STREAMING = -3, -2
# BrainFlow's lists of rows, the first one that names a row deciding what it is: boards
# for several purposes list the same rows as EEG, EOG, ECG and EMG.
_ROWS = (
    ("eeg", "eeg", "EEG"),
    ("eog", "eog", "EOG"),
    ("ecg", "ecg", "ECG"),
    ("emg", "emg", "EMG"),
    ("accel", "misc", "ACC"),
    ("gyro", "misc", "GYRO"),
    ("magnetometer", "misc", "MAG"),
    ("rotation", "misc", "ROTATION"),
    ("analog", "misc", "AUX"),
    ("eda", "misc", "EDA"),
    ("ppg", "misc", "PPG"),
    ("optical", "misc", "OPTICAL"),
    ("temperature", "misc", "TEMP"),
    ("resistance", "misc", "RESISTANCE"),
    ("battery", "misc", "BATTERY"),
    ("package_num", "misc", "COUNTER"),
    ("other", "misc", "OTHER"),
    ("marker", "stim", "MARKER"),
)
_ELECTRIC = {"eeg", "eog", "ecg", "emg"}


@dataclass(frozen=True)
class BoardSummary:
    """A board that measures EEG.

    Attributes
    ----------
    name : str
        What `BrainFlowSource` takes, such as ``"cyton_daisy"``.
    id : int
        BrainFlow's number of the board.
    title : str
        BrainFlow's own name.
    channels : tuple of str
        Names of the EEG channels; numbered where the board has no fixed places.
    sfreq : float
        Sampling rate in Hz.
    """

    name: str
    id: int
    title: str
    channels: tuple[str, ...]
    sfreq: float


@dataclass(frozen=True, eq=False)
class Layout:
    """What the rows of a board's data are.

    Attributes
    ----------
    title : str
        BrainFlow's name of the board.
    sfreq : float
        Sampling rate in Hz.
    rows : array of int, shape (n_channels,)
        Rows that are delivered, as channels, in this order.
    channels, kinds : tuple of str
        Their names and kinds.
    factors : array, shape (n_channels,)
        What their values are multiplied by to be volts; 1 where they are not voltages.
    timestamp, marker, counter, battery : int
        Rows of the stamps, markers, packet numbers and battery level; -1 for none.
    resistances : tuple of int
        Rows of the contacts' resistances, in the order of the EEG channels.
    """

    title: str
    sfreq: float
    rows: np.ndarray
    channels: tuple[str, ...]
    kinds: tuple[str, ...]
    factors: FloatArray
    timestamp: int
    marker: int
    counter: int
    battery: int
    resistances: tuple[int, ...]

    @property
    def eeg(self) -> tuple[str, ...]:
        """Names of the EEG channels."""
        named = zip(self.channels, self.kinds, strict=True)
        return tuple(name for name, kind in named if kind == "eeg")


def load_brainflow() -> Any:
    """Import ``brainflow.board_shim``, with BrainFlow's own log switched off.

    Raises
    ------
    SourceError
        If it is not installed or its native library cannot be loaded.
    """
    try:
        from brainflow import board_shim
    except ImportError as problem:
        raise SourceError(
            f"BrainFlow cannot be imported ({problem}), which boards are reached through; install "
            'it with: pip install "rtemotion[brainflow]"'
        ) from problem
    _prepare(board_shim)
    return board_shim


@functools.cache
def _prepare(board_shim: Any) -> None:
    if sys.version_info < (3, 12):
        # There `files` refuses a module that is no package, and BrainFlow falls back on
        # pkg_resources, which setuptools 82 and later no longer has.
        board_shim.files = _files_beside
    try:
        board_shim.BoardShim.disable_board_logger()
    except (OSError, ImportError, board_shim.BrainFlowError) as problem:
        raise SourceError(
            f"BrainFlow's native library cannot be loaded ({problem}), expected the one in its "
            "wheel; reinstall brainflow for this platform."
        ) from problem


def _files_beside(module: str) -> Any:
    from importlib.resources import files

    return files(module.rpartition(".")[0])


def boards() -> list[BoardSummary]:
    """List the boards that measure EEG.

    Raises
    ------
    SourceError
        If BrainFlow is not installed.
    """
    shim = load_brainflow()
    found: list[BoardSummary] = []
    for board in shim.BoardIds:
        try:
            described = describe(shim, int(board))
        except shim.BrainFlowError:
            continue  # a name without a board
        if described.get("eeg_channels"):
            layout = layout_of(described)
            found.append(
                BoardSummary(_name(board.name), int(board), layout.title, layout.eeg, layout.sfreq)
            )
    return found


def board_id(board: str | int) -> int:
    """Return BrainFlow's number of a board named by that number or by its name.

    Names are BrainFlow's, without regard to case, ``_BOARD`` and punctuation.

    Raises
    ------
    SourceError
        If BrainFlow is not installed, or knows no such board.
    """
    shim = load_brainflow()
    known = {_name(member.name): int(member) for member in shim.BoardIds if int(member) > -100}
    text = str(board).strip()
    if re.fullmatch(r"[-+]?\d+", text):
        if int(text) in known.values():
            return int(text)
    elif (name := _name(text)) in known:
        return known[name]
    near = difflib.get_close_matches(_name(text), known, n=5, cutoff=0.4)
    raise SourceError(
        f"BrainFlow knows no board '{text}', expected a name such as "
        f"{', '.join(near or ('synthetic', 'cyton', 'muse_2'))}, or its number; "
        "`rtemotion streams --boards` lists them."
    )


def _name(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_").removesuffix("_board")


def describe(shim: Any, number: int) -> Mapping[str, Any]:
    """Return what BrainFlow says about a board."""
    described: Mapping[str, Any] = shim.BoardShim.get_board_descr(number)
    return described


def layout_of(described: Mapping[str, Any], unit: str = "uV") -> Layout:
    """Return what the rows of a board's data are.

    Parameters
    ----------
    described : mapping
        BrainFlow's description.
    unit : str
        Unit of the voltages; BrainFlow's are microvolts.

    Raises
    ------
    SourceError
        If the board measures no EEG, or the unit is not known.
    """
    title = str(described.get("name", "board"))
    if not described.get("eeg_channels"):
        raise SourceError(
            f"the board {title} measures no EEG, and there is nothing to decode; name another."
        )
    taken: dict[int, tuple[str, str]] = {}
    for key, kind, stem in _ROWS:
        rows = [row for row in _listed(described, key) if row not in taken]
        for number, (row, name) in enumerate(zip(rows, _names(described, key), strict=False), 1):
            single = len(rows) == 1 and kind != "eeg"
            taken[row] = (name or (stem if single else f"{stem}{number}"), kind)
    order = sorted(taken)
    kinds = tuple(taken[row][1] for row in order)
    volts = to_volts_factor(unit)
    return Layout(
        title=title,
        sfreq=float(described["sampling_rate"]),
        rows=np.array(order),
        channels=clean_labels([taken[row][0] for row in order]),
        kinds=kinds,
        factors=np.array([volts if kind in _ELECTRIC else 1.0 for kind in kinds]),
        timestamp=int(described["timestamp_channel"]),
        marker=int(described.get("marker_channel", -1)),
        counter=int(described.get("package_num_channel", -1)),
        battery=int(described.get("battery_channel", -1)),
        # Where these are the EEG's own rows, the board measures one or the other.
        resistances=()
        if set(_listed(described, "resistance")) & set(_listed(described, "eeg"))
        else tuple(_listed(described, "resistance")),
    )


def _listed(described: Mapping[str, Any], key: str) -> list[int]:
    single = described.get(f"{key}_channel")
    return list(described.get(f"{key}_channels", ())) if single is None else [int(single)]


def _names(described: Mapping[str, Any], key: str) -> list[str]:
    count = len(_listed(described, key))
    names = str(described.get("eeg_names", "")).split(",") if key == "eeg" else []
    usable = len(names) == count == len({name.strip() for name in names})
    return [name.strip() for name in names] if usable else [""] * count
