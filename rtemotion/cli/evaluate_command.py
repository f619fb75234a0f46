"""The command `evaluate` and its options; what it does is imported when it is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from .dataset_options import (
    DatasetArgument,
    LabelsOption,
    LayoutOption,
    TargetsOption,
    TrialsOption,
)
from .options import File, JsonOption, OverwriteOption, Text, positive, split

PROTOCOLS = ("A", "B", "C", "D", "E", "auto")
NORMALISATIONS = ("adaptive", "baseline", "none")
PARTS = ("power", "connectivity")


def _protocol(value: str) -> str:
    named = value if value == "auto" else value.upper()
    if named not in PROTOCOLS:
        raise typer.BadParameter(f"'{value}' is none of {', '.join(PROTOCOLS)}.")
    return named


def _normalisation(value: str | None) -> str | None:
    if value is not None and value not in NORMALISATIONS:
        raise typer.BadParameter(f"'{value}' is none of {', '.join(NORMALISATIONS)}.")
    return value


def parse_parts(value: str) -> tuple[str, ...]:
    """Return the parts of the features in ``power,connectivity``."""
    parts = split([value])
    if not parts or set(parts) - set(PARTS):
        raise typer.BadParameter(f"'{value}' is not power, connectivity or both.")
    return parts


def parse_lags(value: str) -> tuple[float, ...]:
    """Return the seconds in ``0,2,4``."""
    try:
        lags = tuple(float(part) for part in split([value]))
    except ValueError:
        lags = ()
    if not lags or min(lags) < 0 or max(lags) > 600:
        raise typer.BadParameter(f"'{value}' is not seconds from 0 on, as in 0,2,4.")
    return lags


def _text(parse: Callable[[str], object]) -> Callable[[str], str]:
    """Return what checks a text by reading it, and leaves it a text."""

    def check(value: str) -> str:
        parse(value)
        return value

    return check


def evaluate(
    dataset: DatasetArgument,
    layout: LayoutOption = None,
    labels: LabelsOption = None,
    trials: TrialsOption = None,
    targets: TargetsOption = None,
    protocol: Annotated[
        str,
        typer.Option(
            "--protocol",
            callback=_protocol,
            help="What is held out: A a stimulus, C a session, D a block of time, B people and "
            "stimuli at once (the headline), E people alone (no headline); auto takes the "
            "strictest that the groups allow.",
        ),
    ] = "auto",
    estimator: Annotated[
        Text,
        typer.Option(
            "--estimator",
            metavar="RECIPE",
            help="What is fitted anew in every fold: mean, ridge (the default), lasso, pls, "
            "kernel-ridge, svr, forest.",
        ),
    ] = None,
    model: Annotated[
        File,
        typer.Option(
            "--model",
            metavar="FILE.onnx",
            help="Score this finished model instead, as it is: nothing of it is refitted.",
        ),
    ] = None,
    write: Annotated[
        File,
        typer.Option(
            "--write",
            metavar="OUT.onnx",
            help="With --model: a copy that carries these scores, its network unchanged.",
        ),
    ] = None,
    parts: Annotated[
        str,
        typer.Option(
            "--parts", callback=_text(parse_parts), help="Features that are learnt from."
        ),
    ] = "power,connectivity",
    lags: Annotated[
        str,
        typer.Option(
            "--lags",
            callback=_text(parse_lags),
            help="Seconds by which labels may follow; one is chosen inside the training folds.",
        ),
    ] = "0",
    normalisation: Annotated[
        Text,
        typer.Option(
            "--normalisation",
            callback=_normalisation,
            help="What features stand against, always causal: adaptive (a slow mean of what went "
            "before), baseline (the rest that the data set tells of) or none; adaptive by "
            "default, with --model as the model has it.",
        ),
    ] = None,
    step: Annotated[
        float,
        typer.Option("--step", callback=positive, help="Seconds between windows."),
    ] = 1.0,
    montage: Annotated[
        Text,
        typer.Option("--montage", help="Electrode positions: a montage of MNE or a file."),
    ] = None,
    shifts: Annotated[
        int, typer.Option("--shifts", min=0, help="Moves of the labels at most; 0 for no test.")
    ] = 500,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of draws.")] = 0,
    out: Annotated[
        File,
        typer.Option(
            "--out",
            metavar="FOLDER",
            help="Write report.html and evaluation.json there.",
        ),
    ] = None,
    cache: Annotated[
        File,
        typer.Option(
            "--cache", metavar="FOLDER", help="Where features are kept; the platform's by default."
        ),
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", min=1, help="Processes that work out features.")
    ] = 1,
    scheduler: Annotated[
        Text,
        typer.Option(
            "--scheduler", metavar="ADDRESS", help="A Dask scheduler whose workers do it instead."
        ),
    ] = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Find out what a score on labelled recordings is worth, beside everything it may be."""
    if model is not None and estimator is not None:
        raise typer.BadParameter("--model scores a file, --estimator a recipe: name one of them.")
    if write is not None and model is None:
        raise typer.BadParameter("--write puts scores into a model file: name it with --model.")
    from .evaluate import Wanted, run_evaluate

    wanted = Wanted(
        dataset=dataset,
        layout=layout,
        labels=labels,
        trials=trials,
        targets=targets,
        protocol=protocol,
        estimator=estimator or "ridge",
        model=model,
        write=write,
        parts=parse_parts(parts),
        lags=parse_lags(lags),
        normalisation=normalisation,
        step_s=step,
        montage=montage,
        shifts=shifts,
        seed=seed,
        out=out,
        cache=cache,
        jobs=jobs,
        scheduler=scheduler,
        overwrite=overwrite,
    )
    run_evaluate(wanted, as_json)
