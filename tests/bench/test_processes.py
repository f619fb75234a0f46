"""Measurements in processes of their own: what they answer, and how they end."""

import mmap
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rtemotion.bench import MEASUREMENTS, Measurement
from rtemotion.bench.memory_use import peak_mb, resident_mb
from rtemotion.bench.processes import MeasurementError, measure_apart

from .helpers import uninstall


def test_without_the_peer_ours_is_measured_and_a_sentence_says_how_to_compare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uninstall("mne_connectivity", tmp_path, monkeypatch)
    result = measure_apart(MEASUREMENTS["hop_64"], quick=True)
    assert result.values["hop_64"]["ms"] > 0.0
    assert result.values["hop_64"]["peer_ms"] is None
    assert result.values["hop_64"]["ratio"] is None
    assert "pip install mne-connectivity" in result.left_out["hop_64.peer_ms"]


def test_without_lsl_latency_is_left_out_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uninstall("pylsl", tmp_path, monkeypatch)
    result = measure_apart(MEASUREMENTS["latency"], quick=True)
    assert result.values == {"latency_ms": None}
    assert "rtemotion doctor" in result.left_out["latency_ms"]


def test_a_measurement_that_fails_gives_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uninstall("onnxruntime", tmp_path, monkeypatch)
    with pytest.raises(MeasurementError, match="onnxruntime"):
        measure_apart(MEASUREMENTS["decoder_64"], quick=True)


def test_a_measurement_that_nobody_knows_fails() -> None:
    with pytest.raises(MeasurementError, match="invalid choice"):
        measure_apart(Measurement("no-such", "", (), "no_such"))


def test_numerical_libraries_are_held_to_one_thread() -> None:
    code = (
        "import os, sys; sys.argv = ['bench', 'no-such']\n"
        "from rtemotion.bench.__main__ import THREADS, main\n"
        "assert 'numpy' not in sys.modules\n"
        "sys.argv = ['bench', 'hop_64', '--quick']\n"
        "from rtemotion.bench import Measurement, Result\n"
        "Measurement.run = lambda self, quick: Result({n: os.environ[n] for n in THREADS})\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.count('"1"') == 4


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="asks Linux")
def test_memory_is_what_the_system_says() -> None:
    import psutil

    before = resident_mb()
    # Pages of its own: what was freed before may be given out again.
    block = mmap.mmap(-1, 50_000_000)
    for page in range(0, len(block), mmap.PAGESIZE):
        block[page] = 1
    after = resident_mb()
    assert before is not None
    assert after is not None
    assert after - before == pytest.approx(50.0, abs=5.0)
    assert after == pytest.approx(psutil.Process().memory_info().rss / 1e6, rel=0.02)
    block.close()
    assert (peak_mb() or 0.0) >= 0.99 * after
