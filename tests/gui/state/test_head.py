"""The head seen from above: places, orders round a circle, and what lies between channels."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.interpolate import RBFInterpolator

from rtemotion.gui.state.head import Interpolation, around, disc

# Vertex, ears, nasion, inion, and one between vertex and right ear (metres).
VERTEX, LEFT, RIGHT, NASION, INION = np.array(
    [[0, 0, 0.13], [-0.08, 0, 0], [0.08, 0, 0], [0, 0.1, 0], [0, -0.09, 0]]
)
NOWHERE = np.full(3, np.nan)


def cap(n: int, seed: int = 0, lowest: float = 0.0) -> np.ndarray:
    """Channels anywhere on a head down to a height (in radii)."""
    rng = np.random.default_rng(seed)
    turn, height = rng.uniform(-np.pi, np.pi, n), rng.uniform(lowest, 1, n)
    across = np.sqrt(1 - height**2)
    return 0.095 * np.column_stack([across * np.sin(turn), across * np.cos(turn), height])


def test_the_head_circle_is_at_the_ears() -> None:
    flat = disc(np.array([VERTEX, LEFT, RIGHT, NASION, INION]))
    assert_allclose(flat, [[0, 0], [-1, 0], [1, 0], [0, 1], [0, -1]], atol=1e-12)


def test_halfway_down_is_halfway_out_whatever_the_size_of_the_head() -> None:
    halfway = np.array([[0.05, 0, 0.05], [0.11, 0, 0.11]])
    assert_allclose(disc(halfway), [[0.5, 0], [0.5, 0]])


def test_below_the_ears_is_outside_the_circle() -> None:
    assert disc(np.array([[0, -0.08, -0.03]]))[0, 1] < -1.1


def test_a_place_not_known_has_none_in_the_picture() -> None:
    partly = np.array([0.01, np.nan, 0.1])
    assert np.isnan(disc(np.array([NOWHERE, partly, np.zeros(3)]))).all()
    assert disc(np.empty((0, 3))).shape == (0, 2)


@given(st.integers(1, 60), st.integers(0, 10_000))
def test_round_the_circle_no_channel_changes_sides(n: int, seed: int) -> None:
    positions = cap(n, seed)
    angles = around(positions)
    x = disc(positions)[:, 0]
    assert len(np.unique(angles.round(9))) == n
    assert (np.sin(angles[x > 0.04]) > 0).all()
    assert (np.sin(angles[x < -0.04]) < 0).all()


def test_round_the_circle_left_faces_right_and_front_is_at_the_top() -> None:
    right = cap(10, 3)
    right = right[right[:, 0] > 0.02]
    positions = np.vstack([right, right * [-1, 1, 1], [NASION, INION]])
    angles = around(positions)
    n = len(right)
    assert_allclose(angles[:n], -angles[n : 2 * n])
    assert_allclose(angles[-2:], [0, np.pi], atol=1e-12)
    front, back = right[:, 1].argmax(), right[:, 1].argmin()
    assert np.cos(angles[front]) > np.cos(angles[back])


def test_channels_without_places_stand_at_the_bottom_in_their_order() -> None:
    positions = np.vstack([cap(20, 4), [NOWHERE] * 3])
    angles = around(positions)
    assert (np.cos(angles[-3:]) < np.cos(angles[:-3]).min()).all()
    from_left = np.sin(angles[-3:])
    assert from_left[0] < from_left[1] < from_left[2]


def test_without_any_place_channels_fill_the_circle_evenly() -> None:
    angles = np.sort(around(np.full((8, 3), np.nan)))
    assert_allclose(np.diff(angles), np.pi / 4)


def test_a_map_has_the_channels_values_where_they_are() -> None:
    positions = cap(20)
    values = np.random.default_rng(1).normal(size=20)
    filled = Interpolation(positions, size=400)
    image = filled.map(values)
    column, row = ((disc(positions) / filled.radius * [1, -1] + 1) * 200).astype(int).T
    assert_allclose(image[row, column], values, atol=0.1)


def test_front_is_up_and_left_is_left() -> None:
    values = np.array([0.0, -1.0, 1.0, 2.0, -2.0])
    image = Interpolation(np.array([VERTEX, LEFT, RIGHT, NASION, INION])).map(values)
    assert image[2, 32] > 1.5
    assert image[-3, 32] < -1.5
    assert image[32, 2] < image[32, -3]


@given(st.integers(3, 30), st.integers(0, 1000), st.floats(-5, 5))
def test_equal_values_make_an_even_map(n: int, seed: int, value: float) -> None:
    image = Interpolation(cap(n, seed), size=16).map(np.full(n, value))
    assert_allclose(image[np.isfinite(image)], value, atol=1e-6)


def test_one_product_says_what_the_interpolator_says() -> None:
    positions = cap(30)
    values = np.random.default_rng(2).normal(size=30)
    filled = Interpolation(positions, size=20)
    image = filled.map(values)
    middles = (np.arange(20) + 0.5) / 10 - 1
    row, column = np.nonzero(np.isfinite(image))
    points = np.column_stack([middles[column], -middles[row]]) * filled.radius
    expected = RBFInterpolator(disc(positions), values, kernel="linear")(points)
    assert_allclose(image[row, column], expected, atol=1e-5)


def test_nothing_is_said_beyond_the_scalp_circle() -> None:
    low = Interpolation(cap(40, lowest=-0.4))
    assert low.radius > 1.2
    high = Interpolation(cap(40, lowest=0.5))
    assert high.radius == 1.0
    for filled in (low, high):
        image = filled.map(np.ones(40))
        middles = ((np.arange(64) + 0.5) / 32 - 1) * filled.radius
        away = np.hypot(*np.meshgrid(middles, middles))
        assert np.isfinite(image[away <= filled.radius]).all()
        assert np.isnan(image[away > 1.1 * filled.radius]).all()


def test_a_channel_left_out_has_no_say() -> None:
    positions, values = cap(12), np.arange(12.0)
    values[4] = np.nan
    without = Interpolation(np.delete(positions, 4, axis=0))
    radius_alike = Interpolation(positions)
    assert_allclose(radius_alike.map(values), without.map(np.delete(values, 4)), atol=1e-9)


def test_the_matrix_is_made_once_for_each_selection(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def counted(*args: object, **options: object) -> RBFInterpolator:
        made.append(1)
        return RBFInterpolator(*args, **options)

    monkeypatch.setattr("scipy.interpolate.RBFInterpolator", counted)
    filled = Interpolation(cap(12))
    whole, partly = np.arange(12.0), np.arange(12.0)
    partly[3] = np.nan
    for _ in range(3):
        filled.map(whole)
        filled.map(partly)
    assert len(made) == 2
    for bad in range(4, 12):
        values = whole.copy()
        values[bad] = np.nan
        filled.map(values)
    filled.map(whole)
    assert len(made) == 11


def test_two_channels_in_one_place_show_their_mean() -> None:
    positions = np.array([VERTEX, VERTEX, LEFT, RIGHT])
    image = Interpolation(positions, size=65).map(np.array([1.0, 3.0, 0.0, 0.0]))
    assert image[32, 32] == pytest.approx(2.0, abs=1e-3)


def test_too_few_channels_say_why() -> None:
    two = np.array([LEFT, RIGHT, NOWHERE, NOWHERE])
    assert "positions, here are 2: name a montage" in Interpolation(two).reason_against(np.ones(4))
    three = Interpolation(np.array([LEFT, RIGHT, VERTEX]))
    assert three.reason_against(np.ones(3)) == ""
    assert "good channels, here are 2" in three.reason_against(np.array([1.0, np.nan, 1.0]))
    # On one line, three are enough.
    assert np.isfinite(three.map(np.ones(3))).any()


def test_256_channels_are_ready_at_once() -> None:
    positions = cap(256)
    start = time.perf_counter()
    Interpolation(positions, size=64).map(np.zeros(256))
    assert time.perf_counter() - start < 0.3
