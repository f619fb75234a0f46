"""The head: how a current dipole in the brain becomes volts at an electrode.

One fixed three-shell sphere for everyone, the classic radii 0.87 : 0.92 : 1 and
conductivities 0.33, 0.0042 and 0.33 S/m (Rush & Driscoll 1969; Berg & Scherg
1994 for the series that MNE evaluates), fitted to all electrodes of the montage.
Lead fields are physical, never normalised: deep sources are faint, as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from ..signal import FloatArray
from .anchors import anchors_mni
from .montages import STANDARD, montage, standard_sphere

RELATIVE_RADII = (0.87, 0.92, 1.0)
CONDUCTIVITIES = (0.33, 0.0042, 0.33)
# Dipoles stay within this share of the brain's radius: the series for the potential
# of a dipole right under a shell converges slowly, and no cortex touches the bone.
DEEPEST_SHELL_SHARE = 0.95
# Heads are no spheres; electrodes this much further off are not on a head at all.
SCALP_TOLERANCE = 0.2


@dataclass(frozen=True, eq=False)
class Head:
    """A sphere in the head frame and the way into it from MNI coordinates.

    Attributes
    ----------
    center : array, shape (3,)
        Centre of the shells, metres, head frame.
    radius : float
        Outer radius (scalp), metres.
    mni_to_head : array, shape (4, 4)
        Rigid transform of metres from MNI to the head frame.
    """

    center: FloatArray
    radius: float
    mni_to_head: FloatArray

    @property
    def brain_radius(self) -> float:
        """Radius of the innermost shell in metres."""
        return self.radius * RELATIVE_RADII[0]

    def from_mni(self, points: FloatArray) -> FloatArray:
        """Convert MNI metres (n, 3) to head-frame metres."""
        rotated: FloatArray = points @ self.mni_to_head[:3, :3].T + self.mni_to_head[:3, 3]
        return rotated

    def pull_inside(self, points: FloatArray) -> FloatArray:
        """Move what lies beyond 95 % of the brain's radius straight inwards onto it."""
        offset = points - self.center
        distance = np.linalg.norm(offset, axis=1, keepdims=True)
        limit = DEEPEST_SHELL_SHARE * self.brain_radius
        shrink = np.minimum(1.0, limit / np.maximum(distance, 1e-12))
        pulled: FloatArray = self.center + offset * shrink
        return pulled

    def onto_scalp(self, points: FloatArray) -> FloatArray:
        """Move what lies more than 20 % of the radius off the scalp to that distance."""
        offset = points - self.center
        distance = np.linalg.norm(offset, axis=1, keepdims=True) / self.radius
        near = np.clip(distance, 1 - SCALP_TOLERANCE, 1 + SCALP_TOLERANCE)
        moved = self.center + offset * (near / np.maximum(distance, 1e-12))
        # What need not move keeps every bit.
        placed: FloatArray = np.where(near == distance, points, moved)
        return placed

    def outward(self, points: FloatArray) -> FloatArray:
        """Return unit vectors (n, 3) from the centre of the sphere through `points`.

        Upwards for a point within a micrometre of the centre.
        """
        offset = points - self.center
        distance = np.linalg.norm(offset, axis=1, keepdims=True)
        directions: FloatArray = np.where(
            distance > 1e-6, offset / np.maximum(distance, 1e-12), [[0.0, 0.0, 1.0]]
        )
        return directions


@cache
def standard_head() -> Head:
    """Return the head that every simulated subject shares.

    MNE's `colin27_1020` montage holds electrodes in MNI coordinates (its frame is
    called "mri" and it is not rescaled). The rigid transform that MNE derives from the
    montage's own nasion and preauricular points, native to head, is therefore the
    MNI-to-head transform, and brings the anchors to where the electrodes are.
    """
    import mne

    transform = mne.channels.compute_native_head_t(montage(STANDARD))["trans"]
    center, radius = standard_sphere()
    return Head(center, radius, np.asarray(transform, dtype=np.float64))


def anchors_in_head() -> FloatArray:
    """Return the anchors in metres, head frame, inside the brain's shell, (29, 3)."""
    head = standard_head()
    return head.pull_inside(head.from_mni(anchors_mni()))


def lead_field(electrodes: FloatArray, positions: FloatArray) -> FloatArray:
    """Return the potential of dipoles along x, y and z, through MNE's forward model.

    Parameters
    ----------
    electrodes : array, shape (n_channels, 3)
        Metres, head frame; moved onto the scalp where they are far from it.
    positions : array, shape (n_dipoles, 3)
        Metres, head frame; must lie within the innermost shell.

    Returns
    -------
    array, shape (n_channels, n_dipoles, 3)
        Volts per ampere metre, against infinity.

    Raises
    ------
    ValueError
        When a dipole lies outside the brain's shell.
    """
    import mne

    head = standard_head()
    if (np.linalg.norm(positions - head.center, axis=1) >= head.brain_radius).any():
        raise ValueError("every dipole must lie inside the innermost shell")
    info = mne.create_info([str(k) for k in range(len(electrodes))], 250.0, "eeg")
    for channel, place in zip(info["chs"], head.onto_scalp(electrodes), strict=True):
        channel["loc"][:6] = [*place, 0.0, 0.0, 0.0]
    sphere = mne.make_sphere_model(
        r0=head.center,
        head_radius=head.radius,
        relative_radii=RELATIVE_RADII,
        sigmas=CONDUCTIVITIES,
        verbose="ERROR",
    )
    where = {"rr": positions, "nn": np.tile([0.0, 0.0, 1.0], (len(positions), 1))}
    space = mne.setup_volume_source_space(pos=where, sphere=sphere, verbose="ERROR")
    forward = mne.make_forward_solution(
        info, None, space, sphere, meg=False, eeg=True, mindist=0.0, verbose="ERROR"
    )
    gain = np.asarray(forward["sol"]["data"], dtype=np.float64)
    return gain.reshape(len(electrodes), len(positions), 3)
