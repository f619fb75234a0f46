"""What the service does when it is asked: one run at a time, and looks at what there is.

Requests come from worker threads, and a lock keeps those that change what runs from meeting.
A newer start, stop or shutdown makes an older one give up what it waits for.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from ..errors import RtemotionError, ServiceError
from ..signal import Kind
from . import looking
from .hub import Hub
from .messages import Message
from .order import Order, read_as, read_number, read_path
from .running import Run
from .waiting import GIVEN_UP, until

log = logging.getLogger(__name__)

_LONGEST_NOTE = 10_000
_LONGEST_KIND = 80
_LOOK_S = 0.05
# What each verb takes; anything else is a slip that has to be told of.
TAKES: Mapping[str, frozenset[str]] = {
    "state": frozenset(),
    "streams": frozenset({"wait"}),
    "headsets": frozenset(),
    "boards": frozenset(),
    "files": frozenset({"folder"}),
    "look": frozenset({"place", "options", "profile", "seconds"}),
    "stop": frozenset(),
    "record": frozenset({"path", "overwrite"}),
    "note": frozenset({"kind", "payload"}),
    "pace": frozenset({"speed", "paused", "seek", "step"}),
    "graph": frozenset({"measure", "band", "node"}),
    "profile": frozenset({"path", "options"}),
    "subscribe": frozenset({"topics", "emotion"}),
    "shutdown": frozenset({"if_alone"}),
}
# They change nothing: for one who has left they are given up.
QUESTIONS = frozenset({"streams", "files", "look"})
# They make whatever is being opened or looked at give up.
OVERRIDING = frozenset({"start", "stop"})


Over = Callable[[], bool]


@dataclass(frozen=True)
class Situation:
    """What is so at a moment, read and replaced as a whole."""

    phase: str = "idle"
    problem: str = ""
    run: Run | None = None
    order: Order | None = None


class Host:
    """Owns the run there is.

    Parameters
    ----------
    hub : Hub
        Who is told of it.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        # Held while what runs is changed, waits included; `_telling` for moments only.
        self._lock = threading.Lock()
        self._telling = threading.Lock()
        self._now = Situation()
        self._number = 0
        self._overridden: float = 0
        self._verbs: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "state": lambda said: self.state(),
            "headsets": looking.headsets,
            "boards": looking.boards,
            "note": self._note,
            "graph": self._graph,
            "profile": looking.profile,
        }
        self._long: dict[str, Callable[[Mapping[str, Any], Over], Any]] = {
            "streams": lambda said, over: until(over, lambda: looking.streams(said), _forget),
            "files": lambda said, over: until(over, lambda: looking.files(said), _forget),
            "look": self._look,
            "start": self._start,
            "stop": self._stop,
            "record": self._record,
            "pace": self._pace,
        }

    @property
    def quick(self) -> frozenset[str]:
        """What is answered without a wait."""
        return frozenset(self._verbs)

    @property
    def verbs(self) -> frozenset[str]:
        """What can be asked."""
        return frozenset(self._verbs) | frozenset(self._long)

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        run = self._now.run
        return run is not None and not run.ended

    @property
    def writing(self) -> bool:
        """Whether a file is being written, so that nobody but its user should end it."""
        now = self._now
        written = now.order is not None and (
            now.order.outputs.recording is not None or now.order.outputs.table is not None
        )
        return written and now.phase in {"opening", "running"}

    def override(self, verb: str) -> float:
        """Take note of a request as it comes, before its turn; returns how many came.

        Whatever is under way for an older request gives up when this one is to take its
        place. After ``"shutdown"`` nothing begins any more.
        """
        if verb == "shutdown":
            self._overridden = math.inf
        elif verb in OVERRIDING:
            self._overridden += 1
        return self._overridden

    def ask(
        self,
        verb: str,
        said: Mapping[str, Any],
        came: float | None = None,
        gone: Over = lambda: False,
    ) -> Any:
        """Do what a client asks and return what it is told.

        Parameters
        ----------
        verb : str
            One of `verbs`.
        said : mapping
            What it takes.
        came : float or None
            What `override` returned as the request came.
        gone : callable
            Tells whether whoever asks has left, so that nobody waits for an answer.

        Raises
        ------
        RtemotionError
            When it cannot be done, with the sentence for the user.
        """
        if verb not in self.verbs:
            raise ServiceError(
                f"The service cannot '{verb:.40}'; it can {', '.join(sorted(self.verbs))}, "
                "subscribe and shutdown."
            )
        check_taken(verb, said)
        if verb in self._verbs:
            return self._verbs[verb](said)
        came = self.override(verb) if came is None else came

        def over() -> bool:
            if verb in QUESTIONS:
                return (
                    gone()
                    or math.isinf(self._overridden)
                    or (verb == "look" and self._overridden > came)
                )
            return self._overridden > came

        return self._long[verb](said, over)

    def state(self) -> Message:
        """Return everything a client has to know before the next frame."""
        now = self._now
        message: Message = {"type": "state", "phase": now.phase, "problem": now.problem}
        if now.run is not None:
            message |= now.run.said()
            message["bad"] = sorted(now.run.bad)
            message["written"] = list(now.run.written)
        return message

    def backlog(self) -> list[Message]:
        """Return what happened in the last minutes, oldest first."""
        run = self._now.run
        return [] if run is None else run.backlog()

    def close(self) -> None:
        """End what runs; nothing begins after it."""
        self.override("shutdown")
        with self._lock:
            self._end()

    def _set(self, **changes: Any) -> None:
        with self._telling:
            self._now = replace(self._now, **changes)
            self._hub.publish(self.state())

    def _ended(self, run: Run) -> None:
        """Tell that a run is over; from its thread."""
        with self._telling:
            if self._now.run is run and self._now.phase == "running":
                phase = "failed" if run.problem else "ended"
                self._now = replace(self._now, phase=phase, problem=run.problem)
                self._hub.publish(self.state())

    def _end(self) -> None:
        if self._now.run is not None:
            self._now.run.stop()

    @contextmanager
    def _alone(self, over: Over) -> Iterator[None]:
        """Wait for those who change what runs, unless it is over before.

        Raises
        ------
        ServiceError
            If it is.
        """
        while not self._lock.acquire(timeout=_LOOK_S):
            if over():
                raise ServiceError(GIVEN_UP)
        try:
            yield
        finally:
            self._lock.release()

    def _start(self, said: Mapping[str, Any], over: Over) -> Message:
        order = Order.read(said)
        with self._alone(over):
            self._begin(order, over)
            return self.state()

    def _begin(self, order: Order, over: Over, marked: Mapping[str, bool] | None = None) -> None:
        if over():
            # A newer request has had its turn already: what it made is left alone.
            raise ServiceError(GIVEN_UP)
        self._end()
        self._number += 1
        number = self._number
        self._set(phase="opening", problem="", run=None, order=order)
        try:
            run = until(over, lambda: Run(order, self._hub, number, self._ended), Run.stop)
        except ServiceError as problem:
            self._set(phase="idle" if over() else "failed", problem="" if over() else str(problem))
            raise
        except RtemotionError as problem:
            self._set(phase="failed", problem=str(problem))
            raise
        except Exception as problem:
            log.exception("a run could not be started")
            sentence = (
                f"The start has failed unexpectedly ({type(problem).__name__}: {problem}); this "
                "is a defect, please report it with the log."
            )
            self._set(phase="failed", problem=sentence)
            raise ServiceError(sentence) from problem
        run.mark(marked or {})
        self._set(phase="running", run=run)
        run.start()

    def _stop(self, said: Mapping[str, Any], over: Over) -> Message:
        with self._lock:
            self._end()
            return self.state()

    def _record(self, said: Mapping[str, Any], over: Over) -> Message:
        """Begin anew with a recording, or without one; what is known of the person stays."""
        path = None if said.get("path") is None else read_path(said["path"], "path")
        overwrite = read_as(bool, said.get("overwrite", False), "overwrite")
        with self._alone(over):
            now = self._now
            order, run = now.order, now.run
            if order is None or run is None or run.ended:
                raise ServiceError("Nothing runs that could be recorded; start a source first.")
            if order.place.file is not None:
                raise ServiceError("This is a recording already: it is not recorded again.")
            if (file := order.outputs.table or order.outputs.networks) is not None:
                raise ServiceError(
                    f"{file} is being written, and would begin anew with a recording; stop, and "
                    "start with both."
                )
            outputs = replace(order.outputs, recording=path, overwrite=overwrite)
            outputs.check()
            # What is learnt to the last frame, and by nobody else meanwhile.
            run.stop()
            known = run.engine.pipeline.decoder.known
            order = dataclasses.replace(order, outputs=outputs, known=known)
            self._begin(order, over, run.marked)
            return self.state()

    def _note(self, said: Mapping[str, Any]) -> None:
        run = self._running()
        kind, payload = said.get("kind", Kind.MARKER), said.get("payload", {})
        if not isinstance(kind, str) or not isinstance(payload, dict):
            raise ServiceError("'note' takes a text 'kind' and a mapping 'payload'.")
        if not 0 < len(kind) <= _LONGEST_KIND or len(json.dumps(payload)) > _LONGEST_NOTE:
            raise ServiceError(
                f"A note has a 'kind' of 1 to {_LONGEST_KIND} characters and a payload of at most "
                f"{_LONGEST_NOTE} as JSON."
            )
        if kind == Kind.OPERATOR:
            _check_operator(payload, run.engine.pipeline.info.channels)
        run.note(kind, payload)

    def _pace(self, said: Mapping[str, Any], over: Over) -> Message:
        said = _checked_pace(said)
        if self._now.run is not None and self._now.run.pace is None:
            raise ServiceError("Only a recording can be paused, sought or sped up.")
        with self._alone(over):
            run, order = self._now.run, self._now.order
            if run is None or order is None or run.pace is None:
                raise ServiceError(
                    "Only a recording can be paused, sought or sped up, once it was started."
                )
            pace = run.pace
            if "seek" in said and (said["seek"] < run.position or run.ended):
                # The way there is decoded again, so that values never depend on the way.
                order = dataclasses.replace(
                    order,
                    position=said["seek"],
                    speed=said.get("speed", pace.speed),
                    paused=said.get("paused", pace.paused),
                    # A table of the way there is ours, and comes out the same.
                    outputs=replace(order.outputs, overwrite=True),
                )
                # Nobody is told of an end that is none.
                self._set(phase="opening", problem="", run=None, order=order)
                run.stop()
                self._begin(order, over)
            else:
                run.set_pace(said)
                self._set()
            return self.state()

    def _graph(self, said: Mapping[str, Any]) -> dict[str, Any]:
        measure = read_as(str, said.get("measure"), "measure")
        band = read_as(int, said.get("band"), "band")
        node = said.get("node")
        chosen = None if node is None else read_as(str, node, "node")
        graph: dict[str, Any] = self._running().graph(measure, band, chosen)
        return graph

    def _running(self) -> Run:
        run = self._now.run
        if run is None or run.ended:
            raise ServiceError("Nothing runs at present; start a source first.")
        return run

    def _look(self, said: Mapping[str, Any], over: Over) -> dict[str, Any]:
        with self._alone(over):
            if self.running:
                raise ServiceError("A source is being decoded; stop it before looking at another.")
            return looking.look(said, over)


def _forget(late: Any) -> None:
    """Do nothing with an answer nobody waits for."""


def check_taken(verb: str, said: Mapping[str, Any]) -> None:
    """Refuse what a verb does not take; an order tells of its own.

    Raises
    ------
    ServiceError
        With what it does take.
    """
    takes = TAKES.get(verb)
    if takes is None:
        return
    if unknown := sorted(set(said) - takes):
        raise ServiceError(
            f"'{verb}' does not know '{unknown[0]:.40}'; it takes "
            f"{', '.join(sorted(takes)) or 'nothing'}."
        )


def _check_operator(payload: Mapping[str, Any], channels: tuple[str, ...]) -> None:
    for key in ("bad", "good"):
        names = payload.get(key, [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ServiceError(f"'{key}' of an operator's note is a list of channel names.")
        if unknown := [name for name in names if name not in channels]:
            raise ServiceError(
                f"The channel '{unknown[0]:.40}' cannot be marked {key}: there is none of that "
                "name in use."
            )
    if not isinstance(payload.get("note", ""), str):
        raise ServiceError("'note' of an operator's note is a text.")


def _checked_pace(said: Mapping[str, Any]) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    if said.get("speed") is not None:
        checked["speed"] = read_number(said["speed"], "speed", 0.01, 1000.0)
    if said.get("seek") is not None:
        checked["seek"] = read_number(said["seek"], "seek", 0.0, 1e9)
    if said.get("step") is not None:
        step = read_number(said["step"], "step", 1.0, 1e6)
        if not step.is_integer():
            raise ServiceError(f"'step' is {step:g}, expected a whole number of windows.")
        checked["step"] = int(step)
    if said.get("paused") is not None:
        checked["paused"] = read_as(bool, said["paused"], "paused")
    return checked
