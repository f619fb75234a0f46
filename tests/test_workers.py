"""Tasks spread over processes: all are done, whoever is killed on the way."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster

from rtemotion.errors import RtemotionError, SetupError, SourceError
from rtemotion.workers import spread


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
    ) as cluster:
        yield cluster.scheduler_address


def squares() -> Callable[[int], int]:
    """Return a task that goes to other processes as it is, not by name."""

    def square(x: int) -> int:
        if x < 0:
            raise SourceError(f"{x} is below zero.")
        return x * x

    return square


def deadly(folder: Path) -> Callable[[int], int]:
    """Return a task whose process is killed the first time that 3 is its item."""

    def run(x: int) -> int:
        mark = folder / "killed"
        if x == 3 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return os.getpid() if x < 0 else x * x

    return run


@pytest.mark.parametrize("how", ["one", "two", "cluster"])
def test_what_came_of_each_item_is_told_be_it_an_error(how: str, scheduler: str) -> None:
    jobs, address = (2 if how == "two" else 1), (scheduler if how == "cluster" else None)
    done = dict(spread(squares(), [1, 2, -3, 4], jobs, address))
    assert [done[k] for k in (0, 1, 3)] == [1, 4, 16]
    assert isinstance(done[2], SourceError)
    assert str(done[2]) == "-3 is below zero."


@pytest.mark.parametrize("how", ["two", "cluster"])
def test_a_worker_that_is_killed_costs_a_second_try(
    how: str, scheduler: str, tmp_path: Path
) -> None:
    address = scheduler if how == "cluster" else None
    done = dict(spread(deadly(tmp_path), range(6), 2, address))
    assert (tmp_path / "killed").exists()
    assert done == {k: k * k for k in range(6)}


@pytest.mark.parametrize("how", ["two", "cluster"])
def test_other_processes_do_the_work(how: str, scheduler: str, tmp_path: Path) -> None:
    address = scheduler if how == "cluster" else None
    done = dict(spread(deadly(tmp_path), [-1, -2], 2, address))
    assert os.getpid() not in done.values()


def test_a_task_that_kills_every_worker_ends_in_a_sentence() -> None:
    def always(x: int) -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return x

    with pytest.raises(RtemotionError, match="killed 4 times in a row with 2 tasks left"):
        list(spread(always, [1, 2], 2))


@pytest.mark.parametrize("how", ["one", "two", "cluster"])
def test_numbers_are_worked_out_with_one_thread(how: str, scheduler: str) -> None:
    def threads(x: int) -> list[int]:
        import scipy.linalg  # noqa: F401
        from threadpoolctl import threadpool_info

        return [pool["num_threads"] for pool in threadpool_info()]

    jobs, address = (2 if how == "two" else 1), (scheduler if how == "cluster" else None)
    found = dict(spread(threads, [0, 1], jobs, address))
    assert all(set(found[k]) == {1} for k in (0, 1))


def test_an_error_that_is_none_of_ours_is_raised() -> None:
    def wrong(x: int) -> int:
        raise ZeroDivisionError("a defect")

    for jobs in (1, 2):
        with pytest.raises(ZeroDivisionError, match="a defect"):
            list(spread(wrong, [1, 2], jobs))


def test_what_cannot_be_had_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtemotion.workers._WAIT_S", 1)
    with pytest.raises(SetupError, match="0 jobs can do nothing"):
        spread(squares(), [1], 0)
    with pytest.raises(SetupError, match="No Dask scheduler answers at tcp://127.0.0.1:9"):
        list(spread(squares(), [1], scheduler="tcp://127.0.0.1:9"))
