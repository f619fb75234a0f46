"""The seven laws, over the whole pipeline with the model that ships.

Law 3 on a real stream is in test_live.py; law 4 is in models/test_parity.py.
"""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtemotion import Pipeline
from rtemotion.decoding import Model
from rtemotion.features import FeatureStage
from rtemotion.pipeline import chain, feature_stages
from rtemotion.signal import (
    Chunk,
    Event,
    FeatureFrame,
    Kind,
    Reason,
    Stage,
    StreamInfo,
    Tick,
    identical,
)

from .helpers import cut, frames_of, simulated, with_values

SECONDS = 13.0
INFO, CHUNK = simulated("muse", SECONDS)


@settings(max_examples=12, deadline=None)
@given(edges=st.lists(st.integers(0, len(CHUNK)), max_size=60))
def test_law_1_any_cutting_into_chunks_gives_the_same_frames(
    model: Model, edges: list[int]
) -> None:
    whole = frames_of(Pipeline(INFO, model), [CHUNK])
    pieces = frames_of(Pipeline(INFO, model), cut(CHUNK, edges))
    assert len(whole) == int(len(CHUNK) // 64)
    assert len(with_values(whole)) > 10
    assert all(identical(a, b) for a, b in zip(whole, pieces, strict=True))


def test_law_1_holds_sample_by_sample(model: Model) -> None:
    whole = frames_of(Pipeline(INFO, model), [CHUNK])
    single = frames_of(Pipeline(INFO, model), cut(CHUNK, range(len(CHUNK))))
    assert all(identical(a, b) for a, b in zip(whole, single, strict=True))


@settings(max_examples=8, deadline=None)
@given(last=st.integers(2100, len(CHUNK) - 200), value=st.sampled_from([0.0, np.nan, 0.19, 1e-3]))
def test_law_2_a_sample_never_changes_a_frame_that_ends_before_it(
    model: Model, last: int, value: float
) -> None:
    data = CHUNK.data.copy()
    data[last:] = value
    changed = Chunk(data, 0, CHUNK.times)
    before = [f for f in frames_of(Pipeline(INFO, model), [CHUNK]) if f.index <= last]
    after = [f for f in frames_of(Pipeline(INFO, model), [changed]) if f.index <= last]
    assert all(identical(a, b) for a, b in zip(before, after, strict=True))


def session() -> list[Chunk | Event | Tick]:
    """Return a session with a loss, a silence and a marker."""
    pieces = list(cut(CHUNK, range(0, len(CHUNK), 40)))
    items: list[Chunk | Event | Tick] = list(pieces[:70])
    stop = pieces[69].stop
    end = float(pieces[69].times[-1])
    items += [Tick(end + i / 10, i / 10) for i in range(1, 31)]
    items.append(Event(stop, end + 3.0, Kind.STREAM_RETURNED, {"reconnected": True}))
    for number, piece in enumerate(pieces[5:75]):
        first = stop + 768 + 40 * number
        missing = 768 if number == 0 else 0
        items.append(Chunk(piece.data, first, piece.times + end + 3.0, missing_before=missing))
    items.append(Event(items[-1].stop, 1e3, "marker", {"description": "end"}))
    return items


def test_law_3_a_session_held_in_memory_replays_to_the_bit(model: Model) -> None:
    first = frames_of(Pipeline(INFO, model), session())
    pipeline = Pipeline(INFO, model)
    second = frames_of(pipeline, session())
    pipeline.reset()
    third = frames_of(pipeline, session())
    assert {Reason.STALE, Reason.GAP, Reason.WARM_UP} <= {r for f in first for r in f.reasons}
    for other in (second, third):
        assert all(identical(a, b) for a, b in zip(first, other, strict=True))


def test_law_5_past_the_limit_a_stale_frame_goes_out_at_every_hop(model: Model) -> None:
    pipeline = Pipeline(INFO, model)
    frames_of(pipeline, [CHUNK])
    ticks = [Tick(SECONDS + i / 10, i / 10) for i in range(1, 31)]
    stale = frames_of(pipeline, ticks)
    assert [f.index for f in stale] == [None] * 9
    np.testing.assert_allclose([f.time - SECONDS for f in stale], 1.0 + 0.25 * np.arange(9))
    assert all(Reason.STALE in f.reasons and not f.trusted for f in stale)
    assert all(np.isnan(f.mean).all() and np.isnan(f.edge_contribution).all() for f in stale)
    assert frames_of(pipeline, [Tick(SECONDS + 3.05, 3.05)]) == []


def test_law_5_nothing_is_stale_before_the_limit(model: Model) -> None:
    pipeline = Pipeline(INFO, model)
    frames_of(pipeline, [CHUNK])
    assert frames_of(pipeline, [Tick(SECONDS + i / 10, i / 10) for i in range(1, 10)]) == []


def test_law_5_a_gap_of_one_sample_starts_every_window_again(model: Model) -> None:
    pipeline = Pipeline(INFO, model)
    before = frames_of(pipeline, [CHUNK])[-1]
    assert np.isfinite(before.mean).all()
    second = Chunk(CHUNK.data, len(CHUNK) + 1, CHUNK.times + SECONDS + 1 / 256, missing_before=1)
    after = frames_of(pipeline, [second])
    gap = [f for f in after if Reason.GAP in f.reasons]
    assert len(gap) == 31
    assert all(np.isnan(f.mean).all() for f in gap)
    assert np.isfinite(after[31].mean).all()
    assert after[0].index == len(CHUNK) + 1 + 64


def test_law_5_too_few_channels_leave_no_value(model: Model) -> None:
    data = CHUNK.data.copy()
    data[:, 1:3] = 0.0
    frames = frames_of(Pipeline(INFO, model), [Chunk(data, 0, CHUNK.times)])
    assert Reason.TOO_FEW_CHANNELS in frames[-1].reasons
    assert np.isnan(frames[-1].mean).all()


# In a process of its own: here other tests' threads would be counted as well.
MEMORY = """
import gc
import tracemalloc
from rtemotion import Pipeline, load_model
from rtemotion.simulators import Brain, Subject

brain = Brain(Subject.draw(3), "muse", seed=3)
pipeline = Pipeline(brain.info, load_model())
levels = []
tracemalloc.start()
for _ in range(3):
    for _ in range(12):
        chunk, _ = brain.read(1280)
        for _ in pipeline.process(chunk):
            pass
    gc.collect()
    levels.append(tracemalloc.get_traced_memory()[0])
print(levels[2] - levels[1])
"""


def test_law_6_memory_does_not_grow_with_the_session() -> None:
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 20_000


def calls_a_hop(stages: list[Stage], hop: int) -> list[int]:
    """Return how many functions each hop calls, from the first full frame on."""
    data = np.tile(CHUNK.data, (6, 1))
    counts = []
    for k in range(len(data) // hop):
        rows = slice(k * hop, (k + 1) * hop)
        chunk = Chunk(data[rows], k * hop, np.arange(k * hop, (k + 1) * hop) / INFO.sfreq)
        calls = 0

        def count(*_: object) -> None:
            nonlocal calls
            calls += 1

        sys.setprofile(count)
        try:
            out = list(chain(stages, chunk))
        finally:
            sys.setprofile(None)
        if any(isinstance(x, FeatureFrame) and x.full for x in out):
            counts.append(calls)
    return counts


def test_law_6_work_a_hop_does_not_grow_with_the_session(model: Model) -> None:
    features = model.card.features
    stages, _ = feature_stages(INFO, features, model.card.conditioning)
    calls = calls_a_hop(stages, features.hop_samples(INFO.sfreq))
    # As many hops as there are between two refreshes of the sums.
    assert np.median(calls[:64]) == np.median(calls[-64:])


def test_law_6_the_most_work_in_a_hop_does_not_grow_with_the_window(model: Model) -> None:
    most = []
    for window in (8.0, 16.0, 24.0):
        bands = tuple(replace(band, window=window) for band in model.card.features.bands)
        schema = replace(model.card.features, bands=bands)
        stage = FeatureStage(INFO, schema)
        most.append(max(calls_a_hop([stage], schema.hop_samples(INFO.sfreq))))
    assert max(most) <= most[0]


@pytest.mark.parametrize("headset", ["muse", "epoc"])
def test_law_7_permuted_channels_give_permuted_frames(model: Model, headset: str) -> None:
    info, chunk = simulated(headset, 10.0)
    order = np.random.default_rng(5).permutation(info.n_channels)
    turned = Chunk(chunk.data[:, order], 0, chunk.times)
    plain = frames_of(Pipeline(info, model), [chunk])[-1]
    permuted = frames_of(Pipeline(info.pick(order), model), [turned])[-1]
    np.testing.assert_allclose(permuted.mean, plain.mean, atol=1e-6)
    np.testing.assert_allclose(permuted.std, plain.std, atol=1e-6)
    np.testing.assert_allclose(
        permuted.node_contribution, plain.node_contribution[:, order], atol=1e-6
    )
    pair_of = {frozenset(p): k for k, p in enumerate(pairs_of(info))}
    same = [pair_of[frozenset(int(order[i]) for i in p)] for p in pairs_of(info)]
    np.testing.assert_allclose(
        permuted.edge_contribution, plain.edge_contribution[:, same], atol=1e-6
    )


def pairs_of(info: StreamInfo) -> list[tuple[int, int]]:
    return [(int(i), int(j)) for i, j in zip(*np.triu_indices(info.n_channels, k=1), strict=True)]
