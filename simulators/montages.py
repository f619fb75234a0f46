"""Where electrodes are: any montage of MNE, or a montage file, in the head's own frame.

Montages in MNI coordinates (MNE's frame "mri") are taken exactly as
`mne.Info.set_montage` gives them: the simulated head is made from one of them. The
others lie on idealised heads of other sizes; they are moved and scaled so that the
sphere fitted to all their electrodes is the simulated scalp. Over the electrodes they
share, that takes the HydroCel nets from about 18 mm off the 10-20 places to 5 mm.
"""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..conditioning.channels import built_in_montage
from ..errors import SetupError
from ..signal import FloatArray

STANDARD = "colin27_1020"
# Fewer electrodes, or a sphere of another size, say too little to be fitted.
_LEAST_TO_FIT = 8
_RADII_M = (0.06, 0.13)


@cache
def montage(name: str = STANDARD) -> Any:
    """Return an `mne.channels.DigMontage` by its name in MNE or its path.

    Raises
    ------
    SetupError
        When there is neither, or the file cannot be read.
    """
    import mne

    if (found := built_in_montage(name)) is not None:
        return found
    path = Path(name)
    if not path.is_file():
        known = ", ".join(mne.channels.get_builtin_montages())
        raise SetupError(
            f"no montage is called {name!r} and there is no such file; MNE has {known}"
        )
    try:
        return mne.channels.read_custom_montage(path)
    except (OSError, RuntimeError, ValueError, TypeError, LookupError) as problem:
        raise SetupError(
            f"{path} is no montage that MNE can read ({problem}), expected one of its formats "
            "with labels and positions; export it as .elc, .sfp or .loc"
        ) from problem


@cache
def labels_of(name: str) -> tuple[str, ...]:
    """Return every label of a montage."""
    return tuple(montage(name).ch_names)


@cache
def positions_of(name: str, channels: tuple[str, ...]) -> FloatArray:
    """Return where `channels` are: metres, head frame, read-only (n_channels, 3)."""
    native = montage(name)
    if native.get_positions()["coord_frame"] == "mri":
        positions = _set(native, channels)
    else:
        everything = _onto_the_head(_set(native, labels_of(name)))
        rows = [labels_of(name).index(label) for label in channels]
        positions = everything[rows]
    positions.flags.writeable = False
    return positions


@cache
def standard_sphere() -> tuple[FloatArray, float]:
    """Return centre and radius (metres, head frame) of the simulated scalp."""
    # Mastoids and ear lobes are not on the scalp proper and would tilt the sphere.
    scalp = tuple(x for x in labels_of(STANDARD) if x not in {"A1", "A2", "M1", "M2"})
    return fit_sphere(positions_of(STANDARD, scalp))


def fit_sphere(points: FloatArray) -> tuple[FloatArray, float]:
    """Fit centre and radius by linear least squares on |x|² = 2 c·x + (r² − |c|²)."""
    design = np.column_stack([2 * points, np.ones(len(points))])
    solution = np.linalg.lstsq(design, (points**2).sum(axis=1), rcond=None)[0]
    center = solution[:3]
    return center, float(np.sqrt(solution[3] + center @ center))


def _set(native: Any, channels: tuple[str, ...]) -> FloatArray:
    import mne

    info = mne.create_info(list(channels), 250.0, "eeg")
    with warnings.catch_warnings():
        # Files without fiducials: MNE says that it takes their frame for the head's.
        warnings.simplefilter("ignore", RuntimeWarning)
        info.set_montage(native, verbose="ERROR")
    return np.array([channel["loc"][:3] for channel in info["chs"]], dtype=np.float64)


def _onto_the_head(points: FloatArray) -> FloatArray:
    if len(points) < _LEAST_TO_FIT:
        return points
    center, radius = fit_sphere(points)
    if not _RADII_M[0] < radius < _RADII_M[1]:
        return points
    onto, size = standard_sphere()
    moved: FloatArray = onto + (points - center) * (size / radius)
    return moved
