"""A real HTTP server on loopback that answers like a language model, or misbehaves as told."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from rtemotion.annotation.emotions import EMOTIONS

Behaviour = Callable[["Handler", dict[str, Any]], None]


def scores_of(text: str) -> dict[str, float]:
    """What this model thinks of a segment: something that depends on its every word."""
    return {e: (sum(map(ord, text)) * (i + 3) % 101) / 100 for i, e in enumerate(EMOTIONS)}


def segment_of(body: dict[str, Any]) -> str:
    asked = body["messages"][-1]["content"]
    return asked.split("<last_segment>\n")[1].split("\n</last_segment>")[0]


def completion(content: str | None, finish: str = "stop", **message: Any) -> dict[str, Any]:
    said = {"role": "assistant", "content": content, **message}
    return {
        "id": "1",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": said, "finish_reason": finish}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10},
    }


def good(handler: Handler, body: dict[str, Any]) -> None:
    handler.reply(200, completion(json.dumps(scores_of(segment_of(body)))))


def says(content: str | None, finish: str = "stop", **message: Any) -> Behaviour:
    return lambda handler, body: handler.reply(200, completion(content, finish, **message))


def status(code: int, said: Any = None, **headers: str) -> Behaviour:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    error = {"error": {"message": f"trouble {code}"}} if said is None else said
    return lambda handler, body: handler.reply(code, error, named)


def raw(content: bytes, length: int | None = None) -> Behaviour:
    """Send bytes as they are, perhaps fewer than were promised."""

    def answer(handler: Handler, body: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content) if length is None else length))
        handler.end_headers()
        handler.wfile.write(content)
        handler.close_connection = True

    return answer


def reset(handler: Handler, body: dict[str, Any]) -> None:
    """Break the connection off."""
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.close_connection = True
    handler.connection.close()


def silent(handler: Handler, body: dict[str, Any]) -> None:
    """Never answer, until the test is over."""
    handler.told.over.wait(30.0)
    handler.close_connection = True


def trickle(handler: Handler, body: dict[str, Any]) -> None:
    """Send a byte now and then, each in time."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.close_connection = True
    for _ in range(100):
        if handler.told.over.wait(0.05):
            return
        handler.wfile.write(b" ")


@dataclass
class Told:
    """What the server is to do, and what it was asked."""

    script: Iterator[Behaviour]
    then: Behaviour
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def segments(self) -> list[str]:
        return [segment_of(body) for body in self.asked]

    def wait_for(self, n: int, seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while len(self.asked) < n:
            assert time.monotonic() < end, f"{len(self.asked)} requests came, not {n}"
            time.sleep(0.02)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    told: Told

    def do_POST(self) -> None:
        told = self.server.told  # type: ignore[attr-defined]
        self.told = told
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        told.asked.append(body)
        told.headers.append(dict(self.headers))
        told.times.append(time.monotonic())
        try:
            next(told.script, told.then)(self, body)
        except (ConnectionError, ValueError):
            # The client has gone, as it may.
            self.close_connection = True

    def reply(self, code: int, said: Any, headers: dict[str, str] | None = None) -> None:
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def finish(self) -> None:
        try:
            super().finish()
        except (OSError, ValueError):
            self.close_connection = True

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def endpoint(*script: Behaviour, then: Behaviour = good) -> Iterator[Told]:
    """Run a server that goes through a script, one behaviour a request."""
    behaviours: Iterable[Behaviour] = script
    told = Told(iter(behaviours), then)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    server.told = told  # type: ignore[attr-defined]
    told.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield told
    finally:
        told.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
