"""What is a loss in the stamps, and what only looks like one."""

from __future__ import annotations

import numpy as np
import pytest

from rtemotion.signal import Chunk, identical
from rtemotion.testing import joined, recut

from .clock_streams import (
    JITTER,
    SFREQ,
    START,
    clock,
    gaps_of,
    in_chunks,
    jittered,
    stamped,
    times_of,
    true_times,
    without,
    without_packets,
)
from .signals import run


@pytest.mark.parametrize("sfreq", [128.0, 250.0, 256.0, 1000.0, 4096.0])
@pytest.mark.parametrize("at", [1.0, 1.7, 12.0])
def test_the_loss_of_one_sample_is_found_where_the_stamps_are_exact(
    sfreq: float, at: float
) -> None:
    times = true_times(14.0, sfreq)
    gone = round(at * sfreq)
    first, second = run(stage := clock(sfreq), [stamped(np.delete(times, gone))])
    assert (first.stop, second.first_sample, second.missing_before) == (gone, gone + 1, 1)
    np.testing.assert_allclose(second.times, times[gone + 1 :], rtol=0, atol=1e-9)
    assert stage.lost == 1


@pytest.mark.parametrize("seed", range(6))
def test_a_loss_in_jittery_stamps_is_found_to_within_their_jitter(seed: int) -> None:
    times = without(true_times(12.0), 8.0, 0.2)
    first, second = run(stage := clock(), [stamped(jittered(times, seed))])
    assert abs(second.missing_before - 50) <= JITTER * SFREQ
    assert first.stop == 8.0 * SFREQ
    assert second.first_sample == first.stop + second.missing_before
    assert stage.lost == second.missing_before
    np.testing.assert_allclose(second.times, times[-len(second) :], rtol=0, atol=1e-3)


def test_every_loss_is_counted() -> None:
    times = without(without(true_times(20.0), 15.0, 0.5), 10.0, 1.0)
    chunks = run(stage := clock(), [stamped(times)])
    assert [chunk.missing_before for chunk in chunks] == [0, 250, 125]
    assert stage.lost == 375
    assert chunks[-1].stop == 20 * SFREQ


def test_two_losses_close_together_are_two() -> None:
    times = without(without(true_times(20.0), 10.3, 0.2), 10.0, 0.2)
    assert gaps_of(run(clock(), [stamped(times)])) == {2500: 50, 2525: 50}


def test_what_follows_a_jump_waits_for_a_fifth_of_a_second() -> None:
    times = without(true_times(12.0), 10.0, 1.0)
    stage = clock()
    run(stage, [stamped(times[:2500])])
    counts = [
        sum(len(chunk) for chunk in run(stage, [stamped(times[k : k + 1], k)]))
        for k in range(2500, 2552)
    ]
    assert counts == [0] * 49 + [50, 1, 1]


def test_a_lone_outlier_waits_for_four_usual_stamps() -> None:
    times = true_times(12.0)
    times[2500] += 0.5
    stage = clock()
    run(stage, [stamped(times[:2500])])
    counts = [
        sum(len(chunk) for chunk in run(stage, [stamped(times[k : k + 1], k)]))
        for k in range(2500, 2507)
    ]
    assert counts == [0, 0, 0, 0, 5, 1, 1]
    assert stage.lost == 0


@pytest.mark.parametrize("seconds", [0.05, 0.1, 0.3, 1.0])
@pytest.mark.parametrize("jitter", [0.0, 1e-3])
def test_a_late_burst_stamped_together_is_no_gap_and_pulls_little(
    seconds: float, jitter: float
) -> None:
    times = true_times(24.0)
    start = round(10.0 * SFREQ)
    stop = start + round(seconds * SFREQ)
    stamps = jittered(times, 1, jitter)
    stamps[start:stop] = times[stop]
    (out,) = run(stage := clock(), [stamped(stamps)])
    assert stage.lost == 0
    assert (np.diff(out.times) > 0).all()
    assert np.abs(out.times - times).max() < seconds / 6
    np.testing.assert_allclose(out.times[-1000:], times[-1000:], rtol=0, atol=1e-3)


@pytest.mark.parametrize("sfreq", [128.0, 250.0, 1000.0])
@pytest.mark.parametrize("chunk", [0.02, 0.05, 0.1])
@pytest.mark.parametrize("stamping", ["together", "delayed", "together and delayed"])
def test_stamps_of_chunks_invent_no_gap(sfreq: float, chunk: float, stamping: str) -> None:
    for seed in range(3):
        stamps = in_chunks(12.0, sfreq, chunk, stamping, seed)
        out = run(stage := clock(sfreq), recut([stamped(stamps)], [7]))
        assert (stage.lost, stage.state.resets) == (0, 0)
        assert (np.diff(times_of(out)) > 0).all()


@pytest.mark.parametrize("sfreq", [128.0, 250.0])
@pytest.mark.parametrize("chunk", [0.02, 0.04])
@pytest.mark.parametrize("stamping", ["together", "delayed", "together and delayed"])
def test_chunks_that_begin_to_be_delayed_invent_no_gap(
    sfreq: float, chunk: float, stamping: str
) -> None:
    exact = true_times(8.0, sfreq)
    for seed in range(4):
        late = in_chunks(12.0, sfreq, chunk, stamping, seed) + 8.0
        run(stage := clock(sfreq), [stamped(np.concatenate([exact, late]))])
        assert (stage.lost, stage.state.resets) == (0, 0)


@pytest.mark.parametrize("chunk", [0.04, 0.1])
@pytest.mark.parametrize("stamping", ["together", "delayed"])
def test_a_loss_among_chunks_is_found_to_within_their_delays(chunk: float, stamping: str) -> None:
    stamps = without(in_chunks(40.0, SFREQ, chunk, stamping, 2), 25.0, 0.2)
    gaps = gaps_of(run(clock(), [stamped(stamps)]))
    ((place, missing),) = gaps.items()
    assert abs(place - 25.0 * SFREQ) <= 0.1 * SFREQ
    assert abs(missing - 50) <= 0.1 * SFREQ


def test_a_backlog_pushed_in_chunks_is_no_gap() -> None:
    times = true_times(20.0)
    stamps = times.copy()
    for start in range(0, len(times) - 12, 12):
        due = times[start + 11]
        pushed = 115.0 if 114.8 < due < 115.0 else due
        stamps[start : start + 12] = pushed - (11 - np.arange(12)) / SFREQ
    run(stage := clock(), [stamped(stamps)])
    assert stage.lost == 0


@pytest.mark.parametrize("jitter", [0.0, JITTER])
@pytest.mark.parametrize("again", [slice(1500, 1501), slice(1460, 1501), slice(1300, 1400)])
def test_samples_sent_twice_are_dropped(jitter: float, again: slice) -> None:
    times = true_times(12.0)
    stamps = jittered(times, 5, jitter)
    order = np.concatenate([np.arange(1501), np.arange(1501)[again], np.arange(1501, len(times))])
    data = np.arange(len(times), dtype=np.float64)[order, None]
    sent = Chunk(data, 0, stamps[order])
    out = run(stage := clock(), recut([sent], [9]))
    assert stage.state.duplicates == again.stop - again.start
    assert stage.lost == 0
    got = np.concatenate([chunk.data[:, 0] for chunk in out])
    np.testing.assert_array_equal(got, np.arange(len(times)))


@pytest.mark.parametrize("size", [2, 5, 25, 100])
def test_a_flat_signal_in_chunks_stamped_together_is_no_duplicate(size: int) -> None:
    stamps = in_chunks(12.0, SFREQ, size / SFREQ, "together", 0)
    flat = Chunk(np.zeros((len(stamps), 2)), 0, stamps)
    out = run(stage := clock(), recut([flat], [size]))
    assert stage.state.duplicates == stage.lost == 0
    assert sum(map(len, out)) == len(stamps)


def test_values_that_come_again_at_other_times_are_no_duplicates() -> None:
    flat = Chunk(np.zeros((2500, 1)), 0, true_times(10.0))
    run(stage := clock(), [flat])
    assert stage.state.duplicates == 0


@pytest.mark.parametrize(
    ("sfreq", "packet"),
    [(128.0, 0.02), (128.0, 0.04), (256.0, 0.008), (256.0, 0.02), (1000.0, 0.008), (1000.0, 0.02)],
)
def test_packets_lost_often_from_exact_stamps_are_counted_where_they_are(
    sfreq: float, packet: float
) -> None:
    for share, seed in ((0.01, 0), (0.01, 1), (0.03, 2)):
        times, gaps = without_packets(40.0, sfreq, packet, share, seed)
        out = run(clock(sfreq), [stamped(times)])
        assert gaps_of(out) == gaps
        np.testing.assert_allclose(times_of(out), times, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("sfreq", "jitter"), [(256.0, 0.3e-3), (256.0, 1e-3), (1000.0, 0.3e-3)])
def test_packets_lost_often_from_stamps_that_jitter_less_are_counted(
    sfreq: float, jitter: float
) -> None:
    for seed in range(3):
        times, gaps = without_packets(60.0, sfreq, 0.02, 0.01, seed)
        out = run(clock(sfreq), [stamped(jittered(times, seed, jitter))])
        assert gaps_of(out) == gaps
        late = times > START + 10.0
        np.testing.assert_allclose(times_of(out)[late], times[late], rtol=0, atol=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_losses_in_jitter_not_far_below_them_do_not_hide_one_another(seed: int) -> None:
    times, gaps = without_packets(120.0, 256.0, 0.02, 0.01, seed)
    stamps = jittered(times, seed)
    # Samples of one packet share a delay.
    stamps[:] = times + np.repeat((stamps - times)[::5], 5)[: len(times)]
    stage = clock(256.0)
    run(stage, [stamped(stamps)])
    assert stage.state.gaps >= 0.95 * len(gaps)
    assert abs(stage.lost - sum(gaps.values())) <= 0.05 * sum(gaps.values())


@pytest.mark.parametrize("at", [0.02, 0.1, 0.19, 0.3, 0.95])
def test_a_loss_in_the_first_second_is_counted_when_stamps_are_exact(at: float) -> None:
    times = without(true_times(4.0), at, 0.02)
    out = run(clock(), [stamped(times)])
    assert gaps_of(out) == {round(at * SFREQ): 5}
    np.testing.assert_allclose(times_of(out), times, rtol=0, atol=1e-6)


def test_what_follows_an_odd_stamp_of_the_first_second_waits_for_a_second() -> None:
    times = without(true_times(4.0), 0.5, 0.02)
    stage = clock()
    counts = [
        sum(len(chunk) for chunk in run(stage, [stamped(times[k : k + 1], k)])) for k in range(380)
    ]
    assert counts[124:] == [1] + [0] * 249 + [250] + [1] * 5


@pytest.mark.parametrize("second", [1, 3, 4, 12, 24, 40, 49])
def test_losses_within_the_time_of_judgement_are_all_counted(second: int) -> None:
    first, third = 2500, 2500 + second + 5
    gone = np.concatenate([np.arange(first, first + 5), third + np.arange(5)])
    gone = np.concatenate([gone, third + 8 + np.arange(3)])
    times = np.delete(true_times(14.0), gone)
    out = run(clock(), [stamped(times)])
    assert sum(gaps_of(out).values()) == 13
    np.testing.assert_allclose(times_of(out)[2600:], times[2600:], rtol=0, atol=1e-4)


def test_losses_with_one_sample_between_them_count_as_one() -> None:
    for between, expected in ((1, {2500: 10}), (2, {2500: 5, 2502: 5})):
        gone = np.concatenate([np.arange(2500, 2505), np.arange(2505, 2510) + between])
        times = np.delete(true_times(14.0), gone)
        assert gaps_of(run(clock(), [stamped(times)])) == expected


@pytest.mark.parametrize("jitter", [0.0, 1e-3, JITTER])
@pytest.mark.parametrize("lengths", [[1], [5], [26], [300, 7]])
def test_losses_are_the_same_however_the_samples_are_cut(
    jitter: float, lengths: list[int]
) -> None:
    times, _ = without_packets(12.0, 256.0, 0.02, 0.03, 5)
    whole = stamped(jittered(times, 1, jitter))
    expected = joined(run(clock(256.0), [whole]))
    got = joined(run(clock(256.0), recut([whole], lengths)))
    assert len(expected) == len(got) > 5
    assert all(map(identical, expected, got))


@pytest.mark.parametrize("off", [-0.02, -0.015, 0.01, 0.03])
@pytest.mark.parametrize("jitter", [3e-4, 1e-3, JITTER])
def test_a_sender_well_off_its_nominal_rate_loses_nothing(off: float, jitter: float) -> None:
    for seed in range(2):
        stamps = jittered(true_times(12.0, SFREQ * (1.0 + off)), seed, jitter)
        run(stage := clock(), [stamped(stamps)])
        assert stage.lost == 0
        assert stage.state.rate == pytest.approx(SFREQ * (1.0 + off), rel=1e-3)


@pytest.mark.parametrize("lengths", [[1], [26], [300, 7]])
def test_what_drifts_away_at_first_is_the_same_however_the_samples_are_cut(
    lengths: list[int],
) -> None:
    whole = stamped(jittered(true_times(8.0, 0.98 * SFREQ), 3))
    expected = joined(run(clock(), [whole]))
    assert all(map(identical, expected, joined(run(clock(), recut([whole], lengths)))))
