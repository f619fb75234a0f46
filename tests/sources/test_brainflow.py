"""The BrainFlow source on BrainFlow's own synthetic, playback and streaming boards, and
on a Cyton at the far end of a pseudo-terminal."""

import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtemotion.decoding import Model
from rtemotion.engine import Engine
from rtemotion.errors import SourceError
from rtemotion.outlets.recorder import Recorder
from rtemotion.outlets.session_file import SessionFile
from rtemotion.signal import Chunk, Event, FloatArray, Kind, ReceivedChunk, Tick
from rtemotion.sources import brainflow
from rtemotion.sources.brainflow import BrainFlowSource, open_board
from rtemotion.sources.brainflow_boards import load_brainflow
from rtemotion.sources.brainflow_clock import SteadyStamps
from rtemotion.sources.brainflow_session import BoardSession
from rtemotion.sources.lsl_metadata import describe_stream
from rtemotion.sources.sleep import SleepWatch
from rtemotion.testing import check_source
from rtemotion.verify import verify

from .fake_cyton import MICROVOLTS, FakeCyton

pytest.importorskip("brainflow")

# 100 ms, and what a busy machine may add; blocking on BrainFlow would take longer.
BUSY_S = 0.4


def native_threads() -> int:
    return len(os.listdir("/proc/self/task"))


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert not [t.name for t in threading.enumerate() if t not in before]


@pytest.fixture
def cyton(tmp_path: Path) -> Iterator[Any]:
    made: list[FakeCyton] = []

    def plug_in(**options: Any) -> FakeCyton:
        made.append(FakeCyton(tmp_path / "ttyUSB0", **options))
        return made[-1]

    yield plug_in
    for board in made:
        if board.port.is_symlink():
            board.unplug()


def collect(source: BrainFlowSource, seconds: float) -> list[Chunk | Event | Tick]:
    items, end = [], time.monotonic() + seconds
    for item in source:
        items.append(item)
        if time.monotonic() >= end:
            break
    return items


def chunks(items: list[Chunk | Event | Tick]) -> list[ReceivedChunk]:
    return [item for item in items if isinstance(item, ReceivedChunk)]


def events(items: list[Chunk | Event | Tick], kind: str) -> list[Event]:
    return [item for item in items if isinstance(item, Event) and item.kind == kind]


def column(source: BrainFlowSource, items: list[Any], name: str) -> FloatArray:
    values = np.concatenate([chunk.values for chunk in chunks(items)])
    return np.asarray(values[:, source.info.channels.index(name)])


def test_a_board_keeps_to_what_sources_promise() -> None:
    source = BrainFlowSource("synthetic")
    threading.Timer(0.5, source.close).start()
    check_source(source)
    assert list(source) == []


def test_samples_arrive_in_volts_with_stamps_of_now() -> None:
    source = BrainFlowSource(-1)
    try:
        info = source.info
        assert (info.name, info.sfreq, info.timestamps) == ("BrainFlow Synthetic", 250.0, "raw")
        assert info.kinds.count("eeg") == 16
        assert info.channels[:4] == ("COUNTER", "Fz", "C3", "Cz")
        began = source.now()
        items = collect(source, 1.0)
        data = np.concatenate([chunk.data for chunk in chunks(items)])
        values = np.concatenate([chunk.values for chunk in chunks(items)])
        times = np.concatenate([chunk.times for chunk in chunks(items)])
        assert len(data) > 150
        np.testing.assert_array_equal(data, values * source.factors)
        assert 1e-6 < data[:, 1].std() < 1e-3
        assert (np.diff(column(source, items, "COUNTER")) % 256 == 1).all()
        assert began - 0.2 < times[0]
        assert times[-1] <= source.now()
        assert (np.diff(times) > 0).all()
    finally:
        source.close()
        source.close()


def test_what_is_recorded_plays_back_to_the_last_digit(tmp_path: Path) -> None:
    shim = load_brainflow()
    file = tmp_path / "synthetic.csv"
    board = shim.BoardShim(-1, shim.BrainFlowInputParams())
    board.prepare_session()
    board.start_stream(45000, f"file://{file}:w")
    time.sleep(1.0)
    board.stop_stream()
    board.release_session()
    written = np.loadtxt(file)
    source = BrainFlowSource("playback_file", file=str(file), master="synthetic")
    try:
        got: list[Any] = []
        for item in source:
            got.append(item)
            if isinstance(item, Tick) and item.idle > 0.3:
                break
        values = np.concatenate([chunk.values for chunk in chunks(got)])
        kept = [row for row in range(32) if row != 30]
        np.testing.assert_array_equal(values, written[:, kept])
        assert all(chunk.missing_before == 0 for chunk in chunks(got))
    finally:
        source.close()


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads as Linux lists them")
def test_closing_ends_brainflows_own_threads() -> None:
    BrainFlowSource("synthetic").close()  # whatever is started once is
    before = native_threads()
    source = BrainFlowSource("synthetic")
    assert native_threads() > before
    source.close()
    # The system takes a moment to bury a thread that has ended.
    until = time.monotonic() + 2.0
    while native_threads() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert native_threads() <= before


def test_markers_are_events_before_their_sample() -> None:
    source = BrainFlowSource("synthetic")
    try:
        items = collect(source, 0.2)
        source.insert_marker(7.5)
        items += collect(source, 0.3)
        (marker,) = events(items, Kind.MARKER)
        assert marker.payload == {"description": "7.5", "value": 7.5}
        place = items.index(marker)
        after = next(item for item in items[place:] if isinstance(item, ReceivedChunk))
        assert (after.first_sample, after.times[0]) == (marker.sample, marker.time)
        assert column(source, [after], "MARKER")[0] == 7.5
        with pytest.raises(SourceError, match="marker 0"):
            source.insert_marker(0.0)
    finally:
        source.close()
    with pytest.raises(SourceError, match="not connected"):
        source.insert_marker(1.0)


def test_the_description_reads_back_as_the_same_stream() -> None:
    source = BrainFlowSource("synthetic")
    source.close()
    described = describe_stream(source.xml)
    np.testing.assert_array_equal(described.factors, source.factors)
    for said in ("channels", "kinds", "sfreq", "unit", "name", "source_id", "host", "timestamps"):
        assert getattr(described.info, said) == getattr(source.info, said), said
    assert described.manufacturer == "BrainFlow"


def test_contacts_and_battery_are_told_where_the_board_measures_them() -> None:
    source = BrainFlowSource("synthetic")
    try:
        assert all(math.isnan(ohm) for ohm in source.impedances().values())
        collect(source, 0.3)
        ohm = source.impedances()
        assert list(ohm) == [
            n for n, k in zip(source.info.channels, source.info.kinds, strict=True) if k == "eeg"
        ]
        assert 500 < ohm["Fz"] < 2000  # BrainFlow makes these two up around 1 kOhm
        assert math.isnan(ohm["Cz"])
        assert 0 <= source.battery() <= 100
    finally:
        source.close()


def test_packets_lost_on_the_way_are_counted(cyton: Any) -> None:
    lost = {20, 21, 50, 51, 52, 53, *range(100, 100 + 300)}
    board = cyton(lost=lost)
    source = BrainFlowSource("cyton", serial_port=str(board.port))
    try:
        items = collect(source, 2.2)
    finally:
        source.close()
    numbers = np.round(column(source, items, "Fp1") / MICROVOLTS).astype(int)
    index = np.concatenate([c.first_sample + np.arange(len(c)) for c in chunks(items)])
    np.testing.assert_array_equal(index, numbers)
    assert numbers[-1] > 450
    assert not set(numbers.tolist()) & lost
    assert [c.missing_before for c in chunks(items) if c.missing_before] == [2, 4, 300]


def test_a_daisy_counts_in_twos(cyton: Any) -> None:
    board = cyton(lost={20, 21, 50, 51, 52, 53}, daisy=True)
    source = BrainFlowSource("cyton_daisy", serial_port=str(board.port))
    try:
        assert source.info.sfreq == 125.0
        items = collect(source, 1.0)
    finally:
        source.close()
    numbers = np.round(column(source, items, "Fp1") / MICROVOLTS).astype(int)
    index = np.concatenate([c.first_sample + np.arange(len(c)) for c in chunks(items)])
    np.testing.assert_array_equal(index, (numbers - numbers[0]) // 2)
    assert [c.missing_before for c in chunks(items) if c.missing_before] == [1, 2]


def test_a_board_that_was_unplugged_is_opened_again(
    cyton: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brainflow, "_LOST_S", 0.3)
    board = cyton()
    source = BrainFlowSource("cyton", serial_port=str(board.port))
    try:
        before = collect(source, 0.3)
        board.unplug()
        began = last = time.monotonic()
        worst, silence = 0.0, []
        for item in source:
            now = time.monotonic()
            worst, last = max(worst, now - last), now
            silence.append(item)
            if now - began > 1.0:
                break
        idles = [item.idle for item in silence if isinstance(item, Tick)]
        assert idles == sorted(idles)
        assert 0.6 < idles[-1] < 1.4
        assert worst < BUSY_S
        with pytest.raises(SourceError, match="not connected"):
            source.insert_marker(1.0)
        board.replug()
        after = []
        for item in source:
            after.append(item)
            if len(chunks(after)) > 3:
                break
            assert time.monotonic() - began < 10
        (returned,) = events(after, Kind.STREAM_RETURNED)
        assert returned.payload == {"reconnected": True}
        assert isinstance(after[after.index(returned) + 1], Chunk)
        got = chunks(before + silence + after)
        assert [c.first_sample for c in got] == [0, *np.cumsum([len(c) for c in got])[:-1]]
        assert (np.diff(np.concatenate([c.times for c in got])) > 0).all()
    finally:
        source.close()


def test_closing_while_it_is_being_opened_again_leaves_nothing(
    cyton: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brainflow, "_LOST_S", 0.2)
    board = cyton()
    source = BrainFlowSource("cyton", serial_port=str(board.port))
    collect(source, 0.2)
    board.unplug()
    collect(source, 0.5)
    source.close()
    assert list(source) == []


def test_setting_the_system_clock_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    shift = 0.0
    read = BoardSession.read

    def stamped(session: BoardSession) -> Any:
        # BrainFlow's stamps cannot be made to step without setting this machine's clock.
        data = read(session)
        if data is not None:
            data[30] += shift
        return data

    monkeypatch.setattr(BoardSession, "read", stamped)
    stamps = SteadyStamps(wall=lambda: time.time() + shift)
    source = BrainFlowSource("synthetic", stamps=stamps)
    try:
        items = collect(source, 0.3)
        shift = -3600.0
        items += collect(source, 0.3)
    finally:
        source.close()
    times = np.concatenate([chunk.times for chunk in chunks(items)])
    assert len(times) > 100
    assert np.abs(np.diff(times)).max() < BUSY_S


def test_a_machine_that_slept_is_told_before_the_next_sample() -> None:
    awake = always = 0.0
    sleep = SleepWatch(awake=lambda: awake, always=lambda: always)
    source = BrainFlowSource("synthetic", sleep=sleep)
    try:
        items = collect(source, 0.2)
        always = 60.0
        items += collect(source, 0.2)
    finally:
        source.close()
    (slept,) = events(items, Kind.SLEPT)
    assert slept.payload == {"seconds": 60.0}
    after = next(item for item in items[items.index(slept) :] if isinstance(item, Chunk))
    assert after.first_sample == slept.sample


def test_a_board_in_another_process_is_received(tmp_path: Path) -> None:
    code = (
        "import time; from rtemotion.sources.brainflow_boards import load_brainflow\n"
        "shim = load_brainflow()\n"
        "board = shim.BoardShim(-1, shim.BrainFlowInputParams())\n"
        "board.prepare_session()\n"
        "board.start_stream(45000, 'streaming_board://225.1.1.1:6677')\n"
        "print('ready', flush=True)\n"
        "time.sleep(6)\n"
        "board.release_session(); del board\n"
    )
    sender = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert sender.stdout is not None
        assert sender.stdout.readline() == "ready\n"
        source = BrainFlowSource(
            "streaming", master="synthetic", ip_address="225.1.1.1", ip_port=6677
        )
        try:
            items = collect(source, 0.8)
        finally:
            source.close()
        if not chunks(items):
            pytest.skip("this machine passes no multicast on")
        index = np.concatenate([c.first_sample + np.arange(len(c)) for c in chunks(items)])
        started = column(source, items, "COUNTER") - index
        assert len(set((started % 256).tolist())) == 1  # what multicast drops is counted
        assert not events(items, Kind.CLOCK_OFFSET)  # one machine, one clock
    finally:
        sender.kill()
        sender.communicate()


def test_a_program_that_forgets_to_close_ends_quietly() -> None:
    code = (
        "from rtemotion.sources.brainflow import BrainFlowSource\n"
        "source = BrainFlowSource('synthetic')\n"
        "print(next(i.first_sample for i in source if hasattr(i, 'first_sample')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


def test_one_board_is_not_opened_twice() -> None:
    source = BrainFlowSource("synthetic")
    try:
        with pytest.raises(SourceError, match="already open in this program"):
            BrainFlowSource("synthetic")
    finally:
        source.close()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"board": "cyton"}, "serial_port="),
        ({"board": "cyton", "serial_port": "/dev/ttyNONE"}, "no serial port /dev/ttyNONE.*dongle"),
        ({"board": "playback_file"}, "master="),
        ({"board": "playback_file", "master": "cyton", "file": "none.csv"}, "none.csv"),
        ({"board": "streaming"}, "master="),
        ({"board": "emotibit"}, "measures no EEG"),
        ({"board": "synthetic", "unit": "furlong"}, "furlong"),
    ],
)
def test_what_cannot_be_opened_is_refused_with_the_remedy(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(SourceError, match=said):
        BrainFlowSource(**options)


def test_a_port_that_may_not_be_used_names_the_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = tmp_path / "ttyUSB0"
    port.touch()
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != str(port))
    with pytest.raises(SourceError, match="usermod -aG dialout"):
        BrainFlowSource("cyton", serial_port=str(port))


def test_importing_it_loads_no_native_library() -> None:
    code = (
        "import sys, rtemotion.sources.brainflow;"
        "assert not {'brainflow', 'mne', 'pylsl', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_board_is_opened_as_it_is_written(cyton: Any) -> None:
    board = cyton()
    source = open_board(f"cyton, serial-port={board.port}, timeout=3", unit="nV")
    source.close()
    assert source.info.source_id == f"brainflow-0-{board.port}"
    assert source.factors.min() == 1e-9


@pytest.mark.parametrize("spec", ["cyton,port=x", "cyton,ip_port=x", "cyton,serial_port"])
def test_what_is_not_understood_of_a_board_is_named(spec: str) -> None:
    with pytest.raises(SourceError, match="expected KEY=VALUE"):
        open_board(spec)


def test_a_board_that_loses_packets_replays_to_the_bit(
    cyton: Any, tmp_path: Path, model: Model
) -> None:
    board = cyton(lost={300, 301, *range(500, 505)})
    source = BrainFlowSource("cyton", serial_port=str(board.port))
    recording = tmp_path / "cyton.xdf"
    recorder = Recorder(SessionFile(recording), source)
    gaps: list[int] = []
    with Engine(source, model, recorder=recorder) as engine:
        end = time.monotonic() + 2.5
        for item in engine:
            if isinstance(item, Event) and item.kind == Kind.GAP:
                gaps.append(item.payload["missing"])
            if time.monotonic() >= end:
                break
    assert gaps == [2, 5]
    verdict = verify(recording)
    assert verdict.frames > 4
    assert verdict.difference == ""
