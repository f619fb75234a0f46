"""`streams` and `doctor`: what is on the network, and what this machine lacks."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import sys
import time
from dataclasses import asdict, dataclass

from ..errors import ModelError, RtemotionError

_FOLLOW_S = 0.2


def run_streams(wait: float, as_json: bool) -> None:
    """List the LSL streams there are."""
    from ..sources.lsl_network import find_streams

    found = find_streams(wait)
    if as_json:
        sys.stdout.write(json.dumps([asdict(stream) for stream in found], indent=2) + "\n")
        return
    if not found:
        sys.stdout.write(
            f"No LSL stream answered within {wait:g} s. Is the sender running and on the same "
            "network, and does the firewall let UDP port 16571 and TCP ports 16572-16604 pass? "
            "Try one of our own: rtemotion simulate\n"
        )
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("name", "type", "channels", "rate", "source_id", "host"):
        table.add_column(heading, overflow="fold")
    for stream in found:
        rate = f"{stream.sfreq:g} Hz" if stream.sfreq else "irregular"
        table.add_row(
            stream.name,
            stream.type,
            str(stream.n_channels),
            rate,
            stream.source_id,
            stream.hostname,
        )
    Console().print(table)


def run_follow(as_json: bool) -> None:
    """Tell which LSL streams appear and leave, a line each, until Ctrl-C."""
    from ..sources.lsl_watch import StreamWatcher
    from .run import stopping_on_signals

    with stopping_on_signals() as stop, StreamWatcher() as watcher:
        while not stop.asked:
            for sign, streams in zip("+-", watcher.changes(), strict=True):
                for stream in streams:
                    said = {"change": sign} | asdict(stream)
                    line = json.dumps(said, ensure_ascii=False) if as_json else f"{sign} {stream}"
                    sys.stdout.write(line + "\n")
            sys.stdout.flush()
            time.sleep(_FOLLOW_S)


def run_boards(as_json: bool) -> None:
    """List the boards that BrainFlow drives."""
    from ..sources.brainflow_boards import boards

    found = boards()
    if as_json:
        sys.stdout.write(json.dumps([asdict(board) for board in found], indent=1) + "\n")
        return
    for board in found:
        sys.stdout.write(
            f"{board.name} ({board.title}): {len(board.channels)} channels, {board.sfreq:g} Hz\n"
        )


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Attributes
    ----------
    what : str
        What was looked at.
    state : {"ok", "missing", "optional"}
        Missing things stop something that is documented from working.
    detail : str
        What was found.
    remedy : str
        What to do, empty when all is well.
    """

    what: str
    state: str
    detail: str
    remedy: str = ""


def run_doctor(as_json: bool) -> None:
    """Look at everything a run may need."""
    findings = [_python(), _lsl(), _model(), _kernel(), *_extras(), _screen(), _log()]
    if as_json:
        sys.stdout.write(json.dumps([asdict(f) for f in findings], indent=2) + "\n")
    else:
        for finding in findings:
            mark = {"ok": "ok      ", "missing": "MISSING ", "optional": "optional"}[finding.state]
            sys.stdout.write(f"{mark}  {finding.what}: {finding.detail}\n")
            if finding.remedy:
                sys.stdout.write(f"          {finding.remedy}\n")
    if any(finding.state == "missing" for finding in findings):
        raise RtemotionError("Something that rtemotion needs is missing; the remedies are above.")


def _python() -> Finding:
    from .. import __version__

    detail = (
        f"rtemotion {__version__} on Python {platform.python_version()}, {platform.platform()}"
    )
    return Finding("program", "ok", detail)


def _lsl() -> Finding:
    from ..lsl import load_pylsl

    try:
        pylsl = load_pylsl()
    except RtemotionError as error:
        return Finding("LSL", "missing", "the liblsl library cannot be loaded", str(error))
    version = pylsl.library_version()
    detail = f"liblsl {version // 100}.{version % 100}, pylsl {_version('pylsl')}"
    return Finding("LSL", "ok", detail)


def _model() -> Finding:
    from ..decoding import load_model

    try:
        model = load_model()
    except ModelError as error:
        return Finding("shipped model", "missing", "cannot be used", str(error))
    return Finding("shipped model", "ok", model.identity)


def _kernel() -> Finding:
    from ..features.compiled import kernel

    if kernel is None:
        remedy = (
            "Install a C compiler and Python's headers (Debian: apt install gcc python3-dev; "
            "macOS: xcode-select --install), then rtemotion again: pip install "
            "--force-reinstall --no-deps followed by what you installed it from."
        )
        detail = "not compiled: features are the same and take about twice as long"
        return Finding("compiled kernel", "optional", detail, remedy)
    return Finding("compiled kernel", "ok", "there is one")


def _extras() -> list[Finding]:
    wanted = {
        "gui": ("desktop app", "PySide6-Essentials", _install("gui")),
        "train": (
            "training",
            "torch",
            _install("train") + " (first install torch from the CPU index of your platform, or "
            "several GB of CUDA come along)",
        ),
        "brainflow": ("BrainFlow boards", "brainflow", _install("brainflow")),
        "mne-realtime": ("FieldTrip", "mne-realtime", _install("mne-realtime")),
        "asr": ("artifact subspace reconstruction", "meegkit", _install("asr")),
        "annotate": ("language models", "httpx", _install("annotate")),
        "embedding": ("sentence models", "tokenizers", _install("embedding")),
        "cluster": ("Dask clusters", "distributed", _install("cluster")),
        "pandas": ("tables in Python", "pandas", _install("pandas")),
    }
    return [_extra(name, *parts) for name, parts in wanted.items()]


def _install(extra: str) -> str:
    """Return the command that adds an extra to this very installation."""
    return f"In rtemotion's folder: {sys.executable} -m pip install '.[{extra}]'"


def _extra(name: str, what: str, package: str, remedy: str) -> Finding:
    version = _version(package)
    if version is None:
        return Finding(f"{what} [{name}]", "optional", f"{package} is not installed", remedy)
    return Finding(f"{what} [{name}]", "ok", f"{package} {version}")


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _screen() -> Finding:
    from .window import has_screen, reason_against_window

    if not has_screen():
        return Finding("display", "optional", "none, so the view stays in the terminal")
    if reason := reason_against_window():
        return Finding("display", "optional", "there is one, but the app cannot open", reason)
    return Finding("display", "ok", "there is one, and the app can open")


def _log() -> Finding:
    from ..logs import log_path

    path = log_path()
    if path is None:
        remedy = "Make the folder for logs in your home writable, or set XDG_STATE_HOME."
        return Finding("log file", "optional", "cannot be written", remedy)
    return Finding("log file", "ok", str(path))
