"""An endpoint that is slow, busy, broken or gone: waited for, asked again, or given up."""

import email.utils
import json
import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from rtemotion.annotation.answer import read_reply
from rtemotion.annotation.emotions import EMOTIONS
from rtemotion.annotation.endpoint import Chat, Endpoint
from rtemotion.annotation.errors import AnnotationError
from rtemotion.annotation.prompt import messages, schema

from .server import (
    Behaviour,
    Told,
    endpoint,
    raw,
    reset,
    scores_of,
    silent,
    status,
    trickle,
)
from .stories import segments

QUESTION = messages(segments(2), 1, EMOTIONS)
KEY = "sk-very-secret"


@contextmanager
def chatting(told: Told, **options: object) -> Iterator[tuple[Chat, list[float]]]:
    """A chat that does not really wait, and the pauses it wanted."""
    pauses: list[float] = []
    where = Endpoint(told.url, "tiny", **options)  # type: ignore[arg-type]
    with closing(Chat(where, pauses.append, lambda: 1.0)) as chat:
        yield chat, pauses


def asked(chat: Chat) -> np.ndarray:
    return read_reply(chat.ask(QUESTION, schema(EMOTIONS)))


EXPECTED = list(scores_of(segments(2)[1].text).values())


def test_the_question_is_strict_and_at_temperature_0() -> None:
    with endpoint() as told, chatting(told) as (chat, pauses):
        np.testing.assert_allclose(asked(chat), EXPECTED)
    (body,) = told.asked
    assert body["model"] == "tiny"
    assert body["temperature"] == 0
    form = body["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["strict"] is True
    assert form["json_schema"]["schema"]["required"] == list(EMOTIONS)
    assert form["json_schema"]["schema"]["additionalProperties"] is False
    assert "authorization" not in {name.lower() for name in told.headers[0]}
    assert pauses == []


@pytest.mark.parametrize(
    "trouble",
    [
        status(429),
        status(408),
        status(500),
        status(503, b"<html>busy</html>"),
        status(529),
        reset,
        raw(b'{"choices": [', length=500),
        raw(b"", length=10),
    ],
)
def test_what_may_pass_is_asked_again(trouble: Behaviour) -> None:
    with endpoint(trouble, trouble) as told, chatting(told) as (chat, pauses):
        np.testing.assert_allclose(asked(chat), EXPECTED)
    assert len(told.asked) == 3
    assert pauses == [1.0, 2.0]


def test_pauses_double_up_to_a_minute_and_are_drawn() -> None:
    with endpoint(then=status(500)) as told, chatting(told, retries=8) as (chat, pauses):
        with pytest.raises(AnnotationError, match="no answer in 9 tries"):
            asked(chat)
        assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
        pauses.clear()
        chat._draw = lambda: 0.0
        with pytest.raises(AnnotationError):
            asked(chat)
        assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_retry_after_is_honoured_in_seconds_and_as_a_date() -> None:
    later = datetime.now(UTC) + timedelta(seconds=90)
    date = email.utils.format_datetime(later, usegmt=True)
    script = (
        status(429, Retry_After="7"),
        status(503, Retry_After=date),
        status(429, Retry_After="0"),
    )
    with endpoint(*script) as told, chatting(told) as (chat, pauses):
        asked(chat)
    assert pauses[0] == 7.0
    assert 80.0 < pauses[1] <= 90.0
    assert pauses[2] == 0.0


@pytest.mark.parametrize("said", ["soon", "-5", "1.2.3", ""])
def test_a_senseless_retry_after_gives_way_to_our_own_pause(said: str) -> None:
    with endpoint(status(429, Retry_After=said)) as told, chatting(told) as (chat, pauses):
        asked(chat)
    assert pauses == [1.0]


def test_a_pause_of_an_hour_is_not_waited_for() -> None:
    with endpoint(status(429, Retry_After="3600")) as told, chatting(told) as (chat, pauses):
        error = "asks to wait 3600 s"
        with pytest.raises(AnnotationError, match=error):
            asked(chat)
        assert pauses == []


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [(silent, "no answer within 0.2 s"), (trickle, "trickled in too slowly")],
)
def test_an_endpoint_that_never_answers_is_given_up(behaviour: Behaviour, why: str) -> None:
    with (
        endpoint(then=behaviour) as told,
        chatting(told, timeout=0.2, retries=1) as (chat, pauses),
    ):
        with pytest.raises(AnnotationError, match=f"no answer in 2 tries.*{why}"):
            asked(chat)
        assert len(told.asked) == 2
    assert len(pauses) == 1


def test_nobody_at_the_address_is_told() -> None:
    with endpoint() as told:
        gone = told.url
    with (
        chatting(Told(iter(()), silent, gone), retries=1) as (chat, _),
        pytest.raises(AnnotationError, match="ConnectError"),
    ):
        asked(chat)


@pytest.mark.parametrize("code", [301, 400, 401, 403, 404, 413])
def test_a_refusal_for_good_is_not_repeated(code: int) -> None:
    with endpoint(then=status(code)) as told, chatting(told) as (chat, pauses):
        with pytest.raises(AnnotationError, match=f"refuses the request \\({code} trouble"):
            asked(chat)
        assert len(told.asked) == 1
    assert pauses == []


def test_an_empty_account_is_not_waited_for() -> None:
    empty = {"error": {"message": "You are out of money", "code": "insufficient_quota"}}
    with endpoint(then=status(429, empty)) as told, chatting(told) as (chat, _):
        with pytest.raises(AnnotationError, match="out of money"):
            asked(chat)
        assert len(told.asked) == 1


def test_without_schemas_plain_json_is_asked_for_from_then_on() -> None:
    refuses = status(400, {"error": {"message": "response_format json_schema is unknown"}})
    with endpoint(refuses) as told, chatting(told) as (chat, pauses):
        np.testing.assert_allclose(asked(chat), EXPECTED)
        np.testing.assert_allclose(asked(chat), EXPECTED)
    assert ["response_format" in body for body in told.asked] == [True, False, False]
    assert pauses == []


def test_the_key_is_sent_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    leaks = {"error": {"message": f"Incorrect key {KEY} for this"}}
    script = (status(500, leaks), status(401, leaks))
    with endpoint(*script) as told, chatting(told, key=KEY) as (chat, _):
        with pytest.raises(AnnotationError) as raised:
            asked(chat)
        assert KEY not in repr(chat.endpoint)
    assert {name.lower(): v for name, v in told.headers[0].items()}[
        "authorization"
    ] == f"Bearer {KEY}"
    assert "Incorrect key ***" in str(raised.value)
    assert KEY not in str(raised.value) + caplog.text
    assert KEY not in json.dumps(told.asked)


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel"])
def test_a_key_that_cannot_be_sent_is_refused_unseen(key: str) -> None:
    with pytest.raises(AnnotationError, match="the key holds") as raised:
        Endpoint("http://localhost/v1", "tiny", key)
    assert key not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8000",
        "ftp://a/v1",
        "http://",
        "http://a:b@c/v1",
        "http://a:x/v1",
        "http://a/ü",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(AnnotationError, match="no address"):
        Endpoint(url, "tiny")


def test_the_address_may_be_given_in_full() -> None:
    for url in ("http://a/v1", "http://a/v1/", "http://a/v1/chat/completions"):
        assert Endpoint(url, "tiny").address == "http://a/v1/chat/completions"
