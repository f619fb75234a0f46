"""What a record's features stand against: rest, population, and the slow context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..decoding.card import PopulationReference
from ..decoding.context import ContextPolicy, SlowContext
from ..features import FeatureSchema
from ..signal import FloatArray
from .simulated import Record


def population_of(records: Sequence[Record]) -> PopulationReference:
    """Return the mean rest over people, each person's channels and pairs averaged first."""
    power = np.mean([_used_mean(r.rest_power, r.mask) for r in records], axis=0)
    edges = np.mean([np.nanmean(r.rest_connectivity, axis=2) for r in records], axis=0)
    # Signed measures turn with the pair and average to nothing in particular.
    edges[0] = 0.0
    return PopulationReference(
        tuple(float(x) for x in power), tuple(tuple(float(x) for x in row) for row in edges)
    )


def _used_mean(power: NDArray[np.float32], mask: NDArray[np.float32]) -> FloatArray:
    return np.asarray(power[:, mask > 0.5].mean(axis=1), dtype=np.float64)


def contexts_of(
    record: Record,
    population: PopulationReference,
    policy: ContextPolicy | None,
    schema: FeatureSchema,
) -> tuple[FloatArray, tuple[int, ...]]:
    """Return the contexts of a recording, and the frame each holds from.

    Returns
    -------
    array, shape (n_contexts, n_context, n_channels)
        Rest against the population, then `SlowContext.rows`.
    tuple of int
        Where each starts, and the number of frames last.
    """
    rest = record.rest_power - np.asarray(population.log_power)[:, None]
    rest = np.where((record.mask > 0.5) & np.isfinite(rest), rest, 0.0)
    n = len(record.truth)
    if policy is None:
        return rest[None], (0, n)
    slow = SlowContext(policy, schema, record.pairs, len(record.mask))
    found, starts = [np.concatenate([rest, slow.rows])], [0]
    for frame in range(n - 1):
        features = record.power[frame], record.connectivity[frame]
        if slow.add(*(x.astype(np.float64) for x in features)):
            found.append(np.concatenate([rest, np.where(record.mask > 0.5, slow.rows, 0.0)]))
            # What is known at the end of a frame serves from the next one on.
            starts.append(frame + 1)
    return np.array(found), (*starts, n)


def without_baseline(record: Record, population: PopulationReference) -> Record:
    """Return a record as it would be had nobody asked the person to rest."""
    power = np.asarray(population.log_power, dtype=np.float32)[:, None]
    edges = np.asarray(population.connectivity, dtype=np.float32)[:, :, None]
    used = record.mask > 0.5
    pair_used = used[record.pairs[:, 0]] & used[record.pairs[:, 1]]
    off_power = np.where(used, record.rest_power - power, 0.0)
    off_edges = np.nan_to_num(np.where(pair_used, record.rest_connectivity - edges, 0.0))
    return replace(
        record,
        power=(record.power + off_power).astype(np.float16),
        connectivity=(record.connectivity + off_edges).astype(np.float16),
        rest_power=np.broadcast_to(power, record.rest_power.shape),
        rest_connectivity=np.broadcast_to(edges, record.rest_connectivity.shape),
    )
