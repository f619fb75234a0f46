"""What speaks against a sample or a channel."""

from __future__ import annotations

import numpy as np
import pytest

from rtemotion.conditioning import ConditioningDesign
from rtemotion.conditioning.quality import (
    GOOD_BLOCKS,
    Cause,
    ContactCheck,
    SampleChecks,
    names_of,
)
from rtemotion.signal import Flag, FloatArray

from .signals import SFREQ, eeg

HALF_A_SECOND = 64


def flags_of(data: FloatArray) -> np.ndarray:
    return SampleChecks(ConditioningDesign(), SFREQ, data.shape[1]).process(data)


def test_good_samples_carry_no_flag() -> None:
    assert not flags_of(eeg(400, 3)).any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_no_number_is_missing(value: float) -> None:
    data = eeg(20, 2)
    data[7, 1] = value
    missing = (flags_of(data) & Flag.MISSING) != 0
    assert np.argwhere(missing).tolist() == [[7, 1]]


@pytest.mark.parametrize(("volts", "railed"), [(0.1799, False), (0.18, True), (-0.187, True)])
def test_a_sample_at_the_rail_is_railed_on_either_side(volts: float, railed: bool) -> None:
    data = eeg(20, 2)
    data[7, 0] = volts
    flags = flags_of(data)
    assert bool(flags[7, 0] & Flag.RAILED) is railed
    assert not np.delete(flags, 7, axis=0).any()


def test_a_channel_is_flat_after_half_a_second_without_change_and_not_before() -> None:
    data = eeg(300, 2)
    data[100:200, 1] = data[100, 1]
    flat = np.flatnonzero(flags_of(data)[:, 1] & Flag.FLAT)
    assert flat.tolist() == list(range(100 + HALF_A_SECOND, 200))
    assert not flags_of(data)[:, 0].any()


def test_flatness_is_counted_across_chunks() -> None:
    data = eeg(300, 1)
    data[100:200] = data[100]
    checks = SampleChecks(ConditioningDesign(), SFREQ, 1)
    pieces = [checks.process(data[k : k + 1]) for k in range(300)]
    np.testing.assert_array_equal(np.concatenate(pieces), flags_of(data))


def test_missing_samples_are_not_flat() -> None:
    assert not (flags_of(np.full((200, 1), np.nan)) & Flag.FLAT).any()


def test_forgetting_the_past_leaves_the_samples_alone() -> None:
    data = np.full((HALF_A_SECOND, 1), 1e-3)
    checks = SampleChecks(ConditioningDesign(), SFREQ, 1)
    checks.process(data)
    checks.reset()
    assert data.all()
    assert np.isfinite(data).all()
    assert not checks.process(data).any()


def block(level: float, n_channels: int = 1) -> FloatArray:
    return level * np.where(np.arange(32) % 2, 1.0, -1.0)[:, None] * np.ones(n_channels)


@pytest.mark.parametrize(
    ("level", "bad"),
    [(10e-6, False), (299e-6, False), (301e-6, True), (0.051e-6, False), (0.049e-6, True)],
)
def test_a_level_no_scalp_has_is_a_lost_contact(level: float, bad: bool) -> None:
    contact = ContactCheck(ConditioningDesign(), 1)
    contact.block(block(level))
    assert contact.bad.tolist() == [bad]


def test_a_lost_channel_is_used_again_after_four_good_blocks() -> None:
    contact = ContactCheck(ConditioningDesign(), 2)
    contact.block(block(1e-3, 2) * [1.0, 0.01])
    said = []
    for _ in range(GOOD_BLOCKS):
        assert contact.bad.tolist() == [True, False]
        contact.block(block(10e-6, 2))
        said.append(bool(contact.bad[0]))
    assert said == [True] * (GOOD_BLOCKS - 1) + [False]


def test_a_bad_block_in_between_starts_the_count_again() -> None:
    contact = ContactCheck(ConditioningDesign(), 1)
    for level in (1e-3, *[10e-6] * (GOOD_BLOCKS - 1), 1e-3, *[10e-6] * (GOOD_BLOCKS - 1)):
        contact.block(block(level))
        assert contact.bad[0]


def test_a_channel_unknown_for_a_whole_block_is_not_judged_by_it() -> None:
    contact = ContactCheck(ConditioningDesign(), 2)
    contact.block(np.where([True, False], block(10e-6, 2), np.nan))
    assert not contact.bad.any()


def test_half_a_block_is_judged_by_what_is_known_of_it() -> None:
    data = block(1e-3)
    data[::2] = np.nan
    contact = ContactCheck(ConditioningDesign(), 1)
    contact.block(data)
    assert contact.bad[0]
    contact.reset()
    assert not contact.bad[0]


@pytest.mark.parametrize(
    ("first", "then", "bad"), [(310e-6, 250e-6, True), (310e-6, 230e-6, False)]
)
def test_a_level_just_inside_the_limit_does_not_bring_a_lost_channel_back(
    first: float, then: float, bad: bool
) -> None:
    contact = ContactCheck(ConditioningDesign(), 1)
    contact.block(block(first))
    for _ in range(2 * GOOD_BLOCKS):
        contact.block(block(then))
    assert contact.bad.tolist() == [bad]


def test_causes_are_named_as_users_read_them() -> None:
    assert names_of(int(Cause.MISSING | Cause.NO_CONTACT | Cause.TOO_LARGE)) == (
        "missing",
        "no contact",
        "too large",
    )
    assert names_of(0) == ()
    for flag in Flag:
        same = Cause(int(flag))
        assert same is Cause.SOURCE if flag is Flag.BAD else same.name == flag.name
