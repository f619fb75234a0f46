"""Tasks spread over processes of this machine or over a Dask cluster.

Each is worked out with one thread, so that numbers are the same wherever it was done. A
worker that is killed costs its task a second try, and nothing else.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Any, TypeVar

from .errors import RtemotionError, SetupError

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")
# So often in a row workers may be killed before any task is done.
_MOST_KILLED = 3
# Seconds in which a cluster has to answer.
_WAIT_S = 15
# Name of the thread that looks after a worker's parent.
_WATCH = "rtemotion-parent"
# A Dask worker may have many threads; readers and BLAS want a process to themselves.
_alone = threading.Lock()


def spread(
    task: Callable[[T], R], items: Sequence[T], jobs: int = 1, scheduler: str | None = None
) -> Iterator[tuple[int, R | RtemotionError]]:
    """Do a task for each item, and yield the number of each and what came of it.

    Parameters
    ----------
    task : callable
        Goes to other processes, as do the items and what it returns. An `RtemotionError`
        that it raises is what came of the item.
    items : sequence
    jobs : int
        Processes of this machine; one does everything here.
    scheduler : str or None
        Address of a Dask scheduler whose workers do it, as in ``tcp://10.0.0.1:8786``.

    Yields
    ------
    number : int
        Of the item; in the order in which they are done.
    result : object
        What the task returned, or its error.

    Raises
    ------
    SetupError
        If the cluster cannot be had, or its package.
    RtemotionError
        If workers are killed again and again before anything is done.
    """
    if jobs < 1:
        raise SetupError(f"{jobs} jobs can do nothing, expected at least 1.")
    if scheduler is not None:
        return _on_cluster(task, items, scheduler)
    if jobs == 1 or len(items) < 2:
        return _here(task, items)
    return _on_this_machine(task, items, jobs)


def _here(task: Callable[[T], R], items: Sequence[T]) -> Iterator[tuple[int, R | RtemotionError]]:
    for number, item in enumerate(items):
        with _one_thread():
            done = _tried(task, number, item)
        yield done


def _one_thread() -> Any:
    # What is not loaded yet would not be told.
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


def _tried(task: Callable[[T], R], number: int, item: T) -> tuple[int, R | RtemotionError]:
    try:
        return number, task(item)
    except RtemotionError as problem:
        return number, problem


def _at_cluster(task: Callable[[T], R], number: int, item: T) -> tuple[int, R | RtemotionError]:
    with _alone, _one_thread():
        return _tried(task, number, item)


def _at_worker(
    task: Callable[[T], R], parent: int, number: int, item: T
) -> tuple[int, R | RtemotionError]:
    if os.getpid() != parent:
        _belong_to(parent)
    with _one_thread():
        return _tried(task, number, item)


def _belong_to(parent: int) -> None:
    """Let this process live and end with the one that started it."""
    # Ctrl-C reaches every process of a terminal; the one that started this one ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not any(thread.name == _WATCH for thread in threading.enumerate()):
        threading.Thread(target=_end_with, args=(parent,), name=_WATCH, daemon=True).start()


def _end_with(parent: int) -> None:
    """End this process when the one that started it was killed: nobody wants its results."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def _on_this_machine(
    task: Callable[[T], R], items: Sequence[T], jobs: int
) -> Iterator[tuple[int, R | RtemotionError]]:
    from joblib import Parallel, delayed, parallel_config
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    left = dict(enumerate(items))
    killed = 0
    while left:
        calls = [
            delayed(_at_worker)(task, os.getpid(), number, item) for number, item in left.items()
        ]
        how = {"return_as": "generator_unordered", "batch_size": 1, "max_nbytes": None}
        try:
            with parallel_config(backend="loky", inner_max_num_threads=1):
                results = Parallel(n_jobs=jobs, **how)(calls)
            with closing(results):
                for number, result in results:
                    del left[number]
                    killed = 0
                    yield number, result
        except TerminatedWorkerError:
            killed += 1
            if killed > _MOST_KILLED:
                raise RtemotionError(
                    f"Workers were killed {killed} times in a row with {len(left)} tasks left, "
                    "expected them to live; memory may be short: use fewer --jobs."
                ) from None
            log.warning("A worker was killed; the %d tasks left are begun anew.", len(left))


def _on_cluster(
    task: Callable[[T], R], items: Sequence[T], scheduler: str
) -> Iterator[tuple[int, R | RtemotionError]]:
    try:
        from distributed import Client
    except ImportError as problem:
        raise SetupError(
            f"The scheduler {scheduler} is spoken to by a package that is not installed: "
            'pip install "rtemotion[cluster]"'
        ) from problem
    try:
        client = Client(scheduler, timeout=_WAIT_S, set_as_default=False)
    except (OSError, ValueError) as problem:
        raise SetupError(
            f"No Dask scheduler answers at {scheduler} ({problem}), expected an address such as "
            "tcp://HOST:8786; start one with `dask scheduler`, and workers with `dask worker`."
        ) from problem
    return _from_cluster(client, task, items)


def _from_cluster(
    client: Any, task: Callable[[T], R], items: Sequence[T]
) -> Iterator[tuple[int, R | RtemotionError]]:
    from distributed import as_completed
    from distributed.scheduler import KilledWorker

    with client:
        futures = client.map(partial(_at_cluster, task), range(len(items)), items, pure=False)
        numbers = {future.key: number for number, future in enumerate(futures)}
        try:
            for future in as_completed(futures, loop=client.loop):
                try:
                    yield future.result()
                except KilledWorker as problem:
                    yield (
                        numbers[future.key],
                        RtemotionError(f"every worker that began it was killed ({problem})."),
                    )
        finally:
            client.cancel(futures)
