"""Features of a recording are those of the live path."""

import json
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from rtemotion.conditioning import ConditioningDesign
from rtemotion.errors import SetupError, SourceError
from rtemotion.extract import Extraction, extract
from rtemotion.features import FeatureSchema, FeatureStage
from rtemotion.pipeline import Setup, chain, feature_stages
from rtemotion.signal import Chunk, Event, FeatureFrame, StreamInfo
from rtemotion.sources.memory import MemorySource

from .helpers import simulated

SCHEMA = FeatureSchema(measures=("imcoh", "wpli"))
LIVE = Extraction(SCHEMA, ConditioningDesign())


@pytest.fixture(scope="module")
def stream() -> tuple[StreamInfo, list[Chunk]]:
    """20 s of a headband with ten samples missing after 12 s."""
    info, chunk = simulated("muse", 20.0)
    later = chunk.cut(3082, len(chunk))
    second = Chunk(later.data, 3082, later.times, later.flags, missing_before=10)
    return info, [chunk.cut(0, 1000), chunk.cut(1000, 3072), second]


def frames_of(info: StreamInfo, chunks: list[Chunk]) -> list[FeatureFrame]:
    stages, _ = feature_stages(info, SCHEMA, ConditioningDesign())
    items = [out for chunk in chunks for out in chain(stages, chunk)]
    return [item for item in items if isinstance(item, FeatureFrame)]


def test_every_window_is_written_as_it_would_have_been_live(
    stream: tuple[StreamInfo, list[Chunk]], tmp_path: Path
) -> None:
    info, chunks = stream
    frames = frames_of(info, chunks)
    what = Extraction(SCHEMA, ConditioningDesign(), float64=True)
    done = extract(MemorySource(info, chunks), tmp_path / "a.h5", what)
    assert (done.frames, done.gaps, done.finished) == (len(frames), 1, True)
    assert done.full == sum(frame.full for frame in frames) > 10
    with h5py.File(tmp_path / "a.h5") as file:
        for name in ("power", "connectivity"):
            expected = np.stack([getattr(frame, name) for frame in frames])
            np.testing.assert_array_equal(file[name][:], expected)
        assert file["index"][:].tolist() == [frame.index for frame in frames]
        np.testing.assert_array_equal(file["times"][:], [frame.time for frame in frames])
        assert file["channels"].asstr()[:].tolist() == list(info.channels)
        assert file["power_bands"].asstr()[:].tolist() == [b.name for b in SCHEMA.bands]
        edges = ["theta", "alpha", "beta", "gamma"]
        assert file["connectivity_bands"].asstr()[:].tolist() == edges
        assert file["measures"].asstr()[:].tolist() == ["imcoh", "wpli"]
        assert file["pairs"][:].tolist() == frames[0].pairs.tolist()
        assert file.attrs["simulated"]
        assert file.attrs["complete"]
        np.testing.assert_array_equal(file["segments"][:], [f.segments for f in frames])
        assert file["power_band_edges"][1].tolist() == [4.0, 8.0]
        assert json.loads(file.attrs["conditioning"])["reference"] == "average"


def test_single_precision_is_the_default(
    stream: tuple[StreamInfo, list[Chunk]], tmp_path: Path
) -> None:
    extract(MemorySource(*stream), tmp_path / "a.h5", LIVE)
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["connectivity"].dtype == np.float32
        assert file["power"].dtype == np.float64


def test_raw_is_the_signal_as_it_was(
    stream: tuple[StreamInfo, list[Chunk]], tmp_path: Path
) -> None:
    info, chunks = stream
    stage = FeatureStage(info.pick([2, 0]), SCHEMA)
    frames = []
    for c in chunks:
        picked = Chunk(c.data[:, [2, 0]], c.first_sample, c.times, c.flags[:, [2, 0]],
                       c.missing_before)  # fmt: skip
        frames += list(stage.process(picked))
    what = Extraction(SCHEMA, setup=Setup(channels=("AF8", "TP9:left")), float64=True)
    extract(MemorySource(info, chunks), tmp_path / "a.h5", what)
    with h5py.File(tmp_path / "a.h5") as file:
        expected = np.stack([frame.power for frame in frames])
        np.testing.assert_array_equal(file["power"][:], expected)
        assert file["channels"].asstr()[:].tolist() == ["AF8", "left"]
        assert json.loads(file.attrs["conditioning"]) is None


def test_events_and_gaps_are_kept_beside_the_windows(
    stream: tuple[StreamInfo, list[Chunk]], tmp_path: Path
) -> None:
    info, chunks = stream
    marker = Event(1000, 1000 / info.sfreq, "marker", {"description": "eyes closed"})
    items = [chunks[0], marker, *chunks[1:]]
    for number, what in enumerate((LIVE, Extraction(SCHEMA))):
        path = tmp_path / f"{number}.h5"
        assert extract(MemorySource(info, items), path, what).gaps == 1
        with h5py.File(path) as file:
            assert file["event_kinds"].asstr()[:].tolist() == ["marker", "gap"]
            assert file["event_index"][:].tolist() == [1000, 3082]
            assert file["event_times"][0] == marker.time
            payloads = [json.loads(text) for text in file["event_payloads"].asstr()[:]]
            assert payloads == [{"description": "eyes closed"}, {"missing": 10}]


def test_naming_a_descriptor_twice_gives_it_once(
    stream: tuple[StreamInfo, list[Chunk]], tmp_path: Path
) -> None:
    what = Extraction(
        SCHEMA, ConditioningDesign(), also=("log", "log", "graph:wpli", "graph:wpli")
    )
    extract(MemorySource(*stream), tmp_path / "a.h5", what)
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["log_power"].shape == file["power"].shape


def test_stopping_early_keeps_what_there_is(
    stream: tuple[StreamInfo, list[Chunk]], tmp_path: Path
) -> None:
    done = extract(
        MemorySource(*stream), tmp_path / "a.h5", LIVE, go_on=lambda sample: sample < 640
    )
    assert (done.frames, done.finished) == (10, False)
    with h5py.File(tmp_path / "a.h5") as file:
        assert not file.attrs["complete"]
        assert file["index"][:].tolist() == [64 * (m + 1) for m in range(10)]


class Breaking(MemorySource):
    """A source that turns out to be damaged half way."""

    def __iter__(self) -> Iterator[Chunk]:
        for number, item in enumerate(super().__iter__()):
            if number == 1:
                raise SourceError("damaged half way")
            yield item


def test_a_failure_leaves_no_file(stream: tuple[StreamInfo, list[Chunk]], tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="half way"):
        extract(Breaking(*stream), tmp_path / "a.h5", LIVE)
    what = Extraction(SCHEMA, ConditioningDesign(), also=("nonsense",))
    with pytest.raises(SetupError, match="nonsense"):
        extract(MemorySource(*stream), tmp_path / "a.h5", what)
    assert list(tmp_path.iterdir()) == []


def test_one_channel_has_power_and_no_pairs(
    stream: tuple[StreamInfo, list[Chunk]], tmp_path: Path
) -> None:
    what = Extraction(SCHEMA, setup=Setup(channels=("AF7",)))
    extract(MemorySource(*stream), tmp_path / "a.h5", what)
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["connectivity"].shape[1:] == (2, 4, 0)
        assert np.isfinite(file["power"][31]).all()
