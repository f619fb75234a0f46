"""Figures of an evaluation, in colours that the colour-blind tell apart; no global state."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .result import Course, Evaluation
from .scores import Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito 2008.
_BLUE, _ORANGE, _GREEN, _GREY, _BLACK = "#0072B2", "#D55E00", "#009E73", "#8C8C8C", "#1A1A1A"
_WIDTH = 7.5
_MOST_TARGETS = 8
_GOAL = (0.87, 0.93)


def forest(found: Evaluation) -> Figure:
    """Return mean CCC with intervals, the model on top and every baseline below."""
    rows: list[tuple[str, Score]] = [("model", found.mean.ccc)]
    for beside in found.baselines:
        if beside.scored is not None:
            under = "" if beside.protocol == found.protocol else f" ({beside.protocol})"
            if found.protocol not in "ABCDE" and beside.protocol != "E":
                under = ""
            rows.append((beside.name + under, beside.scored.ccc))
    if found.ceiling is not None:
        rows.append(("within-subject oracle", Score(found.ceiling, math.nan, math.nan)))
    figure, axes = _figure(0.5 + 0.27 * len(rows))
    places = -np.arange(len(rows), dtype=float)
    axes.axvline(0.0, color=_GREY, lw=0.8)
    for place, (name, score) in zip(places, rows, strict=True):
        colour = _BLUE if name == "model" else _GREY
        marker = "D" if name == "model" else "o"
        if math.isfinite(score.low):
            axes.plot([score.low, score.high], [place, place], color=colour, lw=2)
        axes.plot(score.value, place, marker, color=colour, ms=6 if name == "model" else 5)
    axes.set_yticks(places, [name for name, _ in rows])
    axes.get_yticklabels()[0].set_fontweight("bold")
    axes.set_ylim(places[-1] - 0.6, 0.6)
    axes.set_xlabel("CCC, mean over targets, with 95 % intervals over people and stimuli")
    axes.tick_params(axis="y", length=0)
    return figure


def null(found: Evaluation) -> Figure | None:
    """Return where chance lies, and where the score does; None where nothing was moved."""
    chance = found.significance
    if chance is None or not np.isfinite(chance.null).any():
        return None
    figure, axes = _figure(2.2)
    values = np.array(chance.null)
    values = values[np.isfinite(values)]
    if len(values) < 20:
        axes.plot(values, np.zeros(len(values)), "o", color=_GREY, ms=7, alpha=0.7)
        axes.set_yticks([])
        axes.set_ylim(-1, 1)
    else:
        axes.hist(values, bins=min(40, 5 + len(values) // 10), color=_GREY, alpha=0.75)
        axes.set_ylabel("moves")
    axes.axvline(chance.observed, color=_BLUE, lw=2)
    axes.annotate(
        f"as labelled: {chance.observed:z.2f}",
        (chance.observed, 0.96),
        xycoords=("data", "axes fraction"),
        xytext=(5, 0),
        textcoords="offset points",
        color=_BLUE,
        va="top",
        ha="left",
    )
    low, high = min(values.min(), chance.observed), max(values.max(), chance.observed)
    room = max(high - low, 0.1)
    axes.set_xlim(low - 0.05 * room, high + 0.3 * room)
    axes.set_xlabel("r within held-out groups, mean over targets, under moved labels")
    return figure


def matrix(found: Evaluation) -> Figure | None:
    """Return the CCC of every prediction with every label; None for a single target."""
    names = [target.name for target in found.targets]
    if len(names) < 2:
        return None
    values = np.array(found.matrix)
    side = 1.6 + 0.55 * len(names)
    figure, axes = _figure(side * 0.86, side + 1.0)
    known = np.abs(values[np.isfinite(values)])
    limit = max(0.1, float(known.max()) if len(known) else 0.1)
    shown = axes.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit)
    for i, j in np.ndindex(values.shape):
        if np.isfinite(values[i, j]):
            dark = abs(values[i, j]) > 0.6 * limit
            axes.text(
                j,
                i,
                f"{values[i, j]:z.2f}",
                ha="center",
                va="center",
                fontsize=8,
                color="white" if dark else _BLACK,
            )
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("label")
    axes.set_ylabel("prediction")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    figure.colorbar(shown, ax=axes, label="CCC", shrink=0.8)
    return figure


def coverage(found: Evaluation) -> Figure | None:
    """Return the share of labels inside their intervals; None where there are no strata."""
    stated = found.uncertainty
    if stated is None or not stated.by:
        return None
    rows = [("all", stated.coverage)]
    for name, values in stated.by.items():
        if len(values) == 1:
            # Everything is of one kind, and has been said.
            continue
        rows += [(f"{name}: {value}", share) for value, share in values.items()]
    figure, axes = _figure(0.6 + 0.27 * len(rows))
    places = -np.arange(len(rows), dtype=float)
    axes.axvspan(*_GOAL, color=_GREEN, alpha=0.2, lw=0)
    axes.axvline(0.9, color=_GREEN, lw=1)
    axes.plot([share for _, share in rows], places, "o", color=_BLUE)
    axes.set_yticks(places, [name for name, _ in rows])
    axes.set_ylim(places[-1] - 0.6, 0.6)
    axes.set_xlim(min(0.5, min(share for _, share in rows) - 0.05), 1.0)
    axes.set_xlabel("share of labels inside their 90 % intervals; 87 to 93 % is the goal")
    axes.tick_params(axis="y", length=0)
    return figure


def course(found: Evaluation, shown: Course) -> Figure:
    """Return predictions of one recording beside its labels, with their intervals."""
    names = [target.name for target in found.targets][:_MOST_TARGETS]
    figure, every = _figures(len(names), 0.7 + 1.05 * len(names))
    for k, (name, axes) in enumerate(zip(names, every, strict=True)):
        if shown.clips:
            _clips(axes, shown, k)
        else:
            _lines(axes, shown, k)
        axes.set_title(name, loc="left", fontsize=9, pad=3)
    if shown.clips:
        every[-1].set_xticks(shown.times, shown.clips, rotation=30, ha="right")
    else:
        every[-1].set_xlabel("seconds into the recording")
    every[0].legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False)
    return figure


def _lines(axes: Axes, shown: Course, k: int) -> None:
    # A stretch without labels is no line.
    step = float(np.median(np.diff(shown.times))) if len(shown.times) > 1 else 1.0
    gaps = np.flatnonzero(np.diff(shown.times) > 2.5 * step) + 1
    for number, part in enumerate(np.split(np.arange(len(shown.times)), gaps)):
        at = shown.times[part]
        told = number == 0
        if np.isfinite(shown.low[part, k]).all():
            axes.fill_between(
                at,
                shown.low[part, k],
                shown.high[part, k],
                color=_BLUE,
                alpha=0.15,
                lw=0,
                label="90 % interval" if told else None,
            )
        axes.plot(at, shown.truth[part, k], color=_BLACK, lw=1.2, label="label" if told else None)
        axes.plot(
            at, shown.prediction[part, k], color=_ORANGE, lw=1.2, label="said" if told else None
        )


def _clips(axes: Axes, shown: Course, k: int) -> None:
    said = shown.prediction[:, k]
    if np.isfinite(shown.low[:, k]).all():
        axes.vlines(
            shown.times,
            shown.low[:, k],
            shown.high[:, k],
            color=_BLUE,
            alpha=0.25,
            lw=5,
            label="90 % interval",
        )
    axes.plot(shown.times, shown.truth[:, k], "s", color=_BLACK, ms=5, label="rating")
    axes.plot(shown.times, said, "o", color=_ORANGE, ms=5, label="said")


def _figure(height: float, width: float = _WIDTH) -> tuple[Figure, Axes]:
    figure, axes = _figures(1, height, width)
    return figure, axes[0]


def _figures(n: int, height: float, width: float = _WIDTH) -> tuple[Figure, Sequence[Axes]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    every: Any = figure.subplots(n, 1, sharex=True, squeeze=False)[:, 0]
    for axes in every:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
        axes.xaxis.label.set_size(9)
        axes.yaxis.label.set_size(9)
    return figure, list(every)
