"""What a run shows: a live view in a terminal, one plain line a second anywhere else."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self, TextIO

import numpy as np

from ..decoding.card import Target
from ..signal import EmotionFrame, Event, FloatArray, Kind, Publication, Reason, Tick
from ..words import UNTOLD, describe, plain_line
from .shedding import shedding

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text

# Together with names and numbers these fill a terminal of 80 columns, and no more.
BAR = 20
TRACE = 22
TRACE_SECONDS = 60.0
REFRESH_S = 0.1
SPARKS = "▁▂▃▄▅▆▇█"
EIGHTHS = " ▏▎▍▌▋▊▉"

Truth = Callable[[], FloatArray | None]


@dataclass(frozen=True)
class Screen:
    """What stays the same during a run.

    Attributes
    ----------
    title : str
        What runs.
    model : str
        Identity of the model, with its caveat.
    simulated : bool
        Whether the brain is.
    targets : tuple of Target
        In the order of the frames.
    length : float or None
        Seconds of a recording, None where there is no end.
    unpaced : bool
        True at full speed, where seconds of signal are not seconds.
    recorded : callable or None
        Returns how much is recorded so far, in words; None without a recorder.
    """

    title: str
    model: str
    simulated: bool
    targets: tuple[Target, ...]
    length: float | None = None
    unpaced: bool = False
    recorded: Callable[[], str] | None = None


class View(Protocol):
    """Somewhere to show a run."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(self, *error: object) -> None:
        """Leave the terminal as it was, with what is worth keeping on it."""

    def frame(self, publication: Publication) -> None:
        """Show a frame."""

    def event(self, event: Event) -> None:
        """Show an event."""

    def tick(self, tick: Tick) -> None:
        """Show that time passes without samples."""


def open_view(screen: Screen, truth: Truth | None = None) -> View:
    """Return the live view in a terminal, the plain one when written to a pipe or file."""
    if sys.stdout.isatty():
        return TerminalView(screen, truth)
    return PlainView(screen)


class Tally:
    """The facts of a run that every view shows.

    Attributes
    ----------
    frames, late, stale, lost : int
        Frames with a window, those of them that went out late, stale frames, and
        samples found missing.
    """

    def __init__(self) -> None:
        self.frames = self.late = self.stale = self.lost = 0
        self._ages: deque[float] = deque(maxlen=1000)
        self._last: Publication | None = None

    def add(self, publication: Publication) -> None:
        """Count a frame."""
        self._last = publication
        if publication.frame.index is None:
            self.stale += 1
            return
        self.frames += 1
        self.late += publication.late
        if np.isfinite(publication.sample_age):
            self._ages.append(publication.sample_age)

    def note(self, event: Event) -> None:
        """Count missing samples."""
        if event.kind == Kind.GAP:
            self.lost += int(event.payload["missing"])

    def text(self) -> str:
        """Return the facts in one line."""
        parts = [f"{self.frames} frames"]
        if self._ages:
            p50, p99 = np.percentile(self._ages, [50, 99]) * 1e3
            parts.append(_age(self._ages[-1], p50, p99))
            parts.append(f"late {self.late}")
        parts.append(f"lost samples {self.lost}")
        if self.stale:
            parts.append(f"stale {self.stale}")
        return " · ".join(parts)


class PlainView:
    """One line for each second of the stream, on standard output."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._names = [target.name for target in screen.targets]
        self._next = -np.inf
        self._tally = Tally()
        self._out: TextIO = sys.stdout

    def __enter__(self) -> Self:
        """Say what runs."""
        # A file at full speed is in no hurry: all of it is for its reader.
        self._out = sys.stdout if self._screen.unpaced else shedding(sys.stdout)
        self._out.write(f"# {self._screen.title}\n# model {self._screen.model}\n")
        return self

    def __exit__(self, *error: object) -> None:
        """Sum the run up."""
        self._out.write(f"# {self._tally.text()}\n")
        if self._out is not sys.stdout:
            self._out.close()

    def frame(self, publication: Publication) -> None:
        """Write the first frame of each second."""
        self._tally.add(publication)
        frame = publication.frame
        if frame.time < self._next:
            return
        self._next = np.floor(frame.time) + 1.0
        self._out.write(plain_line(self._names, frame) + "\n")

    def event(self, event: Event) -> None:
        """Write what happened to the stream."""
        self._tally.note(event)
        if event.kind not in UNTOLD:
            self._out.write(f"# {event.time:.2f} s: {describe(event)}\n")

    def tick(self, tick: Tick) -> None:
        """Say nothing: stale frames do."""


class TerminalView:
    """A bar and a short trace for each emotion, redrawn ten times a second.

    Drawn from the run's own loop, without a thread.
    """

    def __init__(self, screen: Screen, truth: Truth | None = None) -> None:
        self._screen = screen
        self._truth = truth
        self._tally = Tally()
        self._frame: EmotionFrame | None = None
        self._traces = [deque[float](maxlen=TRACE) for _ in screen.targets]
        self._next_point = -np.inf
        self._notes: deque[str] = deque(maxlen=3)
        self._idle = 0.0
        self._drawn = 0.0
        self._live: Live | None = None
        self._out: TextIO = sys.stdout

    def __enter__(self) -> Self:
        """Take the terminal."""
        from rich.console import Console
        from rich.live import Live

        self._out = shedding(sys.stdout)
        console = Console(file=self._out)
        self._live = Live(self.picture(), console=console, auto_refresh=False, transient=False)
        self._live.start(refresh=True)
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the last picture standing."""
        if self._live is not None:
            self._live.update(self.picture(), refresh=True)
            self._live.stop()
        if self._out is not sys.stdout:
            self._out.close()

    def frame(self, publication: Publication) -> None:
        """Take a frame into the picture."""
        self._tally.add(publication)
        self._frame = publication.frame
        if publication.frame.index is not None:
            self._idle = 0.0
        if publication.frame.time >= self._next_point:
            self._next_point = publication.frame.time + TRACE_SECONDS / TRACE
            for trace, value in zip(self._traces, publication.frame.mean, strict=True):
                trace.append(float(value))
        self._draw()

    def event(self, event: Event) -> None:
        """Keep the latest events in view."""
        self._tally.note(event)
        if event.kind not in UNTOLD:
            self._notes.append(f"{event.time:.1f} s: {describe(event)}")
        self._draw()

    def tick(self, tick: Tick) -> None:
        """Let the age of the newest sample grow."""
        self._idle = tick.idle
        self._draw()

    def _draw(self) -> None:
        now = time.monotonic()
        if self._live is not None and now - self._drawn >= REFRESH_S:
            self._drawn = now
            self._live.update(self.picture(), refresh=True)

    def picture(self) -> RenderableType:
        """Return what is shown at this moment."""
        from rich.console import Group
        from rich.text import Text

        frame = self._frame
        lines: list[RenderableType] = [
            Text(self._screen.title, style="bold"),
            Text(f"model {self._screen.model}", style="yellow"),
        ]
        if frame is not None and Reason.NOT_VALIDATED in frame.reasons:
            lines.append(
                Text("NOT VALIDATED on people: do not read these as emotions", "bold red")
            )
        lines += [self._emotions(frame), self._status(frame), Text(self._tally.text(), "dim")]
        if self._screen.recorded is not None:
            lines.append(Text(self._screen.recorded(), "bold red"))
        if self._screen.length and frame is not None:
            lines.append(self._progress(frame.time))
        lines += [Text(note, style="dim") for note in self._notes]
        return Group(*lines)

    def _emotions(self, frame: EmotionFrame | None) -> Table:
        from rich.table import Table

        truth = self._truth() if self._truth is not None else None
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        columns = {
            "emotion": 12,
            "now": BAR,
            "mean ± std": 12,
            f"last {TRACE_SECONDS:.0f} s": TRACE,
        }
        if truth is not None:
            columns["truth"] = 5
        for heading, width in columns.items():
            table.add_column(
                heading, header_style="dim", width=width, no_wrap=True, overflow="crop"
            )
        for i, target in enumerate(self._screen.targets):
            mean = float(frame.mean[i]) if frame is not None else np.nan
            std = float(frame.std[i]) if frame is not None else np.nan
            known = np.isfinite(mean)
            cells: list[RenderableType] = [
                target.name,
                _bar(mean, target, trusted=frame is not None and frame.trusted),
                f"{mean:5.2f} ± {std:.2f}" if known else "    –",
                _spark(self._traces[i], target),
            ]
            if truth is not None:
                cells.append(f"{truth[i]:.2f}")
            table.add_row(*cells)
        return table

    def _status(self, frame: EmotionFrame | None) -> Text:
        from rich.text import Text

        if frame is None:
            return Text("waiting for the first samples", style="dim")
        quality = f"quality {frame.quality:.2f} · "
        if frame.trusted:
            return Text(quality + "trusted", style="green")
        style = "red" if frame.reasons & {Reason.STALE, Reason.TOO_FEW_CHANNELS} else "yellow"
        silence = f" · nothing for {self._idle:.1f} s" if Reason.STALE in frame.reasons else ""
        return Text(
            f"{quality}not to be trusted: {', '.join(sorted(frame.reasons))}{silence}", style
        )

    def _progress(self, position: float) -> RenderableType:
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        length = self._screen.length or 1.0
        row = Table.grid(padding=(0, 1))
        row.add_row(
            ProgressBar(total=length, completed=min(position, length), width=48),
            f"{position:.0f} of {length:.0f} s",
        )
        return row


def _age(last: float, p50: float, p99: float) -> str:
    spread = f"(p50 {p50:.0f}, p99 {p99:.0f} ms)"
    if p50 < 0.0:
        return f"newest sample stamped {-last * 1e3:.0f} ms ahead of its publication {spread}"
    return f"newest sample {last * 1e3:.0f} ms old when published {spread}"


def _bar(value: float, target: Target, trusted: bool) -> Text:
    from rich.text import Text

    if not np.isfinite(value):
        return Text("·" * BAR, style="dim")
    share = min(max((value - target.low) / (target.high - target.low), 0.0), 1.0)
    eighths = round(share * BAR * 8)
    full, rest = divmod(eighths, 8)
    bar = "█" * full + (EIGHTHS[rest] if rest else "")
    text = Text(bar.ljust(BAR, "·"), style="cyan" if trusted else "grey50")
    text.stylize("dim", len(bar))
    return text


def _spark(values: deque[float], target: Target) -> str:
    span = target.high - target.low
    out = []
    for value in values:
        if not np.isfinite(value):
            out.append("·")
            continue
        level = int((value - target.low) / span * len(SPARKS))
        out.append(SPARKS[min(max(level, 0), len(SPARKS) - 1)])
    return "".join(out)
