"""Goals: what is judged, and how."""

import pytest

from rtemotion.bench import GOALS, MEASUREMENTS, judge
from rtemotion.bench.measurements import Result


def verdict(key: str, results: dict[str, object]) -> bool | None:
    (found,) = [v for v in judge(results) if v.goal.key == key]
    return found.met


def test_every_goal_stands_under_a_key_that_some_measurement_gives() -> None:
    keys = {key for measurement in MEASUREMENTS.values() for key in measurement.keys}
    assert {goal.key.partition(".")[0] for goal in GOALS} <= keys


def test_a_measurement_is_known_by_its_name() -> None:
    assert all(name == measurement.name for name, measurement in MEASUREMENTS.items())


@pytest.mark.parametrize(
    ("measured", "met"), [(25.0, True), (24.9, False), (26.0, True), (None, None)]
)
def test_a_ratio_meets_its_goal_from_the_limit_on(measured: float | None, met: bool) -> None:
    results = {"hop_64": {"ratio": measured, "ratio_paced": 1.0, "largest_difference": 0.0}}
    assert verdict("hop_64.ratio", results) is met


def test_growth_has_to_stay_below_its_limit_and_a_cost_may_reach_it() -> None:
    assert verdict("memory_growth_mb", {"memory_growth_mb": 5.0}) is False
    assert verdict("decoder_64_ms", {"decoder_64_ms": 0.5}) is True


def test_what_was_not_asked_for_is_not_judged() -> None:
    assert [v.goal.key for v in judge({"decoder_64_ms": 0.1})] == ["decoder_64_ms"]


def test_what_failed_is_judged_as_not_measured() -> None:
    verdicts = judge({"latency_ms": None, "hop_64": None})
    assert len(verdicts) == 4
    assert all(v.measured is None and v.met is None for v in verdicts)


def test_a_result_leaves_nothing_out_unless_it_says_so() -> None:
    assert Result({"decoder_64_ms": 0.1}).left_out == {}
