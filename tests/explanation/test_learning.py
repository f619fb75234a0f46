"""Patterns of whole recordings are those that are learnt live; shifts keep all but the time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtemotion.errors import SetupError
from rtemotion.explanation import Patterns
from rtemotion.explanation.explaining import Montage
from rtemotion.explanation.learning import FIRST, SECOND, WHOLE, learn, mean_of, of_labels
from rtemotion.explanation.leaving_out import Groups
from rtemotion.explanation.seconds import Seconds, Watching
from rtemotion.features import Band, FeatureSchema
from rtemotion.signal import FloatArray

from .drawn import a_frame, coupled, seconds_of, slow

SCHEMA = FeatureSchema(
    bands=(
        Band("delta", 1.0, 4.0, connectivity=False),
        Band("alpha", 8.0, 13.0),
        Band("beta", 13.0, 30.0),
    ),
    measures=("imcoh",),
)
EMOTIONS = ("joy", "fear", "anger")
N = 5
MONTAGE = Montage.of([f"E{i}" for i in range(N)], 0.09 * np.eye(N, 3))


def rows(seconds: Seconds, chosen: slice) -> Seconds:
    parts = {name: value for name, value in vars(seconds).items() if name != "stride"}
    return Seconds(**{name: value[chosen] for name, value in parts.items()}, stride=1)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_they_equal_the_standardised_networks_of_a_run_that_forgets_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, pairs = 80, MONTAGE.pairs
    outputs = slow(rng, n, 3) + 0.3
    mask = rng.random((n, N)) < 0.9
    both = mask[:, pairs[:, 0]] & mask[:, pairs[:, 1]]
    power = rng.normal(size=(n, 3, N)) + outputs[:, :, None]
    edges = rng.normal(size=(n, 2, len(pairs))) + outputs[:, :1, None]
    live = Patterns(EMOTIONS, SCHEMA, pairs, N, memory_s=np.inf)
    for p, e, mean, used in zip(power, edges, outputs, mask, strict=True):
        live.add(p, e[None], mean, used)
    wanted = live.network().standardised()
    found = learn(
        seconds_of(
            outputs, np.where(both[:, None], edges, np.nan), np.where(mask[:, None], power, np.nan)
        ),
        n_shifts=0,
    )
    np.testing.assert_allclose(found.edge[WHOLE], wanted.edge[:, 0], atol=2e-4)
    np.testing.assert_allclose(found.node[WHOLE], wanted.node, atol=2e-4)


def test_halves_are_learnt_from_halves_alone() -> None:
    seconds = coupled(1, MONTAGE, [[0], [3], [5]], n=300)
    found = learn(seconds, n_shifts=0)
    for part, chosen in ((FIRST, slice(0, 150)), (SECOND, slice(150, None))):
        alone = learn(rows(seconds, chosen), n_shifts=0)
        np.testing.assert_allclose(found.edge[part], alone.edge[WHOLE], atol=1e-5)
        np.testing.assert_allclose(found.node[part], alone.node[WHOLE], atol=1e-5)


def test_shifted_patterns_are_those_of_turned_outputs_half_a_minute_away_or_more() -> None:
    seconds = coupled(2, MONTAGE, [[0], [3], [5]], n=300)
    found = learn(seconds, n_shifts=7).shifted
    assert len(found) == 7
    turned = [
        learn(
            Seconds(**(vars(seconds) | {"outputs": np.roll(seconds.outputs, k, axis=0)})), 0
        ).edge
        for k in range(300)
    ]
    which = [int(np.argmin([np.nanmax(np.abs(one - t)) for t in turned])) for one in found]
    assert min(which) >= 30
    assert max(which) <= 270
    assert len(set(which)) == 7
    for one, k in zip(found, which, strict=True):
        np.testing.assert_allclose(one, turned[k], atol=1e-5)


def test_what_carries_an_emotion_stands_out_of_what_shifts_give() -> None:
    found = learn(coupled(3, MONTAGE, [[0], [3], [5]], n=400), n_shifts=40)
    for emotion, pair in enumerate((0, 3, 5)):
        size = abs(found.edge[WHOLE, emotion, 1])
        assert size.argmax() == pair
        assert size[pair] > np.quantile(abs(found.shifted[:, WHOLE, emotion]).max((1, 2)), 0.95)


def test_an_output_that_never_moves_has_no_pattern_and_disturbs_no_other() -> None:
    seconds = coupled(4, MONTAGE, [[0], [3]], n=200)
    still = np.column_stack([seconds.outputs, np.full(200, 0.4)])
    found = learn(Seconds(**(vars(seconds) | {"outputs": still})), 0).edge
    assert np.isnan(found[:, 2]).all()
    np.testing.assert_allclose(found[:, :2], learn(seconds, 0).edge, atol=1e-6)


def test_less_than_a_minute_is_refused() -> None:
    with pytest.raises(SetupError, match="There are 59 s with values .* at least 60 s"):
        learn(coupled(5, MONTAGE, [[0]], n=59))


def test_the_mean_over_recordings_is_of_what_is_known_in_each() -> None:
    a, b = (learn(coupled(seed, MONTAGE, [[0], [3]], n=100), 5) for seed in (6, 7))
    b.edge[:, :, 0, 2] = np.nan
    found = mean_of([a, b]).edge
    np.testing.assert_array_equal(found[:, :, 0, 2], a.edge[:, :, 0, 2])
    np.testing.assert_allclose(found[:, :, 1], 0.5 * (a.edge + b.edge)[:, :, 1])


def test_labels_have_patterns_where_they_are_known() -> None:
    seconds = coupled(8, MONTAGE, [[0], [3]], n=300)
    labels = seconds.outputs.copy()
    labels[:, 1] = np.nan
    labels[:100] = np.nan
    found = of_labels(seconds, labels, n_shifts=10)
    assert np.isnan(found[:, 1]).all()
    assert abs(found[0, 0, 1]).argmax() == 0
    assert np.isnan(of_labels(seconds, np.full(labels.shape, np.nan))).all()


def watching(most_bytes: int = 10**9) -> Watching:
    return Watching(0, MONTAGE.pairs, Groups.of(MONTAGE.regions, MONTAGE.pairs), most_bytes)


def watched(keeper: Watching, n: int, mask: FloatArray | None = None) -> Seconds:
    rng = np.random.default_rng(9)
    for second in range(n):
        frame = a_frame(250 * (second + 1), rng.random(2), N)
        keeper.see(frame)
        power, edges = rng.normal(size=(3, N)), rng.normal(size=(1, 2, len(MONTAGE.pairs)))
        keeper.add(power, edges, frame.mean, np.ones(N, bool) if mask is None else mask > 0)
    found = keeper.seconds()
    assert found is not None
    return found


def test_memory_is_flat_longer_recordings_are_thinned() -> None:
    size = 4 * (3 * N + 2 * len(MONTAGE.pairs))
    found = watched(watching(most_bytes=64 * size), 300)
    assert found.stride == 8
    assert len(found) == 38
    np.testing.assert_array_equal(np.diff(found.index), 8 * 250)


def test_what_is_masked_is_unknown() -> None:
    found = watched(watching(), 3, mask=np.array([1, 1, 0, 1, 1]))
    assert np.isnan(found.power[:, :, 2]).all()
    touched = (MONTAGE.pairs == 2).any(axis=1)
    assert np.isnan(found.edges[..., touched]).all()
    assert np.isfinite(found.edges[..., ~touched]).all()


def test_another_reference_begins_anew() -> None:
    keeper = watching()
    watched(keeper, 5)
    keeper.reset()
    assert keeper.seconds() is None
