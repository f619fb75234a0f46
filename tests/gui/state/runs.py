"""What a client of the service is told of a run, from a real engine that did not take its time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from rtemotion.decoding import load_model
from rtemotion.engine import Engine
from rtemotion.options import Options
from rtemotion.outputs import Outputs
from rtemotion.place import Place
from rtemotion.service.messages import Message, pack, unpack
from rtemotion.service.order import Order
from rtemotion.service.running import Run
from rtemotion.signal import Chunk, Event, FloatArray, Kind, Stage, Tick
from rtemotion.simulators import Brain, SimulatedSource, Subject

from ...helpers import known_person

CHANNELS = ("TP9", "AF7", "AF8", "TP10")
# What is silent for longer than a second is stale.
SILENT_S, LOST_AT_S = 2.5, 14.0


class Story(SimulatedSource):
    """A headband: a marker, a channel marked bad and good again, then silence, then again."""

    def __init__(self, seconds: float) -> None:
        super().__init__(Brain(Subject.draw(1), "muse", seed=2), math.inf, seconds=seconds)
        self.run: Run | None = None
        self._now = 0.0

    def now(self) -> float:
        return self._now

    def __iter__(self) -> Iterator[Chunk | Event | Tick]:
        notes = {
            9.0: (Kind.MARKER, {"description": "film begins"}),
            10.0: (Kind.OPERATOR, {"bad": ["AF7"]}),
            11.0: (Kind.OPERATOR, {"good": ["AF7"]}),
            18.0: (Kind.OPERATOR, {"bad": ["TP10"]}),
        }
        silent, missing = False, 0
        for item in super().__iter__():
            if isinstance(item, Chunk):
                self._now = now = item.stop / self.info.sfreq
                for at in [at for at in notes if at <= now]:
                    assert self.run is not None
                    self.run.note(*notes.pop(at))
                if now >= LOST_AT_S and not silent:
                    silent = True
                    for idle in np.arange(0.1, SILENT_S, 0.1):
                        self._now = float(now + idle)
                        yield Tick(self._now, float(idle))
                if LOST_AT_S <= now < LOST_AT_S + SILENT_S:
                    missing += len(item)
                    continue
                if missing:
                    item, missing = replace(item, missing_before=missing), 0
            yield item


@dataclass(frozen=True)
class Told(Order):
    """An order that runs a story as fast as it comes."""

    source: Any = None

    def engine(self, onlooker: Stage) -> tuple[Engine, float | None, Any]:
        model = load_model()
        known = known_person(model, self.source.info)
        engine = Engine(self.source, model, baseline=known, onlooker=onlooker)
        return engine, None, lambda: newest(self.source.truth)


def newest(truth: FloatArray) -> FloatArray | None:
    return truth[-1] if len(truth) else None


@dataclass
class Ears:
    """In the hub's place: wants everything, and hears it as it comes over the wire."""

    heard: list[Message] = field(default_factory=list)

    def wanted(self, topic: str) -> frozenset[str]:
        return frozenset({"joy"})

    def publish(self, message: Message, topic: str | None = None) -> None:
        self.heard.append(unpack(pack(message)))


@dataclass(frozen=True)
class Account:
    """A run from its begin to its end.

    Attributes
    ----------
    state : dict
        As the service says it when the run has begun.
    messages : tuple of dict
        All that followed.
    backlog : tuple of dict
        What a client that attaches at the end is told of the past.
    """

    state: Message
    messages: tuple[Message, ...]
    backlog: tuple[Message, ...]

    def of(self, kind: str) -> list[Message]:
        return [message for message in self.messages if message["type"] == kind]


@lru_cache(maxsize=2)
def account(number: int = 1, seconds: float = 27.0) -> Account:
    """Return what is told of a run with a number."""
    source, ears = Story(seconds), Ears()
    order = Told(Place(headset="muse"), Options(), Outputs(), source=source)
    run = Run(order, ears, number, lambda run: None)  # type: ignore[arg-type]
    source.run = run
    state = {"type": "state", "phase": "running", "problem": "", "written": [], "bad": []}
    state |= unpack(pack({"type": "state"} | run.said()))
    run.start()
    run._thread.join()
    assert not run.problem
    ears.publish(run.health.message())
    backlog = tuple(unpack(pack(message)) for message in run.backlog())
    return Account(state, tuple(ears.heard), backlog)
