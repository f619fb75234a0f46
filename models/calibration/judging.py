"""What a calibration is worth: against chance, against no calibration, and how wide it errs."""

from __future__ import annotations

import numpy as np
from scipy.stats import t

from ...signal import FloatArray
from ..scoring import concordance
from .head import ALIKE_S, GAP_S, Fit
from .minutes import CalibrationError, Minutes

SMALLEST_GAIN = 0.01
CHANCE = 0.02


def chance_of(minutes: Minutes, fit: Fit, targets: tuple[int, ...]) -> float:
    """Return how likely held-out estimates would agree so well with labels of another time.

    Labels of all targets are shifted together along the minutes, end to beginning, by more
    than the gap. Minutes hold few shifts that differ, so that the agreement is not counted
    among them but set against their mean and spread, by a t distribution with as many
    degrees of freedom as there are distinct shifts. The estimates are not fitted anew.
    """
    rows = np.isfinite(minutes.labels[:, targets]).all(axis=1)
    labels, found = minutes.labels[rows][:, targets], fit.held_out[rows][:, targets]
    spacing = float(np.median(np.diff(minutes.times)))
    gap, n = int(np.ceil(GAP_S / spacing)), len(labels)
    if n <= 2 * gap:
        return 1.0
    here = concordance(found, labels).mean()
    shifted = [concordance(found, np.roll(labels, k, 0)).mean() for k in range(gap, n - gap + 1)]
    distinct = max(2.0, len(shifted) * spacing / (2.0 * ALIKE_S))
    apart = (here - np.mean(shifted)) / (np.std(shifted) * np.sqrt(1.0 + 1.0 / distinct) + 1e-12)
    return float(t.sf(apart, distinct - 1.0))


def refuse_without_gain(fit: Fit, chance: float) -> None:
    """Raise when nothing speaks for a calibration.

    Raises
    ------
    CalibrationError
        When held-out estimates are no better than those of the model as it is, or agree with
        the labels no more than with shifted ones.
    """
    if chance > CHANCE:
        raise CalibrationError(
            "Nothing was calibrated: on minutes that were held out the estimates agree with the "
            f"labels (CCC {fit.after.mean():.2f}) no better than chance would (p = {chance:.2f}); "
            "label more minutes, or check that the labels are on the recording's clock."
        )
    if fit.gain < SMALLEST_GAIN:
        raise CalibrationError(
            "Nothing was calibrated: on minutes that were held out it does not help (CCC "
            f"{fit.before.mean():.2f} before, {fit.after.mean():.2f} after); use the model as it "
            "is, or label more minutes."
        )


def widening(
    minutes: Minutes, fit: Fit, targets: tuple[int, ...], half: FloatArray, coverage: float = 0.9
) -> float:
    """Return the factor on the model's intervals that holds the labels of held-out minutes.

    One for all targets, as minutes are few; the share that has to be held is a little larger
    than `coverage`, as for split conformal intervals on as many pieces of evidence.

    Parameters
    ----------
    minutes : Minutes
        What was calibrated on.
    fit : Fit
        How.
    targets : tuple of int
        Those with labels.
    half : array, shape (n_targets,)
        Half widths of the model's intervals in its standard deviations.
    coverage : float
        Share of labels that intervals are to hold.
    """
    off = np.abs(minutes.labels - fit.held_out) / (minutes.std * half)
    known = off[:, targets][np.isfinite(off[:, targets])]
    seconds = len(minutes.times) * float(np.median(np.diff(minutes.times)))
    pieces = len(targets) * seconds / (2.0 * ALIKE_S)
    return float(np.quantile(known, min(1.0, coverage * (1.0 + 1.0 / pieces))))
