"""Headsets: which electrodes sit where, and how fast they are read.

Unless a headset says otherwise, positions are those of the 10-20/10-10 montage that
ships with MNE (measured on the Colin 27 head, in MNI coordinates), in metres in the
head frame, exactly as `mne.Info.set_montage` gives them. Any other montage of MNE, any
montage file and bare positions do as well; see `montages`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import SetupError
from ..signal import FloatArray
from .montages import STANDARD, labels_of, positions_of

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


# The default of the OpenBCI Cyton with Daisy on the Ultracortex Mark IV.
_OPENBCI16 = "Fp1 Fp2 C3 C4 P7 P8 O1 O2 F7 F8 F3 F4 T7 T8 P3 P4"
_NET128 = "GSN-HydroCel-128"


@dataclass(frozen=True)
class Headset:
    """A set of electrodes and the rate at which they are sampled.

    Attributes
    ----------
    name : str
        Short name, as users type it.
    channels : tuple of str
        Labels; those of `montage` unless `places` says where they are.
    sfreq : float
        Sampling rate in Hz.
    description : str
        One line for people.
    montage : str
        Name of a montage of MNE, or path of a montage file.
    places : tuple of (float, float, float)
        Metres in the head frame, one a channel; taken from `montage` when empty.
    """

    name: str
    channels: tuple[str, ...]
    sfreq: float
    description: str = ""
    montage: str = STANDARD
    places: tuple[tuple[float, float, float], ...] = ()

    def positions(self) -> FloatArray:
        """Return where the electrodes are: metres, head frame, shape (n_channels, 3)."""
        if self.places:
            return np.array(self.places, dtype=np.float64)
        return positions_of(self.montage, self.channels).copy()


HEADSETS: dict[str, Headset] = {
    headset.name: headset
    for headset in (
        Headset("muse", tuple(_MUSE.split()), 256.0, "4-channel headband, 256 Hz"),
        Headset("epoc", tuple(_EPOC.split()), 128.0, "14-channel consumer headset, 128 Hz"),
        Headset("openbci16", tuple(_OPENBCI16.split()), 125.0, "16-channel board, 125 Hz"),
        Headset("cap32", tuple(_CAP32.split()), 250.0, "32-channel cap, 250 Hz"),
        Headset("cap64", tuple(_CAP64.split()), 250.0, "64-channel cap, 250 Hz"),
        Headset(
            "net128",
            tuple(f"E{k}" for k in range(1, 129)),
            250.0,
            "128-electrode HydroCel net, 250 Hz",
            montage=_NET128,
        ),
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
    """Make a headset out of any electrodes of the 10-20 and 10-10 systems.

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
    return headset_from_montage(STANDARD, labels, sfreq, name)


def headset_from_montage(
    montage: str | Path,
    labels: Sequence[str] | None = None,
    sfreq: float = 250.0,
    name: str = "",
) -> Headset:
    """Make a headset out of any montage, or some of its electrodes.

    Parameters
    ----------
    montage : str or Path
        Name of a montage that ships with MNE, or a montage file that MNE reads.
    labels : sequence of str, optional
        Unique labels of the montage; all of them by default.
    sfreq : float
        Sampling rate in Hz.
    name : str
        What to call it; after the montage by default.

    Raises
    ------
    SetupError
        When the montage or a label is unknown, a label is given twice, or the rate is
        not positive.
    """
    known = labels_of(str(montage))
    channels = known if labels is None else tuple(labels)
    unknown = [label for label in channels if label not in known]
    if unknown:
        raise SetupError(
            f"no position is known for {', '.join(unknown)} in {montage}; use its labels, such "
            f"as {', '.join(known[:4])}, or name another montage"
        )
    _check(channels, sfreq)
    return Headset(
        name or Path(montage).stem,
        channels,
        float(sfreq),
        f"{len(channels)} electrodes, {sfreq:g} Hz",
        montage=str(montage),
    )


def headset_from_positions(
    labels: Sequence[str], positions: FloatArray, sfreq: float = 250.0, name: str = "custom"
) -> Headset:
    """Make a headset out of electrodes anywhere on the head.

    Parameters
    ----------
    labels : sequence of str
        Unique names.
    positions : array, shape (n_channels, 3)
        Metres, head frame; what lies off the scalp is seen as if it lay on it.
    sfreq : float
        Sampling rate in Hz.
    name : str
        What to call it.

    Raises
    ------
    SetupError
        When there is not one position of three finite numbers within 25 cm a label, a
        label is given twice, or the rate is not positive.
    """
    channels = tuple(labels)
    _check(channels, sfreq)
    places = np.asarray(positions, dtype=np.float64)
    if places.shape != (len(channels), 3) or not (np.abs(places) < 0.25).all():
        raise SetupError(
            f"the positions of {len(channels)} electrodes must be {len(channels)} rows of three "
            f"finite numbers in metres, got shape {places.shape}; convert millimetres first"
        )
    return Headset(
        name,
        channels,
        float(sfreq),
        f"{len(channels)} electrodes, {sfreq:g} Hz",
        places=tuple((float(x), float(y), float(z)) for x, y, z in places),
    )


def _check(channels: tuple[str, ...], sfreq: float) -> None:
    if not channels or len(set(channels)) != len(channels):
        raise SetupError("a headset needs at least one electrode, each named once")
    if not (np.isfinite(sfreq) and sfreq > 0):
        raise SetupError(f"a headset needs a positive sampling rate in Hz, got {sfreq}")


def montage_labels() -> tuple[str, ...]:
    """Return every label of the 10-20/10-10 montage that headsets use by default."""
    return labels_of(STANDARD)
