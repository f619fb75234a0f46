"""From a labelled data set to a model file: features, score, fit, export."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...conditioning import plan_channels
from ...decoding.card import ModelCard
from ...errors import SetupError
from ...signal import FloatArray, StreamInfo
from ..datasets import Dataset
from ..datasets.dataset import require_rest
from ..datasets.features import beyond_scale, common_channels
from ..datasets.rows import Preparation
from ..datasets.scale import table_at_scale
from ..evaluation import Evaluation, FeatureTable, Plan, evaluate
from ..evaluation.card_scores import scores_of
from ..evaluation.provenance import said_of
from ..forest_export import export_forest, is_forest
from ..graph_parts import require_onnx
from ..kernel_export import export_kernels, is_kernel
from ..linear_export import Electrodes, export_linear
from ..recipes import ENCODERS, Recipe
from .describing import About, card_of, population_of
from .fitted import Fitted
from .fitting import NONE, Learnt, as_served, learn, require_labels, usual_lags

log = logging.getLogger(__name__)

PARTS = ("power", "connectivity")
# Moments on which a file is compared with its source.
_COMPARED = 100
NO_SCORE = {"protocol": "none: no score, it was not evaluated"}


@dataclass(frozen=True)
class Order:
    """What is to be trained.

    Attributes
    ----------
    recipe : Recipe
    name : str
        Of the model.
    protocol : str
        Under which it is scored, ``"auto"`` for the strictest that can be had, ``"none"`` for
        no score.
    parts : tuple of str
        Of `PARTS`.
    lags_s : tuple of float or None
        By which labels may follow; the usual ones by default, see `fitting.usual_lags`.
    only : tuple of str
        Some of the targets; all if empty.
    shifts : int
        Moves of the labels in the test of the score.
    pretrain : Path or None
        Folder of recordings without labels that the mixing encoder learns from first.
    how : Preparation
        How features are made.
    """

    recipe: Recipe
    name: str
    protocol: str = "auto"
    parts: tuple[str, ...] = PARTS
    lags_s: tuple[float, ...] | None = None
    only: tuple[str, ...] = ()
    shifts: int = 500
    pretrain: Path | None = None
    how: Preparation = field(default_factory=Preparation)


@dataclass(frozen=True, eq=False)
class Trained:
    """What came of it.

    Attributes
    ----------
    learnt : Learnt
    evaluation : Evaluation or None
        None where no score was wanted.
    pretrained : dict
        What was learnt without labels, and from how much; empty where nothing was.
    """

    learnt: Learnt
    evaluation: Evaluation | None
    pretrained: dict[str, float]


def train(
    dataset: Dataset,
    order: Order,
    out: Path,
    cache: Path | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Trained:
    """Train a model on a data set and write its file.

    Parameters
    ----------
    dataset : Dataset
    order : Order
    out : Path
        Replaced at once when the file is complete and opens.
    cache, jobs, progress
        See `datasets.scale.table_at_scale`.

    Raises
    ------
    RtemotionError
        If data, labels or electrodes do not allow it; no file is left then.
    """
    require_onnx()
    _check(dataset, order)
    names, infos = common_channels(dataset, order.how)
    electrodes = _electrodes(names, infos, order.how)
    if order.recipe.name in ENCODERS:
        order, told = _with_electrodes(order, electrodes, cache)
    else:
        told = {}
    table = table_at_scale(dataset, order.how, cache, jobs, progress=progress)
    table = as_served(table.pick(*order.only) if order.only else table)
    require_labels(table)
    for warning in beyond_scale(dataset, table):
        log.warning("%s", warning)
    lags_s = usual_lags(table) if order.lags_s is None else order.lags_s
    plan = Plan(parts=order.parts, lags_s=lags_s, shifts=order.shifts)
    evaluation = None if order.protocol == NONE else _evaluated(table, order, plan)
    protocol = order.protocol if evaluation is None else evaluation.protocol
    learnt = learn(table, order.recipe, protocol, plan)
    scores = NO_SCORE if evaluation is None else scores_of(evaluation, dataset.name)
    made_of = said_of(dataset) | ({"pretrained": told} if told else {})
    about = About(order.name, dataset, order.how, order.recipe.name, dict(scores), made_of)
    population = population_of(dataset, names, order.how)
    card = card_of(learnt, about, population, len(names))
    export(learnt.fitted, card, electrodes, learnt.rows.features, learnt.std, out)
    return Trained(learnt, evaluation, told)


def _check(dataset: Dataset, order: Order) -> None:
    """Refuse at once what would be refused at the end."""
    if unknown := [part for part in order.parts if part not in PARTS]:
        raise SetupError(
            f"A decoder has no features of {', '.join(unknown)}, expected --parts of "
            f"{', '.join(PARTS)}."
        )
    encoder = order.recipe.name in ENCODERS
    if encoder and set(order.parts) != set(PARTS):
        raise SetupError(
            f"The network '{order.recipe.name}' takes all features of its electrodes, and --parts "
            f"names {', '.join(order.parts)} alone; leave --parts out."
        )
    if order.pretrain is not None and not encoder:
        raise SetupError(
            f"The estimator {order.recipe.name} learns nothing without labels; --pretrain goes "
            "with --estimator mixing."
        )
    if order.how.normalisation == "baseline":
        require_rest(dataset)


def _with_electrodes(
    order: Order, electrodes: Electrodes, cache: Path | None
) -> tuple[Order, dict[str, float]]:
    """Tell a network its electrodes, and let it learn from recordings without labels first."""
    from .encoder import Layout, encoder_recipe
    from .pretraining import pretrain, unlabelled

    layout = Layout(electrodes, order.how.schema)
    name = order.recipe.name
    if order.pretrain is None:
        return replace(order, recipe=encoder_recipe(name, layout)), {}
    # Refused before the work where it cannot serve.
    encoder_recipe(name, layout, {})
    rows = unlabelled(order.pretrain, electrodes.channels, order.how, cache)
    made = pretrain(rows, layout)
    told = {
        "recordings": made.recordings,
        "windows": made.rows,
        "error before": round(made.before, 4),
        "error after": round(made.after, 4),
    }
    return replace(order, recipe=encoder_recipe(name, layout, made.start)), told


def _electrodes(
    names: tuple[str, ...], infos: Sequence[StreamInfo], how: Preparation
) -> Electrodes:
    info = plan_channels(infos[0], names, how.montage).info
    without = [name for name, placed in zip(names, info.has_position, strict=True) if not placed]
    if without:
        raise SetupError(
            f"No position is known for {', '.join(without[:5])}, without which a decoder leaves "
            "channels out; name the layout with --montage, or choose others with --channels."
        )
    return Electrodes(names, np.asarray(info.positions, dtype=np.float64))


def _evaluated(table: FeatureTable, order: Order, plan: Plan) -> Evaluation:
    recipe = order.recipe
    return evaluate(table, recipe.make(), order.protocol, plan, tune=recipe.tune, name=recipe.name)


def export(
    fitted: Fitted,
    card: ModelCard,
    electrodes: Electrodes,
    rows: NDArray[np.floating],
    std: FloatArray,
    out: Path,
) -> None:
    """Write a model file: exact where the estimator is linear, approximate for the others.

    Raises
    ------
    ModelError
        If it is neither linear, nor a sum of RBF kernels, a forest or a mixing encoder, or is
        too large.
    """
    estimators = [part.estimator for part in fitted.parts]
    some = rows[:: max(1, len(rows) // _COMPARED)].astype(np.float64)
    if _is_mixing(fitted):
        from .encoder_export import export_mixing

        export_mixing(fitted, card, electrodes, some, std, out)
    elif all(map(is_kernel, estimators)):
        export_kernels(fitted, card, electrodes, some, std, out)
    elif all(map(is_forest, estimators)):
        export_forest(fitted, card, electrodes, some, std, out)
    else:
        export_linear(fitted, card, electrodes, some, std, out)


def _is_mixing(fitted: Fitted) -> bool:
    return all(getattr(p.estimator, "architecture", "") == "approximate" for p in fitted.parts)
