"""What drives an emotion adds up to what is shown, in numbers and in words."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rtemotion.gui.state.reasons import Drivers, drivers, strongest_rows
from rtemotion.gui.state.session import SourceFacts, read_source

from .runs import CHANNELS, Account, account


@pytest.fixture(scope="module")
def run() -> Account:
    return account()


@pytest.fixture(scope="module")
def source(run: Account) -> SourceFacts:
    return read_source(run.state["source"])


def test_base_and_contributions_add_up_to_the_value_shown(run: Account) -> None:
    known = 0
    for message in run.of("contributions"):
        for emotion in range(len(message["mean"])):
            found = drivers(message, emotion)
            assert found is not None
            assert found.node.shape == (4,)
            assert found.edge.shape == (6,)
            if found.known:
                known += 1
                assert found.base + found.total == pytest.approx(found.shown, abs=1e-5)
                assert found.shown == message["mean"][emotion]
    assert known > 100


def test_every_row_and_the_base_add_up_to_the_value_shown(
    run: Account, source: SourceFacts
) -> None:
    message = run.of("contributions")[-1]
    for emotion in range(len(message["mean"])):
        found = drivers(message, emotion)
        assert found is not None
        rows = strongest_rows(found, source, "joy", count=100)
        total = sum(value for _, value in rows) + found.base
        assert total == pytest.approx(found.shown, abs=1e-5)
        assert all(text.endswith(f"by {abs(value):.3f}") for text, value in rows)


def test_rows_are_the_strongest_largest_first(run: Account, source: SourceFacts) -> None:
    found = drivers(run.of("contributions")[-1], 1)
    assert found is not None
    rows = strongest_rows(found, source, "joy", count=3)
    sizes = np.sort(np.abs(np.concatenate([found.node, found.edge])))[::-1]
    np.testing.assert_allclose([abs(value) for _, value in rows], sizes[:3])


def test_rows_name_channels_pairs_and_directions(source: SourceFacts) -> None:
    found = Drivers(
        node=np.array([0.0, 0.2, 0.0, np.nan]),
        edge=np.array([0.0, 0.0, 0.0, -0.5, 0.0, 0.1]),
        base=0.5, total=-0.2, shown=0.3, trusted=True,
    )  # fmt: skip
    assert strongest_rows(found, source, "joy") == [
        ("AF7–AF8 coupling lowers joy by 0.500", -0.5),
        ("AF7 power raises joy by 0.200", 0.2),
        ("AF8–TP10 coupling raises joy by 0.100", 0.1),
    ]


def test_rows_name_only_what_there_is(run: Account, source: SourceFacts) -> None:
    found = drivers(run.of("contributions")[-1], 0)
    assert found is not None
    pairs = {f"{CHANNELS[i]}–{CHANNELS[j]} coupling" for i in range(4) for j in range(i + 1, 4)}
    known = pairs | {f"{name} power" for name in CHANNELS}
    for text, _ in strongest_rows(found, source, "joy", count=100):
        assert re.split(" (?:raises|lowers) ", text)[0] in known


def test_before_the_first_value_nothing_is_known(run: Account) -> None:
    assert drivers({}, 0) is None
    first = run.of("contributions")[0]
    assert drivers(first, len(first["mean"])) is None
    found = drivers(first, 0)
    assert found is not None
    assert not found.known
