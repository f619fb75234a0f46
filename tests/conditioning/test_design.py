"""The design of conditioning, realised at any sampling rate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import signal

from rtemotion.conditioning import ConditioningDesign
from rtemotion.pipeline import Setup

RATES = (100.0, 128.0, 250.0, 2000.0)


def gain(design: ConditioningDesign, sfreq: float, frequency: float) -> float:
    _, response = signal.freqz_sos(design.realise(sfreq), worN=[frequency], fs=sfreq)
    return float(np.abs(response[0]))


@pytest.mark.parametrize("sfreq", RATES)
def test_it_passes_eeg_and_stops_drift_at_every_rate(sfreq: float) -> None:
    design = ConditioningDesign()
    assert gain(design, sfreq, 10.0) == pytest.approx(1.0, abs=0.02)
    assert gain(design, sfreq, 1.0) == pytest.approx(np.sqrt(0.5), abs=1e-3)
    assert gain(design, sfreq, 0.1) < 0.011
    _, poles, _ = signal.sos2zpk(design.realise(sfreq))
    assert np.abs(poles).max() < 1.0


@pytest.mark.parametrize("sfreq", [128.0, 250.0, 2000.0])
def test_the_lowpass_halves_the_power_at_its_corner(sfreq: float) -> None:
    assert gain(ConditioningDesign(), sfreq, 45.0) == pytest.approx(np.sqrt(0.5), abs=1e-3)
    assert gain(ConditioningDesign(), sfreq, 0.49 * sfreq) < 0.2


def test_the_lowpass_is_left_out_where_the_rate_is_too_low_for_it() -> None:
    design = ConditioningDesign()
    assert len(design.realise(100.0)) == 1
    assert len(design.realise(100.1)) == 3
    assert gain(design, 100.0, 45.0) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("sfreq", "lowpass", "notch", "filtered"),
    [
        (250.0, 45.0, 50.0, False),
        (250.0, 45.0, 60.0, False),
        (250.0, 70.0, 50.0, True),
        (250.0, 70.0, 60.0, True),
        (100.0, 70.0, 50.0, False),
        (128.0, 70.0, 60.0, False),
        (128.0, 70.0, 50.0, True),
    ],
)
def test_the_notch_is_there_only_where_the_line_lies_below_the_lowpass(
    sfreq: float, lowpass: float, notch: float, filtered: bool
) -> None:
    design = ConditioningDesign(lowpass=lowpass, notch=notch)
    plain = ConditioningDesign(lowpass=lowpass).realise(sfreq)
    assert len(design.realise(sfreq)) == len(plain) + filtered
    if filtered:
        assert gain(design, sfreq, notch) < 1e-6
        assert gain(design, sfreq, notch - 5.0) > 0.9


@pytest.mark.parametrize("sfreq", RATES)
@pytest.mark.parametrize("frequency", [4.0, 10.0, 20.0])
def test_the_group_delay_is_that_of_scipy(sfreq: float, frequency: float) -> None:
    design = ConditioningDesign()
    expected = sum(
        signal.group_delay((section[:3], section[3:]), w=[frequency], fs=sfreq)[1][0]
        for section in design.realise(sfreq)
    )
    assert design.group_delay(sfreq, frequency) == pytest.approx(expected / sfreq, rel=1e-3)


@pytest.mark.parametrize("sfreq", RATES)
def test_after_settling_a_thousandth_of_a_transient_is_left(sfreq: float) -> None:
    design = ConditioningDesign(lowpass=70.0, notch=50.0)
    settling = design.settling_samples(sfreq)
    impulse = np.zeros(4 * settling)
    impulse[0] = 1.0
    response = np.abs(signal.sosfilt(design.realise(sfreq), impulse))
    assert response[settling:].max() < 2e-3 * response.max()
    assert response[settling // 2 :].max() > 2e-3 * response[settling:].max()


@pytest.mark.parametrize(
    ("asked", "of_the_model", "outcome"),
    [
        (None, None, None),
        (None, 50.0, 50.0),
        (60.0, 50.0, 60.0),
        ("auto", 50.0, None),
        ("off", 50.0, "off"),
    ],
)
def test_the_user_decides_on_the_notch_and_else_the_model(
    asked: Any, of_the_model: float | None, outcome: Any
) -> None:
    assert Setup(notch=asked).design(ConditioningDesign(notch=of_the_model)).notch == outcome


def test_the_user_decides_on_the_reference_and_else_the_model() -> None:
    design = ConditioningDesign(reference="linked mastoids")
    assert Setup().design(design) == design
    assert Setup(reference="M1,M2").design(design).reference == "M1,M2"
