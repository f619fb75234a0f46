"""Who listens, and what waits for them: slow listeners lose frames, and hold nobody up.

Runs in the server's event loop, but for `publish` and `wanted`, which any thread may call.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Mapping
from typing import Any

from .messages import Message, pack, to_text

log = logging.getLogger(__name__)

# What may be left out and waits for a client, in bytes; beyond it the older half goes.
MOST_WAITING = 8 * 2**20
# A client that does not even take replies and events is gone for all purposes.
MOST_AT_ALL = 48 * 2**20
# What may wait to be handed out while the loop is busy; a seek makes thousands at once.
MOST_COMING = 500
MOST_FRAMES_COMING = 20_000
# Handed out without a break: requests and other connections wait for no more.
_AT_ONCE = 32


class Listener:
    """A client's queue.

    Parameters
    ----------
    name : str
        What the client calls itself.
    as_text : bool
        Whether it speaks JSON.

    Attributes
    ----------
    topics : dict
        What it wants, with what it said about each.
    shed : Counter
        Messages of each type that were left out since it was too slow.
    closed : bool
        True once it has left.
    lost : bool
        True when it took nothing for so long that it has to be let go.
    """

    def __init__(self, name: str, as_text: bool) -> None:
        self.name, self.as_text = name, as_text
        self.topics: dict[str, Any] = {}
        self.shed: Counter[str] = Counter()
        self.lost = False
        self._told: dict[str, tuple[int, int]] = {}
        self._queue: deque[tuple[str, bool, bytes | str]] = deque()
        self._size = self._spare = 0
        self.closed = False
        self._ready = asyncio.Event()

    @property
    def waiting(self) -> bool:
        """Whether something has not been sent yet."""
        return bool(self._queue)

    def tell(self, message: Message) -> None:
        """Let a message wait that is never left out, a reply for instance."""
        content = to_text(message) if self.as_text else pack(message)
        self.put(message["type"], content, spare=False)

    def put(self, kind: str, content: bytes | str, spare: bool) -> None:
        """Let a message wait; `spare` when it may be left out."""
        if self.closed:
            return
        self._queue.append((kind, spare, content))
        self._size += len(content)
        self._spare += len(content) if spare else 0
        if self._spare > MOST_WAITING:
            self._shed()
        self.lost = self.lost or self._size > MOST_AT_ALL
        self._ready.set()

    def close(self) -> None:
        """Let nothing wait any more: nobody will take it."""
        self.closed = True
        self._queue.clear()
        self._size = self._spare = 0

    def told(self, kind: str, run: int, number: int) -> None:
        """Take note that everything of a kind up to a number was told, in a backlog."""
        self._told[kind] = (run, number)

    def knows(self, message: Message) -> bool:
        """Tell whether a message of a run was told before."""
        number = message.get("number")
        if number is None:
            return False
        return (message["run"], number) <= self._told.get(message["type"], (-1, -1))

    def _shed(self) -> None:
        """Leave out the older half of what may be left out."""
        kept: deque[tuple[str, bool, bytes | str]] = deque()
        for kind, spare, content in self._queue:
            if spare and self._spare > MOST_WAITING // 2:
                self._size -= len(content)
                self._spare -= len(content)
                self.shed[kind] += 1
            else:
                kept.append((kind, spare, content))
        self._queue = kept

    async def get(self) -> bytes | str:
        """Wait for a message and return it."""
        while not self._queue:
            self._ready.clear()
            await self._ready.wait()
        _, spare, content = self._queue.popleft()
        self._size -= len(content)
        self._spare -= len(content) if spare else 0
        return content


class Hub:
    """Hands messages to every listener that wants them.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The server's.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._listeners: list[Listener] = []
        self._coming: deque[tuple[Message, str | None]] = deque()
        self._called = False
        # Replaced as a whole, never changed: read without a lock.
        self._wanted: Mapping[str, frozenset[str]] = {}

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Those there are."""
        return tuple(self._listeners)

    def add(self, listener: Listener) -> None:
        """Begin to hand messages to a listener."""
        self._listeners.append(listener)

    def remove(self, listener: Listener) -> None:
        """Stop; may be called twice."""
        listener.close()
        if listener in self._listeners:
            self._listeners.remove(listener)
        self.look()

    def look(self) -> None:
        """Take note of what listeners want, after one has said something else."""
        wanted: dict[str, set[str]] = {}
        for listener in self._listeners:
            for topic, about in listener.topics.items():
                wanted.setdefault(topic, set()).add(str(about.get("emotion", "")))
        self._wanted = {topic: frozenset(about) for topic, about in wanted.items()}

    def wanted(self, topic: str) -> frozenset[str]:
        """Return what is wanted of a topic: nobody listens where it is empty."""
        return self._wanted.get(topic, frozenset())

    def publish(self, message: Message, topic: str | None = None) -> None:
        """Hand a message to those who want its topic, to everybody without one."""
        if topic is not None:
            most = MOST_FRAMES_COMING if topic == "frames" else MOST_COMING
            if not self._wanted.get(topic) or len(self._coming) > most:
                return
        self._coming.append((message, topic))
        if self._called:
            # What was appended before `_hand_out` looks is handed out by it.
            return
        self._called = True
        try:
            self._loop.call_soon_threadsafe(self._hand_out)
        except RuntimeError:
            # The loop has ended with the service: nobody is left to be told.
            self._coming.clear()

    def _hand_out(self) -> None:
        self._called = False
        for _ in range(_AT_ONCE):
            if not self._coming:
                return
            try:
                self._hand(*self._coming.popleft())
            except (TypeError, ValueError, OverflowError, RecursionError):
                log.exception("a message cannot be sent")
        self._called = True
        self._loop.call_soon(self._hand_out)

    def _hand(self, message: Message, topic: str | None) -> None:
        packed: dict[bool, bytes | str] = {}
        for listener in self._listeners:
            if topic is not None and topic not in listener.topics:
                continue
            emotion = message.get("emotion")
            if topic == "networks" and listener.topics[topic].get("emotion") != emotion:
                continue
            if listener.knows(message):
                continue
            if listener.as_text not in packed:
                packed[listener.as_text] = to_text(message) if listener.as_text else pack(message)
            # What happened and what is so is never left out; pictures of a moment may be.
            spare = topic is not None or message["type"] == "health"
            listener.put(message["type"], packed[listener.as_text], spare)
