"""Fitting on everything, with settings and lag chosen on groups that were held out."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...signal import FloatArray
from ..evaluation import EvaluationError, FeatureTable, Fold, Plan, Protocol, folds_of
from ..evaluation.crossfit import HeldOut, crossfit
from ..evaluation.evaluate import AUTO, gap_of, labelled
from ..evaluation.regressors import Regressor, RidgeRegressor, regressor_of
from ..evaluation.splits import strictest
from ..recipes import Recipe
from .fitted import Fitted, IntArray, Part

log = logging.getLogger(__name__)

NONE = "none"
# Of a felt rating that is given while one watches or listens, s.
FELT_LAGS_S: tuple[float, ...] = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
# Half of 90 % of a normal distribution, in standard deviations.
_NORMAL = 1.645
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Learnt:
    """What was fitted on everything, and how it was chosen.

    Attributes
    ----------
    fitted : Fitted
    rows : FeatureTable
        What it was fitted on.
    labels : array, shape (n_rows, n_targets)
        Labels at the lag that was chosen for each target.
    settings : tuple of mapping
        What was chosen for each target.
    lags_s : tuple of float
        How long after the brain each target's labels follow.
    lag_spread_s : tuple of float or None
        Standard deviation of what the folds chose; None where there was nothing to choose.
    std, half_width : array, shape (n_targets,)
        Of what was predicted wrongly in groups that were held out: standard deviation, and
        what holds 90 %.
    chosen_by : str
        On which groups settings, lags and intervals were chosen.
    """

    fitted: Fitted
    rows: FeatureTable
    labels: FloatArray
    settings: tuple[Mapping[str, Any], ...]
    lags_s: tuple[float, ...]
    lag_spread_s: tuple[float, ...] | None
    std: FloatArray
    half_width: FloatArray
    chosen_by: str


def usual_lags(table: FeatureTable) -> tuple[float, ...]:
    """Return the lags to choose from: ratings that are felt follow, others are on time."""
    felt = "felt" in table.constructs
    return FELT_LAGS_S if table.kind == "continuous" and felt else (0.0,)


def as_served(table: FeatureTable) -> FeatureTable:
    """Return a table in which what is unknown stands at its reference, as in decoding."""
    return replace(table, features=np.nan_to_num(table.features, nan=0.0))


def learn(table: FeatureTable, recipe: Recipe, protocol: Protocol | str, plan: Plan) -> Learnt:
    """Fit an estimator on everything.

    Parameters
    ----------
    table : FeatureTable
        From `as_served`.
    recipe : Recipe
    protocol : Protocol or str
        Whose groups decide; ``"none"`` or ``"auto"`` for the strictest that can be had.
    plan : Plan
        Its parts and lags hold.

    Raises
    ------
    EvaluationError
        If labels never change, lie at different moments, or there are too few groups.
    """
    require_labels(table)
    columns = table.columns_of(*plan.parts)
    table, labels, _, _ = labelled(table, plan.lags_s)
    gap_s = gap_of(table, plan)
    protocol, outer = _split(table, protocol, gap_s, plan)
    regressor = regressor_of(recipe.make(), recipe.tune)
    everything = np.arange(len(table))
    folds = [*(outer if len(plan.lags_s) > 1 else ()), Fold(everything, everything[:1], "all")]
    x = table.features[:, columns]
    held = crossfit(table, x, labels, folds, protocol, gap_s, regressor)
    settings = tuple(dict(regressor.settings[k]) for k in held.settings[-1])
    lags = held.lags[-1]
    y = np.stack([labels[:, lag, k] for k, lag in enumerate(lags)], axis=1)
    fitted = _fitted(x, y, columns, recipe, regressor, settings)
    lags_s = np.asarray(plan.lags_s)
    std, half_width = _errors(held, y)
    return Learnt(
        fitted,
        table,
        y,
        settings,
        tuple(lags_s[lags].tolist()),
        tuple(lags_s[held.lags[:-1]].std(axis=0).tolist()) if len(folds) > 1 else None,
        std,
        half_width,
        f"{protocol}: {protocol.says}" if held.tuned else "nothing could be held out",
    )


def require_labels(table: FeatureTable) -> None:
    """Refuse labels that cannot be learnt.

    Raises
    ------
    EvaluationError
        If a target has no labels, always the same, or labels where others have none.
    """
    known = np.isfinite(table.targets)
    for k, name in enumerate(table.target_names):
        own = table.targets[known[:, k], k]
        if not len(own):
            raise EvaluationError(
                f"The target {name} has no labels in any window, expected some; leave it out with "
                "--only, or check that labels lie on the recordings' clock."
            )
        if float(np.ptp(own)) <= _TINY:
            raise EvaluationError(
                f"The labels of {name} never change (always {own[0]:g}), so that nothing can be "
                "learnt; leave it out with --only."
            )
    some = known.any(axis=1)
    share = known[some].mean(axis=0)
    if share.min() < 0.9:
        raise EvaluationError(
            "Targets have labels at different moments ("
            + ", ".join(f"{n} {s:.0%}" for n, s in zip(table.target_names, share, strict=True))
            + "), expected mostly the same ones; train on some at a time with --only."
        )


def _split(
    table: FeatureTable, protocol: Protocol | str, gap_s: float, plan: Plan
) -> tuple[Protocol, tuple[Fold, ...]]:
    """Return whose groups decide, and its folds; none where no group can be held out."""
    if protocol in (NONE, AUTO):
        try:
            protocol, _ = strictest(table, gap_s, plan.blocks)
        except EvaluationError as problem:
            if protocol == AUTO:
                raise
            log.warning("Nothing is chosen and intervals are those of labels: %s", problem)
            return Protocol.E, ()
    return Protocol(protocol), folds_of(table, protocol, gap_s, plan.blocks)


def _errors(held: HeldOut, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return standard deviation and half of a 90 % interval of what was predicted wrongly."""
    std, half = held.std[-1].copy(), held.half_width[-1].copy()
    unknown = ~(np.isfinite(std) & np.isfinite(half) & (std > 0) & (half > 0))
    std[unknown] = y.std(axis=0)[unknown]
    half[unknown] = _NORMAL * std[unknown]
    return std, half


def _fitted(
    x: np.ndarray,
    y: FloatArray,
    columns: IntArray,
    recipe: Recipe,
    regressor: Regressor,
    settings: Sequence[Mapping[str, Any]],
) -> Fitted:
    """Fit on all rows; targets with one setting share an estimator where it takes several."""
    mean = x.mean(axis=0, dtype=np.float64)
    scale = np.sqrt(np.square(x - mean).mean(axis=0, dtype=np.float64))
    scale[scale < _TINY * np.maximum(1.0, np.abs(mean))] = 1.0
    z = (x.astype(np.float64) - mean) / scale
    parts = []
    for setting in {repr(one): one for one in settings}.values():
        targets = [k for k, own in enumerate(settings) if own == setting]
        together = _takes_several(recipe, regressor)
        for group in [targets] if together else [[k] for k in targets]:
            estimator = _unfitted(recipe, setting)
            wanted = y[:, group] if len(group) > 1 else y[:, group[0]]
            parts.append(Part(estimator.fit(z, wanted), tuple(group)))
    return Fitted(columns, mean, scale, tuple(parts))


def _unfitted(recipe: Recipe, setting: Mapping[str, Any]) -> Any:
    made = recipe.make()
    if made is None:
        from sklearn.linear_model import Ridge

        return Ridge(**setting)
    return made.set_params(**setting)


def _takes_several(recipe: Recipe, regressor: Regressor) -> bool:
    from sklearn.utils import get_tags

    if isinstance(regressor, RidgeRegressor):
        return True
    return bool(get_tags(recipe.make()).target_tags.multi_output)
