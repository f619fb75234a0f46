"""Noisy channels are found by comparing them with the others."""

from __future__ import annotations

import numpy as np
import pytest

from rtemotion.conditioning.design import MarkingDesign
from rtemotion.conditioning.noise import NoiseCheck
from rtemotion.signal import FloatArray


def grid(n: int) -> FloatArray:
    """Return positions 2 cm apart."""
    return np.stack([0.02 * np.arange(n), np.zeros(n), np.zeros(n)], axis=1)


def feed(
    check: NoiseCheck, seconds: int, fast: FloatArray, lonely: int | None = None
) -> list[list[bool]]:
    """Give a check seconds of channels that go along, but for one; return its judgements."""
    rng = np.random.default_rng(7)
    said = []
    for _ in range(seconds):
        shared = rng.standard_normal((248, 1))
        data = shared + 0.3 * rng.standard_normal((248, len(fast)))
        if lonely is not None:
            data[:, lonely] = rng.standard_normal(248)
        for _ in range(4):
            check.block(fast * rng.uniform(0.9, 1.1, len(fast)))
        check.second(1e-5 * data, np.ones(len(fast), bool))
        said.append(check.on.tolist())
    return said


def noise_check(n: int) -> NoiseCheck:
    return NoiseCheck(MarkingDesign(), grid(n), 4)


def test_a_channel_far_noisier_than_the_others_is_found_within_seconds_and_comes_back() -> None:
    check = noise_check(6)
    usual = np.full(6, 0.5e-6)
    assert not np.any(feed(check, 10, usual))
    noisy = usual * [1, 1, 10, 1, 1, 1]
    said = feed(check, 10, noisy)
    assert said[-1] == [False, False, True, False, False, False]
    assert not any(said[3])
    said = feed(check, 14, usual)
    assert said[0][2]
    assert not any(said[-1])


@pytest.mark.parametrize("ratio", [1.0, 3.0, 4.5])
def test_a_channel_not_that_much_noisier_is_kept(ratio: float) -> None:
    fast = np.full(6, 0.5e-6) * [1, 1, ratio, 1, 1, 1]
    assert not np.any(feed(noise_check(6), 20, fast))


def test_where_the_others_differ_as_much_nobody_stands_out() -> None:
    fast = 0.5e-6 * np.array([1, 3, 8, 20, 60, 10])
    assert not np.any(feed(noise_check(6), 20, fast))


def test_a_burst_of_a_second_makes_no_noisy_channel() -> None:
    check = noise_check(6)
    usual = np.full(6, 0.5e-6)
    feed(check, 8, usual)
    assert not np.any(feed(check, 1, usual * [1, 1, 50, 1, 1, 1]))
    assert not np.any(feed(check, 10, usual))


def test_below_the_floor_and_among_few_channels_no_channel_is_noisy() -> None:
    quiet = 1e-8 * np.array([1, 1, 10, 1, 1, 1])
    assert not np.any(feed(noise_check(6), 20, quiet))
    few = 0.5e-6 * np.array([1.0, 20.0, 1.0])
    assert not np.any(feed(noise_check(3), 20, few))


def test_a_channel_that_goes_along_with_no_neighbour_is_noisy() -> None:
    rng = np.random.default_rng(1)
    fast = np.full(8, 0.5e-6)
    said = feed(noise_check(8), 20, fast, lonely=3)
    assert said[-1] == [False, False, False, True, False, False, False, False]
    alone = noise_check(8)
    for _ in range(20):
        alone.second(1e-5 * rng.standard_normal((248, 8)), np.ones(8, bool))
        assert not alone.any
