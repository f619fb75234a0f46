"""Several clients of one run: all are told the same, whenever they come and however slow."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest

from rtemotion.errors import ServiceError

from .services import HEADSET, Served, answer, eventually, frames_until, wait_for


def as_numbers(value: Any) -> Any:
    """Return a message's values for comparison: arrays as nested lists, NaN as None."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f":
            return np.where(np.isfinite(value), value.astype(object), None).tolist()
        return value.tolist()
    if isinstance(value, dict):
        return {key: as_numbers(item) for key, item in value.items()}
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def test_json_and_msgpack_say_the_same(service: Served) -> None:
    topics = ["frames", "signals", "features", "contributions"]
    with service.client() as binary, service.socket() as text:
        binary.request("start", place={"headset": HEADSET})
        binary.request("subscribe", topics=topics)
        answer(text, "subscribe", {"topics": topics})
        by_kind: dict[str, dict[Any, Any]] = {topic: {} for topic in (*topics, "event")}
        binary.request("note", payload={"description": "größer", "n": [1, 2.5, None]})
        end = time.monotonic() + 4.0
        while time.monotonic() < end:
            message = json.loads(text.recv(5.0))
            if message["type"] in by_kind:
                by_kind[message["type"]][_key(message)] = message
        same = dict.fromkeys(by_kind, 0)
        for message in binary.take():
            twin = by_kind.get(message["type"], {}).get(_key(message))
            if twin is not None:
                assert as_numbers(message) == twin
                same[message["type"]] += 1
        state = binary.request("state")
        assert json.loads(json.dumps(as_numbers(state))) == answer(text, "state")["result"]
    assert min(same.values()) >= 1
    assert same["frames"] >= 10


def _key(message: Any) -> Any:
    first = message.get("first_sample", message.get("number"))
    if first is not None:
        return first
    index = message.get("index")
    return (index, message.get("time")) if not isinstance(index, list | np.ndarray) else None


def test_a_client_that_comes_later_knows_all_there_was_and_misses_nothing(
    service: Served,
) -> None:
    with service.client() as first:
        first.request("start", place={"headset": HEADSET})
        first.request("subscribe", topics=["frames"])
        first.request("note", payload={"description": "one"})
        whole = frames_until(first, lambda found: len(found) >= 12)
        for _ in range(5):
            with service.client() as second:
                second.request("subscribe", topics=["frames"])
                after = frames_until(second, lambda found: len(found) >= 4)
            backlog, live = after[0], after[1:]
            assert backlog["backlog"] is True
            assert len(backlog["index"]) >= len(whole)
            index = np.concatenate([message["index"] for message in after])
            assert np.all(np.diff(index) == 64)
            assert index[0] == 64
            numbers = [m["number"] for m in after]
            assert numbers == list(range(len(backlog["index"]), len(backlog["index"]) + 4))
            assert live[0]["run"] == backlog["run"]
        together = np.concatenate([m["mean"] for m in whole])
        np.testing.assert_array_equal(backlog["mean"][: len(together)], together)


def test_events_of_the_past_are_told_once_and_in_order(service: Served) -> None:
    with service.client() as first:
        first.request("start", place={"headset": HEADSET})
        for number in range(5):
            first.request("note", payload={"description": str(number)})
        wait_for(first, lambda m: m.get("text") == "marker 4")
        with service.client() as second:
            second.request("subscribe", topics=["frames"])
            first.request("note", payload={"description": "5"})
            told: list[Any] = []
            wait_for(second, lambda m: told.append(m) or m.get("text") == "marker 5")
    events = [m for m in told if m["type"] == "event"]
    assert [m["number"] for m in events] == sorted({m["number"] for m in events})
    assert [m["text"] for m in events if m["kind"] == "marker"] == [
        f"marker {number}" for number in range(6)
    ]
    assert [bool(m.get("backlog")) for m in events][-2:] == [True, False]


def test_a_client_that_attaches_again_after_a_crash_sees_the_same_run(service: Served) -> None:
    program = (
        "import sys, json\n"
        "from pathlib import Path\n"
        "from rtemotion.service.address import read_address\n"
        "from rtemotion.service.client import Client\n"
        "client = Client(read_address(Path(sys.argv[1])))\n"
        f"client.request('start', place={{'headset': '{HEADSET}'}})\n"
        "client.request('subscribe', topics=['frames', 'signals'])\n"
        "print('ready', flush=True)\n"
        "for message in client.messages(): pass\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(service.path)], stdout=subprocess.PIPE
    ) as app:
        assert app.stdout is not None
        assert app.stdout.readline() == b"ready\n"
        time.sleep(1.5)
        os.kill(app.pid, signal.SIGKILL)
    time.sleep(0.5)
    with service.client() as again:
        state = again.request("state")
        assert (state["phase"], state["run"]) == ("running", 1)
        again.request("subscribe", topics=["frames"])
        found = frames_until(again, lambda found: len(found) >= 3)
        index = np.concatenate([message["index"] for message in found])
        assert index[0] == 64
        assert np.all(np.diff(index) == 64)


def test_a_slow_client_sheds_pictures_while_the_engine_and_the_others_go_on(
    service: Served,
) -> None:
    topics = ["frames", "signals", "features", "contributions"]
    with service.client() as quick:
        quick.request("start", place={"headset": "cap64"})
        quick.request("subscribe", topics=["frames"])
        # A socket that takes nothing: the messages of this client wait in the service.
        with service.socket() as slow:
            answer(slow, "subscribe", {"topics": topics})
            end = time.monotonic() + 14.0
            while time.monotonic() < end:
                frames = frames_until(quick, bool)
                assert not frames[-1]["late"].any()
            quick.request("note", payload={"description": "the last of it"})
            events = []
            told = []
            while not events:
                message = json.loads(slow.recv(20.0))
                told.append(message)
                if message["type"] == "event" and message["text"] == "marker the last of it":
                    events.append(message)
    health = [m for m in quick.take() if m["type"] == "health"]
    assert all(m["late"] == 0 for m in health)
    signals = [m["first_sample"] for m in told if m["type"] == "signals"]
    assert signals == sorted(signals)
    assert "left out" in eventually(lambda: service.log if "has left" in service.log else "")


def test_a_client_that_leaves_while_it_is_sent_to_harms_nobody(service: Served) -> None:
    with service.client() as steady:
        steady.request("start", place={"headset": HEADSET})
        steady.request("subscribe", topics=["frames", "signals"])
        for number in range(30):
            with service.socket() as hasty:
                hasty.send(
                    json.dumps(
                        {"type": "request", "do": "subscribe", "with": {"topics": ["signals"]}}
                    )
                )
                if number % 3 == 0:
                    hasty.recv()
                if number % 2:
                    hasty.socket.close()
        found = frames_until(steady, lambda found: len(found) >= 4)
        numbers = [m["number"] for m in found]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_what_was_asked_is_done_for_one_who_left_at_once(service: Served) -> None:
    with service.client() as steady:
        with service.socket() as hasty:
            for verb, said in (
                ("start", {"place": {"headset": HEADSET}}),
                ("note", {"payload": {"description": "left behind"}}),
            ):
                hasty.send(json.dumps({"type": "request", "do": verb, "with": said}))
        assert wait_for(steady, lambda m: m.get("text") == "marker left behind")


def test_a_request_of_a_client_that_has_gone_fails_with_a_sentence(service: Served) -> None:
    client = service.client()
    client.close()
    client.close()
    with pytest.raises(ServiceError, match="has ended"):
        client.request("state")
