"""Damaged recordings are read or refused; nothing else may come of them."""

import gzip
import importlib.util
import logging
import struct
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy.io import savemat

from rtemotion.errors import SourceError
from rtemotion.sources.listing import summarise
from rtemotion.sources.mat_check import check_mat
from rtemotion.sources.recording import RecordingSource

from . import recording_files as files
from .eeglab_files import write_eeglab
from .reading import parts_of


def _fuzzer() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "fuzz_readers.py"
    spec = importlib.util.spec_from_file_location("fuzz_readers", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fuzzer = _fuzzer()


@pytest.mark.parametrize("name", fuzzer.seeds())
def test_mutations_are_read_or_refused(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    write, outcomes = fuzzer.seeds()[name], set()
    for seed in range(30):
        with fuzzer.mutated(name, write, tmp_path, seed) as path:
            outcomes.add(fuzzer.read(path))
    # A packed file notices any change by itself.
    assert outcomes == {"refused"} | ({"read"} if "packed" not in name else set())


def matlab(path: Path, **options: object) -> Path:
    cells = np.empty((2, 2), dtype=object)
    cells[:] = [[1, "words"], [np.eye(3), {"a": 2 + 3j}]]
    variables = {"x": np.arange(6.0), "s": {"f": 1, "long_name": "é"}, "c": cells, "e": []}
    savemat(path, variables, **options)
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_whole_matlab_files_pass(tmp_path: Path, packed: bool) -> None:
    check_mat(matlab(tmp_path / "a.set", do_compression=packed))


def test_real_sets_pass(shared_data: Path) -> None:
    check_mat(shared_data / "eeglab-samples" / "eeglab_data.set")


@pytest.mark.parametrize("packed", [False, True])
def test_cut_or_flipped_matlab_files_never_reach_their_reader(
    tmp_path: Path, packed: bool
) -> None:
    path = matlab(tmp_path / "a.set", do_compression=packed)
    content = path.read_bytes()
    for keep in range(130, len(content), 23):
        path.write_bytes(content[:keep])
        with pytest.raises(SourceError, match="damaged"):
            check_mat(path)


def test_a_structure_of_billions_of_events_is_not_believed(tmp_path: Path) -> None:
    events = [("on", 10.0 * k, 0.0) for k in range(1, 4)]
    path = write_eeglab(tmp_path / "a.set", files.signal() * 1e6, events)
    content = path.read_bytes()
    # The dimensions of the events, 3 × 1 or 1 × 3, follow the flags of a structure.
    flags = struct.pack("<II", 6, 8) + struct.pack("<II", 2, 0)
    places = [i for i in range(len(content)) if content.startswith(flags, i)]
    damaged = 0
    for place in places:
        at = place + len(flags) + 8
        if 3 in struct.unpack_from("<ii", content, at):
            path.write_bytes(content[:at] + struct.pack("<ii", 2**30, 3) + content[at + 8 :])
            with pytest.raises(SourceError, match="no room for"):
                RecordingSource(path)
            damaged += 1
    assert damaged


def test_matlab_73_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a.set"
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + b"\x89HDF" + bytes(600))
    with pytest.raises(SourceError, match=r"MATLAB 7\.3.*save it again from EEGLAB"):
        RecordingSource(path)


@pytest.mark.parametrize("packed", [False, True])
def test_tags_of_a_fif_that_lead_in_a_circle(tmp_path: Path, packed: bool) -> None:
    path = files.write_fif(tmp_path)
    content = bytearray(path.read_bytes())
    # The second tag names the first as the next one.
    second = 16 + struct.unpack_from(">i", content, 8)[0]
    content[second + 12 : second + 16] = struct.pack(">i", 16 + 20)
    if packed:
        path = path.with_name("rec_raw.fif.gz")
        path.write_bytes(gzip.compress(bytes(content)))
    else:
        path.write_bytes(bytes(content))
    with pytest.raises(SourceError, match="in a circle"):
        RecordingSource(path)


def test_a_channel_of_no_known_type(tmp_path: Path) -> None:
    path = files.write_fif(tmp_path)
    content = bytearray(path.read_bytes())
    at = content.index(b"Fp1\0") - 80 + 8
    content[at : at + 4] = struct.pack(">i", 17649)
    path.write_bytes(bytes(content))
    with pytest.raises(SourceError, match="could not be read in its description"):
        RecordingSource(path)


def test_annotations_that_are_not_utf_8_are_latin_1(tmp_path: Path) -> None:
    path = files.write_edf(tmp_path)
    content = path.read_bytes()
    assert content.count(b"odd") == 1
    path.write_bytes(content.replace(b"odd", b"\xe9t\xe9"))
    descriptions = [e.payload["description"] for e in parts_of(RecordingSource(path))[1]]
    assert descriptions == ["start", "a", "b", "été", "end"]


def test_a_header_that_names_no_file_is_listed(tmp_path: Path) -> None:
    path = files.write_brainvision(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"rec.eeg", b"rec\0./g"))
    assert summarise(path).problem
