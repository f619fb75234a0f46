"""`explain`: the networks of a model's emotions, from whatever it is let decode."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..decoding import Model, load_model
from ..errors import SetupError
from ..explanation.explaining import ENOUGH_S, About, Explanation, explain
from ..options import Options
from ..words import without_nan
from .explain_watching import Watched, watch

if TYPE_CHECKING:
    from ..explanation.report.tables import Row

TABLE = ".csv"


@dataclass(frozen=True)
class Wanted:
    """What is explained, on what, and where it goes; see the command's options."""

    model: Path | None = None
    on: Path | None = None
    labels: Path | None = None
    layout: str | None = None
    trials: Path | None = None
    targets: tuple[str, ...] = ()
    stream: str | None = None
    baseline: str | None = None
    measure: str | None = None
    shifts: int = 100
    weights: bool = False
    headset: str = "cap32"
    seed: int = 1
    seconds: float = 600.0
    out: Path | None = None
    overwrite: bool = False


def run_explain(wanted: Wanted, as_json: bool, options: Options) -> None:
    """Explain, print, and write what was asked for.

    Raises
    ------
    RtemotionError
        When something cannot be read, does not fit, is too short, or cannot be written.
    """
    if wanted.out is not None:
        from ..explanation.report.writing import check_folder

        check_folder(wanted.out, wanted.overwrite)
    found, more = _explained(wanted, options)
    written: tuple[Path, ...] = ()
    if wanted.out is not None:
        from ..explanation.report import write_report

        written = write_report(found, wanted.out, more)
    if as_json:
        from ..explanation.report import summary

        said = summary(found) | {"files": [str(path) for path in written]}
        sys.stdout.write(json.dumps(without_nan(said), ensure_ascii=False, indent=1) + "\n")
        return
    from .explain_report import show

    show(found)
    if wanted.out is not None:
        sys.stdout.write(f"# wrote {len(written)} files to {wanted.out}\n")


def _explained(wanted: Wanted, options: Options) -> tuple[Explanation, dict[str, Iterator[Row]]]:
    if wanted.model is not None and wanted.model.suffix.lower() == TABLE:
        from ..explanation.networks_file import read_networks

        if wanted.on is not None or wanted.labels is not None or wanted.weights:
            raise SetupError(
                f"{wanted.model} is a table of networks that are known already; --on, --labels "
                "and --weights go with a model file."
            )
        return read_networks(wanted.model, wanted.measure), {}
    model = load_model(wanted.model)
    measure = _measure(model, wanted.measure)
    watched, about = _watched(wanted, options, model, measure)
    first = watched[0]
    about = replace(about, notes=(*about.notes, *_notes(model, watched)))
    features = model.card.features
    of = len(features.bands), len(features.measures) * len(features.connectivity_bands)
    recorded = [one.recorded for one in watched]
    found = explain(about, first.montage, first.groups, recorded, of, wanted.shifts)
    more: dict[str, Iterator[Row]] = {}
    if wanted.weights:
        from ..explanation.report import weight_rows

        more["weights"] = weight_rows(first.weights(model), model.card, first.montage)
    return found, more


def _watched(
    wanted: Wanted, options: Options, model: Model, measure: int
) -> tuple[list[Watched], About]:
    from .explain_opening import opened

    features = model.card.features
    about = About(
        model=model.identity,
        data="",
        emotions=model.card.target_names,
        bands=tuple(features.bands[i].name for i in features.connectivity_bands),
        measure=features.measures[measure],
        seconds=0,
        recordings=0,
    )
    what = opened(wanted, options, model)
    found = (watch(one, measure) for one in what.recordings)
    watched = [one for one in found if one is not None]
    if not watched:
        raise SetupError(
            f"There is not one second of {what.data} with a value: it is shorter than the "
            "model's longest window, or too few channels are usable; see rtemotion check."
        )
    _same_channels(watched)
    return watched, replace(about, data=what.data, notes=what.notes)


def _same_channels(watched: list[Watched]) -> None:
    first = watched[0]
    for one in watched[1:]:
        if one.montage.channels != first.montage.channels:
            raise SetupError(
                f"{one.recorded.name} has other channels than {first.recorded.name}; choose those "
                "that all recordings have with --channels."
            )


def _measure(model: Model, name: str | None) -> int:
    measures = model.card.features.measures
    if name is None:
        return 0
    if name not in measures:
        raise SetupError(
            f"The model knows no connectivity '{name}'; choose one of {', '.join(measures)}."
        )
    return measures.index(name)


def _notes(model: Model, watched: list[Watched]) -> Iterator[str]:
    """Yield what has to be known of the model and of what was decoded."""
    seconds = sum(len(one.recorded.seconds) * one.recorded.seconds.stride for one in watched)
    if seconds < ENOUGH_S:
        yield (
            f"Only {seconds} s with values were decoded; at least five minutes are wanted before "
            "networks say anything."
        )
    shares: dict[str, float] = {}
    for one in watched:
        for reason, share in one.reasons.items():
            shares[reason] = shares.get(reason, 0.0) + share / len(watched)
    for reason, share in sorted(shares.items()):
        yield f"{share:.0%} of the frames were not to be trusted: {reason}."
    if (agreement := model.card.agreement) is not None:
        yield (
            "Contributions of this model are approximate, and so is what leaving out a region "
            f"does: they agree with what resetting does by {agreement.node:.2f} for channels "
            f"and {agreement.edge:.2f} for pairs."
        )
    if not any(one.recorded.labels is not None for one in watched):
        yield (
            "No labels are known: whether what was decoded is true, and so whether these are the "
            "networks of the emotions or of the decoder's errors, cannot be seen here."
        )
