"""`demo`, `live` and `replay`: a source, a model, outlets and a view put together."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..decoding import BaselineSpan, Model, load_model
from ..engine import Engine
from ..errors import SetupError
from ..pipeline import Setup, preload
from ..signal import Outlet, Source, StreamInfo
from .run import run
from .setup import Options
from .view import Screen, open_view, size_text

if TYPE_CHECKING:
    from ..decoding import Baseline
    from ..outlets.recorder import Recorder
    from ..simulators import Brain
    from ..sources.lsl_network import FoundStream

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outputs:
    """Files that a run writes.

    Attributes
    ----------
    table : Path or None
        Frames as CSV or Parquet.
    recording : Path or None
        Everything the frames follow from, as XDF with a session file beside it.
    overwrite : bool
        Replace files that exist.
    also : tuple of str
        Queries of other LSL streams to record into the same file; ``"all"`` for every one.
    """

    table: Path | None = None
    recording: Path | None = None
    overwrite: bool = False
    also: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse what could not be written before anything else is waited for."""
        if self.table is not None:
            from ..outlets.table import check_table

            check_table(self.table, self.overwrite)
        if self.recording is not None:
            from ..outlets.session_file import check_recording

            check_recording(self.recording, self.overwrite)

    def engine(
        self,
        source: Source,
        model: Model,
        setup: Setup | None = None,
        baseline: Baseline | None = None,
        span: BaselineSpan | None = None,
    ) -> Engine:
        """Return an engine that writes them."""
        recorder = None
        if self.recording is not None:
            recorder = self._recorder(self.recording, source)
        engine = Engine(
            source, model, setup=setup, baseline=baseline, span=span, recorder=recorder
        )
        if self.table is not None:
            from ..outlets.table import open_table

            names = model.card.target_names
            engine.add_outlet(open_table(self.table, names, model.identity, self.overwrite))
        return engine

    def _recorder(self, path: Path, source: Source) -> Recorder:
        from ..outlets.recorder import Recorder
        from ..outlets.session_file import SessionFile

        target = SessionFile(path, self.overwrite)
        companion = None
        if self.also:
            from ..record import StreamRecorder, choose
            from ..sources.lsl_network import parse_query

            queries = [parse_query(text) for text in self.also if text != "all"]
            wanted = choose(queries, everything="all" in self.also)
            companion = StreamRecorder(
                target, lambda stream: wanted(stream) and not is_stream(stream, source.info)
            )
        return Recorder(target, source, companion)

    def tell(self, engine: Engine, how: str = "") -> None:
        """Say what was written."""
        if self.table is not None:
            sys.stdout.write(f"# wrote {engine.frames} rows to {self.table}{how}\n")
        if engine.recorder is not None:
            sys.stdout.write(
                f"# recorded {size_text(engine.recorder.target.xdf.size)} to {self.recording}\n"
            )


def run_demo(
    seconds: float | None, headset: str, seed: int, model_file: Path | None, outputs: Outputs
) -> None:
    """Decode a simulated person whose rest is already known."""
    from ..simulators import Brain, SimulatedSource, Subject

    outputs.check()
    model = load_model(model_file)
    person = Subject.draw(seed)
    baseline = rest_of(Brain(person, headset, seed=seed, rest_s=3600.0), model)
    brain = Brain(person, headset, seed=seed + 1)
    source = SimulatedSource(brain, seconds=seconds)
    engine = outputs.engine(source, model, baseline=baseline)
    screen = _screen(f"demo · {headset}, simulated person {seed}", engine)
    run(engine, open_view(screen, truth=lambda: source.truth[-1] if len(source.truth) else None))
    outputs.tell(engine)


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
    outputs: Outputs,
    seconds: float | None,
    baseline: str | None,
    republish: bool,
    options: Options,
) -> None:
    """Decode an LSL stream."""
    from ..sources.lsl import open_stream

    outputs.check()
    model = load_model(model_file)
    span = _span(baseline, model)
    preload(options.montage)
    source = open_stream(stream, wait=wait, unit=options.unit)
    with _closed_on_error(source):
        engine = outputs.engine(source, model, options.setup(), span=span)
        if republish:
            engine.add_outlet(_lsl_outlet(engine))
    run(engine, open_view(_screen("live · " + _name(source.info), engine)), seconds)
    outputs.tell(engine)


def run_replay(
    file: Path,
    speed: str,
    baseline: str | None,
    model_file: Path | None,
    outputs: Outputs,
    chunk: float | None,
    options: Options,
) -> None:
    """Decode a recording, or a session as it was decoded then."""
    from ..sources.session import is_session, open_session

    factor = _speed(speed)
    outputs.check()
    decoded = False
    if is_session(file):
        session, file = open_session(file)
        decoded = session.decoded is not None
    if decoded:
        engine, length = _session_engine(
            file, factor, chunk, baseline, model_file, outputs, options
        )
    else:
        engine, length = _file_engine(file, factor, chunk, baseline, model_file, outputs, options)
    screen = _screen(f"replay · {file.name}", engine, length, math.isinf(factor))
    finished = run(engine, open_view(screen))
    outputs.tell(engine, "" if finished else "; stopped before the end of the recording")


def _file_engine(
    file: Path,
    speed: float,
    chunk: float | None,
    baseline: str | None,
    model_file: Path | None,
    outputs: Outputs,
    options: Options,
) -> tuple[Engine, float]:
    from ..sources.recording import open_recording

    model = load_model(model_file)
    span = _span(baseline, model)
    source = open_recording(file, speed=speed, chunk_s=chunk, unit=options.unit)
    with _closed_on_error(source):
        engine = outputs.engine(source, model, options.setup(), span=span)
    _warn_if_short(source.n_samples, engine, span)
    return engine, source.n_samples / source.info.sfreq


def _session_engine(
    file: Path,
    speed: float,
    chunk: float | None,
    baseline: str | None,
    model_file: Path | None,
    outputs: Outputs,
    options: Options,
) -> tuple[Engine, float | None]:
    from ..sources.session import SessionSource
    from ..verify import restore

    source = SessionSource(file, speed, chunk)
    then = restore(source.session, model_file)
    span = _span(baseline, then.model) or then.span
    engine = outputs.engine(
        source, then.model, options.setup(then.setup), None if baseline else then.baseline, span
    )
    return engine, source.seconds


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


def is_stream(found: FoundStream, info: StreamInfo) -> bool:
    """Tell whether a stream on the network is the one that a source receives."""
    if info.source_id:
        return (found.name, found.source_id) == (info.name, info.source_id)
    return (found.name, found.hostname) == (info.name, info.host)


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
