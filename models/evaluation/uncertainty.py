"""Whether stated intervals hold what they should, and whether they say more than the margin."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ...signal import FloatArray
from ..scoring import crps_gaussian, crps_sample
from .crossfit import HeldOut
from .result import Uncertainty
from .scores import over_subjects
from .table import BoolArray, EvaluationError, FeatureTable


def uncertainty(
    table: FeatureTable, held: HeldOut, strata: Mapping[str, NDArray[np.generic]] | None = None
) -> Uncertainty | None:
    """Return how intervals of 90 % and normal forecasts did on held-out subjects.

    Parameters
    ----------
    table : FeatureTable
    held : HeldOut
        Its half widths and standard deviations follow from errors inside the training side.
    strata : mapping, optional
        The stratum of every row of the table, by name.

    Returns
    -------
    Uncertainty or None
        None where no fold could state any.
    """
    stated: BoolArray = np.logical_and(
        np.isfinite(held.half_width).all(axis=1), (held.std > 0).all(axis=1)
    )
    if not stated.any():
        return None
    inside = np.abs(held.truth - held.middle) <= held.half_width
    recording, subject = table.recording[held.rows], table.subject[held.rows]

    def share(rows: BoolArray, values: FloatArray) -> float:
        codes = np.unique(recording[rows])
        each = np.array([values[rows & (recording == code)].mean(axis=0) for code in codes])
        whose = np.array([subject[rows & (recording == code)][0] for code in codes])
        return float(over_subjects(each, whose).mean())

    crps = crps_gaussian(held.prediction, np.where(held.std > 0, held.std, 1.0), held.truth)
    marginal = np.empty_like(crps)
    for k, labels in enumerate(held.marginal):
        rows = held.fold == k
        for target in range(labels.shape[1]):
            marginal[rows, target] = crps_sample(labels[:, target], held.truth[rows, target])
    by = {}
    for name, values in (strata or {}).items():
        if len(values) != len(table):
            raise EvaluationError(
                f"The strata '{name}' have {len(values)} entries, expected one for each of the "
                f"{len(table)} rows."
            )
        here = values[held.rows]
        by[name] = {
            str(value): share(stated & (here == value), inside.astype(np.float64))
            for value in np.unique(here[stated])
        }
    return Uncertainty(
        coverage=share(stated, inside.astype(np.float64)),
        subjects=len(np.unique(subject[stated])),
        crps=share(stated, crps),
        crps_marginal=share(stated, marginal),
        by=by,
    )
