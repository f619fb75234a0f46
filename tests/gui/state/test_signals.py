"""The ring of signals keeps what came, never bridges a gap, and draws columns that stay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rtemotion.gui.state.signals import SignalRing, decibels

SFREQ = 100.0


def ring_of(data: NDArray[np.float64], seconds: float = 10.0, sfreq: float = SFREQ) -> SignalRing:
    ring = SignalRing(data.shape[1], sfreq, seconds)
    ring.append(0, data)
    return ring


def noise(n: int, n_channels: int = 2, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).standard_normal((n, n_channels)) * 20e-6


@given(st.lists(st.integers(0, 1300), min_size=1, max_size=8))
def test_any_cutting_of_the_samples_leaves_the_same_window(cuts: list[int]) -> None:
    data = noise(sum(cuts))
    ring = SignalRing(2, SFREQ, 5.0)
    at = 0
    for n in cuts:
        ring.append(at, data[at : at + n])
        at += n
    times, window = ring.window(5.0)
    expected = np.full((500, 2), np.nan, np.float32)
    kept = min(500, len(data))
    if kept:
        expected[-kept:] = data[-kept:]
    np.testing.assert_array_equal(window, expected)
    assert times[-1] == 0.0
    assert times[0] == pytest.approx(-4.99)


def test_lost_samples_are_not_a_number() -> None:
    ring = ring_of(np.ones((100, 1)))
    ring.append(130, np.ones((20, 1)))
    _, window = ring.window(1.5)
    assert np.isnan(window[100:130]).all()
    assert np.isfinite(window[:100]).all()
    assert np.isfinite(window[130:]).all()


@pytest.mark.parametrize("first", [5000, 10])
def test_a_jump_too_far_or_backwards_clears(first: int) -> None:
    ring = ring_of(np.ones((800, 1)))
    ring.append(first, np.full((5, 1), 2.0))
    _, window = ring.window(10.0)
    assert ring.stop == first + 5
    np.testing.assert_array_equal(window[np.isfinite(window)], [2.0] * 5)


def test_memory_is_what_it_was_at_the_start() -> None:
    ring = SignalRing(4, SFREQ, 3.0)
    arrays = ring._data, ring._flags
    for k in range(50):
        ring.append(k * 70, noise(70, 4))
    assert (ring._data, ring._flags) == arrays
    assert ring._data.shape == (300, 4)


def test_a_frozen_window_stays_where_it_was() -> None:
    data = noise(900)
    ring = ring_of(data[:500], seconds=20.0)
    frozen = ring.window(3.0)[1]
    ring.append(500, data[500:])
    np.testing.assert_array_equal(ring.window(3.0, end=500)[1], frozen)


def test_a_wrong_number_of_channels_is_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        SignalRing(3, SFREQ, 1.0).append(0, np.zeros((5, 2)))
    with pytest.raises(ValueError, match="rate"):
        SignalRing(3, 0.0, 1.0)


@given(st.integers(1, 300), st.sampled_from([1.0, 2.0, 4.9, 7.3]), st.integers(0, 99))
def test_columns_hold_every_sample_and_reach_no_farther(
    n_columns: int, seconds: float, seed: int
) -> None:
    data = noise(1000, 1, seed)
    ring = ring_of(data)
    envelope = ring.decimated(seconds, n_columns)
    per_column = seconds * SFREQ / n_columns
    for k in range(n_columns):
        a, b = (envelope.first + k) * per_column, (envelope.first + k + 1) * per_column
        inside = data[int(np.ceil(a - 1e-6)) : int(np.ceil(b - 1e-6)), 0]
        ends = np.interp([a, b], np.arange(1000), data[:, 0])
        reach = np.concatenate([inside, ends])
        assert envelope.low[k, 0] == pytest.approx(reach.min(), abs=1e-10)
        assert envelope.high[k, 0] == pytest.approx(reach.max(), abs=1e-10)


def test_columns_once_drawn_stay_the_same_while_time_moves_on() -> None:
    data = noise(1000, 3)
    ring = ring_of(data[:900])
    before = ring.decimated(4.0, 230)
    ring.append(900, data[900:])
    after = ring.decimated(4.0, 230)
    shift = after.first - before.first
    assert 50 < shift < 60
    np.testing.assert_array_equal(after.low[:-shift], before.low[shift:])
    np.testing.assert_array_equal(after.high[:-shift], before.high[shift:])


@given(
    st.integers(210, 780), st.integers(1, 40), st.integers(20, 500), st.sampled_from([5.0, 8.0])
)
def test_no_column_covers_a_gap(start: int, lost: int, n_columns: int, seconds: float) -> None:
    data = noise(1000, 1)
    ring = SignalRing(1, SFREQ, 10.0)
    ring.append(0, data[:start])
    ring.append(start + lost, data[start + lost :])
    envelope = ring.decimated(seconds, n_columns)
    per_column = seconds * SFREQ / n_columns
    for k, low in enumerate(envelope.low[:, 0]):
        a, b = (envelope.first + k) * per_column, (envelope.first + k + 1) * per_column
        if a < start + lost - 1 + 1e-6 and b > start - 1e-6:
            assert np.isnan(low), (a, b)
        elif a >= start + lost or b <= start - 1:
            assert np.isfinite(low), (a, b)


def test_what_is_said_against_samples_is_said_of_their_column() -> None:
    flags = np.zeros((1000, 2), np.uint8)
    flags[800:803, 1] = 8
    flags[802, 1] |= 16
    ring = SignalRing(2, SFREQ, 10.0)
    ring.append(0, noise(1000), flags)
    envelope = ring.decimated(5.0, 50)
    column = 800 // 10 - envelope.first
    assert envelope.flags[column, 1] == 8 | 16
    assert envelope.flags[:, 0].max() == 0
    assert np.count_nonzero(envelope.flags[:, 1]) == 1


def test_a_flat_line_has_a_finite_level() -> None:
    assert np.isfinite(decibels(np.zeros(3))).all()
