"""From what was asked for to an engine that is ready to run."""

from __future__ import annotations

import math
from pathlib import Path

import mne
import pytest

from rtemotion.decoding import Model
from rtemotion.errors import RtemotionError, SetupError
from rtemotion.options import Options
from rtemotion.outputs import Outputs
from rtemotion.place import Place
from rtemotion.signal import Publication
from rtemotion.starting import Replay, demo_engine, live_engine, parse_speed, replay_engine

from .helpers import simulated


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    info, chunk = simulated("muse", 12.0)
    made = mne.create_info(list(info.channels), info.sfreq, "eeg")
    path = tmp_path_factory.mktemp("starting") / "run_raw.fif"
    mne.io.RawArray(chunk.data.T, made, verbose="ERROR").save(path, verbose="ERROR")
    return path


def test_a_demo_knows_its_person(model: Model) -> None:
    engine, source = demo_engine("muse", 1, 0.5, None, Outputs())
    with engine:
        assert engine.pipeline.decoder.known is not None
        assert source.info.simulated
        assert engine.model.identity == model.identity


def test_a_recording_has_a_length_and_runs_to_its_end(recording: Path) -> None:
    engine, length = replay_engine(Replay(recording, speed=math.inf), Outputs(), Options())
    with engine:
        frames = [item for item in engine if isinstance(item, Publication)]
    assert length == pytest.approx(12.0)
    assert len(frames) == 48


def test_a_session_is_decoded_as_it_was_then(tmp_path: Path) -> None:
    path = tmp_path / "run.xdf"
    engine, _ = demo_engine("muse", 1, 3.0, None, Outputs(recording=path))
    with engine:
        then = [item.frame for item in engine if isinstance(item, Publication)]
    engine, length = replay_engine(Replay(path, speed=math.inf), Outputs(), Options())
    with engine:
        now = [item.frame for item in engine if isinstance(item, Publication)]
    assert length == pytest.approx(3.0)
    assert [f.mean.tobytes() for f in now] == [f.mean.tobytes() for f in then]
    assert [f.reasons for f in now] == [f.reasons for f in then]
    with pytest.raises(SetupError, match="--stream does not apply"):
        replay_engine(Replay(path, "EEG"), Outputs(), Options())


def test_only_a_session_can_be_begun_in_its_midst(recording: Path) -> None:
    with pytest.raises(SetupError, match="no session"):
        replay_engine(Replay(recording, start=3.0), Outputs(), Options())


def test_outputs_are_refused_before_a_source_is_opened(tmp_path: Path, recording: Path) -> None:
    bad = Outputs(table=tmp_path / "frames.doc")
    with pytest.raises(RtemotionError, match=r"frames\.doc"):
        live_engine(Place(stream="source_id=nobody", wait=60.0), None, bad, None, False, Options())
    with pytest.raises(RtemotionError, match=r"frames\.doc"):
        replay_engine(Replay(recording), bad, Options())
    with pytest.raises(RtemotionError, match=r"frames\.doc"):
        demo_engine("muse", 1, 1.0, None, bad)


def test_what_is_replayed_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "run.xdf"
    engine, _ = demo_engine("muse", 1, 1.0, None, Outputs(recording=path))
    with engine:
        list(engine)
    with pytest.raises(SetupError, match="is what is read"):
        replay_engine(Replay(path), Outputs(recording=path, overwrite=True), Options())


def test_a_recording_too_short_for_a_value_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    info, chunk = simulated("muse", 2.0)
    made = mne.create_info(list(info.channels), info.sfreq, "eeg")
    path = tmp_path / "short_raw.fif"
    mne.io.RawArray(chunk.data.T, made, verbose="ERROR").save(path, verbose="ERROR")
    engine, _ = replay_engine(Replay(path, speed=math.inf), Outputs(), Options())
    engine.close()
    assert "less than the longest window" in caplog.text


@pytest.mark.parametrize(("text", "speed"), [("max", math.inf), ("2", 2.0), ("0.5", 0.5)])
def test_a_speed_is_times_real_time(text: str, speed: float) -> None:
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "fast", ""])
def test_anything_else_is_no_speed(text: str) -> None:
    with pytest.raises(SetupError, match="--speed"):
        parse_speed(text)
