import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pylsl
import pytest

from rtemotion.errors import SetupError, SourceError
from rtemotion.signal import Chunk, Event, Kind, Source, Tick
from rtemotion.sources.lsl import LSLSource, find_streams, open_stream

from .lsl_senders import HELPERS, Start, chunks, collect, senders

# 100 ms, and what a busy machine may add; blocking on LSL would take longer.
BUSY_S = 0.4


@pytest.fixture
def send() -> Iterator[Start]:
    with senders() as start:
        yield start


def test_samples_arrive_in_volts_with_raw_stamps(send: Start) -> None:
    source_id, _ = send(
        simulated=True,
        reference="Cz",
        units=["microvolts", "mV", "\u00b5V"],
        locations=[[0, 0, 95], [0, -60, 70], [10, -90, 20]],
    )
    source = open_stream(f"source_id={source_id}")
    try:
        assert isinstance(source, Source)
        info = source.info
        assert info.channels == ("Cz", "Pz", "Oz")
        assert info.kinds == ("eeg",) * 3
        assert (info.sfreq, info.timestamps, info.reference) == (250.0, "raw", "Cz")
        assert (info.source_id, info.name, info.simulated) == (source_id, source_id, True)
        assert info.host
        np.testing.assert_allclose(info.positions[1], [0, -0.06, 0.07])
        got = chunks(collect(source, 1.0))
        data = np.concatenate([c.data for c in got])
        assert len(data) > 150
        assert (np.diff(np.round(data[:, 0] * 1e6)) == 1).all()
        np.testing.assert_allclose(data[:, 1], 10e-3)
        assert [c.first_sample for c in got] == [0, *np.cumsum([len(c) for c in got])[:-1]]
        stamps = np.concatenate([c.times for c in got])
        assert abs(stamps[-1] - source.now()) < 1.0
        assert np.median(np.diff(stamps)) == pytest.approx(1 / 250, abs=1e-3)
    finally:
        source.close()
        source.close()
    assert list(source) == []


def test_clock_offsets_are_measured_beside_the_samples(send: Start) -> None:
    source_id, _ = send()
    source = LSLSource(f"source_id={source_id}")
    try:
        offsets, worst, last = [], 0.0, time.monotonic()
        for item in source:
            now = time.monotonic()
            worst, last = max(worst, now - last), now
            if isinstance(item, Event):
                assert item.kind == Kind.CLOCK_OFFSET
                offsets.append(item)
                break
        assert abs(offsets[0].payload["offset"]) < 0.01  # one machine, one clock
        assert 0 <= offsets[0].payload["uncertainty"] < 0.01
        assert worst < BUSY_S
    finally:
        source.close()


def test_silence_ticks_within_100_ms_and_loses_nothing(send: Start) -> None:
    source_id, _ = send(wait_for_receiver=True, pause_after=300, pause_s=1.0)
    source = LSLSource(f"source_id={source_id}")
    try:
        items, last, worst = [], time.monotonic(), 0.0
        for item in source:
            now = time.monotonic()
            worst, last = max(worst, now - last), now
            items.append(item)
            if sum(len(c) for c in chunks(items)) > 400:
                break
        idles = [item.idle for item in items if isinstance(item, Tick)]
        assert max(idles) > 0.8
        assert worst < BUSY_S
        counted = np.round(np.concatenate([c.data[:, 0] for c in chunks(items)]) * 1e6)
        np.testing.assert_array_equal(counted, np.arange(len(counted)))
    finally:
        source.close()


def test_a_killed_sender_is_picked_up_again(send: Start) -> None:
    source_id, process = send()
    source = LSLSource(f"source_id={source_id}")
    try:
        before = chunks(collect(source, 0.5))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        began = time.monotonic()
        silence = collect(source, 1.0)
        ticks = [item for item in silence if isinstance(item, Tick)]
        assert len(ticks) >= 9
        assert ticks[-1].idle > 0.8
        assert not [i for i in silence if isinstance(i, Event) and i.kind != Kind.CLOCK_OFFSET]
        send(source_id, first=5000)
        after = []
        for item in source:
            after.append(item)
            if len(chunks(after)) >= 5:
                break
            assert time.monotonic() - began < 10
        kinds = [
            item.kind if isinstance(item, Event) else "chunk"
            for item in after
            if not isinstance(item, Tick)
        ]
        assert kinds.index(Kind.STREAM_RETURNED) < kinds.index("chunk")
        returned = next(
            i for i in after if isinstance(i, Event) and i.kind == Kind.STREAM_RETURNED
        )
        assert returned.payload == {"reconnected": True}
        got = before + chunks(silence) + chunks(after)
        assert returned.sample == sum(len(c) for c in before + chunks(silence))
        assert [c.first_sample for c in got] == [0, *np.cumsum([len(c) for c in got])[:-1]]
        assert np.round(chunks(after)[0].data[0, 0] * 1e6) >= 5000
    finally:
        source.close()


def test_a_frozen_sender_that_is_replaced_is_picked_up(send: Start) -> None:
    source_id, process = send()
    source = LSLSource(f"source_id={source_id}")
    try:
        collect(source, 0.3)
        os.kill(process.pid, signal.SIGSTOP)  # its connection stays open, and silent
        send(source_id, first=9000)
        end = time.monotonic() + 10
        for item in source:
            if isinstance(item, Chunk) and item.data[0, 0] * 1e6 >= 8999.5:
                break
            assert time.monotonic() < end
    finally:
        os.kill(process.pid, signal.SIGCONT)
        source.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"labels": ["Cz", "Pz", "Fz"]}, "channels .*Oz before, Fz now"),
        ({"labels": ["Cz", "Pz"]}, "channels .*3 before, 2 now"),
        ({"sfreq": 500.0}, "sampling rate .*250 Hz before, 500 Hz now"),
        ({"units": ["mV"] * 3}, "units .*1e-06 V before, 0.001 V now"),
    ],
)
def test_a_stream_that_comes_back_different_is_refused(
    send: Start, change: dict[str, Any], said: str
) -> None:
    source_id, process = send(name="changing")
    source = LSLSource(f"source_id={source_id}")
    try:
        collect(source, 0.2)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        send(source_id, name="changing", **change)
        with pytest.raises(SourceError, match=f"came back with other {said}"):
            collect(source, 10)
    finally:
        source.close()


def test_no_such_stream_lists_those_there_are(send: Start) -> None:
    source_id, _ = send(name="the-other")
    with pytest.raises(SourceError) as caught:
        LSLSource("source_id=nobody-has-this", wait=1.0)
    message = str(caught.value)
    assert "source_id=nobody-has-this" in message
    assert f"name=the-other, type=EEG, source_id={source_id}, 3 channels, 250 Hz" in message


def test_two_with_one_name_are_told_apart_by_source_id(send: Start) -> None:
    name = f"twins-{uuid.uuid4().hex}"
    one, _ = send(name=name, first=0)
    other, _ = send(name=name, first=100000)
    sources = [LSLSource(f"name={name},source_id={source_id}") for source_id in (one, other)]
    try:
        for source, source_id in zip(sources, (one, other), strict=True):
            assert source.info.source_id == source_id
            counted = chunks(collect(source, 0.3))[0].data[0, 0] * 1e6
            assert (counted > 90000) == (source_id == other)
    finally:
        for source in sources:
            source.close()


def test_two_receivers_of_one_stream_get_the_same_samples(send: Start) -> None:
    source_id, _ = send()
    sources = [LSLSource(f"source_id={source_id}") for _ in range(2)]
    try:
        both = [np.concatenate([c.data for c in chunks(collect(s, 0.6))]) for s in sources]
        first = max(data[0, 0] for data in both)
        last = min(data[-1, 0] for data in both)
        one, other = (d[(d[:, 0] >= first) & (d[:, 0] <= last)] for d in both)
        assert len(one) > 50
        np.testing.assert_array_equal(one, other)
    finally:
        for source in sources:
            source.close()


def test_two_that_match_are_listed(send: Start) -> None:
    name = f"twins-{uuid.uuid4().hex}"
    one, _ = send(name=name)
    other, _ = send(name=name)
    with pytest.raises(SourceError, match="2 streams match") as caught:
        LSLSource(f"name={name},type=EEG")
    assert one in str(caught.value)
    assert other in str(caught.value)


def test_markers_under_the_same_source_id_do_not_compete(send: Start) -> None:
    source_id, _ = send(name="signal")
    send(source_id, name="signal-annotations", type="annotations", sfreq=0, labels=["x"])
    source = LSLSource(f"source_id={source_id}")
    try:
        assert source.info.name == "signal"
    finally:
        source.close()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"format": "string", "labels": [], "count": 1}, "carries text"),
        ({"labels": ["Cz", "Cz", "Pz"]}, "more than one channel called Cz"),
        ({"units": ["furlong"] * 3}, "--unit uV"),
        ({"labels": [], "count": 2}, "--unit uV"),
        ({"types": ["ECG"] * 3}, "no EEG channel"),
    ],
)
def test_what_cannot_be_decoded_is_refused(
    send: Start, options: dict[str, Any], match: str
) -> None:
    source_id, _ = send(**options)
    with pytest.raises(SourceError, match=match):
        LSLSource(f"source_id={source_id}")


def test_a_stream_without_labels_is_numbered(send: Start) -> None:
    source_id, _ = send(labels=[], count=2)
    source = LSLSource(f"source_id={source_id}", unit="uV")
    try:
        assert source.info.channels == ("1", "2")
        np.testing.assert_allclose(chunks(collect(source, 0.3))[0].data[:, 1], 10e-6)
    finally:
        source.close()


def test_streams_are_found_with_their_labels(send: Start) -> None:
    source_id, _ = send()
    mine = [s for s in find_streams(1.0, details=True) if s.source_id == source_id]
    assert len(mine) == 1
    assert mine[0].labels == ("Cz", "Pz", "Oz")
    assert mine[0].units == ("microvolts",) * 3
    assert (mine[0].type, mine[0].n_channels, mine[0].sfreq) == ("EEG", 3, 250.0)


def test_closing_from_another_thread_ends_the_iteration(send: Start) -> None:
    source_id, _ = send()
    source = LSLSource(f"source_id={source_id}")
    timer = threading.Timer(0.3, source.close)
    timer.start()
    items = list(source)
    timer.join()
    assert chunks(items)


def test_nothing_of_an_mne_lsl_player_is_lost(tmp_path: Path, send: Start) -> None:
    n = 1000
    info = mne.create_info(["Cz", "Pz"], 250.0, "eeg")
    raw = mne.io.RawArray(np.tile(np.arange(n, dtype=float), (2, 1)), info, verbose="ERROR")
    raw.save(tmp_path / "count_raw.fif", fmt="double", verbose="ERROR")
    source_id = f"player-{uuid.uuid4().hex}"
    send.launch(str(HELPERS / "player.py"), str(tmp_path / "count_raw.fif"), "player", source_id)
    source = LSLSource(f"source_id={source_id}")
    try:
        # mne-lsl states the unit as a power of ten: these are volts.
        counted: list[float] = []
        for item in source:
            if isinstance(item, Chunk):
                counted += item.data[:, 0].tolist()
            elif isinstance(item, Tick) and counted and item.idle > 0.4:
                break
        assert counted[-1] >= n - 7  # it may withhold its last, incomplete chunk
        assert counted == list(np.arange(counted[0], counted[-1] + 1))
        assert counted[0] < 500
    finally:
        source.close()


def test_a_missing_liblsl_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pylsl", None)
    with pytest.raises(SetupError, match="PYLSL_LIB.*rtemotion doctor"):
        LSLSource("x")
    assert pylsl.library_version() > 0


def test_importing_sources_loads_neither_lsl_nor_mne() -> None:
    code = (
        "import sys, rtemotion.sources, rtemotion.outlets, rtemotion.sources.lsl;"
        "assert not {'mne', 'pylsl', 'pyarrow', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
