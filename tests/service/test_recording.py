"""Recordings made by the service: whole, whatever happens to those who asked for them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtemotion.errors import ServiceError
from rtemotion.session import load_session
from rtemotion.signal import Chunk, Event
from rtemotion.simulators import Brain, Subject
from rtemotion.sources.session import SessionSource
from rtemotion.verify import verify

from ..sources.lsl_senders import Start, senders
from .services import HEADSET, Served, eventually, frames_until, wait_for

APP = """
import sys
from pathlib import Path
from rtemotion.service.address import read_address
from rtemotion.service.client import Client
client = Client(read_address(Path(sys.argv[1])))
client.request('start', place={'headset': sys.argv[2]}, record=sys.argv[3])
client.request('subscribe', topics=['frames', 'signals', 'features'])
print('ready', flush=True)
for message in client.messages(): pass
"""


def recorded(path: Path) -> tuple[np.ndarray, list[Event]]:
    """Return the samples of a session, in volts, and its events."""
    items = list(SessionSource(path))
    rows = [item.data for item in items if isinstance(item, Chunk)]
    return np.concatenate(rows), [item for item in items if isinstance(item, Event)]


def sent(samples: int) -> np.ndarray:
    """Return what the simulated headset gives out from its first sample on."""
    brain = Brain(Subject.draw(1), HEADSET, seed=2)
    return brain.read(samples)[0].data


def test_an_app_that_is_killed_costs_no_sample(service: Served, tmp_path: Path) -> None:
    path = tmp_path / "run.xdf"
    command = [sys.executable, "-c", APP, str(service.path), HEADSET, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as app:
        assert app.stdout is not None
        assert app.stdout.readline() == b"ready\n"
        time.sleep(2.0)
        os.kill(app.pid, signal.SIGKILL)
    time.sleep(1.5)
    with service.client() as again:
        state = again.request("state")
        assert state["recording"] == str(path)
        again.request("note", payload={"description": "still there"})
        wait_for(again, lambda m: m.get("text") == "marker still there")
        ended = again.request("stop")
        assert ended["phase"] == "ended"
        assert str(path) in ended["written"][0]
    data, events = recorded(path)
    assert len(data) > 3.0 * 256
    np.testing.assert_array_equal(data, sent(len(data)))
    assert load_session(path.with_suffix(".json")).streams[0].samples == len(data)
    assert any(event.payload.get("description") == "still there" for event in events)
    verdict = verify(path)
    assert verdict.difference == ""
    assert verdict.frames >= 10


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_service_that_is_ended_closes_the_file_whole(
    service: Served, tmp_path: Path, how: signal.Signals
) -> None:
    path = tmp_path / "run.xdf"
    client = service.client()
    client.request("start", place={"headset": HEADSET}, record=str(path))
    client.request("subscribe", topics=["frames"])
    frames_until(client, lambda found: len(found) >= 8)
    service.process.send_signal(how)
    # The final state comes before the goodbye, and says what was written.
    final = wait_for(client, lambda m: m["type"] == "state" and m["phase"] == "ended")
    assert str(path) in final["written"][0]
    assert service.process.wait(10.0) == 0
    assert not service.path.exists()
    data, _ = recorded(path)
    np.testing.assert_array_equal(data, sent(len(data)))
    assert load_session(path.with_suffix(".json")).streams[0].samples == len(data)
    assert verify(path).difference == ""


def test_recording_in_the_midst_keeps_what_is_known_and_what_was_marked(
    service: Served, tmp_path: Path
) -> None:
    path, other = tmp_path / "run.xdf", tmp_path / "other.xdf"
    with service.client() as client:
        client.request("start", place={"headset": HEADSET})
        client.request("subscribe", topics=["frames"])
        client.request("note", kind="operator", payload={"bad": ["TP9"]})
        frames_until(
            client, lambda found: bool(found) and "warm-up" not in found[-1]["reasons"][0]
        )
        state = client.request("record", path=str(path))
        assert (state["phase"], state["run"], state["recording"]) == ("running", 2, str(path))
        found = frames_until(
            client,
            lambda found: (
                bool(found) and found[-1]["run"] == 2 and "warm-up" not in found[-1]["reasons"][0]
            ),
        )
        assert "no baseline" not in found[-1]["reasons"][0]
        assert client.request("state")["bad"] == ["TP9"]
        state = client.request("record", path=None)
        assert (state["run"], state["recording"]) == (3, None)
        eventually(lambda: client.request("state")["bad"] == ["TP9"])
        with pytest.raises(ServiceError, match=r"run\.xdf"):
            client.request("record", path=str(path))
        assert client.request("state")["run"] == 3
        assert client.request("record", path=str(other))["run"] == 4
        frames_until(client, lambda found: len(found) > 2 and found[-1]["run"] == 4)
        assert client.request("record", path=str(path), overwrite=True)["run"] == 5
        frames_until(client, lambda found: len(found) > 2 and found[-1]["run"] == 5)
        client.request("stop")
    for file in (path, other):
        verdict = verify(file)
        assert verdict.difference == ""
        assert verdict.frames >= 1
    assert load_session(other.with_suffix(".json")).decoded is not None


def test_a_recording_may_not_replace_what_it_cannot_carry_on(
    service: Served, tmp_path: Path
) -> None:
    table = tmp_path / "frames.csv"
    with service.client() as client:
        client.request("start", place={"headset": HEADSET}, table=str(table))
        with pytest.raises(ServiceError, match=r"frames\.csv"):
            client.request("record", path=str(tmp_path / "run.xdf"))
        state = client.request("stop")
    assert any(str(table) in said for said in state["written"])
    assert table.exists()


def test_health_tells_how_the_file_grows(service: Served, tmp_path: Path) -> None:
    path = tmp_path / "run.xdf"
    with service.client() as client:
        client.request("start", place={"headset": HEADSET}, record=str(path))
        sizes: list[Any] = []

        def grown(message: Any) -> bool:
            if message["type"] == "health":
                sizes.append(message["recorded_bytes"])
            return len(sizes) == 3

        wait_for(client, grown)
        client.request("stop")
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[0]


class TestOverTheNetwork:
    """A real LSL stream, from a sender in a process of its own that counts its samples."""

    LABELS = ("Cz", "Pz", "Oz", "Fz")

    @pytest.fixture
    def send(self) -> Iterator[Start]:
        with senders() as start:
            yield start

    def test_every_sample_sent_is_recorded_while_clients_come_and_die(
        self, service: Served, send: Start, tmp_path: Path
    ) -> None:
        path = tmp_path / "run.xdf"
        source_id, _ = send(labels=list(self.LABELS))
        with service.client() as client:
            client.request("start", place={"stream": f"source_id={source_id}"}, record=str(path))
            for _ in range(4):
                with service.socket() as hasty:
                    hasty.recv()
                    hasty.socket.close()
                time.sleep(0.3)
            client.request("stop")
        data, _ = recorded(path)
        count = np.round(data[:, 0] * 1e6)
        assert len(count) > 200
        assert np.all(np.diff(count) == 1)
        assert verify(path).difference == ""

    def test_a_stream_that_is_lost_and_returns_is_told_and_recorded(
        self, service: Served, send: Start, tmp_path: Path
    ) -> None:
        path = tmp_path / "run.xdf"
        source_id, process = send(labels=list(self.LABELS))
        with service.client() as client:
            client.request("start", place={"stream": f"source_id={source_id}"}, record=str(path))
            client.request("subscribe", topics=["frames"])
            frames_until(client, lambda found: len(found) >= 4)
            process.kill()
            lost = wait_for(client, lambda m: m.get("kind") == "stream lost")
            assert lost["text"] == "the stream has gone silent"
            stale = frames_until(client, lambda f: bool(f) and "stale" in f[-1]["reasons"][0])
            assert stale[-1]["index"][0] == -1
            assert np.isnan(stale[-1]["mean"]).all()
            health = wait_for(client, lambda m: m["type"] == "health" and m["silent"])
            assert health["stale"] >= 1
            send(source_id=source_id, labels=list(self.LABELS))
            wait_for(client, lambda m: m.get("kind") == "stream returned")
            back = frames_until(client, lambda f: bool(f) and f[-1]["index"][0] >= 0)
            assert "stale" not in back[-1]["reasons"][0]
            assert client.request("stop")["phase"] == "ended"
        verdict = verify(path)
        assert verdict.difference == ""

    def test_a_service_ended_while_it_waits_for_a_stream_ends_at_once(
        self, service: Served
    ) -> None:
        client = service.client()
        client.ask("start", place={"stream": "source_id=nobody", "wait": 600.0})
        eventually(lambda: [m for m in client.take() if m.get("phase") == "opening"])
        began = time.monotonic()
        service.process.terminate()
        assert service.process.wait(15.0) == 0
        assert time.monotonic() - began < 8.0

    def test_many_who_wait_hold_up_no_answer_and_no_end(self, service: Served) -> None:
        waiting = [service.client(f"waits {number}") for number in range(40)]
        for number, client in enumerate(waiting):
            verb = ("look", "pace")[number % 2]
            said = {"place": {"stream": "source_id=nobody", "wait": 600.0}}
            client.ask(verb, **(said if verb == "look" else {"paused": True}))
        time.sleep(0.5)
        with service.client() as quick:
            began = time.monotonic()
            assert quick.request("state")["phase"] == "idle"
            assert time.monotonic() - began < 1.0
            for client in waiting[:20]:
                client.close()
            began = time.monotonic()
            service.process.terminate()
            assert service.process.wait(15.0) == 0
            assert time.monotonic() - began < 8.0

    def test_a_start_that_waits_is_given_up_for_a_stop_or_another_start(
        self, service: Served
    ) -> None:
        with service.client() as client, service.client() as other:
            number = client.ask("start", place={"stream": "source_id=nobody", "wait": 600.0})
            wait_for(client, lambda m: m.get("phase") == "opening")
            # Even one that comes the same way, behind it.
            began = time.monotonic()
            assert client.request("stop")["phase"] == "idle"
            assert time.monotonic() - began < 2.0
            reply = wait_for(client, lambda m: m.get("id") == number)
            assert (reply["ok"], reply["kind"]) == (False, "ServiceError")
            assert "given up" in reply["error"]
            client.ask("start", place={"stream": "source_id=nobody", "wait": 600.0})
            wait_for(client, lambda m: m.get("phase") == "opening")
            state = other.request("start", place={"headset": HEADSET})
            assert state["phase"] == "running"

    def test_a_stream_that_is_not_there_is_said_in_the_engines_words(
        self, service: Served
    ) -> None:
        with service.client() as client:
            with pytest.raises(ServiceError, match="nobody"):
                client.request("start", place={"stream": "source_id=nobody", "wait": 0.3})
            state = client.request("state")
            assert state["phase"] == "failed"
            assert "nobody" in state["problem"]
            assert client.request("start", place={"headset": HEADSET})["problem"] == ""
