"""Real-time EEG emotion decoding: a live stream in, several emotions out.

Three lines decode a recording::

    import rtemotion
    source, model = rtemotion.open_recording("rest.edf"), rtemotion.load_model()
    for frame in rtemotion.decode(source, model): ...

Everything heavy is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .convert import features_to_pandas, frames_to_pandas, to_raw
    from .decoding import load_model
    from .engine import Engine, decode
    from .pipeline import Pipeline, Setup
    from .sources.lsl import open_stream
    from .sources.recording import open_recording

_HOMES = {
    "Engine": "engine",
    "Pipeline": "pipeline",
    "Setup": "pipeline",
    "decode": "engine",
    "features_to_pandas": "convert",
    "frames_to_pandas": "convert",
    "load_model": "decoding",
    "open_recording": "sources.recording",
    "open_stream": "sources.lsl",
    "to_raw": "convert",
}

__all__ = [
    "Engine",
    "Pipeline",
    "Setup",
    "decode",
    "features_to_pandas",
    "frames_to_pandas",
    "load_model",
    "open_recording",
    "open_stream",
    "to_raw",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'rtemotion' has no attribute '{name}'")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
