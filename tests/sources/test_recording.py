import math
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import mne
import numpy as np
import pytest

from rtemotion.errors import SourceError
from rtemotion.signal import Chunk, Event, Source, Tick, identical
from rtemotion.sources.recording import RecordingSource, open_recording

from .recording_files import (
    NAMES,
    ONSETS,
    SFREQ,
    WRITERS,
    make_raw,
    samples_of,
    signal,
    write_bdf,
    write_edf,
    write_fif,
)


@pytest.mark.parametrize("write", WRITERS, ids=lambda w: w.__name__)
def test_samples_are_those_written(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    source = RecordingSource(write(tmp_path))
    assert isinstance(source, Source)
    assert source.info.channels == tuple(NAMES)
    assert source.info.kinds == ("eeg", "eeg", "eeg", "eog")
    assert source.info.sfreq == SFREQ
    assert not source.info.simulated
    assert math.isnan(source.now())
    data = samples_of(source)
    assert source.n_samples == len(data) == 1280
    # Half a step of a 16-bit file; float32 files are closer still.
    np.testing.assert_allclose(data, signal().T, rtol=0, atol=5.1e-8)
    source.close()
    source.close()
    assert list(source) == []


@pytest.mark.parametrize("write", [w for w in WRITERS if w is not write_bdf])
def test_events_come_right_before_their_sample(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    source = RecordingSource(write(tmp_path), chunk_s=0.3)
    reached, seen = 0, []
    for item in source:
        if isinstance(item, Chunk):
            assert item.first_sample == reached
            reached = item.stop
        elif isinstance(item, Event):
            assert item.sample == reached
            assert item.kind == "marker"
            assert item.payload["duration"] == pytest.approx(0.25, abs=1e-5)
            description = str(item.payload["description"]).removeprefix("Comment/")
            seen.append((item.sample, description))
    assert sorted(seen) == sorted(ONSETS)
    assert [s for s, _ in seen] == [s for s, _ in ONSETS]


@pytest.mark.parametrize("chunk_s", [0.0078125, 0.05, 0.77, 3.0, 60.0])
def test_chunk_size_changes_nothing(tmp_path: Path, chunk_s: float) -> None:
    path = write_edf(tmp_path)
    flat = []
    for source in (RecordingSource(path, chunk_s=1.0), RecordingSource(path, chunk_s=chunk_s)):
        rows: list[object] = []
        for item in source:
            if isinstance(item, Chunk):
                rows += [
                    (r.tobytes(), t, item.first_sample + i)
                    for i, (r, t) in enumerate(zip(item.data, item.times, strict=True))
                ]
            else:
                rows.append(item)
        flat.append(rows)
    assert flat[0] == flat[1]
    assert len(flat[0]) == 1280 + len(ONSETS)


def test_times_are_index_over_rate_exactly(tmp_path: Path) -> None:
    for item in RecordingSource(write_edf(tmp_path), chunk_s=0.1):
        if isinstance(item, Chunk):
            expected = np.arange(item.first_sample, item.stop) / SFREQ
            assert item.times.tobytes() == expected.tobytes()


def test_iterating_again_gives_the_same(tmp_path: Path) -> None:
    source = open_recording(write_fif(tmp_path))
    pairs = zip(list(source), list(source), strict=True)
    assert all(identical(a, b) for a, b in pairs)


def test_utc_start_is_kept(tmp_path: Path) -> None:
    source = RecordingSource(write_fif(tmp_path))
    assert source.info.start_utc == "2023-11-14T22:13:20+00:00"


def test_a_simulated_recording_says_so(tmp_path: Path) -> None:
    raw = make_raw(signal())
    raw.info["description"] = "rtemotion simulated"
    raw.save(tmp_path / "sim_raw.fif", verbose="ERROR")
    assert RecordingSource(tmp_path / "sim_raw.fif").info.simulated


def test_positions_of_the_file_are_kept(tmp_path: Path) -> None:
    raw = make_raw(signal())
    places = {"Cz": [0.0, 0.0, 0.1], "Pz": [0.0, -0.05, 0.08]}
    raw.set_montage(mne.channels.make_dig_montage(places, coord_frame="head"), on_missing="ignore")
    raw.save(tmp_path / "pos_raw.fif", verbose="ERROR")
    info = RecordingSource(tmp_path / "pos_raw.fif").info
    assert info.has_position.tolist() == [False, True, True, False]
    np.testing.assert_allclose(info.positions[1], [0, 0, 0.1], atol=1e-6)


@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize("first_samp", [0, 500])
def test_a_skip_in_fif_is_missing_samples(tmp_path: Path, first_samp: int, dated: bool) -> None:
    data = signal(2560)
    raw = make_raw(data, first_samp=first_samp, dated=dated)
    raw.annotations.append((512 + first_samp) / SFREQ, 256 / SFREQ, "BAD_ACQ_SKIP")
    path = tmp_path / "skip_raw.fif"
    raw.save(path, fmt="double", buffer_size_sec=1, verbose="ERROR")
    items = list(RecordingSource(path))
    chunks = [item for item in items if isinstance(item, Chunk)]
    missing = [(c.first_sample, c.missing_before) for c in chunks if c.missing_before]
    assert missing == [(768, 256)]
    kept = np.concatenate([data[:, :512], data[:, 768:]], axis=1).T
    np.testing.assert_allclose(np.concatenate([c.data for c in chunks]), kept, atol=1e-12)
    assert chunks[-1].stop == 2560
    events = [item.sample for item in items if isinstance(item, Event)]
    assert events == [s for s, _ in ONSETS]
    assert not [e for e in items if isinstance(e, Event) and "SKIP" in e.payload["description"]]


def test_a_gap_in_edf_plus_d_is_missing_samples(tmp_path: Path) -> None:
    path = write_edf(tmp_path)
    header = path.read_bytes()
    # Records 5 and on start 3 s later than they would.
    body = bytearray(header.replace(b"EDF+C", b"EDF+D"))
    for second in range(9, 4, -1):
        old, new = f"+{second}\x14\x14".encode(), f"+{second + 3}\x14\x14".encode()
        at = bytes(body).index(old)
        body[at : at + len(new) + 1] = new.ljust(len(new) + 1, b"\x00")
    gap = tmp_path / "gap.edf"
    # edfio keeps room for at least one more byte in each record's annotations.
    assert len(body) == len(header)
    gap.write_bytes(bytes(body))
    source = RecordingSource(gap)
    chunks = [item for item in source if isinstance(item, Chunk)]
    missing = [(c.first_sample, c.missing_before) for c in chunks if c.missing_before]
    assert missing == [(8 * 128, 3 * 128)]
    assert source.n_samples == 1280 + 3 * 128
    np.testing.assert_allclose(
        np.concatenate([c.data for c in chunks]), signal().T, rtol=0, atol=5.1e-8
    )


def test_pace_has_no_drift_and_ticks_while_waiting(tmp_path: Path) -> None:
    source = RecordingSource(write_fif(tmp_path), speed=10.0, chunk_s=2.5)
    began = time.monotonic()
    arrivals, ticks, last = [], 0, began
    for item in source:
        now = time.monotonic()
        assert now - last < 0.4
        last = now
        if isinstance(item, Tick):
            ticks += 1
            assert item.idle >= 0
            assert item.time <= source.now()
        if isinstance(item, Chunk):
            arrivals.append(now - began - item.stop / SFREQ / 10)
    # Never early, and as punctual at the end as at the start.
    assert min(arrivals) >= 0
    assert max(arrivals) < 0.3
    assert ticks >= 4


@pytest.mark.parametrize(("speed", "longest"), [(4.0, 10), (50.0, 13)])
def test_paced_chunks_are_20_ms_of_waiting_and_at_most_100_ms_of_signal(
    tmp_path: Path, speed: float, longest: int
) -> None:
    source = RecordingSource(write_fif(tmp_path), speed=speed)
    chunks = [item for item in source if isinstance(item, Chunk)]
    assert max(map(len, chunks)) == longest


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan])
def test_a_speed_that_leads_nowhere_is_refused(tmp_path: Path, speed: float) -> None:
    with pytest.raises(SourceError, match="positive number"):
        RecordingSource(write_fif(tmp_path), speed=speed)


def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    info = mne.create_info([f"E{i}" for i in range(32)], 256.0, "eeg")
    raw = mne.io.RawArray(np.zeros((32, 256 * 300)), info, verbose="ERROR")
    raw.save(tmp_path / "long_raw.fif", verbose="ERROR")
    del raw
    peaks = []
    for seconds in (30, 300):
        source = RecordingSource(tmp_path / "long_raw.fif")
        tracemalloc.start()
        for item in source:
            assert isinstance(item, Chunk)
            if item.times[-1] >= seconds:
                break
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] + 200_000
    assert peaks[1] < 20e6
