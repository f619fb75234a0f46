"""What a survey finds, on signals whose faults are known."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtemotion.conditioning import ConditioningDesign, plan_channels
from rtemotion.conditioning.survey import ChannelSurvey, Survey, Surveyor
from rtemotion.conditioning.survey_measures import line_frequency, measure, rate_of
from rtemotion.signal import Chunk, Event, FloatArray, Kind, StreamInfo
from rtemotion.testing import recut

SFREQ = 250.0
DESIGN = ConditioningDesign()
NAMES = ("Fz", "Cz", "Pz", "Oz")


def noise(seconds: float = 10.0, level: float = 10e-6, seed: int = 0) -> FloatArray:
    """Return noise with so much in the pass band, on an electrode's offset."""
    n = round(seconds * SFREQ)
    white = np.random.default_rng(seed).normal(0.0, level, n)
    return 20e-3 + white * math.sqrt(SFREQ / 2.0 / (DESIGN.lowpass - DESIGN.highpass))


def mains(values: FloatArray, hz: float, rms: float) -> FloatArray:
    return values + rms * math.sqrt(2) * np.sin(2 * np.pi * hz * np.arange(len(values)) / SFREQ)


def surveyed(
    data: FloatArray,
    names: Sequence[str] = NAMES,
    times: FloatArray | None = None,
    missing: tuple[int, int] = (0, 0),
    impedances: dict[str, float] | None = None,
    channels: Sequence[str] = (),
    lengths: Sequence[int] = (50,),
    **said: Any,
) -> Survey:
    """Survey columns of volts, of which `missing` = (row, samples) were lost before a row."""
    info = StreamInfo(
        tuple(names), SFREQ, timestamps="regular" if times is None else "raw", **said
    )
    stamps = np.arange(len(data)) / SFREQ if times is None else times
    row, lost = missing
    chunks = [Chunk(data[:row], 0, stamps[:row])] if row else []
    chunks.append(Chunk(data[row:], row + lost, stamps[row:], missing_before=lost))
    surveyor = Surveyor(info)
    for item in recut(chunks, lengths):
        surveyor.add(item)
    return surveyor.survey(plan_channels(info, channels), DESIGN, impedances)


def one(values: FloatArray, **options: Any) -> ChannelSurvey:
    return surveyed(values[:, None], ["Cz"], **options).channels[0]


@pytest.mark.parametrize("level", [2e-6, 10e-6, 80e-6])
def test_the_level_is_that_of_the_pass_band(level: float) -> None:
    found = one(noise(20.0, level))
    assert found.rms == pytest.approx(level, rel=0.1)
    assert (found.verdict, found.reasons) == ("ok", ())
    assert found.usable


@pytest.mark.parametrize("hz", [50.0, 60.0])
@pytest.mark.parametrize("rms", [8e-6, 40e-6])
def test_the_mains_are_found_and_measured(hz: float, rms: float) -> None:
    data = np.stack([mains(noise(seed=i), hz, rms) for i in range(4)], axis=1)
    found = surveyed(data)
    assert found.line_hz == hz
    for channel in found.channels:
        assert channel.line == pytest.approx(rms, rel=0.25)
        assert channel.verdict == ("check" if rms > 20e-6 else "ok")


def test_mains_in_one_channel_are_its_own_trouble() -> None:
    data = np.stack([noise(seed=i) for i in range(4)], axis=1)
    data[:, 2] = mains(data[:, 2], 50.0, 100e-6)
    found = surveyed(data)
    assert found.line_hz is None
    assert [c.verdict for c in found.channels] == ["ok", "ok", "check", "ok"]
    assert found.channels[2].reasons == ("100 µV of mains: contact or cables",)


def test_no_mains_are_found_where_the_rate_has_no_room_for_them() -> None:
    values = np.random.default_rng(0).normal(0, 1e-5, 1000)
    measured = measure(values, 100.0, DESIGN)
    assert np.isnan(measured.lines).all()
    assert line_frequency([measured]) is None
    assert line_frequency([]) is None


@pytest.mark.parametrize(
    ("spoil", "share", "verdict", "reason"),
    [
        ("missing", 0.05, "check", "5% missing"),
        ("missing", 0.5, "bad", "50% missing"),
        ("railed", 0.1, "check", "10% railed"),
        ("railed", 0.3, "bad", "30% railed"),
        ("flat", 0.2, "check", "20% flat"),
        ("flat", 1.0, "bad", "100% flat"),
    ],
)
def test_bad_samples_are_counted(spoil: str, share: float, verdict: str, reason: str) -> None:
    values = noise()
    values[: round(share * len(values))] = {"missing": np.nan, "railed": 0.2, "flat": 20e-3}[spoil]
    found = one(values)
    assert getattr(found, spoil) == pytest.approx(share, abs=1e-3)
    assert found.verdict == verdict
    assert reason in found.reasons


def test_a_value_that_stays_for_less_than_the_limit_is_not_flat() -> None:
    values = noise()
    values[100 : 100 + round(DESIGN.flat_after * SFREQ) - 1] = 0.0
    assert one(values).flat == 0.0


@pytest.mark.parametrize(
    ("level", "verdict", "reason"),
    [
        (1e-3, "bad", "far too large"),
        (150e-6, "check", "movement or poor contact"),
        (0.01e-6, "bad", "next to no signal"),
    ],
)
def test_levels_no_head_gives_are_told(level: float, verdict: str, reason: str) -> None:
    found = one(noise(20.0, level))
    assert found.verdict == verdict
    assert reason in found.reasons[0]


def test_a_glance_too_short_to_judge_says_so() -> None:
    found = one(noise(0.5))
    assert math.isnan(found.rms)
    assert (found.verdict, found.reasons) == ("bad", ("too few good samples in a row",))


def test_a_channel_without_a_place_is_not_usable() -> None:
    data = np.stack([noise(seed=i) for i in range(2)], axis=1)
    found = surveyed(data, ["Cz", "X9"])
    assert found.usable == ("Cz",)
    assert found.channels[1].reasons == ("no position, left out of decoding",)
    assert surveyed(data, ["Cz", "X9"], channels=["Cz", "X9:Pz"]).usable == ("Cz", "Pz")


def test_what_is_not_used_is_listed_and_not_judged_as_eeg() -> None:
    data = np.stack([noise(), noise(10.0, 1e-3), np.arange(2500.0)], axis=1)
    found = surveyed(data, ["Cz", "ECG", "COUNTER"], kinds=("eeg", "ecg", "misc"))
    assert [c.name for c in found.channels] == ["Cz", "ECG"]
    assert (found.channels[1].used, found.channels[1].verdict) == (False, "ok")
    assert found.usable == ("Cz",)


def test_contacts_are_told_by_the_names_of_the_source() -> None:
    data = np.stack([noise(seed=i) for i in range(2)], axis=1)
    found = surveyed(data, ["1", "2"], channels=["1:Cz", "2:Pz"], impedances={"1": 5e3, "2": 80e3})
    assert [c.impedance for c in found.channels] == [5e3, 80e3]
    assert [c.verdict for c in found.channels] == ["ok", "check"]
    assert found.channels[1].reasons == ("contact of 80 kOhm",)


def test_samples_lost_on_the_way_count_against_every_channel() -> None:
    data = np.stack([noise(seed=i) for i in range(2)], axis=1)
    found = surveyed(data, ["Cz", "Pz"], missing=(1000, 250))
    assert (found.samples, found.lost) == (2500, 250)
    for channel in found.channels:
        assert channel.missing == pytest.approx(250 / 2750)
        assert channel.verdict == "check"


def test_losses_that_only_the_stamps_show_are_found() -> None:
    data = np.stack([noise(seed=i) for i in range(2)], axis=1)
    times = np.arange(2500) / SFREQ
    times[1500:] += 125 / SFREQ
    found = surveyed(data, ["Cz", "Pz"], times=times)
    assert found.lost == 125
    assert found.timing.measured == pytest.approx(SFREQ, rel=1e-6)


@pytest.mark.parametrize("drift", [-500.0, 0.0, 300.0])
def test_rate_drift_and_jitter_are_measured(drift: float) -> None:
    n = round(30 * SFREQ)
    rng = np.random.default_rng(1)
    period = 1.0 / (SFREQ * (1.0 + drift * 1e-6))
    times = 1000.0 + np.arange(n) * period + rng.normal(0.0, 2e-3, n)
    timing = surveyed(noise(30.0)[:, None], ["Cz"], times=np.sort(times)).timing
    assert abs(timing.drift - drift) < 4 * timing.uncertainty
    assert timing.uncertainty < 50
    assert timing.measured == pytest.approx(SFREQ * (1 + timing.drift * 1e-6))
    assert timing.jitter == pytest.approx(2e-3, rel=0.2)


@given(seed=st.integers(0, 50), drift=st.floats(-1000, 1000))
def test_the_stated_error_holds(seed: int, drift: float) -> None:
    indices = np.arange(2500)
    stamps = indices / SFREQ / (1 + drift * 1e-6)
    stamps += np.random.default_rng(seed).normal(0, 1e-3, 2500)
    rate, error, jitter = rate_of(indices, stamps)
    assert abs(rate - SFREQ * (1 + drift * 1e-6)) < 6 * error + 1e-6
    assert jitter == pytest.approx(1e-3, rel=0.1)


def test_too_few_stamps_have_no_rate() -> None:
    assert np.isnan(rate_of(np.arange(20), np.arange(20) / SFREQ)).all()


def test_a_stream_that_came_back_is_timed_from_then_on() -> None:
    info = StreamInfo(("Cz",), SFREQ, timestamps="raw")
    surveyor = Surveyor(info)
    values = noise(6.0)[:, None]
    surveyor.add(Chunk(values[:750], 0, np.arange(750) / 200.0))
    surveyor.add(Event(750, 9.0, Kind.STREAM_RETURNED, {"reconnected": True}))
    surveyor.add(Chunk(values[750:], 750, 9.0 + np.arange(750) / SFREQ))
    found = surveyor.survey(plan_channels(info), DESIGN)
    assert found.returned == 1
    assert found.samples == 1500
    assert found.timing.measured == pytest.approx(SFREQ, rel=1e-3)


def test_how_samples_are_cut_into_chunks_changes_nothing() -> None:
    data = np.stack([noise(4.0, seed=i) for i in range(4)], axis=1)
    data[200:260, 1] = np.nan
    times = np.arange(1000) / SFREQ
    cut = [surveyed(data, times=times, lengths=n) for n in ((1000,), (1,), (7, 300, 11))]
    assert len({repr(found) for found in cut}) == 1
