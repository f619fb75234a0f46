"""The app's side of the connection: requests with an answer to come, and messages to take.

Nothing here waits: the window pumps it at every beat of its timer. A connection that breaks
is made again, since what runs has outlived it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from ...errors import ServiceError

log = logging.getLogger(__name__)

Done = Callable[[Any], None]
Failed = Callable[[str], None]

# Between attempts to reach a service that has gone, s.
RETRY_S = 1.0


class Connection(Protocol):
    """What the link needs of a client of the service."""

    closed: bool
    why_closed: str
    welcome: dict[str, Any]

    def ask(self, verb: str, **said: Any) -> int: ...  # noqa: D102
    def take(self) -> list[dict[str, Any]]: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


class Link:
    """A connection that may come and go.

    Parameters
    ----------
    connect : callable
        Returns a connection; may take seconds, and is called in a thread.

    Attributes
    ----------
    problem : str
        Why there is no connection; empty while there is one, and before the first.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._waiting: dict[int, tuple[Done | None, Failed | None]] = {}
        self._wanted: dict[str, Any] | None = None
        self._thread: threading.Thread | None = None
        self._came: list[Connection | ServiceError] = []
        self._next_try = 0.0
        self._closed = False
        self.problem = ""

    @property
    def connected(self) -> bool:
        """Whether requests reach the service at present."""
        return self._connection is not None

    def subscribe(self, topics: Iterable[str], emotion: str = "") -> None:
        """Say what is wanted from now on, after a break in the connection too."""
        wanted: dict[str, Any] = {"topics": sorted(topics), "emotion": emotion}
        if wanted != self._wanted:
            self._wanted = wanted
            if self._connection is not None:
                self.ask("subscribe", **wanted)

    def ask(
        self, verb: str, done: Done | None = None, failed: Failed | None = None, **said: Any
    ) -> None:
        """Ask the service for something.

        Parameters
        ----------
        verb : str
            See docs/protocol.md.
        done, failed : callable, optional
            Called while pumping, with the result or with the sentence that says why not.
        **said
            What the request takes.
        """
        why = self.problem or "it is being looked for"
        sentence = f"The engine's process is not there ({why})."
        if self._connection is not None:
            try:
                self._waiting[self._connection.ask(verb, **said)] = (done, failed)
            except ServiceError as problem:
                sentence = str(problem)
            else:
                return
        if failed is not None:
            failed(sentence)

    def pump(self) -> list[Mapping[str, Any]]:
        """Return the messages that have come; answers go to whoever asked.

        The first of a connection is the welcome of the service it leads to.
        """
        kept: list[Mapping[str, Any]] = []
        if self._look_after():
            assert self._connection is not None
            kept.append(self._connection.welcome)
        if self._connection is None:
            return []
        for message in self._connection.take():
            if message["type"] == "reply":
                self._answer(message)
            else:
                kept.append(message)
        if self._connection is not None and self._connection.closed:
            self._lost(self._connection)
        return kept

    def close(self) -> None:
        """Leave for good."""
        self._closed = True
        if self._thread is not None:
            self._thread.join(10.0)
        for come in self._came:
            if not isinstance(come, ServiceError):
                come.close()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _answer(self, message: Mapping[str, Any]) -> None:
        done, failed = self._waiting.pop(message["id"], (None, None))
        if message["ok"]:
            if done is not None:
                done(message["result"])
        elif failed is not None:
            failed(message["error"])
        else:
            log.warning("%s", message["error"])

    def _lost(self, connection: Connection) -> None:
        why = connection.why_closed
        self.problem = f"The engine's process has gone ({why}); another one is looked for."
        connection.close()
        self._connection = None
        waiting, self._waiting = self._waiting, {}
        for _, failed in waiting.values():
            if failed is not None:
                failed(f"The engine's process did not answer ({why}).")

    def _look_after(self) -> bool:
        """Look for a connection where there is none; return whether one has just come."""
        if self._connection is not None or self._closed:
            return False
        if self._came:
            come = self._came.pop()
            self._thread = None
            if isinstance(come, ServiceError):
                self.problem = str(come)
                self._next_try = time.monotonic() + RETRY_S
                return False
            self._connection, self.problem = come, ""
            if self._wanted is not None:
                self.ask("subscribe", **self._wanted)
            return True
        if self._thread is None and time.monotonic() >= self._next_try:
            self._thread = threading.Thread(target=self._try, name="rtemotion-connect")
            self._thread.start()
        return False

    def _try(self) -> None:
        try:
            self._came.append(self._connect())
        except ServiceError as problem:
            self._came.append(problem)
        except Exception as problem:
            # Without an answer nobody would ever try again.
            log.exception("the engine's process cannot be reached")
            self._came.append(ServiceError(f"The engine's process cannot be reached: {problem}"))
