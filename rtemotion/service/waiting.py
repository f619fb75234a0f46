"""Doing what may take long, a stream to be found for instance, so that it can be given up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from ..errors import ServiceError

T = TypeVar("T")

_NAME = "rtemotion-waiting"

_LOOK_S = 0.05
GIVEN_UP = "This was given up: another start, a stop or the end of the service came meanwhile."


def until(over: Callable[[], bool], do: Callable[[], T], discard: Callable[[T], None]) -> T:
    """Do something in a thread of its own and return its result.

    Parameters
    ----------
    over : callable
        Tells whether nobody wants the result any more.
    do : callable
        What is to be done.
    discard : callable
        Takes the result when it comes after all, to close it.

    Raises
    ------
    ServiceError
        As soon as `over` says so; what is under way is left to end by itself.
    """
    if over():
        raise ServiceError(GIVEN_UP)
    lock = threading.Lock()
    came = threading.Event()
    results: list[T] = []
    problems: list[BaseException] = []
    given_up = False

    def work() -> None:
        try:
            result = do()
        except BaseException as problem:  # noqa: BLE001 - it is raised where it is waited for
            problems.append(problem)
        else:
            with lock:
                wanted = not given_up
                if wanted:
                    results.append(result)
            if not wanted:
                discard(result)
        came.set()

    threading.Thread(target=work, name=_NAME, daemon=True).start()
    while not came.wait(_LOOK_S):
        if over():
            with lock:
                given_up = not results
            if given_up:
                raise ServiceError(GIVEN_UP)
    if problems:
        # Taken out, or it would keep itself and all that it went through.
        raise problems.pop()
    return results[0]


def left_waiting() -> bool:
    """Tell whether something that was given up has not ended by itself yet."""
    return any(thread.name == _NAME for thread in threading.enumerate())
