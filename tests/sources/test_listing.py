import json
import shutil
from pathlib import Path

import pytest

from rtemotion.errors import SourceError
from rtemotion.sources.listing import RecordingSummary, list_recordings, summarise
from rtemotion.sources.recording import open_recording

from . import gdf_files, recording_files, xdf_files
from .eeglab_files import write_eeglab
from .test_gdf import EVENTS, microvolts
from .test_text import write_muse, write_openbci


def by_name(folder: Path) -> dict[str, RecordingSummary]:
    return {summary.path.name: summary for summary in list_recordings(folder)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for write in recording_files.WRITERS:
        write(tmp_path)
    gdf_files.write_gdf(tmp_path / "a.gdf", microvolts(), recording_files.NAMES, events=EVENTS)
    xdf_files.write_session(tmp_path / "a.xdf")
    write_muse(tmp_path / "muse.csv", 512)
    write_openbci(tmp_path / "openbci.txt", list(range(200)))
    return tmp_path


def test_headers_tell_what_reading_tells(folder: Path) -> None:
    for summary in list_recordings(folder):
        assert summary.problem == ""
        source = open_recording(summary.path)
        assert summary.channels == source.info.channels
        assert summary.kinds == source.info.kinds
        assert summary.n_channels == source.info.n_channels
        assert summary.sfreq == source.info.sfreq
        assert summary.unit == source.info.unit
        assert summary.seconds == pytest.approx(source.n_samples / source.info.sfreq, abs=0.01)
        json.dumps(summary.as_dict())
        source.close()


def test_formats_and_events(folder: Path) -> None:
    found = by_name(folder)
    assert {name: (s.format, s.events) for name, s in found.items()} == {
        "rec.edf": ("EDF", None),
        "rec.bdf": ("BDF", 0),
        "rec_raw.fif": ("FIF", 5),
        "rec_raw.fif.gz": ("FIF", 5),
        "undated_raw.fif": ("FIF", 5),
        "rec.vhdr": ("BrainVision", 5),
        "rec.set": ("EEGLAB", 5),
        "a.gdf": ("GDF", 4),
        "a.xdf": ("XDF", 2),
        "muse.csv": ("CSV (muse-lsl)", None),
        "openbci.txt": ("text (OpenBCI)", None),
    }
    assert len(found["a.xdf"].streams) == 4
    assert "type Markers" in found["a.xdf"].streams[1]


def test_parts_are_folded_into_their_recording(folder: Path) -> None:
    (folder / "a.json").write_text("{}")
    found = by_name(folder)
    assert {p.name for p in found["rec.vhdr"].sidecars} == {"rec.eeg", "rec.vmrk"}
    assert [p.name for p in found["a.xdf"].sidecars] == ["a.json"]
    assert not {"rec.eeg", "rec.vmrk", "a.json"} & set(found)


def test_a_part_without_its_recording_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "lost.eeg").write_bytes(b"1")
    (summary,) = list_recordings(tmp_path)
    assert "one part of a recording; open the .vhdr" in summary.problem


def test_later_parts_of_a_fif_are_no_recordings_of_their_own(tmp_path: Path) -> None:
    whole = recording_files.write_fif(tmp_path)
    for name in ("rec_raw-1.fif", "rec_raw-2.fif"):
        shutil.copy(whole, tmp_path / name)
    assert list(by_name(tmp_path)) == ["rec_raw.fif"]


def test_one_bad_file_does_not_hide_the_others(folder: Path) -> None:
    (folder / "bad.edf").write_bytes(b"0       " + bytes(500))
    (folder / "empty.fif").touch()
    (folder / "damaged.set").write_bytes(b"MATLAB 5.0" + bytes(200))
    write_eeglab(folder / "epochs.set", microvolts(), trials=10)
    found = by_name(folder)
    assert "is not EDF inside" in found["bad.edf"].problem
    assert "is empty" in found["empty.fif"].problem
    assert "no MATLAB file inside" in found["damaged.set"].problem
    assert "10 epochs" in found["epochs.set"].problem
    assert sum(not summary.problem for summary in found.values()) == 11


def test_folders_below_are_listed_with_their_bids_names(tmp_path: Path) -> None:
    place = tmp_path / "sub-07" / "ses-b" / "eeg"
    place.mkdir(parents=True)
    recording_files.write_edf(place)
    shutil.copy(place / "rec.edf", place / "sub-07_ses-b_task-rest_eeg.edf")
    hidden = tmp_path / ".cache"
    hidden.mkdir()
    recording_files.write_edf(hidden)
    found = by_name(tmp_path)
    assert list(found) == ["rec.edf", "sub-07_ses-b_task-rest_eeg.edf"]
    assert {(s.subject, s.session) for s in found.values()} == {("07", "b")}
    assert summarise(tmp_path / "x.edf").problem.startswith("there is no recording at")


def test_texts_that_hold_no_numbers_are_no_recordings(tmp_path: Path) -> None:
    (tmp_path / "LICENSE.txt").write_text("Redistribution and use\nin source\n")
    (tmp_path / "names.csv").write_text("a,b\nanna,berta\n")
    (tmp_path / "table.csv").write_text("a,b,c,d\n" + "1,2,3,4\n" * 20)
    (summary,) = list_recordings(tmp_path)
    assert summary.path.name == "table.csv"
    assert "[text] of a profile" in summary.problem


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no folder"):
        list(list_recordings(tmp_path / "gone"))
