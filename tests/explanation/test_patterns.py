"""Patterns: what goes along with an output, second by second, with flat memory."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rtemotion.errors import SetupError
from rtemotion.explanation import EmotionNetworks, Moments, Patterns
from rtemotion.features import Band, FeatureSchema
from rtemotion.signal import FloatArray

SCHEMA = FeatureSchema(
    bands=(Band("delta", 1.0, 4.0, connectivity=False), Band("alpha", 8.0, 13.0)),
    measures=("imcoh", "wpli2_lagged"),
)
EMOTIONS = ("joy", "fear", "anger")
SIGNED = np.array([True, False])


@dataclass(frozen=True)
class Session:
    """Seconds of a decoder's inputs and outputs."""

    power: FloatArray
    connectivity: FloatArray
    mean: FloatArray
    mask: NDArray[np.bool_]

    @property
    def n_channels(self) -> int:
        return self.power.shape[2]

    @property
    def pairs(self) -> NDArray[np.int64]:
        return np.column_stack(np.triu_indices(self.n_channels, 1)).astype(np.int64)


def session(seed: int, seconds: int = 40, n_channels: int = 4, offset: float = 0.0) -> Session:
    """Draw outputs that move slowly, features that follow them, and channels that drop out."""
    rng = np.random.default_rng(seed)
    n_pairs = n_channels * (n_channels - 1) // 2
    mean = np.cumsum(rng.normal(size=(seconds, len(EMOTIONS))), axis=0)
    node, edge = rng.normal(size=(3, 2, n_channels)), rng.normal(size=(3, 2, 1, n_pairs))
    power = np.tensordot(mean, node, 1)
    connectivity = np.tensordot(mean, edge, 1)
    mask = rng.random((seconds, n_channels)) < 0.9
    return Session(
        power + rng.normal(size=power.shape) + offset,
        connectivity + rng.normal(size=connectivity.shape) + offset,
        mean + offset,
        mask,
    )


def patterns_of(one: Session, memory_s: float = 15.0, shrinkage: float = 0.2) -> Patterns:
    patterns = Patterns(EMOTIONS, SCHEMA, one.pairs, one.n_channels, memory_s, shrinkage)
    feed(patterns, one)
    return patterns


def feed(patterns: Patterns, one: Session, start: int = 0, stop: int | None = None) -> None:
    for second in range(start, len(one.mean) if stop is None else stop):
        patterns.add(
            one.power[second], one.connectivity[second], one.mean[second], one.mask[second]
        )


def in_one_go(
    one: Session, memory: float, shrinkage: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return patterns of nodes and edges from the whole session, and the seconds' weights."""
    n = len(one.mean)
    gains = 1.0 / np.minimum(np.arange(1, n + 1), memory)
    weights = gains * np.append(np.cumprod((1.0 - gains)[:0:-1])[::-1], 1.0)
    covariance = np.cov(one.mean.T, aweights=weights, bias=True)
    shrunk = (1 - shrinkage) * covariance + shrinkage * np.diag(np.diag(covariance))
    used = one.mask[:, one.pairs[:, 0]] & one.mask[:, one.pairs[:, 1]]

    def pattern(values: FloatArray, known: NDArray[np.bool_]) -> FloatArray:
        known = known & np.isfinite(values) & (values != 0.0)
        if weights[known].sum() < 0.5 - 1e-9:
            return np.full(len(EMOTIONS), np.nan)
        joined = np.cov(values[known], one.mean[known].T, aweights=weights[known], bias=True)
        return np.linalg.solve(shrunk, joined[0, 1:])

    shape = one.power.shape[1:]
    node = [[pattern(one.power[:, b, c], one.mask[:, c]) for c in range(shape[1])] for b in (0, 1)]
    edge = [
        [[pattern(one.connectivity[:, m, 0, p], used[:, p]) for p in range(len(one.pairs))]]
        for m in (0, 1)
    ]
    return np.moveaxis(np.array(node), -1, 0), np.moveaxis(np.array(edge), -1, 0), weights


def same(found: FloatArray, expected: FloatArray, tolerance: float = 1e-9) -> None:
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    seconds=st.integers(8, 60),
    memory=st.floats(4.0, 80.0),
    shrinkage=st.floats(0.01, 1.0),
    unknown=st.sampled_from([0.0, np.nan]),
)
def test_second_by_second_equals_in_one_go(
    seed: int, seconds: int, memory: float, shrinkage: float, unknown: float
) -> None:
    one = session(seed, seconds)
    gone = np.random.default_rng(seed).random(one.connectivity.shape) < 0.2
    one = replace(one, connectivity=np.where(gone, unknown, one.connectivity))
    found = patterns_of(one, memory, shrinkage).network()
    node, edge, weights = in_one_go(one, memory, shrinkage)
    same(found.node, node)
    same(found.edge, edge)
    assert found.effective_seconds == pytest.approx(1.0 / np.square(weights).sum())


def test_values_far_from_zero_cost_no_digits() -> None:
    one, far = session(3), session(3, offset=1e6)
    same(patterns_of(far).network().edge, patterns_of(one).network().edge, 1e-6)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), order=st.permutations(range(4)))
def test_channels_in_another_order_give_the_same_networks_in_that_order(
    seed: int, order: list[int]
) -> None:
    one = session(seed)
    place = np.zeros((4, 4), dtype=np.int64)
    place[tuple(one.pairs.T)] = place[tuple(one.pairs.T[::-1])] = np.arange(len(one.pairs))
    first, second = np.array(order)[one.pairs.T]
    turned = np.where(SIGNED[:, None, None] & (first > second), -1.0, 1.0)
    other = Session(
        one.power[:, :, order],
        one.connectivity[..., place[first, second]] * turned,
        one.mean,
        one.mask[:, order],
    )
    here, there = patterns_of(one).network(), patterns_of(other).network()
    same(there.node, here.node[:, :, order])
    for measure in SCHEMA.measures:
        expected = here.matrix("fear", "alpha", measure)[np.ix_(order, order)]
        same(there.matrix("fear", "alpha", measure), expected)


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    scales=st.lists(st.floats(0.01, 100.0), min_size=3, max_size=3),
)
def test_the_unit_of_an_output_changes_nothing_but_the_unit(
    seed: int, scales: list[float]
) -> None:
    one = session(seed)
    here = patterns_of(one).network()
    there = patterns_of(replace(one, mean=one.mean * scales)).network()
    by = np.array(scales)
    same(there.node * by[:, None, None], here.node)
    same(there.standardised().edge, here.standardised().edge)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), cut=st.integers(0, 40))
def test_a_restored_state_goes_on_to_the_bit(seed: int, cut: int) -> None:
    one = session(seed)
    whole = Patterns(EMOTIONS, SCHEMA, one.pairs, 4, 15.0)
    feed(whole, one, 0, cut)
    state = whole.state
    feed(whole, one, cut)
    for _ in ("once", "and again from the same state"):
        later = Patterns(EMOTIONS, SCHEMA, one.pairs, 4, 15.0)
        later.restore(state)
        feed(later, one, cut)
        assert identical(later.state, whole.state)


def test_reset_forgets_everything() -> None:
    patterns, new = patterns_of(session(1)), patterns_of(session(2))
    patterns.reset()
    feed(patterns, session(2))
    assert identical(patterns.state, new.state)


def identical(one: Moments, other: Moments) -> bool:
    return all(
        np.array_equal(getattr(one, field.name), getattr(other, field.name))
        for field in fields(Moments)
    )


def test_a_pattern_is_what_an_output_moves_and_not_what_the_decoder_weighs() -> None:
    """Two channels share noise; the decoder cancels it with the one without emotion."""
    rng = np.random.default_rng(0)
    emotion, noise = rng.normal(size=(2, 5000))
    outputs = np.column_stack([emotion, *rng.normal(size=(2, 5000))])
    patterns = Patterns(EMOTIONS, SCHEMA, np.array([[0, 1]]), 2, 5000.0, shrinkage=0.01)
    for mean, one, both in zip(outputs, emotion, noise, strict=True):
        power = np.array([[one + both, both]] * 2)
        patterns.add(power, np.ones((2, 1, 1)), mean, np.ones(2, dtype=np.bool_))
    node = patterns.network().node[0, 0]
    assert node == pytest.approx([1.0, 0.0], abs=0.05)


def test_an_output_is_not_credited_with_what_another_one_explains() -> None:
    rng = np.random.default_rng(1)
    joy, own, anger = rng.normal(size=(3, 5000))
    outputs = np.column_stack([joy, joy + own, anger])
    one = Session(
        np.repeat(joy[:, None, None], 2, 1) * np.ones(2),
        np.ones((5000, 2, 1, 1)),
        outputs,
        np.ones((5000, 2), dtype=np.bool_),
    )
    sharp = patterns_of(one, 5000.0, 1e-6).network().node[:, 0, 0]
    plain = patterns_of(one, 5000.0, 1.0).network().node[:, 0, 0]
    assert sharp == pytest.approx([1.0, 0.0, 0.0], abs=1e-4)
    assert plain[1] == pytest.approx(0.5, abs=0.05)


def test_outputs_that_are_copies_share_the_pattern_and_still_ones_have_none() -> None:
    one = session(5)
    mean = one.mean[:, [0, 0, 0]].copy()
    mean[:, 2] = 0.25
    found = patterns_of(replace(one, mean=mean)).network()
    assert np.isfinite(found.edge[:2]).all()
    same(found.edge[0], found.edge[1])
    assert np.isnan(found.edge[2]).all()


def test_what_masked_channels_show_does_not_matter() -> None:
    one = session(6)
    noise = np.random.default_rng(7).normal(scale=1e3, size=one.power.shape)
    power = np.where(one.mask[:, None], one.power, noise)
    found = patterns_of(replace(one, power=power)).network()
    assert np.array_equal(found.node, patterns_of(one).network().node)


def test_a_channel_that_was_hardly_ever_known_has_no_pattern() -> None:
    one = session(8)
    mask = np.ones_like(one.mask)
    mask[5:, 2] = False
    found = patterns_of(replace(one, mask=mask)).network()
    touching = (one.pairs == 2).any(axis=1)
    assert np.isnan(found.node[:, :, 2]).all()
    assert np.isnan(found.edge[..., touching]).all()
    assert np.isfinite(found.edge[..., ~touching]).all()
    assert np.isfinite(found.edge_spread).all()


def test_seconds_without_a_value_leave_everything_as_it_is() -> None:
    one = session(9)
    patterns = patterns_of(one)
    before = patterns.state
    patterns.add(one.power[0], one.connectivity[0], np.full(3, np.nan), one.mask[0])
    assert identical(patterns.state, before)


def test_what_happened_long_ago_is_forgotten() -> None:
    """Thirty time constants of the opposite, then ten of what holds now."""
    one = session(10, 150)
    opposite = replace(one, power=-one.power)
    patterns = Patterns(EMOTIONS, SCHEMA, one.pairs, 4, 15.0)
    for _ in range(3):
        feed(patterns, opposite)
    feed(patterns, one)
    fresh = patterns_of(one).network()
    assert patterns.network().node == pytest.approx(fresh.node, abs=0.02)


def test_networks_are_known_after_five_minutes() -> None:
    one = session(11, 300)
    patterns = Patterns(EMOTIONS, SCHEMA, one.pairs, 4)
    feed(patterns, one, 0, 299)
    assert not patterns.network().known
    feed(patterns, one, 299)
    found = patterns.network()
    assert found.known
    assert (found.seconds, found.effective_seconds) == (300, pytest.approx(300.0))


def test_nothing_seen_is_nothing_known() -> None:
    found: EmotionNetworks = Patterns(EMOTIONS, SCHEMA, session(0).pairs, 4).network()
    assert not found.known
    assert np.isnan(found.edge).all()
    assert found.effective_seconds == 0.0


@pytest.mark.parametrize(("memory_s", "shrinkage"), [(0.5, 0.2), (np.nan, 0.2), (300.0, 0.0)])
def test_memory_and_shrinkage_out_of_range_are_refused(memory_s: float, shrinkage: float) -> None:
    with pytest.raises(SetupError, match="at least 1 s and a shrinkage above 0"):
        Patterns(EMOTIONS, SCHEMA, session(0).pairs, 4, memory_s, shrinkage)


def test_features_of_other_channels_are_refused() -> None:
    one, other = session(0), session(0, n_channels=5)
    patterns = patterns_of(one)
    with pytest.raises(SetupError, match="of 4 channels"):
        feed(patterns, other)
    with pytest.raises(SetupError, match="same model and channels"):
        patterns.restore(patterns_of(other).state)
