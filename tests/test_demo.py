"""The demo's person: the same every time, and known from an earlier visit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rtemotion.decoding import Model
from rtemotion.demo import open_demo
from rtemotion.errors import SetupError
from rtemotion.signal import Chunk


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_what_is_known_is_kept_and_the_same_when_it_is_read(model: Model, cache: Path) -> None:
    source, lived = open_demo(model, "muse", seconds=0.5)
    kept = list(cache.rglob("*-muse-1.json"))
    assert len(kept) == 1
    again, read = open_demo(model, "muse", seconds=0.5)
    assert lived is not None
    assert read is not None
    np.testing.assert_array_equal(lived.log_power, read.log_power)
    assert lived.n_frames == read.n_frames
    first = [item.data for item in source if isinstance(item, Chunk)]
    second = [item.data for item in again if isinstance(item, Chunk)]
    np.testing.assert_array_equal(np.concatenate(first), np.concatenate(second))
    kept[0].write_text("{}")
    _, mended = open_demo(model, "muse", seconds=0.5)
    assert mended is not None
    np.testing.assert_array_equal(lived.log_power, mended.log_power)


def test_a_headset_there_is_not_is_named(model: Model) -> None:
    with pytest.raises(SetupError, match="crown"):
        open_demo(model, "crown")
