"""Which channels are used, under which names, and where they sit on the head."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SetupError
from ..signal import FloatArray, StreamInfo

log = logging.getLogger(__name__)

TEMPLATES = {"colin27": "standard", "standard": "colin27"}


@dataclass(frozen=True)
class ChannelPlan:
    """The channels picked from a source.

    Attributes
    ----------
    indices : tuple of int
        Columns of the source's chunks, in the order used from here on.
    info : StreamInfo
        The stream as it goes on: renamed, with positions where they are known.
    source : StreamInfo
        The source's own stream, whose other channels may serve as reference.
    """

    indices: tuple[int, ...]
    info: StreamInfo
    source: StreamInfo

    @property
    def renamed(self) -> dict[str, str]:
        """New names, and the source's own that they stand for."""
        old = (self.source.channels[i] for i in self.indices)
        return dict(zip(self.info.channels, old, strict=True))


def plan_channels(
    info: StreamInfo, channels: Sequence[str] = (), montage: str | None = None
) -> ChannelPlan:
    """Choose channels and give them positions.

    Parameters
    ----------
    info : StreamInfo
        The source's stream.
    channels : sequence of str
        Names, patterns (``"F*"``) or ``"OLD:NEW"`` to rename; all EEG channels
        when empty. Patterns match EEG channels only.
    montage : str or None
        A montage that MNE knows by name, or a file it can read. By default the
        source's own positions, and 10-05 positions for labels that have none.

    Raises
    ------
    SetupError
        When a channel asked for is not there, none is EEG, two end up with the
        same name, or the montage is unknown.
    """
    renamed: dict[int, str] = {}
    if channels:
        picked = _picked(info, channels, renamed)
    else:
        picked = [i for i, kind in enumerate(info.kinds) if kind == "eeg"]
    if not picked:
        kinds = ", ".join(sorted(set(info.kinds)))
        raise SetupError(
            f"No EEG channel in {info.name or 'the source'} ({info.n_channels} channels of kind "
            f"{kinds}); name the channels to use with --channels."
        )
    names = tuple(renamed.get(i, info.channels[i]) for i in picked)
    try:
        chosen = replace(info.pick(picked), channels=names, kinds=("eeg",) * len(names))
    except ValueError as error:
        raise SetupError(f"--channels does not fit: {error}.") from error
    return ChannelPlan(tuple(picked), place(chosen, montage), info)


def _picked(info: StreamInfo, wanted: Sequence[str], renamed: dict[int, str]) -> list[int]:
    picked: list[int] = []
    for entry in wanted:
        old, _, new = entry.partition(":")
        if old in info.channels:
            found = [info.channels.index(old)]
        else:
            found = [
                i
                for i, (name, kind) in enumerate(zip(info.channels, info.kinds, strict=True))
                if kind == "eeg" and fnmatchcase(name, old)
            ]
        if not found or (new and len(found) > 1):
            problem = "matches no channel" if not found else "renames more than one channel"
            raise SetupError(
                f"--channels '{entry}' {problem}; there are: {', '.join(info.channels)}."
            )
        if new:
            renamed[found[0]] = new
        picked += [i for i in found if i not in picked]
    return picked


def place(info: StreamInfo, montage: str | None = None) -> StreamInfo:
    """Fill in electrode positions from labels, in metres in the head frame.

    Channels that stay without one are named in one warning, since the decoder
    has to leave them out.
    """
    missing = ~info.has_position if montage is None else np.ones(info.n_channels, dtype=bool)
    if missing.any():
        positions = np.where(
            missing[:, None], positions_of(info.channels, montage), info.positions
        )
        info = replace(info, positions=positions)
    without = [n for n, has in zip(info.channels, info.has_position, strict=True) if not has]
    if without:
        log.warning(
            "No position is known for %s: left out of decoding; name the layout with "
            "--montage (a montage of MNE or a file), or rename channels with --channels OLD:NEW.",
            _few(without),
        )
    return info


def positions_of(labels: Sequence[str], montage: str | None = None) -> FloatArray:
    """Return head-frame positions in metres, shape (n_labels, 3), NaN where unknown.

    Raises
    ------
    SetupError
        When MNE knows no such montage and no such file can be read.
    """
    import mne

    if montage is None:
        # The fine layout lacks a few names of the coarse one.
        coarse = positions_of(labels, "colin27_1020")
        fine = positions_of(labels, "colin27_1005")
        return np.where(np.isfinite(fine), fine, coarse)
    # MNE refuses names that differ in case alone, so each is asked for once.
    names = list(dict.fromkeys(label.lower() for label in labels))
    info = mne.create_info(names, 100.0, "eeg")
    info.set_montage(
        _montage(montage), match_case=False, match_alias=True, on_missing="ignore", verbose="ERROR"
    )
    known = {channel["ch_name"]: channel["loc"][:3] for channel in info["chs"]}
    return np.array([known[label.lower()] for label in labels], dtype=np.float64)


def built_in_montage(name: str) -> Any:
    """Return an `mne.channels.DigMontage` that ships with MNE, or None where there is none.

    MNE renames the 10-20 positions on its template head; both names are in use.
    """
    import mne

    built_in = mne.channels.get_builtin_montages()
    family, _, rest = name.partition("_")
    other = f"{TEMPLATES[family]}_{rest}" if family in TEMPLATES else name
    for known in (name, other):
        if known in built_in:
            return mne.channels.make_standard_montage(known)
    return None


def _montage(name: str) -> Any:
    import mne

    if (found := built_in_montage(name)) is not None:
        return found
    if not Path(name).is_file():
        raise SetupError(
            f"There is no montage '{name}': it is neither a file nor one of "
            f"{', '.join(sorted(mne.channels.get_builtin_montages()))}."
        )
    try:
        return mne.channels.read_custom_montage(name)
    except (ValueError, RuntimeError, OSError, TypeError, UnicodeDecodeError) as error:
        raise SetupError(
            f"The montage file {name} cannot be read ({error}); MNE reads .elc, .loc, .locs, "
            ".sfp, .csd, .elp, .hpts, .bvef and .xyz."
        ) from error


def _few(names: list[str], most: int = 8) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
