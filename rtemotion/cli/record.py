"""`record`: any number of LSL streams into one file, with its growing size in view."""

from __future__ import annotations

import datetime
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SourceError
from ..words import size_text
from .run import stopping_on_signals

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..outlets.session_file import SessionFile
    from ..record import StreamRecorder, StreamStatus

_LOOK_S = 0.1
# A stream that sends regularly and has not for so long deserves a colour.
_SILENT_S = 2.0


def run_record(
    out: Path | None, queries: tuple[str, ...], seconds: float | None, wait: float, overwrite: bool
) -> None:
    """Record until time is up or Ctrl-C.

    Raises
    ------
    SourceError
        If none of the streams asked for is there within `wait` seconds, or none
        could be recorded.
    OutletError
        If the file cannot be written.
    """
    from ..outlets.session_file import SessionFile, check_recording
    from ..record import StreamRecorder, choose
    from ..sources.lsl_network import parse_query

    path = out or Path(datetime.datetime.now().astimezone().strftime("%Y-%m-%d_%H-%M-%S.xdf"))
    wanted = choose([parse_query(q) for q in queries if q != "all"], everything="all" in queries)
    check_recording(path, overwrite)
    target = SessionFile(path, overwrite)
    recorder = StreamRecorder(target, wanted)
    try:
        with stopping_on_signals() as stop:
            found = _await_stream(recorder, wait, lambda: stop.asked)
            if found:
                _watch(target, recorder, seconds, lambda: stop.asked)
    finally:
        recorder.close()
        target.close()
    statuses = recorder.streams()
    if not found:
        _discard(target, path)
        raise SourceError(_none_found(recorder, queries, wait))
    for status in statuses:
        sys.stdout.write(f"# {_line(status)}\n")
    sys.stdout.write(f"# recorded {size_text(target.xdf.size)} to {target.xdf.path}\n")
    if target.xdf.problem:
        raise SourceError(f"the recording stopped early: {target.xdf.problem}")


def _await_stream(recorder: StreamRecorder, wait: float, asked: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + wait
    while not recorder.streams():
        if asked() or time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_S)
    return True


def _none_found(recorder: StreamRecorder, queries: tuple[str, ...], wait: float) -> str:
    what = " or ".join(queries) if queries else "an EEG, marker or rating stream"
    others = "; ".join(str(stream) for stream in recorder.left_out())
    there = f", but there are: {others}" if others else ", nor any other stream"
    return (
        f"{what} was not found within {wait:g} s{there}; start the sender, name another stream "
        "with --stream, or see `rtemotion doctor`."
    )


def _discard(target: SessionFile, path: Path) -> None:
    """Leave no empty files behind."""
    from ..session import session_path

    for file in (target.xdf.path, session_path(path)):
        file.unlink(missing_ok=True)


def _watch(
    target: SessionFile,
    recorder: StreamRecorder,
    seconds: float | None,
    asked: Callable[[], bool],
) -> None:
    show = _on_terminal if sys.stdout.isatty() else _on_pipe
    began = time.monotonic()

    def over() -> bool:
        late = seconds is not None and time.monotonic() - began >= seconds
        return asked() or late or bool(target.xdf.problem)

    show(target, recorder, over)


def _on_terminal(target: SessionFile, recorder: StreamRecorder, over: Callable[[], bool]) -> None:
    from rich.live import Live

    with Live(_picture(target, recorder), auto_refresh=False) as live:
        while not over():
            time.sleep(_LOOK_S)
            live.update(_picture(target, recorder), refresh=True)


def _on_pipe(target: SessionFile, recorder: StreamRecorder, over: Callable[[], bool]) -> None:
    known = 0
    told = time.monotonic()
    while not over():
        statuses = recorder.streams()
        for status in statuses[known:]:
            sys.stdout.write(f"# recording {status.stream}\n")
        if known != len(statuses) or time.monotonic() - told >= 1.0:
            known, told = len(statuses), time.monotonic()
            sys.stdout.write(target.said() + "\n")
            sys.stdout.flush()
        time.sleep(_LOOK_S)


def _picture(target: SessionFile, recorder: StreamRecorder) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("stream", "type", "ch", "Hz", "samples", "newest", ""):
        table.add_column(heading, header_style="dim", no_wrap=True)
    for status in recorder.streams():
        stream = status.stream
        rate = f"{stream.sfreq:g}" if stream.sfreq else "–"
        known = status.age == status.age
        age = f"{status.age:.1f} s ago" if known else "–"
        trouble = status.problem or ("" if status.connected else "waiting for the sender")
        silent = stream.sfreq > 0 and known and status.age > _SILENT_S
        table.add_row(
            *(stream.name, stream.type, str(stream.n_channels), rate, str(status.samples), age),
            Text(trouble or ("silent" if silent else ""), "red"),
        )
    left = [stream.name for stream in recorder.left_out()]
    note = f"not recorded: {', '.join(left)} (name them with --stream)" if left else ""
    return Group(Text(target.said(), "bold red"), table, Text(note, "dim"))


def _line(status: StreamStatus) -> str:
    trouble = f" ({status.problem})" if status.problem else ""
    return f"{status.samples} samples of '{status.stream.name}' ({status.stream.type}){trouble}"
