"""What the service makes of nonsense: it goes on, on time, in the same memory.

Several clients of 127.0.0.1 send random and mutated messages to a real service while it
decodes and records a simulated headset. Some greet, some do not; some speak JSON, some
msgpack, some neither; some never read, some hang up in the midst of a word. Afterwards the
service must still serve, no frame may have been late, its memory must not have grown, and
its log must hold no defect. How the service does before that, left in peace, is told too: a
machine that is busy with other things makes frames late by itself.

    python benchmarks/protocol_fuzz.py [--seconds 600] [--seed 1] [--json]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import psutil
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from rtemotion.service.address import Address, read_address
from rtemotion.service.client import Client
from rtemotion.service.host import TAKES
from rtemotion.service.launch import start_process
from rtemotion.service.messages import LARGEST, TOPICS
from rtemotion.verify import verify

CLIENTS = 4
# Messages of all clients together, a second: nonsense, not a flood.
RATE = 120.0
HEADSET = "cap32"
VERBS = (*sorted(TAKES), "start", "", "__class__", "dance")
# They end the run that is watched; what they say is made wrong first.
ENDING = frozenset({"start", "stop", "shutdown", "record"})
WORDS = ("frames", "operator", "bad", "Cz", "imcoh", "joy", "x" * 500, "\0", "größe", "../..", "")
NUMBERS: tuple[Any, ...] = (
    *(0, 1, -1, 3.5, 1e308, -1e308, 2**31, 2**63 - 1, -(2**63), 2**64 - 1),
    *(float("nan"), float("inf"), True, False, None),
)


@dataclass
class Tally:
    """What was sent and what came back."""

    sent: Counter[str] = field(default_factory=Counter)
    replies: Counter[str] = field(default_factory=Counter)
    defects: list[str] = field(default_factory=list)


class Fuzzer:
    """One client after the other, each talking nonsense for a while.

    Parameters
    ----------
    address : Address
        The service.
    rng : random.Random
        Where nonsense comes from.
    tally : Tally
        Counts it.
    """

    def __init__(self, address: Address, rng: random.Random, tally: Tally) -> None:
        self._address, self._rng, self._tally = address, rng, tally

    def run(self, until: float) -> None:
        """Talk until a moment of the monotonic clock."""
        while time.monotonic() < until:
            try:
                if self._rng.random() < 0.1:
                    self._raw()
                else:
                    self._session(until)
            except (OSError, WebSocketException, EOFError):
                self._tally.replies["connection ended"] += 1

    def _raw(self) -> None:
        """Speak no WebSocket at all, or half of one."""
        self._pause()
        self._tally.sent["raw"] += 1
        with socket.create_connection((self._address.host, self._address.port), 5.0) as line:
            start = self._rng.choice([b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nUpgrade: "])
            line.sendall(start + self._rng.randbytes(self._rng.randrange(2000)))

    def _session(self, until: float) -> None:
        rng, as_text = self._rng, self._rng.random() < 0.5
        with connect(
            self._address.url, proxy=None, max_size=None, compression=None, close_timeout=0.5
        ) as talk:
            hello: dict[str, Any] = {"type": "hello", "protocol": [1, 0], "client": "fuzz"}
            hello["token"] = self._address.token
            if rng.random() < 0.15:
                self._send(talk, self._mutated(hello), as_text)
                return
            talk.send(json.dumps(hello) if as_text else msgpack.packb(hello))
            reads = rng.random() < 0.9
            for _ in range(rng.randrange(1, 60)):
                if time.monotonic() >= until:
                    return
                self._pause()
                self._send(talk, self._message(), as_text ^ (rng.random() < 0.05))
                if reads:
                    self._read(talk)
            if rng.random() < 0.3:
                talk.socket.close()

    def _pause(self) -> None:
        time.sleep(self._rng.expovariate(RATE / CLIENTS))

    def _read(self, talk: ClientConnection) -> None:
        with contextlib.suppress(TimeoutError):
            while True:
                content = talk.recv(0.001)
                said = (
                    json.loads(content) if isinstance(content, str) else msgpack.unpackb(content)
                )
                if said["type"] == "reply":
                    kind = "ok" if said["ok"] else said["kind"]
                    self._tally.replies[kind] += 1
                    if kind == "defect":
                        self._tally.defects.append(said["error"])

    def _send(self, talk: ClientConnection, message: Any, as_text: bool) -> None:
        rng = self._rng
        try:
            content = json.dumps(message) if as_text else msgpack.packb(message)
        except (ValueError, OverflowError, TypeError):
            content = json.dumps(message, default=str)
        # A letter less in `with`, and a stop would be a stop of the run that is watched.
        ending = isinstance(message, dict) and message.get("do") in tuple(ENDING)
        if rng.random() < 0.15 and not ending:
            content = self._broken(content)
        self._tally.sent["text" if isinstance(content, str) else "bytes"] += 1
        talk.send(content)

    def _broken(self, content: str | bytes) -> str | bytes:
        """Cut, doubled, turned over, or far too long."""
        rng = self._rng
        at = rng.randrange(len(content) + 1)
        if isinstance(content, str):
            way = rng.randrange(4)
            if way == 0:
                return content[:at]
            if way == 1:
                return content[:at] + rng.choice('{}[]",:0\\ud800') + content[at:]
            if way == 2:
                return "[" * rng.choice([10, 1000, 100_000])
            return content + " " * rng.choice([1, LARGEST // 2, LARGEST])
        noise = bytearray(content)
        for _ in range(rng.randrange(1, 8)):
            if noise:
                noise[rng.randrange(len(noise))] = rng.randrange(256)
        return rng.choice([bytes(noise), content[:at], b"\x91" * 5000, rng.randbytes(at + 1)])

    def _message(self) -> Any:
        rng = self._rng
        if rng.random() < 0.08:
            return self._value(0)
        verb = rng.choice(VERBS)
        said = {key: self._value(1) for key in TAKES.get(verb, ("place", "options"))}
        if rng.random() < 0.5:
            said |= self._sensible(verb)
        if verb in ENDING:
            said["nonsense"] = self._value(1)
        message: Any = {"type": "request", "id": self._value(2), "do": verb, "with": said}
        return self._mutated(message) if rng.random() < 0.3 and verb not in ENDING else message

    def _sensible(self, verb: str) -> dict[str, Any]:
        """Return what a verb does take, for a message that gets further in."""
        rng = self._rng
        topics = rng.sample(TOPICS, rng.randrange(len(TOPICS) + 1))
        good: dict[str, dict[str, Any]] = {
            "subscribe": {"topics": topics, "emotion": rng.choice(["joy", "fear", "none"])},
            "note": {"kind": rng.choice(["marker", "operator", "mine"]), "payload": {}},
            "graph": {"measure": rng.choice(["imcoh", "wpli2_lagged"]), "band": rng.randrange(5)},
            "streams": {"wait": 0.0},
            "files": {"folder": "/nowhere"},
            "look": {"place": {}, "options": {}, "profile": None, "seconds": 0.5},
            "pace": {"speed": 1.0, "seek": 1.0, "step": 1, "paused": False},
            "profile": {"path": "/nowhere/at all.toml"},
        }
        said = good.get(verb, {})
        if verb == "note" and rng.random() < 0.7:
            said["payload"] = {rng.choice(["bad", "good", "note", "message"]): self._value(1)}
        return said

    def _mutated(self, message: dict[str, Any]) -> dict[str, Any]:
        key = self._rng.choice(list(message))
        changed = dict(message)
        if self._rng.random() < 0.4:
            del changed[key]
        else:
            changed[key] = self._value(0)
        return changed

    def _value(self, depth: int) -> Any:
        rng = self._rng
        way = rng.randrange(6 if depth < 4 else 3)
        if way == 0:
            return rng.choice(NUMBERS)
        if way == 1:
            return rng.choice(WORDS)
        if way == 2:
            return "".join(chr(rng.randrange(1, 0xD7FF)) for _ in range(rng.randrange(8)))
        if way == 3:
            return [self._value(depth + 1) for _ in range(rng.randrange(5))]
        if way == 4:
            value: Any = rng.choice(NUMBERS)
            for _ in range(rng.choice([2, 40, 200])):
                value = [value] if rng.random() < 0.5 else {"a": value}
            return value
        return {rng.choice(WORDS): self._value(depth + 1) for _ in range(rng.randrange(4))}


def fuzz(folder: Path, seconds: float, seed: int) -> dict[str, Any]:
    """Fuzz a service whose files lie in a folder; return what came of it."""
    os.environ["RTEMOTION_SERVICE"] = str(folder / "service.json")
    os.environ["XDG_STATE_HOME"] = str(folder / "state")
    recording = folder / "run.xdf"
    process = start_process(None)
    try:
        address = _address(folder / "service.json")
        with Client(address, "watcher") as watcher:
            watcher.request("start", place={"headset": HEADSET}, record=str(recording))
            watcher.request("subscribe", topics=["frames"])
            calm = _calm(watcher, min(30.0, seconds / 4))
            tally, found = _watched(watcher, address, seconds, seed, process.pid)
            state = watcher.request("state")
            alive = process.poll() is None
            watcher.request("stop")
    finally:
        process.terminate()
        code = process.wait(30.0)
    log = "".join(path.read_text("utf-8") for path in (folder / "state").rglob("*.log"))
    verdict = verify(recording)
    return found | {
        "calm": calm,
        "sent": dict(tally.sent),
        "replies": dict(tally.replies),
        "defects": tally.defects + [line for line in log.splitlines() if "Traceback" in line],
        "serves": alive and state["phase"] == "running" and state["run"] == 1,
        "exit_code": code,
        "recording_differs": verdict.difference,
        "recorded_frames": verdict.frames,
    }


def _address(path: Path) -> Address:
    end = time.monotonic() + 30.0
    while (address := read_address(path)) is None:
        if time.monotonic() > end:
            raise TimeoutError("the service did not come up")
        time.sleep(0.05)
    return address


def _calm(watcher: Client, seconds: float) -> dict[str, Any]:
    """Watch the service for a while before anybody disturbs it."""
    time.sleep(seconds)
    frames = [message for message in watcher.take() if message["type"] == "frames"]
    ages = np.concatenate([message["sample_age"] for message in frames])
    return {
        "late": int(sum(message["late"].sum() for message in frames)),
        "latency_ms": [round(1e3 * float(np.percentile(ages, p)), 2) for p in (50, 99, 100)],
    }


def _watched(
    watcher: Client, address: Address, seconds: float, seed: int, pid: int
) -> tuple[Tally, dict[str, Any]]:
    """Let the fuzzers loose; count frames and weigh the service every second."""
    tally, began = Tally(), time.monotonic()
    until = began + seconds
    threads = [
        threading.Thread(
            target=Fuzzer(address, random.Random(seed * 100 + number), tally).run, args=(until,)
        )
        for number in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    weighed: list[float] = []
    ages: list[float] = []
    late = stale = numbers = last = first = 0
    while any(thread.is_alive() for thread in threads):
        time.sleep(1.0)
        weighed.append(psutil.Process(pid).memory_info().rss / 1e6)
        for message in watcher.take():
            if message["type"] != "frames":
                continue
            ages += message["sample_age"].tolist()
            late += int(message["late"].sum())
            stale += int((message["index"] < 0).sum())
            first = first or message["number"]
            numbers += 1
            last = message["number"]
    for thread in threads:
        thread.join()
    # The first tenth fills what is kept and what libraries hold.
    settled = weighed[len(weighed) // 10 : len(weighed) // 5 + 1]
    grown = float(np.median(weighed[-len(weighed) // 10 :]) - np.median(settled))
    return tally, {
        "seconds": round(time.monotonic() - began, 1),
        "frames": numbers,
        "frames_published": last - first + 1,
        "late": late,
        "stale": stale,
        "latency_ms": [round(1e3 * float(np.percentile(ages, p)), 2) for p in (50, 99, 100)],
        "rss_mb": [round(weighed[0], 1), round(max(weighed), 1), round(weighed[-1], 1)],
        "grown_mb": round(grown, 1),
    }


def main() -> None:
    """Run, report, and fail where something is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most-grown", type=float, default=20.0, help="MB")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # Files whose names are made up here are written there, and go with it.
        os.chdir(folder)
        found = fuzz(Path(folder), given.seconds, given.seed)
    sound = (
        found["serves"]
        and not found["late"]
        and not found["stale"]
        and not found["defects"]
        and not found["recording_differs"]
        and found["exit_code"] == 0
        and found["frames_published"] == found["frames"]
        and found["grown_mb"] < given.most_grown
    )
    if given.json:
        print(json.dumps(found | {"sound": sound}, indent=1))
    else:
        for name, value in found.items():
            print(f"{name:<18} {value}")
        print("sound" if sound else "NOT SOUND")
    sys.exit(not sound)


if __name__ == "__main__":
    main()
