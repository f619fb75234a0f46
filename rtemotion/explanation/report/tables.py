"""Emotions' networks as rows of tables, chance beside every number."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from ...decoding.card import ModelCard
from ...decoding.model import Weights
from ..chance import p_value, quantile
from ..explaining import Explanation, Montage
from ..graphs import ALL_BANDS
from ..learning import WHOLE
from ..networks import POWER

Row = dict[str, Any]

_SHOWN = 5


def emotion_rows(found: Explanation) -> Iterator[Row]:
    """Yield one row an emotion: how firm its network is, and how much of it exceeds chance."""
    chance, whole = found.chance, _whole(found)
    for e, emotion in enumerate(found.about.emotions):
        edges = np.abs(found.learnt.edge[WHOLE, e])
        yield {
            "emotion": emotion,
            "seconds": found.about.seconds,
            "recordings": found.about.recordings,
            "halves_correlation": float(found.stability.halves[e]),
            "halves_by_chance_95": float(quantile(chance.stability, 0.95)[e]),
            "halves_p": p_value(found.stability.halves[e], chance.stability[:, e]),
            "recordings_correlation": float(found.agreement[e]),
            "labels_correlation": float(found.truth[0, e]),
            "labels_by_chance_95": float(quantile(found.truth[1:, e], 0.95)),
            "channels_above_chance": _count(found.graph(emotion).degree, chance.degree_limit[e]),
            "edges_above_chance": _count(edges, chance.edge_limit[e]),
            "edges": int(np.isfinite(edges).sum()),
            "concordance": whole.get(emotion, math.nan),
        }


def edge_rows(found: Explanation) -> Iterator[Row]:
    """Yield one row for every emotion, band and pair; then the same over all bands."""
    channels, pairs = found.montage.channels, found.montage.pairs
    for e, emotion in enumerate(found.about.emotions):
        limit = found.chance.edge_limit[e]
        for b, band in enumerate((*found.about.bands, ALL_BANDS)):
            graph = found.graph(emotion, band)
            values = graph.weights[pairs[:, 0], pairs[:, 1]]
            if band != ALL_BANDS:
                values = found.learnt.edge[WHOLE, e, b]
            in_tree = graph.tree[pairs[:, 0], pairs[:, 1]] > 0.0
            for p in np.flatnonzero(np.isfinite(values)).tolist():
                known = band != ALL_BANDS and math.isfinite(limit)
                yield {
                    "emotion": emotion,
                    "band": band,
                    "first": channels[pairs[p, 0]],
                    "second": channels[pairs[p, 1]],
                    "pattern": float(values[p]),
                    "in_tree": bool(in_tree[p]),
                    "above_chance": bool(abs(values[p]) > limit) if known else "",
                }


def node_rows(found: Explanation) -> Iterator[Row]:
    """Yield one row for every emotion, band and channel; chance is known over all bands."""
    montage = found.montage
    for e, emotion in enumerate(found.about.emotions):
        for band in (ALL_BANDS, *found.about.bands):
            graph = found.graph(emotion, band)
            shifted = found.chance.degree[:, e]
            if band != ALL_BANDS:
                shifted = shifted[:0]
            middle, high = quantile(shifted, 0.5), quantile(shifted, 0.95)
            for c, channel in enumerate(montage.channels):
                yield {
                    "emotion": emotion,
                    "band": band,
                    "channel": channel,
                    "region": montage.regions[c],
                    "degree": float(graph.degree[c]),
                    "degree_by_chance": float(middle[c]),
                    "degree_by_chance_95": float(high[c]),
                    "degree_p": p_value(graph.degree[c], shifted[:, c]),
                    "betweenness": float(graph.betweenness[c]),
                    "community": int(graph.community[c]),
                    "tree_degree": int(np.count_nonzero(graph.tree[c])),
                }


def measure_rows(found: Explanation) -> Iterator[Row]:
    """Yield one row for every emotion, band and measure of the whole graph."""
    for e, emotion in enumerate(found.about.emotions):
        for band in (ALL_BANDS, *found.about.bands):
            for name, value in found.graph(emotion, band).measures.items():
                shifted = found.chance.measures[name][:, e]
                if band != ALL_BANDS:
                    shifted = shifted[:0]
                low, middle, high = (float(quantile(shifted, q)) for q in (0.05, 0.5, 0.95))
                yield {
                    "emotion": emotion,
                    "band": band,
                    "measure": name,
                    "value": value,
                    "by_chance_05": low,
                    "by_chance": middle,
                    "by_chance_95": high,
                    "p": p_value(value, shifted),
                }


def distance_rows(found: Explanation) -> Iterator[Row]:
    """Yield one row for every two emotions."""
    stability, chance, names = found.stability, found.chance, found.about.emotions
    own = np.diag(stability.across)
    for i, j in zip(*np.triu_indices(len(names), 1), strict=True):
        yield {
            "first": names[i],
            "second": names[j],
            "distance": float(stability.distance[i, j]),
            "distance_by_chance": float(quantile(chance.distance, 0.5)[i, j]),
            "between_halves": float(stability.across[i, j]),
            "each_from_itself": float(0.5 * (own[i] + own[j])),
            "separation": float(stability.separation[i, j]),
            "separation_by_chance_95": float(quantile(chance.separation, 0.95)[i, j]),
            "separation_p": p_value(stability.separation[i, j], chance.separation[:, i, j]),
        }


def region_rows(found: Explanation) -> Iterator[Row]:
    """Yield one row for every emotion and region that was left out."""
    of_channel, of_pair = found.features_of
    for one in found.left_out:
        features = one.channels * of_channel + one.pairs * of_pair
        row = asdict(one) | {"loss": one.loss, "features": features}
        row["against"] = "labels" if found.labelled else "the whole output"
        yield row


TABLES: Mapping[str, Callable[[Explanation], Iterator[Row]]] = {
    "emotions": emotion_rows,
    "edges": edge_rows,
    "nodes": node_rows,
    "measures": measure_rows,
    "distances": distance_rows,
    "regions": region_rows,
}
"""What each table holds, by its file's name."""


def weight_rows(weights: Weights, card: ModelCard, montage: Montage) -> Iterator[Row]:
    """Yield a model's weights: what inputs are multiplied with, which is no map of the brain."""
    bands = [band.name for band in card.features.bands]
    nodes = [(name, "") for name in montage.channels]
    edges = [(montage.channels[i], montage.channels[j]) for i, j in montage.pairs.tolist()]
    edge_bands = [bands[i] for i in card.features.connectivity_bands]
    parts = [(POWER, bands, nodes, weights.node)]
    parts += [
        (measure, edge_bands, edges, weights.edge[:, m])
        for m, measure in enumerate(card.features.measures)
    ]
    for measure, names, places, values in parts:
        for (e, b, place), value in np.ndenumerate(values):
            first, second = places[place]
            yield {
                "emotion": card.target_names[e],
                "measure": measure,
                "band": names[b],
                "first": first,
                "second": second,
                "weight": float(value),
            }


def strongest_channels(found: Explanation, emotion: str, k: int = _SHOWN) -> list[str]:
    """Return the channels of largest degree, those above chance with a star."""
    degree = found.graph(emotion).degree
    limit = found.chance.degree_limit[found.about.emotions.index(emotion)]
    return [
        found.montage.channels[c] + "*" * bool(degree[c] > limit)
        for c in np.argsort(-degree, kind="stable")[:k].tolist()
    ]


def strongest_edges(found: Explanation, emotion: str, k: int = _SHOWN) -> list[Row]:
    """Return the edges of largest magnitude in any band."""
    rows = (row for row in edge_rows(found) if row["emotion"] == emotion)
    own = [row for row in rows if row["band"] != ALL_BANDS]
    return sorted(own, key=lambda row: -abs(row["pattern"]))[:k]


def summary(found: Explanation) -> dict[str, Any]:
    """Return everything but single edges and channels, as JSON holds it."""
    about = asdict(found.about)
    emotions = []
    for row in emotion_rows(found):
        name = row["emotion"]
        measures = [
            {key: value for key, value in m.items() if key not in ("emotion", "band")}
            for m in measure_rows(found)
            if m["emotion"] == name and m["band"] == ALL_BANDS
        ]
        emotions.append(
            row
            | {
                "strongest_channels": [c.rstrip("*") for c in strongest_channels(found, name)],
                "strongest_edges": [
                    {key: edge[key] for key in ("band", "first", "second", "pattern")}
                    for edge in strongest_edges(found, name)
                ],
                "measures": measures,
            }
        )
    return {
        "about": about,
        "channels": list(found.montage.channels),
        "shifts": len(found.learnt.shifted),
        "emotions": emotions,
        "distances": list(distance_rows(found)),
        "regions": list(region_rows(found)),
    }


def _whole(found: Explanation) -> dict[str, float]:
    return {one.emotion: one.whole for one in found.left_out} if found.labelled else {}


def _count(values: Any, limit: float) -> int | str:
    return int(np.count_nonzero(values > limit)) if math.isfinite(limit) else ""
