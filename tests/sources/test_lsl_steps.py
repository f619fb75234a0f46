from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtemotion.sources.lsl_steps import StepFinder

SFREQ = 250.0
few = settings(max_examples=25, deadline=None)
Batch = tuple[np.ndarray, float]


def stream(
    seconds: float = 20.0,
    chunk: int = 5,
    step: float = 0.0,
    at_s: float = 10.0,
    lost_s: float = 0.0,
    seed: int = 0,
) -> list[Batch]:
    """Chunks of stamps with their arrivals; what happens does so after `at_s` seconds.

    The sender's clock is 1000 s behind ours, stamps jitter by 2 ms and the network
    takes between 5 and 25 ms.
    """
    rng = np.random.default_rng(seed)
    batches = []
    for first in range(0, int(seconds * SFREQ), chunk):
        moments = np.arange(first, first + chunk) / SFREQ
        if moments[0] >= at_s:
            moments = moments + lost_s
        sent = moments[-1]
        stamps = moments - 1000.0 + rng.normal(0, 0.002, chunk)
        if first / SFREQ >= at_s:
            stamps = stamps + step
        batches.append((stamps, sent + rng.uniform(0.005, 0.025)))
    return batches


def stalled(batches: Sequence[Batch], begin: float, end: float) -> list[Batch]:
    """The same, received by somebody who was busy from `begin` to `end`."""
    return [(s, end if begin < arrival < end else arrival) for s, arrival in batches]


def found(batches: Sequence[Batch]) -> list[tuple[float, float]]:
    """Return the steps, with the number of seconds of signal before them."""
    finder = StepFinder(SFREQ)
    steps, before = [], 0
    for stamps, arrival in batches:
        steps += [((before + row) / SFREQ, step) for row, step in finder.find(stamps, arrival)]
        before += len(stamps)
    return steps


@pytest.mark.parametrize("chunk", [1, 5, 62, 250])
@pytest.mark.parametrize("step", [5.0, 0.4, -0.4, -5.0, 3600.0, -3600.0])
def test_a_step_is_found_where_it_is_and_as_long_as_it_is(step: float, chunk: int) -> None:
    (found_step,) = found(stream(step=step, chunk=chunk))
    assert found_step[0] == pytest.approx(10.0, abs=chunk / SFREQ)
    assert found_step[1] == pytest.approx(step, abs=0.02)


def test_steps_to_and_fro() -> None:
    there = stream(seconds=30.0, step=5.0)
    back = [
        (stamps - 5.0, arrival) if arrival > 20.0 else (stamps, arrival)
        for stamps, arrival in there
    ]
    assert [round(step, 1) for _, step in found(back)] == [5.0, -5.0]


def test_a_step_inside_a_batch() -> None:
    stamps = np.arange(500) / SFREQ
    finder = StepFinder(SFREQ)
    assert finder.find(stamps[:250], 1.02) == []
    later = stamps[250:] + np.where(np.arange(250) >= 100, 2.0, 0.0)
    ((row, step),) = finder.find(later, 2.02)
    assert (row, step) == (100, pytest.approx(2.0))


@few
@given(st.floats(0.3, 30.0), st.integers(1, 100), st.integers(0, 1000))
def test_a_loss_is_no_step(lost_s: float, chunk: int, seed: int) -> None:
    assert found(stream(lost_s=lost_s, chunk=chunk, seed=seed)) == []


@few
@given(st.floats(0.3, 8.0), st.integers(1, 100))
def test_a_backlog_is_no_step(stall: float, chunk: int) -> None:
    assert found(stalled(stream(chunk=chunk), 8.0, 8.0 + stall)) == []


@few
@given(st.floats(0.3, 5.0), st.floats(0.3, 5.0))
def test_a_loss_within_a_backlog_is_no_step(lost_s: float, stall: float) -> None:
    assert found(stalled(stream(lost_s=lost_s), 9.5, 10.5 + lost_s + stall)) == []


def test_a_loss_while_the_clock_steps_is_left_over() -> None:
    ((_, forwards),) = found(stream(step=5.0, lost_s=2.0))
    assert forwards == pytest.approx(5.0, abs=0.1)
    ((_, backwards),) = found(stream(step=-5.0, lost_s=2.0))
    assert backwards == pytest.approx(-5.0, abs=0.1)


def test_a_burst_stamped_with_the_moment_of_its_arrival_is_no_step() -> None:
    """A radio link that stalls for 4 s and then stamps four packets of 1 s alike."""
    packet = np.arange(250) / SFREQ
    before = [(k + packet, k + 1.01) for k in range(5)]
    burst = [(8 + packet, 9.01 + 0.001 * k) for k in range(4)]
    after = [(k + packet, k + 1.01) for k in range(9, 14)]
    assert found([*before, *burst, *after]) == []


def test_packets_with_one_stamp_for_all_their_samples_are_no_steps() -> None:
    assert found([(np.full(250, float(k)), k + 0.01) for k in range(20)]) == []


def test_drifting_clocks_are_no_step_however_long() -> None:
    batches = [
        (stamps * (1 + 2e-4), arrival) for stamps, arrival in stream(seconds=1200.0, chunk=50)
    ]
    assert found(batches) == []


def test_after_forgetting_nothing_is_compared_with_before() -> None:
    batches = stream(step=50.0)
    finder = StepFinder(SFREQ)
    for stamps, arrival in batches:
        if stamps[0] > -970.0:
            break
        finder.find(stamps, arrival)
    finder.forget()
    rest = [(stamps, arrival) for stamps, arrival in batches if stamps[0] > -970.0]
    assert rest
    assert [step for stamps, arrival in rest for step in finder.find(stamps, arrival)] == []
