"""Artifact subspace reconstruction, where meegkit is installed."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from rtemotion.conditioning import ConditioningDesign, ConditioningStage, plan_channels
from rtemotion.conditioning.asr import SubspaceReconstruction, load_asr
from rtemotion.errors import SetupError
from rtemotion.pipeline import Setup
from rtemotion.signal import FloatArray, Kind, StreamInfo
from rtemotion.testing import check_stage

from ..helpers import simulated
from .signals import chunk_of, data_of, eeg, events_of, run

CALIBRATION_S = 8.0
START_S, END_S = 13.0, 16.0


def learning(info: StreamInfo, cutoff: float = 20.0) -> SubspaceReconstruction:
    pytest.importorskip("meegkit", reason="meegkit is not installed: pip install rtemotion[asr]")
    return SubspaceReconstruction(cutoff, info.sfreq, info.n_channels, CALIBRATION_S)


def stage_of(info: StreamInfo, **design: Any) -> ConditioningStage:
    """Return a stage whose ASR learns from a few seconds, to keep the test short."""
    learning(info)
    wanted = ConditioningDesign(asr=20.0, asr_calibration=CALIBRATION_S, **design)
    return ConditioningStage(plan_channels(info), wanted)


@pytest.fixture(scope="module")
def quiet() -> tuple[StreamInfo, FloatArray]:
    info, chunk = simulated("epoc", 20.0, seed=1)
    return info, chunk.data


@pytest.fixture(scope="module")
def disturbed(quiet: tuple[StreamInfo, FloatArray]) -> FloatArray:
    info, data = quiet
    rows = slice(round(START_S * info.sfreq), round(END_S * info.sfreq))
    pattern = np.random.default_rng(0).normal(0.0, 120e-6, info.n_channels)
    out = data.copy()
    time = np.arange(rows.stop - rows.start) / info.sfreq
    out[rows] += pattern * np.sin(2.0 * np.pi * 3.0 * time)[:, None]
    return out


def outcome(info: StreamInfo, data: FloatArray) -> FloatArray:
    return data_of(run(stage_of(info), [chunk_of(data, sfreq=info.sfreq)]))


def test_an_artifact_is_taken_out_and_clean_signal_left_alone(
    quiet: tuple[StreamInfo, FloatArray], disturbed: FloatArray
) -> None:
    info, data = quiet
    sfreq = info.sfreq
    plain = ConditioningStage(plan_channels(info), ConditioningDesign())
    without = data_of(run(plain, [chunk_of(disturbed, sfreq=sfreq)]))
    plain.reset()
    truth = data_of(run(plain, [chunk_of(data, sfreq=sfreq)]))
    found = outcome(info, disturbed)
    before = slice(0, round(START_S * sfreq))
    np.testing.assert_array_equal(found[before], truth[before])
    during = slice(round((START_S + 0.3) * sfreq), round(END_S * sfreq))
    left, there = (np.std((x - truth)[during]) for x in (found, without))
    assert there > 40e-6
    assert left < 0.15 * there


def test_before_it_has_learned_it_does_nothing_and_says_so(
    quiet: tuple[StreamInfo, FloatArray],
) -> None:
    info, data = quiet
    items = run(stage_of(info), [chunk_of(data, sfreq=info.sfreq)])
    waiting, ready = events_of(items, Kind.ASR)
    assert waiting.sample == 0
    assert not waiting.payload["active"]
    assert ready.payload == {"active": True, "cutoff": 20.0, "calibration_s": CALIBRATION_S}
    assert CALIBRATION_S <= ready.sample / info.sfreq < CALIBRATION_S + 4.0


def test_the_contract_of_a_stage_holds(
    quiet: tuple[StreamInfo, FloatArray], disturbed: FloatArray
) -> None:
    info, _ = quiet
    data = disturbed.copy()
    data[1750:1760, 2] = np.nan
    check_stage(lambda: stage_of(info), [chunk_of(data, sfreq=info.sfreq)])


def test_it_works_on_without_a_channel_that_is_bad(
    quiet: tuple[StreamInfo, FloatArray], disturbed: FloatArray
) -> None:
    info, data = quiet
    broken = disturbed.copy()
    broken[round(12.0 * info.sfreq) :, 5] = 0.187
    found = outcome(info, broken)
    plain = data.copy()
    plain[round(12.0 * info.sfreq) :, 5] = 0.187
    stage = ConditioningStage(plan_channels(info), ConditioningDesign())
    truth = data_of(run(stage, [chunk_of(plain, sfreq=info.sfreq)]))
    others = np.delete(np.arange(info.n_channels), 5)
    during = slice(round((START_S + 0.3) * info.sfreq), round(END_S * info.sfreq))
    assert np.isfinite(found[:, others]).all()
    assert np.std((found - truth)[during][:, others]) < 12e-6


def test_it_learns_from_clean_signal_only() -> None:
    info = StreamInfo(tuple(f"E{i}" for i in range(6)), 128.0)
    asr = learning(info)
    data = eeg(round(CALIBRATION_S * 128.0), 6) - 0.0
    usable = np.ones(data.shape, bool)
    asr.process(data, usable, np.zeros(data.shape, bool))
    assert not asr.active
    for _ in range(2):
        asr.process(data, usable, usable)
    assert asr.active


def test_a_channel_that_stays_bad_does_not_keep_it_from_learning() -> None:
    info = StreamInfo(tuple(f"E{i}" for i in range(6)), 128.0)
    asr = learning(info)
    data = eeg(round(30 * 128.0), 6)
    usable = np.ones(data.shape, bool)
    usable[256:, 2] = False
    asr.process(data, usable, usable)
    assert asr.active
    assert asr.channels.tolist() == [0, 1, 3, 4, 5]


def test_what_was_learned_stays_after_a_gap(quiet: tuple[StreamInfo, FloatArray]) -> None:
    info, data = quiet
    asr = learning(info)
    usable = np.ones(data.shape, bool)
    asr.process(data - data.mean(axis=0), usable, usable)
    asr.restart()
    assert asr.active
    asr.reset()
    assert not asr.active


@pytest.mark.parametrize(
    ("asked", "of_the_model", "cutoff"),
    [(None, None, None), (True, None, 20.0), (30.0, None, 30.0), (None, 25.0, 25.0)],
)
def test_the_user_decides_and_else_the_model(
    asked: bool | float | None, of_the_model: float | None, cutoff: float | None
) -> None:
    design = ConditioningDesign(asr=of_the_model)
    assert Setup(asr=asked).design(design).asr == cutoff
    assert Setup(asr=False).design(design).asr is None


def test_a_cutoff_that_is_none_is_refused() -> None:
    with pytest.raises(SetupError, match="positive number of deviations, got 0"):
        SubspaceReconstruction(0.0, 250.0, 8, 60.0)


def test_without_meegkit_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "meegkit", None)
    with pytest.raises(SetupError, match=r'pip install "rtemotion\[asr\]"'):
        load_asr()
