"""Every recording there is, read as it is or refused for what is wrong with it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from rtemotion.errors import SourceError
from rtemotion.sources.listing import list_recordings
from rtemotion.sources.recording import open_recording
from rtemotion.testing import check_source

from .reading import parts_of

UNIT = "no unit is stated.*--unit uV"


@dataclass(frozen=True)
class Expected:
    """EEG channels, all channels, rate in Hz and length in s; or why it is refused."""

    eeg: int = 0
    channels: int = 0
    sfreq: float = 0.0
    seconds: float = 0.0
    refused: str = ""


DASPS = {1: 329, 2: 273, 3: 238, 5: 273, 6: 288, 7: 228, 10: 263, 11: 254, 12: 227}
DASPS |= {15: 231, 17: 277, 21: 266, 23: 275}
EEGMAT = [
    f"eegmat-stress/Subject{number}_{part}.edf"
    for number in ("02", "05", "08", "12", "20", "27")
    for part in ("1_first62s", "2")
]
MUSE_XDF = {"001": 2820, "003": 2688, "023": 1668, "031": 1284, "050": 2316}
EXPECTED = {
    **{f"dasps-anxiety/S{k:02d}.edf": Expected(14, 36, 128, s) for k, s in DASPS.items()},
    **{name: Expected(19, 21, 500, 62) for name in EEGMAT},
    **{
        f"muse-xdf/sub-P{k}_ses-S001_task-Default_run-001_eeg.xdf": Expected(4, 5, 256, n / 256)
        for k, n in MUSE_XDF.items()
    },
    "dasps-anxiety/trials.csv": Expected(refused="begins like no .csv recording known"),
    "eeglab-samples/eeglab_data.set": Expected(30, 32, 128, 238.3125),
    "eeglab-samples/test.bdf": Expected(16, 17, 256, 60),
    "eeglab-samples/test.edf": Expected(16, 16, 256, 60),
    "eeglab-samples/test.xdf": Expected(refused=UNIT),
    "eeglab-samples/testbva.vhdr": Expected(29, 32, 200, 10.56),
    "eeglab-samples/testmusemonitor.csv": Expected(refused="0.98.* samples a second"),
    "emotiv-eye-state/EEG_Eye_State.arff": Expected(14, 14, 128, 14980 / 128),
    "mne-io/test.bdf": Expected(66, 73, 2048, 1),
    "mne-io/test.edf": Expected(138, 139, 512, 6),
    "mne-io/test.vhdr": Expected(26, 32, 1000, 7.9),
    "mne-io/test_bin_raw.fif": Expected(32, 33, 1000, 7.9),
    "muse-calm/calm_20251108_222123.csv": Expected(4, 4, 256, 23268 / 256),
    "muse-calm/non_calm_20251108_222618.csv": Expected(4, 4, 256, 23280 / 256),
    "muse-calm/sleep_20251108_222335.csv": Expected(4, 4, 256, 23268 / 256),
    "muse-ssvep-n170/n170_s2.csv": Expected(4, 5, 256, 30732 / 256),
    "muse-ssvep-n170/ssvep_s1_a.csv": Expected(4, 5, 256, 30732 / 256),
    "muse-ssvep-n170/ssvep_s1_b.csv": Expected(4, 5, 256, 30720 / 256),
    "openbci-cyton/OpenBCI_GUI-v6-blinks-jawClench-alpha.txt": Expected(8, 8, 250, 89.96),
    "xdf-readers/clock_resets.xdf": Expected(refused=UNIT),
    "xdf-readers/empty_streams.xdf": Expected(refused="no EEG stream with samples"),
    "xdf-readers/minimal.xdf": Expected(refused=UNIT),
}


def test_every_recording_is_expected(shared_data: Path) -> None:
    listed = {s.path.relative_to(shared_data).as_posix() for s in list_recordings(shared_data)}
    assert listed == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_recording(shared_data: Path, name: str) -> None:
    path, expected = shared_data / name, EXPECTED[name]
    if expected.refused:
        with pytest.raises(SourceError, match=expected.refused) as caught:
            open_recording(path)
        assert path.name in str(caught.value)
        return
    source = open_recording(path)
    info = source.info
    assert (info.kinds.count("eeg"), info.n_channels) == (expected.eeg, expected.channels)
    assert info.sfreq == expected.sfreq
    assert source.n_samples / info.sfreq == pytest.approx(expected.seconds, abs=1e-9)
    chunks, events = parts_of(source)
    assert sum(map(len, chunks)) == source.n_samples
    eeg = np.array(info.kinds) == "eeg"
    spread = [np.nanstd(chunk.data[:, eeg]) for chunk in chunks]
    # Volts: nothing that was taken for microvolts, and no microvolts taken for volts.
    assert 1e-8 < np.median(spread) < 0.1
    assert all(0 <= event.sample <= source.n_samples for event in events)
    check_source(open_recording(path))


@pytest.mark.parametrize("summary", ["clock_resets", "minimal"])
def test_xdf_without_a_unit_is_read_when_it_is_given(shared_data: Path, summary: str) -> None:
    source = open_recording(shared_data / "xdf-readers" / f"{summary}.xdf", unit="uV")
    assert sum(map(len, parts_of(source)[0])) == source.n_samples > 0
