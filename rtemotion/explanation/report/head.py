"""Heads and circles to draw networks on; every figure is an object of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...signal import FloatArray
from ..explaining import Montage
from ..regions import LOBES, REGIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, FAINT = "#30343a", "#b9bec6"
LOBE_COLOURS = dict(
    zip(LOBES, ("#4c78a8", "#72b7b2", "#eeca3b", "#f58518", "#b279a2"), strict=True)
)
# From here the electrodes are seen, and at this angle from the top the outline is drawn.
_MIDDLE = np.array([0.0, 0.0, 0.04])
_RIM = np.deg2rad(100.0)
# Fewer electrodes tell nothing of what lies between them.
_FEWEST_FOR_MAP = 8
# Further than this from any electrode, in radii of the head, nothing is drawn.
_FAR = 0.6


def new_figure(width: float, height: float) -> Figure:
    """Return a figure of so many inches that no list of open figures knows of."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", dpi=110)
    FigureCanvasAgg(figure)
    return figure


def flat(positions: FloatArray) -> FloatArray:
    """Return electrodes on a disk of radius 1, the nose at the top (azimuthal equidistant)."""
    x, y, z = (positions - _MIDDLE).T
    away = np.hypot(x, y)
    angle = np.arctan2(away, z)
    scale = np.divide(angle / _RIM, away, out=np.zeros_like(away), where=away > 0.0)
    return np.stack([x * scale, y * scale], axis=1)


def outline(axes: Axes, where: FloatArray) -> None:
    """Draw a head seen from above, with room for all electrodes."""
    turn = np.linspace(0.0, 2.0 * np.pi, 200)
    axes.plot(np.cos(turn), np.sin(turn), color=FAINT, lw=1.2, zorder=0)
    axes.plot([-0.12, 0.0, 0.12], [0.995, 1.12, 0.995], color=FAINT, lw=1.2, zorder=0)
    reach = max(1.2, 0.18 + float(np.abs(where).max(initial=0.0)))
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.axis("off")


def head_map(
    axes: Axes,
    montage: Montage,
    values: FloatArray,
    limits: tuple[float, float],
    marked: Sequence[bool],
) -> Any:
    """Draw a value of every channel over the head; return what a colour bar is made for.

    Parameters
    ----------
    axes : Axes
    montage : Montage
    values : array, shape (n_channels,)
    limits : tuple of float
        Ends of the colours.
    marked : sequence of bool
        Channels with a ring; the others are points.
    """
    placed = np.isfinite(montage.positions).all(axis=1)
    where, shown = flat(montage.positions[placed]), values[placed]
    ring = np.asarray(marked)[placed]
    if placed.sum() >= _FEWEST_FOR_MAP:
        drawn = _between(axes, where, shown, limits)
        axes.scatter(where[:, 0], where[:, 1], s=4, color=INK, zorder=3)
        axes.scatter(
            where[ring, 0],
            where[ring, 1],
            s=36,
            facecolor="none",
            edgecolor="white",
            lw=1.4,
            zorder=4,
        )
    else:
        edges = ["black" if one else FAINT for one in ring]
        drawn = axes.scatter(
            where[:, 0], where[:, 1], c=shown, s=300, cmap="viridis",
            vmin=limits[0], vmax=limits[1], edgecolors=edges, linewidths=2.0, zorder=3,
        )  # fmt: skip
        for (x, y), name in zip(where, np.array(montage.channels)[placed], strict=True):
            axes.text(x, y - 0.24, name, ha="center", va="center", fontsize=8, color=INK)
    outline(axes, where)
    return drawn


def _between(
    axes: Axes, where: FloatArray, values: FloatArray, limits: tuple[float, float]
) -> Any:
    """Fill the head with values between electrodes, up to a little beyond the outermost."""
    from matplotlib.patches import Circle
    from scipy.interpolate import RBFInterpolator
    from scipy.spatial import cKDTree

    line = np.linspace(-1.0, 1.0, 121)
    x, y = np.meshgrid(line, line)
    points = np.stack([x.ravel(), y.ravel()], axis=1)
    smooth = RBFInterpolator(where, values, kernel="linear")(points).reshape(x.shape)
    away, _ = cKDTree(where).query(points)
    drawn = axes.imshow(
        np.ma.masked_where(away.reshape(x.shape) > _FAR, smooth), extent=(-1.0, 1.0, -1.0, 1.0),
        origin="lower", cmap="viridis", vmin=limits[0], vmax=limits[1],
        interpolation="bilinear", zorder=1,
    )  # fmt: skip
    drawn.set_clip_path(Circle((0.0, 0.0), 1.0, transform=axes.transData))
    return drawn


def around(montage: Montage) -> tuple[list[int], FloatArray]:
    """Return the order of channels on a circle, and the angle of each in that order.

    Left channels lie on the left half, the frontal ones at the top, and the midline
    at the bottom and top between them.
    """
    rank = {name: i for i, name in enumerate(REGIONS)}
    left: list[tuple[int, float, int]] = []
    right: list[tuple[int, float, int]] = []
    for c, (region, x) in enumerate(
        zip(montage.regions, montage.positions[:, 0].tolist(), strict=True)
    ):
        lobe = rank.get(region, len(REGIONS)) // 3
        side = right if region.startswith("right") or ("left" not in region and x > 0) else left
        side.append((lobe, -_up(montage, c), c))
    order = [c for *_, c in sorted(left)] + [c for *_, c in sorted(right, reverse=True)]
    n_left, n_right = len(left), len(right)
    step_left, step_right = np.pi / max(n_left, 1), np.pi / max(n_right, 1)
    angles = [np.pi / 2 + step_left * (i + 0.5) for i in range(n_left)]
    angles += [1.5 * np.pi + step_right * (i + 0.5) for i in range(n_right)]
    return order, np.array(angles)


def _up(montage: Montage, channel: int) -> float:
    y = float(montage.positions[channel, 1])
    return y if np.isfinite(y) else 0.0
