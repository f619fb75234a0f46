import threading
import uuid

import numpy as np
import pytest

from rtemotion.errors import SetupError
from rtemotion.simulators import EMOTIONS, Faults, broadcast
from rtemotion.simulators.faults import Transmission

pylsl = pytest.importorskip("pylsl")


@pytest.fixture
def on_air(make_brain):
    """Broadcast in the background; gone when the test is."""
    stop, said = threading.Event(), []
    source_id = f"test-{uuid.uuid4()}"
    worker = threading.Thread(
        target=broadcast,
        args=(make_brain("muse"),),
        kwargs={"source_id": source_id, "name": "sim", "stop": stop, "progress": said.append},
    )
    worker.start()
    yield source_id, said
    stop.set()
    worker.join(5)
    assert not worker.is_alive()


def receive(source_id, least):
    found = pylsl.resolve_byprop("source_id", source_id, 1, 5.0)
    assert found, source_id
    inlet = pylsl.StreamInlet(found[0], max_buflen=30)
    info = inlet.info(5.0)
    samples, stamps = [], []
    while len(stamps) < least:
        chunk, when = inlet.pull_chunk(timeout=1.0, max_samples=64)
        samples += chunk
        stamps += when
    inlet.close_stream()
    return info, np.array(samples), np.array(stamps)


def test_eeg_arrives_with_its_description_and_exact_stamps(on_air, make_brain):
    info, samples, stamps = receive(on_air[0], 256)
    assert (info.type(), info.name(), info.channel_format()) == ("EEG", "sim", pylsl.cf_float32)
    assert info.desc().child_value("simulated") == "true"
    assert info.desc().child_value("manufacturer") == "rtemotion"
    channel = info.desc().child("channels").child("channel")
    positions = make_brain("muse").headset.positions()
    for label, place in zip(("TP9", "AF7", "AF8", "TP10"), positions, strict=True):
        assert channel.child_value("label") == label
        assert channel.child_value("unit") == "microvolts"
        assert channel.child_value("type") == "EEG"
        location = [float(channel.child("location").child_value(axis)) for axis in "XYZ"]
        np.testing.assert_allclose(location, 1000 * place, atol=1e-5)
        channel = channel.next_sibling("channel")
    np.testing.assert_allclose(stamps, stamps[0] + np.arange(len(stamps)) / 256.0, atol=1e-9)
    assert 1 < samples.std() < 60
    data = 1e6 * make_brain("muse").read(256 * 30)[0].data.astype(np.float64)
    start = np.argmin(np.abs(data - samples[0]).sum(axis=1))
    np.testing.assert_allclose(samples, data[start : start + len(samples)], rtol=1e-5, atol=1e-4)


def test_truth_arrives_beside_it_at_a_quarter_second(on_air, make_brain):
    source_id, said = on_air
    info, samples, stamps = receive(f"{source_id}-truth", 3)
    assert (info.type(), info.name()) == ("EmotionTruth", "sim-truth")
    assert info.nominal_srate() == 4.0
    channel = info.desc().child("channels").child("channel")
    assert channel.child_value("label") == EMOTIONS[0]
    np.testing.assert_allclose(np.diff(stamps), 0.25, atol=1e-9)
    truth = make_brain("muse").read(256 * 30)[1][::64]
    start = np.argmin(np.abs(truth - samples[0]).sum(axis=1))
    np.testing.assert_allclose(samples, truth[start : start + len(samples)], atol=1e-6)
    assert said
    assert said[-1].samples == pytest.approx(said[-1].seconds * 256)
    assert len(said[-1].truth) == 8


def test_it_ends_by_itself_after_the_time_given(make_brain):
    sent = broadcast(make_brain("muse"), seconds=0.25, source_id=f"test-{uuid.uuid4()}")
    assert sent == 64


def test_ctrl_c_ends_it_cleanly(make_brain):
    def interrupt(_):
        raise KeyboardInterrupt

    sent = broadcast(
        make_brain("muse"), source_id=f"test-{uuid.uuid4()}", progress=interrupt, chunk_s=0.05
    )
    assert sent == 13


def test_faults_reach_the_network(make_brain):
    faults = Faults(loss=0.3, jitter_ms=5.0)
    stop, source_id = threading.Event(), f"test-{uuid.uuid4()}"
    worker = threading.Thread(
        target=broadcast,
        args=(make_brain("muse"),),
        kwargs={"source_id": source_id, "stop": stop, "faults": faults},
    )
    worker.start()
    try:
        _, samples, stamps = receive(source_id, 100)
    finally:
        stop.set()
        worker.join(5)
    data = 1e6 * make_brain("muse").read(256 * 30)[0].data
    rows = [np.abs(data - sample).sum(axis=1).argmin() for sample in samples]
    np.testing.assert_allclose(data[rows], samples, rtol=1e-5, atol=1e-4)
    way = Transmission(faults, 256.0, make_brain("muse").seeds, 0.0).send(256 * 30)
    arrived = np.flatnonzero(way.arrives)
    inside = (arrived >= rows[0]) & (arrived <= rows[-1])
    np.testing.assert_array_equal(rows, arrived[inside])
    off = stamps - stamps[0] - (way.stamps[rows] - way.stamps[rows[0]])
    np.testing.assert_allclose(off, 0.0, atol=1e-6)


def test_a_stream_that_goes_away_returns_under_its_name(make_brain):
    faults = Faults(reconnects_per_min=120.0, away_s=0.5)
    source_id, told = f"test-{uuid.uuid4()}", []
    seen = []

    def look(progress):
        told.append(progress.seconds)
        seen.append(bool(pylsl.resolve_byprop("source_id", source_id, 1, 0.15)))

    broadcast(make_brain("muse"), seconds=2.0, source_id=source_id, faults=faults, progress=look)
    assert len(told) == 8
    assert {True, False} <= set(seen)


@pytest.mark.parametrize("keywords", [{"chunk_s": 0.0}, {"seconds": -1.0}])
def test_impossible_lengths_are_refused(make_brain, keywords):
    with pytest.raises(SetupError):
        broadcast(make_brain("muse"), **keywords)
