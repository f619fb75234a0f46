"""After every fault frames are flagged or masked, and clean again a window after its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from rtemotion.decoding import Decoder, Model
from rtemotion.pipeline import chain, feature_stages
from rtemotion.signal import (
    Chunk,
    EmotionFrame,
    Event,
    FeatureFrame,
    FloatArray,
    Kind,
    Reason,
    StreamInfo,
)

from ..helpers import known_person, simulated

START_S, END_S, LENGTH_S = 10.0, 12.0, 34.0
WINDOW_S = 8.0
# The smoothing begins anew after frames without a value, which are unlike those that
# were smoothed all along.
NEAR, NEAR_ANEW = 0.2, 0.3
ONE, ALL = slice(3, 4), slice(None)

Fault = Callable[[FloatArray, slice, float], None]


def nan(channels: slice) -> Fault:
    def fault(data: FloatArray, rows: slice, _: float) -> None:
        data[rows, channels] = np.nan

    return fault


def rail(channels: slice) -> Fault:
    def fault(data: FloatArray, rows: slice, _: float) -> None:
        data[rows, channels] = 0.1875

    return fault


def flat(channels: slice) -> Fault:
    def fault(data: FloatArray, rows: slice, _: float) -> None:
        data[rows, channels] = data[rows.start, channels]

    return fault


def pop(volts: float) -> Fault:
    def fault(data: FloatArray, rows: slice, sfreq: float) -> None:
        seconds = np.arange(len(data) - rows.start) / sfreq
        data[rows.start :, ONE] += volts * np.exp(-seconds / 0.2)[:, None]

    return fault


def unit(factor: float) -> Fault:
    def fault(data: FloatArray, rows: slice, _: float) -> None:
        data[rows] *= factor

    return fault


def detached(volts: float) -> Fault:
    def fault(data: FloatArray, rows: slice, sfreq: float) -> None:
        seconds = np.arange(rows.stop - rows.start) / sfreq
        data[rows] += volts * np.sin(2.0 * np.pi * 7.0 * seconds)[:, None]

    return fault


FAULTS: dict[str, tuple[Fault, set[str], slice]] = {
    "one channel missing": (nan(ONE), {"missing"}, ONE),
    "every channel missing": (nan(ALL), {"missing"}, ALL),
    "one channel railed": (rail(ONE), {"railed"}, ONE),
    "every channel railed": (rail(ALL), {"railed"}, ALL),
    "one channel flat": (flat(ONE), {"flat"}, ONE),
    "every channel flat": (flat(ALL), {"flat"}, ALL),
    "a pop of 2 mV": (pop(2e-3), {"too large"}, ONE),
    "a pop of 20 mV": (pop(2e-2), {"too large"}, ONE),
    "microvolts taken for volts": (unit(1e6), {"railed", "too large"}, ALL),
    "volts taken for microvolts": (unit(1e-6), {"no contact"}, ALL),
    "the reference detached": (detached(2e-3), {"reference"}, ALL),
}


@dataclass(frozen=True)
class Run:
    """What a pipeline and its feature stages make of a signal."""

    seconds: FloatArray
    frames: list[EmotionFrame]
    features: list[FeatureFrame]
    masks: list[Event]


@cache
def brain() -> tuple[StreamInfo, Chunk]:
    return simulated("cap32", LENGTH_S, seed=3)


def run(model: Model, data: FloatArray) -> Run:
    info, chunk = brain()
    baseline = known_person(model, info)
    disturbed = Chunk(data, 0, chunk.times)
    stages, conditioned = feature_stages(info, model.card.features, model.card.conditioning)
    decoder = Decoder(conditioned, model, baseline)
    features, frames, masks = [], [], []
    for item in chain(stages, disturbed):
        if isinstance(item, FeatureFrame):
            features.append(item)
        elif isinstance(item, Event) and item.kind == Kind.MASK:
            masks.append(item)
        frames += [x for x in decoder.process(item) if isinstance(x, EmotionFrame)]
    seconds = np.array([frame.index / info.sfreq for frame in features])
    return Run(seconds, frames, features, masks)


@pytest.fixture(scope="module")
def undisturbed(model: Model) -> Run:
    return run(model, brain()[1].data)


@pytest.fixture(scope="module", params=FAULTS)
def case(request: pytest.FixtureRequest, model: Model) -> tuple[str, Run]:
    info, chunk = brain()
    data = chunk.data.copy()
    rows = slice(round(START_S * info.sfreq), round(END_S * info.sfreq))
    FAULTS[request.param][0](data, rows, info.sfreq)
    return request.param, run(model, data)


def test_without_a_fault_nothing_is_masked_nor_called_an_artifact(undisturbed: Run) -> None:
    assert not undisturbed.masks
    assert not any(Reason.ARTIFACT in frame.reasons for frame in undisturbed.frames)
    assert sum(bool(np.isfinite(frame.mean).all()) for frame in undisturbed.frames) > 100


def test_the_channels_are_masked_within_a_window_and_the_reason_is_named(
    case: tuple[str, Run],
) -> None:
    name, found = case
    _, reasons, channels = FAULTS[name]
    info, _ = brain()
    expected = set(info.channels[channels])
    in_time = [
        event
        for event in found.masks
        if START_S * info.sfreq <= event.sample <= (START_S + WINDOW_S) * info.sfreq
    ]
    assert set().union(*(event.payload["bad"] for event in in_time)) == expected
    for channel in expected:
        said = [set(event.payload["reasons"].get(channel, ())) for event in in_time]
        assert reasons & set().union(*said)


def test_once_noticed_a_fault_reaches_no_feature(case: tuple[str, Run], undisturbed: Run) -> None:
    """What a frame still says of a channel that is masked is what it would have said."""
    _, found = case
    noticed = found.masks[0].sample / brain()[0].sfreq
    for seconds, frame, plain in zip(
        found.seconds, found.features, undisturbed.features, strict=True
    ):
        if seconds > noticed + 4.0 and frame.full:
            ratio = np.log(frame.power / plain.power)
            known = np.isfinite(ratio)
            assert np.abs(ratio[known]).max() < 2.5
            assert np.sqrt(np.mean(ratio[known] ** 2)) < 0.6 if known.any() else True


def test_until_it_is_over_frames_are_near_or_say_that_they_are_not_to_be_trusted(
    case: tuple[str, Run], undisturbed: Run
) -> None:
    _, found = case
    limit = NEAR
    for seconds, frame, plain in zip(found.seconds, found.frames, undisturbed.frames, strict=True):
        if START_S + 1.0 < seconds < END_S + WINDOW_S:
            if np.isnan(frame.mean).any():
                limit = NEAR_ANEW
            near = np.abs(frame.mean - plain.mean).max() < limit
            assert near or frame.reasons - plain.reasons


def test_a_window_after_its_end_frames_are_clean_again(
    case: tuple[str, Run], undisturbed: Run
) -> None:
    _, found = case
    assert not found.masks[-1].payload["bad"]
    for seconds, frame, plain in zip(found.seconds, found.frames, undisturbed.frames, strict=True):
        if seconds < END_S + WINDOW_S:
            continue
        assert frame.reasons <= plain.reasons
        away = np.abs(frame.mean - plain.mean).max()
        assert away < NEAR_ANEW
        assert away < 0.05 or seconds < END_S + WINDOW_S + 10.0


def test_features_are_the_same_once_the_filters_have_settled(
    case: tuple[str, Run], undisturbed: Run
) -> None:
    _, found = case
    compared = 0
    for seconds, frame, plain in zip(
        found.seconds, found.features, undisturbed.features, strict=True
    ):
        if seconds >= END_S + WINDOW_S + 2.5:
            compared += 1
            np.testing.assert_allclose(frame.power, plain.power, rtol=1e-3)
            np.testing.assert_allclose(frame.connectivity, plain.connectivity, atol=1e-3)
    assert compared > 20


@pytest.mark.parametrize("factor", [1e6, 1e-6])
def test_units_that_stay_swapped_never_give_a_value_again(model: Model, factor: float) -> None:
    info, chunk = brain()
    data = chunk.data.copy()
    data[round(START_S * info.sfreq) :] *= factor
    found = run(model, data)
    late = found.seconds > START_S + WINDOW_S
    assert not any(
        np.isfinite(frame.mean).any()
        for frame, is_late in zip(found.frames, late, strict=True)
        if is_late
    )
