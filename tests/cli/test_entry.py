"""The command as a process: exit codes, help, what it loads."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from rtemotion.cli.entry import finishing


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


def test_of_a_command_that_is_all_or_nothing_ctrl_c_is_a_failure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @finishing
    def work(number: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(typer.Exit) as ending:
        work(number=1)
    assert ending.value.exit_code == 1
    assert capsys.readouterr().err == "Stopped before it was done; nothing was written.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_explain_stops_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    out, log = tmp_path / "networks", tmp_path / "log"
    command = ["explain", "--headset", "muse", "--seconds", "100000", "--out", str(out)]
    began = "import sys; from rtemotion.cli.explain_opening import _Telling as T; "
    # Says when the first sample is asked for, so that the signal meets it at work.
    began += "go = T.__iter__; T.__iter__ = lambda self: (print('on', flush=True), go(self))[1]; "
    began += "from rtemotion.cli import main; main()"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-c", began, *command],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == "on\n"
        process.send_signal(signal.SIGINT)
        asked = time.monotonic()
        assert process.wait(timeout=30) == 1
        assert time.monotonic() - asked < 5.0
    assert log.read_text().splitlines()[-1] == "Stopped before it was done; nothing was written."
    assert not list(tmp_path.glob("networks*"))


def test_the_version_is_told() -> None:
    from rtemotion import __version__

    assert rtemotion("--version").stdout == f"rtemotion {__version__}\n"


def test_doctor_finds_what_is_there() -> None:
    done = rtemotion("doctor", "--json")
    assert done.returncode == 0, done.stderr
    found = {finding["what"]: finding for finding in json.loads(done.stdout)}
    assert found["LSL"]["state"] == "ok"
    assert "trained on simulation" in found["shipped model"]["detail"]
    extras = {what.split("[")[1].rstrip("]") for what in found if "[" in what}
    assert {"gui", "train", "cluster", "annotate"} <= extras
    assert all(finding["remedy"] for finding in found.values() if finding["state"] == "missing")
