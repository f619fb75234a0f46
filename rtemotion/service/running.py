"""One run of an engine in a thread of its own, told to the hub as it goes."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import RtemotionError, ServiceError
from ..features.describe import NODE_MEASURES, WHOLE_MEASURES, weights_of
from ..outputs import learn_patterns
from ..signal import Chunk, Event, FeatureFrame, FloatArray, Item, Kind, Publication, Tick
from ..words import UNTOLD
from .health import Health
from .hub import Hub
from .messages import Message
from .order import Order
from .telling import (
    contributions_message,
    event_message,
    features_message,
    frames_message,
    model_said,
    networks_message,
    rest_said,
    signals_message,
    source_said,
)

log = logging.getLogger(__name__)

# What a client that attaches is told of the past.
BACKLOG_S = 600.0
_EVENTS_KEPT = 500
_SECOND = 1.0
_NOTHING = np.empty((0, 0))


class Onlooker:
    """Tells the hub of conditioned signals and of features, and changes neither.

    Attributes
    ----------
    newest : FeatureFrame or None
        The last features there were.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.newest: FeatureFrame | None = None

    def process(self, item: Item) -> Iterable[Item]:
        """Pass an item on."""
        if isinstance(item, Chunk):
            if self._hub.wanted("signals"):
                self._hub.publish(signals_message(item), "signals")
        elif isinstance(item, FeatureFrame):
            self.newest = item
            if self._hub.wanted("features"):
                self._hub.publish(features_message(item), "features")
        return (item,)

    def reset(self) -> None:
        """Do nothing: there is nothing to forget."""


class Run:
    """An engine that runs in a thread until its source ends or it is stopped.

    Parameters
    ----------
    order : Order
        What is wanted.
    hub : Hub
        Who is told.
    number : int
        Tells runs of one service apart.
    on_end : callable
        Called with the run, from its thread, when it is over.

    Attributes
    ----------
    engine : Engine
        What runs.
    length : float or None
        Seconds of a recording.
    problem : str
        What ended it, empty while nothing has.
    ended : bool
        Whether it is over, its outputs closed.
    marked : dict
        Channels that somebody marked, True for bad.
    position : float
        Seconds of signal that were decoded.
    written : tuple of str
        What was written, in words, once it is over.

    Raises
    ------
    RtemotionError
        When something asked for cannot be had.
    """

    def __init__(self, order: Order, hub: Hub, number: int, on_end: Callable[[Run], None]) -> None:
        self.order, self.number = order, number
        self._on_end = on_end
        self._hub = hub
        self._onlooker = Onlooker(hub)
        self.engine, self.length, self._truth = order.engine(self._onlooker)
        self._patterns = learn_patterns(self.engine)
        if (pace := self.pace) is not None:
            pace.hurry(order.position if order.position > 0 else -math.inf)
            pace.pause(order.paused)
        hop = self.engine.pipeline.hop
        self._frames: deque[tuple[Publication, FloatArray | None]] = deque(
            maxlen=max(1, round(BACKLOG_S / hop))
        )
        self._events: deque[Message] = deque(maxlen=_EVENTS_KEPT)
        self._told = {"frames": 0, "event": 0}
        # Numbers and what is kept go together, or a client would miss one or see it twice.
        self._keeping = threading.Lock()
        self.health = Health(self.engine)
        self.bad: frozenset[str] = frozenset()
        self.problem, self.ended = "", False
        self.written: tuple[str, ...] = ()
        self.position = 0.0
        self.marked: dict[str, bool] = {}
        self._steps = 0
        self._pacing = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="rtemotion-engine")
        self._next_second = 0.0

    @property
    def pace(self) -> Any:
        """The clock of a recording, None for anything that keeps a pace of its own."""
        return getattr(self.engine.source, "pace", None)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, wait until outputs are closed; may be called twice, from any other thread."""
        self._stop.set()
        if (pace := self.pace) is not None:
            pace.pause(False)
        if self._thread.ident is None:
            self.ended = True
            self.engine.close()
        else:
            self._thread.join()

    def note(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Put an event into the stream.

        Raises
        ------
        SetupError
            If it is not one that may be noted.
        """
        self.engine.note(kind, payload)

    def mark(self, marked: Mapping[str, bool]) -> None:
        """Mark channels before the first sample, True for bad, as somebody did before."""
        for key, bad in (("bad", True), ("good", False)):
            if names := sorted(name for name, is_bad in marked.items() if is_bad is bad):
                self.engine.note(Kind.OPERATOR, {key: names})

    def set_pace(self, said: Mapping[str, Any]) -> None:
        """Change the pace of a recording: ``speed``, ``paused``, ``seek`` or ``step``.

        Raises
        ------
        ServiceError
            If this is no recording.
        """
        pace = self.pace
        if pace is None:
            raise ServiceError(
                "Only a recording can be paused, sought or sped up; this is a live source."
            )
        with self._pacing:
            if "speed" in said:
                pace.set_speed(said["speed"])
            if "paused" in said:
                pace.pause(said["paused"])
            if "seek" in said:
                self._steps = 0
                pace.hurry(said["seek"])
            if "step" in said:
                self._steps += said["step"]
                pace.hurry(math.inf)

    def graph(self, measure: str, band: int, node: str | None = None) -> dict[str, Any]:
        """Return graph measures of the newest features, from any thread.

        Parameters
        ----------
        measure : str
            A connectivity measure of the model.
        band : int
            Which of the connectivity bands.
        node : str or None
            The one measure of channels that is wanted, since some take seconds on a large
            net; all of them by default.

        Raises
        ------
        ServiceError
            If there is no such measure or band.
        """
        info, schema = self.engine.pipeline.info, self.engine.model.card.features
        if measure not in schema.measures or not 0 <= band < len(schema.connectivity_bands):
            raise ServiceError(
                f"There is no '{measure:.40}' in band {band}; there are "
                f"{', '.join(schema.measures)} in {len(schema.connectivity_bands)} bands."
            )
        if node is not None and node not in NODE_MEASURES:
            raise ServiceError(
                f"There is no '{node:.40}' of channels; there are {', '.join(NODE_MEASURES)}."
            )
        nothing = {"nodes": {}, "whole": {}, "node_measures": list(NODE_MEASURES)}
        frame = self._onlooker.newest
        if frame is None or not frame.full:
            return nothing
        values = frame.connectivity[schema.measures.index(measure), band]
        weights = weights_of(values, frame.pairs, info.n_channels, measure)
        if weights is None:
            return nothing
        wanted = NODE_MEASURES if node is None else {node: NODE_MEASURES[node]}
        return nothing | {
            "nodes": {name: of(weights) for name, of in wanted.items()},
            "whole": {name: of(weights) for name, of in WHOLE_MEASURES.items()},
        }

    def said(self) -> Message:
        """Return what runs, for the state that clients are told."""
        pipeline = self.engine.pipeline
        pace = self.pace
        recorder = self.engine.recorder
        return {
            "run": self.number,
            "source": source_said(self.engine.source.info, pipeline.info, self.length),
            "model": model_said(self.engine),
            "recording": None if recorder is None else str(self.order.outputs.recording),
            "pace": None if pace is None else {"speed": pace.speed, "paused": pace.paused},
            "has_truth": self._truth is not None,
            "rest": rest_said(self.engine),
        }

    def backlog(self) -> list[Message]:
        """Return the frames and events of the last minutes, for who has just come."""
        with self._keeping:
            said = {"run": self.number, "number": self._told["frames"], "backlog": True}
            kept = list(self._frames)
            messages = [event | {"backlog": True} for event in self._events]
        if kept:
            publications, truths = zip(*kept, strict=True)
            messages.insert(0, frames_message(publications, truths) | said)
        return messages

    def _numbered(self, message: Message) -> Message:
        """Return a message with its number within the run, by which none is told twice."""
        self._told[message["type"]] += 1
        return message | {"run": self.number, "number": self._told[message["type"]]}

    def _work(self) -> None:
        try:
            with self.engine:
                for item in self.engine:
                    self._take(item)
                    if self._stop.is_set():
                        break
            self.written = tuple(self.order.outputs.written(self.engine))
        except RtemotionError as problem:
            self.problem = str(problem)
        except Exception as problem:
            log.exception("a run failed")
            self.problem = (
                f"Decoding has failed unexpectedly ({type(problem).__name__}: {problem}); this is "
                "a defect, please report it with the log."
            )
        self.ended = True
        self._on_end(self)

    def _take(self, item: Publication | Event | Tick) -> None:
        if isinstance(item, Publication):
            self._publish(item)
        elif isinstance(item, Event):
            self._event(item)
        now = time.monotonic()
        if now >= self._next_second:
            self._next_second = now + _SECOND
            self._each_second()

    def _publish(self, publication: Publication) -> None:
        frame = publication.frame
        truth = None if self._truth is None else self._truth()
        # A row of a block that would be kept with it.
        truth = None if truth is None else truth.copy()
        # Contributions of ten minutes would fill the memory.
        bare = replace(frame, node_contribution=_NOTHING, edge_contribution=_NOTHING)
        with self._keeping:
            self._frames.append((replace(publication, frame=bare), truth))
            message = self._numbered(frames_message([publication], [truth]))
        self.health.frame(publication)
        if frame.index is not None:
            self.position = frame.index / self.engine.pipeline.info.sfreq
            self._step()
        self._hub.publish(message, "frames")
        if self._hub.wanted("contributions"):
            self._hub.publish(contributions_message(frame), "contributions")

    def _step(self) -> None:
        """Stand still again after as many frames as were asked for."""
        if not self._steps:
            return
        with self._pacing:
            self._steps = max(self._steps - 1, 0)
            if not self._steps and self.pace is not None:
                self.pace.hurry(-math.inf)

    def _event(self, event: Event) -> None:
        self.health.event(event)
        if event.kind == Kind.MASK:
            self.bad = frozenset(event.payload["bad"])
        elif event.kind == Kind.OPERATOR:
            self.marked |= dict.fromkeys(event.payload.get("bad", ()), True)
            self.marked |= dict.fromkeys(event.payload.get("good", ()), False)
        if event.kind in UNTOLD and event.kind != Kind.WARNING:
            return
        with self._keeping:
            message = self._numbered(event_message(event))
            self._events.append(message)
        self._hub.publish(message)

    def _each_second(self) -> None:
        self._hub.publish(self.health.message() | {"position": self.position})
        emotions = self._hub.wanted("networks")
        if emotions:
            networks = self._patterns.network()
            for emotion in emotions & set(networks.emotions):
                self._hub.publish(networks_message(networks, emotion), "networks")
