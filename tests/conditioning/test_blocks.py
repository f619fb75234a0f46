"""What the checks that judge blocks have in common."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtemotion.conditioning.blocks import (
    BlockSpectrum,
    Latch,
    LineMeter,
    UsualLevel,
    median,
    total_over_channels,
)

YES, NO = np.array([True]), np.array([False])


@given(rows=st.integers(1, 40), channels=st.integers(1, 70), turned=st.booleans())
def test_a_sum_over_channels_is_the_same_to_the_bit_whatever_rows_lie_beside(
    rows: int, channels: int, turned: bool
) -> None:
    data = np.random.default_rng(rows).normal(0.0, 1e-5, (rows, channels))
    total = total_over_channels(np.asfortranarray(data) if turned else data)
    one_by_one = [float(total_over_channels(row[None])[0]) for row in data]
    in_order = []
    for row in data.tolist():
        value = row[0]
        for other in row[1:]:
            value += other
        in_order.append(value)
    assert total.tolist() == one_by_one == in_order


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_the_median_is_numpys(values: list[float]) -> None:
    assert median(np.array(values)) == float(np.median(values))


def test_several_blocks_at_once_have_the_spectra_of_each() -> None:
    spectrum = BlockSpectrum(250.0, 62)
    blocks = np.random.default_rng(0).normal(0.0, 1e-5, (4, 62, 5))
    blocks[2, 7, 3] = np.nan
    mean, fast, tone = spectrum(blocks)
    for k, block in enumerate(blocks):
        np.testing.assert_array_equal(mean[k], spectrum(block)[0])
        np.testing.assert_array_equal(fast[k], spectrum(block)[1])
        np.testing.assert_array_equal(tone[k], spectrum(block)[2])


def test_a_latch_is_entered_at_once_and_left_after_calm_blocks_in_a_row() -> None:
    latch = Latch(1, hold=3)
    steps = [(YES, NO), (NO, YES), (NO, YES), (NO, NO), (NO, YES), (NO, YES), (NO, YES)]
    said = []
    for enter, calm in steps:
        latch.update(enter, calm)
        assert latch.any is bool(latch.on[0])
        said.append(latch.any)
    assert said == [True] * 6 + [False]
    latch.update(YES, NO)
    latch.reset()
    assert not latch.any


def test_the_usual_level_is_near_the_median_and_a_burst_hardly_moves_it() -> None:
    rng = np.random.default_rng(0)
    usual = UsualLevel(2)
    for _ in range(400):
        usual.update(np.exp(rng.normal(0.0, 0.3, 2)) * [1e-6, 5e-6])
    np.testing.assert_allclose(usual.value, [1e-6, 5e-6], rtol=0.25)
    before = usual.value.copy()
    for _ in range(8):
        usual.update(before * 100.0)
    assert (usual.value < 1.3 * before).all()


def test_the_usual_level_skips_what_is_unknown_and_survives_zero() -> None:
    usual = UsualLevel(3)
    usual.update(np.array([np.nan, 2.0, 0.0]))
    usual.update(np.array([3.0, np.nan, 0.0]))
    assert usual.value[:2].tolist() == [3.0, 2.0]
    for _ in range(100):
        usual.update(np.array([3.0, 2.0, 1.0]))
    assert np.isfinite(usual.value).all()
    assert usual.value[2] > 1e-12


@pytest.mark.parametrize("sfreq", [128.0, 250.0, 512.0, 2000.0])
def test_the_fast_level_is_the_density_of_white_noise_at_any_rate(sfreq: float) -> None:
    n = round(sfreq / 4)
    spectrum = BlockSpectrum(sfreq, n)
    density = 0.7e-6
    noise = density * np.sqrt(sfreq / 2) * np.random.default_rng(0).standard_normal((n, 400))
    _, fast, tone = spectrum(noise + 0.05)
    assert np.sqrt(np.mean(fast**2)) == pytest.approx(density, rel=0.05)
    if sfreq > 130.0:
        assert np.sqrt(np.mean(tone**2)) == pytest.approx(density, rel=0.05)
    else:
        assert np.isnan(tone).all()


def test_what_a_brain_does_up_to_45_hz_hardly_shows_in_the_tone() -> None:
    wave = 20e-6 * np.sin(2.0 * np.pi * 38.0 * np.arange(62) / 250.0)
    _, fast, tone = BlockSpectrum(250.0, 62)(wave[:, None])
    assert fast[0] > 1e-6
    assert tone[0] < 0.1e-6


@pytest.mark.parametrize("sfreq", [250.0, 1000.0])
@pytest.mark.parametrize("hz", [10.0, 50.0, 60.0, 100.0])
def test_offsets_drifts_alpha_and_mains_hardly_show_in_it(sfreq: float, hz: float) -> None:
    n = round(sfreq / 4)
    time = np.arange(n) / sfreq
    slow = 0.05 + 2e-3 * time
    wave = 20e-6 * np.sin(2.0 * np.pi * hz * time)
    _, fast, tone = BlockSpectrum(sfreq, n)((slow + wave)[:, None])
    assert fast[0] < 0.3e-6
    assert tone[0] < 0.3e-6


def test_a_missing_sample_makes_only_its_own_channel_unknown() -> None:
    data = np.random.default_rng(0).standard_normal((62, 3))
    spectrum = BlockSpectrum(250.0, 62)
    whole = spectrum(data)
    broken = data.copy()
    broken[5, 1] = np.nan
    for before, after in zip(whole, spectrum(broken), strict=True):
        assert np.isnan(after[1])
        np.testing.assert_allclose(after[[0, 2]], before[[0, 2]])


def test_a_rate_too_low_for_high_frequencies_leaves_the_level_unknown() -> None:
    _, fast, tone = BlockSpectrum(64.0, 16)(np.ones((16, 2)))
    assert np.isnan(fast).all()
    assert np.isnan(tone).all()


@pytest.mark.parametrize("line", [50.0, 60.0])
def test_the_amplitude_of_the_mains_is_measured_in_volts(line: float) -> None:
    time = np.arange(248) / 250.0
    volts = np.array([1e-6, 5e-6, 100e-6])
    data = 0.03 + volts * np.sin(2.0 * np.pi * line * time + 0.3)[:, None]
    meter = LineMeter(250.0, 248)
    row = meter.lines.index(line)
    np.testing.assert_allclose(meter.amplitudes(data)[row], volts, rtol=0.02)
    assert (meter.outstanding(data)[row] > 100.0).all()


def test_a_rate_too_low_for_the_mains_has_no_line() -> None:
    assert LineMeter(100.0, 100).lines == ()
    assert LineMeter(110.0, 110).lines == (50.0,)
