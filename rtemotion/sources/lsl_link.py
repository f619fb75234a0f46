"""A connection to an LSL stream that is kept up: made again whenever it is lost."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import replace
from typing import Any

from ..errors import SourceError
from ..lsl import load_pylsl
from ..signal import Kind
from .lsl_connect import Batch, Connection, Opening, pull
from .lsl_identity import changes
from .lsl_metadata import StreamDescription
from .lsl_network import Query
from .lsl_threads import Attendant, Reconnector, Worker

logger = logging.getLogger(__name__)

# Below the 100 ms that a source may be silent, with room for a busy machine.
_PULL_S = 0.08
# A sender that was restarted may leave its old connection open and silent.
_SUSPECT_S = 3.0

News = Batch | tuple[str, dict[str, Any]]


class Link:
    """Receives from a connection and replaces it when the sender was restarted.

    Parameters
    ----------
    first : Connection
        Open.
    query : Query
        What the stream is recognised by when it returns.
    opening : Opening
        How it is opened then.
    patient : bool
        Wait on when what came back is not as before, rather than raise an error.

    Attributes
    ----------
    described : StreamDescription
        What the sender said about the stream at first, which stays so.
    xml : str
        The sender's ``<info>`` document, as received last.
    """

    def __init__(
        self, first: Connection, query: Query, opening: Opening, patient: bool = False
    ) -> None:
        self._query, self._opening, self._patient = query, opening, patient
        self._pylsl = load_pylsl()
        self.described: StreamDescription = first.described
        # Pulling and closing exclude each other: liblsl would crash otherwise.
        self._lock = threading.RLock()
        self._closed = False
        self._news: deque[News] = deque()
        self._reconnector: Reconnector | None = None
        self._attendant: Attendant | None = None
        # Asked to end and not waited for: receiving never waits for a thread.
        self._retired: list[Worker[Any]] = []
        self._adopt(first)

    def pull(self, max_samples: int) -> Batch | None:
        """Return what has arrived, waiting a little for the first sample."""
        with self._lock:
            if self._closed or self._connection is None:
                return None
            try:
                batch = pull(self._connection.inlet, _PULL_S, max_samples)
            except RuntimeError as problem:  # pylsl's LostError and its like
                logger.warning("'%s': %s Looking for it again.", self._query.name, problem)
                self._drop_connection()
                self._drop_reconnector()
                self._look_out(not_uid="")
                return None
            if batch is not None:
                self._last_arrival = batch.arrival
                self._drop_reconnector()  # it was only silent
            return batch

    def idle(self, now: float) -> float:
        """Return the seconds since something arrived; after some, look what became of it."""
        with self._lock:
            idle = now - self._last_arrival
            if idle > _SUSPECT_S and self._connection is not None:
                self._look_out(not_uid=self._connection.stream.uid)
            return idle

    def news(self) -> News | None:
        """Return what comes before anything that is pulled: an event, or samples.

        Raises
        ------
        SourceError
            If the stream came back and cannot be decoded as before.
        """
        with self._lock:
            self._hear_reconnector()
            while self._attendant is not None and (heard := self._attendant.take()) is not None:
                if isinstance(heard, str):
                    self._warn(heard)
                else:
                    self._news.append((Kind.CLOCK_OFFSET, heard))
            return self._news.popleft() if self._news else None

    def hurry(self) -> None:
        """Measure the sender's clock more often for a while."""
        with self._lock:
            if self._attendant is not None:
                self._attendant.hurry()

    def close(self) -> None:
        """Disconnect and end the threads; may be called twice."""
        self._closed = True
        with self._lock:
            self._drop_connection()
            self._drop_reconnector()
            for worker in self._retired:
                worker.join()
            self._retired.clear()

    def _hear_reconnector(self) -> None:
        if self._reconnector is None or self._closed:
            return
        # Only without a connection is there nothing else to wait for.
        waiting = self._connection is None and not self._news
        heard = self._reconnector.take(_PULL_S if waiting else 0.0)
        if isinstance(heard, SourceError):
            raise heard
        if isinstance(heard, str):
            self._warn(heard)
        elif heard is not None:
            self._drop_reconnector()
            self._drop_connection()
            logger.warning("stream '%s' is back", self._query.name)
            self._news.append((Kind.STREAM_RETURNED, {"reconnected": True}))
            self._adopt(heard)

    def _warn(self, message: str) -> None:
        logger.warning("%s", message)
        self._news.append((Kind.WARNING, {"message": message}))

    def _adopt(self, connection: Connection) -> None:
        self._connection: Connection | None = replace(connection, collected=())
        self.xml = connection.xml
        self._attendant = Attendant(connection.inlet, connection.stream.uid, self._query)
        if connection.offset is not None:
            self._news.append((Kind.CLOCK_OFFSET, connection.offset))
        self._news.extend(connection.collected)
        self._last_arrival = float(self._pylsl.local_clock())

    def _look_out(self, not_uid: str) -> None:
        if self._reconnector is None and not self._closed:
            self._reconnector = Reconnector(
                self._query,
                self._opening,
                not_uid,
                lambda fresh: changes(self.described, fresh.described),
                self._patient,
            )

    def _drop_connection(self) -> None:
        # The attendant lets the inlet go, in its own thread.
        self._connection = None
        if self._attendant is not None:
            self._retire(self._attendant)
            self._attendant = None

    def _drop_reconnector(self) -> None:
        if self._reconnector is not None:
            self._retire(self._reconnector)
            self._reconnector = None

    def _retire(self, worker: Worker[Any]) -> None:
        worker.stop()
        self._retired = [old for old in self._retired if old.running()] + [worker]
