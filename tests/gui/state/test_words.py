"""What the app says of a session is what is so."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtemotion.gui.state.session import Session
from rtemotion.gui.state.words import (
    REASONS,
    clock_words,
    phase_words,
    recording_words,
    rest_words,
    source_words,
    status_words,
    trust_words,
)
from rtemotion.signal import Reason

from .runs import Account, account


@pytest.fixture(scope="module")
def run() -> Account:
    return account()


def session_of(run: Account, health: dict[str, Any] | None = None, **state: Any) -> Session:
    session = Session()
    session.apply({**run.state, **state})
    if health is not None:
        session.apply({**run.of("health")[-1], **health})
    return session


def test_every_reason_of_the_engine_has_words() -> None:
    assert set(REASONS) == Reason.ALL


def test_the_source_is_named_with_its_channels_and_rate(run: Account) -> None:
    assert source_words(Session()) == "no source"
    words = source_words(session_of(run))
    assert run.state["source"]["name"] in words
    assert "4 ch · 256 Hz" in words
    named = {**run.state["source"], "name": "", "source_id": "abc", "host": "lab-2"}
    assert source_words(session_of(run, source=named)).startswith("abc · lab-2")


@pytest.mark.parametrize(
    ("state", "health", "words"),
    [
        ({}, {}, "live"),
        ({"pace": {"speed": 4.0, "paused": False}}, {}, "replay 4×"),
        ({"pace": {"speed": 0.5, "paused": True}}, {}, "paused"),
        ({}, {"silent": True}, "silent"),
        ({"phase": "ended"}, {"silent": True}, "ended"),
        ({"phase": "failed"}, {}, "failed"),
    ],
)
def test_how_it_goes_is_a_word(
    run: Account, state: dict[str, Any], health: dict[str, Any], words: str
) -> None:
    assert phase_words(session_of(run, health, **state)) == words


def test_what_is_opened_is_not_named_twice(run: Account) -> None:
    session = session_of(run)
    session.apply({"type": "state", "phase": "opening", "problem": ""})
    assert "opening" not in source_words(session)
    assert phase_words(session) == "opening"


def test_trust_is_explained_reason_by_reason() -> None:
    assert trust_words((), True) == "trusted"
    assert trust_words((), False) == "waiting for the first frame"
    said = trust_words(("artifact", "of another world"), False)
    assert said.startswith("not to be trusted: ")
    assert REASONS["artifact"] in said
    assert said.endswith("of another world")


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (2.0, "The rest begins in 0:03."),
        (5.0, "Rest: sit still, 1:15 left."),
        (79.4, "Rest: sit still, 0:01 left."),
        (80.0, "The rest is known; about 1:00 more until the model knows you."),
        (200.0, ""),
    ],
)
def test_a_rest_counts_down(run: Account, at: float, words: str) -> None:
    session = session_of(run, rest={"start": 5.0, "end": 80.0, "known": 140.0})
    session.position = at
    assert rest_words(session) == words
    session.trusted = True
    assert rest_words(session) == ""


def test_without_a_rest_nothing_counts_down(run: Account) -> None:
    session = session_of(run, rest=None)
    assert rest_words(session) == ""


def test_the_status_line_tells_only_what_is_known(run: Account) -> None:
    nothing = dict.fromkeys(
        ("sample_age", "latency_p50", "latency_p99", "rate", "drift_ppm"), None
    )
    assert status_words(Session()) == ""
    assert status_words(session_of(run, nothing | {"late": 2, "lost": 5, "stale": 0})) == (
        "late 2 · lost 5"
    )
    everything = {
        "sample_age": 0.0412, "latency_p50": 0.003, "latency_p99": 0.0094, "late": 0,
        "rate": 250.017, "drift_ppm": -3.2, "lost": 0, "stale": 7,
    }  # fmt: skip
    assert status_words(session_of(run, everything)) == (
        "newest sample 41 ms ago · latency p50 3 / p99 9 ms · late 0 · 250.02 Hz · "
        "drift −3 ppm · lost 0 · stale 7"
    )
    assert "newest sample 75 s ago" in status_words(session_of(run, {"sample_age": 75.2}))


def test_a_recording_is_told_with_its_size_and_with_what_stops_it(run: Account) -> None:
    said = {"recording": "● REC 00:12  12.3 MB", "recording_problem": ""}
    assert recording_words(session_of(run, said)) == ""
    assert recording_words(session_of(run, said, recording="a.xdf")) == "● REC 00:12  12.3 MB"
    full = said | {"recording_problem": "the disk is full"}
    assert recording_words(session_of(run, full, recording="a.xdf")) == (
        "NOT RECORDING: the disk is full"
    )
    assert recording_words(session_of(run, said, recording="a.xdf", phase="ended")) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0, "0:00.0"), (9.96, "0:10.0"), (59.96, "1:00.0"), (61.25, "1:01.2"),
     (3599.99, "1:00:00.0"), (3661.0, "1:01:01.0"), (-3.0, "0:00.0")],
)  # fmt: skip
def test_lengths_of_time_read_as_on_a_clock(seconds: float, words: str) -> None:
    assert clock_words(seconds) == words


@given(st.floats(0.0, 1e6))
def test_no_clock_shows_sixty_seconds(seconds: float) -> None:
    assert ":60" not in clock_words(seconds)
