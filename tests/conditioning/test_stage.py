"""The conditioning stage: picks, checks, filters, references."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from rtemotion.conditioning import ChannelPlan, ConditioningDesign, ConditioningStage
from rtemotion.conditioning.reference import average_reference
from rtemotion.conditioning.stage import typical_level
from rtemotion.errors import SetupError, SourceError
from rtemotion.signal import EXCLUDED, Chunk, Event, Flag, Kind, StreamInfo, Tick, identical
from rtemotion.testing import check_stage, joined, recut

from .signals import SFREQ, chunk_of, data_of, eeg, events_of, flags_of, info_of, run, stage_of

BLOCK = 32  # a quarter of a second


def troubled(n: int = 1400, n_channels: int = 4) -> list[object]:
    """Return a stream with everything in it that can go wrong, and a gap of 5 samples."""
    data = eeg(n, n_channels, seed=5)
    data[200:203, 1] = np.nan
    data[300:320, 2] = 0.187
    data[500:640, 0] = data[500, 0]
    data[700:760, 3] += np.linspace(0.0, 0.05, 60) ** 2 * 10
    half = n * 3 // 5
    return [
        chunk_of(data[:half]),
        Event(half, half / SFREQ, Kind.MARKER, {"label": "a"}),
        Tick(half / SFREQ + 0.2, 0.2),
        chunk_of(data[half:], half + 5, missing=5),
    ]


def test_the_contract_of_a_stage_holds() -> None:
    check_stage(lambda: stage_of(4), troubled())  # type: ignore[arg-type]
    check_stage(lambda: stage_of(1, reference="as recorded"), [chunk_of(eeg(700, 1))])


@settings(deadline=None, max_examples=12)
@given(lengths=st.lists(st.integers(1, 200), min_size=1, max_size=6))
def test_however_the_samples_are_cut_the_result_is_the_same_to_the_bit(
    lengths: list[int],
) -> None:
    items = troubled()
    whole = joined(run(stage_of(4), items))
    cut = joined(run(stage_of(4), recut(items, lengths)))
    assert len(whole) == len(cut)
    assert all(map(identical, whole, cut))


@pytest.mark.parametrize("block", [41, 42, 43])
def test_what_is_found_within_a_second_holds_from_the_next_block_on(block: int) -> None:
    data = eeg(3000, 4, seed=2)
    start = block * BLOCK
    data[start : start + 60, 1] += np.random.default_rng(3).normal(0.0, 100e-6, 60)
    data[start + 10 :, 0] += 2e-3
    whole = run(stage_of(4), [chunk_of(data)])
    flags = flags_of(whole)
    assert not flags[: start + BLOCK, 1].any()
    assert (flags[start + BLOCK : start + 2 * BLOCK, 1] == Flag.MUSCLE).all()
    blocks = [chunk_of(data[i : i + BLOCK], i) for i in range(0, len(data), BLOCK)]
    single = run(stage_of(4), blocks)
    assert len(whole) == len(single)
    assert all(map(identical, whole, single))


def test_the_output_is_filtered_and_then_referenced() -> None:
    data = eeg(500, 3)
    sos = ConditioningDesign().realise(SFREQ)
    steady = signal.sosfilt_zi(sos)[:, :, None] * data[0]
    filtered = signal.sosfilt(sos, data, axis=0, zi=steady)[0]
    expected = filtered - filtered.mean(axis=1, keepdims=True)
    found = data_of(run(stage_of(3), [chunk_of(data)]))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-18)
    plain = data_of(run(stage_of(3, reference="as recorded"), [chunk_of(data)]))
    np.testing.assert_array_equal(plain, filtered)


def test_indices_and_times_stay_those_of_the_samples() -> None:
    chunks = run(stage_of(2), [chunk_of(eeg(300, 2), first=1000)])
    assert [c.first_sample for c in chunks] == list(range(1000, 1300, BLOCK))
    times = np.concatenate([c.times for c in chunks])
    np.testing.assert_array_equal(times, (1000 + np.arange(300)) / SFREQ)


def test_only_the_picked_channels_go_on_in_the_order_asked_for() -> None:
    data = eeg(200, 4)
    info = info_of(4)
    stage = ConditioningStage(
        ChannelPlan((3, 1), info.pick([3, 1]), info),
        ConditioningDesign(reference="as recorded"),
    )
    assert stage.info.channels == ("E3", "E1")
    assert stage.info.reference == "as recorded"
    alone = data_of(run(stage_of(4, reference="as recorded"), [chunk_of(data)]))
    np.testing.assert_array_equal(data_of(run(stage, [chunk_of(data)])), alone[:, [3, 1]])


def test_the_average_reference_is_told_to_who_comes_after() -> None:
    assert stage_of(2).info.reference == "average"


def test_bad_channels_are_left_out_of_the_average() -> None:
    data = np.array([[1.0, 2.0, 6.0], [1.0, np.nan, 3.0], [5.0, 5.0, 5.0]])
    use = np.array([[True, True, True], [True, False, True], [False, False, False]])
    expected = [[-2.0, -1.0, 3.0], [-1.0, np.nan, 1.0], [5.0, 5.0, 5.0]]
    np.testing.assert_array_equal(average_reference(data, use), expected)


def test_a_railed_channel_does_not_reach_the_others_through_the_average() -> None:
    data = eeg(900, 4)
    data[400:420, 2] = 0.187
    items = run(stage_of(4), [chunk_of(data)])
    flags = flags_of(items)
    masked = (flags[:, 2] & EXCLUDED) != 0
    assert masked[400:420].all()
    without = data_of(run(stage_of(3), [chunk_of(np.delete(data, 2, axis=1))]))
    found = np.delete(data_of(items), 2, axis=1)
    np.testing.assert_allclose(found[masked], without[masked], rtol=0, atol=1e-18)
    assert not flags[:, [0, 1, 3]].any()


def test_a_restarted_channel_is_bad_until_its_filter_has_settled() -> None:
    data = eeg(900, 3)
    data[400, 1] = np.nan
    flags = flags_of(run(stage_of(3), [chunk_of(data)]))
    settling = ConditioningDesign().settling_samples(SFREQ)
    assert flags[400, 1] == Flag.MISSING
    assert (flags[401 : 401 + settling, 1] == Flag.BAD).all()
    assert not flags[401 + settling :, 1].any()


def test_flags_of_the_source_are_kept() -> None:
    data = eeg(100, 2)
    flags = np.zeros((100, 2), np.uint8)
    flags[10:20, 1] = Flag.BLINK
    raw = Chunk(data, 0, np.arange(100) / SFREQ, flags)
    np.testing.assert_array_equal(flags_of(run(stage_of(2), [raw])), flags)


def test_a_change_of_mask_is_an_event_at_the_end_of_its_block() -> None:
    data = eeg(1200, 3)
    data[400, 1] = np.nan
    masks = events_of(run(stage_of(3), [chunk_of(data)]), Kind.MASK)
    assert [event.payload["bad"] for event in masks] == [["E1"], []]
    assert masks[0].sample == 416
    assert all(event.sample % BLOCK == 0 for event in masks)


def test_a_disconnected_channel_is_masked_and_comes_back() -> None:
    data = eeg(1600, 3)
    rng = np.random.default_rng(1)
    data[400:800, 2] += rng.normal(0.0, 2e-3, 400)
    items = run(stage_of(3), [chunk_of(data)])
    bad = (flags_of(items)[:, 2] & Flag.BAD) != 0
    assert not bad[:400].any()
    assert bad[448:800].all()
    assert not bad[1300:].any()
    assert [event.payload["bad"] for event in events_of(items, Kind.MASK)] == [["E2"], []]


def test_a_gap_is_an_event_and_what_follows_is_as_from_a_new_stage() -> None:
    data = eeg(600, 2)
    stage = stage_of(2)
    run(stage, [chunk_of(data[:250])])
    second = chunk_of(data[250:], 257, missing=7)
    after = run(stage, [second])
    assert after[0] == Event(257, 257 / SFREQ, Kind.GAP, {"missing": 7})
    fresh = run(stage_of(2), [second])
    assert len(after) == len(fresh)
    assert all(map(identical, after, fresh))


def test_a_mask_that_ends_with_a_gap_is_taken_back() -> None:
    data = eeg(800, 2)
    data[395:400, 1] = np.nan
    items = run(stage_of(2), [chunk_of(data[:448]), chunk_of(data[448:], 458, missing=10)])
    assert [event.payload["bad"] for event in events_of(items, Kind.MASK)] == [["E1"], []]


@pytest.mark.parametrize("factor", [1e6, 1e-6])
def test_a_wrong_unit_is_doubted_once_with_the_remedy(factor: float) -> None:
    items = run(stage_of(3, rail=np.inf), [chunk_of(eeg(1000, 3) * factor)])
    (warning,) = events_of(items, Kind.WARNING)
    assert warning.sample == 256
    assert "--unit" in warning.payload["message"]
    assert "'V'" in warning.payload["message"]


def test_a_plausible_unit_is_not_doubted() -> None:
    assert not events_of(run(stage_of(3), [chunk_of(eeg(1000, 3))]), Kind.WARNING)


def test_permuted_channels_give_permuted_samples() -> None:
    order = [2, 0, 3, 1]
    chunks = [item for item in troubled() if isinstance(item, Chunk)]
    info = StreamInfo(tuple("abcd"), SFREQ)
    there = ConditioningStage(ChannelPlan((0, 1, 2, 3), info, info), ConditioningDesign())
    turned = ConditioningStage(
        ChannelPlan(tuple(order), info.pick(order), info), ConditioningDesign()
    )
    first, second = run(there, chunks), run(turned, chunks)
    np.testing.assert_array_equal(flags_of(first)[:, order], flags_of(second))
    np.testing.assert_allclose(data_of(first)[:, order], data_of(second), rtol=0, atol=1e-12)


def test_an_unreferenced_stream_need_not_be_complete() -> None:
    data = np.full((100, 2), np.nan)
    items = run(stage_of(2), [chunk_of(data)])
    assert (flags_of(items) == Flag.MISSING).all()
    assert events_of(items, Kind.MASK)[0].payload["bad"] == ["E0", "E1"]


def test_the_typical_level_is_that_of_raw_samples_whatever_became_of_them() -> None:
    volts = 10.0 * np.sin(np.linspace(0, 60, 62))[:, None] * np.ones(3)
    assert typical_level(volts) == pytest.approx(volts[:, 0].std())
    volts[5, 0] = np.nan
    assert typical_level(volts) == pytest.approx(volts[:, 1].std())
    assert np.isnan(typical_level(np.full((62, 2), np.nan)))


def test_microvolts_taken_for_volts_are_called_millions_of_microvolts() -> None:
    data = 1e6 * eeg(800, 3)
    (warned,) = events_of(run(stage_of(3), [chunk_of(data)]), Kind.WARNING)
    assert "e+07 µV" in warned.payload["message"] or "e+06 µV" in warned.payload["message"]


def test_a_chunk_of_another_width_names_the_source_as_the_fault() -> None:
    with pytest.raises(SourceError, match="5 channels, but its source promised 3"):
        run(stage_of(3), [chunk_of(eeg(10, 5))])


def operator(sample: int, **payload: object) -> Event:
    return Event(sample, sample / SFREQ, Kind.OPERATOR, payload)


def test_an_operator_marks_and_unmarks_channels_from_that_very_sample_on() -> None:
    data = eeg(900, 3)
    items = run(
        stage_of(3),
        [
            chunk_of(data[:203]),
            operator(203, bad=["E1"]),
            chunk_of(data[203:410], 203),
            operator(410, good=["E1"]),
            chunk_of(data[410:], 410),
        ],
    )
    bad = np.flatnonzero(flags_of(items)[:, 1] & Flag.BAD)
    assert bad.tolist() == list(range(203, 410))
    first, second = events_of(items, Kind.MASK)
    assert first == Event(
        203, 203 / SFREQ, Kind.MASK, {"bad": ["E1"], "reasons": {"E1": ["operator"]}}
    )
    assert second == Event(410, 410 / SFREQ, Kind.MASK, {"bad": [], "reasons": {}})
    assert len(events_of(items, Kind.OPERATOR)) == 2


def test_what_an_operator_marked_stays_through_a_gap_and_goes_with_a_reset() -> None:
    data = eeg(300, 2)
    stage = stage_of(2)
    run(stage, [operator(0, bad=["E0"]), chunk_of(data)])
    after = run(stage, [chunk_of(data, 310, missing=10)])
    assert (flags_of(after)[:, 0] & Flag.BAD).all()
    stage.reset()
    assert not flags_of(run(stage, [chunk_of(data)])).any()


def test_a_name_an_operator_got_wrong_is_a_warning_with_those_there_are() -> None:
    items = run(stage_of(2), [operator(0, bad=["Oz", "E1"]), chunk_of(eeg(100, 2))])
    (warning,) = events_of(items, Kind.WARNING)
    assert "'Oz' cannot be marked bad" in warning.payload["message"]
    assert "E0, E1" in warning.payload["message"]
    assert events_of(items, Kind.MASK)[0].payload["bad"] == ["E1"]


def test_an_operators_note_is_passed_on_and_changes_nothing() -> None:
    note = operator(100, note="door opened")
    data = eeg(200, 2)
    items = run(stage_of(2), [chunk_of(data[:100]), note, chunk_of(data[100:], 100)])
    assert note in items
    assert not flags_of(items).any()


def test_the_contract_holds_with_an_operator_at_work() -> None:
    data = eeg(900, 4)
    check_stage(
        lambda: stage_of(4),
        [
            chunk_of(data[:203]),
            operator(203, bad=["E1"]),
            chunk_of(data[203:411], 203),
            operator(411, good=["E1"], bad=["nobody"]),
            chunk_of(data[411:], 411),
        ],
    )


def test_a_mask_names_the_reasons_of_each_channel() -> None:
    data = eeg(1400, 5)
    data[400:402, 1] = np.nan
    data[400:402, 2] = 0.187
    data[320:480, 3] = data[320, 3]
    data[384:500, 4] += np.random.default_rng(1).normal(0.0, 2e-3, 116)
    masks = events_of(run(stage_of(5), [chunk_of(data)]), Kind.MASK)
    by_sample = {event.sample: event.payload["reasons"] for event in masks}
    assert by_sample[416] == {
        "E1": ["missing", "settling"],
        "E2": ["railed", "settling"],
        "E3": ["flat"],
        "E4": ["too large"],
    }
    assert masks[-1].payload == {"bad": [], "reasons": {}}
    for event in masks:
        assert sorted(event.payload["reasons"]) == sorted(event.payload["bad"])


def test_recorded_masks_are_not_said_twice() -> None:
    recorded = Event(10, 0.1, Kind.MASK, {"bad": ["E0"]})
    items = run(stage_of(2), [recorded, chunk_of(eeg(100, 2))])
    assert not events_of(items, Kind.MASK)


def test_one_enormous_sample_is_left_out_at_once() -> None:
    data = eeg(600, 3)
    data[310:, 1] += 5e-3 * np.exp(-np.arange(290) / 40.0)
    flags = flags_of(run(stage_of(3), [chunk_of(data)]))
    assert flags[310, 1] & Flag.BAD
    assert not flags[:310].any()
    assert not flags[:, [0, 2]].any()


def test_a_channel_that_was_flat_settles_before_it_is_used_again() -> None:
    data = eeg(900, 3)
    data[300:400, 1] = data[300, 1]
    flags = flags_of(run(stage_of(3), [chunk_of(data)]))
    settling = ConditioningDesign().settling_samples(SFREQ)
    assert np.flatnonzero(flags[:, 1] & EXCLUDED).tolist() == list(range(364, 400 + settling))


def test_the_state_of_each_channel_can_be_read_at_any_time() -> None:
    stage = stage_of(3)
    assert [x.name for x in stage.quality] == ["E0", "E1", "E2"]
    assert np.isnan([x.quality for x in stage.quality]).all()
    data = eeg(1280, 3)
    data += np.array([0.0, 0.0, 20e-6]) * np.sin(2 * np.pi * 50 * np.arange(1280) / SFREQ)[:, None]
    data[1100:1103, 1] = np.nan
    run(stage, [chunk_of(data)])
    good, broken, humming = stage.quality
    assert (good.quality, good.reasons) == (1.0, ())
    assert 0.5 < broken.quality < 0.8
    assert broken.reasons == ("missing", "settling")
    assert good.rms == pytest.approx(8.4e-6, rel=0.1)
    assert humming.line == pytest.approx(20e-6, rel=0.1)
    assert good.line < 3e-6
    stage.reset()
    assert np.isnan(stage.quality[0].quality)


def test_reading_the_state_changes_nothing() -> None:
    items = troubled()
    plain = run(stage_of(4), items)
    stage = stage_of(4)
    watched = []
    for item in items:
        watched += list(stage.process(item))  # type: ignore[arg-type]
        assert len(stage.quality) == 4
    assert all(map(identical, plain, watched))


def test_a_rate_too_low_for_the_highpass_is_refused_in_one_sentence() -> None:
    with pytest.raises(SetupError, match="3 samples a second, too few for a high-pass at 1 Hz"):
        stage_of(2, sfreq=3.0)


def test_a_rate_too_low_for_the_lowpass_is_said_and_nothing_is_resampled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = stage_of(2, sfreq=90.0)
    assert "At 90 Hz the low-pass of 45 Hz is left out" in caplog.text
    assert len(data_of(run(stage, [chunk_of(eeg(100, 2), sfreq=90.0)]))) == 100
