"""A service for each test, and one that the tests of a module share."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from .services import Served, eventually, serving


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield

    def left() -> list[str]:
        return [t.name for t in threading.enumerate() if t not in before]

    # The library's own thread looks up once in a while.
    eventually(lambda: not left(), 5.0)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "service") as served:
        yield served
        assert "Traceback" not in served.log
        assert "defect" not in served.log


@pytest.fixture(scope="module")
def shared_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("service")) as served:
        yield served
        assert "Traceback" not in served.log
        assert "defect" not in served.log
