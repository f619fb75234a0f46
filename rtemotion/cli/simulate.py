"""`simulate`: a simulated headset on the network, or in a file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..words import size_text
from .run import stopping_on_signals

if TYPE_CHECKING:
    from ..simulators import Brain, Faults, Headset
    from ..simulators.broadcast import Progress
    from ..simulators.codes import Code

_HEADSET = "cap32"
# A baseline counts from the first sample received, which comes later than the first sent;
# one shorter than this, s, is refused.
_LATE_S, _BASELINE_S = 5.0, 60.0


@dataclass(frozen=True)
class Simulation:
    """Who is simulated, wearing what, and what goes wrong; see ``rtemotion simulate -h``."""

    headset: str | None
    montage: str | None
    channels: tuple[str, ...]
    sfreq: float | None
    code: str
    subject: int | None
    session: int
    seed: int
    rest: float
    story: int | None
    own: float
    realistic: bool
    artifacts: str
    faults: str


def run_simulate(
    what: Simulation,
    seconds: float | None,
    name: str | None,
    source_id: str | None,
    out: Path | None,
    overwrite: bool,
) -> None:
    """Publish, or write a file, until the time is up or Ctrl-C."""
    from ..simulators import Faults

    brain, faults = make_brain(what), Faults.read(what.faults)
    name = name or brain.info.name
    told = "-realistic" if what.realistic else ""
    told += "" if what.story is None else f"-story{what.story}"
    source_id = source_id or f"{brain.info.source_id}{told}"
    if out is None:
        _publish(brain, faults, seconds, name, source_id, what.rest)
    else:
        _write(brain, faults, seconds, name, source_id, out, overwrite)


def make_brain(what: Simulation) -> Brain:
    """Return the brain that was asked for.

    Raises
    ------
    SetupError
        When any of it cannot be had.
    """
    from ..errors import SetupError
    from ..simulators import Artifacts, Brain, Story, Subject

    if what.own and what.story is None:
        raise SetupError(
            f"--own {what.own:g} is the listener's own share of a story's emotions, and there is "
            "no story; add --story NUMBER or leave --own out"
        )
    drawn = what.seed if what.subject is None else what.subject
    person = Subject.draw(drawn, realistic=what.realistic).in_session(what.session)
    # Brain refuses a code there is not with the list of those there are.
    code = cast("Code", what.code)
    base = Artifacts.realistic() if what.realistic else Artifacts.of_code(code)
    heard = None
    if what.story is not None:
        heard = Story(what.story, (*person.seeds, what.seed), what.own, rest_s=what.rest)
    return Brain(
        person,
        _headset(what),
        code,
        seed=what.seed,
        rest_s=what.rest,
        sfreq=what.sfreq,
        artifacts=Artifacts.read(what.artifacts, base),
        trajectories=heard,
    )


def _headset(what: Simulation) -> Headset:
    from ..simulators import get_headset, headset_from_montage

    if what.montage is not None and what.headset is None:
        return headset_from_montage(what.montage, what.channels or None)
    worn = get_headset(what.headset or _HEADSET)
    if what.montage is None and not what.channels:
        return worn
    labels = what.channels or worn.channels
    return headset_from_montage(what.montage or worn.montage, labels, worn.sfreq, worn.name)


def _publish(
    brain: Brain, faults: Faults, seconds: float | None, name: str, source_id: str, rest: float
) -> None:
    from ..simulators import EMOTIONS, broadcast

    terminal = sys.stdout.isatty()
    last = -1

    def show(progress: Progress) -> None:
        nonlocal last
        if int(progress.seconds) == last:
            return
        last = int(progress.seconds)
        values = " ".join(
            f"{emotion}={value:.2f}"
            for emotion, value in zip(EMOTIONS, progress.truth, strict=True)
        )
        listening = "somebody listens" if progress.listening else "nobody listens"
        line = f"{progress.seconds:.0f} s, {listening}, truth {values}"
        sys.stdout.write(f"\r{line}\033[K" if terminal else line + "\n")
        sys.stdout.flush()

    sys.stdout.write(
        f"publishing {name} (source_id {source_id}): {brain.info.n_channels} channels at "
        f"{brain.info.sfreq:g} Hz, rest for the first {rest:g} s; Ctrl-C ends it\n"
        f"decode it with: rtemotion live --stream source_id={source_id}{_baseline(rest)}\n"
    )
    sys.stdout.flush()
    sent = broadcast(brain, seconds, name=name, source_id=source_id, progress=show, faults=faults)
    sys.stdout.write(f"{chr(10) if terminal else ''}published {sent} samples\n")


def _baseline(rest: float) -> str:
    """Return the option that sets a person against their rest, where that is long enough."""
    end = rest - _LATE_S
    return f" --baseline 0:{end:g}" if end >= _BASELINE_S else ""


def _write(
    brain: Brain,
    faults: Faults,
    seconds: float | None,
    name: str,
    source_id: str,
    out: Path,
    overwrite: bool,
) -> None:
    from ..errors import SetupError
    from ..simulators import write_recording

    if seconds is None:
        raise SetupError(f"a file such as {out} needs an end; say how long with --seconds")
    with stopping_on_signals() as stop, _bar(seconds) as tell:

        def show(made: float) -> bool:
            tell(made)
            return not stop.asked

        made = write_recording(
            brain, out, seconds, faults, overwrite, show, name=name, source_id=source_id
        )
    # The last of the samples asked for may end a little before the time asked for.
    short = stop.asked and seconds - made > 1.0 / brain.info.sfreq
    asked = f" of the {seconds:g} s asked for, interrupted" if short else ""
    sys.stdout.write(f"wrote {made:g} s{asked} ({size_text(out.stat().st_size)}) to {out}\n")


@contextmanager
def _bar(seconds: float) -> Iterator[Callable[[float], None]]:
    """Show how far a file has come: a bar on a terminal, nothing in a pipe."""
    if not sys.stdout.isatty():
        yield lambda made: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("simulating"), BarColumn(), TextColumn("{task.completed:.0f} s"))
    with Progress(*columns, TimeRemainingColumn()) as bar:
        task = bar.add_task("simulating", total=seconds)
        yield lambda made: bar.update(task, completed=made)
