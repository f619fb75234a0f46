"""On simulated people the true network is known: patterns find it, and so do graph measures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from rtemotion.cli.explain_watching import Opening, Watched, watch
from rtemotion.decoding import BaselineSpan, Model
from rtemotion.engine import Engine
from rtemotion.explanation.graphs import degrees, distances, over_bands
from rtemotion.explanation.learning import WHOLE, learn
from rtemotion.signal import FloatArray
from rtemotion.simulators import EMOTIONS, Brain, SimulatedSource, Subject
from rtemotion.simulators.edges import truth_edges

REST_S, SECONDS = 75.0, 330.0
PEOPLE = (11, 12)


def brain(person: int, visit: int) -> Brain:
    """Return a brain in which emotions change nothing but coupling."""
    return Brain(Subject.draw(person), "epoc", code="network", seed=visit, rest_s=REST_S)


def decoded(model: Model, person: int, visit: int) -> Watched:
    source = SimulatedSource(
        brain(person, visit), speed=math.inf, chunk_s=0.5, seconds=REST_S + SECONDS
    )

    def start() -> Engine:
        return Engine(source, model, span=BaselineSpan(0.0, REST_S))

    found = watch(Opening(str(person), start, lambda seconds: None), 0)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def seen(model: Model) -> dict[tuple[int, int], Watched]:
    """Two people, each on two visits, as the model that ships decodes them."""
    return {
        (person, visit): decoded(model, person, visit) for person in PEOPLE for visit in (1, 2)
    }


def patterns(one: Watched) -> FloatArray:
    return learn(one.recorded.seconds, n_shifts=0).edge[WHOLE]


def area(sizes: FloatArray, true: FloatArray) -> float:
    """Return the area under the ROC curve."""
    n = int(true.sum())
    return float((rankdata(sizes)[true].sum() - n * (n + 1) / 2) / (n * (len(true) - n)))


def test_the_strongest_edges_and_channels_are_the_true_ones(
    seen: dict[tuple[int, int], Watched], model: Model
) -> None:
    order = [EMOTIONS.index(name) for name in model.card.target_names]
    areas, ranks = [], []
    for (person, visit), one in seen.items():
        edge = over_bands(patterns(one))
        weights = truth_edges(brain(person, visit)).weights[order]
        most = weights.max(axis=2, keepdims=True)
        true = ((weights >= 0.5 * most) & (most > 0.0)).any(axis=1)
        areas += [area(e, t) for e, t in zip(edge, true, strict=True)]
        n, pairs = len(one.montage.channels), one.montage.pairs
        found, wanted = degrees(edge, pairs, n), degrees(weights.sum(axis=1), pairs, n)
        ranks += [spearmanr(a, b)[0] for a, b in zip(found, wanted, strict=True)]
    assert np.median(areas) > 0.8
    assert np.mean(np.array(areas) > 0.5) > 0.85
    # Every channel shares in the noise of all its edges, which blurs degrees.
    assert np.median(ranks) > 0.25
    assert np.mean(np.array(ranks) > 0.0) > 0.75


def test_a_network_lies_nearer_to_itself_on_another_day_than_to_that_of_another_emotion(
    seen: dict[tuple[int, int], Watched],
) -> None:
    for person in PEOPLE:
        apart = distances(*(patterns(seen[person, visit]) for visit in (1, 2)))
        same, others = np.diag(apart), apart[~np.eye(len(apart), dtype=bool)]
        assert same.mean() < others.mean() - 0.03
        nearest = apart.argmin(axis=1) == np.arange(len(apart))
        assert nearest.mean() >= 0.5  # one in eight by chance
