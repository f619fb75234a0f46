"""Every verb with good and bad input: what it gives, and the one sentence it says instead."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rtemotion.errors import ServiceError
from rtemotion.service.client import Client
from rtemotion.service.host import TAKES

from .services import HEADSET, Served, answer, frames_until, reply_of, serving, wait_for

ORDERS: list[tuple[str, Any, str]] = [
    ("start", {"place": []}, "'place'"),
    ("start", {"place": {"planet": "x"}}, "planet"),
    ("start", {"place": {"file": 3}}, "'file'"),
    ("start", {"place": {"file": ""}}, "'file'"),
    ("start", {"place": {"file": "a\0b"}}, "'file'"),
    ("start", {"place": {"file": "/nowhere/at all.edf"}}, "/nowhere/at all.edf"),
    ("start", {"place": {"headset": "crown"}}, "crown"),
    ("start", {"place": {"headset": "muse:x"}}, "muse:x"),
    ("start", {"place": {"headset": "muse", "file": "a.edf"}}, "One source"),
    ("start", {"place": {"board": "no such board"}}, "no such board"),
    ("start", {"place": {"wait": True}}, "'wait'"),
    ("start", {"place": {"wait": -1}}, "'wait'"),
    ("start", {"place": {"wait": 10**18}}, "'wait'"),
    ("start", {"place": {"stream": "name=none", "wait": 0.2}}, "none"),
    ("start", {"place": {"headset": "muse"}, "speed": 0}, "'speed'"),
    ("start", {"place": {"headset": "muse"}, "speed": "max"}, "'speed'"),
    ("start", {"place": {"headset": "muse"}, "position": -1}, "'position'"),
    ("start", {"place": {"headset": "muse"}, "paused": 1}, "'paused'"),
    ("start", {"place": {"headset": "muse"}, "republish": "yes"}, "'republish'"),
    ("start", {"place": {"headset": "muse"}, "baseline": 3}, "'baseline'"),
    ("start", {"place": {"stream": "a"}, "baseline": "x:y"}, "x:y"),
    ("start", {"place": {"headset": "muse"}, "model": "/nowhere/m.onnx"}, "/nowhere/m.onnx"),
    ("start", {"place": {"headset": "muse"}, "record": "no.edf"}, "no.edf"),
    ("start", {"place": {"headset": "muse"}, "table": "no.doc"}, "no.doc"),
    ("start", {"place": {"headset": "muse"}, "osc": "nowhere:x"}, "nowhere:x"),
    ("start", {"place": {"headset": "muse"}, "also": "all"}, "'also'"),
    ("start", {"place": {"headset": "muse"}, "options": {"flavour": 1}}, "flavour"),
    ("start", {"place": {"headset": "muse"}, "options": {"notch": -3}}, "notch"),
    ("start", {"place": {"headset": "muse"}, "options": {"channels": [1]}}, "channels"),
    ("start", {"place": {"headset": "muse"}, "options": {"unit": "furlong"}}, "furlong"),
    ("start", {"place": {"headset": "muse"}, "profile": "/nowhere.toml"}, "/nowhere.toml"),
    ("start", {"plaice": {}}, "plaice"),
    ("stop", {"now": True}, "'now'"),
    ("state", {"of": "mind"}, "'of'"),
    ("streams", {"wait": "long"}, "'wait'"),
    ("streams", {"wait": 1e6}, "'wait'"),
    ("files", {}, "'folder'"),
    ("files", {"folder": "/"}, "closer"),
    ("files", {"folder": "x" * 500}, "'folder'"),
    ("files", {"folder": "ä" * 200}, "'folder'"),
    ("look", {"place": {"file": "a/" * 5000}}, "'file'"),
    ("files", {"folder": "/nowhere at all"}, "/nowhere at all"),
    ("look", {"place": {"file": "/nowhere.edf"}}, "/nowhere.edf"),
    ("look", {"seconds": 0}, "'seconds'"),
    ("look", {"place": 3}, "'place'"),
    ("record", {"path": "x.xdf"}, "Nothing runs"),
    ("record", {"path": 3}, "'path'"),
    ("record", {"path": "x.xdf", "overwrite": "yes"}, "'overwrite'"),
    ("note", {}, "Nothing runs"),
    ("pace", {"paused": True}, "Only a recording"),
    ("pace", {"paused": "no"}, "'paused'"),
    ("pace", {"speed": 0}, "'speed'"),
    ("pace", {"speed": True}, "'speed'"),
    ("pace", {"seek": -1}, "'seek'"),
    ("pace", {"step": 1.5}, "'step'"),
    ("pace", {"step": -1}, "'step'"),
    ("graph", {"measure": "imcoh", "band": 0}, "Nothing runs"),
    ("graph", {"measure": 1, "band": 0}, "'measure'"),
    ("graph", {"measure": "imcoh", "band": True}, "'band'"),
    ("profile", {}, "'path'"),
    ("profile", {"path": "/nowhere.toml"}, "/nowhere.toml"),
    ("profile", {"path": "a\0b"}, "'path'"),
    ("subscribe", {}, "'topics'"),
    ("subscribe", {"topics": "frames"}, "'topics'"),
    ("subscribe", {"topics": ["weather"]}, "'topics'"),
    ("subscribe", {"topics": [["frames"]]}, "'topics'"),
    ("subscribe", {"topics": ["networks"], "emotion": 3}, "'emotion'"),
    ("shutdown", {"if_alone": 1}, "'if_alone'"),
    ("shutdown", {"please": True}, "'please'"),
    ("dance", {}, "dance"),
    ("__init__", {}, "__init__"),
    ("x" * 100_000, {}, "cannot 'xxx"),
]


@pytest.mark.parametrize(
    ("verb", "said", "says"), ORDERS, ids=[f"{v[:9]}-{k}" for k, (v, _, _) in enumerate(ORDERS)]
)
def test_what_cannot_be_done_is_answered_with_one_sentence_that_names_it(
    shared_service: Served, verb: str, said: Any, says: str
) -> None:
    with shared_service.socket() as talk:
        reply = answer(talk, verb, said)
        assert reply["ok"] is False
        assert says in reply["error"]
        assert reply["kind"].endswith("Error")
        assert len(reply["error"]) < 3000


@pytest.mark.parametrize(
    "content",
    [
        '{"type": "request"}',
        '{"type": "request", "do": 3}',
        '{"type": "request", "do": "state", "with": []}',
        '{"type": "hello"}',
        '{"type": "reply", "ok": true}',
        "what?",
        '{"type": "request", "do": "state", "with": {"a": NaN}}',
    ],
)
def test_garbage_after_the_greeting_is_answered_and_the_connection_lives(
    shared_service: Served, content: str
) -> None:
    with shared_service.socket() as talk:
        talk.send(content)
        reply = reply_of(talk, None)
        assert reply["ok"] is False
        assert reply["kind"] == "ServiceError"
        assert answer(talk, "state")["ok"]


@pytest.mark.parametrize("number", [7, "seven", -(2**62)])
def test_a_reply_carries_the_number_of_its_request(shared_service: Served, number: Any) -> None:
    with shared_service.socket() as talk:
        talk.send(json.dumps({"type": "request", "id": number, "do": "state"}))
        assert reply_of(talk, number)["result"]["type"] == "state"


def test_a_number_that_is_none_is_answered_without_one(shared_service: Served) -> None:
    with shared_service.socket() as talk:
        talk.send(json.dumps({"type": "request", "id": {"a": [1]}, "do": "state"}))
        assert reply_of(talk, None)["ok"]


def test_replies_come_in_the_order_of_requests(shared_service: Served) -> None:
    with shared_service.socket() as talk:
        verbs = ["headsets", "state", "boards", "dance", "state"] * 20
        for number, verb in enumerate(verbs):
            talk.send(json.dumps({"type": "request", "id": number, "do": verb}))
        found = []
        while len(found) < len(verbs):
            message = json.loads(talk.recv(30.0))
            if message["type"] == "reply":
                found.append(message["id"])
        assert found == list(range(len(verbs)))


def test_every_verb_is_known_to_say_what_it_takes(shared_service: Served) -> None:
    with shared_service.socket() as talk:
        said = answer(talk, "dance")["error"]
    assert all(verb in said for verb in TAKES)


class TestWhatThereIs:
    def test_headsets(self, shared_service: Served) -> None:
        with shared_service.client() as client:
            found = {one["name"]: one for one in client.request("headsets")}
        assert found["muse"] == {"name": "muse", "channels": 4, "sfreq": 256.0}

    def test_boards(self, shared_service: Served) -> None:
        with shared_service.client() as client:
            names = {board["name"] for board in client.request("boards")}
        assert "synthetic" in {name.lower() for name in names}

    def test_streams_of_an_empty_network(self, shared_service: Served) -> None:
        with shared_service.client() as client:
            assert isinstance(client.request("streams", wait=0.1), list)

    def test_files(self, shared_service: Served, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("none")
        with shared_service.client() as client:
            assert client.request("files", folder=str(tmp_path)) == []

    def test_a_profile_is_written_and_read(self, shared_service: Served, tmp_path: Path) -> None:
        path, options = str(tmp_path / "lab.toml"), {"montage": "biosemi32", "notch": 50.0}
        with shared_service.client() as client:
            assert client.request("profile", path=path, options=options) == options
            assert client.request("profile", path=path) == options

    def test_a_look_tells_what_a_source_is_worth(self, shared_service: Served) -> None:
        with shared_service.client() as client:
            report = client.request("look", place={"headset": HEADSET}, seconds=3.0)
        assert report["enough"] is True
        assert len(report["usable"]) == 4
        assert report["unit_known"] == "the simulator's own"

    def test_a_look_at_a_recording_needs_no_time(
        self, shared_service: Served, recordings: Path
    ) -> None:
        file = str(next(recordings.glob("muse-calm/*.csv")))
        with shared_service.client() as client:
            report = client.request("look", place={"file": file}, seconds=60.0, timeout=20.0)
        assert report["survey"]["seconds"] == pytest.approx(60.0, abs=0.1)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    # Of its own: other tests of this file want a service in which nothing runs.
    with serving(tmp_path_factory.mktemp("running")) as served, served.client() as client:
        client.request("start", place={"headset": HEADSET})
        yield client
        client.request("stop")


@pytest.mark.parametrize(
    ("verb", "said", "says"),
    [
        ("note", {"kind": 3}, "'kind'"),
        ("note", {"kind": ""}, "'kind'"),
        ("note", {"kind": "k" * 200}, "'kind'"),
        ("note", {"kind": "gap"}, "gap"),
        ("note", {"kind": "mask", "payload": {"bad": 3}}, "mask"),
        ("note", {"kind": "rtemotion state"}, "rtemotion state"),
        ("note", {"payload": []}, "'payload'"),
        ("note", {"payload": {"description": "x" * 20_000}}, "10000"),
        ("note", {"kind": "operator", "payload": {"bad": "TP9"}}, "'bad'"),
        ("note", {"kind": "operator", "payload": {"bad": 5}}, "'bad'"),
        ("note", {"kind": "operator", "payload": {"good": [5]}}, "'good'"),
        ("note", {"kind": "operator", "payload": {"bad": ["Nose"]}}, "Nose"),
        ("note", {"kind": "operator", "payload": {"note": 5}}, "'note'"),
        ("graph", {"measure": "love", "band": 0}, "love"),
        ("graph", {"measure": "imcoh", "band": 99}, "band 99"),
        ("pace", {"paused": True}, "Only a recording"),
        ("look", {"place": {"headset": "muse"}}, "stop it"),
        ("record", {"path": "/nowhere/at/all/x.xdf"}, "/nowhere"),
        ("record", {"path": "x.edf"}, "x.edf"),
    ],
    ids=str,
)
def test_a_bad_request_leaves_what_runs_alone(
    running: Client, verb: str, said: Any, says: str
) -> None:
    before = running.request("state")["run"]
    with pytest.raises(ServiceError) as refused:
        running.request(verb, **said)
    assert says in str(refused.value)
    state = running.request("state")
    assert (state["phase"], state["run"]) == ("running", before)


def test_notes_come_back_as_events_with_a_sentence(running: Client) -> None:
    running.request("note", payload={"description": "größer"})
    event = wait_for(running, lambda m: m["type"] == "event" and m["kind"] == "marker")
    assert event["text"] == "marker größer"
    assert event["payload"] == {"description": "größer"}
    assert isinstance(event["sample"], int)
    running.request("note", kind="my own", payload={"message": ["no", "text"], "deep": {"a": 1}})
    event = wait_for(running, lambda m: m["type"] == "event" and m["kind"] == "my own")
    assert event["text"] == "my own"
    running.request("note", kind="odd", payload={"dtype": "<f8", "shape": [1], "data": "x"})
    assert wait_for(running, lambda m: m.get("kind") == "odd")["payload"]["data"] == "x"


def test_a_channel_is_marked_bad_and_good_again(running: Client) -> None:
    running.request("note", kind="operator", payload={"bad": ["TP9"]})
    wait_for(running, lambda m: m.get("kind") == "mask" and "TP9" in m["payload"]["bad"])
    assert "TP9" in running.request("state")["bad"]
    running.request("note", kind="operator", payload={"good": ["TP9"]})
    wait_for(running, lambda m: m.get("kind") == "mask" and "TP9" not in m["payload"]["bad"])


def test_graph_measures_are_of_the_newest_window(running: Client) -> None:
    running.request("subscribe", topics=["features"])
    wait_for(running, lambda m: m["type"] == "features" and m["full"], 40.0)
    state = running.request("state")
    measure = state["model"]["measures"][0]["name"]
    graph = running.request("graph", measure=measure, band=0)
    assert all(len(values) == 4 for values in graph["nodes"].values())
    assert all(isinstance(value, float) for value in graph["whole"].values())
    assert graph["nodes"]


def test_every_topic_comes_in_its_shape(running: Client) -> None:
    state = running.request("state")
    model, n = state["model"], len(state["source"]["channels"])
    pairs, targets = n * (n - 1) // 2, len(model["targets"])
    joy = model["targets"][0]["name"]
    topics = ["frames", "signals", "features", "contributions", "networks"]
    running.take()
    assert running.request("subscribe", topics=topics, emotion=joy) == topics
    found: dict[str, Any] = {}
    wait_for(running, lambda m: found.update({m["type"]: m}) or set(topics) <= set(found))
    assert found["frames"]["mean"].shape == found["frames"]["upper"].shape
    assert found["frames"]["mean"].shape[1] == targets
    assert found["frames"]["truth"].shape[1] == targets
    assert found["signals"]["data"].shape == found["signals"]["flags"].shape
    assert found["signals"]["data"].shape[1] == n
    bands, edges = len(model["bands"]), len(model["connectivity_bands"])
    assert found["features"]["power"].shape == (bands, n)
    assert found["features"]["connectivity"].shape == (len(model["measures"]), edges, pairs)
    assert found["features"]["spectrum"].shape == (n, len(model["spectrum_frequencies"]))
    part = found["contributions"]
    assert part["node"].shape == (targets, n)
    assert part["edge"].shape == (targets, pairs)
    total = part["base"] + part["node"].sum(axis=1) + part["edge"].sum(axis=1)
    assert total == pytest.approx(part["mean"], abs=1e-5, nan_ok=True)
    assert found["networks"]["emotion"] == joy
    assert found["networks"]["node"].shape == (bands, n) or found["networks"]["node"].ndim == 2
    running.request("subscribe", topics=[])
    running.take()
    with pytest.raises(AssertionError):
        frames_until(running, bool, 1.2)
