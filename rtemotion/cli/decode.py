"""`demo`, `live` and `replay`: a source, a model, outlets and a view put together."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..decoding import BaselineSpan, Model, load_model
from ..engine import Engine
from ..errors import SetupError
from ..options import Options
from ..outputs import Outputs, about_engine
from ..pipeline import preload
from ..place import Place
from ..signal import Outlet, Source, StreamInfo
from .run import run
from .view import Screen, open_view

if TYPE_CHECKING:
    from ..sources.session import Known

log = logging.getLogger(__name__)


def run_demo(
    seconds: float | None, headset: str, seed: int, model_file: Path | None, outputs: Outputs
) -> None:
    """Decode a simulated person whose rest is already known."""
    from ..demo import open_demo

    outputs.check()
    model = load_model(model_file)
    source, baseline = open_demo(model, headset, seed, seconds)
    engine = outputs.engine(source, model, baseline=baseline)
    screen = _screen(f"demo · {headset}, simulated person {seed}", engine)
    run(engine, open_view(screen, truth=lambda: source.truth[-1] if len(source.truth) else None))
    _tell(outputs, engine)


def run_live(
    place: Place,
    model_file: Path | None,
    outputs: Outputs,
    seconds: float | None,
    baseline: str | None,
    republish: bool,
    options: Options,
) -> None:
    """Decode a headset."""
    outputs.check()
    model = load_model(model_file)
    span = _span(baseline, model)
    preload(options.setup())
    source = place.open(options)
    with _closed_on_error(source):
        engine = outputs.engine(source, model, options.setup(), span=span)
        if republish:
            engine.add_outlet(_lsl_outlet(engine))
    run(engine, open_view(_screen("live · " + _name(source.info), engine)), seconds)
    _tell(outputs, engine)


@dataclass(frozen=True)
class Replay:
    """What is replayed, and how.

    Attributes
    ----------
    file : Path
        A recording or a session.
    stream : str or None
        Which stream of an XDF file.
    speed : str
        Times real time, or ``"max"``.
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
    stream: str | None
    speed: str
    chunk: float | None
    baseline: str | None
    model: Path | None
    start: float = 0.0


def run_replay(what: Replay, outputs: Outputs, options: Options) -> None:
    """Decode a recording, or a session as it was decoded then."""
    from ..sources.session import is_session, open_session

    speed = _speed(what.speed)
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
    engine, length = begin(what, speed, outputs, options)
    screen = _screen(f"replay · {what.file.name}", engine, length, math.isinf(speed))
    finished = run(engine, open_view(screen))
    _tell(outputs, engine, "" if finished else "; stopped before the end of the recording")


def _file_engine(
    what: Replay, speed: float, outputs: Outputs, options: Options
) -> tuple[Engine, float | None]:
    from ..sources.recording import open_recording

    model = load_model(what.model)
    span = _span(what.baseline, model)
    source = open_recording(
        what.file,
        speed=speed,
        chunk_s=what.chunk,
        unit=options.unit,
        stream=what.stream,
        layout=options.layout(),
        sfreq=options.sfreq,
    )
    with _closed_on_error(source):
        chosen = _chosen(source, options.markers)
        engine = outputs.engine(chosen, model, options.setup(), span=span)
    _warn_if_short(source.n_samples, engine, span)
    return engine, source.n_samples / source.info.sfreq


def _chosen(source: Source, markers: str | None) -> Source:
    if markers is None or markers == "all":
        return source
    from ..sources.chosen_markers import ChosenMarkers

    return ChosenMarkers(source, markers)


def _session_engine(
    what: Replay, speed: float, outputs: Outputs, options: Options
) -> tuple[Engine, float | None]:
    from ..person import unpack
    from ..sources.session import SessionSource
    from ..verify import restore

    known = _known_at(what)
    source = SessionSource(what.file, speed, what.chunk, 0 if known is None else known.sample)
    then = restore(source.session, what.model)
    span = _span(what.baseline, then.model)
    rest = then.baseline if span is None else None
    if known is not None:
        rest = unpack(known.said)
        then = replace(then, span=None)
    setup = options.setup(then.setup)
    with _closed_on_error(source):
        engine = outputs.engine(source, then.model, setup, rest, span or then.span)
    length = None if source.n_samples is None else source.n_samples / source.info.sfreq
    return engine, length


def _known_at(what: Replay) -> Known | None:
    from ..sources.session import known_at

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


def _tell(outputs: Outputs, engine: Engine, how: str = "") -> None:
    for sentence in outputs.written(engine, how):
        sys.stdout.write(f"# {sentence}\n")


def _span(text: str | None, model: Model) -> BaselineSpan | None:
    if text is None:
        return None
    return BaselineSpan.parse(text, model.card.normalisation.minimum_s)


def _speed(text: str) -> float:
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
    from ..outlets.lsl import LSLOutlet

    model = engine.model
    return LSLOutlet(model.card.target_names, model.identity, about=about_engine(engine))


@contextmanager
def _closed_on_error(source: Source) -> Iterator[None]:
    with ExitStack() as stack:
        stack.callback(source.close)
        yield
        stack.pop_all()


def _name(info: StreamInfo) -> str:
    return info.name or info.source_id or "LSL stream"


def _screen(
    title: str, engine: Engine, length: float | None = None, unpaced: bool = False
) -> Screen:
    info = engine.pipeline.info
    return Screen(
        title=f"{title} · {info.n_channels} ch · {info.sfreq:g} Hz",
        model=engine.model.identity,
        simulated=info.simulated,
        targets=engine.model.card.targets,
        length=length,
        unpaced=unpaced,
        recorded=None if engine.recorder is None else engine.recorder.target.said,
    )
