"""From a recording with labels to a model file that is calibrated to its person."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...decoding import BaselineSpan, Model
from ...decoding.baseline import Baseline
from ...decoding.card import Tied, by_size
from ...engine import Engine
from ...pipeline import Setup
from ...signal import EmotionFrame, FloatArray, Publication, Reason, Source, StreamInfo
from ..evaluation.provenance import with_mark
from ..placed import PlacedWeights, Underneath, write_placed
from .head import GAP_S, Fit, fit_head
from .judging import chance_of, refuse_without_gain, widening
from .labels import Labels
from .minutes import CalibrationError, Minutes, labelled


@dataclass(frozen=True, eq=False)
class Seen:
    """What was decoded of a labelled recording.

    Attributes
    ----------
    minutes : Minutes
        While there were labels.
    info : StreamInfo
        The conditioned stream.
    n_used : int
        Channels in use.
    """

    minutes: Minutes
    info: StreamInfo
    n_used: int


@dataclass(frozen=True, eq=False)
class Calibration:
    """A calibration, and what is to be said of it.

    Attributes
    ----------
    fit : Fit
        The head, and how it does on minutes it was not fitted on.
    targets : tuple of int
        Those that were labelled.
    chance, widening : float
        See `chance_of` and `widening`.
    minutes, seconds : float
        How much was labelled, and how long fitting took.
    """

    fit: Fit
    targets: tuple[int, ...]
    chance: float
    widening: float
    minutes: float
    seconds: float


class _Watcher:
    """Keeps the newest second that the decoder learnt from."""

    def __init__(self) -> None:
        self.newest: tuple[Any, ...] | None = None
        self.anew = False

    def add(
        self,
        power: FloatArray,
        connectivity: FloatArray,
        mean: FloatArray,
        mask: NDArray[np.bool_],
    ) -> None:
        self.newest = (power.astype(np.float32), connectivity.astype(np.float32), mean, mask)

    def reset(self) -> None:
        self.newest, self.anew = None, True


def see(
    source: Source,
    model: Model,
    labels: Labels,
    setup: Setup | None = None,
    baseline: Baseline | None = None,
    span: BaselineSpan | None = None,
) -> Seen:
    """Decode a recording as it would be decoded live, and keep what was labelled.

    Frames without the person's baseline, and those that are mostly artifact, do not count.

    Parameters
    ----------
    source, model, setup, baseline, span
        See `Engine`; the source is closed.
    labels : Labels
        On the recording's clock.

    Raises
    ------
    CalibrationError
        When nothing that was labelled can be used.
    """
    if model.card.architecture != "additive":
        raise CalibrationError(
            f"{model.path} is an {model.card.architecture} model, whose contributions would not "
            "stay exact; calibrate an additive one."
        )
    rows: list[tuple[float, FloatArray, tuple[Any, ...]]] = []
    with Engine(source, model, (), setup, baseline, span) as engine:
        decoder, info = engine.pipeline.decoder, engine.pipeline.info
        watcher = _Watcher()
        decoder.watch(watcher)
        before: EmotionFrame | None = None
        for item in engine:
            if not isinstance(item, Publication) or item.frame.index is None:
                continue
            # What a frame teaches is learnt when the next one comes.
            if watcher.anew:
                rows.clear()
            elif watcher.newest is not None and before is not None and _usable(before):
                assert before.index is not None
                rows.append((before.index / info.sfreq, before.std, watcher.newest))
            watcher.newest, watcher.anew, before = None, False, item.frame
        known = decoder.known
    minutes = None if known is None else _minutes(rows, model, labels, info, known)
    if minutes is None:
        raise CalibrationError(
            "None of the labels belongs to a moment at which the decoder knew the person and had "
            "a value; labels are needed after the rest that --baseline START:END names."
        )
    return Seen(minutes, info, int(np.count_nonzero(rows[-1][2][3])))


def _usable(frame: EmotionFrame) -> bool:
    return not frame.reasons & {Reason.NO_BASELINE, Reason.ARTIFACT}


def _minutes(
    rows: list[tuple[float, FloatArray, tuple[Any, ...]]],
    model: Model,
    labels: Labels,
    info: StreamInfo,
    known: Baseline,
) -> Minutes | None:
    times = np.array([at for at, _, _ in rows])
    wanted = labels.at(times, model.card.target_names)
    kept = np.flatnonzero(np.isfinite(wanted).any(axis=1))
    if not len(kept):
        return None
    power, connectivity, mean, _ = (
        np.stack(x) for x in zip(*(rows[i][2] for i in kept), strict=True)
    )
    n = info.n_channels
    pairs = np.stack(np.triu_indices(n, k=1), axis=1)
    placed = info.has_position
    reference = np.asarray(model.card.normalisation.population.log_power)[:, None]
    context = np.nan_to_num(known.log_power - reference)
    if known.context is not None:
        context = np.concatenate([context, known.context.rows])
    mask = rows[-1][2][3]
    weights = model.weights(
        pairs, np.where(placed[:, None], info.positions, 0.0), mask, np.where(mask, context, 0.0)
    )
    std = np.array([rows[i][1] for i in kept])
    return Minutes(times[kept], power, connectivity, mean, std, wanted[kept], weights, pairs)


def calibrate(seen: Seen, model: Model, unless_no_gain: bool = True) -> Calibration:
    """Fit a head on what was seen.

    Parameters
    ----------
    seen : Seen
        From `see`, with this model.
    model : Model
        What is calibrated.
    unless_no_gain : bool
        Refuse where held-out minutes gain nothing.

    Raises
    ------
    CalibrationError
        When there are too few labels, they never change, or nothing is gained.
    """
    began = time.perf_counter()
    card = model.card
    minutes = seen.minutes.thinned()
    targets = labelled(minutes, card.target_names)
    fit = fit_head(minutes, targets, np.array([target.prior_mean for target in card.targets]))
    chance = chance_of(minutes, fit, targets)
    half = by_size(card.interval_by_size, seen.n_used) * np.array(
        [target.interval for target in card.targets]
    )
    wider = widening(minutes, fit, targets, half)
    seconds = time.perf_counter() - began
    if unless_no_gain:
        refuse_without_gain(fit, chance)
    each = float(np.median(np.diff(minutes.times)))
    return Calibration(fit, targets, chance, wider, len(minutes.times) * each / 60.0, seconds)


def write_calibrated(
    made: Calibration, seen: Seen, model: Model, person: str, path: Path, mark: str = ""
) -> None:
    """Write the model with the head on it: a model file like any other, for one person.

    Parameters
    ----------
    made, seen, model
        As given to and from `calibrate`.
    person : str
        Whom it is for; goes wherever the model's results go.
    path : Path
        Where to write.
    mark : str
        Of the recording, see `evaluation.provenance`; without it nobody can tell later
        what the file has learnt from.

    Raises
    ------
    CalibrationError
        When the person has no name, or the model is calibrated already.
    """
    card, head = model.card, made.fit.head
    if not person.strip():
        raise CalibrationError("A calibration needs a name for the person it is for.")
    if card.tied is not None and card.tied.base:
        raise CalibrationError(
            f"{model.path} is calibrated to {card.tied.person} already; calibrate the model it "
            f"was made from, {card.tied.base}."
        )
    placed = np.flatnonzero(seen.info.has_position)
    names = tuple(seen.info.channels[i] for i in placed)
    positions = seen.info.positions[placed]
    both = np.isin(seen.minutes.pairs, placed).all(axis=1)
    weights = PlacedWeights(
        node=head.node[:, :, placed],
        edge=head.edge[..., both],
        bias=head.offset,
        positions=positions,
        pairs=np.searchsorted(placed, seen.minutes.pairs[both]),
    )
    std_scale = np.ones(len(card.targets))
    std_scale[list(made.targets)] = made.widening
    calibrated = replace(
        card,
        tied=Tied(
            names,
            tuple((float(x), float(y), float(z)) for x, y, z in positions),
            person.strip(),
            model.identity,
        ),
        scores={**card.scores, "calibration": said(made, card.target_names)},
        provenance=with_mark(card, mark) if mark else card.provenance,
    )
    write_placed(weights, calibrated, path, under=Underneath(model, head.scale, std_scale))


def said(made: Calibration, names: tuple[str, ...]) -> dict[str, Any]:
    """Return what a calibration gained, as a card and a report hold it."""
    fit = made.fit
    return {
        "protocol": (
            f"concordance on stretches of {made.minutes:.1f} labelled minutes that were held out "
            f"one after the other, {GAP_S:g} s apart from what was fitted on"
        ),
        "before": {
            names[t]: round(float(x), 4) for t, x in zip(made.targets, fit.before, strict=True)
        },
        "after": {
            names[t]: round(float(x), 4) for t, x in zip(made.targets, fit.after, strict=True)
        },
        "gain": round(fit.gain, 4),
        "chance": round(made.chance, 4),
        "intervals": round(made.widening, 4),
        "minutes": round(made.minutes, 2),
    }
