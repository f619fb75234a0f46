"""Real services in processes of their own, for tests to speak to."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from websockets.sync.client import ClientConnection, connect

from rtemotion.service.address import Address, read_address
from rtemotion.service.client import Client
from rtemotion.service.launch import start_process
from rtemotion.service.messages import PROTOCOL

# Small and quick to know.
HEADSET = "muse"


def eventually(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Wait until something is so, and return it."""
    end = time.monotonic() + seconds
    while True:
        if found := condition():
            return found
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


class Served:
    """A service under way.

    Attributes
    ----------
    process : subprocess.Popen
        Its process.
    address : Address
        Where it listens.
    path : Path
        Its address file.
    """

    def __init__(self, process: subprocess.Popen[bytes], path: Path) -> None:
        self.process, self.path = process, path
        self.clients: list[Client] = []
        self.address: Address = eventually(lambda: read_address(path), 30.0)

    def client(self, name: str = "test") -> Client:
        client = Client(self.address, name)
        self.clients.append(client)
        return client

    @contextmanager
    def socket(self, **greeting: Any) -> Iterator[ClientConnection]:
        """Speak JSON by hand, greeted and told the state; or with another greeting."""
        with connect(self.address.url, proxy=None, max_size=None, close_timeout=1.0) as socket:
            hello = {"type": "hello", "protocol": list(PROTOCOL), "token": self.address.token}
            socket.send(json.dumps(hello | greeting))
            yield socket

    @property
    def log(self) -> str:
        found = list(self.path.parent.glob("state/**/*.log"))
        return found[0].read_text("utf-8") if found else ""

    @property
    def held(self) -> tuple[int, int]:
        """Threads and child processes."""
        me = psutil.Process(self.process.pid)
        return me.num_threads(), len(me.children(recursive=True))


@contextmanager
def serving(folder: Path, linger: float | None = None) -> Iterator[Served]:
    """Start a service whose files lie in a folder; it is gone afterwards, whatever happens."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "service.json"
    before = dict(os.environ)
    os.environ |= {"RTEMOTION_SERVICE": str(path), "XDG_STATE_HOME": str(folder / "state")}
    try:
        process = start_process(linger)
    finally:
        os.environ.clear()
        os.environ.update(before)
    served = None
    try:
        served = Served(process, path)
        yield served
    finally:
        for client in served.clients if served is not None else ():
            client.close()
        process.terminate()
        try:
            process.wait(20.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def answer(socket: ClientConnection, verb: str, said: Any = None, timeout: float = 30.0) -> Any:
    """Ask by hand, in JSON, and return the reply."""
    socket.send(json.dumps({"type": "request", "id": verb, "do": verb, "with": said or {}}))
    return reply_of(socket, verb, timeout)


def reply_of(socket: ClientConnection, number: Any, timeout: float = 30.0) -> Any:
    end = time.monotonic() + timeout
    while True:
        message = json.loads(socket.recv(end - time.monotonic()))
        if message["type"] == "reply" and message["id"] == number:
            return message


def wait_for(client: Client, wanted: Callable[[Any], bool], seconds: float = 30.0) -> Any:
    """Return the first message that is wanted; those before it are let go."""
    end = time.monotonic() + seconds
    for message in client.messages(seconds):
        if wanted(message):
            return message
        assert time.monotonic() < end, "the message did not come in time"
    raise AssertionError(f"no message came within {seconds:g} s")


def frames_until(
    client: Client, enough: Callable[[list[Any]], bool], seconds: float = 30.0
) -> list[Any]:
    """Return messages of frames as they come, until there are enough."""
    found: list[Any] = []
    end = time.monotonic() + seconds
    for message in client.messages(seconds):
        if message["type"] == "frames":
            found.append(message)
        if enough(found):
            return found
        assert time.monotonic() < end, "the frames did not come in time"
    raise AssertionError(f"no message came within {seconds:g} s")
