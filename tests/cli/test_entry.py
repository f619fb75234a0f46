"""The command as a process: exit codes, help, what it loads."""

import json
import subprocess
import sys

import pytest


def rtemotion(*arguments: str, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rtemotion", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sorted(m.split('.')[0] for m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import rtemotion",
        "import rtemotion.sources, rtemotion.outlets, rtemotion.simulators, rtemotion.models",
        "from rtemotion.cli.app import app",
    ],
)
def test_importing_loads_nothing_heavy(statement: str) -> None:
    heavy = {"torch", "PySide6", "mne", "scipy", "onnxruntime", "pyarrow", "pylsl"}
    assert not loaded_by(statement) & heavy


def test_decoding_a_simulation_loads_neither_torch_nor_qt_nor_lsl() -> None:
    statement = (
        "import rtemotion; from rtemotion.simulators import *; "
        "b = Brain(Subject.draw(1), 'muse'); s = SimulatedSource(b, float('inf'), 1.0, 9.0); "
        "assert len(list(rtemotion.decode(s, rtemotion.load_model()))) == 36"
    )
    assert not loaded_by(statement) & {"torch", "PySide6", "sklearn", "onnx", "pylsl"}


@pytest.mark.parametrize(
    "verb", [[], ["demo"], ["simulate"], ["streams"], ["doctor"], ["live"], ["replay"]]
)
def test_every_verb_has_help(verb: list[str]) -> None:
    done = rtemotion(*verb, "--help")
    assert done.returncode == 0
    assert "Usage: " in done.stdout


def test_wrong_usage_exits_with_2() -> None:
    assert rtemotion("replay").returncode == 2
    assert rtemotion("no-such-verb").returncode == 2
    assert rtemotion("demo", "--seconds", "soon").returncode == 2


def test_the_version_is_told() -> None:
    from rtemotion import __version__

    assert rtemotion("--version").stdout == f"rtemotion {__version__}\n"


def test_doctor_finds_what_is_there() -> None:
    done = rtemotion("doctor", "--json")
    assert done.returncode == 0, done.stderr
    found = {finding["what"]: finding for finding in json.loads(done.stdout)}
    assert found["LSL"]["state"] == "ok"
    assert "trained on simulation" in found["shipped model"]["detail"]
    assert all(finding["remedy"] for finding in found.values() if finding["state"] == "missing")
