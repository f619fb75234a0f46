"""From what was asked for to an engine that is ready to run: headsets, recordings, sessions."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from .decoding import Baseline, BaselineSpan, Model, load_model
from .engine import Engine
from .errors import SetupError
from .options import Options
from .outputs import Outputs, about_engine
from .pipeline import preload
from .place import Place
from .signal import Outlet, Source, Stage

if TYPE_CHECKING:
    from .simulators import SimulatedSource
    from .sources.session import Known

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Replay:
    """What is replayed, and how.

    Attributes
    ----------
    file : Path
        A recording or a session.
    stream : str or None
        Which stream of an XDF file.
    speed : float
        Times real time; infinite for as fast as possible.
    chunk : float or None
        Seconds in a chunk.
    baseline : str or None
        ``START:END`` in seconds.
    model : Path or None
        Model file; the session's own, or the one that ships.
    start : float
        Seconds into a session from which it is replayed.
    """

    file: Path
    stream: str | None = None
    speed: float = 1.0
    chunk: float | None = None
    baseline: str | None = None
    model: Path | None = None
    start: float = 0.0


def demo_engine(
    headset: str,
    seed: int,
    seconds: float | None,
    model_file: Path | None,
    outputs: Outputs,
    onlooker: Stage | None = None,
) -> tuple[Engine, SimulatedSource]:
    """Return an engine on a simulated person whose rest is already known."""
    from .demo import open_demo

    outputs.check()
    model = load_model(model_file)
    source, baseline = open_demo(model, headset, seed, seconds)
    return outputs.engine(source, model, baseline=baseline, onlooker=onlooker), source


def live_engine(
    place: Place,
    model_file: Path | None,
    outputs: Outputs,
    baseline: str | None,
    republish: bool,
    options: Options,
    onlooker: Stage | None = None,
    known: Baseline | None = None,
) -> Engine:
    """Return an engine on a headset.

    Parameters
    ----------
    place : Place
        Which one.
    model_file : Path or None
        The model; the one that ships.
    outputs : Outputs
        What is written and sent.
    baseline : str or None
        ``START:END`` in seconds, when the person rests.
    republish : bool
        Publish emotions on LSL.
    options : Options
        The set-up.
    onlooker : Stage or None
        See `Pipeline`.
    known : Baseline or None
        What is known of the person already.

    Raises
    ------
    SetupError, SourceError, OutletError, ModelError
        When something asked for cannot be had.
    """
    outputs.check()
    model = load_model(model_file)
    span = _span(baseline, model)
    preload(options.setup())
    source = place.open(options)
    with _closed_on_error(source):
        engine = outputs.engine(source, model, options.setup(), known, span, onlooker)
        if republish:
            engine.add_outlet(_lsl_outlet(engine))
    return engine


def replay_engine(
    what: Replay, outputs: Outputs, options: Options, onlooker: Stage | None = None
) -> tuple[Engine, float | None]:
    """Return an engine on a recording or session, and its length in seconds where known.

    Raises
    ------
    SetupError, SourceError, OutletError, ModelError
        When something asked for cannot be had.
    """
    from .sources.session import is_session, open_session

    outputs.check()
    decoded = False
    if is_session(what.file):
        session, recording = open_session(what.file)
        decoded = session.decoded is not None
        what = replace(what, file=recording)
    outputs.spare(what.file)
    if decoded and what.stream is not None:
        raise SetupError(
            "--stream does not apply to a session: what was decoded then is replayed."
        )
    if what.start and not decoded:
        raise SetupError(
            "--from begins in the middle of a session, where what was known of the person was "
            f"noted; {what.file.name} is no session: replay it from the start."
        )
    begin = _session_engine if decoded else _file_engine
    return begin(what, outputs, options, onlooker)


def _file_engine(
    what: Replay, outputs: Outputs, options: Options, onlooker: Stage | None
) -> tuple[Engine, float | None]:
    from .sources.recording import open_recording

    model = load_model(what.model)
    span = _span(what.baseline, model)
    source = open_recording(
        what.file,
        speed=what.speed,
        chunk_s=what.chunk,
        unit=options.unit,
        stream=what.stream,
        layout=options.layout(),
        sfreq=options.sfreq,
    )
    with _closed_on_error(source):
        chosen = _chosen(source, options.markers)
        engine = outputs.engine(chosen, model, options.setup(), span=span, onlooker=onlooker)
    _warn_if_short(source.n_samples, engine, span)
    return engine, source.n_samples / source.info.sfreq


def _chosen(source: Source, markers: str | None) -> Source:
    if markers is None or markers == "all":
        return source
    from .sources.chosen_markers import ChosenMarkers

    return ChosenMarkers(source, markers)


def _session_engine(
    what: Replay, outputs: Outputs, options: Options, onlooker: Stage | None
) -> tuple[Engine, float | None]:
    from .person import unpack
    from .sources.session import SessionSource
    from .verify import restore

    known = _known_at(what)
    first = 0 if known is None else known.sample
    source = SessionSource(what.file, what.speed, what.chunk, first)
    then = restore(source.session, what.model)
    span = _span(what.baseline, then.model)
    rest = then.baseline if span is None else None
    if known is not None:
        rest = unpack(known.said)
        then = replace(then, span=None)
    setup = options.setup(then.setup)
    with _closed_on_error(source):
        engine = outputs.engine(source, then.model, setup, rest, span or then.span, onlooker)
    length = None if source.n_samples is None else source.n_samples / source.info.sfreq
    return engine, length


def _known_at(what: Replay) -> Known | None:
    from .sources.session import known_at

    if not what.start:
        return None
    found = known_at(what.file, what.start)
    if found is None:
        log.warning(
            "The session had noted nothing of the person %g s after its start: it is replayed "
            "from the start.",
            what.start,
        )
    return found


def _warn_if_short(n_samples: int, engine: Engine, span: BaselineSpan | None) -> None:
    info, features = engine.pipeline.info, engine.model.card.features
    needed = features.longest_window(info.sfreq) / info.sfreq
    length = n_samples / info.sfreq
    if length < needed:
        log.warning(
            "The recording lasts %.1f s, less than the longest window (%.1f s): every frame is "
            "warm-up, without values.",
            length,
            needed,
        )
    elif span is not None and length <= span.end:
        log.warning(
            "The recording lasts %.1f s and ends before --baseline does (%g s): no frame has a "
            "baseline.",
            length,
            span.end,
        )


def _span(text: str | None, model: Model) -> BaselineSpan | None:
    if text is None:
        return None
    return BaselineSpan.parse(text, model.card.normalisation.minimum_s)


def parse_speed(text: str) -> float:
    """Return how many times real time is meant; infinite for ``"max"``.

    Raises
    ------
    SetupError
        When it is neither that nor a positive number.
    """
    if text == "max":
        return math.inf
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not (speed > 0 and math.isfinite(speed)):
        raise SetupError(f"--speed '{text}' is neither a positive number nor 'max'.")
    return speed


def _lsl_outlet(engine: Engine) -> Outlet:
    from .outlets.lsl import LSLOutlet

    model = engine.model
    return LSLOutlet(model.card.target_names, model.identity, about=about_engine(engine))


@contextmanager
def _closed_on_error(source: Source) -> Iterator[None]:
    with ExitStack() as stack:
        stack.callback(source.close)
        yield
        stack.pop_all()
