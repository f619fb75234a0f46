"""The sampling rate of a stream that states none, measured from its stamps."""

from __future__ import annotations

import numpy as np

from ..errors import SourceError
from ..signal import FloatArray

# What headsets and amplifiers run at; a measured rate this close to one of them is it.
USUAL_RATES = (
    *(100.0, 125.0, 128.0, 160.0, 200.0, 220.0, 250.0, 256.0, 300.0, 400.0, 500.0, 512.0),
    *(600.0, 1000.0, 1024.0, 1200.0, 2000.0, 2048.0, 4096.0, 5000.0, 8192.0, 10000.0),
)
_CLOSE = 0.02
_MIN_STAMPS = 8
# Long enough that jitter hardly tilts a slope, short enough that few hold a loss.
_BASELINE_S = 2.0


def measured_rate(stamps: FloatArray) -> float:
    """Return the sampling rate that stamps show, in Hz.

    Samples a second are counted over many overlapping stretches of about 2 s (a
    quarter of what there is, if that is less) and their median is taken, as in
    Theil and Sen's slope, so that jitter, samples stamped in bunches and losses in
    fewer than half of the stretches do not matter. A result within 2 % of a usual
    rate is that rate; any other is rounded to three digits.

    Parameters
    ----------
    stamps : array, shape (n_samples,)
        One stamp a sample, in seconds, as the sender wrote them.

    Raises
    ------
    SourceError
        If there are fewer than 8 different stamps.

    Examples
    --------
    >>> measured_rate(np.arange(1280) / 255.2)
    256.0
    """
    stamps = np.asarray(stamps, dtype=np.float64)
    stamps = stamps[np.isfinite(stamps)]
    # Samples sent together may share a stamp: count from one bunch to the next.
    first = np.flatnonzero(np.diff(stamps, prepend=-np.inf) != 0)
    times = stamps[first]
    if len(times) < _MIN_STAMPS:
        raise SourceError(
            f"the sampling rate cannot be measured from {len(times)} different time stamps, "
            f"expected at least {_MIN_STAMPS}; state the rate with --sfreq."
        )
    step = float(np.median(np.diff(times)))
    across = len(times) // 4
    if step > 0:
        across = min(across, round(_BASELINE_S / step))
    across = max(across, 1)
    seconds = times[across:] - times[:-across]
    counted = (first[across:] - first[:-across])[seconds > 0]
    if len(counted) == 0:
        raise SourceError(
            "the sampling rate cannot be measured from time stamps that run backwards; state "
            "the rate with --sfreq."
        )
    return _snapped(float(np.median(counted / seconds[seconds > 0])))


def _snapped(rate: float) -> float:
    nearest = min(USUAL_RATES, key=lambda usual: abs(rate / usual - 1.0))
    if abs(rate / nearest - 1.0) <= _CLOSE:
        return nearest
    return float(f"{rate:.3g}")
