"""Simulated emotional brains whose truth is known, seen through a headset.

Sources sit at anatomical anchors, their fields reach the electrodes through
MNE's three-shell sphere, and what they do follows eight slowly moving
emotions. Names are loaded when first used; importing this package costs nothing.

>>> from rtemotion.simulators import HEADSETS, Brain, Subject
>>> brain = Brain(Subject.draw(1), HEADSETS["cap32"], code="mix", seed=7)
>>> chunk, truth = brain.read(500)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .anchors import ANCHOR_NAMES, ANCHORS_MNI_MM
    from .artifacts import Artifacts
    from .benchmark import Benchmark, load_benchmark
    from .brain import Brain
    from .broadcast import broadcast
    from .codes import CODES, COUPLINGS, EMOTIONS, SCALINGS
    from .edges import SourceEdges, TruthEdges, source_edges, truth_edges
    from .emotions import EmotionProcess, Story
    from .faults import Faults
    from .headsets import (
        HEADSETS,
        Headset,
        get_headset,
        headset_from_labels,
        headset_from_montage,
        headset_from_positions,
    )
    from .recording import write_recording
    from .source import SimulatedSource
    from .subject import Subject

_HOME = {
    "ANCHORS_MNI_MM": "anchors",
    "ANCHOR_NAMES": "anchors",
    "Artifacts": "artifacts",
    "Benchmark": "benchmark",
    "Brain": "brain",
    "CODES": "codes",
    "COUPLINGS": "codes",
    "EMOTIONS": "codes",
    "EmotionProcess": "emotions",
    "Faults": "faults",
    "HEADSETS": "headsets",
    "Headset": "headsets",
    "SCALINGS": "codes",
    "SimulatedSource": "source",
    "SourceEdges": "edges",
    "Story": "emotions",
    "Subject": "subject",
    "TruthEdges": "edges",
    "broadcast": "broadcast",
    "get_headset": "headsets",
    "headset_from_labels": "headsets",
    "headset_from_montage": "headsets",
    "headset_from_positions": "headsets",
    "load_benchmark": "benchmark",
    "source_edges": "edges",
    "truth_edges": "edges",
    "write_recording": "recording",
}

__all__ = [
    "ANCHORS_MNI_MM",
    "ANCHOR_NAMES",
    "CODES",
    "COUPLINGS",
    "EMOTIONS",
    "HEADSETS",
    "SCALINGS",
    "Artifacts",
    "Benchmark",
    "Brain",
    "EmotionProcess",
    "Faults",
    "Headset",
    "SimulatedSource",
    "SourceEdges",
    "Story",
    "Subject",
    "TruthEdges",
    "broadcast",
    "get_headset",
    "headset_from_labels",
    "headset_from_montage",
    "headset_from_positions",
    "load_benchmark",
    "source_edges",
    "truth_edges",
    "write_recording",
]


def __getattr__(name: str) -> Any:
    """Import the module a public name lives in, the first time it is asked for."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f".{_HOME[name]}", __name__)
    # A module and the name it exports may be spelled alike (`broadcast`):
    # importing it put the module here, and this puts its public name in its place.
    globals()[name] = value = getattr(module, name)
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
