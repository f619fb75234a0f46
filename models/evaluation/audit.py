"""Looks for leaks: in splits that somebody made, in features, and in labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...signal import FloatArray
from .result import Finding
from .shifts import series_of, story_of
from .splits import Fold, distances
from .table import BoolArray, FeatureTable, IntArray

WINDOW_SPLIT = "window split"
WHOLE_RECORD = "whole-record scaling"
LABEL_SMOOTHING = "label smoothing across the split"
STIMULUS_BOTH_SIDES = "stimulus on both sides"
# A mean of zero and a spread of one to this part of a spread do not come about by chance.
_EXACT = 1e-3


def audit_split(table: FeatureTable, folds: Sequence[Fold]) -> tuple[Finding, ...]:
    """Name what leaks across a split, whoever made it.

    Parameters
    ----------
    table : FeatureTable
        Labelled rows.
    folds : sequence of Fold
        For instance what scikit-learn's ``KFold`` returns.

    Returns
    -------
    tuple of Finding
        Empty where both sides share neither samples, nor labels, nor stimuli.
    """
    measured = smoothing_of(table)
    width = max(table.smoothing_s, measured)
    samples = labels = stimuli = scored = 0
    nearest = np.inf
    for fold in folds:
        scored += len(fold.test)
        apart = _apart(table.recording, table.times, fold)
        told = np.minimum(apart, _apart_in_story(table, fold))
        samples += int((apart < table.support_s - 1e-9).sum())
        labels += int((told < table.support_s + width - 1e-9).sum())
        nearest = min(nearest, float(told.min(initial=np.inf)))
        stimuli += int(_stimulus_shared(table, fold).sum())
    found = []
    if samples:
        found.append(
            Finding(
                WINDOW_SPLIT,
                "fault",
                f"{samples} of {scored} scored windows share samples with windows that were "
                f"learnt from (windows and filters reach over {table.support_s:g} s); split by "
                "stimulus, session, subject or blocks of time, with a gap.",
            )
        )
    if labels and width > 0:
        how = (
            f"were smoothed over {width:g} s"
            if measured <= table.smoothing_s
            else f"look smoothed over {measured:g} s, and {table.smoothing_s:g} s are stated"
        )
        found.append(
            Finding(
                LABEL_SMOOTHING,
                "fault",
                f"Labels {how}, and the sides of the split come within {nearest:g} s of each "
                f"other; state a smoothing of {width:g} s, so that a wide enough gap is kept.",
            )
        )
    if stimuli:
        found.append(
            Finding(
                STIMULUS_BOTH_SIDES,
                "fault",
                f"{stimuli} of {scored} scored windows belong to stimuli that were learnt from, "
                "with other people or another time; what is scored may be the stimulus. Hold out "
                "stimuli too (B).",
            )
        )
    return tuple(found)


def _apart(group: IntArray, times: FloatArray, fold: Fold) -> FloatArray:
    """Return how far each scored row is from the nearest of its group that is learnt from."""
    apart = np.full(len(fold.test), np.inf)
    for code in np.intersect1d(group[fold.train], group[fold.test]):
        ours = group[fold.test] == code
        other = fold.train[group[fold.train] == code]
        apart[ours] = distances(times[fold.test[ours]], times[other])
    return apart


def _apart_in_story(table: FeatureTable, fold: Fold) -> FloatArray:
    others = ~np.isin(table.stimulus[fold.train], table.stimulus[fold.test])
    return _apart(table.story, table.story_times, Fold(fold.train[others], fold.test, fold.name))


def _stimulus_shared(table: FeatureTable, fold: Fold) -> np.ndarray:
    """Tell which scored rows have a stimulus that another recording was learnt from with."""
    shared = np.zeros(len(fold.test), dtype=bool)
    for code in np.intersect1d(table.stimulus[fold.train], table.stimulus[fold.test]):
        of_train = np.unique(table.recording[fold.train[table.stimulus[fold.train] == code]])
        ours = table.stimulus[fold.test] == code
        for recording in np.unique(table.recording[fold.test[ours]]):
            if (of_train != recording).any():
                shared |= ours & (table.recording[fold.test] == recording)
    return shared


def audit_features(table: FeatureTable) -> tuple[Finding, ...]:
    """Name features that were scaled with what whole recordings have.

    Live, nobody knows the mean and the spread of what is still to come.
    """
    centred = scaled = 0
    recordings = np.unique(table.recording)
    for code in recordings:
        x = np.asarray(table.features[table.recording == code], dtype=np.float64)
        x = x[:, np.isfinite(x).all(axis=0)]
        spread = x.std(axis=0)
        x, spread = x[:, spread > 0], spread[spread > 0]
        if len(x) < 8 or not len(spread):
            continue
        mean = np.abs(x.mean(axis=0)) / spread
        centred += bool(np.mean(mean < _EXACT) > 0.9)
        ones = np.minimum(np.abs(spread - 1), np.abs(x.std(axis=0, ddof=1) - 1))
        ends = np.abs(x.min(axis=0)) + np.abs(x.max(axis=0) - 1)
        scaled += bool(np.mean(ones < _EXACT) > 0.9 or np.mean(ends < _EXACT) > 0.9)
    if not max(centred, scaled):
        return ()
    what = "centred" if centred >= scaled else "scaled"
    return (
        Finding(
            WHOLE_RECORD,
            "fault",
            f"Features are {what} exactly in {max(centred, scaled)} of {len(recordings)} "
            "recordings, as z-scoring whole recordings does; live, the future is not known. Use "
            "a baseline of rest, or the adaptive reference.",
        ),
    )


def smoothing_of(table: FeatureTable) -> float:
    """Return the width in seconds over which labels look smoothed or held; 0 where they do not.

    What comes into a moving average leaves it one width later, so that changes of a smoothed
    series go against those one width before: their correlation there is −0.5 for a running
    mean and for steps, −0.45 for a Gaussian, and about 0 for a process that merely is slow.
    """
    if table.kind == "rating":
        return 0.0
    story = story_of(table)
    known: BoolArray = np.asarray(np.isfinite(table.targets).all(axis=1))
    if known.sum() < 16:
        return 0.0
    widths = []
    own = table.rows(known)
    for series in series_of(own, own.targets, story)[:5]:
        change = np.diff(series, axis=0)
        n = len(change)
        if n < 16:
            continue
        power = np.abs(np.fft.rfft(change - change.mean(axis=0), 2 * n, axis=0)) ** 2
        curve = np.fft.irfft(power, axis=0)[: n // 3]
        total = np.where(curve[0] > 0, curve[0], 1.0)
        curve = (curve / total).mean(axis=1)
        # Neighbours that go against each other are noise, or measured one by one.
        lag = 2 + int(np.argmin(curve[2:])) if len(curve) > 2 else 0
        # Of few changes, some go against one another by chance.
        moving = max(1.0, float(np.mean((change != 0).sum(axis=0))))
        if lag and curve[lag] < -max(0.25, 4 / np.sqrt(moving * change.shape[1])):
            widths.append(lag * story.step)
    return float(np.median(widths)) if widths else 0.0
