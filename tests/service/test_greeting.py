"""Who is let in, and what everybody else is told."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import msgpack
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from rtemotion.errors import ServiceError
from rtemotion.service.address import Address
from rtemotion.service.client import Client
from rtemotion.service.messages import LARGEST, PROTOCOL, TOPICS, unpack

from .services import Served, answer


def refusal(shared_service: Served, content: Any) -> tuple[int, str]:
    with connect(shared_service.address.url, proxy=None) as talk:
        talk.send(content)
        with pytest.raises(ConnectionClosed) as closed:
            talk.recv(10.0)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


def test_a_greeting_is_answered_with_who_is_there_and_what_is_so(shared_service: Served) -> None:
    with shared_service.socket() as talk:
        welcome, state = json.loads(talk.recv()), json.loads(talk.recv())
    assert welcome["type"] == "welcome"
    assert welcome["protocol"] == list(PROTOCOL)
    assert welcome["pid"] == shared_service.process.pid
    assert welcome["topics"] == list(TOPICS)
    assert welcome["program"].startswith("rtemotion ")
    assert state == {"type": "state", "phase": "idle", "problem": ""}


def test_a_client_is_answered_in_what_it_greets_with(shared_service: Served) -> None:
    hello = {"type": "hello", "protocol": [1, 0], "token": shared_service.address.token}
    with connect(shared_service.address.url, proxy=None) as talk:
        talk.send(msgpack.packb(hello))
        assert unpack(talk.recv())["type"] == "welcome"  # type: ignore[arg-type]
    with connect(shared_service.address.url, proxy=None) as talk:
        talk.send(json.dumps(hello))
        assert json.loads(talk.recv())["type"] == "welcome"


def test_a_newer_minor_version_and_one_number_are_welcome(shared_service: Served) -> None:
    for protocol in ([1, 7], 1):
        with shared_service.socket(protocol=protocol, more="unknown") as talk:
            assert json.loads(talk.recv())["type"] == "welcome"


@pytest.mark.parametrize(
    ("greeting", "says"),
    [
        ({"token": "wrong"}, "token"),
        ({"token": ""}, "token"),
        ({"token": None}, "token"),
        ({"token": ["a"]}, "token"),
        ({"protocol": [2, 0]}, "Protocol 2"),
        ({"protocol": [True]}, "Protocol True"),
        ({"protocol": None}, "Protocol None"),
        ({"protocol": []}, "Protocol"),
        ({"protocol": "1"}, "Protocol '1'"),
        ({"protocol": {"a": "x" * 500}}, "Protocol"),
        ({"type": "request"}, "hello"),
    ],
)
def test_whoever_says_the_wrong_thing_is_told_what_was_wrong(
    shared_service: Served, greeting: dict[str, Any], says: str
) -> None:
    hello = {"type": "hello", "protocol": [1, 0], "token": shared_service.address.token}
    code, reason = refusal(shared_service, json.dumps(hello | greeting))
    assert code == 4001
    assert says in reason


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xc1",
        "",
        "{",
        "[]",
        "[" * 5000,
        '{"type": "hello", "token": "\\ud800"}',
        b"\x93" * 99,
    ],
    ids=[f"garbage {n}" for n in range(8)],
)
def test_garbage_is_refused(shared_service: Served, content: bytes | str) -> None:
    code, reason = refusal(shared_service, content)
    assert code == 4001
    assert "message" in reason.lower()


def test_a_greeting_that_is_too_large_ends_the_connection(shared_service: Served) -> None:
    code, _ = refusal(shared_service, b"x" * (LARGEST + 1))
    assert code == 1009


def test_silence_is_let_go_and_nothing_is_told_before_the_greeting(
    shared_service: Served,
) -> None:
    began = time.monotonic()
    with connect(shared_service.address.url, proxy=None) as talk:
        with pytest.raises(ConnectionClosed) as closed:
            talk.recv(15.0)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4001
    assert 3.0 < time.monotonic() - began < 10.0


def test_who_is_no_websocket_and_who_hangs_up_does_no_harm(shared_service: Served) -> None:
    place = (shared_service.address.host, shared_service.address.port)
    for words in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 5000, b"GET / HTTP/9.9"):
        with socket.create_connection(place, 5.0) as line:
            line.sendall(words)
    with shared_service.socket() as talk:
        assert answer(talk, "state")["ok"]


def test_the_python_client_says_why_it_was_refused(shared_service: Served) -> None:
    there = shared_service.address
    with pytest.raises(ServiceError, match="token is wrong"):
        Client(Address(there.host, there.port, "guess", there.pid))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = Address("127.0.0.1", free.getsockname()[1], "t", 1)
        with pytest.raises(ServiceError, match="does not answer"):
            Client(nobody)


def test_the_token_is_nowhere_in_the_log(shared_service: Served) -> None:
    with shared_service.socket():
        pass
    assert shared_service.address.token not in shared_service.log
