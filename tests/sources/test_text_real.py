from pathlib import Path

import numpy as np
import pytest

from rtemotion.errors import SourceError
from rtemotion.sources.text import TextSource
from rtemotion.sources.text_layouts import EMOTIV
from rtemotion.testing import check_source

from .reading import data_of, parts_of


@pytest.mark.parametrize("name", ["calm_20251108_222123", "non_calm_20251108_222618"])
def test_real_brainflow_muse(
    shared_data: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = shared_data / "muse-calm" / f"{name}.csv"
    data = data_of(TextSource(path))
    expected = np.loadtxt(path, delimiter=",", skiprows=1)[:, 1:] * 1e-6
    assert data.tobytes() == expected.tobytes()
    # Packets come in bursts up to 32 ms apart, which is no other rate and no pause.
    assert not caplog.records
    check_source(TextSource(path, chunk_s=0.1))


@pytest.mark.parametrize("name", ["ssvep_s1_a", "ssvep_s1_b", "n170_s2"])
def test_real_muse_lsl(shared_data: Path, name: str) -> None:
    path = shared_data / "muse-ssvep-n170" / f"{name}.csv"
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    source = TextSource(path)
    chunks, events = parts_of(source)
    data = np.concatenate([chunk.data for chunk in chunks])
    assert source.n_samples == len(data) == len(table)
    assert data[:, :4].tobytes() == (table[:, 1:5] * 1e-6).tobytes()
    onsets = np.flatnonzero(table[:, 6])
    assert [e.sample for e in events] == onsets.tolist()
    assert [float(e.payload["description"]) for e in events] == table[onsets, 6].tolist()


def test_flicker_is_where_the_markers_say(shared_data: Path) -> None:
    source = TextSource(shared_data / "muse-ssvep-n170" / "ssvep_s1_a.csv")
    chunks, events = parts_of(source)
    data = np.concatenate([chunk.data for chunk in chunks])
    n = 3 * 256
    epochs = [
        data[e.sample + 128 : e.sample + 128 + n, [0, 3]]
        for e in events
        if e.payload["description"] == "2" and e.sample + 128 + n <= len(data)
    ]
    window = np.hanning(n)[:, None]
    power = np.mean([np.abs(np.fft.rfft(x * window, axis=0)) ** 2 for x in epochs], axis=(0, 2))
    beside = np.r_[power[52:58], power[63:69]]
    assert power[60] > 4 * beside.mean()  # 20 Hz


def test_real_openbci(shared_data: Path) -> None:
    path = shared_data / "openbci-cyton" / "OpenBCI_GUI-v6-blinks-jawClench-alpha.txt"
    source = TextSource(path)
    data = data_of(source)
    assert source.n_samples == len(data) == 22490
    assert source.info.sfreq == 250.0
    expected = np.loadtxt(path, delimiter=",", skiprows=5, usecols=range(1, 9)) * 1e-6
    assert data.tobytes() == expected.tobytes()
    assert 0.03 < abs(np.median(data[:, 0])) < 0.08  # tens of mV of offset


def test_real_emotiv(shared_data: Path) -> None:
    source = TextSource(shared_data / "emotiv-eye-state" / "EEG_Eye_State.arff")
    chunks, events = parts_of(source)
    assert source.info.channels == EMOTIV
    assert sum(map(len, chunks)) == source.n_samples == 14980
    assert len(events) == 24  # where it begins, and 23 changes
    assert {e.payload["description"] for e in events} == {"0", "1"}
    assert 4.1e-3 < np.median(chunks[0].data) < 4.6e-3


def test_a_table_that_is_no_recording_is_refused(shared_data: Path) -> None:
    with pytest.raises(SourceError, match="known here"):
        TextSource(shared_data / "dasps-anxiety" / "trials.csv")


def test_mind_monitor_at_one_row_a_second_is_refused(shared_data: Path) -> None:
    with pytest.raises(SourceError, match=r"0\.98\d* samples a second.*expected about 256"):
        TextSource(shared_data / "eeglab-samples" / "testmusemonitor.csv")
