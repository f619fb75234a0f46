"""Scales move in steps of 1, 2 and 5, and say their units."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtemotion.gui.state.scales import number_words, seconds_words, step, ticks, volts_words


def test_steps_are_one_two_five() -> None:
    value, seen = 10.0, []
    for _ in range(6):
        seen.append(value)
        value = step(value, 1, 1.0, 500.0)
    assert seen == [10.0, 20.0, 50.0, 100.0, 200.0, 500.0]
    assert value == 500.0


@given(st.floats(1e-9, 1e9), st.integers(-6, 6))
def test_a_step_up_is_undone_by_a_step_down(value: float, places: int) -> None:
    here = step(value, 0, 0.0, math.inf)
    assert step(step(here, places, 0.0, math.inf), -places, 0.0, math.inf) == here


def test_small_steps_are_exact_numbers() -> None:
    assert step(0.5, -1, 0.0, 1.0) == 0.2


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e4), st.integers(1, 20))
def test_ticks_lie_between_the_ends_and_are_not_too_many(
    low: float, extent: float, at_most: int
) -> None:
    found = ticks(low, low + extent, at_most)
    assert len(found) <= at_most
    slack = 1e-6 * max(1.0, abs(low), extent)
    assert all(low - slack <= tick <= low + extent + slack for tick in found)
    assert found == sorted(found)


def test_ticks_of_a_common_axis() -> None:
    assert ticks(0.0, 45.0, 6) == [0.0, 10.0, 20.0, 30.0, 40.0]
    assert ticks(-1.0, 1.0, 5) == [-1.0, -0.5, 0.0, 0.5, 1.0]
    assert ticks(math.nan, 1.0, 5) == []


@pytest.mark.parametrize(
    ("volts", "words"), [(50e-6, "50 µV"), (2e-3, "2 mV"), (0.5e-6, "0.5 µV"), (1.5, "1.5 V")]
)
def test_voltages_are_said_in_the_unit_that_fits(volts: float, words: str) -> None:
    assert volts_words(volts) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.5, "0.5 s"), (30, "30 s"), (120, "2 min"), (90, "1 min 30 s")]
)
def test_lengths_of_time_are_said_in_seconds_and_minutes(seconds: float, words: str) -> None:
    assert seconds_words(seconds) == words


def test_numbers_have_a_real_minus_and_a_dash_for_nothing() -> None:
    assert number_words(-0.25) == "\u22120.25"
    assert number_words(-0.001) == "0.00"
    assert number_words(math.nan) == "–"
