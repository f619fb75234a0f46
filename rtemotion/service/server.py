"""The WebSocket server: greets clients, hands on what they ask, sends what they want."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hmac
import logging
import os
import secrets
import signal
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from .. import __version__
from ..errors import RtemotionError, ServiceError
from .address import Address, remove_address, write_address
from .host import Host, check_taken
from .hub import Hub, Listener
from .messages import LARGEST, PROTOCOL, TOPICS, Message, read_request
from .order import read_as

log = logging.getLogger(__name__)

# A client that connects and says nothing is let go after so many seconds.
GREETING_S = 5.0
_REFUSED, _TOO_SLOW = 4001, 4002
# Pings tell of clients that have gone without a word; a frozen one may well come back.
_PING_S, _PONG_S = 20.0, 120.0
_CLOSE_S = 2.0
# The last messages may take so long to be taken when the service ends.
_LAST_WORDS_S = 2.0
# Requests of one client that wait for their turn; it is read no further beyond.
_MOST_ASKED = 32
_WORKERS, _QUICK_WORKERS = 32, 4


@dataclass(frozen=True)
class Asked:
    """What a client said, as it came: a message or what is wrong with it, in words."""

    message: Message
    problem: str
    came: float


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
        # Apart, so that those who wait for long hold no quick answer up.
        self._quick = ThreadPoolExecutor(_QUICK_WORKERS, thread_name_prefix="rtemotion-answer")
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="rtemotion-request")
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
            server = await serve(
                self._talk,
                host,
                port,
                max_size=LARGEST,
                compression=None,
                ping_interval=_PING_S,
                ping_timeout=_PONG_S,
                close_timeout=_CLOSE_S,
                logger=_silent(),
            )
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
            # Whoever waits for something gives up, and makes room.
            self.host.override("shutdown")
            # Outputs are closed before anybody is told that the service has gone.
            await asyncio.to_thread(self.host.close)
            await self._last_words()
            server.close()
            await server.wait_closed()
            for workers in (self._quick, self._workers):
                workers.shutdown(cancel_futures=True)
            if path is not None and address is not None:
                remove_address(address, path)

    async def _last_words(self) -> None:
        """Let clients take what waits for them, the final state for one."""
        end = asyncio.get_running_loop().time() + _LAST_WORDS_S
        # What was published last is handed out by the loop.
        await asyncio.sleep(0.05)
        while any(listener.waiting for listener in self._hub.listeners):
            if asyncio.get_running_loop().time() >= end:
                return
            await asyncio.sleep(0.01)

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
            alone = 0.0 if self._hub.listeners or self.host.writing else alone + 1.0
            if self._linger is not None and alone >= self._linger:
                log.info("no client for %g s: the service ends", alone)
                return

    async def _talk(self, connection: ServerConnection) -> None:
        try:
            listener = await self._greet(connection)
            if listener is not None:
                await self._serve(connection, listener)
        except ConnectionClosed:
            pass
        except Exception:
            log.exception("a connection failed")

    async def _serve(self, connection: ServerConnection, listener: Listener) -> None:
        """Read what a client asks while older requests of it are being done."""
        self._hub.add(listener)
        asked: asyncio.Queue[Asked | None] = asyncio.Queue(_MOST_ASKED)
        sender = asyncio.create_task(self._send(connection, listener))
        # Who takes nothing any more may still have requests to be done, and is read no further.
        sender.add_done_callback(lambda _: self._hub.remove(listener))
        worker = asyncio.create_task(self._work(asked, listener))
        try:
            async for content in connection:
                await asked.put(self._read(content))
        finally:
            self._hub.remove(listener)
            # What was asked is done, even for somebody who left at once.
            await asked.put(None)
            await worker
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sender
            shed = ", ".join(f"{count} {kind}" for kind, count in listener.shed.items())
            log.info("%s has left%s", listener.name, shed and f" ({shed} were left out)")

    async def _greet(self, connection: ServerConnection) -> Listener | None:
        """Read the greeting; answer a good one, refuse any other with the reason."""
        try:
            content = await asyncio.wait_for(connection.recv(), GREETING_S)
            hello = read_request(content)
            self._check(hello)
        except (TimeoutError, ConnectionClosed):
            await connection.close(_REFUSED, "no greeting came")
            return None
        except ServiceError as problem:
            # A reason may hold 123 bytes.
            await connection.close(_REFUSED, str(problem).encode()[:120].decode(errors="ignore"))
            return None
        name = "".join(c for c in str(hello.get("client", "a client"))[:80] if c.isprintable())
        listener = Listener(name, isinstance(content, str))
        log.info("%s has come", listener.name)
        listener.tell(
            {
                "type": "welcome",
                "protocol": list(PROTOCOL),
                "program": f"rtemotion {__version__}",
                "pid": os.getpid(),
                "topics": list(TOPICS),
            },
        )
        listener.tell(self.host.state())
        return listener

    def _check(self, hello: Mapping[str, Any]) -> None:
        if hello["type"] != "hello":
            raise ServiceError("The first message must be a hello.")
        if not hmac.compare_digest(str(hello.get("token", "")).encode(), self.token.encode()):
            raise ServiceError("The token is wrong; it is in the service's address file.")
        protocol = hello.get("protocol")
        major = protocol[0] if isinstance(protocol, list) and protocol else protocol
        if isinstance(major, bool) or major != PROTOCOL[0]:
            raise ServiceError(f"Protocol {major!r:.20} is not spoken here, but {PROTOCOL[0]}.")

    async def _send(self, connection: ServerConnection, listener: Listener) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                content = await listener.get()
                if listener.lost:
                    log.warning("%s takes nothing and is let go", listener.name)
                    await connection.close(_TOO_SLOW, "too slow: nothing was taken for too long")
                    return
                await connection.send(content)

    def _read(self, content: str | bytes) -> Asked:
        try:
            message = read_request(content)
        except ServiceError as problem:
            # Kept as words: an error that is kept keeps all it went through.
            return Asked({}, str(problem), 0.0)
        verb, said = message.get("do"), message.get("with", {})
        # One that may end only what nobody uses, or asks amiss, overrides nothing yet.
        later = verb == "shutdown" and not (
            said == {} or (isinstance(said, dict) and said.get("if_alone") is False)
        )
        overrides = isinstance(verb, str) and not later
        return Asked(message, "", self.host.override(str(verb) if overrides else ""))

    async def _work(self, asked: asyncio.Queue[Asked | None], listener: Listener) -> None:
        """Do what a client asks, one after the other."""
        while (one := await asked.get()) is not None:
            await self._answer(one, listener)

    async def _answer(self, asked: Asked, listener: Listener) -> None:
        """Do what a client asks, and tell it how that went."""
        number = asked.message.get("id")
        if not isinstance(number, int | str):
            number = None
        reply: Message = {"type": "reply", "id": number, "ok": True}
        try:
            listener.tell(reply | {"result": await self._do(asked, listener)})
        except RtemotionError as problem:
            kind = type(problem).__name__
            listener.tell(reply | {"ok": False, "error": str(problem), "kind": kind})
        except Exception as problem:
            log.exception("a request failed")
            sentence = (
                f"The service has failed unexpectedly ({type(problem).__name__}: {problem}); this "
                "is a defect, please report it with the log."
            )
            listener.tell(reply | {"ok": False, "error": sentence, "kind": "defect"})

    async def _do(self, asked: Asked, listener: Listener) -> Any:
        if asked.problem:
            raise ServiceError(asked.problem)
        message = asked.message
        if message["type"] != "request":
            raise ServiceError(f"A '{message['type']:.40}' is not understood; send a 'request'.")
        verb, said = message.get("do"), message.get("with", {})
        if not isinstance(verb, str) or not isinstance(said, dict):
            raise ServiceError("A request has a text under 'do' and a mapping under 'with'.")
        if verb in {"subscribe", "shutdown"}:
            check_taken(verb, said)
            do = self._subscribe if verb == "subscribe" else self._shutdown
            return do(said, listener)
        workers = self._quick if verb in self.host.quick else self._workers
        ask = functools.partial(self.host.ask, verb, said, asked.came, lambda: listener.closed)
        return await asyncio.get_running_loop().run_in_executor(workers, ask)

    def _shutdown(self, said: Mapping[str, Any], listener: Listener) -> dict[str, Any]:
        """End the service; only if nobody else needs it where a client says so."""
        why = ""
        if read_as(bool, said.get("if_alone", False), "if_alone"):
            if any(other is not listener for other in self._hub.listeners):
                why = "another client is connected"
            elif self.host.writing:
                why = "a file is being written"
        if not why:
            self.host.override("shutdown")
            self._over.set()
        return {"ends": not why, "why": why}

    def _subscribe(self, said: Mapping[str, Any], listener: Listener) -> list[str]:
        """Take note of what a client wants from now on; tell it what it has missed."""
        topics = read_as(list, said.get("topics"), "topics")
        if not all(isinstance(topic, str) and topic in TOPICS for topic in topics):
            raise ServiceError(f"'topics' must be a list of some of {', '.join(TOPICS)}.")
        emotion = read_as(str, said.get("emotion", ""), "emotion")
        missed = "frames" in topics and "frames" not in listener.topics
        listener.topics = {topic: {"emotion": emotion} for topic in topics}
        # From now on frames come; what the backlog holds is not told twice.
        self._hub.look()
        if missed:
            for past in self.host.backlog():
                listener.tell(past)
                listener.told(past["type"], past["run"], past["number"])
        return sorted(set(topics), key=topics.index)


def _silent() -> logging.Logger:
    """Return a log for the library, which would report every visitor who is no WebSocket."""
    quiet = logging.getLogger("rtemotion.service.websockets")
    quiet.setLevel(logging.CRITICAL)
    return quiet


def _port(server: Server) -> int:
    return int(next(iter(server.sockets)).getsockname()[1])
