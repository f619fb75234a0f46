"""Networks of emotions as they are looked at: edges, matrices, rows of a table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rtemotion.errors import SetupError
from rtemotion.explanation import Edge, EmotionNetworks

CHANNELS = ("Fz", "Cz", "Pz")


@pytest.fixture
def networks() -> EmotionNetworks:
    """Two emotions, three channels: joy's imaginary coherence is largest in theta."""
    edge = np.zeros((2, 2, 2, 3))
    edge[0, 0] = [[0.4, -0.8, np.nan], [0.1, 0.2, -0.3]]
    edge[0, 1] = [[0.01, 0.02, 0.03], [0.06, 0.05, 0.04]]
    return EmotionNetworks(
        emotions=("joy", "fear"),
        bands=("delta", "theta", "alpha"),
        connectivity_bands=("theta", "alpha"),
        measures=("imcoh", "wpli2_lagged"),
        antisymmetric=(True, False),
        pairs=np.array([[0, 1], [0, 2], [1, 2]]),
        node=np.arange(18.0).reshape(2, 3, 3),
        edge=edge,
        emotion_spread=np.array([0.1, 0.2]),
        node_spread=np.array([1.0, 2.0, 4.0]),
        edge_spread=np.array([[0.2, 0.05], [0.01, 0.02]]),
        seconds=400,
        effective_seconds=380.0,
        known=True,
    )


def test_the_strongest_edges_come_first_with_their_signs(networks: EmotionNetworks) -> None:
    found = networks.strongest("joy", "alpha", k=2)
    assert found == (Edge(1, 2, "alpha", -0.3), Edge(0, 2, "alpha", 0.2))
    assert [edge.sign for edge in found] == [-1, 1]


def test_unknown_edges_are_never_among_the_strongest(networks: EmotionNetworks) -> None:
    assert [edge.value for edge in networks.strongest("joy", "theta")] == [-0.8, 0.4]
    assert networks.strongest("joy", "theta", k=0) == ()


def test_standardised_networks_rank_edges_of_unequally_noisy_bands(
    networks: EmotionNetworks,
) -> None:
    assert [edge.band for edge in networks.strongest("joy", k=3)] == ["theta", "theta", "alpha"]
    best = networks.standardised().strongest("joy", k=1)[0]
    assert (best.first, best.second, best.band) == (1, 2, "alpha")
    assert best.value == pytest.approx(-0.3 * 0.1 / 0.05)


def test_standardising_again_changes_nothing(networks: EmotionNetworks) -> None:
    once = networks.standardised()
    np.testing.assert_array_equal(once.standardised().edge, once.edge)
    np.testing.assert_array_equal(once.standardised().node, once.node)


def test_what_never_moved_has_no_standardised_pattern(networks: EmotionNetworks) -> None:
    still = replace(networks, edge=0.0 * networks.edge, edge_spread=np.zeros((2, 2)))
    assert np.isnan(still.standardised().edge).all()


def test_imaginary_coherence_is_turned_over_when_mirrored(networks: EmotionNetworks) -> None:
    matrix = networks.matrix("joy", "alpha")
    np.testing.assert_array_equal(matrix, [[0, 0.1, 0.2], [-0.1, 0, -0.3], [-0.2, 0.3, 0]])


def test_unsigned_measures_are_mirrored_as_they_are(networks: EmotionNetworks) -> None:
    matrix = networks.matrix("joy", "alpha", "wpli2_lagged")
    np.testing.assert_array_equal(matrix, [[0, 0.06, 0.05], [0.06, 0, 0.04], [0.05, 0.04, 0]])


def test_a_table_holds_all_that_is_known(networks: EmotionNetworks) -> None:
    rows = list(networks.rows(CHANNELS))
    nodes = [row for row in rows if row["measure"] == "power"]
    assert len(nodes) == networks.node.size
    assert len(rows) - len(nodes) == networks.edge.size - 1
    assert nodes[4] == {
        "emotion": "joy",
        "measure": "power",
        "band": "theta",
        "first": "Cz",
        "second": "",
        "value": 4.0,
    }
    assert {
        "emotion": "joy",
        "measure": "imcoh",
        "band": "alpha",
        "first": "Cz",
        "second": "Pz",
        "value": -0.3,
    } in rows


def test_a_table_needs_a_name_for_every_channel(networks: EmotionNetworks) -> None:
    with pytest.raises(SetupError, match="3 channels, but 2 names"):
        next(networks.rows(CHANNELS[:2]))


@pytest.mark.parametrize(
    ("emotion", "band", "measure", "listed"),
    [
        ("envy", "alpha", None, "joy, fear"),
        ("joy", "delta", None, "theta, alpha"),
        ("joy", "alpha", "coh", "imcoh, wpli2_lagged"),
    ],
)
def test_what_there_is_is_listed_when_something_else_is_asked_for(
    networks: EmotionNetworks, emotion: str, band: str, measure: str | None, listed: str
) -> None:
    with pytest.raises(SetupError, match=listed):
        networks.strongest(emotion, band, measure)
    with pytest.raises(SetupError, match=listed):
        networks.matrix(emotion, band, measure)


def test_a_negative_number_of_edges_is_refused(networks: EmotionNetworks) -> None:
    with pytest.raises(SetupError, match="0 or more, got -1"):
        networks.strongest("joy", "alpha", k=-1)
