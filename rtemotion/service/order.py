"""What a client asks to be run, and the engine that follows from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ..decoding import Baseline
from ..engine import Engine
from ..errors import ServiceError
from ..options import Options
from ..outputs import Outputs
from ..place import Place
from ..signal import FloatArray, Stage
from ..starting import Replay, demo_engine, live_engine, replay_engine

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
                changes[name] = _of(kind, value, name)
        for name in ("speed", "position"):
            if (value := said.pop(name, None)) is not None:
                changes[name] = float(_of((int, float), value, name))
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
        if place.headset is not None and options == Options() and self.known is None:
            name, seed = place.simulated()
            engine, source = demo_engine(name, seed, None, self.model, outputs, onlooker)
            return engine, None, lambda: source.truth[-1] if len(source.truth) else None
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


def _truth_of(engine: Engine) -> Truth | None:
    source: Any = engine.source
    if not hasattr(source, "truth"):
        return None
    return lambda: source.truth[-1] if len(source.truth) else None


def read_place(said: Any) -> Place:
    """Read where samples are to come from.

    Raises
    ------
    ServiceError
        When it says something there is not, or of the wrong kind.
    """
    said = dict(_of(dict, said, "place"))
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
            values[name] = float(_of((int, float), value, name))
        else:
            values[name] = _of(str, value, name)
    if isinstance(values.get("wait"), float) and not 0.0 <= values["wait"] <= 3600.0:
        raise ServiceError(f"'wait' is {values['wait']:g}, expected seconds from 0 to 3600.")
    return Place(**values)


def read_options(said: Any, profile: Any = None) -> Options:
    """Read a set-up, laid over a profile file where one is named.

    Raises
    ------
    ServiceError, SetupError
        When it says something there is not, or of the wrong kind.
    """
    said = dict(_of(dict, said, "options"))
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
    also = _of(list, said.pop("also", []), "also")
    return Outputs(
        table=_path(said.pop("table", None), "table"),
        recording=_path(said.pop("record", None), "record"),
        overwrite=_of(bool, said.pop("overwrite", False), "overwrite"),
        also=tuple(_of(str, query, "also") for query in also),
        osc=None if osc is None else _of(str, osc, "osc"),
        networks=_path(said.pop("networks", None), "networks"),
    )


def _path(value: Any, name: str) -> Path | None:
    if value is None:
        return None
    text = _of(str, value, name)
    if not text or "\0" in text:
        raise ServiceError(f"'{name}' is {text!r}, expected the path of a file.")
    return Path(text)


def _of(kind: Any, value: Any, name: str) -> Any:
    # True is an int to Python, and to nobody else.
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    kinds = kind if isinstance(kind, tuple) else (kind,)
    raise ServiceError(
        f"'{name}' is {value!r:.60}, expected {' or '.join(k.__name__ for k in kinds)}."
    )
