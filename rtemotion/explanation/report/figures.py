"""Figures of emotions' networks, each with what chance does in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...signal import FloatArray
from ..chance import quantile
from ..explaining import Explanation
from ..graphs import MEASURES
from ..learning import WHOLE
from .head import FAINT, INK, LOBE_COLOURS, around, flat, head_map, new_figure, outline

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Unlike those of the lobes.
BAND_COLOURS = ("#1b9e77", "#d1495b", "#3b3b98", "#e08e0b", "#7a7a7a", "#00798c")
_MOST_CHORDS, _IN_GREY = 60, 20
_NAMES_UP_TO = 72
_STAR: Mapping[str, Any] = {"marker": "*", "color": INK, "s": 46, "lw": 0, "zorder": 5}
_NAMED = 8


def figures(found: Explanation) -> Iterator[tuple[str, str, Figure]]:
    """Yield every figure: name of its file, what it shows, and itself."""
    yield "degrees", _said_of_degrees(found), degrees_figure(found)
    for emotion in found.about.emotions:
        yield (
            f"network-{emotion}",
            _said_of_network(found, emotion),
            network_figure(found, emotion),
        )
    yield "distances", _SAID_OF_DISTANCES, distances_figure(found)
    yield "measures", _SAID_OF_MEASURES, measures_figure(found)
    if found.left_out:
        yield "regions", _said_of_regions(found), regions_figure(found)


def degrees_figure(found: Explanation) -> Figure:
    """Draw the weighted degree of every channel on a head an emotion."""
    emotions = found.about.emotions
    columns = min(4, len(emotions))
    rows = -(-len(emotions) // columns)
    figure = new_figure(2.9 * columns + 0.8, 2.9 * rows + 0.5)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    shown, limits = _degrees(found)
    for axes, emotion, values in zip(grid, emotions, shown, strict=False):
        drawn = head_map(axes, found.montage, values, limits, _marked(found, emotion))
        axes.set_title(emotion, color=INK, fontsize=11)
    for axes in grid[len(emotions) :]:
        axes.axis("off")
    figure.colorbar(drawn, ax=grid.tolist(), shrink=0.6, label=_degree_label(found))
    return figure


def network_figure(found: Explanation, emotion: str) -> Figure:
    """Draw one emotion: its strongest edges, its degrees, its maximum spanning tree."""
    figure = new_figure(14.0, 5.8)
    # Fixed places: three squares need no search for room, which takes a second a figure.
    figure.set_layout_engine("none")
    rows = {"left": 0.01, "right": 0.99, "top": 0.88, "bottom": 0.09, "wspace": 0.04}
    chords, degree, tree = figure.subplots(1, 3, width_ratios=(1.2, 1.0, 1.0), gridspec_kw=rows)
    _chords(chords, found, emotion)
    values, limits = _degrees(found)
    own = values[found.about.emotions.index(emotion)]
    drawn = head_map(degree, found.montage, own, limits, _marked(found, emotion))
    degree.set_title("weighted degree", color=INK)
    bar = degree.inset_axes((0.2, 0.0, 0.6, 0.025))
    figure.colorbar(drawn, cax=bar, orientation="horizontal", label=_degree_label(found))
    _tree(tree, found, emotion)
    figure.suptitle(emotion, fontsize=15, color=INK)
    return figure


def distances_figure(found: Explanation) -> Figure:
    """Draw how far emotions lie apart, as a whole and between halves."""
    names = found.about.emotions
    # Each emotion is its own network: nothing to tell.
    apart = np.where(np.eye(len(names), dtype=bool), np.nan, found.stability.distance)
    parts = [("whole recordings", apart)]
    if np.isfinite(found.stability.across).any():
        parts.append(("between halves", found.stability.across))
    size = 0.62 * len(names) + 2.0
    figure = new_figure(size * len(parts) + 1.2, size)
    panels = figure.subplots(1, len(parts), squeeze=False).ravel()
    off = ~np.eye(len(names), dtype=bool)
    known = np.concatenate([part[off] for _, part in parts])
    known = known[np.isfinite(known)]
    low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    if len(parts) > 1:
        low = min(low, float(np.nanmin(parts[1][1])))
    for axes, (title, values) in zip(panels, parts, strict=True):
        drawn = axes.imshow(values, cmap="cividis", vmin=low, vmax=max(high, low + 1e-6))
        axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
        axes.set_yticks(range(len(names)), names)
        axes.set_title(title, color=INK, fontsize=11)
        for (i, j), value in np.ndenumerate(values):
            if not np.isfinite(value):
                continue
            dark = value < 0.5 * (low + high)
            axes.text(
                j, i, f"{value:.2f}"[-3:] if value < 1 else "1", ha="center", va="center",
                fontsize=8, color="white" if dark else "black",
                fontweight="bold" if i == j else "normal",
            )  # fmt: skip
    figure.colorbar(drawn, ax=panels.tolist(), shrink=0.7, label="weighted Jaccard distance")
    return figure


def measures_figure(found: Explanation) -> Figure:
    """Draw measures of every emotion's graph, and how far the halves agree, over chance."""
    from matplotlib.ticker import MaxNLocator

    names = found.about.emotions
    panels: list[tuple[str, FloatArray, FloatArray]] = [
        (
            measure,
            np.array([found.graph(name).measures[measure] for name in names]),
            found.chance.measures[measure],
        )
        for measure in MEASURES
    ]
    panels.append(("halves' correlation", found.stability.halves, found.chance.stability))
    figure = new_figure(2.5 * len(panels) + 1.0, 0.33 * len(names) + 1.4)
    grid = figure.subplots(1, len(panels), sharey=True)
    rows = np.arange(len(names))
    for axes, (title, values, shifted) in zip(grid, panels, strict=True):
        low, middle, high = (quantile(shifted, level) for level in (0.05, 0.5, 0.95))
        axes.barh(rows, high - low, left=low, height=0.62, color="#dfe3e8", zorder=1)
        axes.vlines(middle, rows - 0.31, rows + 0.31, color=FAINT, lw=1.5, zorder=2)
        outside = (values > high) | (values < low)
        axes.scatter(values[outside], rows[outside], color="#e45756", s=34, zorder=3)
        axes.scatter(
            values[~outside], rows[~outside], facecolor="white", edgecolor=INK, s=34, zorder=3
        )
        axes.set_title(title, fontsize=10, color=INK)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.tick_params(axis="x", labelsize=8)
        axes.xaxis.set_major_locator(MaxNLocator(4))
    grid[0].set_yticks(rows, names)
    grid[0].invert_yaxis()
    return figure


def regions_figure(found: Explanation) -> Figure:
    """Draw what every emotion loses without each region, beside as many channels at random."""
    from matplotlib.lines import Line2D

    names = found.about.emotions
    regions = list(dict.fromkeys(one.region for one in found.left_out))
    columns = min(4, len(names))
    rows = -(-len(names) // columns)
    figure = new_figure(2.7 * columns + 1.6, (0.24 * len(regions) + 0.9) * rows + 0.4)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    at = np.arange(len(regions))
    for axes, name in zip(grid.ravel(), names, strict=False):
        own = [one for one in found.left_out if one.emotion == name]
        low = np.array([one.drawn_low for one in own])
        high = np.array([one.drawn_high for one in own])
        loss = np.array([one.loss for one in own])
        colours = [LOBE_COLOURS[one.region.split()[1]] for one in own]
        axes.barh(at, loss, color=colours, height=0.7, zorder=2)
        axes.hlines(at, low, high, color=INK, lw=1.3, zorder=3)
        axes.scatter([one.drawn for one in own], at, color=INK, s=9, zorder=4)
        beyond = loss > high
        axes.scatter(np.maximum(loss, high)[beyond], at[beyond], **_STAR)
        axes.axvline(0.0, color=FAINT, lw=0.8, zorder=1)
        axes.set_title(name, fontsize=10, color=INK)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0, labelsize=8)
        axes.tick_params(axis="x", labelsize=8)
    for axes in grid.ravel()[len(names) :]:
        axes.axis("off")
    labels = [
        f"{one.region} ({one.channels})" for one in found.left_out if one.emotion == names[0]
    ]
    grid[0, 0].set_yticks(at, labels)
    grid[0, 0].invert_yaxis()
    figure.supxlabel("concordance lost", fontsize=10, color=INK)
    drawn = Line2D([], [], color=INK, lw=1.3, marker="o", ms=3)
    star = Line2D([], [], color="none", marker="*", ms=8, mfc=INK, mec="none")
    figure.legend(
        [drawn, star],
        ["as many channels drawn at random: median, 5 to 95 %", "more than 95 % of those"],
        loc="outside upper left",
        ncols=2,
        frameon=False,
        fontsize=9,
    )
    return figure


def _chords(axes: Axes, found: Explanation, emotion: str) -> None:
    """Draw the strongest edges of all bands as chords between channels on a circle."""
    montage, bands = found.montage, found.about.bands
    order, angles = around(montage)
    place = np.empty((len(order), 2))
    place[order] = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    e = found.about.emotions.index(emotion)
    values = np.abs(np.nan_to_num(found.learnt.edge[WHOLE, e]))
    limit = found.chance.edge_limit[e]
    ranked = np.argsort(-values, axis=None, kind="stable")[:_MOST_CHORDS]
    above = values.ravel()[ranked] > limit
    chosen = ranked[above] if above.any() else ranked[:_IN_GREY]
    grey = np.isfinite(limit) and not above.any()
    largest = max(float(values.max()), 1e-12)
    for flat_place in chosen[::-1].tolist():
        band, pair = divmod(flat_place, values.shape[1])
        size = values[band, pair] / largest
        colour = FAINT if grey else BAND_COLOURS[band % len(BAND_COLOURS)]
        first, second = montage.pairs[pair]
        _chord(axes, place[first], place[second], colour, float(size))
    for c, angle in zip(order, angles, strict=True):
        _label(axes, montage.channels[c], montage.regions[c], angle, len(order))
    drawn = () if grey else np.unique(chosen // values.shape[1])
    for band in drawn:
        colour = BAND_COLOURS[band % len(BAND_COLOURS)]
        axes.plot([], [], color=colour, lw=2.5, label=bands[band])
    if len(drawn):
        axes.legend(
            loc="lower center", ncols=4, frameon=False, fontsize=9, bbox_to_anchor=(0.5, 0.0)
        )
    axes.set(xlim=(-1.35, 1.35), ylim=(-1.55, 1.35), aspect="equal")
    axes.axis("off")
    n_above = int((values > limit).sum())
    title = f"{n_above or 'no'} {'edges' if n_above > 1 else 'edge'} above chance"
    if grey:
        title += f"; in grey the {len(chosen)} strongest"
    if n_above > _MOST_CHORDS:
        title += f", the {_MOST_CHORDS} strongest"
    elif not np.isfinite(limit):
        title = "strongest edges"
    axes.set_title(title, color=INK)


def _chord(axes: Axes, start: FloatArray, end: FloatArray, colour: str, size: float) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    curve = Path([start, 0.25 * (start + end), end], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
    width, alpha = 0.6 + 2.6 * size**2, 0.35 + 0.6 * size
    axes.add_patch(PathPatch(curve, fill=False, ec=colour, lw=width, alpha=alpha))


def _label(axes: Axes, name: str, region: str, angle: float, n: int) -> None:
    lobe = region.split()[1] if region else ""
    x, y = np.cos(angle), np.sin(angle)
    axes.scatter([1.02 * x], [1.02 * y], s=26, color=LOBE_COLOURS.get(lobe, FAINT), zorder=3)
    if n > _NAMES_UP_TO:
        return
    degrees = np.rad2deg(angle) % 360.0
    turned = 90.0 < degrees < 270.0
    axes.text(
        1.07 * x, 1.07 * y, name, rotation=degrees - 180.0 * turned, rotation_mode="anchor",
        ha="right" if turned else "left", va="center", fontsize=9 if n <= 40 else 7, color=INK,
    )  # fmt: skip


def _tree(axes: Axes, found: Explanation, emotion: str) -> None:
    """Draw the maximum spanning tree on the head."""
    montage, graph = found.montage, found.graph(emotion)
    where = flat(montage.positions)
    outline(axes, where[np.isfinite(where).all(axis=1)])
    largest = max(float(graph.tree.max()), 1e-12)
    for i, j in zip(*np.nonzero(np.triu(graph.tree)), strict=True):
        axes.plot(
            *where[[i, j]].T, color=INK, alpha=0.75, lw=0.6 + 2.4 * graph.tree[i, j] / largest,
            zorder=1,
        )  # fmt: skip
    degree = np.count_nonzero(graph.tree, axis=1)
    colours = [
        LOBE_COLOURS.get(region.split()[1] if region else "", FAINT) for region in montage.regions
    ]
    axes.scatter(
        where[:, 0],
        where[:, 1],
        s=18 + 26 * degree,
        c=colours,
        edgecolor="white",
        lw=0.8,
        zorder=2,
    )
    for c in _apart(where, np.argsort(-degree, kind="stable")):
        axes.text(
            where[c, 0], where[c, 1] + 0.09, montage.channels[c], ha="center", fontsize=8,
            color=INK, zorder=3, fontweight="bold",
            bbox={"facecolor": "white", "alpha": 0.7, "pad": 0.8, "edgecolor": "none"},
        )  # fmt: skip
    for lobe in dict.fromkeys(region.split()[1] for region in montage.regions if region):
        axes.scatter([], [], color=LOBE_COLOURS[lobe], label=lobe, s=40)
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, 0.03), ncols=3, frameon=False, fontsize=9,
        columnspacing=1.0, handletextpad=0.2,
    )  # fmt: skip
    axes.set_title("maximum spanning tree", color=INK)


def _apart(where: FloatArray, ranked: NDArray[np.intp]) -> list[int]:
    """Return the first few of some channels whose names would not cover one another."""
    chosen: list[int] = []
    for c in ranked.tolist():
        away = np.abs(where[chosen] - where[c])
        if len(chosen) < _NAMED and not ((away[:, 0] < 0.3) & (away[:, 1] < 0.14)).any():
            chosen.append(c)
    return chosen


def _degrees(found: Explanation) -> tuple[FloatArray, tuple[float, float]]:
    """Return every emotion's degrees, against chance where it is known, and ends for colours."""
    values = np.stack([found.graph(emotion).degree for emotion in found.about.emotions])
    by_chance = quantile(found.chance.degree, 0.5)
    if not np.isfinite(by_chance).any():
        return values, (0.0, max(float(values.max()), 1e-12))
    ratio = np.divide(values, by_chance, out=np.zeros_like(values), where=by_chance > 0.0)
    return ratio, (1.0, max(float(ratio.max()), 1.2))


def _degree_label(found: Explanation) -> str:
    known = len(found.chance.degree) > 0
    return "weighted degree, times chance" if known else "weighted degree"


def _marked(found: Explanation, emotion: str) -> list[bool]:
    limit = found.chance.degree_limit[found.about.emotions.index(emotion)]
    return [bool(degree > limit) for degree in found.graph(emotion).degree]


_SAID_OF_DISTANCES = (
    "How far the networks of two emotions lie apart: 0 is the same network, 1 nothing shared. "
    "Between halves, the first half of one emotion is held against the second half of the "
    "other, and the diagonal is how far an emotion lies from itself: two emotions differ only "
    "where the distance between them is larger than both of their own."
)
_SAID_OF_MEASURES = (
    "Measures of each emotion's graph over all bands. Grey: 5 to 95 % of what outputs shifted "
    "in time give; red: outside of that. Efficiency and diameter are those of weights scaled "
    "to a mean of 1. Last, how far the patterns of the recording's halves agree."
)


def _said_of_degrees(found: Explanation) -> str:
    said = "Weighted degree of each channel: how far its edges, all bands together, go along."
    if len(found.chance.degree):
        said += (
            " Against the median of outputs shifted in time; a white ring where no channel at "
            "all has as much in 95 % of the shifts."
        )
    return said


def _said_of_network(found: Explanation, emotion: str) -> str:
    said = (
        f"The network of {emotion}: its strongest edges on a circle (left and right as on the "
        "head, front at the top), the weighted degree, and the maximum spanning tree over all "
        "bands, larger where more branches meet. Colours of channels are lobes."
    )
    e = found.about.emotions.index(emotion)
    if np.isfinite(found.chance.edge_limit[e]):
        said += " Where no edge is above chance, the strongest are drawn in grey."
    if np.isfinite(found.stability.halves[e]):
        by_chance = quantile(found.chance.stability, 0.95)[e]
        said += (
            f" Halves of the recording agree with r = {found.stability.halves[e]:.2f}; shifted "
            f"outputs stay below {by_chance:.2f} in 95 %."
        )
    return said


def _said_of_regions(found: Explanation) -> str:
    against = "labels" if found.labelled else "the whole output"
    return (
        f"By how much the concordance (CCC) with {against} falls when the channels of a region, "
        "and every pair with one of them, are reset to their reference. Black: median and 5 to "
        "95 % of as many channels drawn at random; a star where a region loses more than that. In "
        "brackets the number of channels; regions with more of them take more features along."
    )
