"""Marks of channels are taken back in the opposite order, and made again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rtemotion.gui.state.undo import Undo


class Engine:
    """Knows which channels are bad, and nothing of how that came about."""

    def __init__(self) -> None:
        self.bad: set[str] = set()
        self.undo = Undo(self.mark)

    def mark(self, channel: str, bad: bool) -> None:
        (self.bad.add if bad else self.bad.discard)(channel)

    def toggle(self, channel: str) -> None:
        self.undo.do(channel, channel not in self.bad)


def test_a_mark_is_made_taken_back_and_made_again() -> None:
    engine = Engine()
    engine.undo.do("Cz", True)
    assert engine.bad == {"Cz"}
    assert engine.undo.words == "marking Cz bad"
    assert engine.undo.undo()
    assert engine.bad == set()
    assert engine.undo.redo()
    assert engine.bad == {"Cz"}


def test_with_nothing_to_take_back_nothing_happens() -> None:
    engine = Engine()
    assert not engine.undo.undo()
    assert not engine.undo.redo()
    assert engine.undo.words == ""


def test_a_new_mark_ends_what_could_be_made_again() -> None:
    engine = Engine()
    engine.toggle("Cz")
    engine.undo.undo()
    engine.toggle("Pz")
    assert not engine.undo.redo()
    assert engine.bad == {"Pz"}


def test_another_run_has_nothing_to_take_back() -> None:
    engine = Engine()
    engine.toggle("Cz")
    engine.toggle("Pz")
    engine.undo.undo()
    engine.undo.clear()
    assert not engine.undo.undo()
    assert not engine.undo.redo()


@given(st.lists(st.sampled_from(["Cz", "Pz", "Oz"]), max_size=30), st.data())
def test_taking_back_and_making_again_leads_where_it_began(
    toggled: list[str], data: st.DataObject
) -> None:
    engine, was = Engine(), [set[str]()]
    for channel in toggled:
        engine.toggle(channel)
        was.append(set(engine.bad))
    back = data.draw(st.integers(0, len(toggled)))
    for k in range(back):
        assert engine.undo.undo()
        assert engine.bad == was[-2 - k]
    for k in range(back):
        assert engine.undo.redo()
        assert engine.bad == was[len(toggled) - back + 1 + k]
    assert not engine.undo.redo()
