import datetime
from dataclasses import replace

import numpy as np
import pytest

from rtemotion.errors import OutletError, SetupError
from rtemotion.signal import Chunk
from rtemotion.simulators import EMOTIONS, Artifacts, Faults, write_recording
from rtemotion.simulators.faults import Transmission
from rtemotion.simulators.recording import FIRST_STAMP_S
from rtemotion.sources.recording import RecordingSource
from rtemotion.sources.xdf import XdfSource

SECONDS = 12.3


def chunks_of(source):
    return [item for item in source if isinstance(item, Chunk)]


def samples_of(source):
    found = chunks_of(source)
    return np.concatenate([c.data for c in found]), np.concatenate([c.times for c in found])


def test_an_xdf_file_holds_what_a_live_sender_would_have_sent(tmp_path, make_brain):
    path = tmp_path / "sim.xdf"
    artifacts = replace(Artifacts.realistic(), dead=1)
    written = write_recording(make_brain("muse", artifacts=artifacts), path, SECONDS)
    assert written == pytest.approx(SECONDS, abs=1 / 256)
    source = XdfSource(path)
    brain = make_brain("muse", artifacts=artifacts)
    n = round(SECONDS * 256)
    expected, truth = brain.read(n)
    data, times = samples_of(source)
    assert source.info.simulated
    assert source.info.channels == brain.info.channels
    assert source.info.source_id == brain.info.source_id
    np.testing.assert_allclose(source.info.positions, brain.info.positions, atol=1e-9)
    np.testing.assert_allclose(data, expected.data, rtol=1e-6, atol=1e-12)
    np.testing.assert_array_equal(times, FIRST_STAMP_S + np.arange(n) / 256.0)


def test_the_truth_lies_beside_it_under_the_stamps_of_its_samples(tmp_path, make_brain):
    import pyxdf

    path = tmp_path / "sim.xdf"
    write_recording(make_brain("muse"), path, SECONDS)
    streams, _ = pyxdf.load_xdf(str(path), dejitter_timestamps=False)
    told = next(s for s in streams if s["info"]["type"][0] == "EmotionTruth")
    truth = make_brain("muse").read(round(SECONDS * 256))[1][::64]
    np.testing.assert_allclose(told["time_series"], truth, atol=1e-6)
    np.testing.assert_allclose(told["time_stamps"] - FIRST_STAMP_S, np.arange(len(truth)) / 4)
    channels = told["info"]["desc"][0]["channels"][0]["channel"]
    assert [channel["label"][0] for channel in channels] == list(EMOTIONS)
    assert told["info"]["desc"][0]["simulated"] == ["true"]


def test_faults_are_in_the_file_as_they_would_be_on_the_network(tmp_path, make_brain):
    faults = Faults(
        loss=0.05, jitter_ms=2.0, drift_ppm=50.0, resets_per_min=5.0, reconnects_per_min=10.0
    )
    path, brain = tmp_path / "bad.xdf", make_brain("muse")
    write_recording(brain, path, 30.0, faults)
    way = Transmission(faults, 256.0, brain.seeds, FIRST_STAMP_S).send(30 * 256)
    expected, _ = make_brain("muse").read(30 * 256)
    data, times = samples_of(XdfSource(path))
    assert 0.3 < way.arrives.mean() < 0.95
    np.testing.assert_array_equal(times, way.stamps[way.arrives])
    np.testing.assert_allclose(data, expected.data[way.arrives], rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("name", ["sim_raw.fif", "sim_eeg.fif"])
def test_a_fif_file_holds_the_signal_and_the_truth_as_channels(tmp_path, make_brain, name):
    path = tmp_path / name
    write_recording(make_brain("muse"), path, SECONDS)
    source = RecordingSource(path)
    data, times = samples_of(source)
    expected, truth = make_brain("muse").read(round(SECONDS * 256))
    assert source.info.simulated
    assert source.info.kinds == ("eeg",) * 4 + ("misc",) * 8
    assert source.info.channels[4:] == EMOTIONS
    np.testing.assert_allclose(source.info.positions[:4], make_brain("muse").info.positions, 1e-5)
    np.testing.assert_allclose(data[:, :4], expected.data, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(data[:, 4:], truth, rtol=1e-9)
    np.testing.assert_allclose(times, np.arange(len(data)) / 256.0)
    made = datetime.datetime.fromisoformat(source.info.start_utc)
    assert abs(datetime.datetime.now(datetime.UTC) - made) < datetime.timedelta(minutes=1)


def test_a_path_may_be_plain_text(tmp_path, make_brain):
    assert write_recording(make_brain("muse"), str(tmp_path / "sim.xdf"), 1.0) == 1.0
    assert XdfSource(tmp_path / "sim.xdf").n_samples == 256


def test_progress_is_told_and_can_end_it_with_what_there_is(tmp_path, make_brain):
    path, told = tmp_path / "short.xdf", []

    def show(seconds):
        told.append(seconds)
        return seconds < 3

    assert write_recording(make_brain("muse"), path, 60.0, progress=show) == 3.0
    assert told == [1.0, 2.0, 3.0]
    assert XdfSource(path).n_samples == 3 * 256


@pytest.mark.parametrize("name", ["sim.edf", "sim.fif", "sim"])
def test_files_of_another_kind_are_refused_with_those_there_are(tmp_path, make_brain, name):
    with pytest.raises(SetupError, match=r"NAME_raw\.fif"):
        write_recording(make_brain("muse"), tmp_path / name, 1.0)


def test_what_a_file_cannot_hold_is_refused_before_it_is_made(tmp_path, make_brain):
    with pytest.raises(SetupError, match="FIF has no stamps"):
        write_recording(make_brain("muse"), tmp_path / "a_raw.fif", 1.0, Faults(jitter_ms=1.0))
    with pytest.raises(SetupError, match="positive length"):
        write_recording(make_brain("muse"), tmp_path / "a.xdf", 0.0)
    (tmp_path / "old.xdf").write_bytes(b"mine")
    with pytest.raises(OutletError, match="already exists"):
        write_recording(make_brain("muse"), tmp_path / "old.xdf", 1.0)
    assert (tmp_path / "old.xdf").read_bytes() == b"mine"
    assert write_recording(make_brain("muse"), tmp_path / "old.xdf", 1.0, overwrite=True) == 1.0
