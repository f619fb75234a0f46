"""Law 3: a recorded session replays to the same numbers, and a change is found and named."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rtemotion import Engine, Setup
from rtemotion.decoding import BaselineSpan, Model
from rtemotion.description import stream_xml
from rtemotion.errors import SetupError, SourceError
from rtemotion.outlets.recorder import Recorder
from rtemotion.outlets.session_file import SessionFile
from rtemotion.session import load_session
from rtemotion.signal import (
    Chunk,
    EmotionFrame,
    Event,
    Kind,
    Publication,
    ReceivedChunk,
    Tick,
    identical,
)
from rtemotion.sources.memory import MemorySource
from rtemotion.sources.session import SessionSource
from rtemotion.testing import check_source, joined
from rtemotion.verify import restore, verify

from .helpers import simulated

FACTOR = 1e-6


class Headset:
    """A live stream with everything that can happen to one: float32 microvolts, raw stamps."""

    def __init__(self, seconds: float = 26.0) -> None:
        info, chunk = simulated("epoc", seconds, rest_s=0.0)
        self.info = replace(info, timestamps="raw", unit="uV")
        self.factors = np.full(info.n_channels, FACTOR)
        self.xml = stream_xml(self.info, "float32", "microvolts")
        self.values = (chunk.data / FACTOR).astype(np.float32)
        rng = np.random.default_rng(3)
        self.stamps = 5000.0 + chunk.times + rng.normal(0, 1e-3, len(chunk))
        self.items: list[Chunk | Event | Tick] = []

    def now(self) -> float:
        return 1.0

    def close(self) -> None:
        pass

    def _chunks(self, start: int, stop: int) -> Iterator[Chunk]:
        at = start
        while at < stop:
            end = min(stop, at + 7 + at % 23)
            values = self.values[at:end]
            data = values.astype(np.float64) * self.factors
            yield ReceivedChunk(data, at, self.stamps[at:end], values=values)
            at = end

    def _happens(self) -> Iterator[Chunk | Event | Tick]:
        n, sfreq = len(self.values), round(self.info.sfreq)
        offset = {"offset": -4999.98, "uncertainty": 1e-4, "remote_time": 5000.0}
        yield Event(0, 0.02, Kind.CLOCK_OFFSET, offset)
        yield from self._chunks(0, 9 * sfreq)
        yield Event(9 * sfreq, 9.0, Kind.MARKER, {"description": "größer", "stream": "m"})
        yield Event(9 * sfreq, 9.0, Kind.OPERATOR, {"bad": [self.info.channels[3]]})
        yield from self._chunks(9 * sfreq, 10 * sfreq)
        for idle in np.arange(0.1, 2.0, 0.1):
            yield Tick(10.0 + idle, idle)
        yield Event(10 * sfreq, 12.0, Kind.STREAM_RETURNED, {"reconnected": True})
        self.stamps[10 * sfreq :] += 2.0
        yield Event(10 * sfreq, 12.0, Kind.CLOCK_OFFSET, offset | {"offset": -4999.981})
        yield from self._chunks(10 * sfreq, n)

    def __iter__(self) -> Iterator[Chunk | Event | Tick]:
        for item in self._happens():
            if not isinstance(item, Tick):
                self.items.append(item)
            yield item


def record(
    path: Path, source: Headset | MemorySource, model: Model, **options: object
) -> list[EmotionFrame]:
    recorder = Recorder(SessionFile(path), source)
    with Engine(source, model, recorder=recorder, **options) as engine:  # type: ignore[arg-type]
        return [item.frame for item in engine if isinstance(item, Publication)]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory, model: Model) -> Path:
    path = tmp_path_factory.mktemp("session") / "a.xdf"
    frames = record(path, Headset(), model, setup=Setup(channels=("AF*", "O*", "T*", "P*")))
    assert sum(np.isfinite(frame.mean).all() for frame in frames) > 10
    assert any(frame.index is None for frame in frames)
    return path


def plain(items: list[Chunk | Event | Tick]) -> list[Chunk | Event | Tick]:
    """Return items as a source that is not live would give them."""
    return [
        Chunk(item.data, item.first_sample, item.times, item.flags, item.missing_before)
        if isinstance(item, Chunk)
        else item
        for item in items
    ]


def test_a_session_gives_the_items_of_the_run_in_their_order_to_the_bit(
    tmp_path: Path, model: Model
) -> None:
    headset = Headset()
    record(tmp_path / "a.xdf", headset, model)
    found = list(SessionSource(tmp_path / "a.xdf"))
    live = joined(plain(headset.items))
    replayed = joined(
        item for item in found if not isinstance(item, Event) or item.kind != Kind.STREAM_LOST
    )
    assert len(live) == len(replayed)
    assert all(map(identical, live, replayed))
    lost = [item for item in found if isinstance(item, Event) and item.kind == Kind.STREAM_LOST]
    assert [event.sample for event in lost] == [10 * 128]


def test_a_session_replays_to_the_same_frames(session: Path) -> None:
    verdict = verify(session)
    assert verdict.difference == ""
    assert verdict.frames > 80
    assert verdict.unrecorded == 0
    assert verdict.versions == ()


def test_it_says_how_it_was_decoded(session: Path, model: Model) -> None:
    found = load_session(session.with_suffix(".json"))
    assert found.ended == "finished"
    assert found.decoded is not None
    assert found.decoded.how.model == model.identity
    assert restore(found).setup == Setup(channels=("AF*", "O*", "T*", "P*"))
    (stream,) = found.streams
    assert stream.samples == 26 * 128
    assert stream.clock is not None
    assert stream.clock["lost"] >= 128


def test_a_baseline_known_before_or_recorded_on_the_way_is_restored(
    tmp_path: Path, model: Model
) -> None:
    info, chunk = simulated("epoc", 75.0)
    span = BaselineSpan(0.0, 60.0)
    source = MemorySource(info, [chunk])
    engine = Engine(source, model, span=span)
    for _ in engine:
        pass
    rest = engine.pipeline.decoder.known
    assert rest is not None
    record(tmp_path / "a.xdf", MemorySource(info, [chunk]), model, span=span)
    record(tmp_path / "b.xdf", MemorySource(info, [chunk]), model, baseline=rest)
    for name in ("a.xdf", "b.xdf"):
        verdict = verify(tmp_path / name)
        assert (verdict.difference, verdict.frames) == ("", 300)


def test_samples_known_to_be_missing_are_missing_in_the_replay(
    tmp_path: Path, model: Model
) -> None:
    info, chunk = simulated("epoc", 22.0)
    late = chunk.cut(1400, len(chunk))
    items = [chunk.cut(0, 1280), replace(late, missing_before=120)]
    record(tmp_path / "a.xdf", MemorySource(info, items), model)
    assert verify(tmp_path / "a.xdf").difference == ""
    found = [i for i in SessionSource(tmp_path / "a.xdf") if isinstance(i, Chunk)]
    assert [c.missing_before for c in found if c.missing_before] == [120]
    assert found[-1].stop == len(chunk)


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0x10
    path.write_bytes(bytes(content))


def test_one_changed_sample_is_found_and_the_first_frame_named(
    tmp_path: Path, session: Path
) -> None:
    copied(session, tmp_path)
    path = tmp_path / session.name
    samples = Headset().values
    # The bytes of one known sample, in the third second.
    at = path.read_bytes().index(samples[3 * 128].tobytes())
    flip(path, at + 2)
    verdict = verify(path)
    assert verdict.difference.startswith(f"frame {verdict.frames + 1} (index ")
    assert verdict.frames < 40


def test_another_decision_is_found(tmp_path: Path, session: Path) -> None:
    copied(session, tmp_path)
    file = (tmp_path / session.name).with_suffix(".json")
    said = json.loads(file.read_text())
    said["decoded"]["how"]["setup"]["channels"] = ["AF*", "O*", "T*"]
    said["versions"]["numpy"] = "1.0"
    file.write_text(json.dumps(said))
    verdict = verify(file)
    assert "differs in" in verdict.difference
    assert any(version.startswith("numpy 1.0 → ") for version in verdict.versions)


def copied(session: Path, folder: Path) -> None:
    for path in (session, session.with_suffix(".json")):
        (folder / path.name).write_bytes(path.read_bytes())


def without_recording(folder: Path, name: str) -> None:
    (folder / name).unlink()


def damaged_document(folder: Path, name: str) -> None:
    (folder / name).with_suffix(".json").write_text('{"schema_version": 1}')


def version_to_come(folder: Path, name: str) -> None:
    file = (folder / name).with_suffix(".json")
    file.write_text(file.read_text().replace('"schema_version": 1', '"schema_version": 99', 1))


def other_model(folder: Path, name: str) -> None:
    file = (folder / name).with_suffix(".json")
    file.write_text(file.read_text().replace("sha256:", "sha256:00", 1))


def nothing_decoded(folder: Path, name: str) -> None:
    file = (folder / name).with_suffix(".json")
    said = json.loads(file.read_text())
    file.write_text(json.dumps(said | {"decoded": None}))


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (without_recording, "belongs to a recording a.xdf that is not beside it"),
        (damaged_document, "is no session file of rtemotion"),
        (version_to_come, "a session of version 99, expected at most 1"),
        (other_model, "was decoded with the model .* name that model's file"),
        (nothing_decoded, "nothing was decoded"),
    ],
)
def test_a_session_that_cannot_be_replayed_says_why(
    tmp_path: Path, session: Path, harm: Callable[[Path, str], None], sentence: str
) -> None:
    copied(session, tmp_path)
    harm(tmp_path, session.name)
    with pytest.raises(SourceError, match=sentence):
        verify((tmp_path / session.name).with_suffix(".json"))


def test_the_contract_of_a_source_holds(session: Path) -> None:
    check_source(SessionSource(session))
    check_source(SessionSource(session, chunk_s=0.3))


def test_a_paced_replay_takes_its_time_and_ticks_while_nothing_comes(session: Path) -> None:
    source = SessionSource(session, speed=20.0)
    items = list(source)
    assert any(isinstance(item, Tick) for item in items)
    assert not math.isnan(source.now())
    samples = sum(len(item) for item in items if isinstance(item, Chunk))
    assert samples == 26 * 128


def test_a_stream_that_begins_in_the_middle_keeps_its_numbers(
    tmp_path: Path, model: Model
) -> None:
    info, chunk = simulated("epoc", 12.0)
    late = replace(chunk, first_sample=7000)
    record(tmp_path / "a.xdf", MemorySource(info, [late]), model)
    verdict = verify(tmp_path / "a.xdf")
    assert (verdict.difference, verdict.frames) == ("", 48)
    first = next(i for i in SessionSource(tmp_path / "a.xdf") if isinstance(i, Chunk))
    assert first.first_sample == 7000


def test_what_an_operator_notes_is_decoded_and_replayed_at_its_sample(
    tmp_path: Path, model: Model
) -> None:
    info, chunk = simulated("epoc", 14.0)
    recorder = Recorder(
        SessionFile(tmp_path / "a.xdf"),
        source := MemorySource(
            info, [chunk.cut(start, start + 64) for start in range(0, len(chunk), 64)]
        ),
    )
    masks = []
    with Engine(source, model, recorder=recorder) as engine:
        for item in engine:
            if isinstance(item, Publication) and item.frame.index == 1280:
                engine.note(Kind.OPERATOR, {"bad": [info.channels[2]]})
                engine.note("missing", {"missing": 50})
            if isinstance(item, Event) and item.kind == Kind.MASK:
                masks.append(item)
    assert masks[-1].payload["bad"] == [info.channels[2]]
    assert masks[-1].sample == 1280
    assert verify(tmp_path / "a.xdf").difference == ""


@pytest.mark.parametrize(
    ("kind", "payload", "sentence"),
    [
        (Kind.STREAM_LOST, {}, "only sources and stages tell of it"),
        ("rtemotion missing", {}, "only sources and stages tell of it"),
        ("note", {"value": np.float32(1.0)}, "not what JSON holds"),
    ],
)
def test_a_note_that_would_break_the_run_is_refused(
    model: Model, kind: str, payload: dict[str, object], sentence: str
) -> None:
    info, chunk = simulated("muse", 1.0)
    with (
        Engine(MemorySource(info, [chunk]), model) as engine,
        pytest.raises(SetupError, match=sentence),
    ):
        engine.note(kind, payload)
