"""Every measurement gives every number it promises."""

import math
import os
from collections.abc import Iterator
from typing import Any

import pytest

from rtemotion.bench import MEASUREMENTS
from rtemotion.bench import memory as long_run
from rtemotion.errors import SetupError

# Latency reconfigures the process it runs in; these are tested in processes of their own.
HERE = sorted(set(MEASUREMENTS) - {"latency", "latency_64", "hop_256"})


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from numbers(inner)
    else:
        yield value


@pytest.fixture
def same_cores() -> Iterator[None]:
    """Refuse a test that leaves this process with fewer cores than it had."""
    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    yield
    if before is not None:
        assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize("name", HERE)
@pytest.mark.usefixtures("same_cores")
def test_a_quick_run_gives_finite_numbers_under_the_promised_keys(name: str) -> None:
    measurement = MEASUREMENTS[name]
    result = measurement.run(quick=True)
    assert result.values.keys() == set(measurement.keys)
    assert result.left_out == {}
    assert all(math.isfinite(number) for number in numbers(result.values))
    if measurement.module == "hop":
        assert {"ms", "peer_ms", "ratio", "ratio_paced"} <= result.values[name].keys()
        assert result.values[name]["largest_difference"] < 1e-10


def test_a_long_run_tells_its_full_minutes_and_needs_more_than_one() -> None:
    minutes: list[float] = []
    long_run.measure(minutes=1.05, told=minutes.append)
    assert minutes == [1]
    with pytest.raises(SetupError, match="more than a minute"):
        long_run.measure(minutes=1.0)
