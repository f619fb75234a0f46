"""The one place that wires source, stages and outlets together, and keeps the run's facts."""

from __future__ import annotations

import dataclasses
import gc
import json
import logging
import queue
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .decoding import Baseline, BaselineSpan, Model
from .errors import SetupError
from .pipeline import Pipeline, Setup
from .signal import (
    Chunk,
    EmotionFrame,
    Event,
    Item,
    Kind,
    Outlet,
    Publication,
    Source,
    Stage,
    Tick,
)

if TYPE_CHECKING:
    from .outlets.recorder import Recorder
    from .session import Decoding

log = logging.getLogger(__name__)

# Kinds with a meaning to the stages that follows from the stream itself.
NOT_NOTED = frozenset(vars(Kind).values()) - {Kind.OPERATOR, Kind.MARKER}


class Engine:
    """Decodes a source and publishes to outlets.

    Parameters
    ----------
    source : Source
        Where samples come from; closed with the engine.
    model : Model
        The model file.
    outlets : iterable of Outlet
        Where frames go; closed with the engine.
    setup, baseline, span
        See `Pipeline`.
    recorder : Recorder or None
        Records source and frames; closed with the engine.
    onlooker : Stage or None
        See `Pipeline`.

    Attributes
    ----------
    late : int
        Frames that went out after the next was due.
    frames : int
        Frames that went out.
    """

    def __init__(
        self,
        source: Source,
        model: Model,
        outlets: Iterable[Outlet] = (),
        setup: Setup | None = None,
        baseline: Baseline | None = None,
        span: BaselineSpan | None = None,
        recorder: Recorder | None = None,
        onlooker: Stage | None = None,
    ) -> None:
        self.source = source
        self.model = model
        self.recorder = recorder
        self.span = span
        self.pipeline = Pipeline(source.info, model, setup, baseline, span, recorder, onlooker)
        self._outlets = list(outlets)
        if recorder is not None:
            how = decoding(model, setup or Setup(), baseline, span)
            recorder.begin(how, model.card.target_names, self.pipeline.clock_state, self._known)
            self._outlets.append(recorder)
        self.late = 0
        self.frames = 0
        self._received = 0
        self._notes: queue.SimpleQueue[tuple[str, Mapping[str, Any]]] = queue.SimpleQueue()

    def _known(self) -> dict[str, Any] | None:
        """Return what the decoder knows of the person, as a recorder notes it."""
        from .person import pack

        known = self.pipeline.decoder.known
        return None if known is None else pack(known)

    def add_outlet(self, outlet: Outlet) -> None:
        """Publish to one more outlet; closed with the engine."""
        self._outlets.append(outlet)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close source and outlets."""
        self.close()

    def note(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Put an event into the stream before its next sample; from any thread.

        What an operator does, a channel marked bad for instance, has to reach frames
        and recording at one and the same sample for a replay to be the same.

        Parameters
        ----------
        kind : str
            `Kind.OPERATOR`, `Kind.MARKER`, or any word of one's own.
        payload : mapping
            JSON-like values.

        Raises
        ------
        SetupError
            If the kind is one that only sources and stages tell of, or the payload is
            not what JSON holds.
        """
        if kind in NOT_NOTED or kind.startswith("rtemotion "):
            raise SetupError(f"'{kind}' cannot be noted: only sources and stages tell of it.")
        try:
            json.dumps(dict(payload))
        except (TypeError, ValueError) as problem:
            raise SetupError(
                f"The payload of the note '{kind}' is not what JSON holds ({problem}); give "
                "numbers, texts, lists and mappings of Python's own."
            ) from problem
        self._notes.put((kind, dict(payload)))

    def __iter__(self) -> Iterator[Publication | Event | Tick]:
        """Run until the source ends; yield what was published, events and ticks."""
        # What was made by now stays, and searching it for garbage delays frames.
        gc.freeze()
        for item in self.source:
            while not self._notes.empty():
                kind, payload = self._notes.get()
                yield from self._take(Event(self._received, self.source.now(), kind, payload))
            if isinstance(item, Chunk):
                self._received = item.stop
            yield from self._take(item)

    def _take(self, item: Item) -> Iterator[Publication | Event | Tick]:
        for result in self.pipeline.process(item):
            if isinstance(result, EmotionFrame):
                yield self._publish(result)
            elif isinstance(result, Event):
                self._tell(result)
                yield result
            elif isinstance(result, Tick):
                yield result

    def _publish(self, frame: EmotionFrame) -> Publication:
        now = self.source.now()
        age = now - frame.newest
        late = frame.index is not None and age > self.pipeline.hop
        publication = Publication(frame, age, late, now)
        for outlet in self._outlets:
            outlet.publish(publication)
        self.frames += 1
        self.late += late
        return publication

    def _tell(self, event: Event) -> None:
        if event.kind == Kind.WARNING:
            log.warning(event.payload["message"])
        for outlet in self._outlets:
            outlet.event(event)

    def close(self) -> None:
        """Close the source and every outlet, even when one of them fails."""
        from contextlib import ExitStack

        gc.unfreeze()
        with ExitStack() as stack:
            for outlet in self._outlets:
                stack.callback(outlet.close)
            stack.callback(self.source.close)


def decode(
    source: Source,
    model: Model,
    setup: Setup | None = None,
    baseline: Baseline | None = None,
    span: BaselineSpan | None = None,
) -> Iterator[EmotionFrame]:
    """Yield the emotion frames of a source until it ends, then close it.

    Parameters
    ----------
    source, model, setup, baseline, span
        See `Engine`.
    """
    with Engine(source, model, (), setup, baseline, span) as engine:
        for item in engine:
            if isinstance(item, Publication):
                yield item.frame


def decoding(
    model: Model, setup: Setup, baseline: Baseline | None, span: BaselineSpan | None
) -> Decoding:
    """Return how a stream is decoded, as a session file says it."""
    from .person import to_rest
    from .session import Decoding

    return Decoding(
        model=model.identity,
        model_file=str(model.path.resolve()),
        setup=dataclasses.asdict(setup),
        span=None if span is None else (span.start, span.end),
        rest=None if baseline is None else to_rest(baseline),
    )
