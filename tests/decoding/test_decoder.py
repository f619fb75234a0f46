from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rtemotion import Pipeline
from rtemotion.decoding import BaselineSpan, Decoder, Model
from rtemotion.decoding.card_writing import with_card
from rtemotion.errors import SetupError
from rtemotion.pipeline import chain, feature_stages
from rtemotion.signal import (
    Chunk,
    EmotionFrame,
    FeatureFrame,
    Flag,
    Reason,
    StreamInfo,
    identical,
)
from rtemotion.simulators import Brain, Subject
from rtemotion.testing import check_decoder

from ..helpers import frames_of, known_person, simulated, with_values


@pytest.fixture(scope="module")
def rested(model: Model) -> tuple[StreamInfo, list[Chunk]]:
    brain = Brain(Subject.draw(2), "muse", seed=2, rest_s=70.0)
    return brain.info, [brain.read(round(5 * brain.info.sfreq))[0] for _ in range(17)]


def test_the_decoder_keeps_the_public_contract(model: Model) -> None:
    info, chunk = simulated("muse", 12.0)
    stages, conditioned = feature_stages(info, model.card.features, model.card.conditioning)
    frames = [x for x in chain(stages, chunk) if isinstance(x, FeatureFrame)]
    check_decoder(lambda: Decoder(conditioned, model), frames, len(model.card.targets))


def test_until_there_is_a_baseline_and_a_context_every_value_says_so(model: Model) -> None:
    brain = Brain(Subject.draw(2), "muse", seed=2, rest_s=70.0)
    sfreq = brain.info.sfreq
    pipeline = Pipeline(brain.info, model, span=BaselineSpan(0.0, 70.0))
    chunks = [brain.read(round(5 * sfreq))[0] for _ in range(28)]
    frames = with_values(frames_of(pipeline, chunks))
    ready = [f.index for f in frames if Reason.NO_BASELINE not in f.reasons]
    assert ready == [f.index for f in frames if f.index >= ready[0]]
    needed = 0.0 if model.card.context is None else model.card.context.minimum_s
    assert 70.0 + needed - 1.0 <= ready[0] / sfreq <= 70.0 + needed + 1.5
    assert frames[-1].trusted


def test_a_baseline_known_before_the_start_leaves_no_reason(model: Model) -> None:
    info, chunk = simulated("cap32", 10.0)
    pipeline = Pipeline(info, model, baseline=known_person(model, info))
    last = frames_of(pipeline, [chunk])[-1]
    assert Reason.NO_BASELINE not in last.reasons
    assert Reason.NOT_VALIDATED not in last.reasons


def test_a_brain_that_is_not_simulated_is_never_trusted_by_the_shipped_model(
    model: Model,
) -> None:

    info, chunk = simulated("muse", 10.0)
    real = replace(info, simulated=False)
    frames = frames_of(Pipeline(real, model, baseline=known_person(model, info)), [chunk])
    assert all(Reason.NOT_VALIDATED in frame.reasons for frame in frames)
    last = frames[-1]
    assert np.isfinite(last.mean).all()
    for target, low, high in zip(model.card.targets, last.lower, last.upper, strict=True):
        assert low <= target.prior_lower
        assert high >= target.prior_upper


def test_what_the_model_is_stands_in_every_frame(model: Model) -> None:
    info, chunk = simulated("muse", 9.0)
    for frame in frames_of(Pipeline(info, model), [chunk]):
        assert frame.model == model.identity


def test_smoothing_keeps_the_sum_of_contributions(model: Model) -> None:
    info, chunk = simulated("epoc", 14.0)
    frames = with_values(frames_of(Pipeline(info, model), [chunk]))
    sums = [f.mean - f.node_contribution.sum(1) - f.edge_contribution.sum(1) for f in frames]
    assert len(sums) > 20
    np.testing.assert_allclose(sums, np.broadcast_to(sums[0], np.shape(sums)), atol=1e-5)


def test_a_channel_without_position_contributes_nothing(model: Model) -> None:

    info, chunk = simulated("epoc", 10.0)
    positions = info.positions.copy()
    positions[4] = np.nan
    unplaced = replace(
        info, positions=positions, channels=(*info.channels[:4], "??", *info.channels[5:])
    )
    last = frames_of(Pipeline(unplaced, model), [chunk])[-1]
    assert np.isfinite(last.mean).all()
    assert not last.node_contribution[:, 4].any()


def test_noise_far_from_any_brain_is_unfamiliar(model: Model) -> None:
    info, _ = simulated("cap32", 1.0)
    rng = np.random.default_rng(0)
    common = rng.standard_normal((2500, 1))
    data = 1e-4 * (common * np.linspace(-1, 1, 32) + 0.05 * rng.standard_normal((2500, 32)))
    chunk = Chunk(data, 0, np.arange(2500) / 250)
    frames = frames_of(Pipeline(info, model, baseline=known_person(model, info)), [chunk])
    assert Reason.UNFAMILIAR in frames[-1].reasons


def test_broken_samples_in_many_channels_are_an_artifact(model: Model) -> None:
    info, chunk = simulated("cap32", 12.0)
    data = chunk.data.copy()
    data[1900:2300, :24] = np.nan
    frames = frames_of(Pipeline(info, model), [Chunk(data, 0, chunk.times)])
    later = [f for f in frames if f.index is not None and f.index > 2600]
    assert all(isinstance(f, EmotionFrame) and Reason.ARTIFACT in f.reasons for f in later)


def marked(chunk: Chunk, share: float, channels: slice, flag: Flag) -> Chunk:
    """Return a chunk that the source itself has marked for a share of every second."""
    flags = np.zeros(chunk.data.shape, np.uint8)
    second = np.arange(len(chunk)) % 250 < share * 250
    flags[second, channels] = flag
    return Chunk(chunk.data, 0, chunk.times, flags)


@pytest.mark.parametrize("flag", [Flag.BLINK, Flag.MUSCLE, Flag.MOVEMENT])
@pytest.mark.parametrize(
    ("share", "channels", "artifact"),
    [
        (0.2, slice(None), False),
        (0.3, slice(None), True),
        (0.9, slice(0, 4), False),
        (0.9, slice(0, 5), True),
        (0.4, slice(0, 16), False),
    ],
)
def test_marks_on_a_quarter_of_the_samples_or_a_part_of_the_head_are_an_artifact(
    model: Model, flag: Flag, share: float, channels: slice, artifact: bool
) -> None:
    info, chunk = simulated("cap32", 8.3)
    plain = frames_of(Pipeline(info, model), [chunk])[-1]
    last = frames_of(Pipeline(info, model), [marked(chunk, share, channels, flag)])[-1]
    assert (Reason.ARTIFACT in last.reasons) is artifact
    np.testing.assert_array_equal(last.mean, plain.mean)


def test_channels_that_were_left_out_all_along_are_no_artifact(model: Model) -> None:
    info, chunk = simulated("cap32", 8.3)
    last = frames_of(Pipeline(info, model), [marked(chunk, 1.0, slice(0, 12), Flag.BAD)])[-1]
    assert np.isfinite(last.mean).all()
    assert Reason.ARTIFACT not in last.reasons
    assert last.quality < 0.7


def test_more_channels_than_the_model_takes_are_refused(model: Model) -> None:
    info, _ = simulated("muse", 1.0)
    few = copy(model)
    few.card = replace(model.card, max_channels=3)
    with pytest.raises(SetupError, match="4 channels are decoded, the model takes at most 3"):
        Pipeline(info, few)


def test_a_rate_below_the_models_own_is_said(
    model: Model, caplog: pytest.LogCaptureFixture
) -> None:
    info, _ = simulated("muse", 1.0)
    Pipeline(replace(info, sfreq=100.0), model)
    assert "asks for at least 112.5 Hz" in caplog.text


def test_a_watcher_learns_once_a_second_and_forgets_with_the_reference(
    model: Model, rested: tuple[StreamInfo, list[Chunk]]
) -> None:
    class Watcher:
        seen = 0
        resets = 0

        def add(self, *values: np.ndarray) -> None:
            assert [v.ndim for v in values] == [2, 3, 1, 1]
            self.seen += 1

        def reset(self) -> None:
            self.seen, self.resets = 0, self.resets + 1

    info, chunks = rested
    pipeline = Pipeline(info, model, span=BaselineSpan(0.0, 70.0))
    watcher = Watcher()
    pipeline.decoder.watch(watcher)
    frames_of(pipeline, chunks)
    assert watcher.resets == 1
    assert watcher.seen in (14, 15)


def test_every_watcher_learns_whoever_else_watches(model: Model) -> None:
    class Watcher:
        seconds = 0

        def add(self, *taught: object) -> None:
            self.seconds += 1

        def reset(self) -> None:
            pass

    chunk, _ = Brain(Subject.draw(1), "muse", seed=1).read(14 * 256)
    info = Brain(Subject.draw(1), "muse", seed=1).info
    pipeline = Pipeline(info, model)
    first, second = Watcher(), Watcher()
    pipeline.decoder.watch(first)
    pipeline.decoder.watch(second)
    list(pipeline.process(chunk))
    assert first.seconds == second.seconds > 0


def test_whoever_takes_a_frame_and_leaves_misses_nothing_it_teaches(
    model: Model, rested: tuple[StreamInfo, list[Chunk]]
) -> None:
    info, chunks = rested
    stages, conditioned = feature_stages(info, model.card.features, model.card.conditioning)
    frames = [x for c in chunks for x in chain(stages, c) if isinstance(x, FeatureFrame)]
    known = known_person(model, info)
    left, stayed = (Decoder(conditioned, model, known) for _ in range(2))
    for frame in frames:
        taken = next(iter(left.process(frame)))
        (expected,) = stayed.process(frame)
        assert identical(taken, expected)
        assert identical(left.known, stayed.known)


def test_a_model_with_a_score_on_people_that_holds_is_trusted_on_people(
    model: Model, tmp_path: Path
) -> None:
    found = {"protocol": "B", "ccc": {"value": 0.2, "low": 0.1, "high": 0.3}, "people": 9}
    found |= {"simulated": False, "holds": True}
    for name, holds in (("holds", True), ("not", False)):
        scores = {"evaluation": found | {"holds": holds}}
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(
            with_card(model.path.read_bytes(), replace(model.card, scores=scores), name)
        )
        info, chunk = simulated("muse", 10.0)
        real = replace(info, simulated=False)
        frames = frames_of(Pipeline(real, Model(path)), [chunk])
        assert all((Reason.NOT_VALIDATED in frame.reasons) is not holds for frame in frames)
