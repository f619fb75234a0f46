from pathlib import Path

import numpy as np
import pytest

from rtemotion.signal import Chunk, Event, FloatArray
from rtemotion.sources.recording import RecordingSource


def read(path: Path) -> tuple[RecordingSource, FloatArray, list[Event]]:
    source = RecordingSource(path)
    items = list(source)
    data = np.concatenate([item.data for item in items if isinstance(item, Chunk)])
    return source, data, [item for item in items if isinstance(item, Event)]


def test_emotiv_edf(shared_data: Path, caplog: pytest.LogCaptureFixture) -> None:
    source, data, _ = read(shared_data / "dasps-anxiety" / "S01.edf")
    eeg = [c for c, k in zip(source.info.channels, source.info.kinds, strict=True) if k == "eeg"]
    assert eeg == [
        *("AF3", "F7", "F3", "FC5", "T7", "P7", "O1"),
        *("O2", "P8", "T8", "FC6", "F4", "F8", "AF4"),
    ]
    assert set(source.info.kinds) == {"eeg", "misc", "stim"}
    assert data.shape == (42112, 36)
    # The device's offset of about 4.2 mV tells that the scale is right. Every other
    # channel wrapped around when it was recorded (its stated range exceeds 16 bits).
    assert 4.1e-3 < np.median(data[:, source.info.channels.index("AF3")]) < 4.3e-3
    assert "F7, FC5, P7, O2" in caplog.text


def test_physionet_edf(shared_data: Path) -> None:
    source, data, _ = read(shared_data / "eegmat-stress" / "Subject02_2.edf")
    assert source.info.kinds.count("eeg") == 19
    assert source.info.channels[:3] == ("Fp1", "Fp2", "F3")
    assert source.info.kinds[source.info.channels.index("A2-A1")] == "misc"
    assert source.info.sfreq == 500.0
    assert len(data) == 31000
    assert 1e-6 < np.std(data[:, :19]) < 1e-4


def test_two_readers_agree(shared_data: Path) -> None:
    vision, left, _ = read(shared_data / "mne-io" / "test.vhdr")
    _, right, _ = read(shared_data / "mne-io" / "test_bin_raw.fif")
    eeg = [i for i, kind in enumerate(vision.info.kinds) if kind == "eeg"]
    assert len(eeg) == 26
    np.testing.assert_allclose(left[:, eeg], right[:, eeg], rtol=1e-6, atol=1e-12)


def test_brainvision_markers(shared_data: Path) -> None:
    source, data, events = read(shared_data / "mne-io" / "test.vhdr")
    assert len(events) == 13
    assert len(data) == source.n_samples == 7900
    # The first stimulus of test.vmrk, one-based there.
    text = (shared_data / "mne-io" / "test.vmrk").read_text("latin-1")
    positions = [
        int(line.split(",")[2]) - 1 for line in text.splitlines() if line.startswith("Mk")
    ]
    assert {e.sample for e in events} <= set(positions)


def test_eeglab_set(shared_data: Path) -> None:
    source, data, events = read(shared_data / "eeglab-samples" / "eeglab_data.set")
    assert source.info.kinds.count("eeg") == 30
    assert source.info.kinds.count("eog") == 2
    assert source.info.has_position.sum() == 30
    assert len(data) == 30504
    found = [e.payload["description"] for e in events]
    assert found.count("square") == 80
    assert found.count("rt") == 74


def test_bdf_of_lettered_banks(shared_data: Path) -> None:
    source, data, _ = read(shared_data / "eeglab-samples" / "test.bdf")
    assert source.info.kinds == ("eeg",) * 16 + ("stim",)
    assert len(data) == 15360


def test_eeglab_edf(shared_data: Path) -> None:
    source, data, _ = read(shared_data / "eeglab-samples" / "test.edf")
    assert source.info.channels[2] == "T3"
    assert set(source.info.kinds) == {"eeg"}
    assert data.shape == (15360, 16)
