"""What every test may use: the shipped model, real recordings, and a quiet log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtemotion.decoding import Model, load_model

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def model() -> Model:
    return load_model()


@pytest.fixture(scope="session")
def recordings() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the real recordings are not here (expected in ../shared/data)")
    return SHARED


@pytest.fixture(autouse=True)
def untouched_logging() -> Iterator[None]:
    """A command run inside a test must not leave its log handlers behind."""
    log = logging.getLogger("rtemotion")
    before = log.handlers[:], log.level, log.propagate
    yield
    log.handlers[:], log.level, log.propagate = before[0], before[1], before[2]
