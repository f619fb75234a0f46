"""When frames come, and the laws they keep."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtemotion.errors import SetupError
from rtemotion.features import Band, FeatureSchema, FeatureStage
from rtemotion.features.measures import MEASURES
from rtemotion.features.sums import REFRESH_EVERY
from rtemotion.signal import Event, FeatureFrame, Flag, Tick, identical
from rtemotion.testing import check_stage, recut

from .signals import HOP, QUICK, SFREQ, chunk_of, coupled, frames_of, info_of, run, stage_of

TO_FILL = QUICK.frames_to_fill(SFREQ)


def values(frame: FeatureFrame) -> np.ndarray:
    return np.concatenate([frame.power.ravel() * 1e12, frame.connectivity.ravel()])


def test_frame_m_ends_after_m_plus_one_hops() -> None:
    frames = frames_of(coupled(20 * HOP + 7, 2))
    assert [frame.index for frame in frames] == [HOP * (m + 1) for m in range(20)]
    for frame in frames:
        assert frame.time == pytest.approx(frame.index / SFREQ)
        assert frame.newest == pytest.approx((frame.index - 1) / SFREQ)


def test_indices_and_times_count_from_the_first_sample_of_the_stream() -> None:
    chunk = chunk_of(coupled(3 * HOP, 2), first=1000)
    late = replace(chunk, times=chunk.times + 0.5 + 1e-4 * np.arange(len(chunk)))
    frames = run(stage_of(2), [late])
    assert [frame.index for frame in frames] == [1000 + HOP * (m + 1) for m in range(3)]
    for frame in frames:
        assert frame.time == pytest.approx(0.5 + frame.index / SFREQ)
        assert frame.newest == late.times[frame.index - 1001]


def test_frames_are_nan_until_every_window_is_full() -> None:
    frames = frames_of(coupled(20 * HOP, 3))
    assert [frame.full for frame in frames] == [m >= TO_FILL - 1 for m in range(20)]
    for frame in frames:
        known = np.isfinite(values(frame))
        assert known.all() if frame.full else not known.any()


@pytest.mark.parametrize("sfreq", [100.0, 128.0, 250.0])
def test_the_first_full_frame_of_the_default_comes_with_the_longest_window(sfreq: float) -> None:
    schema = FeatureSchema()
    frames = frames_of(coupled(round(9 * sfreq), 2), schema, sfreq)
    first = next(frame for frame in frames if frame.full)
    hop = schema.hop_samples(sfreq)
    assert schema.longest_window(sfreq) <= first.index < schema.longest_window(sfreq) + hop
    assert first.index == schema.frames_to_fill(sfreq) * hop


def test_pairs_are_all_pairs_in_order() -> None:
    frame = frames_of(coupled(HOP, 4))[0]
    assert frame.pairs.tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]


def test_segments_are_counted_as_they_come() -> None:
    frames = frames_of(coupled(20 * HOP, 2))
    assert [frame.segments[0, 0] for frame in frames[:12]] == [0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 7, 7]
    assert [frame.segments[2, 0] for frame in frames[:8]] == [0, 1, 2, 3, 4, 5, 5, 5]


def test_the_contract_of_a_stage_holds() -> None:
    data = coupled(30 * HOP, 3)
    data[200, 1] = np.nan
    marker = Event(500, 500 / SFREQ, "marker", {"label": "a"})
    first, second = chunk_of(data[:500]), chunk_of(data[500:], 510, missing=10)
    check_stage(lambda: stage_of(3), [first, marker, Tick(4.0, 0.1), second])


@settings(deadline=None, max_examples=12)
@given(lengths=st.lists(st.integers(1, 200), min_size=1, max_size=6))
def test_however_the_samples_are_cut_the_frames_are_the_same_to_the_bit(
    lengths: list[int],
) -> None:
    chunk = chunk_of(coupled(75 * HOP, 3))
    whole = run(stage_of(3), [chunk])
    cut = run(stage_of(3), recut([chunk], lengths))
    assert len(whole) == len(cut) == 75
    assert all(map(identical, whole, cut))


@settings(deadline=None, max_examples=12)
@given(changed=st.integers(0, 30 * HOP - 1))
def test_a_sample_never_changes_a_frame_that_ends_before_it(changed: int) -> None:
    data = coupled(30 * HOP, 2)
    before = frames_of(data)
    data[changed] += 1e-3
    after = frames_of(data)
    earlier = changed // HOP
    assert all(map(identical, before[:earlier], after[:earlier]))
    if earlier >= TO_FILL:
        assert not identical(before[earlier], after[earlier])


def test_a_gap_of_one_sample_restarts_every_window() -> None:
    data = coupled(40 * HOP, 2)
    stage = stage_of(2)
    run(stage, [chunk_of(data[: 15 * HOP + 9])])
    second = chunk_of(data[15 * HOP + 9 :], 15 * HOP + 10, missing=1)
    after = run(stage, [second])
    fresh = run(stage_of(2), [second])
    assert len(after) == len(fresh)
    assert all(map(identical, after, fresh))
    assert [frame.full for frame in after[:TO_FILL]] == [False] * (TO_FILL - 1) + [True]
    assert after[0].index == 16 * HOP + 10


@pytest.mark.parametrize(
    ("what", "size"), [("rail", 0.187), ("artifact", 1e-3), ("hole", np.nan), ("blast", 1e3)]
)
def test_what_has_left_the_window_is_as_if_it_had_never_entered(what: str, size: float) -> None:
    schema = FeatureSchema()
    data = coupled(40 * 128, 3)
    spoilt = data.copy()
    spoilt[1500:1660, 1] = size * np.sin(np.arange(160)) if what != "hole" else np.nan
    clean, found = frames_of(data, schema), frames_of(spoilt, schema)
    window = schema.longest_window(SFREQ)
    touched = [
        frame.full and frame.index > 1500 and frame.index - window < 1660 for frame in clean
    ]
    after = [m for m, frame in enumerate(clean) if frame.index - window >= 1660]
    assert len(after) > REFRESH_EVERY
    for m in after:
        np.testing.assert_allclose(values(found[m]), values(clean[m]), rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(found[m].segments, clean[m].segments)
    changed = [not np.array_equal(values(a), values(b)) for a, b in zip(clean, found, strict=True)]
    assert all(c for c, t in zip(changed, touched, strict=True) if t)


def test_a_segment_with_a_flagged_sample_does_not_enter_for_that_channel() -> None:
    data = coupled(20 * HOP, 3)
    flags = np.zeros(data.shape, np.uint8)
    flags[400, 1] = Flag.RAILED
    frame = run(stage_of(3), [chunk_of(data, flags=flags)])[-1]
    clean = frames_of(data)[-1]
    assert clean.segments[:, 1].tolist() == [7, 7, 5]
    assert frame.segments[:, 1].tolist() == [4, 4, 5]
    assert frame.segments[:, [0, 2]].tolist() == clean.segments[:, [0, 2]].tolist()
    assert frame.quality[1] < 1.0
    np.testing.assert_array_equal(frame.power[:, [0, 2]], clean.power[:, [0, 2]])


def test_masked_segments_of_one_channel_leave_the_other_pairs_untouched() -> None:
    data = coupled(24 * HOP, 4)
    holed = data.copy()
    holed[500:520, 2] = np.nan
    for clean, found in zip(frames_of(data), frames_of(holed), strict=True):
        others = ~(clean.pairs == 2).any(axis=1)
        np.testing.assert_allclose(
            found.connectivity[:, :, others],
            clean.connectivity[:, :, others],
            rtol=0,
            atol=1e-12,
        )


def test_a_channel_masked_throughout_is_nan_and_finite_again_later() -> None:
    data = coupled(60 * HOP, 3)
    data[10 * HOP : 30 * HOP, 1] = np.nan
    frames = frames_of(data)
    assert np.isnan(frames[28].power[:, 1]).all()
    assert np.isnan(frames[28].connectivity[:, :, [0, 2]]).all()
    assert np.isfinite(frames[28].connectivity[:, :, 1]).all()
    assert frames[28].quality.tolist() == [1.0, 0.0, 1.0]
    assert np.isfinite(values(frames[-1])).all()


@pytest.mark.parametrize("flag", [Flag.BLINK, Flag.MUSCLE])
def test_blinks_and_muscles_lower_the_quality_and_change_nothing_else(flag: Flag) -> None:
    data = coupled(20 * HOP, 2)
    flags = np.zeros(data.shape, np.uint8)
    flags[-HOP:, 0] = flag
    frame, clean = run(stage_of(2), [chunk_of(data, flags=flags)])[-1], frames_of(data)[-1]
    blocks = QUICK.longest_window(SFREQ) / HOP
    np.testing.assert_allclose(frame.quality, [1 - 1 / blocks, 1.0])
    assert identical(replace(frame, quality=clean.quality), clean)


def test_rebuilding_the_sums_makes_no_jump() -> None:
    # Every frame is as good as a new stage's that saw only its window, rebuilt or not.
    data = coupled((3 * REFRESH_EVERY + 2) * HOP, 3)
    frames = frames_of(data)
    for m in (REFRESH_EVERY - 2, REFRESH_EVERY - 1, REFRESH_EVERY, 3 * REFRESH_EVERY - 1):
        frame = frames[m]
        window = data[frame.index - TO_FILL * HOP : frame.index]
        alone = frames_of(np.ascontiguousarray(window))[-1]
        np.testing.assert_allclose(values(frame), values(alone), rtol=1e-12, atol=1e-12)


def test_whoever_takes_a_frame_and_leaves_gets_the_same_frames_afterwards() -> None:
    data = coupled(80 * HOP, 5)
    hops = [chunk_of(data[at : at + HOP], at) for at in range(0, len(data), HOP)]
    left, stayed = stage_of(5), stage_of(5)
    for hop in hops:
        # What is made ready after a frame is then made ready before the next.
        frame = next(iter(left.process(hop)))
        (expected,) = stayed.process(hop)
        assert identical(frame, expected)


def test_memory_does_not_grow_with_the_session() -> None:
    stage = stage_of(4)
    data = coupled(REFRESH_EVERY * HOP, 4)
    sizes = []
    for turn in range(5):
        run(stage, [chunk_of(data, turn * len(data))])
        sizes.append(size_of(stage, set()))
    assert sizes[1:] == [sizes[1]] * 4


def size_of(value: object, seen: set[int]) -> int:
    """Return the bytes of a value and all it holds, arrays by their own buffers."""
    if id(value) in seen or isinstance(value, type):
        return 0
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        return value.nbytes if value.base is None else 0
    if isinstance(value, dict):
        return sum(size_of(v, seen) for v in value.values())
    if isinstance(value, list | tuple):
        return sum(size_of(v, seen) for v in value)
    if isinstance(value, int | float | str):
        return 0
    return sys.getsizeof(value) + size_of(getattr(value, "__dict__", {}), seen)


def test_products_are_not_kept_for_the_whole_window() -> None:
    n = 32
    held, segments = [], []
    for window in (12.0, 48.0):
        schema = FeatureSchema(bands=(Band("alpha", 8.0, 13.0, window=window),))
        stage = FeatureStage(info_of(n), schema)
        run(stage, [chunk_of(coupled(REFRESH_EVERY * HOP, n))])
        (group,) = schema.realise(SFREQ)
        held.append(size_of(stage, set()))
        segments.append(group.n_segments)
    product = n * (n - 1) // 2 * group.n_bins * 8
    assert held[1] - held[0] < 0.5 * product * (segments[1] - segments[0])


def test_frames_of_a_stage_are_its_own() -> None:
    stage = stage_of(3)
    data = coupled(30 * HOP, 3)
    first = run(stage, [chunk_of(data[: 20 * HOP])])
    copies = [values(frame).copy() for frame in first]
    run(stage, [chunk_of(data[20 * HOP :], 20 * HOP)])
    for frame, copy in zip(first, copies, strict=True):
        np.testing.assert_array_equal(values(frame), copy)
    with pytest.raises(ValueError, match="read-only"):
        first[0].pairs[0, 0] = 1


def test_an_unknown_measure_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SetupError, match=r"'nonsense' .* imcoh, .* wpli2_lagged"):
        stage_of(2, replace(QUICK, measures=("nonsense",)))


def test_one_measure_alone_gives_the_same_numbers() -> None:
    data = coupled(20 * HOP, 3)
    schema = replace(QUICK, measures=tuple(MEASURES))
    both = frames_of(data, schema)[-1].connectivity
    for row, name in enumerate(schema.measures):
        alone = frames_of(data, replace(QUICK, measures=(name,)))[-1].connectivity
        np.testing.assert_array_equal(alone[0], both[row])
