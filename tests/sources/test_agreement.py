"""The same recording in two formats gives the same samples and the same frames."""

from pathlib import Path

import edfio
import numpy as np
import pytest

from rtemotion.conditioning.design import ConditioningDesign
from rtemotion.features.schema import Band, FeatureSchema
from rtemotion.pipeline import Setup, chain, feature_stages
from rtemotion.signal import FeatureFrame, FloatArray
from rtemotion.sources.recording import RecordingSource

from . import recording_files as files
from .reading import data_of

SITES = ("F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2")


def frames_of(path: Path, channels: tuple[str, ...]) -> list[FeatureFrame]:
    source = RecordingSource(path)
    design = ConditioningDesign()
    # Windows that fit into the shortest recording here, of 7.9 s.
    bands = (Band("alpha", 8.0, 13.0), Band("beta", 13.0, 30.0))
    schema = FeatureSchema(bands)
    stages, _ = feature_stages(source.info, schema, design, Setup(channels=channels))
    return [out for item in source for out in chain(stages, item) if isinstance(out, FeatureFrame)]


def check_frames(left: list[FeatureFrame], right: list[FeatureFrame], rtol: float) -> None:
    assert len(left) == len(right) > 8
    computed = 0
    for a, b in zip(left, right, strict=True):
        assert (a.index, a.full) == (b.index, b.full)
        np.testing.assert_allclose(a.power, b.power, rtol=rtol)
        np.testing.assert_allclose(a.connectivity, b.connectivity, rtol=0, atol=rtol)
        np.testing.assert_array_equal(a.segments, b.segments)
        computed += int(np.isfinite(a.power).sum())
    assert computed > 100


def test_brainvision_and_fif(shared_data: Path) -> None:
    vision, fif = shared_data / "mne-io/test.vhdr", shared_data / "mne-io/test_bin_raw.fif"
    left, right = RecordingSource(vision), RecordingSource(fif)
    eeg = [i for i, kind in enumerate(left.info.kinds) if kind == "eeg"]
    # The FIF names its channels by their numbers alone.
    names = [left.info.channels[i] for i in eeg]
    numbered = [right.info.channels[i] for i in eeg]
    # Both hold the amplifier's 16 bits, the FIF as float32: a share of the value, no step.
    expected = data_of(left)[:, eeg]
    np.testing.assert_allclose(data_of(right)[:, eeg], expected, rtol=2**-22, atol=1e-15)
    codes = [
        int(e.payload["description"])
        for e in RecordingSource(fif)
        if getattr(e, "kind", "") == "marker"
    ]
    assert set(codes) == {253, 254, 255}
    renamed = tuple(f"{old}:{new}" for old, new in zip(numbered, names, strict=True))
    check_frames(frames_of(vision, tuple(names)), frames_of(fif, renamed), rtol=1e-4)


def write_both(folder: Path, data: FloatArray) -> tuple[Path, Path]:
    """Write the same microvolts with 16 and with 24 bits, steps of 0.1 and of 0.0004 µV."""
    shared = {"physical_dimension": "uV", "physical_range": (-3276.8, 3276.7)}
    edf = [
        edfio.EdfSignal(row, files.SFREQ, label=name, **shared)
        for row, name in zip(data, SITES, strict=True)
    ]
    bdf = [
        edfio.BdfSignal(row, files.SFREQ, label=name, **shared)
        for row, name in zip(data, SITES, strict=True)
    ]
    edfio.Edf(edf).write(folder / "a.edf")
    edfio.Bdf(bdf).write(folder / "a.bdf")
    return folder / "a.edf", folder / "a.bdf"


def test_edf_and_bdf(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    data = np.cumsum(rng.normal(0, 4, (8, 128 * 12)), axis=1)
    data -= data.mean(axis=1, keepdims=True)
    edf, bdf = write_both(tmp_path, data)
    left, right = data_of(RecordingSource(edf)), data_of(RecordingSource(bdf))
    step_16, step_24 = 6553.5e-6 / 65535, 6553.5e-6 / 16777215
    np.testing.assert_allclose(left, right, rtol=0, atol=(step_16 + step_24) / 2 * 1.001)
    np.testing.assert_allclose(right, data.T * 1e-6, rtol=0, atol=step_24 / 2 * 1.001)
    # Rounding to 0.1 µV is white noise of 0.03 µV against tens of µV.
    check_frames(frames_of(edf, SITES), frames_of(bdf, SITES), rtol=0.05)


def test_edf_and_bdf_of_the_same_numbers_are_the_same_frames(tmp_path: Path) -> None:
    data = np.round(np.random.default_rng(6).normal(0, 40, (8, 128 * 12)), 1)
    edf, bdf = write_both(tmp_path, data)
    left, right = data_of(RecordingSource(edf)), data_of(RecordingSource(bdf))
    assert np.abs(left - right).max() <= 6553.5e-6 / 16777215
    check_frames(frames_of(edf, SITES), frames_of(bdf, SITES), rtol=1e-4)


@pytest.mark.parametrize("name", ["brainvision", "edf"])
def test_fif_of_doubles_holds_every_other_format(tmp_path: Path, name: str) -> None:
    fif = data_of(RecordingSource(files.write_fif(tmp_path)))
    other = data_of(RecordingSource(getattr(files, f"write_{name}")(tmp_path)))
    np.testing.assert_allclose(other, fif, rtol=0, atol=5.1e-8)
