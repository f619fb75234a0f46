"""Connectivity measures, each worked out from sums over the segments of a window.

A measure names the sums it needs (`TERMS` and `LAGGED` in `sums.py`) and turns a block
of them into values bin by bin; a band's value is the mean of its bins'. Conventions are
those of MNE-Connectivity: absolute values except where a measure has a sign.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..plugins import load
from ..signal import FloatArray
from .totals import Totals


@dataclass(frozen=True)
class Measure:
    """One connectivity measure.

    Attributes
    ----------
    name : str
        As schemas and files spell it.
    sums : tuple of str
        The sums it needs.
    values : callable
        From `Totals` to values of the same shape, NaN where there is nothing to say.
    antisymmetric : bool
        Swapping the channels of a pair turns the sign over.
    leaks : bool
        Sensitive to volume conduction: one source seen by both channels raises it.
    description : str
        One line, with the source of the method.
    fewest : int
        Segments without which there is nothing to say.
    version : str
        Another one whenever values change beyond rounding; model files carry it.
    """

    name: str
    sums: tuple[str, ...]
    values: Callable[[Totals], FloatArray]
    antisymmetric: bool = False
    leaks: bool = False
    description: str = ""
    fewest: int = 2
    version: str = "1"


def _coh(s: Totals) -> FloatArray:
    magnitude = _magnitude(s, "re", "im")
    magnitude *= s.inverse_scale
    return magnitude


def _imcoh(s: Totals) -> FloatArray:
    scale = s.inverse_scale
    return np.multiply(s["im"], scale, out=scale)


def _plv(s: Totals) -> FloatArray:
    magnitude = _magnitude(s, "phase_re", "phase_im")
    magnitude /= s.count
    return magnitude


def _magnitude(s: Totals, real: str, imag: str) -> FloatArray:
    square = np.square(s[real], out=s.scratch())
    square += np.square(s[imag], out=s.scratch())
    return np.sqrt(square, out=square)


def _iplv(s: Totals) -> FloatArray:
    value = np.abs(s["phase_im"], out=s.scratch())
    value /= s.count
    return value


def _ciplv(s: Totals) -> FloatArray:
    left = np.divide(s["phase_re"], s.count, out=s.scratch())
    np.square(left, out=left)
    np.subtract(1.0, left, out=left)
    np.sqrt(np.maximum(left, 0.0, out=left), out=left)
    value = _iplv(s)
    value /= left
    return value


def _pli(s: Totals) -> FloatArray:
    value = np.abs(s["sign"], out=s.scratch())
    value /= s.count
    return value


def _wpli(s: Totals) -> FloatArray:
    value = np.abs(s["im"], out=s.scratch())
    value /= s["abs_im"]
    return value


def _wpli2_debiased(s: Totals) -> FloatArray:
    top = np.square(s["im"], out=s.scratch())
    top -= s["im_squared"]
    bottom = np.square(s["abs_im"], out=s.scratch())
    bottom -= s["im_squared"]
    top /= bottom
    return top


def _wpli2_lagged(s: Totals) -> FloatArray:
    return np.divide(s["lagged_im"], s["lagged_abs_im"], out=s.scratch())


def _aec(s: Totals) -> FloatArray:
    (first, second), (first_power, second_power) = s.amplitudes, s.powers
    value = _correlation(
        s, first, first_power, s["ortho_second"], s["ortho_second_squared"], s["abs_im"]
    )
    value += _correlation(
        s, second, second_power, s["ortho_first"], s["ortho_first_squared"], s["abs_im"]
    )
    value *= 0.5
    return value


def _correlation(
    s: Totals, x: FloatArray, xx: FloatArray, y: FloatArray, yy: FloatArray, xy: FloatArray
) -> FloatArray:
    """Return Pearson's correlation from sums over segments."""
    n, value = s.count, s.scratch()
    spread = _spread(n, y, yy, s.scratch(), value)
    # A sum of amplitudes that is the same for all shifts gives one row.
    spread *= _spread(n, x, xx, np.empty(x.shape), np.empty(x.shape))
    np.multiply(n, xy, out=value)
    value -= np.multiply(x, y, out=s.scratch())
    value /= np.sqrt(spread, out=spread)
    return value


def _spread(
    n: FloatArray | float, x: FloatArray, xx: FloatArray, out: FloatArray, other: FloatArray
) -> FloatArray:
    """Return n Σx² - (Σx)², never negative."""
    np.multiply(n, xx, out=out)
    out -= np.square(x, out=other)
    return np.maximum(out, 0.0, out=out)


COH = Measure("coh", ("re", "im"), _coh, leaks=True, description="coherence")
IMCOH = Measure(
    "imcoh",
    ("im",),
    _imcoh,
    antisymmetric=True,
    description="imaginary part of coherency, signed: positive when i leads j by less than "
    "half a cycle (Nolte et al. 2004, Clin. Neurophysiol. 115:2292)",
)
PLV = Measure(
    "plv",
    ("phase_re", "phase_im"),
    _plv,
    leaks=True,
    description="phase-locking value (Lachaux et al. 1999, Hum. Brain Mapp. 8:194)",
)
CIPLV = Measure(
    "ciplv",
    ("phase_re", "phase_im"),
    _ciplv,
    description="corrected imaginary PLV (Bruña et al. 2018, J. Neural Eng. 15:056011)",
)
IPLV = Measure(
    "iplv",
    ("phase_im",),
    _iplv,
    description="imaginary part of PLV (Sadaghiani et al. 2012, J. Neurosci. 32:14305)",
)
PLI = Measure(
    "pli",
    ("sign",),
    _pli,
    description="phase lag index (Stam et al. 2007, Hum. Brain Mapp. 28:1178)",
)
WPLI = Measure(
    "wpli",
    ("im", "abs_im"),
    _wpli,
    description="weighted phase lag index (Vinck et al. 2011, NeuroImage 55:1548)",
)
WPLI2_DEBIASED = Measure(
    "wpli2_debiased",
    ("im", "abs_im", "im_squared"),
    _wpli2_debiased,
    description="squared wPLI over all pairs of segments (Vinck et al. 2011); biased upwards "
    "where segments overlap",
)
WPLI2_LAGGED = Measure(
    "wpli2_lagged",
    ("lagged_im", "lagged_abs_im"),
    _wpli2_lagged,
    description="squared wPLI over pairs of segments that do not overlap, unbiased: sum of "
    "Im_k Im_l over sum of |Im_k Im_l|, |k - l| >= lag",
)
AEC = Measure(
    "aec",
    ("abs_im", "ortho_first", "ortho_second", "ortho_first_squared", "ortho_second_squared"),
    _aec,
    description="orthogonalised amplitude-envelope correlation over segments, signed, mean of "
    "both directions (Hipp et al. 2012, Nat. Neurosci. 15:884)",
    fewest=3,
)
MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (COH, IMCOH, PLV, CIPLV, PLI, WPLI, WPLI2_DEBIASED, WPLI2_LAGGED, AEC, IPLV)
}
"""The measures that come with the program, by name."""


def get_measure(name: str) -> Measure:
    """Return a measure, ours or from an installed package.

    Raises
    ------
    SetupError
        When no package offers it; the message lists the ones there are.
    """
    found: Measure = MEASURES[name] if name in MEASURES else load("measures", name)
    return found
