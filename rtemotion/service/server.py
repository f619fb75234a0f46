"""The WebSocket server: greets clients, hands on what they ask, sends what they want."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import os
import secrets
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from .. import __version__
from ..errors import RtemotionError, ServiceError
from .address import Address, remove_address, write_address
from .host import Host
from .hub import Hub, Listener
from .messages import LARGEST, PROTOCOL, TOPICS, Message, from_text, pack, to_text, unpack

log = logging.getLogger(__name__)

# A client that connects and says nothing is let go after so many seconds.
GREETING_S = 5.0
_REFUSED, _TOO_SLOW = 4001, 4002


class Service:
    """A server with its host, in one event loop.

    Parameters
    ----------
    linger : float or None
        Seconds without a client after which the service ends, unless something is being
        recorded; None to stay until told to end.
    token : str, optional
        What clients have to know; drawn by default.
    """

    def __init__(self, linger: float | None = None, token: str | None = None) -> None:
        self.token = token or secrets.token_hex(16)
        self._linger = linger
        self._over = asyncio.Event()
        self._hub = Hub(asyncio.get_running_loop())
        self.host = Host(self._hub)

    async def run(self, host: str, port: int, path: Path | None) -> None:
        """Serve until told to end.

        Parameters
        ----------
        host, port : str, int
            Where to listen; port 0 takes a free one.
        path : Path or None
            Where clients of this user find the address.

        Raises
        ------
        ServiceError
            If nothing can listen there.
        """
        address = None
        try:
            server = await serve(self._talk, host, port, max_size=LARGEST, ping_interval=20.0)
        except OSError as problem:
            raise ServiceError(
                f"The service cannot listen at {host}:{port} ({problem.strerror or problem}); "
                "another program may be there: choose another --port."
            ) from problem
        try:
            address = Address(host, _port(server), self.token, os.getpid())
            if path is not None:
                write_address(address, path)
            log.info("listening at %s", address.url)
            self._stop_on_signals()
            await self._until_over()
        finally:
            server.close()
            await server.wait_closed()
            # Outputs are closed before anybody is told that the service has gone.
            await asyncio.to_thread(self.host.close)
            if path is not None and address is not None:
                remove_address(address, path)

    def _stop_on_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError, RuntimeError):
                loop.add_signal_handler(number, self._over.set)

    async def _until_over(self) -> None:
        alone = 0.0
        while not self._over.is_set():
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._over.wait(), 1.0)
            alone = 0.0 if self._hub.listeners or self.host.recording else alone + 1.0
            if self._linger is not None and alone >= self._linger:
                log.info("no client for %g s: the service ends", alone)
                return

    async def _talk(self, connection: ServerConnection) -> None:
        listener = await self._greet(connection)
        if listener is None:
            return
        self._hub.add(listener)
        sender = asyncio.create_task(self._send(connection, listener))
        try:
            async for content in connection:
                await self._answer(content, listener)
        except ConnectionClosed:
            pass
        finally:
            self._hub.remove(listener)
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                await sender
            log.info("%s has left", listener.name)

    async def _greet(self, connection: ServerConnection) -> Listener | None:
        """Read the greeting; answer a good one, refuse any other with the reason."""
        try:
            content = await asyncio.wait_for(connection.recv(), GREETING_S)
            hello = _read(content)
            self._check(hello)
        except (TimeoutError, ConnectionClosed):
            await connection.close(_REFUSED, "no greeting came")
            return None
        except ServiceError as problem:
            # A reason may hold 123 bytes.
            await connection.close(_REFUSED, str(problem).encode()[:120].decode(errors="ignore"))
            return None
        listener = Listener(str(hello.get("client", "a client"))[:80], isinstance(content, str))
        log.info("%s has come", listener.name)
        _say(
            listener,
            {
                "type": "welcome",
                "protocol": list(PROTOCOL),
                "program": f"rtemotion {__version__}",
                "pid": os.getpid(),
                "topics": list(TOPICS),
            },
        )
        _say(listener, self.host.state())
        return listener

    def _check(self, hello: Mapping[str, Any]) -> None:
        if hello["type"] != "hello":
            raise ServiceError("The first message must be a hello.")
        if not hmac.compare_digest(str(hello.get("token", "")).encode(), self.token.encode()):
            raise ServiceError("The token is wrong; it is in the service's address file.")
        protocol = hello.get("protocol")
        major = protocol[0] if isinstance(protocol, list) and protocol else protocol
        if major != PROTOCOL[0]:
            raise ServiceError(f"Protocol {major!r:.20} is not spoken here, but {PROTOCOL[0]}.")

    async def _send(self, connection: ServerConnection, listener: Listener) -> None:
        while True:
            content = await listener.get()
            if listener.lost:
                await connection.close(_TOO_SLOW, "too slow: nothing was taken for too long")
                return
            await connection.send(content)

    async def _answer(self, content: str | bytes, listener: Listener) -> None:
        """Do what a client asks, and tell it how that went."""
        number: Any = None
        reply: Message
        try:
            message = _read(content)
            number = message.get("id")
            result = await self._do(message, listener)
            reply = {"type": "reply", "id": number, "ok": True, "result": result}
        except RtemotionError as problem:
            reply = {
                "type": "reply",
                "id": number,
                "ok": False,
                "error": str(problem),
                "kind": type(problem).__name__,
            }
        except Exception as problem:
            log.exception("a request failed")
            reply = {
                "type": "reply",
                "id": number,
                "ok": False,
                "error": f"The service has failed unexpectedly ({type(problem).__name__}: "
                f"{problem}); this is a defect, please report it with the log.",
                "kind": "defect",
            }
        _say(listener, reply)

    async def _do(self, message: Message, listener: Listener) -> Any:
        if message["type"] != "request":
            raise ServiceError(f"A '{message['type']:.40}' is not understood; send a 'request'.")
        verb, said = message.get("do"), message.get("with", {})
        if not isinstance(verb, str) or not isinstance(said, dict):
            raise ServiceError("A request has a text under 'do' and a mapping under 'with'.")
        if verb == "subscribe":
            return self._subscribe(said, listener)
        if verb == "shutdown":
            self._over.set()
            return None
        return await asyncio.to_thread(self.host.ask, verb, said)

    def _subscribe(self, said: Mapping[str, Any], listener: Listener) -> list[str]:
        """Take note of what a client wants from now on; tell it what it has missed."""
        topics = said.get("topics")
        if not isinstance(topics, list) or not all(topic in TOPICS for topic in topics):
            raise ServiceError(f"'topics' must be a list of some of {', '.join(TOPICS)}.")
        emotion = said.get("emotion", "")
        if not isinstance(emotion, str):
            raise ServiceError("'emotion' must be the name of an emotion.")
        if "frames" in topics and "frames" not in listener.topics:
            for message in self.host.backlog():
                _say(listener, message)
        listener.topics = {topic: {"emotion": emotion} for topic in topics}
        self._hub.look()
        return topics


def _read(content: str | bytes) -> Message:
    return from_text(content) if isinstance(content, str) else unpack(content)


def _say(listener: Listener, message: Message) -> None:
    content = to_text(message) if listener.as_text else pack(message)
    listener.put(message["type"], content, spare=False)


def _port(server: Server) -> int:
    return int(next(iter(server.sockets)).getsockname()[1])
