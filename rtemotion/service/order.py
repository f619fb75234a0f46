"""What a client asks to be run, and the engine that follows from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..decoding import Baseline
from ..engine import Engine
from ..errors import ServiceError
from ..options import Options
from ..outputs import Outputs, about_engine
from ..place import Place
from ..signal import FloatArray, Stage
from ..starting import Replay, demo_engine, live_engine, replay_engine

# What file systems take; beyond it they raise errors of their own.
_LONGEST_NAME, _LONGEST_PATH = 255, 4000
_EXPECTED: Mapping[type, str] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    dict: "a mapping",
    list: "a list",
}
Truth = Callable[[], FloatArray | None]


@dataclass(frozen=True)
class Order:
    """A run that is wanted.

    Attributes
    ----------
    place : Place
        Where samples come from.
    options : Options
        The set-up.
    outputs : Outputs
        What is written and sent.
    model : Path or None
        Model file; the one that ships, or a session's own.
    baseline : str or None
        ``START:END`` in seconds.
    republish : bool
        Publish emotions on LSL too.
    speed, position : float
        Of a recording: times real time, and how far to go at once, in seconds.
    paused : bool
        Of a recording: stand still from `position` on.
    known : Baseline or None
        What is known of the person from the run before.
    """

    place: Place
    options: Options
    outputs: Outputs
    model: Path | None = None
    baseline: str | None = None
    republish: bool = False
    speed: float = 1.0
    position: float = 0.0
    paused: bool = False
    known: Baseline | None = None

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Order:
        """Read what a client says; every part may be left out.

        Raises
        ------
        ServiceError, SetupError
            When it says something there is not, or of the wrong kind.
        """
        said = dict(said)
        place = read_place(said.pop("place", {}))
        options = read_options(said.pop("options", {}), said.pop("profile", None))
        outputs = _outputs(said)
        order = cls(place, options, outputs, model=_path(said.pop("model", None), "model"))
        changes: dict[str, Any] = {}
        for name, kind in (("baseline", str), ("republish", bool), ("paused", bool)):
            if (value := said.pop(name, None)) is not None:
                changes[name] = read_as(kind, value, name)
        for name, lowest, highest in (("speed", 0.01, 1000.0), ("position", 0.0, 1e9)):
            if (value := said.pop(name, None)) is not None:
                changes[name] = read_number(value, name, lowest, highest)
        if said:
            raise ServiceError(
                f"'start' does not know '{sorted(said)[0]}'; it takes place, options, profile, "
                "model, baseline, record, also, table, networks, osc, overwrite, republish, "
                "speed, position and paused."
            )
        return replace(order, **changes)

    def engine(self, onlooker: Stage) -> tuple[Engine, float | None, Truth | None]:
        """Return the engine, its length in seconds where known, and its truth where known.

        Raises
        ------
        RtemotionError
            When something asked for cannot be had.
        """
        place, options, outputs = self.place, self.options, self.outputs
        told = (self.known, self.baseline)
        if place.headset is not None and options == Options() and told == (None, None):
            name, seed = place.simulated()
            engine, _ = demo_engine(name, seed, None, self.model, outputs, onlooker)
            if self.republish:
                _republish(engine)
            return engine, None, _truth_of(engine)
        if place.file is not None:
            what = Replay(
                place.file,
                place.stream,
                speed=self.speed,
                baseline=self.baseline,
                model=self.model,
            )
            engine, length = replay_engine(what, outputs, options, onlooker)
            return engine, length, None
        engine = live_engine(
            place,
            self.model,
            outputs,
            self.baseline,
            self.republish,
            options,
            onlooker,
            self.known,
        )
        return engine, None, _truth_of(engine)


def _republish(engine: Engine) -> None:
    from ..outlets.lsl import LSLOutlet

    model = engine.model
    about = about_engine(engine)
    engine.add_outlet(LSLOutlet(model.card.target_names, model.identity, about=about))


def _truth_of(engine: Engine) -> Truth | None:
    """Return what tells the truth of the model's own emotions, NaN where nobody knows it."""
    source: Any = engine.source
    if not hasattr(source, "truth"):
        return None
    from ..simulators.codes import EMOTIONS

    names = engine.model.card.target_names
    known = [place for place, name in enumerate(names) if name in EMOTIONS]
    columns = [EMOTIONS.index(names[place]) for place in known]

    def truth() -> FloatArray | None:
        if not len(source.truth):
            return None
        told = np.full(len(names), np.nan)
        told[known] = source.truth[-1][columns]
        return told

    return truth


def read_place(said: Any) -> Place:
    """Read where samples are to come from.

    Raises
    ------
    ServiceError
        When it says something there is not, or of the wrong kind.
    """
    said = dict(read_as(dict, said, "place"))
    known = {field.name for field in fields(Place)}
    if unknown := sorted(set(said) - known):
        raise ServiceError(f"A place has no '{unknown[0]}'; it takes {', '.join(sorted(known))}.")
    values: dict[str, Any] = {}
    for name, value in said.items():
        if value is None:
            continue
        if name == "file":
            values[name] = _path(value, "file")
        elif name == "wait":
            values[name] = read_number(value, name, 0.0, 3600.0)
        else:
            values[name] = read_as(str, value, name)
    named = [n for n in ("stream", "board", "fieldtrip", "file", "headset") if n in values]
    if len(named) > 1:
        raise ServiceError(
            f"One source is expected, but {' and '.join(named)} were named; leave all but one out."
        )
    return Place(**values)


def read_options(said: Any, profile: Any = None) -> Options:
    """Read a set-up, laid over a profile file where one is named.

    Raises
    ------
    ServiceError, SetupError
        When it says something there is not, or of the wrong kind.
    """
    said = dict(read_as(dict, said, "options"))
    known = {field.name for field in fields(Options)}
    if unknown := sorted(set(said) - known):
        raise ServiceError(
            f"A set-up has no option '{unknown[0]}'; it takes {', '.join(sorted(known))}."
        )
    if isinstance(said.get("channels"), list):
        said["channels"] = tuple(said["channels"])
    return Options.gather(_path(profile, "profile"), said)


def _outputs(said: dict[str, Any]) -> Outputs:
    osc = said.pop("osc", None)
    also = read_as(list, said.pop("also", []), "also")
    return Outputs(
        table=_path(said.pop("table", None), "table"),
        recording=_path(said.pop("record", None), "record"),
        overwrite=read_as(bool, said.pop("overwrite", False), "overwrite"),
        also=tuple(read_as(str, query, "also") for query in also),
        osc=None if osc is None else read_as(str, osc, "osc"),
        networks=_path(said.pop("networks", None), "networks"),
    )


def _path(value: Any, name: str) -> Path | None:
    return None if value is None else read_path(value, name)


def read_path(value: Any, name: str) -> Path:
    """Read the path of a file or folder.

    Raises
    ------
    ServiceError
        When it is none.
    """
    text = read_as(str, value, name)
    longest = max((len(part.encode()) for part in Path(text).parts), default=0)
    if not text or "\0" in text or longest > _LONGEST_NAME or len(text) > _LONGEST_PATH:
        raise ServiceError(f"'{name}' is {text!r:.60}, expected the path of a file or folder.")
    return Path(text)


def read_number(value: Any, name: str, lowest: float, highest: float) -> float:
    """Read a number within limits.

    Raises
    ------
    ServiceError
        When it is none, or outside.
    """
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    if not (fits and lowest <= value <= highest):
        raise ServiceError(
            f"'{name}' is {value!r:.60}, expected a number from {lowest:g} to {highest:g}."
        )
    return float(value)


def read_as(kind: type, value: Any, name: str) -> Any:
    """Read a value of one kind.

    Raises
    ------
    ServiceError
        When it is of another.
    """
    # True is an int to Python, and to nobody else.
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise ServiceError(f"'{name}' is {value!r:.60}, expected {_EXPECTED[kind]}.")
