"""Causal filters that restart channel by channel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from rtemotion.conditioning import ConditioningDesign
from rtemotion.conditioning.filters import RestartingFilter, good_runs
from rtemotion.signal import FloatArray

from .signals import SFREQ, eeg

SOS = ConditioningDesign().realise(SFREQ)
SETTLING = ConditioningDesign().settling_samples(SFREQ)


def filtered(data: FloatArray, broken: np.ndarray | None = None) -> tuple[FloatArray, np.ndarray]:
    if broken is None:
        broken = ~np.isfinite(data)
    return RestartingFilter(SOS, data.shape[1], SETTLING).process(data, broken)


def by_scipy(data: FloatArray) -> FloatArray:
    steady = signal.sosfilt_zi(SOS)[:, :, None] * data[0]
    return signal.sosfilt(SOS, data, axis=0, zi=steady)[0]


def test_it_is_scipys_filter_started_from_the_steady_state_of_the_first_sample() -> None:
    data = eeg(400, 3)
    found, unsettled = filtered(data)
    np.testing.assert_array_equal(found, by_scipy(data))
    assert not unsettled.any()


def test_an_electrode_offset_leaves_nothing() -> None:
    data = 0.1 + np.zeros((200, 1))
    found, _ = filtered(data)
    assert np.abs(found).max() < 0.1e-6
    noise = eeg(400, 1)
    shifted, _ = filtered(noise + 0.1)
    np.testing.assert_allclose(shifted, filtered(noise)[0], atol=1e-12)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_no_number_is_forgotten_at_the_next_good_one(value: float) -> None:
    data = eeg(600, 3)
    data[100:104, 1] = value
    found, unsettled = filtered(data)
    np.testing.assert_array_equal(found[104:, 1], by_scipy(data[104:, 1:2])[:, 0])
    assert np.isnan(found[100:104, 1]).all()
    assert np.flatnonzero(unsettled[:, 1]).tolist() == list(range(104, 104 + SETTLING))


def test_the_other_channels_are_untouched_to_the_bit() -> None:
    data = eeg(600, 3)
    expected = by_scipy(data)
    data[100:104, 1] = np.nan
    found, unsettled = filtered(data)
    np.testing.assert_array_equal(found[:, [0, 2]], expected[:, [0, 2]])
    np.testing.assert_array_equal(found[:100, 1], expected[:100, 1])
    assert not unsettled[:, [0, 2]].any()


def test_a_railed_sample_leaves_less_than_a_microvolt_once_settled() -> None:
    data = np.zeros((800, 1))
    data[100:110] = 0.187
    broken = data > 0.18
    found, unsettled = filtered(data, broken)
    good = ~unsettled[:, 0] & ~broken[:, 0]
    assert np.abs(found[good]).max() < 1e-6
    assert good[110 + SETTLING :].all()


def test_a_channel_that_starts_broken_starts_with_its_first_good_sample() -> None:
    data = eeg(300, 2)
    data[:50, 0] = np.nan
    found, unsettled = filtered(data)
    np.testing.assert_array_equal(found[50:, 0], by_scipy(data[50:, :1])[:, 0])
    assert unsettled[50:, 0].sum() == min(SETTLING, 250)


def test_reset_starts_every_channel_anew() -> None:
    data = eeg(200, 2)
    once = RestartingFilter(SOS, 2, SETTLING)
    first = once.process(data, ~np.isfinite(data))
    once.process(np.full((3, 2), np.nan), np.ones((3, 2), bool))
    once.reset()
    again = once.process(data, ~np.isfinite(data))
    np.testing.assert_array_equal(first[0], again[0])
    assert not again[1].any()


@settings(deadline=None, max_examples=25)
@given(
    edges=st.lists(st.integers(1, 299), max_size=8),
    holes=st.lists(
        st.tuples(st.integers(0, 299), st.integers(1, 40), st.integers(0, 2)), max_size=5
    ),
)
def test_however_the_samples_are_cut_the_result_is_the_same_to_the_bit(
    edges: list[int], holes: list[tuple[int, int, int]]
) -> None:
    data = eeg(300, 3)
    for start, length, channel in holes:
        data[start : start + length, channel] = np.nan
    broken = ~np.isfinite(data)
    whole = filtered(data, broken)
    pieces = RestartingFilter(SOS, 3, SETTLING)
    rows = [0, *sorted(set(edges)), 300]
    outcome = [
        pieces.process(data[a:b], broken[a:b]) for a, b in zip(rows[:-1], rows[1:], strict=True)
    ]
    for part in range(2):
        together = np.concatenate([piece[part] for piece in outcome])
        assert together.tobytes() == whole[part].tobytes()


@given(st.lists(st.booleans(), max_size=30))
def test_good_runs_are_the_rows_that_are_not_broken(broken: list[bool]) -> None:
    runs = good_runs(np.array(broken, dtype=bool))
    rows = [row for start, stop in runs for row in range(start, stop)]
    assert rows == [row for row, bad in enumerate(broken) if not bad]
    assert all(before[1] < after[0] for before, after in zip(runs[:-1], runs[1:], strict=True))
