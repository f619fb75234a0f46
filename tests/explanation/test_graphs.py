"""Graphs of emotions: measures as networkx has them, and a distance that looks at where."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rtemotion.explanation.graphs import (
    degrees,
    distances,
    graph_of,
    jaccard_distance,
    measures_of,
    over_bands,
)
from rtemotion.signal import FloatArray

N = 7
PAIRS = np.stack(np.triu_indices(N, k=1), axis=1)
values_of = arrays(
    np.float64, len(PAIRS), elements=st.floats(-2.0, 2.0).filter(lambda x: abs(x) > 1e-3)
)


def as_networkx(weights: FloatArray) -> nx.Graph:
    graph = nx.Graph()
    for i, j in PAIRS.tolist():
        graph.add_edge(i, j, weight=weights[i, j], length=1.0 / weights[i, j])
    return graph


@settings(max_examples=25, deadline=None)
@given(values_of)
def test_every_measure_is_that_of_networkx_on_the_magnitudes(values: FloatArray) -> None:
    found = graph_of("joy", "alpha", values, PAIRS, N)
    graph = as_networkx(found.weights)
    mean = np.abs(values).mean()
    lengths = dict(nx.all_pairs_dijkstra_path_length(graph, weight="length"))
    between = [lengths[i][j] for i, j in PAIRS.tolist()]
    assert found.measures["mean weight"] == pytest.approx(mean)
    assert found.measures["global efficiency"] == pytest.approx(
        np.mean(1 / np.array(between)) / mean
    )
    assert found.measures["diameter"] == pytest.approx(max(between) * mean)
    parts = nx.community.greedy_modularity_communities(graph, weight="weight")
    q = nx.community.modularity(graph, parts, weight="weight")
    assert found.measures["modularity"] >= q - 0.02
    np.testing.assert_allclose(found.degree, [graph.degree(i, "weight") for i in range(N)])
    wanted = nx.betweenness_centrality(graph, weight="length")
    np.testing.assert_allclose(found.betweenness, [wanted[i] for i in range(N)], atol=1e-9)
    tree = nx.maximum_spanning_tree(graph, weight="weight")
    assert found.tree.sum() / 2 == pytest.approx(tree.size("weight"))
    np.testing.assert_allclose(degrees(values, PAIRS, N), found.degree)


def test_a_clearer_network_of_the_same_arrangement_has_the_same_measures() -> None:
    weights = graph_of("joy", "alpha", np.arange(1.0, 22.0), PAIRS, N).weights
    once, thrice = measures_of(weights), measures_of(3.0 * weights)
    assert thrice.pop("mean weight") == pytest.approx(3.0 * once.pop("mean weight"))
    assert thrice == pytest.approx(once)


def test_pairs_that_are_not_known_are_no_edge() -> None:
    values = np.ones(len(PAIRS))
    values[(PAIRS == 0).any(axis=1)] = np.nan
    found = graph_of("joy", "alpha", values, PAIRS, N)
    assert found.degree[0] == 0.0
    assert np.count_nonzero(found.tree) == 2 * (N - 2)


def test_bands_are_put_together_by_their_root_mean_square_of_what_is_known() -> None:
    edge = np.array([[3.0, 1.0, np.nan], [-4.0, np.nan, np.nan]])
    np.testing.assert_allclose(over_bands(edge), [np.sqrt(12.5), 1.0, np.nan])


@settings(max_examples=50, deadline=None)
@given(values_of, values_of, st.floats(0.01, 100.0))
def test_the_distance_is_a_weighted_jaccard_distance_of_what_is_where(
    a: FloatArray, b: FloatArray, gain: float
) -> None:
    x, y = np.abs(a) / np.abs(a).sum(), np.abs(b) / np.abs(b).sum()
    wanted = 1.0 - np.minimum(x, y).sum() / np.maximum(x, y).sum()
    assert jaccard_distance(a, b) == pytest.approx(wanted, abs=1e-12)
    assert jaccard_distance(b, a) == pytest.approx(wanted, abs=1e-12)
    assert jaccard_distance(a, -gain * a) == pytest.approx(0.0, abs=1e-12)


def test_networks_without_a_common_edge_are_as_far_apart_as_can_be() -> None:
    edge = np.zeros((2, 2, 3))
    edge[0, 0, 1], edge[1, 1, 1] = 1.0, 5.0
    np.testing.assert_allclose(distances(edge, edge), [[0.0, 1.0], [1.0, 0.0]])


def test_no_network_has_no_distance() -> None:
    assert np.isnan(jaccard_distance(np.zeros(3), np.ones(3)))
