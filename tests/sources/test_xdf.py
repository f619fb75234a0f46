import gzip
import logging
import math
import struct
import time
import tracemalloc
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import pyxdf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtemotion.conditioning import ClockStage
from rtemotion.errors import SourceError
from rtemotion.signal import Chunk, Event, FloatArray, Kind, Source, Tick, identical
from rtemotion.sources.recording import open_recording
from rtemotion.sources.xdf import XdfSource
from rtemotion.sources.xdf_chunks import load_streams, read_contents
from rtemotion.testing import check_source, joined

from . import xdf_files as xdf


def parts_of(source: Source) -> tuple[FloatArray, FloatArray, list[Event]]:
    """Return samples, stamps and events, each event checked to come right before its sample."""
    chunks, events, reached = [], [], 0
    for item in source:
        if isinstance(item, Chunk):
            assert item.first_sample == reached
            chunks.append(item)
            reached = item.stop
        elif isinstance(item, Event):
            assert item.sample == reached
            events.append(item)
    data = np.concatenate([c.data for c in chunks])
    return data, np.concatenate([c.times for c in chunks]), events


def test_samples_and_stamps_are_those_written(tmp_path: Path) -> None:
    source = open_recording(xdf.write_session(tmp_path / "a.xdf"))
    assert isinstance(source, XdfSource)
    assert source.info.channels == xdf.LABELS
    assert source.info.timestamps == "raw"
    assert (source.info.sfreq, source.info.unit) == (xdf.SFREQ, "microvolts")
    assert (source.info.name, source.info.source_id, source.info.host) == ("headset", "one", "lab")
    assert source.info.start_utc == "2026-03-01T10:00:00+0100"
    assert not source.info.simulated
    np.testing.assert_allclose(source.info.positions[1], [0, 0.02, 0.09])
    data, times, _ = parts_of(source)
    assert source.n_samples == len(data) == 400
    assert data.tobytes() == (xdf.values_of(400).astype(np.float64) * 1e-6).tobytes()
    np.testing.assert_allclose(times, 1000.0 + np.arange(400) / xdf.SFREQ, rtol=0, atol=1e-9)
    assert math.isnan(source.now())
    source.close()
    source.close()
    assert list(source) == []


def test_events_of_every_stream_in_order(tmp_path: Path) -> None:
    _, _, events = parts_of(XdfSource(xdf.write_session(tmp_path / "a.xdf")))
    found = [(e.sample, e.kind, dict(e.payload)) for e in events]
    assert found == [
        # Known to the recorder from the start.
        (0, Kind.CLOCK_OFFSET, {"offset": 100.0, "remote_time": 1001.0}),
        # 1152 − 50 on the recorder's clock is 1002 on the headset's.
        (128, Kind.MARKER, {"description": "on", "stream": "events"}),
        (160, Kind.CLOCK_OFFSET, {"offset": 100.001, "remote_time": 1002.5}),
        (192, Kind.MARKER, {"description": "off é", "stream": "events"}),
        (224, Kind.MARKER, {"description": "7", "stream": "codes"}),
    ]
    assert [e.time for e in events] == pytest.approx([1101, 1102, 1102.501, 1103, 1103.5])


def test_regular_codes_mark_their_onset(tmp_path: Path) -> None:
    codes = np.array([0, 5, 5, 0, 6, 7, 7, 0])[:, None]
    path = xdf.write(
        tmp_path / "a.xdf",
        xdf.file_header(),
        xdf.stream_header(1),
        xdf.stream_header(2, "trigger", "Stim", 1, xdf.SFREQ, "int16"),
        xdf.samples(1, list(np.arange(8) / 64), xdf.values_of(8)),
        xdf.samples(2, list(np.arange(8) / 64), codes, "int16"),
    )
    _, _, events = parts_of(XdfSource(path))
    assert [(e.sample, e.payload["description"]) for e in events] == [(1, "5"), (4, "6"), (5, "7")]


@pytest.mark.parametrize("chunk_s", [1 / 64, 0.1, 0.77, 60.0])
def test_chunk_size_changes_nothing(tmp_path: Path, chunk_s: float) -> None:
    path = xdf.write_session(tmp_path / "a.xdf", n=9000)
    one = joined(XdfSource(path))
    other = joined(XdfSource(path, chunk_s=chunk_s))
    assert len(one) == len(other)
    assert all(identical(a, b) for a, b in zip(one, other, strict=True))
    again = XdfSource(path, chunk_s=chunk_s)
    assert all(identical(a, b) for a, b in zip(list(again), list(again), strict=True))
    check_source(XdfSource(path, chunk_s=chunk_s))


def test_a_clock_that_starts_anew(tmp_path: Path) -> None:
    before, after = 5000 + np.arange(200) / 64, 10 + np.arange(200) / 64
    path = xdf.write(
        tmp_path / "a.xdf",
        xdf.file_header(),
        xdf.stream_header(1),
        xdf.stream_header(2, "events", "Markers", 1, 0.0, "string"),
        xdf.samples(1, list(before), xdf.values_of(200)),
        xdf.samples(1, list(after), xdf.values_of(200)),
        xdf.texts(2, [101.0, 106.0], ["one", "two"]),
        # All offsets at the end of the file, as some writers leave them.
        xdf.clock_offset(1, 5001.0, -4900.0),
        xdf.clock_offset(1, 11.0, 95.0),
    )
    source = XdfSource(path)
    _, times, events = parts_of(source)
    assert times.tolist() == [*before, *after]
    assert [(e.sample, e.payload.get("description")) for e in events] == [
        *((0, None), (64, "one")),
        *((200, None), (264, "two")),
    ]
    assert [e.time for e in events] == pytest.approx([101, 101, 106, 106])


def test_an_offset_that_is_no_number_is_left_out(tmp_path: Path) -> None:
    path = xdf.write(
        tmp_path / "a.xdf",
        xdf.file_header(),
        xdf.stream_header(1),
        xdf.samples(1, list(np.arange(9) / 64), xdf.values_of(9)),
        xdf.clock_offset(1, 0.05, math.nan),
        xdf.clock_offset(1, 0.06, 3.0),
    )
    assert [e.payload["offset"] for e in parts_of(XdfSource(path))[2]] == [3.0]


def test_paced_replay_keeps_time_and_ticks(tmp_path: Path) -> None:
    stamps = [*(1000 + np.arange(8) / 64), *(1000.5 + np.arange(8) / 64)]
    path = xdf.write(
        tmp_path / "a.xdf",
        xdf.file_header(),
        xdf.stream_header(1),
        xdf.samples(1, stamps, xdf.values_of(16)),
    )
    source, start, ticks = XdfSource(path, speed=1.0), time.monotonic(), 0
    for item in source:
        if isinstance(item, Chunk):
            # A sample comes out when its stamp says, and never before.
            assert source.now() >= item.times[-1] - 1e-6
            assert source.now() - item.times[-1] < 0.2
        elif isinstance(item, Tick):
            ticks += 1
            assert 1000.0 < item.time < 1000.7
            assert 0 <= item.idle < 0.5
    assert 0.55 < time.monotonic() - start < 2.0
    assert ticks >= 3


def test_a_simulated_stream_says_so(tmp_path: Path) -> None:
    path = xdf.write(
        tmp_path / "a.xdf",
        xdf.file_header(),
        xdf.stream_header(1, simulated=True),
        xdf.samples(1, [0.0], xdf.values_of(1)),
    )
    assert XdfSource(path).info.simulated


def test_packed_files_are_read(tmp_path: Path) -> None:
    plain = xdf.write_session(tmp_path / "a.xdf")
    packed = tmp_path / "a.xdfz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert all(map(identical, XdfSource(plain), XdfSource(packed)))
    packed.write_bytes(packed.read_bytes()[:-40])
    with pytest.raises(SourceError, match="cannot be unpacked"):
        XdfSource(packed)


def two_streams(path: Path) -> Path:
    return xdf.write(
        path,
        xdf.file_header(),
        xdf.stream_header(1, "left", source_id="a"),
        xdf.stream_header(2, "right", source_id="b"),
        xdf.samples(1, [0.0, 0.1], xdf.values_of(2)),
        xdf.samples(2, [0.0, 0.1, 0.2], xdf.values_of(3)),
    )


def test_one_of_several_streams_is_named(tmp_path: Path) -> None:
    path = two_streams(tmp_path / "a.xdf")
    with pytest.raises(SourceError, match=r"2 EEG streams.*'left'.*'right'.*name one"):
        XdfSource(path)
    assert XdfSource(path, stream="right").n_samples == 3
    assert open_recording(path, stream="a").n_samples == 2
    with pytest.raises(SourceError, match=r"no stream called 'up'.*'left'.*'right'"):
        XdfSource(path, stream="up")


def test_empty_streams_are_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="rtemotion"):
        XdfSource(xdf.write_session(tmp_path / "a.xdf"))
    assert "'empty' (#4, type EEG" in caplog.text
    assert "is empty, skipped" in caplog.text


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (xdf.stream_header(1, kind="Audio"), "no EEG stream with samples"),
        (xdf.stream_header(1, sfreq=0.0), "the sampling rate cannot be measured.*--sfreq"),
        (xdf.stream_header(1, unit="parsec"), "unit 'parsec' is not known"),
    ],
)
def test_what_cannot_be_decoded_is_refused(tmp_path: Path, header: bytes, message: str) -> None:
    path = tmp_path / "a.xdf"
    xdf.write(path, xdf.file_header(), header, xdf.samples(1, [0.0], xdf.values_of(1)))
    with pytest.raises(SourceError, match=message) as caught:
        XdfSource(path)
    assert str(path) in str(caught.value)


def test_the_unit_can_be_given(tmp_path: Path) -> None:
    head = xdf.file_header() + xdf.stream_header(1, unit="")
    path = xdf.write(tmp_path / "a.xdf", head, xdf.samples(1, [0.0], xdf.values_of(1)))
    data = parts_of(XdfSource(path, unit="mV"))[0]
    np.testing.assert_allclose(data, xdf.values_of(1) * 1e-3)


@pytest.mark.parametrize("stamp", [math.nan, math.inf, 1e300])
def test_stamps_that_are_no_seconds_are_refused(tmp_path: Path, stamp: float) -> None:
    head = xdf.file_header() + xdf.stream_header(1)
    path = xdf.write(tmp_path / "a.xdf", head, xdf.samples(1, [0.0, stamp], xdf.values_of(2)))
    with pytest.raises(SourceError, match=r"sample 1 of stream 'headset'.*expected seconds"):
        XdfSource(path)


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan])
def test_speed_is_positive(tmp_path: Path, speed: float) -> None:
    with pytest.raises(SourceError, match="speed"):
        XdfSource(xdf.write_session(tmp_path / "a.xdf"), speed=speed)


def test_a_count_of_billions_is_not_believed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    body = struct.pack("<I", 2) + b"\x08" + struct.pack("<Q", 2**40) + b"\x00" * 40
    path = xdf.write(
        tmp_path / "a.xdf",
        xdf.file_header(),
        xdf.stream_header(1),
        xdf.stream_header(2, "events", "Markers", 1, 0.0, "string"),
        xdf.samples(1, [0.0], xdf.values_of(1)),
        xdf.chunk(3, body),
    )
    assert XdfSource(path).n_samples == 1
    assert "are left out" in caplog.text


def test_a_file_that_is_cut_off_is_read_as_far_as_it_goes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = xdf.write_session(tmp_path / "a.xdf")
    expected = parts_of(XdfSource(whole))[0]
    content = whole.read_bytes()
    cut = tmp_path / "cut.xdf"
    cut.write_bytes(content[: content.rindex(b"\x08" + struct.pack("<d", 1000 + 350 / 64))])
    data = parts_of(XdfSource(cut))[0]
    assert data.tobytes() == expected[:200].tobytes()
    assert "damaged or cut off" in caplog.text


def session_with_boundaries(path: Path) -> tuple[Path, list[bytes]]:
    """Write ten seconds, a boundary chunk after each; return the chunks of samples too."""
    stamps, values = 1000 + np.arange(640) / 64, xdf.values_of(640)
    chunks = [
        xdf.samples(1, list(stamps[i : i + 64]), values[i : i + 64]) for i in range(0, 640, 64)
    ]
    head = [xdf.file_header(), xdf.stream_header(1), xdf.clock_offset(1, 1000.0, 5.0)]
    return xdf.write(path, *head, *(part for c in chunks for part in (c, xdf.boundary()))), chunks


def test_boundary_chunks_are_passed_over(tmp_path: Path) -> None:
    path, _ = session_with_boundaries(tmp_path / "a.xdf")
    contents = read_contents(path)
    assert contents.spans == ((0, path.stat().st_size),)
    assert contents.kept == contents.sound == contents.size
    assert XdfSource(path).n_samples == 640


@pytest.mark.parametrize("damage", ["its length", "its sample count", "all of it"])
def test_reading_goes_on_after_a_damaged_region(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    path, chunks = session_with_boundaries(tmp_path / "a.xdf")
    content = bytearray(path.read_bytes())
    start = content.index(chunks[4])
    stop = start + len(chunks[4])
    if damage == "its length":
        content[start] = 3
    elif damage == "its sample count":
        content[start + 12] ^= 0x55
    else:
        content[start - 5 : stop - 3] = np.random.default_rng(1).bytes(stop - start + 2)
    path.write_bytes(bytes(content))
    data, times, _ = parts_of(XdfSource(path))
    lost = np.r_[256:320]
    assert times.tolist() == np.delete(1000 + np.arange(640) / 64, lost).tolist()
    expected = np.delete(xdf.values_of(640), lost, axis=0).astype(np.float64) * 1e-6
    assert data.tobytes() == expected.tobytes()
    assert f"of its {len(content)} bytes are left out" in caplog.text


def test_spans_joined_are_a_sound_file(tmp_path: Path) -> None:
    path, chunks = session_with_boundaries(tmp_path / "a.xdf")
    content = bytearray(path.read_bytes())
    for number in (2, 7):
        content[content.index(chunks[number])] = 0
    path.write_bytes(bytes(content))
    contents = read_contents(path)
    assert len(contents.spans) == 3
    assert contents.spans[0] == (0, contents.sound)
    joined_file = tmp_path / "b.xdf"
    joined_file.write_bytes(b"".join(content[start:stop] for start, stop in contents.spans))
    mended = read_contents(joined_file)
    assert mended.problem == ""
    assert mended.streams == contents.streams
    assert mended.streams[0].n_samples == 512
    assert contents.kept == mended.size


def test_chunks_of_a_stream_without_a_header_are_left_out(tmp_path: Path) -> None:
    stray = xdf.samples(7, [0.0], xdf.values_of(1))
    path = xdf.write(
        tmp_path / "a.xdf",
        xdf.file_header(),
        xdf.stream_header(1),
        stray,
        xdf.samples(1, [0.0], xdf.values_of(1)),
    )
    contents = read_contents(path)
    assert "stream 7 that has no header" in contents.problem
    assert contents.kept == contents.size - len(stray)
    assert XdfSource(path).n_samples == 1


def write_stepped(path: Path, step: float, pause: float = 0.0) -> FloatArray:
    """Write 8 s in which the sender's clock is set by `step` after 4 s."""
    stamps = 1000 + np.arange(512) / 64
    stamps[256:] += step + pause
    offsets = [(at, 50.0) for at in (1000.5, 1002.0, 1003.5)]
    offsets += [(at + step + pause, 50.0 - step + 1e-4) for at in (1004.5, 1006.0)]
    xdf.write(
        path,
        xdf.file_header(),
        xdf.stream_header(1),
        xdf.samples(1, list(stamps), xdf.values_of(512)),
        *(xdf.clock_offset(1, at, value) for at, value in offsets),
    )
    return stamps


@pytest.mark.parametrize("step", [0.3, -0.4, 3600.0, -700.0])
def test_a_clock_that_was_set_is_a_step_and_no_gap(tmp_path: Path, step: float) -> None:
    stamps = write_stepped(tmp_path / "a.xdf", step)
    _, times, events = parts_of(XdfSource(tmp_path / "a.xdf"))
    assert times.tolist() == stamps.tolist()
    steps = [e for e in events if e.kind == Kind.CLOCK_STEP]
    assert [e.sample for e in steps] == [256]
    assert steps[0].payload == {"step": pytest.approx(step, abs=1e-9)}
    # The offset of the clock as set holds from the same sample on.
    offsets = [(e.sample, e.payload["offset"]) for e in events if e.kind == Kind.CLOCK_OFFSET]
    assert offsets[0] == (0, 50.0)
    assert (256, 50.0 - step + 1e-4) in offsets
    assert [e.kind for e in events if e.sample == 256] == [Kind.CLOCK_STEP, Kind.CLOCK_OFFSET]
    offset = np.array([[v for s, v in offsets if s <= i][-1] for i in range(512)])
    np.testing.assert_allclose(np.diff(times + offset), 1 / 64, atol=2e-4)


@pytest.mark.parametrize("step", [0.3, -0.4, 3600.0, -700.0])
def test_times_go_on_evenly_across_a_step(tmp_path: Path, step: float) -> None:
    write_stepped(tmp_path / "a.xdf", step)
    source = XdfSource(tmp_path / "a.xdf")
    stage = ClockStage(source.info)
    chunks = [c for item in source for c in stage.process(item) if isinstance(c, Chunk)]
    assert stage.lost == 0
    assert not any(chunk.missing_before for chunk in chunks)
    times = np.concatenate([chunk.times for chunk in chunks])
    assert len(times) == 512
    np.testing.assert_allclose(np.diff(times), 1 / 64, atol=2e-3)


def test_a_loss_is_no_step(tmp_path: Path) -> None:
    write_stepped(tmp_path / "a.xdf", 0.0, pause=0.5)
    assert not [e for e in parts_of(XdfSource(tmp_path / "a.xdf"))[2] if e.kind == Kind.CLOCK_STEP]


def test_a_restart_with_a_pause_is_no_step(tmp_path: Path) -> None:
    write_stepped(tmp_path / "a.xdf", -700.0, pause=20.0)
    assert not [e for e in parts_of(XdfSource(tmp_path / "a.xdf"))[2] if e.kind == Kind.CLOCK_STEP]


def test_times_do_not_shift_when_the_first_offset_comes_late(tmp_path: Path) -> None:
    source = XdfSource(xdf.write_session(tmp_path / "a.xdf"))
    stage = ClockStage(source.info)
    times = np.concatenate(
        [c.times for item in source for c in stage.process(item) if isinstance(c, Chunk)]
    )
    np.testing.assert_allclose(times, 1100 + np.arange(len(times)) / xdf.SFREQ, atol=2e-3)


@pytest.mark.parametrize(("given", "expected"), [(None, 64.0), (60.0, 60.0)])
def test_an_irregular_stream_is_read_at_the_rate_of_its_stamps(
    tmp_path: Path, given: float | None, expected: float
) -> None:
    path = xdf.write(
        tmp_path / "a.xdf",
        xdf.file_header(),
        xdf.stream_header(1, sfreq=0.0),
        xdf.samples(1, list(1000 + np.arange(400) / 64.01), xdf.values_of(400)),
    )
    source = open_recording(path, sfreq=given)
    assert source.info.sfreq == expected
    assert parts_of(source)[0].shape == (400, 3)


def test_a_stated_rate_stands(tmp_path: Path) -> None:
    path = xdf.write_session(tmp_path / "a.xdf")
    assert XdfSource(path, sfreq=50.0).info.sfreq == xdf.SFREQ


@pytest.mark.parametrize("query", ["#2", "b", "name=right", "type=EEG,source_id=b"])
def test_a_stream_is_named_in_every_way(tmp_path: Path, query: str) -> None:
    assert XdfSource(two_streams(tmp_path / "a.xdf"), stream=query).n_samples == 3


def survives(path: Path, content: bytes) -> None:
    """Only a clear error or a sound reading may come of any bytes at all."""
    path.write_bytes(content)
    with suppress(SourceError):
        check_source(XdfSource(path, unit="uV"))


FUZZ = settings(
    max_examples=60, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FUZZ
@given(data=st.data())
def test_any_cut_is_survived(tmp_path: Path, data: st.DataObject) -> None:
    content = xdf.write_session(tmp_path / "whole.xdf", n=60).read_bytes()
    survives(tmp_path / "a.xdf", content[: data.draw(st.integers(0, len(content)))])


@FUZZ
@given(data=st.data())
def test_any_damage_is_survived(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(xdf.write_session(tmp_path / "whole.xdf", n=60).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    survives(tmp_path / "a.xdf", bytes(content))


@FUZZ
@given(content=st.binary(max_size=300), magic=st.booleans())
def test_any_bytes_are_survived(tmp_path: Path, content: bytes, magic: bool) -> None:
    survives(tmp_path / "a.xdf", b"XDF:" * magic + content)


def test_memory_holds_the_samples_once_as_written(tmp_path: Path) -> None:
    path = xdf.write_session(tmp_path / "a.xdf", n=40_000)
    for _ in range(2):  # the first time pays for imports
        tracemalloc.start()
        for item in XdfSource(path):
            del item
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    # float32 samples and a few columns of times; as float64 alone they take 1 MB.
    assert peak < 12e6


@pytest.fixture(
    params=[
        *(f"muse-xdf/sub-P{n}_ses-S001_task-Default_run-001_eeg.xdf" for n in ("001", "003")),
        *(f"muse-xdf/sub-P{n}_ses-S001_task-Default_run-001_eeg.xdf" for n in ("023", "031")),
        "muse-xdf/sub-P050_ses-S001_task-Default_run-001_eeg.xdf",
        *("xdf-readers/clock_resets.xdf", "xdf-readers/minimal.xdf", "eeglab-samples/test.xdf"),
    ]
)
def real(shared_data: Path, request: pytest.FixtureRequest) -> Path:
    return shared_data / str(request.param)


def test_every_numeric_stream_is_what_pyxdf_reads(real: Path) -> None:
    streams, _ = pyxdf.load_xdf(
        str(real), synchronize_clocks=False, dejitter_timestamps=False, handle_clock_resets=False
    )
    contents = read_contents(real)
    listed = {s.id: s for s in contents.streams}
    loaded = load_streams(real, contents, sorted(listed))
    assert set(loaded) == {s["info"]["stream_id"] for s in streams}
    for expected in streams:
        number = expected["info"]["stream_id"]
        assert listed[number].n_samples == len(expected["time_stamps"])
        found = loaded[number]
        assert found["time_stamps"].tobytes() == expected["time_stamps"].tobytes()
        assert np.array_equal(found["time_series"], expected["time_series"])


def test_real_files_give_what_pyxdf_gives(real: Path) -> None:
    streams, _ = pyxdf.load_xdf(
        str(real), synchronize_clocks=False, dejitter_timestamps=False, handle_clock_resets=False
    )
    expected = next(s for s in streams if s["info"]["type"][0] == "EEG")
    source = XdfSource(real, unit="uV")
    data, times, events = parts_of(source)
    eeg = [i for i, kind in enumerate(source.info.kinds) if kind == "eeg"]
    wanted = expected["time_series"].astype(np.float64)[:, eeg] * 1e-6
    assert np.ascontiguousarray(data[:, eeg]).tobytes() == wanted.tobytes()
    assert times.tobytes() == expected["time_stamps"].tobytes()
    offsets = [e.payload["offset"] for e in events if e.kind == Kind.CLOCK_OFFSET]
    assert offsets == expected["clock_values"]
    check_source(XdfSource(real, unit="uV", chunk_s=0.3))


def test_muse_with_empty_streams(shared_data: Path) -> None:
    path = shared_data / "muse-xdf" / "sub-P003_ses-S001_task-Default_run-001_eeg.xdf"
    source = XdfSource(path)
    assert source.info.channels == ("TP9", "AF7", "AF8", "TP10", "AUX_RIGHT")
    assert source.info.kinds == ("eeg",) * 4 + ("misc",)
    # pyxdf's defaults would drop the last sample and the last clock offset of this file.
    assert source.n_samples == 2688
    assert sum(isinstance(item, Event) for item in source) == 3


def test_clock_resets_keep_their_markers_in_place(shared_data: Path) -> None:
    path = shared_data / "xdf-readers" / "clock_resets.xdf"
    _, times, events = parts_of(XdfSource(path, unit="uV"))
    assert len(times) == 27815
    markers = [e for e in events if e.kind == Kind.MARKER]
    assert len(markers) == 175
    assert [m.payload["description"] for m in markers[:5]] == [
        *("XXX", "Test", "Blah", "Test", "Test-1-2-3")
    ]
    assert [m.payload["description"] for m in markers[-2:]] == ["Test-1-2-3", "XXX"]
    # Both streams come from one computer, so a marker lies at its own stamp among the samples.
    for marker, stamp in zip(
        markers[:3], (653153.212188, 653156.0017, 653158.235593), strict=True
    ):
        assert times[marker.sample - 1] < stamp + 2e-3
        assert times[marker.sample] >= stamp - 2e-3
    last = markers[-1]
    assert times[last.sample] == pytest.approx(259.653828, abs=0.05)
    assert all(a.sample <= b.sample for a, b in pairwise(events))


def test_minimal_file_has_what_its_page_says(shared_data: Path) -> None:
    data, times, events = parts_of(XdfSource(shared_data / "xdf-readers/minimal.xdf", unit="V"))
    assert data.tolist()[:2] == [[192, 255, 238], [12, 22, 32]]
    np.testing.assert_allclose(times, np.arange(51, 60) / 10)
    texts = [e.payload["description"] for e in events if e.kind == Kind.MARKER]
    assert texts[1:5] == ["Hello", "World", "from", "LSL"]
    assert len(texts) == 9


def test_a_file_without_eeg_lists_its_streams(shared_data: Path) -> None:
    with pytest.raises(SourceError, match=r"no EEG stream.*'ctrl'.*Empty marker stream"):
        XdfSource(shared_data / "xdf-readers" / "empty_streams.xdf")
