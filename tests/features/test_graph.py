"""Graph measures agree with networkx, and with values the Brain Connectivity Toolbox gave."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rtemotion.errors import SetupError
from rtemotion.features import graph
from rtemotion.signal import FloatArray

NODE_MEASURES: tuple[Callable[[Any], FloatArray], ...] = (
    graph.strength,
    graph.clustering,
    graph.local_efficiency,
    graph.eigenvector_centrality,
    graph.betweenness_centrality,
)
GRAPH_MEASURES: tuple[Callable[[Any], float], ...] = (
    graph.global_efficiency,
    graph.characteristic_path_length,
    graph.diameter,
)
EVERY = (
    *NODE_MEASURES,
    *GRAPH_MEASURES,
    graph.path_lengths,
    graph.communities,
    graph.maximum_spanning_tree,
)


def symmetric(n: int, upper: FloatArray) -> FloatArray:
    weights = np.zeros((n, n))
    weights[np.triu_indices(n, k=1)] = upper
    return weights + weights.T


@st.composite
def graphs(draw: st.DrawFn, smallest: int = 1) -> FloatArray:
    """Draw weights without ties to speak of, of any density, often in several parts."""
    n = draw(st.integers(smallest, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_pairs = n * (n - 1) // 2
    kept = rng.random(n_pairs) < draw(st.sampled_from([0.0, 0.15, 0.4, 0.8, 1.0]))
    return symmetric(n, np.where(kept, rng.uniform(0.01, 1.0, n_pairs), 0.0))


@st.composite
def graphs_with_ties(draw: st.DrawFn) -> FloatArray:
    """Draw weights 1, 1/2, 1/4, whose lengths add up exactly, so that many paths are as short."""
    n = draw(st.integers(1, 9))
    n_pairs = n * (n - 1) // 2
    upper = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=n_pairs, max_size=n_pairs)
    return symmetric(n, np.array(draw(upper), dtype=float))


# The first call of some functions compiles or imports.
unhurried = settings(deadline=None, max_examples=60)

any_graph = st.one_of(graphs(), graphs_with_ties())


def oracle(weights: FloatArray) -> nx.Graph:
    made = nx.Graph()
    made.add_nodes_from(range(len(weights)))
    for i, j in zip(*np.nonzero(np.triu(weights)), strict=True):
        made.add_edge(int(i), int(j), weight=weights[i, j], length=1.0 / weights[i, j])
    return made


def vector(values: dict[int, float]) -> FloatArray:
    return np.array([values[i] for i in range(len(values))], dtype=float)


def without_edges(weights: FloatArray) -> np.ndarray:
    return ~weights.any(axis=0)


def lengths_by_networkx(made: nx.Graph, weight: str) -> dict[tuple[int, int], float]:
    found = nx.all_pairs_dijkstra_path_length(made, weight=weight)
    return {(i, j): d for i, reached in found for j, d in reached.items() if i != j}


def assert_equal(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


# Agreement with networkx


@given(any_graph)
@unhurried
def test_strength_is_the_weighted_degree(weights: FloatArray) -> None:
    assert_equal(graph.strength(weights), vector(dict(oracle(weights).degree(weight="weight"))))


@given(any_graph)
@unhurried
def test_clustering_is_that_of_networkx_and_nan_without_edges(weights: FloatArray) -> None:
    expected = vector(nx.clustering(oracle(weights), weight="weight"))
    expected[without_edges(weights)] = np.nan
    assert_equal(graph.clustering(weights), expected)


@given(any_graph)
@unhurried
def test_path_lengths_are_those_of_dijkstra(weights: FloatArray) -> None:
    expected = np.full(weights.shape, np.inf)
    np.fill_diagonal(expected, 0.0)
    for pair, length in lengths_by_networkx(oracle(weights), "length").items():
        expected[pair] = length
    assert_equal(graph.path_lengths(weights), expected)


@given(any_graph)
@unhurried
def test_efficiency_length_and_diameter_follow_from_the_path_lengths(weights: FloatArray) -> None:
    n = len(weights)
    lengths = np.array(list(lengths_by_networkx(oracle(weights), "length").values()))
    efficiency = np.sum(1.0 / lengths) / (n * (n - 1)) if n > 1 else np.nan
    assert_equal(graph.global_efficiency(weights), efficiency)
    some = len(lengths) > 0
    assert_equal(graph.characteristic_path_length(weights), lengths.mean() if some else np.nan)
    assert_equal(graph.diameter(weights), lengths.max() if some else np.nan)


@given(any_graph)
@unhurried
def test_local_efficiency_follows_from_paths_among_the_neighbours(weights: FloatArray) -> None:
    made = oracle(weights)
    for i, j in made.edges:
        made[i][j]["root"] = np.cbrt(1.0 / weights[i, j])
    expected = np.where(without_edges(weights), np.nan, 0.0)
    for channel in made:
        near = list(made[channel])
        if len(near) > 1:
            among = lengths_by_networkx(made.subgraph(near), "root")
            total = sum(
                np.cbrt(weights[channel, i] * weights[channel, j]) / length
                for (i, j), length in among.items()
            )
            expected[channel] = total / (len(near) * (len(near) - 1))
    assert_equal(graph.local_efficiency(weights), expected)


@given(any_graph)
@unhurried
def test_betweenness_is_that_of_networkx(weights: FloatArray) -> None:
    expected = vector(nx.betweenness_centrality(oracle(weights), weight="length"))
    assert_equal(graph.betweenness_centrality(weights), expected)


@given(graphs(smallest=3))
@unhurried
def test_eigenvector_centrality_is_that_of_networkx(weights: FloatArray) -> None:
    made = oracle(weights)
    assume(nx.is_connected(made))
    expected = vector(nx.eigenvector_centrality_numpy(made, weight="weight"))
    assert_equal(graph.eigenvector_centrality(weights), expected)


@given(any_graph)
@unhurried
def test_eigenvector_centrality_is_an_eigenvector_of_the_largest_eigenvalue(
    weights: FloatArray,
) -> None:
    found = graph.eigenvector_centrality(weights)
    np.testing.assert_array_equal(np.isnan(found), without_edges(weights))
    assume(weights.any())
    vector = np.nan_to_num(found)
    assert vector.min() >= 0.0
    assert_equal(np.linalg.norm(vector), 1.0)
    assert_equal(weights @ vector, np.linalg.eigvalsh(weights)[-1] * vector)


@given(any_graph, st.data())
@unhurried
def test_modularity_is_that_of_networkx_for_any_partition(
    weights: FloatArray, data: st.DataObject
) -> None:
    n = len(weights)
    labels = np.array(data.draw(st.lists(st.integers(-2, 2), min_size=n, max_size=n)))
    parts = [set(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)]
    some = weights.any()
    expected = nx.community.modularity(oracle(weights), parts) if some else np.nan
    assert_equal(graph.modularity(weights, labels), expected)


@given(graphs())
@unhurried
def test_communities_reach_the_modularity_that_networkx_reaches(weights: FloatArray) -> None:
    assume(weights.any())
    made = oracle(weights)
    parts = nx.community.greedy_modularity_communities(made, weight="weight")
    labels = graph.communities(weights)
    expected = nx.community.modularity(made, parts)
    assert_equal(graph.modularity(weights, labels), expected)


@given(any_graph)
@unhurried
def test_the_spanning_tree_weighs_as_much_as_that_of_networkx(weights: FloatArray) -> None:
    tree = graph.maximum_spanning_tree(weights)
    expected = nx.maximum_spanning_tree(oracle(weights))
    assert_equal(tree.sum() / 2.0, expected.size(weight="weight"))
    np.testing.assert_array_equal(tree[tree > 0.0], weights[tree > 0.0])
    np.testing.assert_array_equal(tree, tree.T)
    assert nx.is_forest(oracle(tree))
    assert nx.number_of_edges(oracle(tree)) == nx.number_of_edges(expected)


def test_64_channels_agree_as_well() -> None:
    weights = symmetric(64, np.random.default_rng(1).uniform(0.01, 1.0, 64 * 63 // 2))
    made = oracle(weights)
    expected = vector(nx.betweenness_centrality(made, weight="length"))
    assert_equal(graph.betweenness_centrality(weights), expected)
    parts = nx.community.greedy_modularity_communities(made, weight="weight")
    found = graph.modularity(weights, graph.communities(weights))
    assert_equal(found, nx.community.modularity(made, parts))


def test_values_are_those_of_the_brain_connectivity_toolbox() -> None:
    # Computed once with bctpy 0.6.1, to 12 digits.
    upper = [0.9, 0.35, 0, 0.12, 0.05, 0.6, 0.25, 0, 0.4, 0.7, 0.15, 0, 0.55, 0.3, 0.8]
    weights = symmetric(6, np.array(upper))
    assert_equal(graph.global_efficiency(weights), 0.432936181824)
    local = [0.247841820513, 0.349099932446, 0.335835381858]
    local += [0.353992691134, 0.266017813983, 0.264709763515]
    assert_equal(graph.local_efficiency(weights), local)
    cluster = [0.220246574511, 0.299712248681, 0.299420542691]
    cluster += [0.310775497818, 0.231309823648, 0.231601529638]
    assert_equal(graph.clustering(weights), cluster)
    # That toolbox counts every ordered pair.
    assert_equal(graph.betweenness_centrality(weights) * 20, [0, 10, 4, 2, 2, 4])
    assert_equal(graph.characteristic_path_length(weights), 2.83718133718)
    assert_equal(graph.diameter(weights), 4.86111111111)
    leading = [0.372358610014, 0.484521997265, 0.439725051844]
    leading += [0.419751353784, 0.359113708536, 0.357876408601]
    assert_equal(graph.eigenvector_centrality(weights), leading)
    assert_equal(graph.modularity(weights, [1, 1, 1, 2, 2, 2]), 0.17623433811342779)


# Laws


@given(graphs(), st.randoms(use_true_random=False))
@unhurried
def test_the_order_of_channels_does_not_matter(weights: FloatArray, random: Any) -> None:
    order = np.array(random.sample(range(len(weights)), len(weights)))
    permuted = weights[np.ix_(order, order)]
    for measure in NODE_MEASURES:
        assert_equal(measure(permuted), measure(weights)[order])
    for measure in GRAPH_MEASURES:
        assert_equal(measure(permuted), measure(weights))
    for matrix in (graph.path_lengths, graph.maximum_spanning_tree):
        assert_equal(matrix(permuted), matrix(weights)[np.ix_(order, order)])
    together = graph.communities(weights)[order]
    found = graph.communities(permuted)
    np.testing.assert_array_equal(found[:, None] == found, together[:, None] == together)


@given(graphs_with_ties(), st.randoms(use_true_random=False))
@unhurried
def test_the_order_of_channels_does_not_matter_to_centralities_under_ties(
    weights: FloatArray, random: Any
) -> None:
    order = np.array(random.sample(range(len(weights)), len(weights)))
    # Thirds, so that the lengths of equally short paths differ by rounding.
    weights = weights / 3.0 * 0.7
    permuted = weights[np.ix_(order, order)]
    for measure in NODE_MEASURES:
        assert_equal(measure(permuted), measure(weights)[order])


@given(any_graph)
@unhurried
def test_nothing_is_written_into_the_weights(weights: FloatArray) -> None:
    weights.flags.writeable = False
    for measure in EVERY:
        measure(weights)


@given(graphs(), st.floats(0.01, 100.0))
@unhurried
def test_a_gain_scales_strength_and_efficiency_and_nothing_else(
    weights: FloatArray, gain: float
) -> None:
    for measure in (graph.clustering, graph.eigenvector_centrality, graph.betweenness_centrality):
        assert_equal(measure(gain * weights), measure(weights))
    for measure in (graph.strength, graph.global_efficiency, graph.local_efficiency):
        assert_equal(np.divide(measure(gain * weights), gain), measure(weights))


# Small and special graphs


def test_a_single_channel_has_no_network() -> None:
    alone = np.zeros((1, 1))
    assert graph.strength(alone) == 0.0
    assert graph.betweenness_centrality(alone) == 0.0
    for measure in (graph.clustering, graph.local_efficiency, graph.eigenvector_centrality):
        assert np.isnan(measure(alone)).all()
    assert np.isnan([measure(alone) for measure in GRAPH_MEASURES]).all()
    assert np.isnan(graph.modularity(alone, [0]))
    assert graph.communities(alone).tolist() == [0]
    assert graph.maximum_spanning_tree(alone).tolist() == [[0.0]]


def test_two_channels_are_one_edge() -> None:
    pair = symmetric(2, np.array([0.25]))
    assert graph.strength(pair).tolist() == [0.25, 0.25]
    assert graph.clustering(pair).tolist() == [0.0, 0.0]
    assert graph.local_efficiency(pair).tolist() == [0.0, 0.0]
    assert graph.betweenness_centrality(pair).tolist() == [0.0, 0.0]
    assert_equal(graph.eigenvector_centrality(pair), [0.5**0.5, 0.5**0.5])
    assert graph.global_efficiency(pair) == 0.25
    assert graph.characteristic_path_length(pair) == graph.diameter(pair) == 4.0
    assert graph.communities(pair).tolist() == [0, 0]


def test_equal_weights_make_every_channel_equal() -> None:
    weights = symmetric(7, np.full(21, 0.3))
    assert_equal(graph.clustering(weights), np.ones(7))
    assert_equal(graph.betweenness_centrality(weights), np.zeros(7))
    assert_equal(graph.eigenvector_centrality(weights), np.full(7, 7**-0.5))
    assert_equal(graph.global_efficiency(weights), 0.3)
    assert graph.communities(weights).tolist() == [0] * 7


def test_all_paths_of_a_star_lead_over_its_centre() -> None:
    weights = np.zeros((6, 6))
    weights[2, :] = weights[:, 2] = 0.5
    weights[2, 2] = 0.0
    assert_equal(graph.betweenness_centrality(weights), [0, 0, 1, 0, 0, 0])


def test_equally_short_paths_share_betweenness_although_their_sums_differ_by_rounding() -> None:
    # From 0 to 5 over 1 and 2, or over 3 and 4: 0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1.
    tenths = {(0, 1): 1, (1, 2): 2, (2, 5): 3, (0, 3): 3, (3, 4): 2, (4, 5): 1}
    weights = np.zeros((6, 6))
    exact = nx.Graph()
    for (i, j), length in tenths.items():
        weights[i, j] = weights[j, i] = 1.0 / (length / 10)
        exact.add_edge(i, j, length=length)
    expected = vector(nx.betweenness_centrality(exact, weight="length"))
    assert_equal(graph.betweenness_centrality(weights), expected)


def test_two_blocks_are_two_communities_the_larger_first() -> None:
    weights = np.full((7, 7), 0.01)
    weights[:3, :3] = weights[3:, 3:] = 0.9
    np.fill_diagonal(weights, 0.0)
    assert graph.communities(weights).tolist() == [1, 1, 1, 0, 0, 0, 0]


def test_two_equal_parts_share_eigenvector_centrality() -> None:
    weights = np.kron(np.eye(2), symmetric(3, np.array([0.5, 0.5, 0.5])))
    assert_equal(graph.eigenvector_centrality(weights), np.full(6, 6**-0.5))


def test_the_weaker_of_two_parts_has_no_eigenvector_centrality() -> None:
    weights = np.kron(np.diag([1.0, 0.9]), symmetric(3, np.array([0.5, 0.5, 0.5])))
    assert_equal(graph.eigenvector_centrality(weights), [3**-0.5] * 3 + [0.0] * 3)


def test_a_weight_of_rounding_size_opens_no_path() -> None:
    weights = symmetric(3, np.array([0.5, 1e-17, 0.0]))
    assert graph.path_lengths(weights)[0, 2] == np.inf
    assert graph.diameter(weights) == 2.0
    assert graph.betweenness_centrality(weights).tolist() == [0.0, 0.0, 0.0]


# From pairs to a graph


@given(any_graph, st.randoms(use_true_random=False))
@unhurried
def test_the_order_and_direction_of_pairs_does_not_matter(
    weights: FloatArray, random: Any
) -> None:
    n = len(weights)
    pairs = [random.sample(pair, 2) for pair in itertools.combinations(range(n), 2)]
    random.shuffle(pairs)
    pairs = np.array(pairs, dtype=int).reshape(-1, 2)
    values = weights[pairs[:, 0], pairs[:, 1]]
    np.testing.assert_array_equal(graph.adjacency(values, pairs, n), weights)


def test_signs_are_dropped_or_negative_values_left_out_and_masked_pairs_are_no_edge() -> None:
    pairs = [[0, 1], [0, 2], [1, 2], [2, 3]]
    values = [-0.5, 0.25, np.nan, np.nan]
    magnitudes = graph.adjacency(values, pairs, 4)
    assert magnitudes[0].tolist() == [0.0, 0.5, 0.25, 0.0]
    assert not magnitudes[3].any()
    assert magnitudes[1, 2] == 0.0
    positive = graph.adjacency(values, pairs, 4, signed="positive")
    assert positive[0].tolist() == [0.0, 0.0, 0.25, 0.0]


@pytest.mark.parametrize(
    ("values", "pairs", "said"),
    [
        ([0.1, 0.2], [[0, 1]], "shape"),
        ([[0.1]], [[0, 1]], "one measure and one band"),
        ([np.inf], [[0, 1]], "inf in pair 0"),
        ([0.1], [[0, 3]], "from 0 to 2"),
        ([0.1], [[-1, 0]], "from 0 to 2"),
        ([0.1], [[1, 1]], "two different channels"),
        ([0.1, 0.2], [[0, 1], [1, 0]], "listed twice"),
    ],
)
def test_pairs_that_do_not_fit_are_refused(values: Any, pairs: Any, said: str) -> None:
    with pytest.raises(SetupError, match=said):
        graph.adjacency(values, pairs, 3)


def test_an_unknown_way_with_signs_is_refused() -> None:
    with pytest.raises(SetupError, match="'absolute' or 'positive', got 'negative'"):
        graph.adjacency([0.1], [[0, 1]], 2, signed="negative")  # type: ignore[arg-type]


# What is no graph


@pytest.mark.parametrize("measure", EVERY)
@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([[0.0, -0.5], [-0.5, 0.0]], "not be negative, got -0.5"),
        ([[0.0, 0.5], [0.4, 0.0]], "symmetric, got entries 0.1 apart"),
        ([[0.0, np.nan], [np.nan, 0.0]], "must be finite"),
        ([[0.0, np.inf], [np.inf, 0.0]], "must be finite"),
        ([[1.0, 0.5], [0.5, 1.0]], "zero on the diagonal"),
        ([[0.0, 0.5, 0.1], [0.5, 0.0, 0.1]], r"shape \(n, n\), got \(2, 3\)"),
        (np.zeros((0, 0)), r"got \(0, 0\)"),
    ],
)
def test_a_matrix_that_is_no_graph_is_refused(measure: Any, weights: Any, said: str) -> None:
    with pytest.raises(SetupError, match=said):
        measure(weights)


def test_asymmetry_of_rounding_size_is_evened_out() -> None:
    weights = symmetric(4, np.random.default_rng(0).uniform(0.1, 1.0, 6))
    rounded = weights + np.triu(np.full((4, 4), 1e-12), k=1)
    tree = graph.maximum_spanning_tree(rounded)
    np.testing.assert_array_equal(tree, tree.T)
    assert_equal(tree, graph.maximum_spanning_tree(weights))
    np.testing.assert_array_equal(graph.strength(rounded), graph.strength(rounded.T))


def test_a_partition_of_other_channels_is_refused() -> None:
    with pytest.raises(SetupError, match=r"expected shape \(3,\), got \(2,\)"):
        graph.modularity(np.zeros((3, 3)), [0, 1])


def test_graph_and_power_do_without_mne() -> None:
    said = "import sys, rtemotion.features.graph, rtemotion.features.power; "
    said += "sys.exit('mne' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", said], check=False).returncode == 0
