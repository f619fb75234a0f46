"""Where nobody waits, a hop is done in one go: the same numbers as live, to the bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtemotion.conditioning import ConditioningDesign
from rtemotion.extract import Extraction, feature_frames
from rtemotion.features import FeatureSchema, FeatureStage, compiled
from rtemotion.features.sums import REFRESH_EVERY
from rtemotion.signal import Chunk, FeatureFrame, Flag, StreamInfo, identical
from rtemotion.sources.memory import MemorySource

from ..helpers import cut
from .signals import HOP, QUICK, chunk_of, coupled, run, stage_of

needs_kernel = pytest.mark.skipif(
    compiled.kernel is None, reason="no compiler was at hand when this was installed"
)
# The default; those the kernel knows; more than it works out at once; one it does not know.
MEASURES = (
    ("imcoh", "wpli2_lagged"),
    ("coh", "wpli", "wpli2_debiased"),
    ("imcoh", "coh", "wpli", "wpli2_lagged"),
    ("imcoh", "plv"),
)


def frames(
    chunks: list[Chunk], schema: FeatureSchema, ahead: tuple[bool, ...]
) -> list[FeatureFrame]:
    """Return the frames of a stage that changes its manner with every chunk."""
    stage = stage_of(chunks[0].data.shape[1], schema)
    found = []
    for k, chunk in enumerate(chunks):
        stage.ahead = ahead[k % len(ahead)]
        found += run(stage, [chunk])
    return found


def spoilt(n_channels: int, seconds: int) -> Chunk:
    """Return a signal with a channel masked for a while, and a giant that leaves the window."""
    data = coupled(seconds * 2 * HOP, n_channels)
    data[40 * HOP : 40 * HOP + 3] *= 1e6
    flags = np.zeros(data.shape, np.uint8)
    flags[20 * HOP : 27 * HOP, n_channels // 2] = Flag.BAD
    data[55 * HOP + 5, 0] = np.nan
    return chunk_of(data, flags=flags)


@pytest.mark.parametrize("measures", MEASURES)
@pytest.mark.parametrize("n_channels", [1, 2, 5, 8])
def test_every_frame_is_the_same(n_channels: int, measures: tuple[str, ...]) -> None:
    schema = replace(QUICK, measures=measures)
    chunk = spoilt(n_channels, (REFRESH_EVERY + 30) // 2)
    live = frames([chunk], schema, (True,))
    at_once = frames([chunk], schema, (False,))
    assert sum(frame.full for frame in live) > REFRESH_EVERY
    assert all(identical(a, b) for a, b in zip(live, at_once, strict=True))


@settings(max_examples=15, deadline=None)
@given(
    edges=st.lists(st.integers(0, 60 * HOP), max_size=12),
    ahead=st.lists(st.booleans(), min_size=1, max_size=5),
    gap=st.integers(0, 3),
)
def test_the_manner_may_change_on_the_way_however_samples_are_cut(
    edges: list[int], ahead: list[bool], gap: int
) -> None:
    chunk = spoilt(4, 30)
    later = chunk.cut(45 * HOP, 60 * HOP)
    parts = [
        *cut(chunk.cut(0, 45 * HOP), [e for e in edges if e < 45 * HOP]),
        replace(later, first_sample=later.first_sample + gap, missing_before=gap),
    ]
    whole = frames([chunk.cut(0, 45 * HOP), parts[-1]], QUICK, (True,))
    assert all(
        identical(a, b) for a, b in zip(whole, frames(parts, QUICK, tuple(ahead)), strict=True)
    )


@needs_kernel
def test_a_pass_over_memory_stands_for_three(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []

    class Watched:
        def __getattr__(self, name: str) -> object:
            called.append(name)
            return getattr(compiled_kernel, name)

    compiled_kernel = compiled.kernel
    monkeypatch.setattr(compiled, "kernel", Watched())
    frames([chunk_of(coupled(40 * HOP, 4))], QUICK, (False,))
    assert "hop" in called
    assert not {"turn", "enter", "measure", "count_anew"} & set(called)


def test_a_recording_is_one_nobody_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[FeatureStage] = []
    begin = FeatureStage.__init__

    def noted(self: FeatureStage, info: StreamInfo, schema: FeatureSchema) -> None:
        begin(self, info, schema)
        assert self.ahead
        made.append(self)

    monkeypatch.setattr(FeatureStage, "__init__", noted)
    info = StreamInfo(("Cz", "Pz"), 200.0)
    source = MemorySource(info, [chunk_of(coupled(2000, 2))])
    feature_frames(source, Extraction(QUICK, ConditioningDesign()))
    assert [stage.ahead for stage in made] == [False]


@needs_kernel
class TestArraysThatDoNotFit:
    """They are refused, and nothing is written beyond their ends."""

    def hop(self, **other: object) -> None:
        total, out = np.zeros((2, 12)), np.zeros((1, 8))
        given_ = {
            "turned": (None, None, None, None),
            "anew": (0, 0, 1, np.ones((3, 2, 6, 3)), np.array([0, 1])),
            "segment": np.ones((2, 6, 3)),
            "sums": (None, total, *[None] * 9),
            "bands": np.array([[0, 3]]),
            "wanted": ((0, total, None, None, np.ones((6, 3)), out),),
        } | other
        compiled.kernel.hop(  # type: ignore[union-attr]
            *(4, 3, given_["turned"], given_["anew"], given_["segment"], True),
            *(given_["sums"], given_["bands"], given_["wanted"]),
        )

    def test_those_that_fit_do(self) -> None:
        self.hop()

    @pytest.mark.parametrize(
        ("other", "said"),
        [
            ({"segment": np.ones((2, 5, 3))}, "expected 36 doubles"),
            ({"segment": None}, "missing"),
            ({"turned": (None, None, np.ones((2, 6, 3)), None)}, "missing"),
            ({"turned": (np.ones(3), None, None, None)}, "expected 36 doubles"),
            ({"sums": (None, np.zeros((2, 11)), *[None] * 9)}, "expected 24 doubles"),
            ({"anew": (0, 3, 1, np.ones((3, 2, 6, 3)), np.array([0]))}, "no such shift"),
            ({"anew": (0, 1, 0, np.ones((3, 2, 6, 3)), np.array([0]))}, "no such shift"),
            ({"anew": (0, 1, 1, np.ones((3, 2, 6, 3)), np.array([3]))}, "no such slot"),
            ({"bands": np.array([[0, 4]])}, "outside the bins"),
            ({"wanted": ((0, np.zeros((2, 12)), None, None, None, np.zeros((1, 8))),)}, "no such"),
            ({"wanted": ((4, np.zeros((2, 12)), None, None, None, np.zeros((1, 8))),)}, "no such"),
            ({"wanted": [1, 2]}, "expected a tuple"),
            (
                {"wanted": ((0, np.zeros(24), None, None, np.ones((6, 3)), np.zeros((1, 7))),)},
                "expected 8 doubles",
            ),
        ],
    )
    def test_those_that_do_not_are_refused(self, other: dict[str, object], said: str) -> None:
        with pytest.raises(ValueError, match=said):
            self.hop(**other)
