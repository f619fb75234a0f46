"""From a sender's stamps to sample times, with the lost samples counted."""

from __future__ import annotations

import dataclasses
import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtemotion.conditioning import ClockState
from rtemotion.signal import Event, Kind, Tick, identical
from rtemotion.testing import check_stage, joined, recut

from .clock_streams import (
    JITTER,
    SFREQ,
    clock,
    gaps_of,
    hard,
    jittered,
    measured,
    stamped,
    times_of,
    true_times,
    without,
)
from .signals import run


def test_the_stream_that_comes_out_is_regular() -> None:
    assert clock().info.timestamps == "regular"
    assert clock().info.channels == ("a",)


@pytest.mark.parametrize("sfreq", [100.0, 128.0, 250.0, 2000.0])
def test_exact_stamps_stay_as_they_are(sfreq: float) -> None:
    times = true_times(4.0, sfreq)
    (out,) = run(clock(sfreq), [stamped(times)])
    np.testing.assert_allclose(out.times, times, rtol=0, atol=1e-9)
    assert (out.first_sample, out.missing_before) == (0, 0)


def test_samples_are_counted_from_zero_whatever_the_source_counted() -> None:
    out = run(clock(), [stamped(true_times(1.0), first=7000)])
    assert out[0].first_sample == 0


@pytest.mark.parametrize("sfreq", [128.0, 250.0, 1000.0])
@pytest.mark.parametrize("seed", range(3))
def test_jitter_of_three_milliseconds_invents_no_gap_and_is_smoothed(
    sfreq: float, seed: int
) -> None:
    times = true_times(12.0, sfreq)
    stage = clock(sfreq)
    (out,) = run(stage, [stamped(jittered(times, seed))])
    late = out.times[len(times) // 4 :] - times[len(times) // 4 :]
    assert np.std(late) < JITTER / 10
    assert np.abs(late).max() < JITTER / 3
    assert stage.lost == 0
    assert stage.jitter == pytest.approx(JITTER * np.sqrt(2 / np.pi), rel=0.2)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 1000), sfreq=st.sampled_from([100.0, 512.0, 2000.0]))
def test_times_never_run_backwards_however_the_stamps_jitter(seed: int, sfreq: float) -> None:
    out = run(clock(sfreq), [stamped(jittered(true_times(1.5, sfreq), seed))])
    assert (np.diff(times_of(out)) > 0).all()


@pytest.mark.parametrize(("sfreq", "seconds"), [(128.0, 120.0), (250.0, 180.0), (1000.0, 60.0)])
@pytest.mark.parametrize("seed", range(2))
def test_jitter_losses_drift_and_a_step_at_once(sfreq: float, seconds: float, seed: int) -> None:
    stream = hard(sfreq, seconds, seed)
    stage = clock(sfreq)
    out = run(stage, stream.items)
    gaps, times = gaps_of(out), times_of(out)
    assert list(gaps) == list(stream.gaps)
    for place, missing in gaps.items():
        assert abs(missing - stream.gaps[place]) <= JITTER * sfreq
    errors = np.abs(times - stream.times)
    first = stream.times < stream.times[0] + 10.0
    assert errors[first].max() < 5e-3
    assert errors[~first].max() < 1e-3
    assert (np.diff(times) > 0).all()


@pytest.mark.parametrize("ppm", [-1000.0, -100.0, 100.0, 1000.0])
def test_a_senders_clock_that_runs_off_is_followed_and_measured(ppm: float) -> None:
    stamps = 100.0 + np.arange(round(60 * SFREQ)) * (1 + ppm * 1e-6) / SFREQ
    (out,) = run(stage := clock(), [stamped(stamps)])
    assert stage.lost == 0
    np.testing.assert_allclose(out.times, stamps, rtol=0, atol=1e-4)
    assert stage.state.drift_ppm == pytest.approx(-ppm, abs=1.0 + ppm**2 * 1e-6)


@pytest.mark.parametrize("shift", [-4e-3, 1.3e-3, 6e-3])
def test_times_follow_a_changed_delay_within_seconds(shift: float) -> None:
    times = true_times(40.0)
    times[5000:] += shift
    out = run(stage := clock(), [stamped(jittered(times, 4))])
    assert stage.lost == 0
    np.testing.assert_allclose(times_of(out)[5750:], times[5750:], rtol=0, atol=1e-3)


def test_stamps_that_are_no_numbers_are_made_up_for() -> None:
    times = true_times(6.0)
    stamps = times.copy()
    stamps[[700, 701, 1200]] = np.nan, np.inf, np.nan
    out = run(stage := clock(), [stamped(stamps)])
    np.testing.assert_allclose(times_of(out), times, rtol=0, atol=1e-6)
    assert stage.lost == 0


def test_the_first_samples_wait_for_a_fifth_of_a_second() -> None:
    times = true_times(0.5)
    stage = clock()
    counts = [
        sum(len(chunk) for chunk in run(stage, [stamped(times[k : k + 1], k)]))
        for k in range(len(times))
    ]
    assert counts == [0] * 49 + [50] + [1] * 75


def test_the_state_says_what_was_found() -> None:
    times = without(without(true_times(30.0), 20.0, 0.5), 10.0, 1.0)
    items = [
        measured(0, -40.0, times[0]),
        stamped(times[:3000]),
        stamped(times[2990:3000], 2990),
        stamped(times[3000:], 3000),
    ]
    stage = clock()
    run(stage, items)
    state = stage.state
    assert state == ClockState(
        samples=len(times),
        lost=375,
        gaps=2,
        longest_gap=250,
        duplicates=10,
        steps=0,
        resets=0,
        rate=pytest.approx(SFREQ),
        drift_ppm=pytest.approx(0.0, abs=1e-3),
        jitter=pytest.approx(0.0, abs=1e-9),
        offset=-40.0,
        offset_drift_ppm=0.0,
        offsets=1,
    )
    assert json.loads(json.dumps(dataclasses.asdict(state), allow_nan=False))["lost"] == 375


def test_memory_does_not_grow_with_the_stream() -> None:
    stage = clock(1000.0)
    levels = []
    tracemalloc.start()
    try:
        for minute in range(4):
            times = true_times(20.0, 1000.0, start=20.0 * minute)
            for chunk in recut([stamped(jittered(times, minute))], [20]):
                run(stage, [chunk])
            levels.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert levels[3] - levels[1] < 300_000


def everything(seed: int, noisy: bool) -> list[object]:
    """Return a stream with every kind of event, and losses between them."""
    times = without(without(true_times(16.0), 8.0, 0.012), 5.0, 0.2)
    stamps = jittered(times, seed) if noisy else times.copy()
    stamps[1900:] += 0.5
    stamps[2600:2640] = stamps[2640]
    stamps[3000:] -= 60.0
    return [
        measured(0, -40.0, stamps[0]),
        stamped(stamps[:900]),
        Event(900, 1.0, Kind.MARKER, {"description": "on"}),
        Tick(times[900], 0.2),
        stamped(stamps[900:1240], 900),
        Event(1240, 1.0, Kind.STREAM_LOST, {"idle": 1.0, "limit": 1.0}),
        stamped(stamps[1240:1500], 1240, missing=3),
        stamped(stamps[1450:1500], 1450),
        Event(1550, 1.0, Kind.STREAM_RETURNED, {"reconnected": True}),
        stamped(stamps[1500:1510], 1500),
        Event(1560, 1.0, Kind.SLEPT, {"seconds": 2.0}),
        stamped(stamps[1510:1900], 1510),
        Event(1950, 1.0, Kind.CLOCK_STEP, {"step": 0.5}),
        measured(1950, -40.5, stamps[1900]),
        stamped(stamps[1900:], 1900),
    ]


@settings(deadline=None, max_examples=15)
@given(
    lengths=st.lists(st.integers(1, 90), min_size=1, max_size=5),
    seed=st.integers(0, 20),
    noisy=st.booleans(),
)
def test_however_the_samples_arrive_the_result_is_the_same_to_the_bit(
    lengths: list[int], seed: int, noisy: bool
) -> None:
    items = everything(seed, noisy)
    whole = joined(run(clock(), items))
    cut = joined(run(clock(), recut(items, lengths)))
    assert len(whole) == len(cut)
    assert all(map(identical, whole, cut))


@pytest.mark.parametrize("noisy", [False, True])
def test_the_contract_of_a_stage_holds(noisy: bool) -> None:
    check_stage(clock, everything(3, noisy))
