import math

import numpy as np
import pytest

import rtemotion
from rtemotion.decoding import Model
from rtemotion.engine import Engine
from rtemotion.errors import OutletError
from rtemotion.signal import Event, Publication, Source, identical
from rtemotion.simulators import Brain, SimulatedSource, Subject
from rtemotion.sources.memory import MemorySource

from .helpers import simulated


class Kept:
    """An outlet that keeps what it is given."""

    def __init__(self, broken: bool = False) -> None:
        self.publications: list[Publication] = []
        self.events: list[Event] = []
        self.closed = 0
        self._broken = broken

    def publish(self, publication: Publication) -> None:
        self.publications.append(publication)

    def event(self, event: Event) -> None:
        self.events.append(event)

    def close(self) -> None:
        self.closed += 1
        if self._broken:
            raise OutletError("the disk is full.")


def source() -> MemorySource:
    info, chunk = simulated("muse", 9.0)
    marker = Event(len(chunk), 9.0, "marker", {"description": "end"})
    return MemorySource(info, [chunk, marker])


def test_every_frame_and_event_reaches_every_outlet(model: Model) -> None:
    outlets = [Kept(), Kept()]
    with Engine(source(), model, outlets) as engine:
        results = list(engine)
    published = [x for x in results if isinstance(x, Publication)]
    assert len(published) == 36
    for outlet in outlets:
        assert outlet.publications == published
        assert [e.kind for e in outlet.events] == ["marker"]
        assert outlet.closed == 1


def test_one_outlet_that_fails_to_close_does_not_keep_the_others_open(model: Model) -> None:
    outlets = [Kept(), Kept(broken=True), Kept()]
    with pytest.raises(OutletError, match="disk is full"), Engine(source(), model, outlets):
        pass
    assert [outlet.closed for outlet in outlets] == [1, 1, 1]


def test_at_full_speed_there_is_no_age_and_nothing_is_late(model: Model) -> None:
    with Engine(source(), model) as engine:
        for result in engine:
            if isinstance(result, Publication):
                assert math.isnan(result.sample_age)
                assert math.isnan(result.published)
                assert not result.late


def test_paced_frames_carry_the_age_of_their_newest_sample(model: Model) -> None:
    brain = Brain(Subject.draw(1), "muse")
    kept = Kept()
    with Engine(SimulatedSource(brain, seconds=1.6), model, [kept]) as engine:
        list(engine)
    ages = [p.sample_age for p in kept.publications]
    assert len(ages) == 6
    assert all(age >= 0.0 for age in ages)
    assert all(
        p.published - p.frame.newest == pytest.approx(p.sample_age) for p in kept.publications
    )


def test_python_needs_three_lines(model: Model) -> None:
    frames = list(rtemotion.decode(source(), model))
    assert [f.index for f in frames] == [64 * (k + 1) for k in range(36)]
    table = rtemotion.frames_to_pandas(frames, model.card.target_names)
    assert list(table["joy"].iloc[31:]) == [f.mean[1] for f in frames[31:]]
    assert table["reasons"].iloc[0] == "warm-up"


def test_decoding_twice_gives_the_same_frames(model: Model) -> None:
    first, second = (list(rtemotion.decode(source(), model)) for _ in range(2))
    assert all(identical(a, b) for a, b in zip(first, second, strict=True))


def test_chunks_convert_to_mne(model: Model) -> None:
    info, chunk = simulated("muse", 2.0)
    raw = rtemotion.to_raw(info, [chunk.cut(0, 100), chunk.cut(100, 512)])
    np.testing.assert_array_equal(raw.get_data().T, chunk.data)
    assert raw.ch_names == list(info.channels)


def test_the_sources_there_are_keep_the_protocol() -> None:
    assert isinstance(source(), Source)
