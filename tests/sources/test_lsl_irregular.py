"""Streams of EEG that state no sampling rate."""

from collections.abc import Iterator

import numpy as np
import pytest

from rtemotion.errors import SourceError
from rtemotion.signal import Kind
from rtemotion.sources import lsl_connect
from rtemotion.sources.lsl import LSLSource

from .lsl_senders import Start, chunks, collect, events, senders


@pytest.fixture
def send() -> Iterator[Start]:
    with senders() as start:
        yield start


def test_the_rate_is_measured_and_nothing_lost_meanwhile(
    send: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lsl_connect, "_COLLECT_S", 2.0)
    source_id, process = send(sfreq=0.0, true_sfreq=256.0, wait_for_receiver=True)
    source = LSLSource(f"source_id={source_id}")
    try:
        assert source.info.sfreq == 256.0
        assert "256 Hz was measured" in caplog.text
        assert "--sfreq" in caplog.text
        items = collect(source, 0.5)
        counted = np.round(np.concatenate([c.data[:, 0] for c in chunks(items)]) * 1e6)
        np.testing.assert_array_equal(counted, np.arange(len(counted)))
        assert len(counted) > 500
        process.kill()
        process.wait()
        send(source_id, sfreq=0.0, true_sfreq=256.0)
        after = collect(source, 2.0)  # without measuring again
        assert events(after, Kind.STREAM_RETURNED)
        assert chunks(after)
    finally:
        source.close()


def test_a_rate_that_is_given_is_not_measured(
    send: Start, caplog: pytest.LogCaptureFixture
) -> None:
    source_id, _ = send(sfreq=0.0, true_sfreq=250.0)
    source = LSLSource(f"source_id={source_id}", sfreq=200.0)
    try:
        assert source.info.sfreq == 200.0
        assert "measured" not in caplog.text
        assert chunks(collect(source, 0.3))
    finally:
        source.close()


def test_a_silent_stream_without_a_rate_is_refused(
    send: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lsl_connect, "_COLLECT_S", 0.5)
    source_id, _ = send(sfreq=0.0)
    with pytest.raises(SourceError, match="no sampling rate .* 0 samples .*--sfreq"):
        LSLSource(f"source_id={source_id}")
