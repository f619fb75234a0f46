"""The public checks of decoders and outlets pass what is right and catch what is not."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtemotion.conditioning import plan_channels
from rtemotion.decoding import Decoder, Model
from rtemotion.features import FeatureSchema, FeatureStage
from rtemotion.outlets.table import open_table
from rtemotion.signal import (
    Chunk,
    EmotionFrame,
    Event,
    FeatureFrame,
    Kind,
    Publication,
    Reason,
    StreamInfo,
    Tick,
)
from rtemotion.testing import check_decoder, check_outlet

DATA = np.random.default_rng(0).normal(0.0, 1e-5, (1200, 2))
HOP = 0.25
FRAMES: list[FeatureFrame] = [
    item
    for item in FeatureStage(StreamInfo(("a", "b"), 100.0), FeatureSchema()).process(
        Chunk(DATA, 0, np.arange(1200) / 100)
    )
    if isinstance(item, FeatureFrame)
]
BIAS = np.array([0.5, -0.25, 0.125])


class Additive:
    """A small decoder that keeps the contract; the broken ones change one part."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.next_stale = math.inf
        self.count = 0

    def process(self, item: Any) -> Iterator[Any]:
        if isinstance(item, FeatureFrame):
            yield self.decode(item)
            return
        yield item
        if isinstance(item, Event) and item.kind == Kind.STREAM_LOST:
            self.next_stale = item.payload["limit"]
        elif isinstance(item, Event) and item.kind == Kind.STREAM_RETURNED:
            self.next_stale = math.inf
        elif isinstance(item, Tick):
            while self.next_stale <= item.idle:
                yield self.stale(item.time - item.idle + self.next_stale)
                self.next_stale += HOP

    def decode(self, frame: FeatureFrame) -> EmotionFrame:
        self.count += 1
        if not frame.full:
            return self.frame(frame.index, frame.time, np.full(3, np.nan), Reason.WARM_UP)
        node = np.log(frame.power[:3]) / 100
        edge = frame.connectivity[0, :3]
        mean = BIAS + node.sum(axis=1) + edge.sum(axis=1)
        return self.frame(frame.index, frame.time, mean, node=node, edge=edge)

    def stale(self, time: float) -> EmotionFrame:
        return self.frame(None, time, np.full(3, np.nan), Reason.STALE)

    def frame(
        self,
        index: int | None,
        time: float,
        mean: np.ndarray,
        *reasons: str,
        node: np.ndarray | None = None,
        edge: np.ndarray | None = None,
    ) -> EmotionFrame:
        node = np.full((3, 2), np.nan) if node is None else node
        edge = np.full((3, 1), np.nan) if edge is None else edge
        arrays = (mean, 0.1 + 0 * mean, mean - 0.2, mean + 0.2, node, edge)
        return EmotionFrame(index, time, time, *arrays, frozenset(reasons), 1.0, "additive")


def changed(change: Callable[[Additive, EmotionFrame], EmotionFrame]) -> type[Additive]:
    """Return the decoder with one change to each of its frames that has a value."""

    class Changed(Additive):
        def decode(self, frame: FeatureFrame) -> EmotionFrame:
            emotion = super().decode(frame)
            return change(self, emotion) if frame.full else emotion

    return Changed


class NeverStale(Additive):
    def stale(self, time: float) -> EmotionFrame:
        return replace(super().stale(time), reasons=frozenset({Reason.GAP}))


class StaleOnce(Additive):
    def process(self, item: Any) -> Iterator[Any]:
        outcome = list(super().process(item))
        yield from outcome[:2]
        if len(outcome) > 1:
            self.next_stale = math.inf


class StaleForEver(Additive):
    def process(self, item: Any) -> Iterator[Any]:
        if not (isinstance(item, Event) and item.kind == Kind.STREAM_RETURNED):
            yield from super().process(item)
        else:
            self.next_stale = 0.0
            yield item


class Eager(Additive):
    def decode(self, frame: FeatureFrame) -> EmotionFrame:
        if frame.full:
            return super().decode(frame)
        nothing = np.zeros(3)
        return self.frame(
            frame.index, frame.time, nothing, node=np.zeros((3, 2)), edge=np.zeros((3, 1))
        )


class Silent(Additive):
    def process(self, item: Any) -> Iterator[Any]:
        if not isinstance(item, FeatureFrame) or item.full:
            yield from super().process(item)


class TestDecoders:
    def test_an_additive_decoder_passes(self) -> None:
        assert sum(frame.full for frame in FRAMES) > 5
        check_decoder(Additive, FRAMES, n_targets=3)

    @pytest.mark.parametrize(
        ("decoder", "complaint"),
        [
            (Silent, "gives 0 items"),
            (Eager, "gives a value though the windows are not full"),
            (NeverStale, "must be NaN, without an index and stale"),
            (StaleOnce, "gives 1 frames in 5 hops"),
            (StaleForEver, "though the stream has returned"),
            (changed(lambda d, e: replace(e, mean=e.mean[:2])), r"'mean' has the shape \(2,\)"),
            (changed(lambda d, e: replace(e, index=3)), "with the index 3"),
            (changed(lambda d, e: replace(e, reasons=frozenset({"dull"}))), "none: dull"),
            (changed(lambda d, e: replace(e, std=e.std * np.nan)), "'std' must be NaN exactly"),
            (
                changed(lambda d, e: replace(e, reasons=frozenset({Reason.GAP}))),
                "must be NaN exactly when a reason leaves no value",
            ),
            (changed(lambda d, e: replace(e, lower=e.upper)), "'mean' lies outside"),
            (
                changed(lambda d, e: replace(e, node_contribution=2 * e.node_contribution)),
                "minus its contributions must be the same",
            ),
        ],
    )
    def test_what_breaks_the_contract_is_caught(
        self, decoder: type[Additive], complaint: str
    ) -> None:
        with pytest.raises(AssertionError, match=complaint):
            check_decoder(decoder, FRAMES, n_targets=3)

    def test_the_decoder_of_the_program_passes(self, model: Model) -> None:
        plan = plan_channels(StreamInfo(("Fp1", "Fp2", "T7", "T8", "Cz"), 128.0))
        data = np.random.default_rng(1).normal(0.0, 1e-5, (20 * 128, 5))
        stage = FeatureStage(plan.info, model.card.features)
        frames = list(stage.process(Chunk(data, 0, np.arange(len(data)) / 128)))
        n_targets = len(model.card.targets)
        check_decoder(lambda: Decoder(plan.info, model), frames, n_targets)  # type: ignore[arg-type]

    def test_a_decoder_that_remembers_across_a_reset_is_caught(self) -> None:
        class Remembers(Additive):
            def reset(self) -> None:
                super().reset()
                self.quality = getattr(self, "quality", 0.0) + 0.5

            def decode(self, frame: FeatureFrame) -> EmotionFrame:
                return replace(super().decode(frame), quality=self.quality)

        with pytest.raises(AssertionError, match="not as new after .*'quality' of output 0"):
            check_decoder(Remembers, FRAMES, n_targets=3)


class Notebook:
    """An outlet that keeps what it was given."""

    def __init__(self) -> None:
        self.lines: list[object] = []
        self.closed = 0

    def publish(self, publication: Publication) -> None:
        assert not self.closed
        self.lines.append(publication.frame.index)

    def event(self, event: Event) -> None:
        self.lines.append(event.kind)

    def close(self) -> None:
        self.closed += 1


class ClosesOnce(Notebook):
    def close(self) -> None:
        super().close()
        if self.closed > 1:
            raise RuntimeError("closed already")


class TestOutlets:
    publications = [
        Publication(Additive().decode(frame), 0.01, False, 1.0) for frame in FRAMES[-3:]
    ]

    def test_frames_and_events_arrive_and_everything_is_closed(self) -> None:
        made: list[Notebook] = []

        def make() -> Notebook:
            made.append(Notebook())
            return made[-1]

        check_outlet(make, self.publications, [Event(0, 0.0, "gap"), Event(1, 0.1, "mask")])
        indices = [p.frame.index for p in self.publications]
        assert made[0].lines == [indices[0], "gap", indices[1], "mask", indices[2]]
        assert [outlet.closed for outlet in made] == [2, 2]

    def test_an_outlet_that_cannot_be_closed_twice_is_caught(self) -> None:
        with pytest.raises(AssertionError, match="ClosesOnce cannot be closed twice"):
            check_outlet(ClosesOnce, self.publications)

    def test_an_outlet_that_spoils_the_frame_for_the_next_one_is_caught(self) -> None:
        class Spoils(Notebook):
            def publish(self, publication: Publication) -> None:
                publication.frame.mean[0] = 9.0

        own = [
            replace(p, frame=Additive().decode(f))
            for p, f in zip(self.publications, FRAMES[-3:], strict=True)
        ]
        with pytest.raises(AssertionError, match="changed the arrays of its input 0"):
            check_outlet(Spoils, own)

    def test_something_without_the_methods_is_no_outlet(self) -> None:
        class Half:
            def close(self) -> None: ...

        with pytest.raises(AssertionError, match="not every method of an Outlet"):
            check_outlet(Half, [])  # type: ignore[arg-type]

    def test_a_table_passes(self, tmp_path: Path) -> None:
        paths = iter([tmp_path / "one.csv", tmp_path / "two.csv"])
        check_outlet(
            lambda: open_table(next(paths), ("a", "b", "c"), "additive"), self.publications
        )
        assert len((tmp_path / "one.csv").read_text().splitlines()) == 4
        assert len((tmp_path / "two.csv").read_text().splitlines()) == 1
