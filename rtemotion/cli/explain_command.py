"""The command `explain` and its options; what it does is imported when it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .dataset_options import LayoutOption, TargetsOption, TrialsOption
from .options import (
    BaselineOption,
    File,
    JsonOption,
    OverwriteOption,
    Text,
    XdfStreamOption,
    positive,
    takes_setup,
)

if TYPE_CHECKING:
    from ..options import Options


@takes_setup
def explain(
    options: Options,
    model: Annotated[
        File,
        typer.Argument(
            help="Model file, the one that ships by default; or a table that --networks wrote."
        ),
    ] = None,
    on: Annotated[
        File,
        typer.Option(
            "--on",
            metavar="RECORDING|DATASET",
            help="What is decoded to learn networks from, all that is in a folder; without it a "
            "simulated person.",
        ),
    ] = None,
    labels: Annotated[
        File,
        typer.Option(
            "--labels",
            metavar="TABLE",
            help="What was true: columns 'time', in seconds since the recording's first sample, "
            "and one for each emotion; of a data set, a table where the folder has none.",
        ),
    ] = None,
    layout: LayoutOption = None,
    trials: TrialsOption = None,
    targets: TargetsOption = None,
    stream: XdfStreamOption = None,
    baseline: BaselineOption = None,
    measure: Annotated[
        Text,
        typer.Option(
            "--measure", help="Connectivity that edges are made of; the model's first by default."
        ),
    ] = None,
    shifts: Annotated[
        int,
        typer.Option(
            "--shifts",
            min=0,
            help="How often outputs are shifted in time to see what chance does.",
        ),
    ] = 100,
    weights: Annotated[
        bool,
        typer.Option(
            "--weights",
            help="Write the model's weights as well, which are no map of the brain, to "
            "weights.csv in --out.",
        ),
    ] = False,
    headset: Annotated[
        str, typer.Option("--headset", help="What a simulated person wears, without --on.")
    ] = "cap32",
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Which simulated person, without --on.")
    ] = 1,
    seconds: Annotated[
        float,
        typer.Option(
            "--seconds",
            help="How long the simulated person is decoded after the rest.",
            callback=positive,
        ),
    ] = 600.0,
    out: Annotated[
        File,
        typer.Option(
            "--out",
            metavar="FOLDER",
            help="Write tables, figures and explain.html there.",
        ),
    ] = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show the network of each emotion, its graph measures, and what chance does to them."""
    if weights and out is None:
        raise typer.BadParameter("--weights writes a table: name a folder with --out.")
    from .explain import Wanted, run_explain

    wanted = Wanted(
        model=model,
        on=on,
        labels=labels,
        layout=layout,
        trials=trials,
        targets=tuple(targets or ()),
        stream=stream,
        baseline=baseline,
        measure=measure,
        shifts=shifts,
        weights=weights,
        headset=headset,
        seed=seed,
        seconds=seconds,
        out=out,
        overwrite=overwrite,
    )
    run_explain(wanted, as_json, options)
