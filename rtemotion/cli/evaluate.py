"""`evaluate`: what a score on labelled recordings is worth."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from ..errors import OutletError, SetupError
from .dataset_options import open_wanted
from .evaluate_report import print_evaluation
from .once import warnings_once
from .printing import samples_bar

if TYPE_CHECKING:
    from ..decoding import Model
    from ..models.datasets import Dataset, Preparation
    from ..models.evaluation import Evaluation, FeatureTable, Plan

REPORT, NUMBERS = "report.html", "evaluation.json"


@dataclass(frozen=True)
class Wanted:
    """What is evaluated, how, and where it goes.

    Attributes
    ----------
    dataset : Path
    layout : str or None
    labels, trials : Path or None
    targets : list of str or None
        Which data set, see `open_dataset`.
    protocol : str
        ``"A"`` to ``"E"``, or ``"auto"``.
    estimator : str
        Name of a recipe.
    model : Path or None
        A finished model in its place.
    write : Path or None
        A copy of it that is to carry the scores.
    parts : tuple of str
    lags : tuple of float
        See `Plan`.
    normalisation : str or None
    step_s : float
    montage : str or None
        See `Preparation`.
    shifts, seed : int
    out, cache : Path or None
        Folders.
    jobs : int
    scheduler : str or None
        Who works out features.
    overwrite : bool
    """

    dataset: Path
    layout: str | None
    labels: Path | None
    trials: Path | None
    targets: list[str] | None
    protocol: str
    estimator: str
    model: Path | None
    write: Path | None
    parts: tuple[str, ...]
    lags: tuple[float, ...]
    normalisation: str | None
    step_s: float
    montage: str | None
    shifts: int
    seed: int
    out: Path | None
    cache: Path | None
    jobs: int
    scheduler: str | None
    overwrite: bool

    @property
    def plan(self) -> Plan:
        """How an evaluation is done."""
        from ..models.evaluation import Plan

        return Plan(parts=self.parts, lags_s=self.lags, shifts=self.shifts, seed=self.seed)


def run_evaluate(wanted: Wanted, as_json: bool) -> None:
    """Evaluate, write what was asked for, and print what was found.

    Raises
    ------
    RtemotionError
        If something cannot be read, scored or written.
    """
    _check_outputs(wanted)
    _require_learning()
    dataset = open_wanted(
        wanted.dataset, wanted.layout, wanted.labels, wanted.trials, wanted.targets
    )
    _require_rest(wanted, dataset)
    caveats: list[str] = []
    with warnings_once():
        if wanted.model is None:
            found = _of_recipe(wanted, dataset)
        else:
            from ..decoding import load_model

            model = load_model(wanted.model)
            found = _of_model(wanted, dataset, model)
            caveats.append(f"The model: {model.card.caveat}.")
    written = list(_written(wanted, found, dataset.name, caveats))
    if as_json:
        sys.stdout.write(found.to_json() + "\n")
        return
    print_evaluation(found, dataset.name, caveats)
    for line in written:
        sys.stdout.write(f"# {line}\n")


def _of_recipe(wanted: Wanted, dataset: Dataset) -> Evaluation:
    from threadpoolctl import threadpool_limits

    from ..models.datasets import Preparation
    from ..models.evaluation import evaluate
    from ..models.recipes import recipe_of

    recipe = recipe_of(wanted.estimator)
    how = Preparation(step_s=wanted.step_s, montage=wanted.montage)
    how = _normalised(how, wanted.normalisation)
    table = _table(wanted, dataset, how)
    with threadpool_limits(1):
        ceiling = _ceiling(table, wanted)
        found = evaluate(
            table,
            recipe.make(),
            wanted.protocol,
            wanted.plan,
            tune=recipe.tune,
            ceiling=ceiling,
            name=recipe.name,
        )
    return _noted(found, dataset, table)


def _of_model(wanted: Wanted, dataset: Dataset, model: Model) -> Evaluation:
    from threadpoolctl import threadpool_limits

    from ..models.datasets import Preparation
    from ..models.evaluation.as_served import evaluate_model, matched, require_unseen
    from ..models.evaluation.served import decoded

    card = model.card
    match = matched(card, dataset.targets)
    require_unseen(card, dataset)
    how = Preparation(
        card.features, card.conditioning, step_s=wanted.step_s, montage=wanted.montage
    )
    how = _normalised(how, wanted.normalisation or card.normalisation.policy)
    table = _table(wanted, dataset, how)
    with samples_bar("decoding", len(dataset)) as done:
        frames = decoded(
            model,
            dataset,
            wanted.montage,
            wanted.jobs,
            wanted.scheduler,
            lambda n, _: done(n),
        )
    with threadpool_limits(1):
        found = evaluate_model(model, table, frames, match, wanted.protocol, wanted.plan)
        found = replace(found, ceiling=_ceiling(table.pick(*match.names), wanted))
    return _noted(found, dataset, table)


def _noted(found: Evaluation, dataset: Dataset, table: FeatureTable) -> Evaluation:
    """Add what looks wrong with the scales of the labels to the notes."""
    from ..models.datasets.features import beyond_scale

    return replace(found, notes=(*found.notes, *beyond_scale(dataset, table)))


def _require_rest(wanted: Wanted, dataset: Dataset) -> None:
    from ..models.datasets.dataset import require_rest

    if wanted.normalisation == "baseline":
        require_rest(dataset)


def _ceiling(table: FeatureTable, wanted: Wanted) -> float | None:
    from ..models.evaluation.ceiling import ceiling_of

    return ceiling_of(table, wanted.plan) if table.simulated else None


def _normalised(how: Preparation, name: str | None) -> Preparation:
    if name is None:
        return how
    policy = cast(Literal["adaptive", "baseline", "none"], name)
    return replace(how, normalisation=policy)


def _table(wanted: Wanted, dataset: Dataset, how: Preparation) -> FeatureTable:
    from ..models.datasets.scale import table_at_scale

    with samples_bar("features", len(dataset)) as done:
        return table_at_scale(
            dataset, how, wanted.cache, wanted.jobs, wanted.scheduler, lambda n, _: done(n)
        )


def _written(wanted: Wanted, found: Evaluation, data: str, caveats: list[str]) -> Iterator[str]:
    """Write what was asked for, and say what was."""
    from ..decoding import load_model

    if wanted.write is not None:
        from ..models.evaluation.card_scores import write_scores

        write_scores(load_model(wanted.model), found, wanted.write, data)
        identity = load_model(wanted.write).identity
        yield f"wrote {wanted.write}, the same network with another card: {identity}"
    if wanted.out is not None:
        from ..models.evaluation.report import write_report

        wanted.out.mkdir(parents=True, exist_ok=True)
        numbers = wanted.out / NUMBERS
        partial = numbers.with_name(f"{NUMBERS}.partial")
        partial.write_text(found.to_json() + "\n", encoding="utf-8")
        partial.replace(numbers)
        write_report(found, wanted.out / REPORT, data, caveats)
        yield f"wrote {wanted.out / REPORT} and {numbers}"


def _check_outputs(wanted: Wanted) -> None:
    """Refuse before hours of work what could not be written after them."""
    if wanted.write is not None:
        if wanted.write.suffix != ".onnx":
            raise OutletError(f"{wanted.write} is no model file; name one that ends in .onnx.")
        if wanted.model is not None and wanted.write.resolve() == wanted.model.resolve():
            raise OutletError(f"{wanted.write} is what is scored; name another file for the copy.")
        if not wanted.write.absolute().parent.is_dir():
            raise OutletError(f"{wanted.write} cannot be written: there is no such folder.")
    if wanted.out is not None and wanted.out.exists() and not wanted.out.is_dir():
        raise OutletError(f"{wanted.out} is a file; name a folder.")
    files = [wanted.write] if wanted.write is not None else []
    if wanted.out is not None:
        files += [wanted.out / REPORT, wanted.out / NUMBERS]
    for file in files:
        if file.exists() and not wanted.overwrite:
            raise OutletError(
                f"{file} exists; name another place, or replace it with --overwrite."
            )


def _require_learning() -> None:
    import importlib.util

    if importlib.util.find_spec("sklearn") is None:
        raise SetupError(
            "Evaluating needs scikit-learn, which is not installed; get it with pip install "
            "'rtemotion[train]'."
        )
