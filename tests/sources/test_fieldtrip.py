"""The FieldTrip source against a real server of the buffer's protocol, in its own process."""

import importlib.util
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtemotion.errors import SourceError
from rtemotion.signal import Chunk, Event, Kind, ReceivedChunk, Tick
from rtemotion.sources import fieldtrip, fieldtrip_receiver
from rtemotion.sources.fieldtrip import FieldTripSource, open_buffer
from rtemotion.sources.fieldtrip_client import BufferClient
from rtemotion.sources.lsl_metadata import describe_stream
from rtemotion.testing import check_source

from .fieldtrip_server import FLUSH_HDR, PUT_DAT, PUT_HDR, header

if importlib.util.find_spec("mne_realtime") is None:
    pytest.skip("mne-realtime is not installed", allow_module_level=True)

# 100 ms, and what a busy machine may add; blocking on the buffer would take longer.
BUSY_S = 0.4
SERVER = Path(__file__).parent / "fieldtrip_server.py"
Start = Callable[..., tuple[int, "subprocess.Popen[str]"]]


@pytest.fixture
def serve() -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def start(port: int = 0, **options: Any) -> tuple[int, subprocess.Popen[str]]:
        if not port:
            with socket.create_server(("localhost", 0)) as free:
                port = free.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, str(SERVER), str(port), json.dumps(options)],
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return port, process

    yield start
    for process in started:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert not [t.name for t in threading.enumerate() if t not in before]


def collect(source: FieldTripSource, seconds: float) -> list[Chunk | Event | Tick]:
    items, end = [], time.monotonic() + seconds
    for item in source:
        items.append(item)
        if time.monotonic() >= end:
            break
    return items


def chunks(items: list[Chunk | Event | Tick]) -> list[ReceivedChunk]:
    return [item for item in items if isinstance(item, ReceivedChunk)]


def numbers(items: list[Chunk | Event | Tick]) -> list[int]:
    return [round(n) for chunk in chunks(items) for n in chunk.values[:, 0].tolist()]


def request(port: int, command: int, body: bytes = b"") -> None:
    with socket.create_connection(("localhost", port), 2.0) as connection:
        connection.sendall(struct.pack("<HHI", 1, command, len(body)) + body)
        connection.recv(8)


def test_it_keeps_to_what_sources_promise(serve: Start) -> None:
    port, _ = serve(event_every=40)
    source = FieldTripSource(port=port, unit="uV")
    threading.Timer(1.0, source.close).start()
    check_source(source)
    assert list(source) == []


def test_samples_arrive_in_volts_none_lost(serve: Start) -> None:
    port, _ = serve()
    source = FieldTripSource(port=port, unit="uV")
    try:
        info = source.info
        assert info.channels == ("Cz", "Pz", "Oz", "VEOG")
        assert info.kinds == ("eeg", "eeg", "eeg", "eog")
        assert (info.sfreq, info.timestamps, info.unit) == (250.0, "regular", "uV")
        items = collect(source, 1.0)
        got = numbers(items)
        assert len(got) > 150
        assert got == list(range(got[0], got[0] + len(got)))
        data = np.concatenate([chunk.data for chunk in chunks(items)])
        np.testing.assert_allclose(data[:, 1], 10e-6)
        times = np.concatenate([chunk.times for chunk in chunks(items)])
        np.testing.assert_allclose(np.diff(times), 1 / 250.0, atol=1e-9)
        assert -0.05 < source.now() - times[-1] < 0.5
    finally:
        source.close()
        source.close()


@pytest.mark.parametrize(
    ("options", "fmt", "volts"),
    [
        ({"type": "float64"}, "double64", 10e-6),
        ({"type": "int16"}, "int16", 10e-6),
        ({"type": "uint8"}, "int16", 10e-6),
        ({"type": "int32", "resolutions": [1.0, 0.1, 0.1, 0.1]}, "double64", 1e-6),
    ],
)
def test_numbers_of_any_format_are_described_as_they_are(
    serve: Start, options: dict[str, Any], fmt: str, volts: float
) -> None:
    port, _ = serve(**options)
    source = FieldTripSource(port=port, unit="uV")
    try:
        (chunk, *_) = chunks(collect(source, 0.3))
    finally:
        source.close()
    np.testing.assert_allclose(chunk.data[:, 1], volts)
    assert f"<channel_format>{fmt}</channel_format>" in source.xml
    assert str(chunk.values.dtype) == fmt.replace("double64", "float64")
    described = describe_stream(source.xml)
    assert described.info.channels == source.info.channels
    assert described.info.kinds == source.info.kinds
    np.testing.assert_array_equal(described.factors, source.factors)


def test_events_stand_before_their_sample(serve: Start) -> None:
    port, _ = serve(event_every=30)
    source = FieldTripSource(port=port, unit="uV")
    try:
        items = collect(source, 0.8)
    finally:
        source.close()
    marked = 0
    for before, after in zip(items, items[1:], strict=False):
        if isinstance(before, Event) and isinstance(after, ReceivedChunk):
            assert before.kind == Kind.MARKER
            assert before.payload == {"description": f"trigger {round(after.values[0, 0])}"}
            assert (before.sample, before.time) == (after.first_sample, after.times[0])
            marked += 1
    assert marked >= 4


def test_samples_dropped_before_they_were_fetched_are_counted(
    serve: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fieldtrip_receiver, "_MOST_BATCHES", 2)
    port, _ = serve(keep=100)
    source = FieldTripSource(port=port, unit="uV")
    try:
        items = collect(source, 0.3)
        # Nobody takes what was fetched, until no more is and the buffer goes round.
        time.sleep(1.5)
        items += collect(source, 0.5)
    finally:
        source.close()
    got = chunks(items)
    assert sum(chunk.missing_before for chunk in got) > 50
    start = round(got[0].values[0, 0]) - got[0].first_sample
    for chunk in got:
        expected = start + chunk.first_sample + np.arange(len(chunk))
        np.testing.assert_array_equal(np.round(chunk.values[:, 0]), expected)


def test_a_killed_buffer_is_picked_up_again(serve: Start) -> None:
    port, process = serve()
    source = FieldTripSource(port=port, unit="uV")
    try:
        before = collect(source, 0.4)
        process.kill()
        process.wait()
        began = last = time.monotonic()
        worst, silence = 0.0, []
        for item in source:
            now = time.monotonic()
            worst, last = max(worst, now - last), now
            silence.append(item)
            if now - began > 0.8:
                break
        ticks = [item for item in silence if isinstance(item, Tick)]
        assert 0.5 < ticks[-1].idle < 1.2
        assert worst < BUSY_S
        serve(port)
        after = []
        for item in source:
            after.append(item)
            if len(chunks(after)) > 3:
                break
            assert time.monotonic() - began < 10
    finally:
        source.close()
    (returned,) = [item for item in after if isinstance(item, Event)]
    assert (returned.kind, returned.payload) == (Kind.STREAM_RETURNED, {"reconnected": True})
    first, last_before = chunks(after)[0], chunks(before + silence)[-1]
    assert first.first_sample == returned.sample == last_before.stop + first.missing_before
    away = first.times[0] - last_before.times[-1]
    assert away == pytest.approx((first.missing_before + 1) / 250.0)
    assert 0.8 < away < time.monotonic() - began + 0.2


def test_a_buffer_that_hangs_is_left_and_asked_again(serve: Start) -> None:
    port, process = serve()
    source = FieldTripSource(port=port, unit="uV")
    try:
        collect(source, 0.2)
        os.kill(process.pid, signal.SIGSTOP)
        last, worst = time.monotonic(), 0.0
        for item in source:
            now = time.monotonic()
            worst, last = max(worst, now - last), now
            if isinstance(item, Tick) and item.idle > 0.6:
                break
        assert worst < BUSY_S
        os.kill(process.pid, signal.SIGCONT)
        assert chunks(collect(source, 0.5))
    finally:
        os.kill(process.pid, signal.SIGCONT)
        source.close()


def test_a_buffer_written_anew_goes_on(serve: Start) -> None:
    port, _ = serve(seconds=0.6)
    source = FieldTripSource(port=port, unit="uV")
    labels = ["Cz", "Pz", "Oz", "VEOG"]
    try:
        before = collect(source, 0.8)
        request(port, FLUSH_HDR)
        time.sleep(0.2)
        request(port, PUT_HDR, header(labels, 250.0, 9, []))
        after = []
        for number in range(100):
            row = np.full(4, number, dtype=np.float32).tobytes()
            request(port, PUT_DAT, struct.pack("<IIII", 4, 1, 9, len(row)) + row)
            after += collect(source, 0.02)
            if len(chunks(after)) > 5:
                break
    finally:
        source.close()
    (returned,) = [item for item in after if isinstance(item, Event)]
    assert returned.kind == Kind.STREAM_RETURNED
    (first, *_) = chunks(after)
    assert first.missing_before > 25
    assert first.first_sample == chunks(before)[-1].stop + first.missing_before
    got = numbers(after)
    assert got == list(range(got[0], got[0] + len(got)))


def test_a_buffer_that_comes_back_different_is_refused(serve: Start) -> None:
    port, process = serve()
    source = FieldTripSource(port=port, unit="uV")
    try:
        collect(source, 0.2)
        process.kill()
        process.wait()
        serve(port, sfreq=500.0)
        with pytest.raises(SourceError, match="another sampling rate"):
            collect(source, 10)
    finally:
        source.close()


def test_a_buffer_that_is_empty_yet_is_waited_for(serve: Start) -> None:
    port, _ = serve(header_after=0.5)
    source = FieldTripSource(port=port, unit="uV", wait=5.0)
    try:
        assert chunks(collect(source, 0.3))
    finally:
        source.close()


def test_no_buffer_names_host_and_port() -> None:
    with socket.create_server(("localhost", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(SourceError, match=re.escape(f"localhost:{port} within 0.3 s")):
        FieldTripSource(port=port, unit="uV", wait=0.3)


def test_something_else_on_the_port_is_no_buffer() -> None:
    with socket.create_server(("localhost", 0)) as other:
        port = other.getsockname()[1]

        def answer() -> None:
            connection, _ = other.accept()
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(SourceError, match="no FieldTrip buffer"):
            FieldTripSource(port=port, unit="uV", wait=0.0)
        thread.join()


@pytest.mark.parametrize(
    ("unit", "options", "said"),
    [
        (None, {}, "--unit uV"),
        ("furlong", {}, "furlong"),
        ("uV", {"labels": ["Cz", "Cz"]}, "more than one channel called Cz"),
        ("uV", {"labels": ["ECG", "EMG1"]}, "no EEG channel"),
    ],
)
def test_what_cannot_be_decoded_is_refused(
    serve: Start, unit: str | None, options: dict[str, Any], said: str
) -> None:
    port, _ = serve(**options)
    with pytest.raises(SourceError, match=said):
        FieldTripSource(port=port, unit=unit)


def test_channels_without_names_are_numbered(serve: Start) -> None:
    port, _ = serve(labels=["", "", ""])
    source = FieldTripSource(port=port, unit="uV")
    source.close()
    assert source.info.channels == ("1", "2", "3")


def test_a_connection_that_was_closed_is_noticed(serve: Start) -> None:
    port, process = serve()
    client = BufferClient("localhost", port, 1.0)
    assert client.header() is not None
    process.kill()
    process.wait()
    with pytest.raises(ConnectionError):
        client.wait(10**6, 10**6, 0.5)
    client.close()
    client.close()


def test_a_missing_library_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mne_realtime.externals", None)
    with pytest.raises(SourceError, match=re.escape('pip install "rtemotion[mne-realtime]"')):
        FieldTripSource(unit="uV")


def test_importing_it_loads_neither_mne_nor_mne_realtime() -> None:
    code = (
        "import sys, rtemotion.sources.fieldtrip;"
        "assert not {'mne', 'mne_realtime', 'pylsl', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_address_is_read_as_it_is_written(serve: Start) -> None:
    port, _ = serve()
    source = open_buffer(f"buffer://localhost:{port}", unit="uV")
    source.close()
    assert source.info.name == f"FieldTrip buffer localhost:{port}"
    with pytest.raises(SourceError, match="HOST:PORT"):
        open_buffer("localhost:http", unit="uV")


def test_a_connection_that_broke_costs_no_sample_that_the_buffer_kept(
    serve: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fieldtrip, "_TIMEOUT_S", 0.2)
    port, process = serve(first=100_000)
    source = FieldTripSource(port=port, unit="uV")
    try:
        items = collect(source, 0.2)
        os.kill(process.pid, signal.SIGSTOP)
        items += collect(source, 0.6)
        os.kill(process.pid, signal.SIGCONT)
        items += collect(source, 1.2)
    finally:
        os.kill(process.pid, signal.SIGCONT)
        source.close()
    got = numbers(items)
    assert len(got) > 300
    assert got == list(range(got[0], got[0] + len(got)))
    assert not [item for item in items if isinstance(item, Event)]
