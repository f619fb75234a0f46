"""Deleting what is said to matter costs the truth only where it is true."""

import numpy as np
import pytest
from numpy.typing import NDArray

from rtemotion.decoding.model import Weights
from rtemotion.models.claims_deletion import OWN, SHARES, Curves, deleted
from rtemotion.models.claims_weights import Weighed
from rtemotion.models.simulated import Record, draw_recipes

N_BANDS, N_CHANNELS, N_TARGETS, N_FRAMES = 5, 10, 8, 600
# One feature a target tells it, all the others are noise.
TELLING = np.arange(N_TARGETS)
TENTH = list(SHARES).index(0.1)


def person(told: float) -> Record:
    """Return a record whose first features are the labels and noise, the others noise."""
    rng = np.random.default_rng(3)
    truth = rng.standard_normal((N_FRAMES, N_TARGETS))
    features = rng.standard_normal((N_FRAMES, N_BANDS * N_CHANNELS))
    features[:, TELLING] += told * truth
    pairs = np.stack(np.triu_indices(N_CHANNELS, k=1), axis=1)
    edges = np.zeros((N_FRAMES, 1, 1, len(pairs)))
    return Record(
        power=features.reshape(N_FRAMES, N_BANDS, N_CHANNELS).astype(np.float16),
        connectivity=edges.astype(np.float16),
        rest_power=np.zeros((N_BANDS, N_CHANNELS), np.float32),
        rest_connectivity=np.zeros(edges.shape[1:], np.float32),
        pairs=pairs.astype(np.int64),
        positions=(0.1 * np.eye(N_CHANNELS, 3)).astype(np.float32),
        mask=np.ones(N_CHANNELS, np.float32),
        truth=truth.astype(np.float32),
        times=np.arange(1.0, N_FRAMES + 1.0),
        recipe=draw_recipes(1, 1)[0],
    )


def weighed(node: NDArray[np.float64], record: Record) -> list[Weighed]:
    """Return the same weights for every frame, of features (n_targets, n_features)."""
    edge = np.zeros((N_TARGETS, *record.connectivity.shape[1:]))
    ones = np.full(N_TARGETS, 0.5)
    weights = Weights(node.reshape(N_TARGETS, N_BANDS, N_CHANNELS), edge, ones, ones)
    asked = record.pairs, record.positions.astype(np.float64), record.mask > 0.5, np.zeros((5, 10))
    return [Weighed(asked, weights)] * N_FRAMES


def curves(told: float) -> Curves:
    record = person(told)
    rng = np.random.default_rng(4)
    shape = N_TARGETS, N_BANDS * N_CHANNELS
    knowing = 0.02 * rng.standard_normal(shape)
    knowing[TELLING, TELLING] = 1.0
    behind = {
        OWN: weighed(knowing, record),
        "another": weighed(rng.standard_normal(shape), record),
    }
    first = np.arange(N_FRAMES) < N_FRAMES // 2
    return deleted(record, behind, first, ~first)


def test_deleting_what_tells_costs_the_truth_at_once_and_by_another_ranking_later() -> None:
    found = curves(told=2.0)
    own, other = found.ccc[OWN], found.ccc["another"]
    assert own[0] == other[0] > 0.6
    assert own[TENTH] < 0.2
    assert other[TENTH] > own[TENTH] + 0.3


def test_deleting_costs_nothing_where_predictions_say_nothing_of_the_truth() -> None:
    found = curves(told=0.0)
    for curve in found.ccc.values():
        assert np.abs(curve).max() < 0.1


def test_no_ranking_drops_a_prediction_further_than_its_own() -> None:
    found = curves(told=2.0)
    assert np.all(found.drop[OWN] >= found.drop["another"] - 1e-12)
    assert found.drop[OWN][TENTH] > found.drop["another"][TENTH] + 0.5
    for drop in found.drop.values():
        assert drop[0] == 0.0
        assert drop[-1] == pytest.approx(found.drop[OWN][-1])


def test_a_shift_of_all_frames_is_no_loss() -> None:
    record = person(told=2.0)
    # A feature that never changes here, and did while features were ranked.
    features = record.power.reshape(N_FRAMES, -1)
    scored = np.arange(N_FRAMES) >= N_FRAMES // 2
    features[scored, -1] = 10.0
    node = np.zeros((N_TARGETS, N_BANDS * N_CHANNELS))
    node[TELLING, TELLING] = 1.0
    node[:, -1] = 0.5
    shifting = np.zeros_like(node)
    shifting[:, -1] = 1.0
    behind = {OWN: weighed(node, record), "shift": weighed(shifting, record)}
    found = deleted(record, behind, ~scored, scored)
    n_features = node.shape[1] + record.connectivity[0].size
    one_gone = int(np.argmax(np.round(SHARES * n_features) == 1.0))
    assert found.ccc["shift"][one_gone] == pytest.approx(found.ccc["shift"][0])
    assert found.drop["shift"][one_gone] == pytest.approx(5.0)
