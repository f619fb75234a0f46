from pathlib import Path

import edfio
import numpy as np
import pytest

from rtemotion.errors import SourceError
from rtemotion.sources.recording import RecordingSource

from . import recording_files as files


def write(path: Path, *channels: tuple[str, int]) -> Path:
    """Write 10 s of noise; `channels` are names and rates."""
    rng = np.random.default_rng(4)
    signals = [
        edfio.EdfSignal(
            np.round(rng.normal(0, 20, rate * 10), 1),
            rate,
            label=name,
            physical_dimension="uV",
            physical_range=(-3276.8, 3276.7),
        )
        for name, rate in channels
    ]
    edfio.Edf(signals, data_record_duration=1).write(path)
    return path


def samples_of(channels: list[tuple[str, int]], keep: list[str]) -> np.ndarray:
    rng = np.random.default_rng(4)
    values = {name: np.round(rng.normal(0, 20, rate * 10), 1) for name, rate in channels}
    return np.stack([values[name] for name in keep], axis=1) * 1e-6


@pytest.mark.parametrize(
    "others",
    [
        [("Temp rectal", 1), ("EOG left", 64)],
        [("EMG", 512), ("Status", 8)],
        [("Event marker", 1), ("Resp oro-nasal", 1), ("ECG", 512)],
    ],
)
def test_eeg_is_never_resampled(
    tmp_path: Path, others: list[tuple[str, int]], caplog: pytest.LogCaptureFixture
) -> None:
    channels = [("Fp1", 256), others[0], ("Cz", 256), *others[1:], ("Pz", 256)]
    source = RecordingSource(write(tmp_path / "a.edf", *channels))
    assert (source.info.channels, source.info.sfreq) == (("Fp1", "Cz", "Pz"), 256.0)
    expected = samples_of(channels, ["Fp1", "Cz", "Pz"])
    np.testing.assert_allclose(files.samples_of(source), expected, rtol=0, atol=5.1e-8)
    named = ", ".join(f"{name} ({rate} Hz)" for name, rate in channels if rate != 256)
    assert f"left out {named}, since the EEG has 256 Hz and nothing is resampled" in caplog.text


def test_most_of_the_eeg_decides(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    channels = [("Fp1", 128), ("Cz", 128), ("Pz", 256), ("Fz", 128)]
    source = RecordingSource(write(tmp_path / "a.edf", *channels))
    assert (source.info.channels, source.info.sfreq) == (("Fp1", "Cz", "Fz"), 128.0)
    assert "left out Pz (256 Hz)" in caplog.text


def test_names_of_sites_count_before_others(tmp_path: Path) -> None:
    # Two bipolar leads of a sleep recording, and more that nobody can tell from EEG.
    channels = [("Fpz", 100), ("x1", 1), ("x2", 1), ("x3", 1)]
    assert RecordingSource(write(tmp_path / "a.edf", *channels)).info.channels == ("Fpz",)


def test_as_many_at_one_rate_as_at_another_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.edf", ("Fp1", 128), ("Cz", 256), ("Pz", 128), ("Fz", 256))
    with pytest.raises(SourceError, match="as many EEG channels at 128 Hz and 256 Hz"):
        RecordingSource(path)


@pytest.mark.parametrize(
    "spelling",
    [b"\xb5V", b"\xc2\xb5V", b"\xce\xbcV", b"\x83\xcaV"],
    ids=["Latin-1", "UTF-8", "Greek", "Shift-JIS"],
)
def test_a_micro_sign_in_any_encoding(tmp_path: Path, spelling: bytes) -> None:
    path = files.write_edf(tmp_path)
    content = path.read_bytes().replace(b"uV      ", spelling.ljust(8))
    path.write_bytes(content)
    for unit in (None, "V"):
        data = files.samples_of(RecordingSource(path, unit=unit))
        np.testing.assert_allclose(data, files.signal().T, rtol=0, atol=5.1e-8)
