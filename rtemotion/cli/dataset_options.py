"""How a labelled data set is named on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import File, Text, Texts, split

if TYPE_CHECKING:
    from ..models.datasets import Dataset

DatasetArgument = Annotated[
    Path,
    typer.Argument(
        help="Folder of labelled recordings: sessions, BIDS, Alice, DEAP, DREAMER, FACED, "
        "SEED-VII and others, each as its owners publish it."
    ),
]
LayoutOption = Annotated[
    Text,
    typer.Option(
        "--layout",
        help="alice, bids, dasps, deap, deap-original, dreamer, eegmat, faced, seed-vii or "
        "sessions; found out by default.",
    ),
]
LabelsOption = Annotated[
    File,
    typer.Option(
        "--labels", metavar="TABLE", help="A table of labels, where the folder has none."
    ),
]
TrialsOption = Annotated[
    File,
    typer.Option(
        "--trials",
        metavar="TABLE",
        help="What was shown when, for sessions: recording, stimulus, start, stop.",
    ),
]
TargetsOption = Annotated[
    Texts,
    typer.Option(
        "--targets",
        metavar="NAME[:LOW:HIGH[:felt|perceived|stimulus-inferred]]",
        help="What is labelled, separated by commas, for sessions and BIDS folders.",
    ),
]


def open_wanted(
    path: Path,
    layout: str | None,
    labels: Path | None,
    trials: Path | None,
    targets: list[str] | None,
) -> Dataset:
    """Open what these options name.

    Raises
    ------
    SourceError
        If it is no data set that is known, or something it needs was not told.
    """
    from ..models.datasets.opening import Wanted, open_dataset, parse_target

    named = tuple(parse_target(text) for text in split(targets))
    return open_dataset(Wanted(path, layout, labels, trials, named))
