"""The mains are found in the first seconds, filtered where that is of use, and stated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import signal

from rtemotion.conditioning import ConditioningDesign, ConditioningStage, plan_channels
from rtemotion.conditioning.line import LineFinder
from rtemotion.signal import EXCLUDED, Event, FloatArray, Kind, StreamInfo
from rtemotion.testing import check_stage

from .signals import chunk_of, data_of, eeg, events_of, flags_of, run

SFREQ = 250.0


def humming(seconds: float, hz: float, volts: float, sfreq: float = SFREQ) -> FloatArray:
    data = eeg(round(seconds * sfreq), 4, level=5e-6)
    time = np.arange(len(data)) / sfreq
    return data + volts * np.sin(2.0 * np.pi * hz * time)[:, None]


def stage_of(sfreq: float = SFREQ, **design: Any) -> ConditioningStage:
    plan = plan_channels(StreamInfo(("Fz", "Cz", "Pz", "Oz"), sfreq))
    return ConditioningStage(plan, ConditioningDesign(**design))


def notch_events(data: FloatArray, sfreq: float = SFREQ, **design: Any) -> list[Event]:
    return events_of(run(stage_of(sfreq, **design), [chunk_of(data, sfreq=sfreq)]), Kind.NOTCH)


@pytest.mark.parametrize("sfreq", [128.0, 250.0, 256.0, 1000.0])
@pytest.mark.parametrize("hz", [50.0, 60.0])
def test_a_line_is_found_in_ten_seconds_and_stated_once(sfreq: float, hz: float) -> None:
    (event,) = notch_events(humming(15.0, hz, 5e-6, sfreq), sfreq)
    assert event.payload == {"hz": hz, "how": "detected", "filtered": False}
    assert event.sample / sfreq == pytest.approx(10.0, abs=0.1)


@pytest.mark.parametrize("data", [humming(12.0, 50.0, 0.0), humming(12.0, 40.0, 5e-6)])
def test_without_a_line_that_is_said_too(data: FloatArray) -> None:
    (event,) = notch_events(data)
    assert event.payload == {"hz": None, "how": "detected", "filtered": False}


def test_at_a_rate_that_shows_no_mains_there_is_nothing_to_find() -> None:
    (event,) = notch_events(humming(12.0, 20.0, 5e-6, 100.0), 100.0)
    assert event.payload["hz"] is None


def test_before_ten_seconds_nothing_is_decided() -> None:
    assert not notch_events(humming(9.8, 50.0, 5e-6))


@pytest.mark.parametrize(("lowpass", "filtered"), [(45.0, False), (70.0, True)])
def test_a_line_that_was_chosen_is_stated_before_the_first_sample(
    lowpass: float, filtered: bool
) -> None:
    items = run(stage_of(lowpass=lowpass, notch=50.0), [chunk_of(humming(12.0, 60.0, 5e-6))])
    assert items[0].kind == Kind.NOTCH
    (event,) = events_of(items, Kind.NOTCH)
    assert event.sample == 0
    assert event.payload == {"hz": 50.0, "how": "chosen", "filtered": filtered}


def test_a_notch_that_is_off_leaves_the_line_alone() -> None:
    data = humming(12.0, 50.0, 5e-6)
    items = run(stage_of(lowpass=70.0, notch="off", reference="as recorded"), [chunk_of(data)])
    (event,) = events_of(items, Kind.NOTCH)
    assert event.payload == {"hz": None, "how": "chosen", "filtered": False}
    assert amplitude(data_of(items)[-500:]) > 4e-6


def amplitude(data: FloatArray, hz: float = 50.0) -> float:
    time = np.arange(len(data)) / SFREQ
    wave = np.exp(-2j * np.pi * hz * time) * np.hanning(len(data))
    return float(2.0 * np.abs(wave @ data).max() / np.hanning(len(data)).sum())


def test_a_line_below_the_lowpass_is_filtered_from_then_on_without_a_jump() -> None:
    data = humming(20.0, 50.0, 30e-6)
    design = {"lowpass": 70.0, "reference": "as recorded"}
    items = run(stage_of(**design), [chunk_of(data)])
    (event,) = events_of(items, Kind.NOTCH)
    assert event.payload == {"hz": 50.0, "how": "detected", "filtered": True}
    found = data_of(items)
    plain = data_of(run(stage_of(notch="off", **design), [chunk_of(data)]))
    start = event.sample
    np.testing.assert_array_equal(found[:start], plain[:start])
    assert amplitude(plain[start:]) > 25e-6
    assert amplitude(found[start : start + 250]) < 1.5e-6
    # What is taken away is the line itself: the rest goes on as if it had been filtered
    # all along.
    always = data_of(run(stage_of(notch=50.0, **design), [chunk_of(data)]))
    assert np.abs(found - always)[start:].max() < 0.5e-6
    assert not (flags_of(items) & EXCLUDED).any()


def test_the_notch_stays_after_a_gap_and_is_sought_anew_after_a_reset() -> None:
    data = humming(14.0, 50.0, 30e-6)
    stage = stage_of(lowpass=70.0, reference="as recorded")
    run(stage, [chunk_of(data)])
    after = data_of(run(stage, [chunk_of(data, len(data) + 5, missing=5)]))
    assert amplitude(after[500:]) < 0.5e-6
    stage.reset()
    again = run(stage, [chunk_of(data)])
    assert len(events_of(again, Kind.NOTCH)) == 1
    assert amplitude(data_of(again)[500:2000]) > 25e-6


def test_a_recorded_notch_is_not_said_twice() -> None:
    recorded = Event(500, 2.0, Kind.NOTCH, {"hz": 60.0, "how": "detected", "filtered": False})
    data = humming(12.0, 50.0, 5e-6)
    items = run(stage_of(), [chunk_of(data[:500]), recorded, chunk_of(data[500:], 500)])
    (event,) = events_of(items, Kind.NOTCH)
    assert event.payload["hz"] == 50.0


def test_the_contract_of_a_stage_holds_while_a_notch_is_put_in() -> None:
    data = humming(14.0, 50.0, 30e-6, 128.0)
    check_stage(lambda: stage_of(128.0, lowpass=55.0), [chunk_of(data, sfreq=128.0)])


def test_channels_that_are_broken_say_nothing_about_the_line() -> None:
    finder = LineFinder(SFREQ, 250, 3)
    data = humming(11.0, 50.0, 5e-6)[:, :3]
    data[:, 1] = np.nan
    decided = [finder.second(data[k * 250 : (k + 1) * 250]) for k in range(11)]
    assert decided == [False] * 9 + [True, False]
    assert finder.hz == 50.0
    assert np.isnan(finder.amplitude[1])
    np.testing.assert_allclose(finder.amplitude[[0, 2]], 5e-6, rtol=0.3)


def test_a_whole_stream_without_a_good_second_has_no_line() -> None:
    finder = LineFinder(SFREQ, 250, 2)
    for _ in range(10):
        finder.second(np.full((250, 2), np.nan))
    assert finder.decided
    assert finder.hz is None


def test_the_steady_state_of_the_notch_is_that_of_scipy() -> None:
    design = ConditioningDesign(lowpass=70.0, notch=50.0)
    sos = design.realise(SFREQ)
    data = humming(4.0, 50.0, 30e-6)
    steady = signal.sosfilt_zi(sos)[:, :, None] * data[0]
    expected = signal.sosfilt(sos, data, axis=0, zi=steady)[0]
    stage = stage_of(lowpass=70.0, notch=50.0, reference="as recorded")
    np.testing.assert_array_equal(data_of(run(stage, [chunk_of(data)])), expected)
