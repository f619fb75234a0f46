"""Band power in logs, shares, entropy and asymmetry; mirrored electrodes; the 1/f part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal, stats

from rtemotion.errors import SetupError
from rtemotion.features import Band
from rtemotion.features.power import (
    aperiodic,
    asymmetry,
    differential_entropy,
    log_power,
    mirror_pairs,
    relative_power,
)
from rtemotion.signal import FloatArray

BANDS = (Band("theta", 4.0, 8.0), Band("alpha", 8.0, 13.0), Band("beta", 13.0, 30.0))
FREQUENCIES = np.arange(0.0, 126.0)

unhurried = settings(deadline=None, max_examples=60)
exponents = st.floats(0.0, 3.0)


def band_powers(seed: int = 0, n_channels: int = 5) -> FloatArray:
    return np.random.default_rng(seed).uniform(1e-13, 1e-11, (len(BANDS), n_channels))


def power_law(exponent: Any, offset: Any = -11.0) -> FloatArray:
    """Return densities (..., 126) that follow the law, with nothing at 0 Hz."""
    safe = np.maximum(FREQUENCIES, 1.0)
    law = 10.0 ** (
        np.asarray(offset)[..., None] - np.asarray(exponent)[..., None] * np.log10(safe)
    )
    return np.where(FREQUENCIES > 0.0, law, 0.0)


def peak_at(frequency: float, width: float) -> FloatArray:
    return np.exp(-0.5 * ((FREQUENCIES - frequency) / width) ** 2)


def noise(exponents: FloatArray, seconds: int, alpha: float, seed: int) -> FloatArray:
    """Return 1/f noise (n, n_samples) at 250 Hz, with alpha so many times as strong at 10 Hz."""
    rng = np.random.default_rng(seed)
    n = 250 * seconds
    f = np.maximum(np.fft.rfftfreq(n, 1.0 / 250.0), 0.1)
    law = f ** -exponents[:, None]
    law += alpha * 10.0 ** -exponents[:, None] * np.exp(-0.5 * ((f - 10.0) / 1.5) ** 2)
    shape = law.shape
    spectrum = np.sqrt(law) * (rng.normal(size=shape) + 1j * rng.normal(size=shape))
    return 1e-5 * np.fft.irfft(spectrum, n, axis=1)


def welch(data: FloatArray, sfreq: float) -> tuple[FloatArray, FloatArray]:
    length = round(sfreq)
    found: tuple[FloatArray, FloatArray] = signal.welch(
        data, sfreq, window=np.hanning(length), nperseg=length, noverlap=3 * length // 4
    )
    return found


# Logarithm


def test_log_power_is_the_natural_logarithm() -> None:
    power = band_powers()
    np.testing.assert_array_equal(log_power(power), np.log(power))


def test_where_there_is_no_power_there_is_no_logarithm() -> None:
    assert np.isnan(log_power([0.0, -1e-12, np.nan])).all()


# Shares


def test_shares_weigh_density_by_bandwidth() -> None:
    power = np.array([[3.0], [2.0], [1.0]])
    assert relative_power(power, BANDS)[:, 0].tolist() == pytest.approx(
        [12.0 / 39.0, 10.0 / 39.0, 17.0 / 39.0]
    )


@given(st.integers(0, 1000), st.floats(1e-3, 1e3))
@unhurried
def test_shares_sum_to_one_and_do_not_depend_on_gain(seed: int, gain: float) -> None:
    power = band_powers(seed)
    shares = relative_power(power, BANDS)
    np.testing.assert_allclose(shares.sum(axis=0), 1.0, rtol=1e-12)
    np.testing.assert_allclose(relative_power(gain * power, BANDS), shares, rtol=1e-12)


def test_a_channel_that_lacks_a_band_or_all_power_has_no_shares() -> None:
    power = band_powers()
    power[1, 2] = np.nan
    power[:, 3] = 0.0
    shares = relative_power(power, BANDS)
    assert np.isnan(shares[:, 2:4]).all()
    assert np.isfinite(shares[:, [0, 1, 4]]).all()


# Differential entropy


def test_entropy_is_that_of_a_gaussian_of_the_variance_of_the_band() -> None:
    power = np.full((3, 1), 2e-12)
    for band, found in zip(BANDS, differential_entropy(power, BANDS)[:, 0], strict=True):
        deviation = np.sqrt(2e-12 * (band.high - band.low))
        assert found == pytest.approx(float(stats.norm(scale=deviation).entropy()), abs=1e-12)


def test_entropy_in_microvolts_is_larger_by_the_logarithm_of_a_million() -> None:
    power = band_powers()
    apart = differential_entropy(1e12 * power, BANDS) - differential_entropy(power, BANDS)
    np.testing.assert_allclose(apart, np.log(1e6), rtol=1e-12)


def test_no_power_no_entropy() -> None:
    assert np.isnan(differential_entropy(np.zeros((3, 2)), BANDS)).all()


@pytest.mark.parametrize("measure", [relative_power, differential_entropy])
def test_bands_that_do_not_belong_to_the_power_are_refused(measure: Any) -> None:
    with pytest.raises(SetupError, match=r"with 2 bands, got \(3, 5\)"):
        measure(band_powers(), BANDS[:2])
    with pytest.raises(SetupError, match="n_bands, n_channels"):
        measure(np.ones(3), BANDS)


@pytest.mark.parametrize("measure", [relative_power, differential_entropy])
def test_many_frames_at_once_are_as_one_by_one(measure: Any) -> None:
    frames = np.stack([band_powers(seed) for seed in range(3)])
    one_by_one = np.stack([measure(frame, BANDS) for frame in frames])
    np.testing.assert_array_equal(measure(frames, BANDS), one_by_one)


# Asymmetry


def test_asymmetry_is_right_against_left() -> None:
    power = np.array([[1.0, 2.0, 8.0], [1.0, 1.0, 0.5]])
    found = asymmetry(power, [[0, 2], [1, 2]])
    np.testing.assert_allclose(found, np.log([[8.0, 4.0], [0.5, 0.5]]))


@given(st.integers(0, 1000), st.floats(1e-3, 1e3))
@unhurried
def test_asymmetry_changes_sign_with_the_sides_and_ignores_gain(seed: int, gain: float) -> None:
    power, pairs = band_powers(seed), np.array([[0, 1], [4, 2]])
    found = asymmetry(power, pairs)
    np.testing.assert_allclose(asymmetry(gain * power, pairs[:, ::-1]), -found, atol=1e-12)


def test_a_pair_with_a_masked_channel_has_no_asymmetry() -> None:
    found = asymmetry([1.0, np.nan, 2.0], [[0, 1], [0, 2]])
    assert np.isnan(found).tolist() == [True, False]


def test_without_pairs_there_is_no_asymmetry() -> None:
    assert asymmetry(band_powers(), np.empty((0, 2), dtype=int)).shape == (3, 0)


@pytest.mark.parametrize("pairs", [[[0, 5]], [[-1, 0]], [0, 1], [[0, 1, 2]]])
def test_pairs_of_other_channels_are_refused(pairs: Any) -> None:
    with pytest.raises(SetupError, match=r"from 0 to 4.*mirror_pairs"):
        asymmetry(band_powers(), pairs)


# Mirrored electrodes


def positions_of(montage: str, names: list[str] | None = None) -> tuple[list[str], FloatArray]:
    made = mne.channels.make_standard_montage(montage)
    names = names or made.ch_names
    info = mne.create_info(names, 250.0, "eeg").set_montage(made)
    return names, np.array([channel["loc"][:3] for channel in info["chs"]])


def test_pairs_of_the_10_20_system_are_found_from_positions_alone() -> None:
    rows = ["F7 F3 Fz F4 F8", "T7 C3 Cz C4 T8", "P7 P3 Pz P4 P8"]
    names = ["Fp1", "Fp2", *" ".join(rows).split(), "O1", "O2"]
    _, positions = positions_of("colin27_1020", names)
    found = [(names[left], names[right]) for left, right in mirror_pairs(positions)]
    assert set(found) == {
        ("Fp1", "Fp2"),
        ("F7", "F8"),
        ("F3", "F4"),
        ("T7", "T8"),
        ("C3", "C4"),
        ("P7", "P8"),
        ("P3", "P4"),
        ("O1", "O2"),
    }
    assert found[0] == ("Fp1", "Fp2")
    assert found[-1] == ("O1", "O2")


@pytest.mark.parametrize(
    ("montage", "expected"),
    [("fsaverage_1005", 158), ("biosemi128", 55), ("GSN-HydroCel-256", 122), ("mgh60", 27)],
)
def test_every_electrode_off_the_midline_of_a_dense_cap_has_its_partner(
    montage: str, expected: int
) -> None:
    names, positions = positions_of(montage)
    pairs = mirror_pairs(positions)
    assert len(pairs) == expected
    assert len(np.unique(pairs)) == pairs.size
    if montage == "fsaverage_1005":
        for left, right in pairs:
            plain = names[left].rstrip("h"), names[right].rstrip("h")
            row = [name.rstrip("0123456789") for name in plain]
            number = [int(name[len(kept) :]) for name, kept in zip(plain, row, strict=True)]
            assert row[0] == row[1]
            assert number[0] % 2 == 1
            assert number[1] == number[0] + 1


@given(st.permutations(range(70)), st.floats(0.0, 0.003))
@unhurried
def test_the_order_of_channels_does_not_matter(order: list[int], askew: float) -> None:
    positions = positions_of("fsaverage_1010")[1] + [askew, 0.0, 0.0]
    found = mirror_pairs(positions[order])
    np.testing.assert_array_equal(np.array(order)[found], mirror_pairs(positions))


def test_what_has_no_partner_is_left_out() -> None:
    positions = np.array(
        [
            [-0.05, 0.05, 0.05],  # left, its partner 4 mm off
            [0.05, 0.054, 0.05],
            [0.001, 0.09, 0.0],  # midline
            [-0.07, 0.0, 0.02],  # its partner is 2 cm off
            [0.07, 0.02, 0.02],
            [np.nan, np.nan, np.nan],  # unknown
            [-0.03, -0.08, 0.0],  # two at one place on the right
            [0.03, -0.08, 0.0],
            [0.03, -0.08, 0.0],
            [-0.04, -0.02, 0.08],  # two on the left, of which the nearer is the partner
            [-0.04, -0.01, 0.08],
            [0.04, -0.013, 0.08],
        ]
    )
    assert mirror_pairs(positions).tolist() == [[0, 1], [10, 11]]
    assert mirror_pairs(positions, tolerance=0.021).tolist() == [[0, 1], [3, 4], [10, 11]]
    assert mirror_pairs(positions, tolerance=0.0035).tolist() == [[10, 11]]


@pytest.mark.parametrize(
    "positions", [np.empty((0, 3)), np.full((3, 3), np.nan), np.zeros((2, 3))]
)
def test_unknown_positions_make_no_pairs(positions: FloatArray) -> None:
    assert mirror_pairs(positions).shape == (0, 2)


def test_positions_in_millimetres_or_of_another_shape_are_refused() -> None:
    with pytest.raises(SetupError, match="in metres, got a coordinate of 80"):
        mirror_pairs([[-80.0, 0.0, 0.0], [80.0, 0.0, 0.0]])
    with pytest.raises(SetupError, match=r"shape \(n_channels, 3\), got \(2, 2\)"):
        mirror_pairs(np.zeros((2, 2)))


# The 1/f part


@given(exponents, st.floats(-14.0, -8.0))
@unhurried
def test_a_power_law_is_found_exactly(exponent: float, offset: float) -> None:
    found = aperiodic(power_law(exponent, offset), FREQUENCIES)
    assert found.exponent == pytest.approx(exponent, abs=1e-9)
    assert found.offset == pytest.approx(offset, abs=1e-9)


@given(exponents, st.floats(0.1, 100.0), st.floats(7.5, 12.5), st.floats(0.5, 2.0))
@unhurried
def test_an_alpha_peak_hardly_moves_it(
    exponent: float, height: float, frequency: float, width: float
) -> None:
    law = power_law(exponent)
    peaked = law + height * law[10] * peak_at(frequency, width)
    found = aperiodic(peaked, FREQUENCIES)
    assert found.exponent == pytest.approx(exponent, abs=0.1)
    assert found.offset == pytest.approx(-11.0, abs=0.1)


def test_a_plain_line_would_be_off_by_more_under_the_same_peak() -> None:
    law = power_law(1.0)
    peaked = law + 10.0 * law[10] * peak_at(10.0, 1.5)
    inside = slice(2, 41)
    plain = -np.polyfit(np.log10(FREQUENCIES[inside]), np.log10(peaked[inside]), 1)[0]
    assert abs(plain - 1.0) > 0.2
    assert aperiodic(peaked, FREQUENCIES).exponent == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("alpha", [0.0, 3.0, 30.0])
def test_simulated_noise_keeps_its_exponent_with_and_without_alpha(alpha: float) -> None:
    truth = np.repeat([0.5, 1.0, 1.5, 2.0], 10)
    frequencies, density = welch(noise(truth, seconds=60, alpha=alpha, seed=3), 250.0)
    off = aperiodic(density, frequencies).exponent - truth
    assert abs(off.mean()) < 0.06
    assert np.sqrt(np.mean(off**2)) < 0.1


@given(st.integers(0, 1000))
@unhurried
def test_no_channel_depends_on_another(seed: int) -> None:
    rng = np.random.default_rng(seed)
    density = power_law(rng.uniform(0.0, 3.0, 6)) * rng.chisquare(8, (6, 126))
    density += 1e-12 * peak_at(10.0, 1.5)
    together = aperiodic(density, FREQUENCIES)
    order = rng.permutation(6)
    permuted = aperiodic(density[order], FREQUENCIES)
    np.testing.assert_array_equal(permuted.exponent, together.exponent[order])
    for channel in range(6):
        alone = aperiodic(density[channel], FREQUENCIES)
        assert (alone.exponent, alone.offset) == (
            together.exponent[channel],
            together.offset[channel],
        )


def test_bins_without_power_are_left_out_and_channels_without_bins_are_nan() -> None:
    density = power_law(np.array([1.5, 1.5, 1.5, 1.5]))
    density[0, 5:9] = np.nan
    density[1, 20] = 0.0
    density[2] = np.nan
    density[3, 4:] = np.nan
    found = aperiodic(density, FREQUENCIES)
    np.testing.assert_allclose(found.exponent, [1.5, 1.5, np.nan, np.nan], atol=1e-9)
    np.testing.assert_allclose(found.offset, [-11.0, -11.0, np.nan, np.nan], atol=1e-9)


def test_only_the_range_asked_for_is_fitted() -> None:
    knee = np.where(FREQUENCIES < 20.0, power_law(1.0), power_law(3.0, -11.0 + 2 * np.log10(20.0)))
    assert aperiodic(knee, FREQUENCIES, 2.0, 19.0).exponent == pytest.approx(1.0)
    assert aperiodic(knee, FREQUENCIES, 20.0, 80.0).exponent == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("frequencies", "low", "high", "said"),
    [
        (FREQUENCIES[1:], 2.0, 40.0, "one frequency for each bin"),
        (FREQUENCIES, 0.0, 40.0, "starts above 0 Hz"),
        (FREQUENCIES, 2.0, 3.0, "got 2 from 2 to 3 Hz"),
        (FREQUENCIES, 40.0, 2.0, "got 0 from 40 to 2 Hz"),
    ],
)
def test_a_range_that_cannot_be_fitted_is_refused(
    frequencies: FloatArray, low: float, high: float, said: str
) -> None:
    with pytest.raises(SetupError, match=said):
        aperiodic(power_law(1.0), frequencies, low, high)


def test_real_eeg_has_exponents_between_one_half_and_two_and_a_half(recordings: Path) -> None:
    # The median channel: muscle makes single temporal ones as flat as 0.3.
    files = sorted((recordings / "eegmat-stress").glob("*.edf"))
    assert len(files) == 12
    for file in files:
        raw = mne.io.read_raw_edf(file, verbose="ERROR")
        names = [n for n in raw.ch_names if n.startswith("EEG") and "A2-A1" not in n]
        frequencies, density = welch(raw.get_data(picks=names), raw.info["sfreq"])
        found = aperiodic(density, frequencies)
        assert np.isfinite(found.exponent).all()
        assert 0.5 < np.median(found.exponent) < 2.5
