import numpy as np
import pytest
from scipy.signal import welch

from rtemotion.simulators.oscillators import Background, Rhythms, power_law_filter

RATE = 250.0


def test_rhythms_have_unit_power_at_their_frequency_from_the_first_sample():
    rhythms = Rhythms([6.0, 20.0] * 100, [1.0, 3.0] * 100, RATE, np.random.default_rng(0))
    now, later = rhythms.block(500)
    np.testing.assert_allclose((now**2).mean(), 1.0, atol=0.15)
    np.testing.assert_allclose((now[:, :25] ** 2).mean(), 1.0, atol=0.25)
    frequencies, power = welch(now, RATE, nperseg=500)
    assert abs(frequencies[power[0::2].mean(axis=0).argmax()] - 6.0) <= 1.0
    assert abs(frequencies[power[1::2].mean(axis=0).argmax()] - 20.0) <= 2.0
    np.testing.assert_allclose((later**2).mean(), (now**2).mean(), rtol=0.1)


def test_later_is_a_quarter_cycle_behind():
    now, later = Rhythms([10.0], [0.5], RATE, np.random.default_rng(1)).block(5000)
    lag = np.exp(-2j * np.pi * 10 * np.arange(5000) / RATE)
    cross = ((now[0] * lag).sum()) * np.conj((later[0] * lag).sum())
    assert np.angle(cross) == pytest.approx(np.pi / 2, abs=0.1)


def test_background_follows_its_power_law():
    noise = Background(40, 1.2, RATE, np.random.default_rng(2)).block(int(60 * RATE))
    frequencies, power = welch(noise, RATE, nperseg=1000)
    mean = power.mean(axis=0)
    inside = (frequencies >= 1) & (frequencies <= 45)
    slope = np.polyfit(np.log(frequencies[inside]), np.log(mean[inside]), 1)[0]
    assert slope == pytest.approx(-1.2, abs=0.12)
    within = (frequencies >= 0.5) & (frequencies <= 45)
    assert mean[within].sum() * (frequencies[1]) == pytest.approx(1.0, rel=0.15)


@pytest.mark.parametrize("rate", [128.0, 500.0])
def test_the_filter_is_stable_at_other_rates(rate):
    sos = power_law_filter(1.0, rate)
    roots = np.concatenate([np.roots(section[3:]) for section in sos])
    assert np.abs(roots).max() < 1
