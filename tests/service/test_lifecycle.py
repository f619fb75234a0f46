"""How services come and go, and what they leave behind: nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from rtemotion.errors import ServiceError
from rtemotion.service.address import Address, read_address, write_address
from rtemotion.service.client import connect_within
from rtemotion.service.launch import find_or_launch, start_process

from .services import HEADSET, Served, answer, eventually, frames_until, serving, wait_for


def test_a_stop_is_the_same_however_often_and_whoever_asks(service: Served) -> None:
    with service.client() as one, service.client() as other:
        assert one.request("stop")["phase"] == "idle"
        one.request("start", place={"headset": HEADSET})
        asked = [client.ask("stop") for client in (one, other) for _ in range(5)]
        told = []
        for client in (one, other):
            for _ in range(5):
                reply = wait_for(client, lambda m: m["type"] == "reply")
                told.append(reply["result"]["phase"])
        assert told == ["ended"] * len(asked)
        states = [m["phase"] for m in one.take() if m["type"] == "state"]
        assert "failed" not in states


def test_fifty_starts_stops_and_switches_leave_no_thread_and_no_process(
    service: Served, recordings: Path
) -> None:
    file = str(next(recordings.glob("muse-calm/*.csv")))
    places = ({"headset": HEADSET}, {"file": file}, {"headset": "muse:7"})
    with service.client() as client:
        client.request("subscribe", topics=["frames", "signals"])
        for place in places:
            client.request("start", place=place)
        client.request("stop")
        before = service.held
        files = psutil.Process(service.process.pid).num_fds()
        for number in range(50):
            state = client.request("start", place=places[number % 3])
            assert state["phase"] == "running"
            if number % 3 == 1:
                client.request("pace", paused=True)
            if number % 2:
                assert client.request("stop")["phase"] == "ended"
            if number % 10 == 0:
                frames_until(client, bool)
        client.request("stop")
        # Those who do requests stay, a few of them at most.
        eventually(lambda: service.held[0] <= before[0] + 3)
        assert service.held[1] == before[1] == 0
        assert psutil.Process(service.process.pid).num_fds() <= files + 2


def test_starts_of_many_clients_at_once_end_in_one_run(service: Served) -> None:
    clients = [service.client(str(number)) for number in range(6)]
    asked = [(c, c.ask("start", place={"headset": HEADSET})) for c in clients]
    replies = [wait_for(c, lambda m, n=n: m.get("id") == n) for c, n in asked]
    won = [reply for reply in replies if reply["ok"]]
    assert won
    assert all("given up" in reply["error"] for reply in replies if not reply["ok"])
    states = [client.request("state") for client in clients]
    assert {state["phase"] for state in states} == {"running"}
    assert len({state["run"] for state in states}) == 1


def test_a_source_that_ends_at_the_moment_of_a_stop_is_over_once(
    service: Served, recordings: Path
) -> None:
    file = str(next(recordings.glob("muse-calm/*.csv")))
    with service.client() as client:
        client.request("start", place={"file": file}, position=1e6)
        wait_for(client, lambda m: m.get("phase") == "ended")
        client.take()
        began = time.monotonic()
        client.request("start", place={"file": file}, position=1e6)
        wait_for(client, lambda m: m.get("phase") == "ended")
        takes = time.monotonic() - began
        for share in (0.0, 0.3, 0.6, 0.9, 0.95, 1.0, 1.05):
            client.take()
            client.request("start", place={"file": file}, position=1e6)
            time.sleep(takes * share)
            assert client.request("stop")["phase"] == "ended"
            phases = [m["phase"] for m in client.take() if m["type"] == "state"]
            assert phases.count("ended") <= 2
            assert phases[-1] == "ended"
            assert client.request("state")["phase"] == "ended"


class TestShutdown:
    def test_whoever_asks_is_answered_and_the_service_goes(self, service: Served) -> None:
        client = service.client()
        client.request("start", place={"headset": HEADSET})
        assert client.request("shutdown") == {"ends": True, "why": ""}
        assert service.process.wait(10.0) == 0
        assert not service.path.exists()
        assert wait_for(client, lambda m: m.get("phase") == "ended")
        eventually(lambda: client.closed)
        with pytest.raises(ServiceError):
            client.request("state")

    def test_alone_it_ends_and_only_alone(self, service: Served) -> None:
        with service.client() as one:
            with service.client() as other:
                said = one.request("shutdown", if_alone=True)
                assert said == {"ends": False, "why": "another client is connected"}
                assert other.request("start", place={"headset": HEADSET})["phase"] == "running"
            eventually(lambda: one.request("shutdown", if_alone=True)["ends"])
            assert service.process.wait(10.0) == 0

    def test_not_while_a_file_is_written(self, service: Served, tmp_path: Path) -> None:
        with service.client() as one:
            for output in ({"record": tmp_path / "a.xdf"}, {"table": tmp_path / "b.csv"}):
                said = {key: str(path) for key, path in output.items()}
                one.request("start", place={"headset": HEADSET}, **said)
                refused = one.request("shutdown", if_alone=True)
                assert refused == {"ends": False, "why": "a file is being written"}
                one.request("stop")
            assert one.request("shutdown", if_alone=True)["ends"] is True
            assert service.process.wait(10.0) == 0

    def test_an_app_that_says_goodbye_and_leaves_is_heard(self, service: Served) -> None:
        with service.socket() as talk:
            for verb, said in (("stop", {}), ("shutdown", {"if_alone": True})):
                talk.send(json.dumps({"type": "request", "do": verb, "with": said}))
        assert service.process.wait(10.0) == 0


class TestLingering:
    def test_a_service_that_nobody_needs_ends(self, tmp_path: Path) -> None:
        with serving(tmp_path, linger=1.0) as service:
            with service.client() as client:
                client.request("start", place={"headset": HEADSET})
                time.sleep(2.5)
                assert service.process.poll() is None
            assert service.process.wait(10.0) == 0
            assert not service.path.exists()

    def test_a_recording_keeps_it(self, tmp_path: Path) -> None:
        with serving(tmp_path, linger=0.5) as service:
            with service.client() as client:
                client.request(
                    "start", place={"headset": HEADSET}, record=str(tmp_path / "run.xdf")
                )
            time.sleep(4.0)
            with service.client() as client:
                assert client.request("stop")["phase"] == "ended"
            assert service.process.wait(10.0) == 0


class TestSideBySide:
    def test_two_services_do_not_know_each_other(self, service: Served, tmp_path: Path) -> None:
        with serving(tmp_path / "other") as other:
            assert other.address.token != service.address.token
            with service.client() as one, other.client() as two:
                one.request("start", place={"headset": HEADSET})
                assert two.request("state")["phase"] == "idle"
            other.process.terminate()
            assert other.process.wait(10.0) == 0
        with service.client() as one:
            assert one.request("state")["phase"] == "running"

    def test_a_second_one_at_the_same_address_is_refused_in_words(
        self, service: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RTEMOTION_SERVICE", str(service.path))
        done = subprocess.run(
            [sys.executable, "-m", "rtemotion.service"], capture_output=True, text=True, timeout=30
        )
        assert done.returncode == 1
        assert done.stderr.startswith("error: A service of yours runs already")
        assert str(service.process.pid) in done.stderr
        assert "Traceback" not in done.stderr
        assert read_address(service.path) == service.address


class TestLaunching:
    @pytest.fixture(autouse=True)
    def mine(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        monkeypatch.setenv("RTEMOTION_SERVICE", str(tmp_path / "service.json"))
        return tmp_path / "service.json"

    def test_one_is_started_found_again_and_leaves_no_dead_process(self, mine: Path) -> None:
        with find_or_launch("one", linger=30.0) as one:
            pid = one.welcome["pid"]
            with find_or_launch("two") as two:
                assert two.welcome["pid"] == pid
            one.request("shutdown")
            eventually(lambda: not psutil.pid_exists(pid))
        assert not mine.exists()

    @pytest.mark.parametrize("pid", [os.getpid(), 2**22 - 1], ids=["another", "nobody"])
    def test_a_stale_address_does_not_stand_in_the_way(self, mine: Path, pid: int) -> None:
        # The number of its process has gone to another program, or to nobody.
        write_address(Address("127.0.0.1", 9, "old", pid), mine)
        with find_or_launch("one", linger=30.0) as one:
            assert one.welcome["pid"] != pid
            one.request("shutdown")
        eventually(lambda: not mine.exists())

    def test_a_service_that_was_killed_leaves_an_address_nobody_trusts(self, mine: Path) -> None:
        with find_or_launch("one", linger=30.0) as one:
            os.kill(one.welcome["pid"], signal.SIGKILL)
            eventually(lambda: one.closed)
        eventually(lambda: read_address(mine) is None)
        with find_or_launch("two", linger=30.0) as two:
            two.request("shutdown")
        eventually(lambda: not mine.exists())

    def test_what_cannot_start_says_why(
        self, mine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("RTEMOTION_SERVICE", str(tmp_path / "file" / "service.json"))
        with pytest.raises(ServiceError, match="did not start: error: .*RTEMOTION_SERVICE"):
            find_or_launch("one")

    def test_a_client_waits_for_a_service_that_is_on_its_way(self, mine: Path) -> None:
        process = start_process(None)
        try:
            address = eventually(lambda: read_address(mine))
            with connect_within(address, 10.0, "early") as client:
                client.request("shutdown")
            assert process.wait(10.0) == 0
        finally:
            process.kill()
            process.wait()


def test_the_state_is_told_to_a_browser_too(service: Served) -> None:
    with service.socket() as talk:
        assert answer(talk, "start", {"place": {"headset": HEADSET}})["result"]["run"] == 1
