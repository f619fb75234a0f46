"""Where labels show in nothing, about 5 of 100 scores look significant; careless tests find more.

The long version is benchmarks/null_test.py.
"""

from __future__ import annotations

import numpy as np
import pytest

from rtemotion.models.evaluation.null_test import RECIPES, null_test, with_intervals
from rtemotion.models.evaluation.splits import Protocol


def test_false_alarms_are_as_rare_as_they_claim_to_be() -> None:
    alarms = null_test(repeats=15, moves=19, seed=1)
    assert [one.protocol for one in alarms] == ["A", "B", "C", "D"]
    for one in alarms:
        assert one.holds, f"{one.alarms} of {one.repeats} under {one.protocol}"
    # All four together are told apart from a rate of 0.2.
    assert sum(one.alarms for one in alarms) <= 8


def test_a_test_that_finds_too_much_or_nothing_ever_does_not_hold() -> None:
    for alarms in (0, 60, 500):
        (found, *_) = with_intervals(dict.fromkeys(RECIPES, alarms), 500)
        assert not found.holds
    (found, *_) = with_intervals(dict.fromkeys(RECIPES, 25), 500)
    assert found.holds


def test_holm_holds_the_least_likely_against_the_narrowest_level() -> None:
    counts = {Protocol.A: 25, Protocol.B: 41}
    usual, odd = with_intervals(counts, 500)
    assert odd.high > usual.high


def test_protocols_are_those_that_a_score_may_be_obtained_with() -> None:
    assert set(RECIPES) == set(Protocol) - {Protocol.E}
    with pytest.raises(ValueError, match="E"):
        null_test(1, (Protocol.E,))
    assert np.isfinite(null_test(1, (Protocol.D,), moves=19)[0].rate)
