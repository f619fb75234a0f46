"""What about an LSL stream may block, kept off the receiving path."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from ..errors import SourceError
from ..lsl import load_pylsl
from .lsl_connect import Connection, Opening, connect, measured_offset
from .lsl_network import Query, found

logger = logging.getLogger(__name__)

_MEASURE_EVERY_S = 5.0
_MEASURE_AGAIN_S = 0.5
_HURRY_FOR_S = 6.0
_MEASURE_TIMEOUT_S = 0.5
_LOOK_FOR_S = 0.6
_POLL_S = 0.05
T = TypeVar("T")


class Worker(Generic[T]):
    """A thread that is asked to end and not waited for, and hands over what it finds."""

    def __init__(self, name: str) -> None:
        self._stop = threading.Event()
        self._results: queue.SimpleQueue[T] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def take(self, timeout: float = 0.0) -> T | None:
        """Return the oldest result not yet taken, None if none comes within `timeout` s."""
        with contextlib.suppress(queue.Empty):
            return self._results.get(block=timeout > 0, timeout=timeout)
        return None

    def stop(self) -> None:
        """Ask the thread to end, without waiting for it."""
        self._stop.set()

    def join(self) -> None:
        """Wait until the thread has ended."""
        self._thread.join()

    def running(self) -> bool:
        """Tell whether the thread is still alive."""
        return self._thread.is_alive()

    def _run(self) -> None:
        raise NotImplementedError


class Attendant(Worker["dict[str, float] | str"]):
    """Sees to a connection: measures the sender's clock, and looks for its double.

    Results are clock offsets as `measured_offset` gives them, every 5 s, and at most
    one sentence about a second sender of the same name and source_id.

    Parameters
    ----------
    inlet : pylsl.StreamInlet
        Open; let go by this thread, since closing it may take long.
    uid : str
        The outlet it is connected to.
    query : Query
        What identifies the stream.
    """

    def __init__(self, inlet: Any, uid: str, query: Query) -> None:
        super().__init__("rtemotion-lsl-clock")
        self._inlet, self._uid, self._query = inlet, uid, query
        self._told = not query.source_id  # without one, nobody can tell
        self._hurried = 0.0
        self.start()

    def hurry(self) -> None:
        """Measure more often for a while: one of the clocks may have stood still."""
        self._hurried = _HURRY_FOR_S

    def _run(self) -> None:
        try:
            while not self._wait():
                measured = measured_offset(self._inlet, _MEASURE_TIMEOUT_S)
                if measured is not None:
                    self._results.put(measured)
                if not self._told and self._hurried <= 0:
                    self._look_for_double()
        except RuntimeError as problem:
            logger.debug("clock offsets end: %s", problem)
        finally:
            self._inlet = None

    def _wait(self) -> bool:
        """Wait until it is time to measure; tell whether to end."""
        waited = 0.0
        while waited < _MEASURE_EVERY_S and not self._stop.wait(_MEASURE_AGAIN_S):
            waited += _MEASURE_AGAIN_S
            if self._hurried > 0:
                self._hurried -= _MEASURE_AGAIN_S
                break
        return self._stop.is_set()

    def _look_for_double(self) -> None:
        resolver = load_pylsl().ContinuousResolver(forget_after=_LOOK_FOR_S)
        self._stop.wait(_LOOK_FOR_S)
        same = [info for info in resolver.results() if self._query.matches(found(info))]
        others = [info for info in same if info.uid() != self._uid]
        # A sender that was restarted while its old connection hangs is no second one.
        if not others or len(others) == len(same):
            return
        self._told = True
        hosts = ", ".join(sorted({info.hostname() for info in others}))
        self._results.put(
            f"a second sender of stream '{self._query.name}' with the same source_id appeared on "
            f"host {hosts}; staying with the first. Give each a source_id of its own."
        )


class Reconnector(Worker["Connection | SourceError | str"]):
    """Looks for a stream that went away and opens it again.

    The result is the new connection, or the reason why there is none: a `SourceError`,
    after which it has ended, or with `patient` a sentence, after which it looks on for
    another sender.

    Parameters
    ----------
    query : Query
        What identifies the stream.
    opening : Opening
        How to open it.
    not_uid : str
        The outlet to leave alone because it is still connected and merely silent;
        empty when the connection is lost.
    changed : callable
        Says what about a new connection is not as before; empty if it fits.
    patient : bool
        Wait on when what came back does not fit.
    """

    def __init__(
        self,
        query: Query,
        opening: Opening,
        not_uid: str,
        changed: Callable[[Connection], str],
        patient: bool = False,
    ) -> None:
        super().__init__("rtemotion-lsl-reconnect")
        self._query, self._opening = query, opening
        self._changed, self._patient = changed, patient
        self._refused = {not_uid}
        self._told = False
        self.start()

    def _run(self) -> None:
        resolver = load_pylsl().ContinuousResolver(forget_after=1.0)
        while not self._stop.wait(_POLL_S):
            infos = [info for info in resolver.results() if self._query.matches(found(info))]
            infos = [info for info in infos if info.uid() not in self._refused]
            for info in sorted(infos, key=lambda info: float(info.created_at()), reverse=True):
                if self._try(info):
                    return

    def _try(self, info: Any) -> bool:
        """Open a stream and tell whether there is nothing left to do."""
        try:
            connection = connect(info, self._opening)
        except SourceError as problem:
            if problem.__cause__ is not None:
                logger.info("not reconnected yet: %s", problem)
                return False  # it did not answer; look again
            why = str(problem)
        else:
            why = self._changed(connection)
            if not why:
                self._results.put(connection)
                return True
        if not self._patient:
            self._results.put(SourceError(f"{why} Start again to decode it as it is now."))
            return True
        self._refused.add(info.uid())
        if not self._told:
            self._told = True
            self._results.put(f"{why} Waiting for it to come back as it was.")
        return False
