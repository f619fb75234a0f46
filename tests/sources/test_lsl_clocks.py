"""What the source tells about clocks: the sender's, and this machine's sleep."""

import shutil
import subprocess
from collections.abc import Iterator

import numpy as np
import pytest

from rtemotion.signal import Chunk, Kind, Tick
from rtemotion.sources import lsl_connect, lsl_threads
from rtemotion.sources.lsl import LSLSource
from rtemotion.sources.sleep import SleepWatch

from .lsl_senders import Start, chunks, collect, events, senders

# A clock 1000 s ahead of ours, as on another machine.
ELSEWHERE = ("unshare", "--user", "--map-root-user", "--time", "--monotonic", "1000")


@pytest.fixture
def send() -> Iterator[Start]:
    with senders() as start:
        yield start


def another_machine() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*ELSEWHERE, "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not another_machine(), reason="no time namespaces on this machine")
def test_the_offset_of_another_machine_comes_before_its_first_sample(send: Start) -> None:
    source_id, process = send(prefix=ELSEWHERE)
    source = LSLSource(f"source_id={source_id}")
    try:
        items = [item for item in collect(source, 0.3) if not isinstance(item, Tick)]
        assert items[0].kind == Kind.CLOCK_OFFSET
        assert items[0].payload["offset"] == pytest.approx(-1000.0, abs=0.05)
        stamps = chunks(items)[-1].times
        assert stamps[-1] - 1000.0 == pytest.approx(source.now(), abs=0.5)
        process.kill()
        process.wait()
        send(source_id)  # returns on this machine
        found = collect(source, 3.0)
        at = next(
            i
            for i, item in enumerate(found)
            if isinstance(item, Chunk) and abs(item.times[0] - source.now()) < 100
        )
        kinds = [item.kind for item in found[:at] if not isinstance(item, Chunk | Tick)]
        assert kinds[-2:] == [Kind.STREAM_RETURNED, Kind.CLOCK_OFFSET]
        (_, offset) = [item for item in found[:at] if not isinstance(item, Chunk | Tick)][-2:]
        assert offset.payload["offset"] == pytest.approx(0.0, abs=0.05)
    finally:
        source.close()


def test_a_sender_whose_clock_is_not_measured_in_time_is_received(
    send: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lsl_connect, "_OFFSET_TIMEOUT_S", 0.05)
    monkeypatch.setattr(lsl_threads, "_MEASURE_EVERY_S", 1.0)
    source_id, _ = send()
    with caplog.at_level("INFO"):
        source = LSLSource(f"source_id={source_id}")
    try:
        items = collect(source, 1.5)
        first = next(i for i, item in enumerate(items) if isinstance(item, Chunk))
        assert not events(items[:first], Kind.CLOCK_OFFSET)
        assert events(items[first:], Kind.CLOCK_OFFSET)  # it is, later
        assert "does not answer when its clock is measured" in caplog.text
    finally:
        source.close()


def test_nothing_sent_after_opening_is_lost(send: Start) -> None:
    source_id, _ = send(wait_for_receiver=True)
    source = LSLSource(f"source_id={source_id}")
    try:
        counted = np.round(
            np.concatenate([c.data[:, 0] for c in chunks(collect(source, 0.5))]) * 1e6
        )
        np.testing.assert_array_equal(counted, np.arange(len(counted)))
        assert len(counted) > 100
    finally:
        source.close()


def test_steps_of_the_senders_clock_are_told_where_they_are(send: Start) -> None:
    source_id, _ = send(wait_for_receiver=True, steps=[[600, 5.0], [1000, -5.0]])
    source = LSLSource(f"source_id={source_id}")
    try:
        items = collect(source, 5.0)
    finally:
        source.close()
    steps = events(items, Kind.CLOCK_STEP)
    assert [event.sample for event in steps] == [600, 1000]
    assert [event.payload["step"] for event in steps] == pytest.approx([5.0, -5.0], abs=0.02)
    for event in steps:
        following = items[items.index(event) + 1]
        assert isinstance(following, Chunk)
        assert following.first_sample == event.sample
    data = np.concatenate([c.data[:, 0] for c in chunks(items)])
    np.testing.assert_array_equal(np.round(data * 1e6), np.arange(len(data)))


def test_a_pause_of_the_sender_is_no_step(send: Start) -> None:
    source_id, _ = send(wait_for_receiver=True, steps=[], pause_after=300, pause_s=1.0)
    source = LSLSource(f"source_id={source_id}")
    try:
        items = collect(source, 3.0)
        assert len(chunks(items)) > 20
        assert not events(items, Kind.CLOCK_STEP)
    finally:
        source.close()


def test_this_machines_sleep_is_told_before_the_next_sample(send: Start) -> None:
    slept = [0.0]
    watch = SleepWatch(awake=lambda: 0.0, always=lambda: slept[0])
    source_id, _ = send()
    source = LSLSource(f"source_id={source_id}", sleep=watch)
    try:
        before = collect(source, 0.3)
        slept[0] = 40.0
        after = collect(source, 0.3)
    finally:
        source.close()
    assert not events(before, Kind.SLEPT)
    (event,) = events(after, Kind.SLEPT)
    assert event.payload == {"seconds": 40.0}
    received = sum(len(c) for c in chunks(before))
    assert event.sample == received
    assert after.index(event) == 0 or not chunks(after[: after.index(event)])
