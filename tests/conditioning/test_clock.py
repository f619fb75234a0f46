"""From a sender's stamps to sample times, with the lost samples counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtemotion.conditioning import ClockStage
from rtemotion.signal import Chunk, Event, FloatArray, Kind, StreamInfo, Tick, identical
from rtemotion.testing import check_stage, joined, recut

from .signals import run

SFREQ = 250.0
INFO = StreamInfo(("a",), SFREQ, timestamps="raw")
JITTER = 3e-3


def clock(sfreq: float = SFREQ) -> ClockStage:
    return ClockStage(StreamInfo(("a",), sfreq, timestamps="raw"))


def stamped(stamps: FloatArray, first: int = 0) -> Chunk:
    data = (first + np.arange(len(stamps), dtype=np.float64))[:, None]
    return Chunk(data, first, stamps)


def true_times(seconds: float, sfreq: float = SFREQ, start: float = 100.0) -> FloatArray:
    return start + np.arange(round(seconds * sfreq)) / sfreq


def without(times: FloatArray, at: float, seconds: float, sfreq: float = SFREQ) -> FloatArray:
    first = round(at * sfreq)
    return np.delete(times, slice(first, first + round(seconds * sfreq)))


def jittered(times: FloatArray, seed: int) -> FloatArray:
    return times + np.random.default_rng(seed).normal(0.0, JITTER, len(times))


def times_of(chunks: list[Chunk]) -> FloatArray:
    return np.concatenate([chunk.times for chunk in chunks])


def test_the_stream_that_comes_out_is_regular() -> None:
    assert clock().info.timestamps == "regular"
    assert clock().info.channels == INFO.channels


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
    assert np.std(late) < JITTER / 5
    assert np.abs(late).max() < JITTER
    assert stage.lost == 0
    assert stage.jitter == pytest.approx(JITTER * np.sqrt(2 / np.pi), rel=0.2)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 1000), sfreq=st.sampled_from([100.0, 512.0, 2000.0]))
def test_times_never_run_backwards_however_the_stamps_jitter(seed: int, sfreq: float) -> None:
    out = run(clock(sfreq), [stamped(jittered(true_times(1.5, sfreq), seed))])
    assert (np.diff(times_of(out)) > 0).all()


@pytest.mark.parametrize("sfreq", [128.0, 250.0, 1000.0])
def test_the_loss_of_one_sample_is_found_where_the_stamps_are_exact(sfreq: float) -> None:
    times = true_times(14.0, sfreq)
    gone = round(12.0 * sfreq)
    first, second = run(stage := clock(sfreq), [stamped(np.delete(times, gone))])
    assert (first.stop, second.first_sample, second.missing_before) == (gone, gone + 1, 1)
    np.testing.assert_allclose(second.times, times[gone + 1 :], rtol=0, atol=1e-9)
    assert stage.lost == 1


@pytest.mark.parametrize("seed", range(6))
def test_a_loss_in_jittery_stamps_is_found_to_within_their_jitter(seed: int) -> None:
    lost = round(0.2 * SFREQ)
    times = without(true_times(12.0), 8.0, 0.2)
    first, second = run(stage := clock(), [stamped(jittered(times, seed))])
    tolerated = 5 * JITTER * SFREQ
    assert abs(second.missing_before - lost) <= tolerated
    assert abs(first.stop - 8.0 * SFREQ) <= tolerated
    assert second.first_sample == first.stop + second.missing_before
    assert stage.lost == second.missing_before
    settled = slice(round(SFREQ), None)
    expected = times[-len(second) :][settled]
    np.testing.assert_allclose(second.times[settled], expected, rtol=0, atol=JITTER)


def test_every_loss_is_counted() -> None:
    times = without(without(true_times(20.0), 15.0, 0.5), 10.0, 1.0)
    chunks = run(stage := clock(), [stamped(times)])
    assert [chunk.missing_before for chunk in chunks] == [0, 250, 125]
    assert stage.lost == 375
    assert chunks[-1].stop == 20 * SFREQ


@pytest.mark.parametrize("seconds", [0.05, 0.1, 0.3])
def test_a_late_burst_stamped_together_is_no_gap_and_pulls_little(seconds: float) -> None:
    times = true_times(14.0)
    start = round(10.0 * SFREQ)
    stop = start + round(seconds * SFREQ)
    stamps = times.copy()
    stamps[start:stop] = times[stop]
    (out,) = run(stage := clock(), [stamped(stamps)])
    assert stage.lost == 0
    assert (np.diff(out.times) > 0).all()
    assert np.abs(out.times - times).max() < seconds / 6
    np.testing.assert_allclose(out.times[-250:], times[-250:], rtol=0, atol=1e-3)


def test_a_reconnected_stream_has_lost_at_least_one_sample() -> None:
    times = true_times(4.0)
    back = Event(500, times[500], Kind.STREAM_RETURNED, {"reconnected": True})
    _, event, after = run(clock(), [stamped(times[:500]), back, stamped(times[500:], 500)])
    assert (event.kind, event.payload) == (back.kind, back.payload)
    assert after.missing_before == 1
    late = times[500:] + 2.0
    _, _, after = run(clock(), [stamped(times[:500]), back, stamped(late, 500)])
    assert after.missing_before == 500


def test_a_sender_that_starts_its_clock_anew_has_lost_at_least_one_sample() -> None:
    times = true_times(4.0)
    back = Event(500, 0.0, Kind.STREAM_RETURNED, {"reconnected": True})
    _, _, after = run(clock(), [stamped(times[:500]), back, stamped(times[:250], 500)])
    assert after.missing_before == 1
    np.testing.assert_allclose(after.times, times[:250], rtol=0, atol=1e-9)


def test_a_reconnection_before_the_first_sample_is_no_loss() -> None:
    back = Event(0, 0.0, Kind.STREAM_RETURNED, {"reconnected": True})
    _, only = run(stage := clock(), [back, stamped(true_times(1.0))])
    assert (only.missing_before, stage.lost) == (0, 0)


def test_a_stream_that_was_only_silent_goes_on_where_it_was() -> None:
    times = true_times(4.0)
    back = Event(500, 0.0, Kind.STREAM_RETURNED)
    _, _, after = run(clock(), [stamped(times[:500]), back, stamped(times[500:], 500)])
    assert (after.missing_before, after.first_sample) == (0, 500)


def test_clock_offsets_are_added_and_passed_on() -> None:
    times = true_times(2.0)
    offset = Event(0, times[250], Kind.CLOCK_OFFSET, {"offset": -40.25})
    before, event, after = run(clock(), [stamped(times[:250]), offset, stamped(times[250:], 250)])
    np.testing.assert_allclose(before.times, times[:250], rtol=0, atol=1e-9)
    np.testing.assert_allclose(after.times, times[250:] - 40.25, rtol=0, atol=1e-9)
    assert event.payload == {"offset": -40.25}
    assert after.missing_before == 0


def test_events_are_given_the_index_that_counts_lost_samples() -> None:
    times = without(true_times(12.0), 10.0, 1.0)
    marker = Event(2700, 111.0, Kind.MARKER, {"label": "a"})
    *_, event, _ = run(clock(), [stamped(times[:2700]), marker, stamped(times[2700:], 2700)])
    assert event == Event(2950, 111.0, Kind.MARKER, {"label": "a"})


def test_a_senders_clock_that_runs_off_is_followed() -> None:
    stamps = 100.0 + np.arange(round(60 * SFREQ)) * (1 + 100e-6) / SFREQ
    (out,) = run(stage := clock(), [stamped(stamps)])
    assert stage.lost == 0
    np.testing.assert_allclose(out.times, stamps, rtol=0, atol=1e-4)
    assert abs(out.times[-1] - stamps[-1]) < 1e-4


def test_at_most_three_samples_are_held_back_while_a_jump_is_judged() -> None:
    times = without(true_times(12.0), 10.0, 1.0)
    stage = clock()
    start = round(10.0 * SFREQ)
    counts = []
    for k in range(start - 2, start + 6):
        items = [stamped(times[:k])] if k == start - 2 else [stamped(times[k - 1 : k], k - 1)]
        counts.append(sum(len(chunk) for chunk in run(stage, items)))
    assert counts == [start - 2, 1, 1, 0, 0, 0, 4, 1]


@settings(deadline=None, max_examples=15)
@given(
    lengths=st.lists(st.integers(1, 90), min_size=1, max_size=5),
    seed=st.integers(0, 20),
    noisy=st.booleans(),
)
def test_however_the_samples_arrive_the_result_is_the_same_to_the_bit(
    lengths: list[int], seed: int, noisy: bool
) -> None:
    times = without(without(true_times(9.0), 8.0, 0.012), 5.0, 0.2)
    stamps = jittered(times, seed) if noisy else times
    items = [stamped(stamps)]
    whole = joined(run(clock(), items))
    cut = joined(run(clock(), recut(items, lengths)))
    assert len(whole) == len(cut)
    assert all(map(identical, whole, cut))


def test_the_contract_of_a_stage_holds() -> None:
    times = jittered(without(true_times(9.0), 5.0, 0.2), 3)
    events = [
        Event(900, times[900], Kind.CLOCK_OFFSET, {"offset": 0.002}),
        Tick(times[900] + 0.2, 0.2),
        Event(900, times[900], Kind.STREAM_RETURNED, {"reconnected": True}),
    ]
    check_stage(clock, [stamped(times[:900]), *events, stamped(times[900:], 900)])
