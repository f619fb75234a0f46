"""What a source says of clocks and connections, and what follows for times and gaps."""

from __future__ import annotations

import numpy as np
import pytest

from rtemotion.signal import Chunk, Event, FloatArray, Kind

from .clock_streams import (
    JITTER,
    SFREQ,
    clock,
    gaps_of,
    interleaved,
    jittered,
    measured,
    stamped,
    times_of,
    true_times,
    without,
)
from .signals import events_of, run

BACK = Event(500, 0.0, Kind.STREAM_RETURNED, {"reconnected": True})


def test_a_reconnected_stream_has_lost_at_least_one_sample() -> None:
    times = true_times(4.0)
    _, event, after = run(clock(), [stamped(times[:500]), BACK, stamped(times[500:], 500)])
    assert (event.kind, event.payload) == (BACK.kind, BACK.payload)
    assert after.missing_before == 1
    late = times[500:] + 2.0
    _, _, after = run(clock(), [stamped(times[:500]), BACK, stamped(late, 500)])
    assert after.missing_before == 500


@pytest.mark.parametrize(("before", "after"), [(0.9, 1.0), (1.1, 1.0), (1.0, 0.9), (1.2, 1.0)])
def test_another_sender_has_its_own_rate(before: float, after: float) -> None:
    times = true_times(8.0, before * SFREQ)[:500]
    late = times[-1] + 2.0 + np.arange(1000) / (after * SFREQ)
    stage = clock()
    run(stage, [stamped(times), BACK])
    (back,) = run(stage, [stamped(late, 500)])
    np.testing.assert_allclose(back.times, late, rtol=0, atol=1e-9)
    assert stage.state.rate == pytest.approx(after * SFREQ, rel=1e-6)


def test_stamps_bunched_together_after_a_return_say_nothing_of_the_rate() -> None:
    times = true_times(12.0)
    stamps = times.copy()
    stamps[500:] = np.repeat(times[549::50], 50) + 2.0
    stage = clock()
    run(stage, [stamped(stamps[:500]), BACK, stamped(stamps[500:], 500)])
    assert stage.state.gaps == 1
    assert stage.state.rate == pytest.approx(SFREQ, rel=2e-3)


def test_a_sender_that_starts_its_clock_anew_has_lost_at_least_one_sample() -> None:
    times = true_times(4.0)
    _, _, after = run(
        stage := clock(), [stamped(times[:500]), BACK, stamped(times[:250] - 90.0, 500)]
    )
    assert after.missing_before == 1
    np.testing.assert_allclose(after.times, times[:250] - 90.0, rtol=0, atol=1e-9)
    assert stage.state.resets == 1


def test_by_our_own_clock_a_sender_started_anew_was_away_for_as_long_as_it_was() -> None:
    times = true_times(8.0)
    items = [
        measured(0, 7.0, times[0]),
        stamped(times[:250]),
        measured(250, 7.0, times[250]),
        stamped(times[250:500], 250),
        BACK,
        measured(500, 100.0, 10.0),
        # It comes back at 110 s: 1 s after the last sample, which was at 109 s.
        stamped(10.0 + np.arange(500) / SFREQ, 500),
    ]
    out = run(clock(), items)
    assert gaps_of(out) == {500: 250}
    np.testing.assert_allclose(times_of(out)[500:], 110.0 + np.arange(500) / SFREQ, atol=1e-6)


def test_a_reconnection_before_the_first_sample_is_no_loss() -> None:
    _, only = run(stage := clock(), [BACK, stamped(true_times(1.0))])
    assert (only.missing_before, stage.lost) == (0, 0)


def test_a_stream_that_was_only_silent_goes_on_where_it_was() -> None:
    times = true_times(4.0)
    back = Event(500, 0.0, Kind.STREAM_RETURNED)
    _, _, after = run(clock(), [stamped(times[:500]), back, stamped(times[500:], 500)])
    assert (after.missing_before, after.first_sample) == (0, 500)


def test_times_go_on_through_breaks_even_when_stamps_do_not() -> None:
    times = true_times(8.0)
    items = [stamped(times[:500]), BACK, stamped(times[500:503] - 0.06, 500), BACK]
    out = run(clock(), [*items, stamped(times[503:] - 0.06, 503)])
    assert (np.diff(times_of(out)) > 0).all()
    np.testing.assert_allclose(times_of(out)[600:], times[600:] - 0.06, rtol=0, atol=1e-6)


def test_samples_held_back_come_out_before_a_break() -> None:
    times = true_times(4.0)
    first, _, _ = run(clock(), [stamped(times[:20]), BACK, stamped(times[500:], 20)])
    assert len(first) == 20


def test_stamps_that_run_back_are_a_break() -> None:
    times = true_times(12.0)
    stamps = np.concatenate([times[:2000], times[:1000]])
    first, second = run(stage := clock(), [stamped(stamps)])
    assert (first.stop, second.missing_before, stage.state.resets) == (2000, 1, 1)
    np.testing.assert_allclose(second.times, times[:1000], rtol=0, atol=1e-9)


def test_our_own_clock_goes_on_when_the_senders_begins_anew() -> None:
    times = true_times(24.0)
    stamps = np.concatenate([times[:3000], times[3000:] - 90.0])
    events = [measured(0, 5.0, 100.0), measured(4000, 95.5, float(stamps[4000]))]
    out = run(clock(), interleaved(stamps, events))
    got = times_of(out)
    assert gaps_of(out) == {3000: 1}
    # One sample missing at the least, until a measurement says how many it were.
    np.testing.assert_allclose(got[3000:4000], times[3000:4000] + 5.0 + 1 / SFREQ, atol=1e-6)
    np.testing.assert_allclose(got[4000:], times[4000:] + 5.5, atol=1e-6)


@pytest.mark.parametrize(("seconds", "missing"), [(3.0, 750), (0.001, 1)])
def test_a_machine_that_slept_has_lost_what_was_sent_meanwhile(
    seconds: float, missing: int
) -> None:
    times = true_times(8.0)
    slept = Event(500, 0.0, Kind.SLEPT, {"seconds": seconds})
    out = run(clock(), [stamped(times[:500]), slept, stamped(times[500:], 500)])
    assert gaps_of(out) == {500: missing}


def test_after_sleep_the_stamps_may_show_that_more_is_missing() -> None:
    times = true_times(8.0)
    slept = Event(500, 0.0, Kind.SLEPT, {"seconds": 1.0})
    out = run(clock(), [stamped(times[:500]), slept, stamped(times[500:] + 2.0, 500)])
    assert gaps_of(out) == {500: 500}


def test_what_a_source_knows_to_be_missing_is_missing() -> None:
    times = without(true_times(12.0), 8.0, 0.2)
    silent = true_times(12.0)
    for stamps, missing in ((times, 50), (times, 20), (silent, 1)):
        items = [stamped(stamps[:2000]), stamped(stamps[2000:], 2000, missing)]
        out = run(clock(), items)
        assert gaps_of(out) == {2000: max(missing, 50) if stamps is times else missing}
        assert (np.diff(times_of(out)) > 0).all()


def test_a_source_that_counts_packets_is_believed_though_the_jitter_hides_the_loss() -> None:
    times = np.delete(true_times(12.0), slice(2000, 2002))
    stamps = jittered(times, 1)
    items = [stamped(stamps[:2000]), stamped(stamps[2000:], 2000, missing=2)]
    out = run(clock(), items)
    assert gaps_of(out) == {2000: 2}
    np.testing.assert_allclose(times_of(out)[500:], times[500:], rtol=0, atol=1e-3)


@pytest.mark.parametrize("step", [5.0, -5.0, 0.4])
@pytest.mark.parametrize("wrong", [0.0, 0.007, -0.05])
def test_a_clock_step_is_taken_off_and_is_no_gap(step: float, wrong: float) -> None:
    times = true_times(30.0)
    stamps = jittered(times, 2)
    stamps[5000:] += step
    said = Event(5000, 0.0, Kind.CLOCK_STEP, {"step": step + wrong})
    out = run(stage := clock(), interleaved(stamps, [said]))
    assert gaps_of(out) == {}
    assert stage.state.steps == 1
    np.testing.assert_allclose(times_of(out)[1000:], times[1000:], rtol=0, atol=1e-3)
    assert (np.diff(times_of(out)) > 0).all()


def test_at_a_low_rate_a_step_is_learned_from_what_follows() -> None:
    for seed in range(8):
        times = true_times(20.0, 100.0)
        stamps = jittered(times, seed)
        stamps[1200:] += 5.0
        said = Event(1200, 0.0, Kind.CLOCK_STEP, {"step": 5.01})
        out = run(clock(100.0), interleaved(stamps, [said]))
        np.testing.assert_allclose(times_of(out)[1200:], times[1200:], rtol=0, atol=1e-3)


def drifting(
    n_seconds: float, drift: float, step: float, at: int
) -> tuple[FloatArray, list[Event]]:
    """Return stamps of a clock that drifts and is set, and its measured offsets."""
    times = true_times(n_seconds, start=0.0)
    stamps = 50.0 + times * (1 + drift)
    stamps[at:] += step
    events = [
        measured(place, float(times[place] - stamps[place]), float(stamps[place]))
        for place in range(0, len(times), round(5 * SFREQ))
    ]
    return stamps, events


@pytest.mark.parametrize("early", [-700, 300])
def test_offsets_go_on_through_a_clock_step(early: int) -> None:
    at = 7000
    stamps, events = drifting(60.0, 80e-6, 5.0, at)
    said = Event(at, 0.0, Kind.CLOCK_STEP, {"step": 5.0})
    # One measurement reaches us on the wrong side of the step.
    place = at + early
    side = 0.0 if early > 0 else 5.0
    remote = float(stamps[place] + (side if early < 0 else -5.0))
    crossing = measured(place, float(place / SFREQ - remote), remote)
    out = run(clock(), interleaved(stamps, [said, crossing, *events]))
    assert gaps_of(out) == {}
    np.testing.assert_allclose(times_of(out), true_times(60.0, start=0.0), rtol=0, atol=1e-3)
    assert not events_of(out, Kind.WARNING)


def test_two_clocks_that_drift_apart_are_followed_between_measurements() -> None:
    stamps, events = drifting(90.0, -100e-6, 0.0, 0)
    out = run(stage := clock(), interleaved(stamps, events))
    times = times_of(out)
    error = np.abs(times - true_times(90.0, start=0.0))
    assert error[round(20 * SFREQ) :].max() < 5e-5
    assert stage.state.offset_drift_ppm == pytest.approx(100.0, abs=1.0)


def test_an_offset_that_jumps_and_stays_is_followed_within_two_measurements() -> None:
    stamps, events = drifting(60.0, 0.0, 0.0, 0)
    moved = [
        measured(e.sample, e.payload["offset"] - 3.0 * (e.sample > 7000), e.payload["remote_time"])
        for e in events
    ]
    out = run(stage := clock(), interleaved(stamps, moved))
    second = [e.sample for e in events if e.sample > 7000][1]
    expected = true_times(60.0, start=0.0) - 3.0 * (np.arange(len(stamps)) >= second)
    np.testing.assert_allclose(times_of(out), expected, rtol=0, atol=1e-4)
    assert gaps_of(out) == {}
    (warning,) = events_of(out, Kind.WARNING)
    assert "moved apart by -3.000 s" in warning.payload["message"]
    assert (warning.sample, stage.state.steps) == (second, 1)


def test_small_changes_of_the_offset_never_turn_times_back() -> None:
    times = true_times(60.0, 2000.0)
    rng = np.random.default_rng(0)
    events = [
        measured(place, float(rng.normal(0, 2e-3)), float(times[place]), 2e-3)
        for place in range(0, len(times), 10_000)
    ]
    out = run(clock(2000.0), interleaved(times, events))
    assert (np.diff(times_of(out)) > 0).all()


def test_one_wild_measurement_changes_nothing() -> None:
    stamps, events = drifting(60.0, 0.0, 0.0, 0)
    wild = measured(6300, 12.0, float(stamps[6300]))
    vague = measured(8800, -49.95, float(stamps[8800]), uncertainty=0.2)
    out = run(clock(), interleaved(stamps, [*events, wild, vague]))
    np.testing.assert_allclose(times_of(out), true_times(60.0, start=0.0), rtol=0, atol=1e-3)


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


def test_events_keep_their_place_among_samples_held_back() -> None:
    times = true_times(2.0)
    marker = Event(20, 0.0, Kind.MARKER)
    items = [stamped(times[:20]), marker, stamped(times[20:30], 20), stamped(times[30:], 30)]
    out = run(clock(), items)
    assert [len(x) if isinstance(x, Chunk) else x.sample for x in out] == [20, 20, 480]


def test_jitter_before_a_break_is_still_known_after_it() -> None:
    stamps = jittered(true_times(20.0), 3)
    out = run(stage := clock(), interleaved(stamps, [BACK]))
    assert list(gaps_of(out)) == [500]
    assert stage.jitter == pytest.approx(JITTER * np.sqrt(2 / np.pi), rel=0.2)


@pytest.mark.parametrize("step", [5.0, -5.0])
def test_stamps_may_step_while_the_clock_that_is_measured_goes_on(step: float) -> None:
    at, before = 7000, true_times(60.0, start=0.0)
    stamps = before + step * (np.arange(len(before)) >= at)
    said = Event(at, 0.0, Kind.CLOCK_STEP, {"step": step})
    events = [measured(k, 40.0, before[k]) for k in range(0, len(before), 1250)]
    out = run(clock(), interleaved(stamps, [said, *events]))
    assert gaps_of(out) == {}
    np.testing.assert_allclose(times_of(out), before + 40.0, rtol=0, atol=1e-3)
    assert not events_of(out, Kind.WARNING)


@pytest.mark.parametrize("after_s", [0.1, 0.15, 0.5])
def test_a_loss_soon_after_a_clock_step_is_found(after_s: float) -> None:
    at = 3000
    lost_at = at + round(after_s * SFREQ)
    true = np.delete(true_times(30.0, start=0.0), slice(lost_at, lost_at + 50))
    stamps = true + 5.0 * (np.arange(len(true)) >= at)
    said = Event(at, 0.0, Kind.CLOCK_STEP, {"step": 5.0})
    out = run(clock(), interleaved(stamps, [said]))
    assert sum(gaps_of(out).values()) == 50
    np.testing.assert_allclose(times_of(out)[-250:], true[-250:], rtol=0, atol=1e-3)


def test_a_signal_that_is_flat_from_its_start_loses_nothing() -> None:
    rng = np.random.default_rng(0)
    stamps = np.round(true_times(60.0) + rng.normal(0, JITTER, 15000), 3)
    out = run(stage := clock(), [Chunk(np.zeros((15000, 1)), 0, np.sort(stamps))])
    assert sum(len(chunk) for chunk in out if isinstance(chunk, Chunk)) == 15000
    assert (stage.state.duplicates, stage.state.lost) == (0, 0)


@pytest.mark.parametrize("seed", range(5))
def test_one_lost_sample_is_found_in_stamps_that_jitter_a_little(seed: int) -> None:
    jitter = 0.05 / SFREQ
    true = np.delete(true_times(20.0), 2500)
    stamps = true + np.random.default_rng(seed).normal(0, jitter, len(true))
    assert gaps_of(run(clock(), [stamped(stamps)])) == {2500: 1}
