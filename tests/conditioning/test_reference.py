"""What the channels are measured against."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rtemotion.conditioning import ConditioningDesign, ConditioningStage, plan_channels
from rtemotion.conditioning.reference import DetachedReference, reference_channels
from rtemotion.decoding import Model, ModelCard
from rtemotion.errors import SetupError
from rtemotion.signal import EXCLUDED, Flag, FloatArray, Kind, StreamInfo
from rtemotion.testing import check_stage

from .signals import SFREQ, chunk_of, data_of, eeg, events_of, flags_of, run

NAMES = ("Fz", "Cz", "Pz", "M1", "M2")


def stage_of(
    reference: str, names: tuple[str, ...] = NAMES, kinds: tuple[str, ...] = (), **design: Any
) -> ConditioningStage:
    plan = plan_channels(StreamInfo(names, SFREQ, kinds, name="cap"))
    return ConditioningStage(plan, ConditioningDesign(reference=reference, **design))


def filtered(data: FloatArray) -> FloatArray:
    return data_of(run(stage_of("as recorded"), [chunk_of(data)]))


def test_the_mean_of_named_channels_is_subtracted_after_filtering() -> None:
    data = eeg(600, 5)
    plain = filtered(data)
    single = data_of(run(stage_of("Cz"), [chunk_of(data)]))
    np.testing.assert_allclose(single, plain - plain[:, [1]], rtol=0, atol=1e-18)
    pair = data_of(run(stage_of("M1, M2"), [chunk_of(data)]))
    mean = plain[:, 3:].mean(axis=1, keepdims=True)
    np.testing.assert_allclose(pair, plain - mean, rtol=0, atol=1e-18)


@pytest.mark.parametrize("reference", ["Cz", "M1,M2", "linked mastoids"])
def test_the_contract_of_a_stage_holds_with_every_reference(reference: str) -> None:
    data = eeg(900, 5)
    data[300:310, 3] = np.nan
    data[500:540] = 0.187
    check_stage(lambda: stage_of(reference), [chunk_of(data)])


def test_the_reference_is_told_to_who_comes_after() -> None:
    assert stage_of("linked mastoids").info.reference == "linked mastoids"
    assert stage_of("Cz").info.reference == "Cz"
    assert stage_of("as recorded").info.reference == "as recorded"


def test_a_reference_need_be_neither_eeg_nor_among_the_channels_in_use() -> None:
    data = eeg(600, 5)
    stage = stage_of("M1,M2", kinds=("eeg", "eeg", "eeg", "misc", "misc"))
    assert stage.info.channels == NAMES[:3]
    found = data_of(run(stage, [chunk_of(data)]))
    whole = data_of(run(stage_of("M1,M2"), [chunk_of(data)]))
    np.testing.assert_array_equal(found, whole[:, :3])


def test_a_channel_that_is_all_of_the_reference_is_left_out_and_its_reason_named() -> None:
    items = run(stage_of("Cz"), [chunk_of(eeg(300, 5))])
    left_out = ((flags_of(items) & EXCLUDED) != 0).all(axis=0)
    assert left_out.tolist() == [False, True, False, False, False]
    (mask,) = events_of(items, Kind.MASK)
    assert mask.payload == {"bad": ["Cz"], "reasons": {"Cz": ["reference"]}}
    assert not events_of(items, Kind.WARNING)


def test_while_one_of_two_is_bad_the_other_is_the_reference() -> None:
    data = eeg(900, 5)
    broken = data.copy()
    broken[400:600, 3] = np.nan
    items = run(stage_of("M1,M2"), [chunk_of(broken)])
    plain = filtered(data)
    found = data_of(items)
    np.testing.assert_allclose(
        found[400:600, :3], plain[400:600, :3] - plain[400:600, [4]], rtol=0, atol=1e-18
    )
    flags = (flags_of(items) & EXCLUDED) != 0
    assert not flags[:, :3].any()
    assert flags[400:600, 4].all()
    (warning,) = events_of(items, Kind.WARNING)
    assert "M1 is bad: the mean of the others is subtracted" in warning.payload["message"]


def test_without_any_good_reference_every_channel_is_left_out_and_comes_back() -> None:
    data = eeg(1200, 5)
    data[400:500, 3:] = 0.187
    items = run(stage_of("linked mastoids"), [chunk_of(data)])
    flags = flags_of(items)
    assert (flags[400:500, :3] & Flag.BAD).all()
    assert not (flags[:400] & EXCLUDED).any()
    assert not (flags[900:] & EXCLUDED).any()
    (warning,) = events_of(items, Kind.WARNING)
    assert "M1, M2 is bad: every channel is left out" in warning.payload["message"]
    first = events_of(items, Kind.MASK)[0]
    assert first.payload["reasons"]["Fz"] == ["reference"]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("Cz", "M1", "M2", "TP9", "TP10"), ["M1", "M2"]),
        (("Cz", "a1", "A2"), ["a1", "A2"]),
        (("TP9", "AF7", "AF8", "TP10"), ["TP9", "TP10"]),
        (("A1", "A2", "A3", "TP9", "TP10"), ["TP9", "TP10"]),
    ],
)
def test_linked_mastoids_are_found_by_their_labels(
    names: tuple[str, ...], found: list[str]
) -> None:
    info = StreamInfo(names, 250.0)
    columns = reference_channels("linked mastoids", info, {})
    assert [names[i] for i in columns] == found


def test_a_renamed_channel_answers_to_both_of_its_names() -> None:
    info = StreamInfo(("EXG 0", "EXG 1"), 250.0)
    for name in ("Cz", "cz", "EXG 1"):
        assert reference_channels(name, info, {"Cz": "EXG 1"}) == [1]


@pytest.mark.parametrize(
    ("reference", "complaint"),
    [
        ("Oz", r"names no channel of cap \(Oz is not there\).*Fz, Cz, Pz, M1, M2"),
        ("M1,A9", r"A9 is not there"),
        (" , ", r"nothing is not there"),
    ],
)
def test_a_reference_that_is_not_there_is_refused_with_those_there_are(
    reference: str, complaint: str
) -> None:
    with pytest.raises(SetupError, match=complaint):
        stage_of(reference)


def test_missing_mastoids_are_refused_with_the_remedy() -> None:
    with pytest.raises(SetupError, match=r"M1 and M2, A1 and A2.*--reference NAME,NAME"):
        stage_of("linked mastoids", ("Fz", "Cz", "A1", "A2", "A3"))


def common(share: float, rms: float, n: int = 6) -> FloatArray:
    """Return a block of which a given share of the power is common to all channels."""
    rng = np.random.default_rng(0)
    own = rng.normal(0.0, 1.0, (64, n))
    own -= own.mean(axis=1, keepdims=True)
    shared = rng.normal(0.0, 1.0, (64, 1)) * np.ones(n)
    parts = [
        np.sqrt(s) * x / np.sqrt(np.mean(x**2)) for s, x in ((share, shared), (1 - share, own))
    ]
    return rms * (parts[0] + parts[1])


@pytest.mark.parametrize(
    ("share", "rms", "detached"),
    [(0.9995, 200e-6, True), (0.9985, 200e-6, False), (0.9995, 40e-6, False)],
)
def test_a_large_signal_common_to_all_channels_means_a_detached_reference(
    share: float, rms: float, detached: bool
) -> None:
    check = DetachedReference(0.999)
    block = common(share, rms)
    check.block(block, np.mean(block**2, axis=0), np.zeros(6, bool))
    assert check.on is detached


def test_it_is_also_detached_when_every_channel_leaves_the_plausible_range() -> None:
    check = DetachedReference(0.999)
    quiet = common(0.0, 1e-6)
    square = np.mean(quiet**2, axis=0)
    check.block(quiet, square, np.array([True] * 5 + [False]))
    assert not check.on
    check.block(quiet, square, np.ones(6, bool))
    assert check.on
    for _ in range(3):
        check.block(quiet, square, np.zeros(6, bool))
        assert check.on
    check.block(quiet, square, np.zeros(6, bool))
    assert not check.on


def test_one_or_two_channels_have_too_little_in_common_to_say() -> None:
    check = DetachedReference(0.999)
    block = common(1.0, 200e-6, 2)
    check.block(block, np.mean(block**2, axis=0), np.ones(2, bool))
    assert not check.on


@pytest.mark.parametrize("reference", ["average", "as recorded", "Cz", "linked mastoids"])
def test_a_model_card_carries_any_reference(model: Model, reference: str) -> None:
    conditioning = replace(model.card.conditioning, reference=reference)
    card = replace(model.card, conditioning=conditioning)
    assert ModelCard.from_json(card.to_json(), "here").conditioning == conditioning
