"""Some of a recording's markers."""

import pytest

from rtemotion.signal import Event, Kind
from rtemotion.sources.chosen_markers import ChosenMarkers
from rtemotion.sources.memory import MemorySource
from rtemotion.testing import check_source

from ..helpers import simulated


def marker(**payload: str) -> Event:
    return Event(0, 0.0, Kind.MARKER, payload)


TASK, KEYS, CODE, NOTE = (
    marker(stream="task"),
    marker(stream="keys"),
    marker(channel="Status"),
    marker(description="eyes closed"),
)
OFFSET = Event(0, 0.0, Kind.CLOCK_OFFSET, {"offset": 0.0})


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ("task", [TASK]),
        ("name=task", [TASK]),
        ("task,Status", [TASK, CODE]),
        ("k*", [KEYS]),
        ("annotations", [NOTE]),
        ("*", [TASK, KEYS, CODE, NOTE]),
        ("none", []),
    ],
)
def test_only_the_markers_asked_for_are_passed_on(wanted: str, kept: list[Event]) -> None:
    info, chunk = simulated("muse", 1.0)
    items = [OFFSET, TASK, KEYS, CODE, NOTE, chunk]
    source = ChosenMarkers(MemorySource(info, items), wanted)
    assert list(source) == [OFFSET, *kept, chunk]


def test_the_contract_of_a_source_holds() -> None:
    info, chunk = simulated("muse", 1.0)
    check_source(ChosenMarkers(MemorySource(info, [TASK, chunk]), "task"))
