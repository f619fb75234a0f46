"""The slow context: causal, slow, the same however a session is cut, and to be gone on with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtemotion.decoding.context import ContextPolicy, SlowContext, n_context
from rtemotion.features import FeatureSchema
from rtemotion.signal import FloatArray

SCHEMA = FeatureSchema()
N = 4
PAIRS = np.stack(np.triu_indices(N, k=1), axis=1)
POLICY = ContextPolicy(tau_s=60.0, minimum_s=10.0, every_s=5.0)


def slow() -> SlowContext:
    return SlowContext(POLICY, SCHEMA, PAIRS, N)


def seconds(n: int, seed: int = 0) -> list[tuple[FloatArray, FloatArray]]:
    rng = np.random.default_rng(seed)
    return [
        (rng.standard_normal((5, N)), 0.2 * rng.standard_normal((2, 4, len(PAIRS))))
        for _ in range(n)
    ]


def test_there_is_no_context_before_the_minimum() -> None:
    context = slow()
    renewed = [context.add(*second) for second in seconds(21)]
    assert [k + 1 for k, new in enumerate(renewed) if new] == [10, 15, 20]
    assert context.known


def test_until_then_all_rows_are_zero_and_one_says_so() -> None:
    context = slow()
    for second in seconds(9):
        context.add(*second)
    assert not context.known
    assert context.rows.shape == (n_context(SCHEMA) - 5, N)
    assert not context.rows.any()
    context.add(*seconds(1)[0])
    assert (context.rows[-1] == 1.0).all()


def test_rows_are_mean_spread_and_strength_with_recent_seconds_weighing_more() -> None:
    context = slow()
    seen = seconds(15)
    for second in seen:
        context.add(*second)
    weight = np.exp(-np.arange(14, -1, -1) / 60.0)
    weight /= weight.sum()
    power = np.array([p for p, _ in seen])
    mean = np.einsum("s,sbc->bc", weight, power)
    np.testing.assert_allclose(context.rows[:5], mean, atol=1e-12)
    spread = np.sqrt(np.einsum("s,sbc->bc", weight, (power - mean) ** 2))
    np.testing.assert_allclose(context.rows[5:10], spread, atol=1e-12)
    edges = np.einsum("s,smbp->mbp", weight, np.array([e for _, e in seen]))
    for channel in range(N):
        own = (channel == PAIRS).any(axis=1)
        strength = np.sqrt((edges[..., own] ** 2).mean(axis=-1)).ravel()
        np.testing.assert_allclose(context.rows[10:-1, channel], strength, atol=1e-12)


@given(cut=st.integers(1, 29))
def test_going_on_from_a_state_is_the_same_to_the_bit(cut: int) -> None:
    seen = seconds(30)
    whole, first, second = slow(), slow(), slow()
    for each in seen:
        whole.add(*each)
    for each in seen[:cut]:
        first.add(*each)
    second.restore(first.state)
    for each in seen[cut:]:
        second.add(*each)
    assert second.rows.tobytes() == whole.rows.tobytes()


def test_a_state_is_a_copy() -> None:
    context = slow()
    for second in seconds(10):
        context.add(*second)
    state = context.state
    before = state.power.copy()
    context.add(*seconds(1, seed=1)[0])
    np.testing.assert_array_equal(state.power, before)


def test_the_order_of_channels_does_not_matter() -> None:
    order = np.array([2, 0, 3, 1])
    old = order[PAIRS]
    index = [int(np.flatnonzero((sorted(pair) == PAIRS).all(axis=1))[0]) for pair in old.tolist()]
    straight, permuted = slow(), slow()
    for power, edges in seconds(10):
        straight.add(power, edges)
        permuted.add(power[:, order], edges[..., index])
    np.testing.assert_allclose(permuted.rows, straight.rows[:, order], atol=1e-12)


@pytest.mark.parametrize("n", [1, 2])
def test_one_channel_alone_has_no_strength(n: int) -> None:
    pairs = np.stack(np.triu_indices(n, k=1), axis=1)
    context = SlowContext(POLICY, SCHEMA, pairs, n)
    for _ in range(10):
        context.add(np.ones((5, n)), np.full((2, 4, len(pairs)), 0.5))
    assert np.isfinite(context.rows).all()
    assert (context.rows[10:-1] == (0.0 if n == 1 else 0.5)).all()
