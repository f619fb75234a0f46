import shutil
from collections.abc import Callable
from pathlib import Path

import edfio
import mne
import numpy as np
import pytest

from rtemotion.errors import SourceError
from rtemotion.signal import Chunk
from rtemotion.sources.recording import RecordingSource

from . import recording_files as files


def refused(path: Path, match: str, unit: str | None = None) -> str:
    with pytest.raises(SourceError, match=match) as caught:
        list(RecordingSource(path, unit=unit))
    message = str(caught.value)
    assert path.stem in message
    assert "\n" not in message
    return message


def cut(path: Path, keep: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])


def test_a_missing_file(tmp_path: Path) -> None:
    refused(tmp_path / "gone.edf", "no recording at")


@pytest.mark.parametrize("name", ["dir.edf", "dir.fif", "dir.set", "dir"])
def test_a_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    refused(tmp_path / name, "is a folder")


@pytest.mark.parametrize("ext", ["edf", "bdf", "fif", "fif.gz", "vhdr", "set", "gdf", "cnt"])
def test_an_empty_file(tmp_path: Path, ext: str) -> None:
    (tmp_path / f"x.{ext}").touch()
    with pytest.raises(SourceError, match="is empty"):
        RecordingSource(tmp_path / f"x.{ext}")


@pytest.mark.parametrize("ext", ["edf", "bdf", "fif", "fif.gz", "vhdr", "set", "gdf", "cnt"])
@pytest.mark.parametrize("start", [b"", b"\x89PNG\r\n\x1a\n"], ids=["random", "png"])
def test_foreign_bytes(tmp_path: Path, ext: str, start: bytes) -> None:
    path = tmp_path / f"x.{ext}"
    path.write_bytes(start + np.random.default_rng(3).bytes(6000))
    with pytest.raises(SourceError, match="could not be read|is not (EDF|BDF|GDF|FIF) inside"):
        RecordingSource(path)


@pytest.mark.parametrize("keep", [0.02, 0.1, 0.5, 0.97])
@pytest.mark.parametrize(
    "write",
    [files.write_edf, files.write_bdf, files.write_fif, files.write_fif_gz, files.write_set],
)
def test_a_truncated_file(tmp_path: Path, write: Callable[[Path], Path], keep: float) -> None:
    path = write(tmp_path)
    cut(path, keep)
    with pytest.raises(SourceError):
        list(RecordingSource(path))


def test_edf_one_record_short(tmp_path: Path) -> None:
    path = files.write_edf(tmp_path)
    cut(path, 0.95)
    refused(path, "announces 10 data records and 9 are there")


def test_an_unclosed_edf_is_read_to_its_end(tmp_path: Path) -> None:
    path = files.write_edf(tmp_path)
    data = bytearray(path.read_bytes())
    data[236:244] = b"-1      "
    path.write_bytes(bytes(data))
    assert sum(len(c) for c in RecordingSource(path) if isinstance(c, Chunk)) == 1280


def test_brainvision_data_cut_off(tmp_path: Path) -> None:
    path = files.write_brainvision(tmp_path)
    data = path.with_suffix(".eeg")
    data.write_bytes(data.read_bytes()[:-3])
    refused(path, "cut off")


@pytest.mark.parametrize(("write", "part"), [("write_brainvision", ".eeg")])
def test_a_missing_part(tmp_path: Path, write: str, part: str) -> None:
    path = getattr(files, write)(tmp_path)
    path.with_suffix(part).unlink()
    refused(path, "could not be read")


def test_a_set_without_its_fdt(tmp_path: Path, shared_data: Path) -> None:
    shutil.copy(shared_data / "eeglab-samples/eeglab_data.set", tmp_path / "x.set")
    refused(tmp_path / "x.set", r"\.fdt")


def test_a_set_with_half_its_fdt(tmp_path: Path, shared_data: Path) -> None:
    for ext in ("set", "fdt"):
        data = (shared_data / f"eeglab-samples/eeglab_data.{ext}").read_bytes()
        (tmp_path / f"eeglab_data.{ext}").write_bytes(data)
    cut(tmp_path / "eeglab_data.fdt", 0.5)
    refused(tmp_path / "eeglab_data.set", "cut off")


def test_bdf_named_edf_and_the_other_way(tmp_path: Path) -> None:
    refused(files.write_bdf(tmp_path).rename(tmp_path / "a.edf"), "holds BDF")
    refused(files.write_edf(tmp_path).rename(tmp_path / "b.bdf"), "holds EDF")


def test_an_unknown_extension_lists_the_known(tmp_path: Path) -> None:
    (tmp_path / "x.foo").write_bytes(b"1")
    assert ".vhdr" in refused(tmp_path / "x.foo", r"expected one of \.edf")


@pytest.mark.parametrize(("ext", "wanted"), [("eeg", "vhdr"), ("vmrk", "vhdr"), ("fdt", "set")])
def test_a_part_names_the_whole(tmp_path: Path, ext: str, wanted: str) -> None:
    (tmp_path / f"x.{ext}").write_bytes(b"1")
    refused(tmp_path / f"x.{ext}", rf"open the \.{wanted}")


def test_no_eeg_channel_lists_what_there_is(tmp_path: Path) -> None:
    info = mne.create_info(["a", "b", "c"], 100.0, ["ecg", "ecg", "stim"])
    raw = mne.io.RawArray(np.zeros((3, 500)), info, verbose="ERROR")
    raw.save(tmp_path / "x_raw.fif", verbose="ERROR")
    refused(tmp_path / "x_raw.fif", "found 2 ecg, 1 stim")


def test_duplicate_eeg_names_in_edf(tmp_path: Path) -> None:
    names = ["Fp1", "Cz", "Cz", "Pz"]
    edfio.Edf(files.edf_signals(files.signal(), names=names)).write(tmp_path / "x.edf")
    refused(tmp_path / "x.edf", "more than one EEG channel called Cz")


def test_duplicate_names_of_other_channels_are_harmless(tmp_path: Path) -> None:
    names = ["ACC", "Cz", "ACC", "Pz", "Fz"]
    data = np.vstack([files.signal(), files.signal()[:1]])
    edfio.Edf(files.edf_signals(data, names=names)).write(tmp_path / "x.edf")
    info = RecordingSource(tmp_path / "x.edf").info
    assert info.kinds == ("misc", "eeg", "misc", "eeg", "eeg")


def test_duplicate_names_in_brainvision(tmp_path: Path) -> None:
    path = files.write_brainvision(tmp_path)
    path.write_text(path.read_text("utf-8").replace("=Pz,", "=Cz,"), "utf-8")
    refused(path, "more than one EEG channel called Cz")


@pytest.mark.parametrize("dimension", ["", "xx"])
def test_an_unstated_unit_in_edf(tmp_path: Path, dimension: str) -> None:
    path = tmp_path / "x.edf"
    edfio.Edf(files.edf_signals(files.signal(), dimension)).write(path)
    refused(path, "--unit uV")
    data = files.samples_of(RecordingSource(path, unit="uV"))
    np.testing.assert_allclose(data, files.signal().T, rtol=0, atol=5.1e-8)


@pytest.mark.parametrize(("dimension", "factor"), [("nV", 1e-9), ("mV", 1e-3), ("UV", 1e-6)])
def test_units_mne_takes_for_volts(tmp_path: Path, dimension: str, factor: float) -> None:
    path = tmp_path / "x.edf"
    edfio.Edf(files.edf_signals(files.signal(), dimension)).write(path)
    data = files.samples_of(RecordingSource(path, unit="V"))  # a stated unit stands
    np.testing.assert_allclose(data, files.signal().T * 1e6 * factor, rtol=0, atol=0.0511 * factor)


def test_an_unstated_unit_in_brainvision(tmp_path: Path) -> None:
    path = files.write_brainvision(tmp_path)
    path.write_text(path.read_text("utf-8").replace("µV", "xx"), "utf-8")
    refused(path, "--unit uV")
    data = files.samples_of(RecordingSource(path, unit="uV"))
    np.testing.assert_allclose(data, files.signal().T, rtol=0, atol=5.1e-8)
