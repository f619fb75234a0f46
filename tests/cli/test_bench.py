"""`bench` as users run it: every number, the table, refusals, and an early end."""

import json
import math
import signal
import subprocess
import sys
import time
from typing import Any

import psutil
import pytest

from rtemotion.bench import MEASUREMENTS
from rtemotion.cli import bench
from rtemotion.cli.bench import run_bench
from rtemotion.errors import RtemotionError

from ..bench.helpers import uninstall

COMMAND = [sys.executable, "-m", "rtemotion", "bench"]


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    done = subprocess.run(
        [*COMMAND, "--quick", "--json", "--only", "latency"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_what_is_asked_for_stands_under_the_documented_keys(found: dict[str, Any]) -> None:
    assert found["left_out"] == {}
    assert found["failed"] == {}
    assert {"p50", "p99"} <= found["latency_ms"].keys()
    assert all(math.isfinite(number) for number in found["latency_ms"].values())


def test_together_the_measurements_give_every_documented_key() -> None:
    keys = {key for measurement in bench.chosen([]) for key in measurement.keys}
    assert keys >= {
        *("hop_64", "hop_128", "hop_256_core_share", "decoder_64_ms"),
        *("latency_ms", "replay_x_realtime", "memory_growth_mb"),
    }


def test_goals_and_machine_stand_beside_the_numbers(found: dict[str, Any]) -> None:
    (goal,) = found["goals"]
    assert (goal["key"], goal["sense"], goal["limit"]) == ("latency_ms.p99", "<=", 20.0)
    assert goal["met"] is (goal["measured"] <= 20.0)
    assert found["machine"]["cores"] >= 1
    assert {"python", "numpy", "processor", "load_average"} <= found["machine"].keys()
    assert found["quick"] is True


def test_one_measurement_is_a_table_of_its_goals_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run_bench(["hop_256"], quick=True)
    out = capsys.readouterr().out
    rows = [line for line in out.splitlines() if "met" in line.split()]
    assert len(rows) == 2
    assert "share of a core" in rows[0]
    assert "<= 0.3" in rows[0]
    assert "# quick: " in out


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    done = subprocess.run(
        [*COMMAND, "--only", "hop_64,speed"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    said = " ".join(done.stderr.split())
    assert "speed; there are hop_64, hop_128" in said


def test_names_are_measured_once_and_in_their_own_order() -> None:
    chosen = bench.chosen(["memory", "hop_64", "memory"])
    assert [measurement.name for measurement in chosen] == ["hop_64", "memory"]
    assert len(bench.chosen([])) == len(MEASUREMENTS)


def test_a_failure_is_told_after_the_rest_is_printed(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    uninstall("onnxruntime", tmp_path, monkeypatch)
    with pytest.raises(RtemotionError, match="decoder_64 failed"):
        run_bench(["decoder_64"], quick=True, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["decoder_64_ms"] is None
    assert "onnxruntime" in found["failed"]["decoder_64"]
    assert found["goals"][0]["met"] is None


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_early_end_leaves_no_process_behind(number: signal.Signals) -> None:
    command = subprocess.Popen(
        [*COMMAND, "--only", "latency"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    started = _wait_for_grandchild(psutil.Process(command.pid))
    command.send_signal(number)
    out, complaints = command.communicate(timeout=30)
    assert command.returncode == 0, complaints
    assert out == ""
    assert complaints == ""
    _, alive = psutil.wait_procs(started, timeout=10)
    assert alive == []


def _wait_for_grandchild(command: psutil.Process) -> list[psutil.Process]:
    """Wait until the measurement has started its sender."""
    began = time.monotonic()
    while time.monotonic() - began < 60:
        started: list[psutil.Process] = command.children(recursive=True)
        if len(started) >= 2:
            return started
        time.sleep(0.02)
    raise AssertionError("the measurement has not started its sender")
