"""Blinks, muscle and movement are marked, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from rtemotion import open_recording
from rtemotion.conditioning import ConditioningDesign, ConditioningStage, plan_channels
from rtemotion.conditioning.channels import positions_of
from rtemotion.conditioning.design import MarkingDesign
from rtemotion.conditioning.marks import (
    MovementMarker,
    MuscleMarker,
    ToneMarker,
    accelerometer_columns,
    eog_columns,
    near_eyes,
)
from rtemotion.signal import EXCLUDED, Chunk, Flag, FloatArray, StreamInfo
from rtemotion.simulators import Brain, Subject
from rtemotion.simulators.artifacts import Artifacts
from rtemotion.testing import check_stage

from .signals import chunk_of, data_of, flags_of, run

LIMITS = MarkingDesign()
MARKS = int(Flag.BLINK | Flag.MUSCLE | Flag.MOVEMENT)


def signal_of(headset: str, seconds: float, blinks_per_min: float = 0.0, uv: float = 200.0):  # type: ignore[no-untyped-def]
    artifacts = Artifacts(blinks_per_min=blinks_per_min, blink_uv=uv)
    brain = Brain(Subject.draw(4), headset, seed=4, artifacts=artifacts)
    return brain.info, brain.read(round(seconds * brain.info.sfreq))[0].data.copy()


def flags_in(info: StreamInfo, data: FloatArray) -> np.ndarray:
    stage = ConditioningStage(plan_channels(info), ConditioningDesign())
    return flags_of(run(stage, [chunk_of(data, sfreq=info.sfreq)]))


def blink(sfreq: float, volts: float) -> FloatArray:
    """Return one blink's time course, 0.35 s long."""
    return volts * np.hanning(round(0.35 * sfreq))


def blinking(info: StreamInfo, data: FloatArray, times: list[float], volts: float) -> FloatArray:
    """Return the data with blinks on the channels at the eyes, half as large behind them."""
    data = data.copy()
    front, _ = near_eyes(info.positions)
    wave = blink(info.sfreq, volts)
    for time in times:
        start = round(time * info.sfreq)
        data[start : start + len(wave), front] += wave[:, None]
    return data


@pytest.mark.parametrize("headset", ["muse", "epoc", "cap32", "cap64"])
def test_blinks_are_marked_on_every_channel_while_they_last(headset: str) -> None:
    info, data = signal_of(headset, 30.0)
    times = [8.0, 12.5, 13.1, 20.0, 26.0]
    flags = flags_in(info, blinking(info, data, times, 200e-6))
    marked = (flags & Flag.BLINK) != 0
    assert (marked == marked[:, :1]).all()
    for time in times:
        rows = slice(round(time * info.sfreq), round((time + 0.4) * info.sfreq))
        assert marked[rows, 0].any()
    far = np.ones(len(flags), bool)
    for time in times:
        far[round(time * info.sfreq) : round((time + 1.2) * info.sfreq)] = False
    assert not marked[far, 0].any()


def test_an_inverted_amplifier_shows_the_same_blinks() -> None:
    info, data = signal_of("cap32", 15.0)
    disturbed = blinking(info, data, [8.0, 11.0], 200e-6)
    np.testing.assert_array_equal(flags_in(info, disturbed), flags_in(info, -disturbed))


@pytest.mark.parametrize("headset", ["muse", "epoc", "cap32"])
def test_a_brain_without_artifacts_is_hardly_marked(headset: str) -> None:
    info, data = signal_of(headset, 60.0)
    flags = flags_in(info, data)
    assert not (flags & EXCLUDED).any()
    assert np.mean((flags & MARKS) != 0) < 0.01


def test_simulated_blinks_are_found_and_the_mark_is_no_exclusion() -> None:
    info, quiet = signal_of("cap32", 60.0)
    _, data = signal_of("cap32", 60.0, blinks_per_min=12.0, uv=250.0)
    front, _ = near_eyes(info.positions)
    truth = (data - quiet)[:, front].mean(axis=1) > 80e-6
    starts = np.flatnonzero(np.diff(truth.astype(int)) == 1)
    marked = (flags_in(info, data)[:, 0] & Flag.BLINK) != 0
    found = [marked[k : k + round(0.4 * info.sfreq)].any() for k in starts if k > 4 * info.sfreq]
    assert len(found) > 5
    assert np.mean(found) > 0.9
    assert not (flags_in(info, data) & EXCLUDED).any()


def test_marks_keep_the_contract_of_a_stage() -> None:
    info, data = signal_of("epoc", 14.0)
    data = blinking(info, data, [5.0, 9.0, 12.0], 300e-6)
    data[1000:1300, 4] += 50e-6 * np.random.default_rng(0).standard_normal(300)
    data[1500:] += 1e-3
    check_stage(
        lambda: ConditioningStage(plan_channels(info), ConditioningDesign()),
        [chunk_of(data, sfreq=info.sfreq)],
    )
    flags = flags_in(info, data)
    for flag in (Flag.BLINK, Flag.MUSCLE, Flag.MOVEMENT):
        assert (flags & flag).any()


def test_without_electrodes_at_the_eyes_an_eog_channel_serves() -> None:
    names = ("C3", "Cz", "C4", "HEOG", "VEOG")
    info = StreamInfo(names, 250.0, ("eeg", "eeg", "eeg", "eog", "eog"))
    assert near_eyes(positions_of(names[:3])) == ([], [])
    assert eog_columns(info) == [4]
    data = np.random.default_rng(0).normal(0.0, 10e-6, (4000, 5))
    wave = blink(250.0, 300e-6)
    data[2000 : 2000 + len(wave), 4] += wave
    flags = flags_in(info, data)
    assert flags.shape == (4000, 3)
    assert (flags[2000:2150] & Flag.BLINK).any()
    assert not (np.delete(flags, slice(2000, 2250), axis=0) & Flag.BLINK).any()


def test_without_either_no_blink_is_ever_found() -> None:
    info = StreamInfo(("C3", "Cz", "C4"), 250.0)
    data = np.random.default_rng(0).normal(0.0, 10e-6, (4000, 3))
    wave = blink(250.0, 300e-6)
    data[2000 : 2000 + len(wave)] += wave[:, None]
    assert not (flags_in(info, data) & Flag.BLINK).any()


def test_muscle_is_marked_in_the_channels_that_have_it_a_block_later() -> None:
    info, data = signal_of("cap32", 20.0)
    burst = slice(round(10.0 * info.sfreq), round(12.0 * info.sfreq))
    rng = np.random.default_rng(0)
    sos = signal.butter(4, [25.0, 110.0], "bandpass", fs=info.sfreq, output="sos")
    data[burst, 13] += 60e-6 * signal.sosfilt(sos, rng.standard_normal(500))
    marked = (flags_in(info, data) & Flag.MUSCLE) != 0
    seconds = np.flatnonzero(marked[:, 13]) / info.sfreq
    assert 10.0 < seconds[0] <= 10.5
    assert 12.0 < seconds[-1] < 13.0
    assert not np.delete(marked, 13, axis=1).any()


@pytest.mark.parametrize(
    ("level", "usual", "muscle"),
    [
        (2.1e-6, 0.5e-6, True),
        (1.9e-6, 0.5e-6, False),
        (0.45e-6, 0.05e-6, False),
        (9e-6, 3e-6, True),
    ],
)
def test_muscle_is_far_above_the_usual_level_or_above_any(
    level: float, usual: float, muscle: bool
) -> None:
    marker = MuscleMarker(LIMITS, 1)
    for _ in range(20):
        marker.block(np.array([usual]))
    marker.block(np.array([level]))
    assert bool(marker.on[0]) is muscle


def test_a_muscle_mark_is_left_well_below_the_limit_it_was_entered_at() -> None:
    marker = MuscleMarker(LIMITS, 1)
    for _ in range(20):
        marker.block(np.array([0.5e-6]))
    said = []
    for level in (2.2e-6, 1.5e-6, 1.5e-6, 0.6e-6, 1.5e-6, 0.6e-6, 0.6e-6):
        marker.block(np.array([level]))
        said.append(bool(marker.on[0]))
    assert said == [True] * 6 + [False]


def tension(*levels: tuple[float, int]) -> list[bool]:
    """Say after each block of a quarter second of some tones whether a muscle is tense."""
    marker = ToneMarker(LIMITS, 1)
    said = []
    for level, blocks in levels:
        for _ in range(blocks):
            marker.block(np.array([level]))
            said.append(bool(marker.on[0]))
    return said


def test_a_tone_that_rises_for_seconds_is_tension_until_it_falls() -> None:
    said = tension((0.5e-6, 300), (0.8e-6, 40), (0.5e-6, 80))
    assert not any(said[:300])
    assert all(said[310:340])
    assert not any(said[380:])


@pytest.mark.parametrize(
    "levels",
    [
        ((0.5e-6, 300), (0.6e-6, 100)),
        ((0.5e-6, 300), (0.8e-6, 1), (0.5e-6, 50)),
        ((0.02e-6, 300), (0.08e-6, 100)),
        ((0.5e-6, 60), (0.8e-6, 40)),
    ],
    ids=["a little", "for a moment", "in what is nearly nothing", "before it is known"],
)
def test_nothing_else_is_tension(levels: tuple[tuple[float, int], ...]) -> None:
    assert not any(tension(*levels))


def test_a_break_in_what_is_known_neither_begins_nor_ends_tension() -> None:
    said = tension((0.5e-6, 300), (0.8e-6, 20), (np.nan, 8), (0.8e-6, 20))
    assert all(said[310:])
    assert not any(tension((0.5e-6, 300), (np.nan, 8), (0.5e-6, 20)))


def test_most_channels_jumping_together_is_movement_for_a_second() -> None:
    marker = MovementMarker(LIMITS)
    still = np.zeros(0)
    marker.block(np.zeros(5), still)
    marker.block(np.array([200e-6, 200e-6, 0.0, 0.0, 0.0]), still)
    assert not marker.on
    marker.block(np.array([0.0, 0.0, 200e-6, 0.0, 0.0]), still)
    assert marker.on
    for _ in range(3):
        marker.block(np.array([0.0, 0.0, 200e-6, 0.0, 0.0]), still)
        assert marker.on
    marker.block(np.array([0.0, 0.0, 200e-6, 0.0, 0.0]), still)
    assert not marker.on


def test_an_accelerometer_tells_movement_in_any_unit() -> None:
    for scale in (1.0, 9.81, 1e3):
        marker = MovementMarker(LIMITS)
        steady = np.zeros(1)
        marker.block(steady, scale * np.array([0.0, 0.0, 1.0]))
        marker.block(steady, scale * np.array([0.05, 0.0, 1.0]))
        assert not marker.on
        marker.block(steady, scale * np.array([0.3, 0.0, 0.95]))
        assert marker.on


def test_an_accelerometer_of_the_source_is_found_by_its_labels() -> None:
    names = ("Cz", "ACC_X", "Accel Channel 1", "acc z", "Accuracy", "ACC9")
    kinds = ("eeg", "misc", "misc", "misc", "misc", "eeg")
    info = StreamInfo(names, 250.0, kinds)
    assert accelerometer_columns(info) == [1, 2, 3]
    data = np.random.default_rng(0).normal(0.0, 10e-6, (2000, 6))
    data[:, 1:4] = [0.0, 0.1, 0.98]
    data[1000:, 1] = 0.5
    flags = flags_in(info, data)
    moving = np.flatnonzero(flags[:, 0] & Flag.MOVEMENT) / 250.0
    assert 4.0 < moving[0] <= 4.3
    assert moving[-1] < 5.6


LEFT, RIGHT = ("C3", "P7"), ("C4", "P8")
CLENCHES = [
    (8.4, 9.6, LEFT),
    (10.1, 11.3, RIGHT),
    (11.7, 12.7, LEFT),
    (13.0, 14.3, RIGHT),
    (82.1, 83.0, LEFT),
    (83.2, 84.0, RIGHT),
    (84.3, 85.4, LEFT),
]
BLINKS = [4.35, 4.97, 13.9, 15.45, 15.65, 15.85, 16.05, 16.25, 16.47, 17.78, 78.5]
BLINKS += [79.97, 80.2, 80.4, 80.6, 80.85]
QUIET = [(26.0, 75.0)]
MOVING = (86.2, 88.8)


def cyton(recordings: Path) -> tuple[StreamInfo, np.ndarray]:
    (path,) = (recordings / "openbci-cyton").glob("*.txt")
    source = open_recording(path)
    names = ("Fp1", "Fp2", "C3", "C4", "P7", "P8", "O1", "O2")
    plan = plan_channels(source.info, [f"EXG Channel {i}:{n}" for i, n in enumerate(names)])
    stage = ConditioningStage(plan, ConditioningDesign())
    items = run(stage, [item for item in source if isinstance(item, Chunk)])
    source.close()
    assert len(data_of(items)) == 22490
    return stage.info, flags_of(items)


def test_blinks_clenches_and_jerks_of_a_real_head_are_told_apart(recordings: Path) -> None:
    """Times were read off the raw traces."""
    info, flags = cyton(recordings)
    rows = lambda a, b: slice(round(a * info.sfreq), round(b * info.sfreq))  # noqa: E731
    blinks = (flags[:, 0] & Flag.BLINK) != 0
    muscle = (flags & Flag.MUSCLE) != 0
    assert all(blinks[rows(time - 0.1, time + 0.25)].any() for time in BLINKS)
    for start, stop, where in CLENCHES:
        columns = [info.channels.index(name) for name in where]
        assert muscle[rows(start, stop + 0.5), columns[1]].any()
    for start, stop in QUIET:
        assert not (flags[rows(start, stop)] & MARKS).any()
    assert ((flags[rows(*MOVING), 0] & Flag.MOVEMENT) != 0).mean() > 0.6
    assert not muscle[rows(0.0, 80.0), :2].any()
    assert not (flags & Flag.BAD).any()


def test_cleaned_recordings_are_hardly_marked(recordings: Path) -> None:
    """Blinks were taken out of these with ICA by their authors."""
    shares = []
    for path in sorted((recordings / "eegmat-stress").glob("*_1_first62s.edf")):
        source = open_recording(path)
        stage = ConditioningStage(plan_channels(source.info), ConditioningDesign())
        flags = flags_of(run(stage, [item for item in source if isinstance(item, Chunk)]))
        source.close()
        assert not (flags & Flag.BAD).any()
        shares.append(float(((flags & MARKS) != 0).mean()))
    assert len(shares) == 6
    assert max(shares) < 0.01
