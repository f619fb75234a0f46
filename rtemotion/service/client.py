"""A client of the service, for Python: a socket with a thread that reads, and an inbox.

>>> from rtemotion.service.client import Client          # doctest: +SKIP
>>> with Client.find() as client:                        # doctest: +SKIP
...     client.request("start", place={"headset": "cap32"})
...     client.request("subscribe", topics=["frames"])
...     for message in client.messages(): print(message["type"])
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from ..errors import ServiceError
from .address import Address, address_path, read_address
from .messages import PROTOCOL, Message, pack, unpack

log = logging.getLogger(__name__)

# Messages that may wait in the inbox; a reader that is slower loses signals first.
MOST = 20_000
_CONNECT_S = 5.0
_LASTING = frozenset({"state", "event", "reply"})


class Client:
    """A connection to the service.

    Parameters
    ----------
    address : Address
        Where it listens.
    name : str
        What the client calls itself in the service's log.

    Attributes
    ----------
    welcome : dict
        What the service said of itself.
    closed : bool
        True once the connection has ended.
    why_closed : str
        What ended it, as far as it is known.

    Raises
    ------
    ServiceError
        If nobody listens, or the service refuses.
    """

    def __init__(self, address: Address, name: str = "Python") -> None:
        self.address = address
        self.closed, self.why_closed = False, ""
        self._inbox: deque[Message] = deque()
        self._come = threading.Condition()
        self._replies: dict[int, Message] = {}
        self._waiting: set[int] = set()
        self._numbers = itertools.count(1)
        self._stack = ExitStack()
        self._socket = self._connect(name)
        self._thread = threading.Thread(target=self._read, name="rtemotion-client", daemon=True)
        self._thread.start()

    @classmethod
    def find(cls, name: str = "Python") -> Self:
        """Connect to the service of this user.

        Raises
        ------
        ServiceError
            If there is none.
        """
        address = read_address(address_path())
        if address is None:
            raise ServiceError("No service runs; start one with `rtemotion serve`.")
        return cls(address, name)

    def _connect(self, name: str) -> ClientConnection:
        url = self.address.url
        try:
            # As a context manager, which every version of the library knows.
            socket: ClientConnection = self._stack.enter_context(
                connect(url, open_timeout=_CONNECT_S, max_size=None, compression=None, proxy=None)
            )
        except (OSError, InvalidHandshake, TimeoutError) as problem:
            raise ServiceError(
                f"The service at {url} does not answer ({problem}); start it anew with "
                "`rtemotion serve`."
            ) from problem
        hello = {
            "type": "hello",
            "protocol": list(PROTOCOL),
            "token": self.address.token,
            "client": name,
        }
        try:
            socket.send(pack(hello))
            self.welcome = unpack(_bytes(socket.recv(_CONNECT_S)))
        except (ConnectionClosed, TimeoutError, ServiceError) as problem:
            self._stack.close()
            closed = problem.rcvd if isinstance(problem, ConnectionClosed) else None
            raise ServiceError(
                f"The service at {url} refuses: {problem if closed is None else closed.reason}"
            ) from problem
        return socket

    def request(self, verb: str, timeout: float = 60.0, **said: Any) -> Any:
        """Ask for something and wait for the result.

        Parameters
        ----------
        verb : str
            ``"start"``, ``"stop"``, ``"subscribe"`` …, see docs/protocol.md.
        timeout : float
            Seconds to wait.
        **said
            What the request takes.

        Raises
        ------
        ServiceError
            With the service's own sentence where it says no, or if it does not answer.
        """
        number = next(self._numbers)
        with self._come:
            self._waiting.add(number)
        try:
            self._send(number, verb, said)
        except ServiceError:
            self._waiting.discard(number)
            raise
        with self._come:
            answered = self._come.wait_for(lambda: number in self._replies or self.closed, timeout)
            self._waiting.discard(number)
            reply = self._replies.pop(number, None)
        if reply is None:
            why = (
                f"the connection has ended ({self.why_closed})"
                if answered
                else (f"nothing came within {timeout:g} s")
            )
            raise ServiceError(f"The service did not answer '{verb}': {why}.")
        if not reply["ok"]:
            raise ServiceError(reply["error"])
        return reply["result"]

    def ask(self, verb: str, **said: Any) -> int:
        """Ask for something without waiting; the reply comes among the messages.

        Returns
        -------
        int
            The ``id`` of the reply.

        Raises
        ------
        ServiceError
            If the connection has ended.
        """
        number = next(self._numbers)
        self._send(number, verb, said)
        return number

    def _send(self, number: int, verb: str, said: dict[str, Any]) -> None:
        message = {"type": "request", "id": number, "do": verb, "with": said}
        try:
            self._socket.send(pack(message))
        except ConnectionClosed as problem:
            raise ServiceError(
                f"The connection to the service has ended ({problem})."
            ) from problem

    def take(self) -> list[Message]:
        """Return the messages that have come since the last call; never waits."""
        with self._come:
            messages = list(self._inbox)
            self._inbox.clear()
        return messages

    def messages(self, timeout: float | None = None) -> Iterator[Message]:
        """Yield messages as they come, until the connection ends or nothing comes any more.

        Parameters
        ----------
        timeout : float or None
            Longest wait for a message, s; for ever by default.
        """
        while True:
            with self._come:
                self._come.wait_for(lambda: self._inbox or self.closed, timeout)
                if not self._inbox:
                    return
                message = self._inbox.popleft()
            yield message

    def close(self) -> None:
        """Leave; may be called twice."""
        self._stack.close()
        if threading.current_thread() is not self._thread:
            self._thread.join(5.0)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave."""
        self.close()

    def _read(self) -> None:
        why = ""
        try:
            for content in self._socket:
                self._put(unpack(_bytes(content)))
        except ConnectionClosed as problem:
            why = problem.rcvd.reason if problem.rcvd is not None else ""
        except ServiceError as problem:
            log.exception("a message of the service cannot be read")
            why = str(problem)
        with self._come:
            self.closed, self.why_closed = True, why or "the service has gone"
            self._come.notify_all()

    def _put(self, message: Message) -> None:
        with self._come:
            number = message.get("id")
            if message["type"] == "reply" and number in self._waiting:
                self._replies[number] = message
            else:
                self._inbox.append(message)
                if len(self._inbox) > MOST:
                    self._thin()
            self._come.notify_all()

    def _thin(self) -> None:
        """Let go of the older half of pictures of a moment: what happened stays."""
        newer = MOST // 2
        self._inbox = deque(
            message
            for place, message in enumerate(self._inbox)
            if place > newer or message["type"] in _LASTING
        )


def connect_within(address: Address, seconds: float, name: str) -> Client:
    """Connect to a service that is about to listen.

    Raises
    ------
    ServiceError
        If it does not in time.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            return Client(address, name)
        except ServiceError:
            if time.monotonic() >= end:
                raise
            time.sleep(0.05)


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content
