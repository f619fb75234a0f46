"""What is said of a model and its emotions to whoever receives them, in plain values."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..signal import Event

# What an emotion's four values are, in the order of `Columns.of_targets`.
STATISTICS = ("mean", "std", "lower", "upper")
COVERAGE = 0.9


@dataclass(frozen=True)
class AboutTarget:
    """One emotion.

    Attributes
    ----------
    low, high : float
        Range of its labels; predictions outside it are shown as they are.
    construct : str
        ``"felt"``, ``"perceived"`` or ``"stimulus-inferred"``; empty if unknown.
    unit : str
        Unit of its values.
    """

    low: float = math.nan
    high: float = math.nan
    construct: str = ""
    unit: str = "score"


@dataclass(frozen=True)
class About:
    """A model, its emotions, and what it is used on; whatever is empty is unknown.

    Attributes
    ----------
    targets : mapping of str to AboutTarget
        By name; may be empty.
    sha256 : str
        Of the model file, hexadecimal.
    trained_on, caveat : str
        What the model was trained on, and what has to be said with its results.
    validated : bool
        Whether it has a score on real data.
    hop_s, smoothing_s : float or None
        Seconds between frames; time constant of the smoothing of the output.
    delay_s : float or None
        Information delay: the lag in seconds at which predictions go best with the truth.
    stream, source_id : str
        The stream that is decoded.
    simulated : bool
        Whether nobody wears the headset.
    """

    targets: Mapping[str, AboutTarget] = field(default_factory=dict)
    sha256: str = ""
    trained_on: str = ""
    caveat: str = ""
    validated: bool = False
    hop_s: float | None = None
    smoothing_s: float | None = None
    delay_s: float | None = None
    stream: str = ""
    source_id: str = ""
    simulated: bool = False

    def target(self, name: str) -> AboutTarget:
        """Return what is known of an emotion."""
        return self.targets.get(name, AboutTarget())


def event_json(event: Event) -> str:
    """Return an event as JSON with ``kind``, ``sample``, ``time`` and ``payload``.

    Numbers that JSON does not have are null.
    """
    said = {"kind": event.kind, "sample": event.sample, "time": event.time}
    return json.dumps(_finite(said | {"payload": dict(event.payload)}), allow_nan=False)


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value
