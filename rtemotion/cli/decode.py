"""`demo`, `live` and `replay`: an engine put under a view."""

from __future__ import annotations

import math
import sys
from pathlib import Path

from ..engine import Engine
from ..options import Options
from ..outputs import Outputs
from ..place import Place
from ..signal import StreamInfo
from ..starting import Replay, demo_engine, live_engine, replay_engine
from .run import run
from .view import Screen, open_view


def run_demo(
    seconds: float | None, headset: str, seed: int, model_file: Path | None, outputs: Outputs
) -> None:
    """Decode a simulated person whose rest is already known."""
    engine, source = demo_engine(headset, seed, seconds, model_file, outputs)
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
    engine = live_engine(place, model_file, outputs, baseline, republish, options)
    run(engine, open_view(_screen("live · " + _name(engine.source.info), engine)), seconds)
    _tell(outputs, engine)


def run_replay(what: Replay, outputs: Outputs, options: Options) -> None:
    """Decode a recording, or a session as it was decoded then."""
    engine, length = replay_engine(what, outputs, options)
    screen = _screen(f"replay · {what.file.name}", engine, length, math.isinf(what.speed))
    finished = run(engine, open_view(screen))
    _tell(outputs, engine, "" if finished else "; stopped before the end of the recording")


def _tell(outputs: Outputs, engine: Engine, how: str = "") -> None:
    for sentence in outputs.written(engine, how):
        sys.stdout.write(f"# {sentence}\n")


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
