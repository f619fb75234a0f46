"""The public checks pass what keeps the contract and catch what does not."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rtemotion.signal import (
    Chunk,
    Event,
    StreamInfo,
    Tick,
)
from rtemotion.sources.memory import MemorySource
from rtemotion.testing import (
    check_source,
    check_stage,
    joined,
    recut,
)

INFO = StreamInfo(("a", "b"), 100.0)
DATA = np.random.default_rng(0).normal(0.0, 1e-5, (1200, 2))


def chunk(start: int, stop: int, missing: int = 0, shift: int = 0) -> Chunk:
    rows = np.arange(start, stop)
    return Chunk(DATA[rows], start + shift, (rows + shift) / 100, missing_before=missing)


ITEMS: list[Any] = [
    chunk(0, 300),
    Event(300, 3.0, "marker", {"label": "a"}),
    Tick(3.2, 0.2),
    chunk(300, 500),
    chunk(500, 900, missing=4, shift=4),
]


class TestJoinAndCut:
    def test_consecutive_chunks_are_joined_and_gaps_stay(self) -> None:
        pieces = recut(ITEMS, [7, 40])
        assert [len(p) for p in pieces[:4]] == [7, 40, 7, 40]
        whole = joined(pieces)
        assert [type(item).__name__ for item in whole] == [
            *("Chunk", "Event", "Tick", "Chunk", "Chunk")
        ]
        assert [len(item) for item in whole if isinstance(item, Chunk)] == [300, 200, 400]
        assert whole[-1].missing_before == 4
        np.testing.assert_array_equal(whole[0].data, DATA[:300])

    def test_what_is_no_chunk_stays_the_same_object(self) -> None:
        assert recut(ITEMS, [100])[3] is ITEMS[1]


class TestSources:
    def test_a_source_in_memory_passes(self) -> None:
        check_source(MemorySource(INFO, ITEMS))

    @pytest.mark.parametrize(
        ("items", "complaint"),
        [
            (["noise"], "yields a str"),
            ([Chunk(np.zeros((3, 3)), 0, np.arange(3.0))], "3 channels, but the info names 2"),
            ([chunk(0, 10), chunk(11, 20)], "should start at 10"),
            ([chunk(0, 10), chunk(10, 20, missing=2)], "should start at 12"),
            ([Chunk(np.zeros((2, 2)), 0, np.array([1.0, 0.5]))], "run backwards"),
            ([chunk(100, 110), replace(chunk(110, 120), times=np.zeros(10))], "run backwards"),
            ([Chunk(np.zeros((2, 2)), 0, np.array([0.0, np.nan]))], "not all finite"),
            ([chunk(0, 5), chunk(5, 9, missing=-1)], "-1 samples are missing"),
        ],
    )
    def test_what_a_source_may_not_yield_is_caught(self, items: list[Any], complaint: str) -> None:
        with pytest.raises(AssertionError, match=complaint):
            check_source(MemorySource(INFO, items))

    def test_raw_stamps_may_jitter(self) -> None:
        raw = StreamInfo(("a", "b"), 100.0, timestamps="raw")
        check_source(MemorySource(raw, [Chunk(np.zeros((2, 2)), 0, np.array([1.0, 0.5]))]))

    def test_something_without_the_methods_is_no_source(self) -> None:
        with pytest.raises(AssertionError, match="not every method of a Source"):
            check_source(ITEMS)  # type: ignore[arg-type]

    def test_a_source_without_a_clock_says_nan(self) -> None:
        class Timeless(MemorySource):
            def now(self) -> float:
                return None  # type: ignore[return-value]

        with pytest.raises(AssertionError, match="not a float"):
            check_source(Timeless(INFO, ITEMS))
        assert math.isnan(MemorySource(INFO, []).now())


class RunningSum:
    """A stage that keeps every law; the broken ones are built on it."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.total = np.zeros(2)

    def process(self, item: Any) -> Iterator[Any]:
        if not isinstance(item, Chunk):
            yield item
            return
        if item.missing_before:
            self.reset()
        yield replace(item, data=self.summed(item.data))

    def summed(self, data: np.ndarray) -> np.ndarray:
        sums = np.add.accumulate(np.concatenate([self.total[None], data]), axis=0)
        self.total = sums[-1]
        return sums[1:]


class CentresChunks(RunningSum):
    def summed(self, data: np.ndarray) -> np.ndarray:
        return data - data.mean(axis=0)


class SumsInOneGo(RunningSum):
    """The same sums but for rounding, which depends on the chunk."""

    def summed(self, data: np.ndarray) -> np.ndarray:
        sums = np.cumsum(data, axis=0) + self.total
        self.total = sums[-1]
        return sums


class ForgetsToReset(RunningSum):
    def reset(self) -> None:
        if not hasattr(self, "total"):
            self.total = np.zeros(2)


class SpoilsItsInput(RunningSum):
    def process(self, item: Any) -> Iterator[Any]:
        yield item
        if isinstance(item, Chunk) and item.data.base is not None:
            whole: Any = item.data
            while isinstance(whole.base, np.ndarray):
                whole = whole.base
            whole[0] = 7.0


class PeeksAhead(RunningSum):
    """Finds samples to come in the array that its chunk is a view of."""

    def summed(self, data: np.ndarray) -> np.ndarray:
        whole: Any = data
        while isinstance(whole.base, np.ndarray):
            whole = whole.base
        return data - whole.mean(axis=0)


class Swallows(RunningSum):
    def process(self, item: Any) -> Iterator[Any]:
        if isinstance(item, Chunk | Event | Tick):
            yield from super().process(item)


class Hurries(RunningSum):
    """Sends what it does not know ahead of time twice."""

    def process(self, item: Any) -> Iterator[Any]:
        yield from super().process(item)
        if not isinstance(item, Chunk | Event | Tick):
            yield item


class StartsOverAtTheUnknown(RunningSum):
    def process(self, item: Any) -> Iterator[Any]:
        if not isinstance(item, Chunk | Event | Tick):
            self.reset()
        yield from super().process(item)


class CountsItsCalls(RunningSum):
    """Says at the end of every chunk how many came before."""

    calls = 0

    def process(self, item: Any) -> Iterator[Any]:
        self.calls += 1
        yield from super().process(item)
        if isinstance(item, Chunk):
            yield Event(item.stop, 0.0, "calls", {"n": self.calls})


class TestStages:
    def test_a_stage_that_keeps_the_laws_passes(self) -> None:
        check_stage(RunningSum, ITEMS)

    @pytest.mark.parametrize(
        ("stage", "complaint"),
        [
            (CentresChunks, r"CentresChunks: cutting .*'data' of output 0 \(a Chunk\)"),
            (SumsInOneGo, "SumsInOneGo: cutting the same samples"),
            (CountsItsCalls, "CountsItsCalls: cutting the same samples"),
            (ForgetsToReset, r"ForgetsToReset is not as new after reset\(\)"),
            (Swallows, "Swallows does not pass on"),
            (Hurries, "Hurries does not pass on"),
            (StartsOverAtTheUnknown, "objects it cannot know change 'data' of output"),
            (SpoilsItsInput, "changed the arrays of its input 0"),
        ],
    )
    def test_what_breaks_a_law_is_caught(self, stage: Callable[[], Any], complaint: str) -> None:
        own = [replace(i, data=i.data.copy()) if isinstance(i, Chunk) else i for i in ITEMS]
        with pytest.raises(AssertionError, match=complaint):
            check_stage(stage, own)

    def test_a_stage_that_looks_behind_a_chunk_for_what_comes_later_is_caught(self) -> None:
        with pytest.raises(AssertionError, match="PeeksAhead is not causal"):
            check_stage(PeeksAhead, ITEMS)

    def test_something_without_reset_is_no_stage(self) -> None:
        with pytest.raises(AssertionError, match="not every method of a Stage"):
            check_stage(object, ITEMS)  # type: ignore[arg-type]


def test_the_checks_need_neither_pytest_nor_mne_nor_torch() -> None:
    code = "import sys, rtemotion.testing; print({'pytest', 'mne', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
