import sys
import time

import pytest

from rtemotion.sources.sleep import SleepWatch


class Clocks:
    """Two clocks; one stands still while the machine sleeps."""

    def __init__(self) -> None:
        self.awake = self.always = 100.0
        self.held_up = 0.0

    def read_awake(self) -> float:
        self.pass_time(self.held_up)
        return self.awake

    def read_always(self) -> float:
        return self.always

    def pass_time(self, seconds: float) -> None:
        self.awake += seconds
        self.always += seconds

    def sleep(self, seconds: float) -> None:
        self.always += seconds


def watch(clocks: Clocks) -> SleepWatch:
    return SleepWatch(awake=clocks.read_awake, always=clocks.read_always)


def test_sleep_is_told_once() -> None:
    clocks = Clocks()
    sleeps = watch(clocks)
    clocks.pass_time(500.0)
    assert sleeps.slept() == 0.0
    clocks.sleep(60.0)
    assert sleeps.slept() == 60.0
    assert sleeps.slept() == 0.0
    clocks.sleep(2.0)
    assert sleeps.slept() == 2.0


def test_being_held_up_between_two_readings_is_no_sleep() -> None:
    clocks = Clocks()
    sleeps = watch(clocks)
    clocks.held_up = 3.0
    assert sleeps.slept() == 0.0
    clocks.held_up = 0.0
    assert sleeps.slept() == 0.0


def test_this_machine_is_awake() -> None:
    sleeps = SleepWatch()
    time.sleep(0.15)
    assert sleeps.slept() == 0.0


def test_where_there_are_no_such_clocks_nothing_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert SleepWatch().slept() == 0.0
