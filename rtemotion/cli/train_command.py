"""The verb `train` and its options; what it does is imported when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .dataset_options import (
    DatasetArgument,
    LabelsOption,
    LayoutOption,
    TargetsOption,
    TrialsOption,
    open_wanted,
)
from .options import File, JsonOption, OverwriteOption, Text, Texts, positive, split

ESTIMATORS = (
    "mean",
    "ridge",
    "lasso",
    "pls",
    "kernel-ridge",
    "svr",
    "forest",
    "encoder",
    "mixing",
)
PROTOCOLS = ("auto", "A", "B", "C", "D", "E", "none")
NORMALISATIONS = ("adaptive", "baseline", "none")


def _one_of(names: tuple[str, ...], value: str) -> str:
    if value not in names:
        raise typer.BadParameter(f"'{value}' is not {', '.join(names[:-1])} or {names[-1]}.")
    return value


def _seconds(value: str | None) -> str | None:
    if value is not None:
        parse_lags(value)
    return value


def parse_lags(value: str) -> tuple[float, ...]:
    """Return the seconds in ``0,1,2``."""
    try:
        lags = tuple(float(part) for part in value.split(","))
    except ValueError as problem:
        raise typer.BadParameter(f"'{value}' is not seconds, as in 0,1,2.") from problem
    if not all(0.0 <= lag < float("inf") for lag in lags):
        raise typer.BadParameter(f"'{value}' holds a number that is no lag from 0 on.")
    return lags


def train(
    dataset: DatasetArgument,
    out: Annotated[Path, typer.Option("--out", metavar="MODEL.onnx", help="Model file to write.")],
    layout: LayoutOption = None,
    labels: LabelsOption = None,
    trials: TrialsOption = None,
    targets: TargetsOption = None,
    only: Annotated[
        Texts,
        typer.Option("--only", metavar="NAMES", help="Some of the targets; all by default."),
    ] = None,
    estimator: Annotated[
        str,
        typer.Option(
            "--estimator",
            callback=lambda value: _one_of(ESTIMATORS, value),
            help="mean, ridge, lasso, pls, encoder (reasons are exact), kernel-ridge, svr, forest "
            "or mixing (reasons are approximate); the networks, encoder and mixing, are slow.",
        ),
    ] = "ridge",
    protocol: Annotated[
        str,
        typer.Option(
            "--protocol",
            callback=lambda value: _one_of(PROTOCOLS, value),
            help="What is held out to score it: subjects and stimuli (B), stimuli (A), sessions "
            "(C), blocks of time (D), subjects alone (E), the strictest that can be had (auto); "
            "none for no score.",
        ),
    ] = "auto",
    parts: Annotated[
        str,
        typer.Option("--parts", metavar="NAMES", help="Features: power, connectivity or both."),
    ] = "power,connectivity",
    lags: Annotated[
        Text,
        typer.Option(
            "--lags",
            metavar="SECONDS",
            callback=_seconds,
            help="By how long ratings may follow what is felt, as in 0,1,2; chosen inside the "
            "folds. By default 0 to 6 for felt ratings that move, else 0.",
        ),
    ] = None,
    pretrain: Annotated[
        File,
        typer.Option(
            "--pretrain",
            metavar="FOLDER",
            help="mixing: learn from the recordings in this folder first, without labels.",
        ),
    ] = None,
    normalisation: Annotated[
        str,
        typer.Option(
            "--normalisation",
            callback=lambda value: _one_of(NORMALISATIONS, value),
            help="What features stand against: their own slow mean (adaptive), rest (baseline), "
            "or nothing (none).",
        ),
    ] = "adaptive",
    channels: Annotated[
        Texts,
        typer.Option(
            "--channels",
            metavar="NAMES",
            help="Names or patterns; those that all recordings have by default.",
        ),
    ] = None,
    montage: Annotated[
        Text, typer.Option("--montage", help="Where electrodes are: a name MNE knows, or a file.")
    ] = None,
    step: Annotated[
        float,
        typer.Option("--step", help="Seconds between the windows learnt from.", callback=positive),
    ] = 1.0,
    shifts: Annotated[
        int,
        typer.Option("--shifts", min=0, help="How often labels are shifted to test the score."),
    ] = 500,
    name: Annotated[
        Text, typer.Option("--name", help="What the model is called; after its file by default.")
    ] = None,
    cache: Annotated[
        File,
        typer.Option(
            "--cache",
            metavar="FOLDER",
            help="Where features are kept; the platform's cache by default.",
        ),
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", min=1, help="Recordings that are worked on at once.")
    ] = 1,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Train a model on labelled recordings, score it on what was held out, and write its file."""
    from .train import Wanted, run_train

    wanted = Wanted(
        open=lambda: open_wanted(dataset, layout, labels, trials, targets),
        out=out,
        estimator=estimator,
        protocol=protocol,
        parts=split([parts]),
        lags_s=None if lags is None else parse_lags(lags),
        pretrain=pretrain,
        normalisation=normalisation,
        channels=split(channels),
        montage=montage,
        step_s=step,
        shifts=shifts,
        only=split(only),
        name=out.stem if name is None else name,
        cache=cache,
        jobs=jobs,
        overwrite=overwrite,
    )
    run_train(wanted, as_json)
