"""Requests find their answers, and a connection that breaks is made again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from rtemotion.errors import ServiceError
from rtemotion.gui.state import link as link_module
from rtemotion.gui.state.link import Link


class Wire:
    """A connection whose other end is the test."""

    def __init__(self, pid: int = 1) -> None:
        self.closed, self.why_closed = False, ""
        self.welcome = {"type": "welcome", "pid": pid}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.inbox: list[dict[str, Any]] = []
        self.left = False

    def ask(self, verb: str, **said: Any) -> int:
        if self.closed:
            raise ServiceError("The connection to the service has ended.")
        self.asked.append((verb, said))
        return len(self.asked)

    def take(self) -> list[dict[str, Any]]:
        taken, self.inbox = self.inbox, []
        return taken

    def close(self) -> None:
        self.left = True

    def answer(self, number: int, result: Any) -> None:
        self.inbox.append({"type": "reply", "id": number, "ok": True, "result": result})

    def refuse(self, number: int, sentence: str) -> None:
        self.inbox.append({"type": "reply", "id": number, "ok": False, "error": sentence})

    def breaks(self, why: str = "the service has gone") -> None:
        self.closed, self.why_closed = True, why


def until(link: Link, so: Callable[[], bool]) -> list[Any]:
    """Pump until something is so; return what came meanwhile."""
    end, messages = time.monotonic() + 5.0, []
    while not so():
        assert time.monotonic() < end
        messages += link.pump()
        time.sleep(0.001)
    return messages


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "RETRY_S", 0.0)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def link(wire: Wire) -> Link:
    link = Link(lambda: wire)
    until(link, lambda: link.connected)
    return link


def test_the_first_message_of_a_connection_is_the_service_s_welcome(wire: Wire) -> None:
    link = Link(lambda: wire)
    wire.inbox.append({"type": "state", "phase": "idle"})
    messages = until(link, lambda: link.connected)
    assert [message["type"] for message in messages] == ["welcome", "state"]
    assert link.problem == ""


def test_every_answer_goes_to_who_asked_and_to_nobody_else(wire: Wire, link: Link) -> None:
    got: list[Any] = []
    link.ask("streams", lambda result: got.append(("streams", result)), got.append, wait=1.0)
    link.ask("boards", lambda result: got.append(("boards", result)), got.append)
    assert wire.asked == [("streams", {"wait": 1.0}), ("boards", {})]
    wire.answer(2, ["a board"])
    wire.inbox.append({"type": "event", "text": "a marker"})
    wire.answer(1, [])
    assert link.pump() == [{"type": "event", "text": "a marker"}]
    assert got == [("boards", ["a board"]), ("streams", [])]
    wire.answer(1, "again")
    link.pump()
    assert len(got) == 2


def test_a_refusal_is_a_sentence(wire: Wire, link: Link) -> None:
    done: list[Any] = []
    said: list[str] = []
    link.ask("start", done.append, said.append, place={"file": "no.edf"})
    wire.refuse(1, "There is no no.edf.")
    link.pump()
    assert said == ["There is no no.edf."]
    assert done == []


def test_an_answer_nobody_waits_for_does_no_harm(wire: Wire, link: Link) -> None:
    link.ask("stop")
    wire.answer(1, None)
    link.ask("stop")
    wire.refuse(2, "Nothing runs.")
    assert link.pump() == []


def test_without_a_connection_a_request_fails_at_once_with_the_reason() -> None:
    link, said = Link(Wire), []
    link.ask("start", None, said.append)
    assert said == ["The engine's process is not there (it is being looked for)."]


def test_a_service_that_cannot_be_reached_is_said_and_tried_again() -> None:
    tries: list[int] = []

    def connect() -> Wire:
        tries.append(1)
        if len(tries) < 3:
            raise ServiceError("The service does not answer.")
        return Wire()

    link = Link(connect)
    until(link, lambda: link.problem == "The service does not answer.")
    said: list[str] = []
    link.ask("stop", None, said.append)
    assert said == ["The engine's process is not there (The service does not answer.)."]
    until(link, lambda: link.connected)
    assert len(tries) == 3
    assert link.problem == ""


def test_whatever_goes_wrong_on_the_way_is_tried_again() -> None:
    tries: list[int] = []

    def connect() -> Wire:
        tries.append(1)
        if len(tries) == 1:
            raise PermissionError("python cannot be run")
        return Wire()

    link = Link(connect)
    until(link, lambda: "python cannot be run" in link.problem)
    until(link, lambda: link.connected)


def test_a_connection_that_breaks_fails_what_waits_and_is_made_again() -> None:
    wires = [Wire(1), Wire(2)]
    left = list(wires)
    link = Link(lambda: left.pop(0))
    link.subscribe(("signals", "frames"), "joy")
    until(link, lambda: link.connected)
    first, second = wires
    wanted = ("subscribe", {"topics": ["frames", "signals"], "emotion": "joy"})
    assert first.asked == [wanted]
    said: list[str] = []
    link.ask("look", None, said.append)
    first.inbox.append({"type": "event", "text": "the last words"})
    first.breaks("killed")
    assert link.pump() == [{"type": "event", "text": "the last words"}]
    assert said == ["The engine's process did not answer (killed)."]
    assert not link.connected
    assert "killed" in link.problem
    assert first.left
    messages = until(link, lambda: link.connected)
    assert messages == [second.welcome]
    # What was wanted of the first is wanted of the second, without anybody asking.
    assert second.asked == [wanted]


def test_a_request_into_a_connection_that_has_just_broken_fails(wire: Wire, link: Link) -> None:
    wire.breaks()
    said: list[str] = []
    link.ask("stop", None, said.append)
    assert said == ["The connection to the service has ended."]


def test_the_same_wish_is_told_once(wire: Wire, link: Link) -> None:
    link.subscribe(("frames", "signals"))
    link.subscribe(("signals", "frames"))
    link.subscribe(("frames",))
    assert [said["topics"] for _, said in wire.asked] == [["frames", "signals"], ["frames"]]


def test_an_answer_of_the_connection_before_is_not_taken_for_one_of_this(
    wire: Wire, link: Link
) -> None:
    got: list[Any] = []
    link.ask("boards", got.append, lambda sentence: None)
    wire.breaks()
    link.pump()
    wire.closed = False
    until(link, lambda: link.connected)
    wire.answer(1, ["a board"])
    link.pump()
    assert got == []


def test_leaving_closes_the_connection_and_looks_for_no_other(wire: Wire, link: Link) -> None:
    link.close()
    assert wire.left
    assert not link.connected
    assert link.pump() == []
    assert threading.active_count() == 1 or not _connecting()
    link.close()


def test_leaving_while_connecting_leaves_no_connection_and_no_thread() -> None:
    asked, go = threading.Event(), threading.Event()
    wire = Wire()

    def connect() -> Wire:
        asked.set()
        go.wait(5.0)
        return wire

    link = Link(connect)
    link.pump()
    assert asked.wait(5.0)
    threading.Timer(0.05, go.set).start()
    link.close()
    assert wire.left
    assert not _connecting()
    assert link.pump() == []
    assert not link.connected


def _connecting() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name == "rtemotion-connect"]
