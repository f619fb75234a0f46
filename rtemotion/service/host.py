"""What the service does when it is asked: one run at a time, and looks at what there is.

Requests arrive one after another in worker threads; a lock keeps them from meeting.
"""

from __future__ import annotations

import dataclasses
import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from ..conditioning.survey import Surveyor
from ..contact import report_on
from ..decoding import load_model
from ..errors import RtemotionError, ServiceError
from ..options import read_profile, write_profile
from ..pipeline import preload
from ..signal import Chunk, Kind
from .hub import Hub
from .messages import Message
from .order import Order, read_options, read_place
from .running import Run

log = logging.getLogger(__name__)

_LONGEST_LOOK_S = 60.0


class Host:
    """Owns the run there is.

    Parameters
    ----------
    hub : Hub
        Who is told of it.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._lock = threading.Lock()
        self._run: Run | None = None
        self._order: Order | None = None
        self._number = 0
        self._phase = "idle"
        self._problem = ""
        self._verbs: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "state": lambda said: self.state(),
            "streams": self._streams,
            "headsets": lambda said: _headsets(),
            "boards": lambda said: _boards(),
            "files": self._files,
            "look": self._look,
            "start": self._start,
            "stop": self._stop,
            "record": self._record,
            "note": self._note,
            "pace": self._pace,
            "graph": self._graph,
            "profile": self._profile,
        }

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self._run is not None and not self._run.ended

    @property
    def recording(self) -> bool:
        """Whether what runs is being recorded, so that nobody but its user should end it."""
        return self.running and self._run is not None and self._run.engine.recorder is not None

    def ask(self, verb: str, said: Mapping[str, Any]) -> Any:
        """Do what a client asks and return what it is told.

        Raises
        ------
        RtemotionError
            When it cannot be done, with the sentence for the user.
        """
        do = self._verbs.get(verb)
        if do is None:
            raise ServiceError(
                f"The service cannot '{verb:.40}'; it can {', '.join(sorted(self._verbs))}, "
                "subscribe and shutdown."
            )
        return do(said)

    def state(self) -> Message:
        """Return everything a client has to know before the next frame."""
        run = self._run
        message: Message = {"type": "state", "phase": self._phase, "problem": self._problem}
        if run is not None:
            message |= run.said()
            message["bad"] = sorted(run.bad)
            message["written"] = list(run.written)
        return message

    def backlog(self) -> list[Message]:
        """Return what happened in the last minutes, oldest first."""
        return [] if self._run is None else self._run.backlog()

    def _ended(self, run: Run) -> None:
        """Tell that a run has ended by itself; from its thread, which holds no lock."""
        if run is self._run and self._phase == "running":
            self._set("failed" if run.problem else "ended", run.problem)

    def close(self) -> None:
        """End what runs."""
        with self._lock:
            self._end()

    def _set(self, phase: str, problem: str = "") -> None:
        self._phase, self._problem = phase, problem
        self._hub.publish(self.state())

    def _end(self) -> None:
        if self._run is not None:
            self._run.stop()

    def _start(self, said: Mapping[str, Any]) -> Message:
        order = Order.read(said)
        with self._lock:
            self._begin(order)
        return self.state()

    def _begin(self, order: Order) -> None:
        self._end()
        self._run, self._order = None, order
        self._set("opening")
        self._number += 1
        try:
            run = Run(order, self._hub, self._number, self._ended)
        except RtemotionError as problem:
            self._set("failed", str(problem))
            raise
        except Exception as problem:
            log.exception("a run could not be started")
            sentence = (
                f"The start has failed unexpectedly ({type(problem).__name__}: {problem}); this "
                "is a defect, please report it with the log."
            )
            self._set("failed", sentence)
            raise ServiceError(sentence) from problem
        self._run = run
        self._set("running")
        run.start()

    def _stop(self, said: Mapping[str, Any]) -> Message:
        with self._lock:
            if self._run is not None and self._phase in {"running", "ended"}:
                self._end()
                self._set("failed" if self._run.problem else "ended", self._run.problem)
        return self.state()

    def _record(self, said: Mapping[str, Any]) -> Message:
        """Begin anew with a recording, or without one; what is known of the person stays."""
        with self._lock:
            order, run = self._order, self._run
            if order is None or run is None or self._phase != "running":
                raise ServiceError("Nothing runs that could be recorded; start a source first.")
            path = said.get("path")
            if path is not None and not isinstance(path, str):
                raise ServiceError("'path' must be the path of an .xdf file, or null to stop.")
            outputs = dataclasses.replace(
                order.outputs,
                recording=None if path is None else Path(path),
                overwrite=said.get("overwrite") is True,
            )
            outputs.check()
            known = run.engine.pipeline.decoder.known
            if order.place.file is not None:
                raise ServiceError("This is a recording already: it is not recorded again.")
            self._begin(dataclasses.replace(order, outputs=outputs, known=known))
        return self.state()

    def _note(self, said: Mapping[str, Any]) -> None:
        run = self._running()
        kind, payload = said.get("kind", Kind.MARKER), said.get("payload", {})
        if not isinstance(kind, str) or not isinstance(payload, dict):
            raise ServiceError("'note' takes a text 'kind' and a mapping 'payload'.")
        run.note(kind, payload)

    def _pace(self, said: Mapping[str, Any]) -> Message:
        said = _checked_pace(said)
        with self._lock:
            run, order = self._run, self._order
            if run is None or order is None or run.pace is None:
                raise ServiceError(
                    "Only a recording can be paused, sought or sped up, once it was started."
                )
            back = "seek" in said and said["seek"] < run.position
            if back or run.ended:
                # The way there is decoded again, so that values never depend on the way.
                position = said.get("seek", run.position)
                pace = run.pace
                order = dataclasses.replace(
                    order,
                    position=position,
                    speed=said.get("speed", pace.speed),
                    paused=said.get("paused", pace.paused),
                )
                self._begin(order)
            else:
                run.set_pace(said)
                self._set("running")
        return self.state()

    def _graph(self, said: Mapping[str, Any]) -> dict[str, Any]:
        measure, band = said.get("measure"), said.get("band")
        if not isinstance(measure, str) or not isinstance(band, int):
            raise ServiceError("'graph' takes a text 'measure' and a whole number 'band'.")
        return self._running().graph(measure, band)

    def _profile(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Read a profile file, or write one where a set-up is given."""
        path = said.get("path")
        if not isinstance(path, str) or not path:
            raise ServiceError("'profile' takes a text 'path'.")
        if "options" in said:
            write_profile(Path(path), read_options(said["options"]))
        return read_profile(Path(path))

    def _running(self) -> Run:
        run = self._run
        if run is None or run.ended:
            raise ServiceError("Nothing runs at present; start a source first.")
        return run

    def _streams(self, said: Mapping[str, Any]) -> list[dict[str, Any]]:
        from ..sources.lsl_network import find_streams

        wait = _number(said, "wait", 1.0, 0.0, 30.0)
        return [dataclasses.asdict(stream) for stream in find_streams(wait, details=False)]

    def _files(self, said: Mapping[str, Any]) -> list[dict[str, Any]]:
        from ..sources.listing import list_recordings

        folder = said.get("folder")
        if not isinstance(folder, str):
            raise ServiceError("'files' takes a text 'folder'.")
        return [summary.as_dict() for summary in list_recordings(Path(folder))]

    def _look(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Listen to a source for some seconds, and tell what it is worth."""
        place = read_place(said.get("place", {}))
        options = read_options(said.get("options", {}), said.get("profile"))
        seconds = _number(said, "seconds", 3.0, 0.5, _LONGEST_LOOK_S)
        if self.running:
            raise ServiceError("A source is being decoded; stop it before looking at another.")
        with self._lock:
            model = load_model()
            preload(options.setup())
            source = place.open(options)
            with closing(source):
                surveyor = Surveyor(source.info)
                enough, began = seconds * source.info.sfreq, time.monotonic()
                for item in source:
                    if isinstance(item, Chunk) and place.file is not None:
                        item = item.cut(0, max(0, math.ceil(enough) - surveyor.samples))
                    surveyor.add(item)
                    late = time.monotonic() - began >= seconds + 2.0
                    if surveyor.samples >= enough or late:
                        break
                report = report_on(
                    source, surveyor, place.unit_known(options.unit), options, model
                )
        return report.as_dict()


def _headsets() -> list[dict[str, Any]]:
    from ..simulators.headsets import HEADSETS

    return [
        {"name": name, "channels": len(headset.channels), "sfreq": headset.sfreq}
        for name, headset in HEADSETS.items()
    ]


def _boards() -> list[dict[str, Any]]:
    from ..sources.brainflow_boards import boards

    return [
        {
            "name": board.name,
            "title": board.title,
            "channels": len(board.channels),
            "sfreq": board.sfreq,
        }
        for board in boards()
    ]


def _number(
    said: Mapping[str, Any], name: str, default: float, lowest: float, highest: float
) -> float:
    value = said.get(name, default)
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    if not (fits and lowest <= value <= highest):
        raise ServiceError(
            f"'{name}' is {value!r:.60}, expected a number from {lowest:g} to {highest:g}."
        )
    return float(value)


def _checked_pace(said: Mapping[str, Any]) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    if said.get("speed") is not None:
        checked["speed"] = _number(said, "speed", 1.0, 0.01, 1000.0)
    if said.get("seek") is not None:
        checked["seek"] = _number(said, "seek", 0.0, 0.0, 1e9)
    if said.get("step") is not None:
        checked["step"] = _number(said, "step", 1.0, 1.0, 1e6)
    if said.get("paused") is not None:
        if not isinstance(said["paused"], bool):
            raise ServiceError("'paused' must be true or false.")
        checked["paused"] = said["paused"]
    return checked
