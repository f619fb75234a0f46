"""Connectivity of segments that are all at hand, worked out by the code that runs live."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import SetupError
from ..signal import FloatArray
from .measures import get_measure
from .pairs import PairLayout
from .ring import SpectraRing
from .sums import PairSums


def connectivity(
    spectra: NDArray[np.complexfloating], measures: Sequence[str], lag: int = 1
) -> FloatArray:
    """Return connectivity over segments, bin by bin.

    A segment may be a Fourier transform, or one sample of an analytic signal, with one
    bin: what counts is that segments are repetitions to take means over.

    Parameters
    ----------
    spectra : array, shape (n_segments, n_channels, n_bins)
        Complex coefficients; a channel that is not finite anywhere in a segment is
        masked there.
    measures : sequence of str
        Names, see `MEASURES`.
    lag : int
        Segments so far apart do not overlap; `wpli2_lagged` uses pairs of those.

    Returns
    -------
    array, shape (n_measures, n_pairs, n_bins)
        Pairs in the order of ``numpy.triu_indices(n_channels, 1)``; NaN where undefined.

    Raises
    ------
    SetupError
        When the array has another shape, the lag is not positive, or there is no such
        measure.
    """
    spectra = np.asarray(spectra, dtype=np.complex128)
    if spectra.ndim != 3 or not len(spectra) or lag < 1:
        raise SetupError(
            "connectivity needs spectra of shape (segments, channels, bins) and a positive lag, "
            f"got shape {spectra.shape} and lag {lag}."
        )
    n_segments, n_channels, n_bins = spectra.shape
    wanted = [get_measure(name) for name in measures]
    layout = PairLayout(n_channels)
    ring = SpectraRing(layout, n_segments, n_bins, slice(0, n_bins), amplitudes=True)
    sums = PairSums(ring, tuple(dict.fromkeys(n for m in wanted for n in m.sums)), lag)
    found = np.empty((len(wanted), layout.n_shifts, n_channels, n_bins))

    valid = np.isfinite(spectra).all(axis=2)
    known = np.ascontiguousarray(np.where(valid[:, :, None], spectra, 0.0))
    for number in range(n_segments):
        sums.prepare()
        ring.append(known[number], valid[number])
        sums.enter()
    with np.errstate(invalid="ignore", divide="ignore"):
        for totals in sums.blocks():
            for measure, out in zip(wanted, found, strict=True):
                totals.clear_scratch()
                block = out[totals.rows]
                block[:] = np.reshape(measure.values(totals), block.shape)
    flat = np.moveaxis(found.reshape(len(wanted), -1, n_bins), 2, 1)
    signed = [row for row, measure in enumerate(wanted) if measure.antisymmetric]
    ordered = layout.in_order(flat, signed)
    ordered[:, :, layout.touching(ring.counts == 0)] = np.nan
    return np.ascontiguousarray(np.moveaxis(ordered, 1, 2))
