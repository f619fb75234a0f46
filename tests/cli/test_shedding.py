"""Output that nobody reads holds nothing up."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rtemotion.cli.shedding import MOST, Shedding, shedding


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5.0
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_is_written_arrives_in_order() -> None:
    reading, writing = os.pipe()
    out = Shedding(writing)
    for k in range(100):
        out.write(f"zeile {k} größer\n")
    out.close()
    out.close()
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as reader:
        assert reader.read().splitlines() == [f"zeile {k} größer" for k in range(100)]


def test_a_reader_who_has_stopped_holds_nothing_up_and_is_told() -> None:
    reading, writing = os.pipe()
    out = Shedding(writing)
    line = "x" * 1023 + "\n"
    for _ in range(MOST // 1024 + 500):
        out.write(line)
    assert out.left_out > 100
    read = os.fdopen(reading, "rb", buffering=0)
    # Without waiting: the last of it may be read before it is taken off what is waiting.
    os.set_blocking(reading, False)
    eventually(lambda: read.read(2**16) is None and not out._waiting)
    os.set_blocking(reading, True)
    out.close()
    os.close(writing)
    assert read.read().endswith(b"lines were left out, since nobody read them in time\n")
    read.close()


def test_a_reader_who_has_gone_is_noticed() -> None:
    reading, writing = os.pipe()
    out = Shedding(writing)
    os.close(reading)
    out.write("a\n")
    eventually(lambda: out._broken)
    with pytest.raises(BrokenPipeError):
        out.write("b\n")
    out.close()
    os.close(writing)


def test_a_stream_without_a_place_is_written_to_directly(tmp_path: Path) -> None:
    import io

    memory = io.StringIO()
    assert shedding(memory) is memory


def test_a_demo_that_nobody_reads_is_recorded_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.xdf"
    # Far fewer lines than a second has fill a pipe this small.
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    filler = os.fdopen(os.dup(writing), "wb", buffering=0)
    os.set_blocking(writing, False)
    while filler.write(b"x" * 4096) is not None:
        pass
    os.set_blocking(writing, True)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "rtemotion", "demo", "--headset", "muse", "--no-gui"),
            *("--seconds", "6", "--record", str(path)),
        ],
        stdout=writing,
        stderr=subprocess.PIPE,
    )
    try:
        deadline = time.monotonic() + 40
        while not (path.exists() and path.stat().st_size > 6 * 256 * (9 + 4 * 8)):
            assert time.monotonic() < deadline, "the recording does not grow"
            time.sleep(0.1)
    finally:
        process.kill()
        process.communicate()
        filler.close()
        os.close(writing)
        os.close(reading)
