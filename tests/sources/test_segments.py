from pathlib import Path

import edfio
import mne
import numpy as np
import pytest

from rtemotion.errors import SourceError
from rtemotion.signal import Chunk, Event
from rtemotion.sources.recording import RecordingSource
from rtemotion.sources.segments import Annotation, Segment, annotated_segments, record_segments
from rtemotion.testing import check_source

from . import recording_files as files
from .eeglab_files import SFREQ, write_eeglab
from .reading import parts_of


def microvolts(n: int = 1280) -> np.ndarray:
    return np.random.default_rng(8).normal(0, 20, (4, n)).astype(np.float32)


def gaps_of(chunks: list[Chunk]) -> list[tuple[int, int]]:
    return [(c.first_sample, c.missing_before) for c in chunks if c.missing_before]


def places_of(events: list[Event]) -> list[tuple[int, str]]:
    return [(e.sample, e.payload["description"]) for e in events]


def test_a_boundary_of_eeglab_is_missing_samples_and_a_marker(tmp_path: Path) -> None:
    events = [
        *(("go", 101.0, 0.0), ("boundary", 500.5, 256.0), ("go", 501.0, 0.0)),
        *(("boundary", 900.5, None), ("stop", 950.0, 1.0)),
    ]
    source = RecordingSource(write_eeglab(tmp_path / "a.set", microvolts(), events))
    chunks, found = parts_of(source)
    assert gaps_of(chunks) == [(756, 256), (1157, 1)]
    assert places_of(found) == [
        *((100, "go"), (756, "boundary"), (756, "go"), (1157, "boundary"), (1206, "stop"))
    ]
    assert found[4].time == pytest.approx(1206 / SFREQ)
    assert all(np.isfinite(e.payload["duration"]) for e in found)
    assert source.n_samples == 1280 + 257
    data = np.concatenate([chunk.data for chunk in chunks])
    np.testing.assert_allclose(data, microvolts().T * 1e-6, rtol=1e-6)
    check_source(RecordingSource(tmp_path / "a.set", chunk_s=0.3))


@pytest.mark.parametrize(
    ("events", "gaps"),
    [
        ([("boundary", 0.5, 100.0)], []),
        ([("boundary", 1280.5, 100.0)], []),
        ([("boundary", 400.5, 0.0)], [(401, 1)]),
        ([(-99, 400.5, 20.0)], [(420, 20)]),
        ([("boundary", 400.5, 1e10)], [(401, 1)]),
        ([("boundary", 400.5, 20.0), ("boundary", 400.5, 30.0)], [(430, 30)]),
    ],
    ids=["start", "end", "no length", "ERPLAB", "absurd", "twice"],
)
def test_odd_boundaries(
    tmp_path: Path,
    events: list[tuple[object, float, float | None]],
    gaps: list[tuple[int, int]],
) -> None:
    source = RecordingSource(write_eeglab(tmp_path / "a.set", microvolts(), events))
    chunks, found = parts_of(source)
    assert gaps_of(chunks) == gaps
    assert len(found) == len(events)
    assert sum(map(len, chunks)) == 1280


def test_epochs_are_refused_with_the_remedy(tmp_path: Path) -> None:
    path = write_eeglab(tmp_path / "a.set", microvolts(), trials=10)
    with pytest.raises(SourceError, match=r"holds 10 epochs.*expected the continuous one.*EEGLAB"):
        RecordingSource(path)


def test_a_new_segment_of_brainvision_is_a_gap(tmp_path: Path) -> None:
    path = files.write_brainvision(tmp_path)
    markers = path.with_suffix(".vmrk")
    text = markers.read_text("utf-8").rstrip()
    markers.write_text(f"{text}\nMk99=New Segment,,641,1,0,20240101120000000000\n", "utf-8")
    chunks, events = parts_of(RecordingSource(path))
    assert gaps_of(chunks) == [(641, 1)]
    assert [e.sample for e in events if "New Segment" in e.payload["description"]] == [641]
    assert events[-1].sample == 1241


def test_recordings_joined_by_mne_have_a_gap_between_them(tmp_path: Path) -> None:
    info = mne.create_info(files.NAMES, files.SFREQ, ["eeg", "eeg", "eeg", "eog"])
    parts = [mne.io.RawArray(files.signal(640), info, verbose="ERROR") for _ in range(2)]
    mne.concatenate_raws(parts, verbose="ERROR").save(tmp_path / "a_raw.fif", verbose="ERROR")
    chunks, _ = parts_of(RecordingSource(tmp_path / "a_raw.fif"))
    assert gaps_of(chunks) == [(641, 1)]


def write_discontinuous(path: Path, kind: str) -> Path:
    """Write five records of 2 s, of which the last two start 1 s later."""
    options = {"annotations": files.edf_annotations(), "data_record_duration": 2}
    if kind == "EDF":
        edf = edfio.Edf(files.edf_signals(files.signal()), **options)
    else:
        signals = [
            edfio.BdfSignal(
                row * 1e6,
                files.SFREQ,
                label=name,
                physical_dimension="uV",
                physical_range=(-838.8608, 838.8607),
            )
            for row, name in zip(files.signal(), files.NAMES, strict=True)
        ]
        edf = edfio.Bdf(signals, **options)
    edf.write(path)
    content = path.read_bytes().replace(f"{kind}+C".encode(), f"{kind}+D".encode())
    for old, new in ((b"+8\x14\x14", b"+9\x14\x14"), (b"+6\x14\x14", b"+7\x14\x14")):
        assert content.count(old) == 1
        content = content.replace(old, new)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("kind", ["EDF", "BDF"])
def test_a_gap_between_records_is_missing_samples(tmp_path: Path, kind: str) -> None:
    source = RecordingSource(write_discontinuous(tmp_path / f"a.{kind.lower()}", kind))
    chunks, events = parts_of(source)
    assert gaps_of(chunks) == [(7 * 128, 128)]
    assert source.n_samples == 1280 + 128
    data = np.concatenate([chunk.data for chunk in chunks])
    np.testing.assert_allclose(data, files.signal().T, rtol=0, atol=5.1e-8)
    # Annotations state the time that passed, gaps included.
    assert sorted(places_of(events)) == sorted(files.ONSETS)


def test_records_that_follow_each_other_are_one_segment() -> None:
    assert record_segments([5.0, 6.0, 7.0], 10, 10.0) == (Segment(0, 30, 0),)
    assert record_segments([0.0, 1.0, 4.5], 10, 10.0) == (Segment(0, 20, 0), Segment(20, 30, 45))
    # Records that overlap by their onsets lose nothing.
    assert record_segments([0.0, 0.9, 1.9], 10, 10.0) == (Segment(0, 30, 0),)


def test_skips_and_breaks_together() -> None:
    notes = [
        *(Annotation(1.0, 0.5, "BAD_ACQ_SKIP"), Annotation(3.0, 0.0, "EDGE boundary")),
        Annotation(2.0, 1.0, "anything else"),
    ]
    assert annotated_segments(notes, 100.0, 500) == (
        *(Segment(0, 100, 0), Segment(150, 300, 150), Segment(300, 500, 301)),
    )
