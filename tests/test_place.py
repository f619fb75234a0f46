"""Where samples come from: one source, named plainly."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtemotion.errors import SetupError, SourceError
from rtemotion.options import Options
from rtemotion.place import Place


@pytest.mark.parametrize(
    ("headset", "means"),
    [("cap32", ("cap32", 1)), ("muse:7", ("muse", 7)), ("muse:", ("muse", 1))],
)
def test_a_simulated_headset_may_name_who_wears_it(headset: str, means: tuple[str, int]) -> None:
    assert Place(headset=headset).simulated() == means


@pytest.mark.parametrize("headset", ["muse:x", "muse:-1", "muse:1.5"])
def test_a_person_is_a_whole_number(headset: str) -> None:
    with pytest.raises(SetupError, match="cap32:1 for instance"):
        Place(headset=headset).simulated()


def test_a_simulated_headset_is_opened_as_it_was_named() -> None:
    source = Place(headset="muse:3").open(Options())
    try:
        assert source.info.simulated
        assert source.info.channels == ("TP9", "AF7", "AF8", "TP10")
    finally:
        source.close()


@pytest.mark.parametrize(
    ("place", "named"),
    [
        (Place(stream="a", board="b"), "--stream and --board"),
        (Place(headset="muse", file=Path("a.edf")), "--file and --headset"),
        (Place(stream="a", board="b", fieldtrip="c"), "--stream and --board and --fieldtrip"),
    ],
)
def test_two_sources_at_once_are_refused_by_name(place: Place, named: str) -> None:
    with pytest.raises(SetupError, match=named):
        place.open(Options())


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(SourceError, match=r"nowhere\.edf"):
        Place(file=Path("/nowhere.edf")).open(Options())


@pytest.mark.parametrize(
    ("place", "option"),
    [(Place(duplicates="all"), "--duplicates"), (Place(on_change="ignore"), "--on-change")],
)
def test_a_policy_is_one_of_those_there_are(place: Place, option: str) -> None:
    with pytest.raises(SetupError, match=option):
        place.open(Options())


@pytest.mark.parametrize(
    ("place", "unit", "known"),
    [
        (Place(), "uV", "given with --unit"),
        (Place(board="synthetic"), None, "BrainFlow's own"),
        (Place(headset="muse"), None, "the simulator's own"),
        (Place(file=Path("a.edf")), None, "stated by the file"),
        (Place(stream="a"), None, "stated by the sender"),
    ],
)
def test_how_the_unit_is_known_is_said(place: Place, unit: str | None, known: str) -> None:
    assert place.unit_known(unit) == known
