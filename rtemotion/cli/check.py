"""`check`: what a headset or recording is worth, before anything is decoded from it."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..conditioning.survey import ChannelSurvey, Surveyor
from ..contact import Report, report_on
from ..decoding import load_model
from ..errors import SourceError
from ..options import Options
from ..pipeline import preload
from ..place import Place
from ..signal import Chunk, Source
from .run import stopping_on_signals

if TYPE_CHECKING:
    from rich.console import RenderableType

# A line of a table stays within a terminal of 80 columns.
_REASONS_WIDTH = 30


def run_check(
    place: Place,
    seconds: float = 10.0,
    as_json: bool = False,
    options: Options | None = None,
    model_file: Path | None = None,
) -> int:
    """Listen for a while, tell what was found, and return 0.

    Parameters
    ----------
    place : Place
        What to look at.
    seconds : float
        How long; a recording's first seconds, at once.
    as_json : bool
        Print JSON instead of a table.
    options : Options, optional
        The set-up to be judged.
    model_file : Path, optional
        The model that is to decode; the one that ships by default.

    Raises
    ------
    SourceError
        If there is nothing to look at, nothing comes, or too few channels are usable;
        in that case after everything else was told.
    SetupError
        If the set-up does not fit the source.
    """
    options = options or Options()
    model = load_model(model_file)
    preload(options.setup())
    source = place.open(options)
    with closing(source):
        surveyor = Surveyor(source.info)
        _listen(source, surveyor, seconds, paced=place.file is None, quiet=as_json)
        report = report_on(source, surveyor, place.unit_known(options.unit), options, model)
    if as_json:
        sys.stdout.write(json.dumps(report.as_dict(), indent=2) + "\n")
    elif sys.stdout.isatty():
        from rich.console import Console

        Console().print(picture(report))
    else:
        sys.stdout.write("\n".join(plain(report)) + "\n")
    sys.stdout.flush()
    if not report.enough:
        raise SourceError(
            f"{len(report.survey.usable)} channels of {report.name} are usable, but the model "
            f"needs {report.needed} with positions; what speaks against the others is said above."
        )
    return 0


def _listen(source: Source, surveyor: Surveyor, seconds: float, paced: bool, quiet: bool) -> None:
    """Collect seconds of signal from a recording, of time from anything live."""
    enough = seconds * source.info.sfreq
    with stopping_on_signals() as stop, _progress(seconds, quiet or not paced) as show:
        began = time.monotonic()
        for item in source:
            if not paced and isinstance(item, Chunk) and surveyor.samples + len(item) > enough:
                item = item.cut(0, max(0, math.ceil(enough) - surveyor.samples))
            surveyor.add(item)
            passed = time.monotonic() - began
            show(min(passed, seconds))
            if stop.asked or (passed >= seconds if paced else surveyor.samples >= enough):
                break


@contextmanager
def _progress(seconds: float, quiet: bool) -> Iterator[Any]:
    if quiet or not sys.stdout.isatty():
        yield lambda passed: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("listening"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task("listening", total=seconds)
        yield lambda passed: progress.update(task, completed=passed)


def facts(report: Report) -> dict[str, str]:
    """Return what concerns the whole stream, in words."""
    survey, timing = report.survey, report.survey.timing
    rate = f"{timing.nominal:g} Hz"
    if math.isfinite(timing.measured):
        rate += (
            f", measured {timing.measured:.3f} Hz (drift {timing.drift:+.0f} ± "
            f"{timing.uncertainty:.0f} ppm, jitter {timing.jitter * 1e3:.1f} ms)"
        )
    lost = f"{survey.lost} of {survey.samples + survey.lost} samples"
    if survey.returned:
        lost += f"; gone and back {survey.returned} times"
    line = f"{survey.line_hz:g} Hz" if survey.line_hz else "neither 50 nor 60 Hz stands out"
    used = [c.name for c in survey.channels if c.used and c.placed]
    return {
        "looked at": f"{report.name}, {survey.seconds:.1f} s",
        "rate": rate,
        "lost": lost,
        "unit": f"{report.unit} ({report.unit_known})",
        "mains": line,
        "reference": f"{report.reference}; decoding uses {report.used_reference}",
        "montage": report.montage,
        "channels used": ", ".join(used) or "none",
        "usable": f"{len(survey.usable)}, the model needs {report.needed}",
    }


def plain(report: Report) -> list[str]:
    """Return the report as lines, one a channel."""
    lines = [f"# {key}: {value}" for key, value in facts(report).items()]
    for channel in report.survey.channels:
        ohm = channel.impedance
        contact = f" contact={ohm / 1e3:.1f}kOhm" if math.isfinite(ohm) else ""
        lines.append(
            f"{channel.name} {channel.kind} {_position(channel)} "
            f"rms={_microvolts(channel.rms)} mains={_microvolts(channel.line)} "
            f"missing={channel.missing:.1%} railed={channel.railed:.1%} flat={channel.flat:.1%}"
            f"{contact} {channel.verdict}"
            + (f": {'; '.join(channel.reasons)}" if channel.reasons else "")
        )
    return lines


def picture(report: Report) -> RenderableType:
    """Return the report as tables for a terminal."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    summary = Table.grid(padding=(0, 2))
    for key, value in facts(report).items():
        summary.add_row(Text(key, style="dim"), Text(value))
    contacts = any(math.isfinite(channel.impedance) for channel in report.survey.channels)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    headings = ["channel", "kind", "place", "RMS", "mains", "miss", "rail", "flat"]
    for heading in [*headings, *(["kOhm"] if contacts else []), "verdict"]:
        numeric = heading in {"RMS", "mains", "miss", "rail", "flat", "kOhm"}
        table.add_column(heading, header_style="dim", justify="right" if numeric else "left")
    table.add_column("", overflow="fold", max_width=_REASONS_WIDTH)
    styles = {"ok": "green", "check": "yellow", "bad": "red"}
    for channel in report.survey.channels:
        ohm = channel.impedance
        table.add_row(
            channel.name,
            channel.kind,
            _position(channel),
            *(_microvolts(value) for value in (channel.rms, channel.line)),
            *(f"{share:.0%}" for share in (channel.missing, channel.railed, channel.flat)),
            *([f"{ohm / 1e3:.1f}" if math.isfinite(ohm) else "–"] if contacts else []),
            Text(channel.verdict, style=styles[channel.verdict]),
            "; ".join(channel.reasons),
        )
    return Group(summary, Text(), table)


def _position(channel: ChannelSurvey) -> str:
    if not channel.used:
        return "unused"
    return "placed" if channel.placed else "unplaced"


def _microvolts(volts: float) -> str:
    return f"{volts * 1e6:.1f}µV" if math.isfinite(volts) else "–"
