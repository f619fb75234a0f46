"""The verb `features` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import (
    File,
    OverwriteOption,
    Text,
    Texts,
    XdfStreamOption,
    split,
    takes_setup,
)

if TYPE_CHECKING:
    from ..options import Options


@takes_setup
def features(
    options: Options,
    file: Annotated[
        Path,
        typer.Argument(
            help="EDF, BDF, GDF, FIF, BrainVision, EEGLAB, XDF, a text file, a session, or a "
            "folder: all recordings in it and below."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="FILE.h5",
            help="HDF5 file to write; of a folder, the folder for one file a recording.",
            show_default=False,
        ),
    ],
    raw: Annotated[
        bool, typer.Option("--raw", help="Leave the signal as recorded: no filter, no reference.")
    ] = False,
    measures: Annotated[
        Texts,
        typer.Option(
            "--measures",
            help="Connectivity measures, separated by commas: coh, imcoh, plv, ciplv, pli, wpli, "
            "wpli2_debiased, wpli2_lagged, aec (all of these by default), iplv.",
        ),
    ] = None,
    also: Annotated[
        Texts,
        typer.Option(
            "--also",
            help="What else to work out, separated by commas: log, relative, entropy, asymmetry, "
            "aperiodic, spectrum, graph:MEASURE.",
        ),
    ] = None,
    float64: Annotated[
        bool, typer.Option("--float64", help="Keep connectivity in double precision.")
    ] = False,
    stream: XdfStreamOption = None,
    model: Annotated[
        File,
        typer.Option(
            "--model", help="Model whose bands, windows and filters to use; the one that ships."
        ),
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", min=1, help="Of a folder: processes that work side by side.")
    ] = 1,
    scheduler: Annotated[
        Text,
        typer.Option(
            "--scheduler",
            metavar="ADDRESS",
            help="Of a folder: a Dask scheduler whose workers do it, as in tcp://HOST:8786.",
        ),
    ] = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Write power and connectivity of every window of recordings to HDF5 files."""
    from .features import is_folder, run_features, wanted_of

    if not file.exists():
        from ..errors import SourceError

        raise SourceError(
            f"{file} does not exist, expected a recording or a folder of recordings; check the "
            "path."
        )
    folder = is_folder(file)
    if not folder and (jobs > 1 or scheduler is not None):
        raise typer.BadParameter("--jobs and --scheduler go with a folder of recordings alone.")
    if jobs > 1 and scheduler is not None:
        raise typer.BadParameter("--jobs are of this machine, --scheduler has its own workers.")
    wanted = wanted_of(raw, split(measures), split(also), float64, stream, model, options)
    if folder:
        from .features_folder import run_folder

        run_folder(file, out, wanted, jobs, scheduler, overwrite)
        return
    run_features(file, out, wanted, overwrite)
