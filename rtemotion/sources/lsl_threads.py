"""The two things about an LSL stream that may block, kept off the receiving path."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import SourceError
from ..lsl import load_pylsl
from .lsl_metadata import StreamDescription, describe_stream
from .lsl_network import Query, distinct, found

logger = logging.getLogger(__name__)

_MEASURE_EVERY_S = 5.0
_MEASURE_TIMEOUT_S = 0.5
_CONNECT_TIMEOUT_S = 2.0
_POLL_S = 0.05


@dataclass(frozen=True)
class Connection:
    """An inlet that is open, and what it delivers.

    Attributes
    ----------
    inlet : pylsl.StreamInlet
        Without processing flags and without liblsl's own recovery.
    described : StreamDescription
        The stream's description.
    uid : str
        What tells this outlet from the same sender restarted.
    """

    inlet: Any
    described: StreamDescription
    uid: str


def connect(info: Any, unit: str | None, buffer_s: int, timeout: float) -> Connection:
    """Open a resolved stream, so that every sample from now on is received.

    Raises
    ------
    SourceError
        If the stream does not answer within `timeout` seconds, is gone, or
        cannot be decoded.
    """
    pylsl = load_pylsl()
    stream = found(info)
    try:
        inlet = pylsl.StreamInlet(info, max_buflen=buffer_s, recover=False)
        full = inlet.info(timeout)
        described = describe_stream(full.as_xml(), unit)
        inlet.open_stream(timeout)
    except RuntimeError as problem:  # what every error of pylsl derives from
        raise SourceError(
            f"the stream ({stream}) was announced but cannot be reached: {problem} Check that no "
            "firewall or VPN blocks TCP ports 16572-16604 between the two machines."
        ) from problem
    return Connection(inlet, described, full.uid())


class OffsetMeter:
    """Measures the sender's clock against ours every 5 s, in a thread of its own."""

    def __init__(self, inlet: Any) -> None:
        self._inlet = inlet
        self._stop = threading.Event()
        self._results: queue.SimpleQueue[dict[str, float]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="rtemotion-lsl-clock", daemon=True)
        self._thread.start()

    def take(self) -> list[dict[str, float]]:
        """Return what was measured since the last call, oldest first."""
        taken: list[dict[str, float]] = []
        with contextlib.suppress(queue.Empty):
            while True:
                taken.append(self._results.get_nowait())
        return taken

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
        pylsl = load_pylsl()
        while not self._stop.is_set():
            try:
                self._results.put(_time_correction(pylsl, self._inlet))
            except pylsl.util.TimeoutError:
                continue  # liblsl goes on measuring; ask again
            except RuntimeError as problem:
                logger.debug("clock offsets end: %s", problem)
                return
            self._stop.wait(_MEASURE_EVERY_S)


def _time_correction(pylsl: Any, inlet: Any) -> dict[str, float]:
    """Return offset (s, to be added to stamps), remote time and uncertainty (s)."""
    remote, uncertainty, error = ctypes.c_double(), ctypes.c_double(), ctypes.c_int()
    function = pylsl.lib.lib.lsl_time_correction_ex
    function.restype = ctypes.c_double
    offset = function(
        inlet.obj,
        ctypes.byref(remote),
        ctypes.byref(uncertainty),
        ctypes.c_double(_MEASURE_TIMEOUT_S),
        ctypes.byref(error),
    )
    pylsl.util.handle_error(error)
    return {
        "offset": float(offset),
        "remote_time": remote.value,
        "uncertainty": uncertainty.value,
    }


class Reconnector:
    """Looks for a stream that went away and opens it again, in a thread of its own.

    Parameters
    ----------
    query : Query
        What identifies the stream.
    unit : str or None
        Passed on to `connect`.
    buffer_s : int
        Passed on to `connect`.
    not_uid : str
        The outlet to leave alone because it is still connected and merely silent;
        empty when the connection is lost.
    """

    def __init__(self, query: Query, unit: str | None, buffer_s: int, not_uid: str) -> None:
        self._query = query
        self._open: Callable[[Any], Connection] = lambda info: connect(
            info, unit, buffer_s, _CONNECT_TIMEOUT_S
        )
        self._not_uid = not_uid
        self._stop = threading.Event()
        self._result: queue.SimpleQueue[Connection | SourceError] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._run, name="rtemotion-lsl-reconnect", daemon=True
        )
        self._thread.start()

    def take(self, timeout: float) -> Connection | None:
        """Return the new connection, or None when there is none within `timeout` s.

        Raises
        ------
        SourceError
            If the stream is back and can no longer be decoded.
        """
        try:
            result = (
                self._result.get(timeout=timeout) if timeout > 0 else self._result.get_nowait()
            )
        except queue.Empty:
            return None
        if isinstance(result, SourceError):
            raise result
        return result

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
        resolver = load_pylsl().ContinuousResolver(forget_after=1.0)
        while not self._stop.wait(_POLL_S):
            for info in distinct(resolver.results()):
                if not self._query.matches(found(info)) or info.uid() == self._not_uid:
                    continue
                try:
                    self._result.put(self._open(info))
                except SourceError as problem:
                    if problem.__cause__ is not None:
                        logger.info("not reconnected yet: %s", problem)
                        continue  # it did not answer; look again
                    self._result.put(problem)
                return
