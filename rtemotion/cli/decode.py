"""`demo`, `live` and `replay`: a source, a model, outlets and a view put together."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..decoding import BaselineSpan, Model, load_model
from ..engine import Engine
from ..errors import SetupError
from ..pipeline import preload
from ..signal import Outlet, Source, StreamInfo
from .run import run
from .setup import Options
from .view import Screen, open_view

if TYPE_CHECKING:
    from ..decoding import Baseline
    from ..simulators import Brain

log = logging.getLogger(__name__)


def run_demo(
    seconds: float | None,
    headset: str,
    seed: int,
    model_file: Path | None,
    out: Path | None,
    overwrite: bool,
) -> None:
    """Decode a simulated person whose rest is already known."""
    from ..simulators import Brain, SimulatedSource, Subject

    _check_table(out, overwrite)
    model = load_model(model_file)
    person = Subject.draw(seed)
    baseline = rest_of(Brain(person, headset, seed=seed, rest_s=3600.0), model)
    brain = Brain(person, headset, seed=seed + 1)
    source = SimulatedSource(brain, seconds=seconds)
    engine = Engine(source, model, baseline=baseline)
    _add_table(engine, out, overwrite)
    screen = _screen(f"demo · {headset}, simulated person {seed}", engine)
    run(engine, open_view(screen, truth=lambda: source.truth[-1] if len(source.truth) else None))
    _tell_table(engine, out)


def rest_of(brain: Brain, model: Model, seconds: float = 80.0) -> Baseline:
    """Return the mean features of a resting simulated brain."""
    from ..decoding.baseline import BaselineRecorder
    from ..pipeline import chain, feature_stages
    from ..signal import FeatureFrame

    card = model.card
    stages, info = feature_stages(brain.info, card.features, card.conditioning)
    window = card.features.longest_window(info.sfreq)
    recorder = BaselineRecorder(BaselineSpan(0.0, seconds), info.sfreq, window)
    step = round(5.0 * info.sfreq)
    while True:
        chunk, _ = brain.read(step)
        for item in chain(stages, chunk):
            if isinstance(item, FeatureFrame) and (found := recorder.add(item)) is not None:
                return found


def run_live(
    stream: str | None,
    wait: float,
    model_file: Path | None,
    out: Path | None,
    overwrite: bool,
    seconds: float | None,
    baseline: str | None,
    republish: bool,
    options: Options,
) -> None:
    """Decode an LSL stream."""
    from ..sources.lsl import open_stream

    _check_table(out, overwrite)
    model = load_model(model_file)
    span = _span(baseline, model)
    preload(options.montage)
    source = open_stream(stream, wait=wait, unit=options.unit)
    with _closed_on_error(source):
        engine = Engine(source, model, setup=options.setup(), span=span)
        _add_table(engine, out, overwrite)
        if republish:
            engine.add_outlet(_lsl_outlet(engine))
    run(engine, open_view(_screen("live · " + _name(source.info), engine)), seconds)
    _tell_table(engine, out)


def run_replay(
    file: Path,
    speed: str,
    baseline: str | None,
    model_file: Path | None,
    out: Path | None,
    overwrite: bool,
    chunk: float | None,
    options: Options,
) -> None:
    """Decode a recording."""
    from ..sources.recording import open_recording

    factor = _speed(speed)
    _check_table(out, overwrite)
    model = load_model(model_file)
    span = _span(baseline, model)
    source = open_recording(file, speed=factor, chunk_s=chunk, unit=options.unit)
    with _closed_on_error(source):
        engine = Engine(source, model, setup=options.setup(), span=span)
        _add_table(engine, out, overwrite)
    _warn_if_short(source.n_samples, engine, span)
    length = source.n_samples / source.info.sfreq
    screen = _screen(f"replay · {file.name}", engine, length, math.isinf(factor))
    finished = run(engine, open_view(screen))
    _tell_table(engine, out, "" if finished else "; stopped before the end of the recording")


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


def _check_table(out: Path | None, overwrite: bool) -> None:
    """Refuse a table that could not be written before anything else is waited for."""
    if out is not None:
        from ..outlets.table import check_table

        check_table(out, overwrite)


def _add_table(engine: Engine, out: Path | None, overwrite: bool) -> None:
    if out is not None:
        from ..outlets.table import open_table

        names, identity = engine.model.card.target_names, engine.model.identity
        engine.add_outlet(open_table(out, names, identity, overwrite=overwrite))


def _tell_table(engine: Engine, out: Path | None, how: str = "") -> None:
    if out is not None:
        sys.stdout.write(f"# wrote {engine.frames} rows to {out}{how}\n")


def _lsl_outlet(engine: Engine) -> Outlet:
    from ..outlets.lsl import LSLOutlet

    targets = engine.model.card.targets
    return LSLOutlet(
        engine.model.card.target_names,
        engine.model.identity,
        hop_s=engine.pipeline.hop,
        ranges={target.name: (target.low, target.high) for target in targets},
        validated=engine.model.card.trained_on == "recordings",
    )


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
    )
