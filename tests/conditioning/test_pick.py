"""Channels are taken as they were recorded."""

import numpy as np

from rtemotion.conditioning.channels import plan_channels
from rtemotion.conditioning.pick import PickStage
from rtemotion.signal import Chunk, Event, Kind, StreamInfo, Tick
from rtemotion.testing import check_stage

INFO = StreamInfo(("Fz", "Cz", "Pz", "aux"), 250.0, ("eeg", "eeg", "eeg", "misc"))
DATA = np.random.default_rng(0).standard_normal((300, 4))
FIRST = Chunk(DATA, 0, np.arange(300) / 250.0)
SECOND = Chunk(DATA, 310, np.arange(310, 610) / 250.0, missing_before=10)


def stage() -> PickStage:
    return PickStage(plan_channels(INFO, ("Pz", "Fz:front")))


def test_the_contract_of_a_stage_holds() -> None:
    marker = Event(300, 1.2, Kind.MARKER, {"description": "a"})
    check_stage(stage, [FIRST, marker, Tick(1.3, 0.1), SECOND])


def test_samples_flags_and_times_stay_as_they_were() -> None:
    flags = np.zeros(DATA.shape, np.uint8)
    flags[7, 2] = 4
    (out,) = stage().process(Chunk(DATA, 0, FIRST.times, flags))
    np.testing.assert_array_equal(out.data, DATA[:, [2, 0]])
    np.testing.assert_array_equal(out.flags, flags[:, [2, 0]])
    np.testing.assert_array_equal(out.times, FIRST.times)
    assert stage().info.channels == ("Pz", "front")


def test_a_gap_is_told_before_the_samples_after_it() -> None:
    gap, chunk = stage().process(SECOND)
    assert (gap.kind, gap.sample, gap.payload) == (Kind.GAP, 310, {"missing": 10})
    assert chunk.missing_before == 10
