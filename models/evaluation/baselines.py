"""What every model is compared with: what needs no brain, and what needs little of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ...signal import FloatArray
from .crossfit import HeldOut
from .table import Column, FeatureTable, IntArray

TRAINING_MEAN = "training mean"
TIME = "time in trial"
STIMULUS_MEAN = "stimulus mean"
STIMULUS = "stimulus features"
NESTED = "stimulus features and model"
MUSCLE, EYES = "muscle proxy", "eye proxy"
POWER, CONNECTIVITY = "band-power ridge", "connectivity ridge"
RANK_1 = "rank-1 model"
NO_GAMMA, NO_EDGE = "model without gamma", "model without edge channels"
SAME_STIMULI, NEW_STIMULI = "ridge on stimuli it knows", "ridge on new stimuli"

# Temporal and frontal sites at the rim of the 10-20 system, where muscles and eyes are.
_EDGE = frozenset(
    ["Fp1", "Fpz", "Fp2", "AF7", "AF8", "F7", "F8", "F9", "F10", "FT7", "FT8", "FT9", "FT10"]
    + ["T3", "T4", "T7", "T8", "T9", "T10", "TP7", "TP8", "TP9", "TP10"]
)
# Where blinks and looks are largest first, and what lies next to it.
_FRONT = (
    frozenset({"fp1", "fpz", "fp2", "af7", "af8"}),
    frozenset({"af3", "afz", "af4", "f7", "f8", "f9", "f10"}),
)
# Metres in front of the line between the ears, about that of F3 and F4.
_FRONTAL_M = 0.04


def edge_channels(names: tuple[str, ...], positions: FloatArray | None = None) -> frozenset[str]:
    """Return the temporal and frontal channels at the rim of a montage.

    Parameters
    ----------
    names : tuple of str
        Channels; names of the 10-20 system are known.
    positions : array, shape (n_channels, 3), optional
        Metres in the head frame, for channels with other names: the lowest third of those
        that are not at the back of the head.
    """
    known = {name.lower() for name in _EDGE}
    named = frozenset(name for name in names if name.lower() in known)
    if named or positions is None or not np.isfinite(positions).all(axis=1).any():
        return named
    placed = np.isfinite(positions).all(axis=1)
    at = positions[placed] - positions[placed].mean(axis=0)
    front = at[:, 1] > -0.25 * np.abs(at[:, 1]).max()
    if not front.any():
        return frozenset()
    low = at[:, 2] <= np.quantile(at[front, 2], 1 / 3)
    return frozenset(np.array(names)[placed][front & low].tolist())


def front_channels(names: tuple[str, ...], positions: FloatArray | None = None) -> frozenset[str]:
    """Return the channels nearest to the eyes.

    Parameters
    ----------
    names : tuple of str
        Channels; those of the 10-20 system at the forehead are known, or the ones next to it.
    positions : array, shape (n_channels, 3), optional
        Metres in the head frame, for channels with other names: the frontmost, within a
        centimetre. None where all are far from the eyes.
    """
    for row in _FRONT:
        if named := frozenset(name for name in names if name.lower() in row):
            return named
    if positions is None:
        return frozenset()
    ahead = np.where(np.isfinite(positions).all(axis=1), positions[:, 1], -np.inf)
    near = (ahead > _FRONTAL_M) & (ahead >= ahead.max(initial=-np.inf) - 0.01)
    return frozenset(np.array(names)[near].tolist())


def muscle_columns(table: FeatureTable) -> IntArray:
    """Return measured muscle activity, and gamma power at the rim of the head."""
    return _where(
        table,
        lambda c: (
            c.part == "muscle"
            or (c.part == "power" and c.band == "gamma" and set(c.channels) <= table.edge_channels)
        ),
    )


def eye_columns(table: FeatureTable) -> IntArray:
    """Return delta power of the channels nearest to the eyes."""
    known = {channel for column in table.columns for channel in column.channels}
    front = table.front_channels or front_channels(tuple(sorted(known)))
    return _where(
        table,
        lambda c: c.part == "power" and c.band == "delta" and set(c.channels) <= front,
    )


def without_gamma(table: FeatureTable, columns: IntArray) -> IntArray:
    """Return the columns that are not of gamma."""
    return np.array([i for i in columns if table.columns[i].band != "gamma"], dtype=np.int64)


def without_edge(table: FeatureTable, columns: IntArray) -> IntArray:
    """Return the columns without channels at the rim."""
    return np.array(
        [i for i in columns if not set(table.columns[i].channels) & table.edge_channels],
        dtype=np.int64,
    )


def _where(table: FeatureTable, wanted: Callable[[Column], bool]) -> IntArray:
    return np.array([i for i, c in enumerate(table.columns) if wanted(c)], dtype=np.int64)


def time_features(table: FeatureTable) -> FloatArray:
    """Return time since the stimulus began, bent in four ways, (n_rows, 4)."""
    t = table.stimulus_times / max(float(table.stimulus_times.max()), 1e-9)
    return np.stack([t, t**2, t**3, np.sqrt(np.maximum(t, 0.0))], axis=1)


def constant(held: HeldOut) -> HeldOut:
    """Return the mean label of the training side as a prediction."""
    return replace(held, prediction=held.training_mean)


def rank_1(held: HeldOut) -> HeldOut:
    """Return predictions with all but one direction taken away: one arousal for all targets.

    The direction is the first principal one of the training labels of each fold.
    """
    prediction = held.prediction.copy()
    for k, labels in enumerate(held.marginal):
        rows = held.fold == k
        centred = labels - labels.mean(axis=0)
        scale = np.maximum(centred.std(axis=0), 1e-12)
        direction = np.linalg.eigh((centred / scale).T @ (centred / scale))[1][:, -1]
        off = (held.prediction[rows] - held.training_mean[rows]) / scale
        along = np.outer(off @ direction, direction)
        prediction[rows] = held.training_mean[rows] + along * scale
    return replace(held, prediction=prediction)


def stimulus_mean(table: FeatureTable, held: HeldOut) -> HeldOut | None:
    """Return what others were labelled with at the same moment of the same stimulus.

    It leaves out subjects and knows the stimulus: protocol E. None where nobody shares any.
    """
    n = held.truth.shape[1]
    total, count = np.zeros((len(table), n)), np.zeros(len(table))
    at = np.full(len(table), -1)
    at[held.rows] = np.arange(len(held.rows))
    for stimulus in np.unique(table.stimulus[held.rows]):
        rows = held.rows[table.stimulus[held.rows] == stimulus]
        for subject in np.unique(table.subject[rows]):
            own = rows[table.subject[rows] == subject]
            others = rows[table.subject[rows] != subject]
            when, first = np.unique(table.stimulus_times[own], return_index=True)
            truth = held.truth[at[own[first]]]
            for k in range(n):
                total[others, k] += np.interp(table.stimulus_times[others], when, truth[:, k])
            count[others] += 1
    rows = held.rows
    if not (count[rows] > 0).all():
        return None
    return replace(held, prediction=total[rows] / count[rows, None])
