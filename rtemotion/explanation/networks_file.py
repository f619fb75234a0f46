"""Networks as `--networks` wrote them, read again: patterns without what chance does."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from ..conditioning.channels import positions_of
from ..errors import SourceError
from ..outlets.networks_table import COLUMNS
from ..signal import FloatArray
from .explaining import About, Explanation, Montage, explained
from .learning import Learnt
from .networks import POWER

_NOTE = (
    "These networks come from a table, which holds no outputs: what chance does, halves and "
    "regions are not known, and every band is scaled to the same size over all emotions."
)


def read_networks(path: Path, measure: str | None = None) -> Explanation:
    """Read a table of networks and explain what is in it.

    Parameters
    ----------
    path : Path
        A CSV file with the columns `COLUMNS` and ``model``.
    measure : str, optional
        Of connectivity; the first there is by default.

    Raises
    ------
    SourceError
        When it cannot be read, is another table, or lacks the measure.
    """
    rows = _rows(path)
    measures = list(dict.fromkeys(row["measure"] for row in rows if row["measure"] != POWER))
    if measure is None and measures:
        measure = measures[0]
    if measure not in measures:
        raise SourceError(
            f"{path} has no connectivity {measure or ''}, expected one of "
            f"{', '.join(measures) or 'the measures of a model'}; write it with --networks."
        )
    emotions = tuple(dict.fromkeys(row["emotion"] for row in rows))
    channels = tuple(
        dict.fromkeys(name for row in rows for name in (row["first"], row["second"]) if name)
    )
    montage = Montage.of(channels, positions_of(channels))
    edges = [row for row in rows if row["measure"] == measure]
    nodes = [row for row in rows if row["measure"] == POWER]
    edge_bands = tuple(dict.fromkeys(row["band"] for row in edges))
    node_bands = tuple(dict.fromkeys(row["band"] for row in nodes))
    at = {name: i for i, name in enumerate(channels)}
    number = {(i, j): k for k, (i, j) in enumerate(montage.pairs.tolist())}
    edge = np.full((3, len(emotions), len(edge_bands), len(montage.pairs)), np.nan)
    node = np.full((3, len(emotions), len(node_bands), len(channels)), np.nan)
    for row in edges:
        i, j = at[row["first"]], at[row["second"]]
        place = emotions.index(row["emotion"]), edge_bands.index(row["band"])
        edge[0, *place, number[min(i, j), max(i, j)]] = _value(path, row)
    for row in nodes:
        place = emotions.index(row["emotion"]), node_bands.index(row["band"])
        node[0, *place, at[row["first"]]] = _value(path, row)
    shifted = np.empty((0, *edge.shape), dtype=np.float32)
    about = About(
        model=rows[0]["model"],
        data=str(path),
        emotions=emotions,
        bands=edge_bands,
        measure=measure,
        seconds=0,
        recordings=0,
        notes=(_NOTE,),
    )
    return explained(about, montage, Learnt(_even(node), _even(edge), shifted))


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            names = tuple(reader.fieldnames or ())
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise SourceError(f"The networks in {path} cannot be read: {problem}.") from problem
    missing = [name for name in (*COLUMNS, "model") if name not in names]
    if missing or not rows:
        raise SourceError(
            f"{path} is no table of networks: it has no {', '.join(missing) or 'rows'}; expected "
            "what --networks wrote."
        )
    return rows


def _value(path: Path, row: dict[str, str]) -> float:
    try:
        return float(row["value"])
    except (TypeError, ValueError):
        raise SourceError(
            f"{path} has '{row['value']}' where a number is expected, for {row['emotion']} from "
            f"{row['first']} to {row['second'] or 'nothing'}; write it again with --networks."
        ) from None


def _even(values: FloatArray) -> FloatArray:
    """Return values with a root mean square of 1 in every band."""
    size = np.zeros((1, 1, values.shape[2], 1))
    for band in range(values.shape[2]):
        known = values[:, :, band][np.isfinite(values[:, :, band])]
        size[0, 0, band, 0] = np.sqrt(np.mean(known**2)) if len(known) else 0.0
    return np.asarray(values / np.where(size > 0.0, size, 1.0))
