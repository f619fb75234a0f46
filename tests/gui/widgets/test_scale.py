"""Colours stand for numbers, and their limits do not flicker."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtemotion.gui.theme import DARK, LIGHT, Colour, Theme
from rtemotion.gui.widgets.scale import calm_limits, colour_table, number, to_pixels


def pixel(colour: Colour) -> int:
    return 0xFF000000 | colour[0] << 16 | colour[1] << 8 | colour[2]


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_ends_have_the_themes_colours(theme: Theme) -> None:
    table = colour_table(theme, signed=True)
    values = np.array([-2.0, -1.0, 1.0, 7.0, np.nan])
    low, high = pixel(theme.low), pixel(theme.high)
    pixels = to_pixels(values, (-1.0, 1.0), table, theme.muted)
    assert pixels.tolist() == [low, low, high, high, pixel(theme.muted)]


def test_what_is_not_trusted_is_nearly_grey_and_as_light() -> None:
    def parts(trusted: bool) -> np.ndarray:
        table = colour_table(DARK, signed=True, trusted=trusted).astype(np.int64)
        return np.stack([table >> 16 & 255, table >> 8 & 255, table & 255], axis=1)

    colourful, grey = parts(True), parts(False)
    assert np.ptp(grey, axis=1).max() < 0.25 * np.ptp(colourful, axis=1).max()
    light = np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(grey @ light, colourful @ light, atol=1.0)


finite = st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1)


@given(finite, st.booleans())
def test_limits_hold_every_value(values: list[float], signed: bool) -> None:
    low, high = calm_limits(np.array([*values, np.nan]), signed)
    assert low < high
    rounding = 1e-12 * max(abs(value) for value in values)
    assert low - rounding <= min(values)
    assert max(values) <= high + rounding
    assert not signed or low == -high


def test_limits_are_round_and_from_zero_where_values_are() -> None:
    assert calm_limits(np.array([0.1, 3.7]), signed=False) == (0.0, 4.0)
    assert calm_limits(np.array([-0.9, 3.7]), signed=True) == (-4.0, 4.0)
    assert calm_limits(np.array([-127.0, -111.0]), signed=False) == (-128.0, -110.0)


def test_limits_stay_while_values_fit() -> None:
    before = (0.0, 4.0)
    assert calm_limits(np.array([0.0, 2.5]), False, before) == before
    assert calm_limits(np.array([0.0, 4.2]), False, before)[1] > 4.0
    assert calm_limits(np.array([0.0, 1.0]), False, before)[1] < 2.0


@pytest.mark.parametrize("value", [0.0, 3.0, -3.0])
@pytest.mark.parametrize("signed", [True, False])
def test_equal_values_have_limits_too(value: float, signed: bool) -> None:
    low, high = calm_limits(np.full(5, value), signed)
    assert low < high
    assert low <= value <= high
    assert calm_limits(np.full(5, np.nan), signed)[0] < 1


def test_numbers_are_short_with_a_real_minus() -> None:
    assert [number(k) for k in (-0.12345, 3.0, 1.5e-12)] == ["−0.123", "3", "1.5e−12"]
