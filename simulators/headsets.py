"""Headsets: which electrodes sit where, and how fast they are read.

Positions are those of the 10-20/10-10 montage that ships with MNE (measured on
the Colin 27 head, in MNI coordinates), in metres in the head frame, exactly as
`mne.Info.set_montage` gives them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ..errors import SetupError
from ..signal import FloatArray

_MUSE = "TP9 AF7 AF8 TP10"
_EPOC = "AF3 F7 F3 FC5 T7 P7 O1 O2 P8 T8 FC6 F4 F8 AF4"
_CAP32 = (
    "Fp1 Fp2 AF3 AF4 F7 F3 Fz F4 F8 FC5 FC1 FC2 FC6 T7 C3 Cz "
    "C4 T8 CP5 CP1 CP2 CP6 P7 P3 Pz P4 P8 PO3 PO4 O1 Oz O2"
)
_CAP64 = (
    "Fp1 Fpz Fp2 AF7 AF3 AFz AF4 AF8 F7 F5 F3 F1 Fz F2 F4 F6 F8 "
    "FT7 FC5 FC3 FC1 FCz FC2 FC4 FC6 FT8 T7 C5 C3 C1 Cz C2 C4 C6 T8 "
    "TP9 TP7 CP5 CP3 CP1 CPz CP2 CP4 CP6 TP8 TP10 P7 P5 P3 P1 Pz P2 P4 P6 P8 "
    "PO7 PO3 POz PO4 PO8 O1 Oz O2 Iz"
)


@dataclass(frozen=True)
class Headset:
    """A set of electrodes and the rate at which they are sampled.

    Attributes
    ----------
    name : str
        Short name, as users type it.
    channels : tuple of str
        Labels known to MNE's `colin27_1020` montage.
    sfreq : float
        Sampling rate in Hz.
    description : str
        One line for people.
    """

    name: str
    channels: tuple[str, ...]
    sfreq: float
    description: str = ""

    def positions(self) -> FloatArray:
        """Return where the electrodes are: metres, head frame, shape (n_channels, 3)."""
        return montage_positions(self.channels).copy()


HEADSETS: dict[str, Headset] = {
    headset.name: headset
    for headset in (
        Headset("muse", tuple(_MUSE.split()), 256.0, "4-channel headband, 256 Hz"),
        Headset("epoc", tuple(_EPOC.split()), 128.0, "14-channel consumer headset, 128 Hz"),
        Headset("cap32", tuple(_CAP32.split()), 250.0, "32-channel cap, 250 Hz"),
        Headset("cap64", tuple(_CAP64.split()), 250.0, "64-channel cap, 250 Hz"),
    )
}
"""The headsets that can be simulated by name."""


def get_headset(name: str) -> Headset:
    """Return the headset called `name`.

    Raises
    ------
    SetupError
        When there is none of that name; the sentence lists those there are.
    """
    if name not in HEADSETS:
        raise SetupError(f"no headset is called {name!r}; there are {', '.join(HEADSETS)}")
    return HEADSETS[name]


def headset_from_labels(
    labels: Sequence[str], sfreq: float = 250.0, name: str = "custom"
) -> Headset:
    """Make a headset out of any electrodes the montage knows.

    Parameters
    ----------
    labels : sequence of str
        10-20 or 10-10 labels, unique, spelled as in MNE's `colin27_1020`.
    sfreq : float
        Sampling rate in Hz.
    name : str
        What to call it.

    Raises
    ------
    SetupError
        When a label is unknown or given twice, or the rate is not positive.
    """
    channels = tuple(labels)
    known = montage_labels()
    unknown = [label for label in channels if label not in known]
    if unknown:
        raise SetupError(
            f"no position is known for {', '.join(unknown)}; use 10-20 or 10-10 labels "
            f"such as {', '.join(known[:4])}"
        )
    if not channels or len(set(channels)) != len(channels):
        raise SetupError("a headset needs at least one electrode, each named once")
    if not (np.isfinite(sfreq) and sfreq > 0):
        raise SetupError(f"a headset needs a positive sampling rate in Hz, got {sfreq}")
    return Headset(name, channels, float(sfreq), f"{len(channels)} electrodes, {sfreq:g} Hz")


def montage() -> Any:
    """Return the `mne.channels.DigMontage` that all headsets take their positions from.

    `colin27_1020` is the name since MNE 1.13 of what was `standard_1020`.
    """
    import mne

    names = mne.channels.get_builtin_montages()
    name = "colin27_1020" if "colin27_1020" in names else "standard_1020"
    return mne.channels.make_standard_montage(name)


@cache
def montage_labels() -> tuple[str, ...]:
    """Return every label with a known position."""
    return tuple(montage().ch_names)


@cache
def montage_positions(channels: tuple[str, ...]) -> FloatArray:
    """Return positions of `channels`: metres, head frame, read-only (n_channels, 3)."""
    import mne

    info = mne.create_info(list(channels), 250.0, "eeg")
    info.set_montage(montage())
    positions = np.array([channel["loc"][:3] for channel in info["chs"]], dtype=np.float64)
    positions.flags.writeable = False
    return positions
