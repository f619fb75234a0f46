"""The recorder of what is decoded: the sender's samples, the events, and the frames.

It stands in the pipeline right behind the source and sees every item before
anything is made of it, so that a replay meets the same items in the same order.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from ..description import plain_xml, stream_xml
from ..errors import OutletError
from ..session import (
    Decoded,
    Decoding,
    Described,
    RecordedStream,
    Session,
    save_session,
    session_path,
    versions,
)
from ..signal import Chunk, Event, Item, Kind, Publication, Reason, ReceivedChunk, Source
from .files import check_writable
from .frame_rows import frame_labels, frame_row
from .xdf_file import XdfFile, check_xdf

log = logging.getLogger(__name__)

EVENTS = "rtemotion-events"
FRAMES = "rtemotion-frames"
# How often the clock's state is noted, for a session that is killed.
STATE_EVERY_S = 10.0
# What the recorder itself notes beside the source's events.
MISSING, STATE = "missing", "clock state"


def check_recording(path: Path, overwrite: bool = False) -> None:
    """Refuse a recording whose two files could not be written.

    Raises
    ------
    OutletError
        See `check_xdf`.
    """
    check_xdf(path, overwrite)
    check_writable(session_path(path), overwrite)


class Recorder:
    """Records a source while it is decoded (a stage), and its frames (an outlet).

    Parameters
    ----------
    path : Path
        The XDF file to write; the session file goes beside it.
    source : Source
        What is recorded. Its own numbers are kept where it gives `ReceivedChunk`
        and has ``xml`` (LSL's ``<info>`` document) and ``factors`` (to volts);
        volts otherwise.
    overwrite : bool
        Replace files that exist.

    Attributes
    ----------
    size : int
        Bytes written so far.
    problem : str
        Why nothing more is written; empty while all is well.

    Raises
    ------
    OutletError
        If the files cannot be written.
    """

    def __init__(self, path: Path, source: Source, overwrite: bool = False) -> None:
        check_recording(path, overwrite)
        self._info = source.info
        xml = str(getattr(source, "xml", "") or stream_xml(source.info))
        factors = np.asarray(getattr(source, "factors", np.ones(source.info.n_channels)))
        self._described = Described.of(source.info, factors)
        self._file = XdfFile(path, overwrite)
        self._stream = self._file.add_stream(xml)
        self._events = self._file.add_stream(plain_xml(EVENTS, "Events", "string", ("event",)))
        self._frames = 0
        self._session = Session(
            recording=path.name,
            created_utc=_utc(),
            versions=versions(),
            events=self._events,
            streams=(_recorded(self._stream, xml),),
        )
        self._clock: Callable[[], Any] = lambda: None
        self._noted = time.monotonic()
        self._told = self._closed = False
        self._save()

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._file.size

    @property
    def problem(self) -> str:
        """Why nothing more is written; empty while all is well."""
        return self._file.problem

    def begin(
        self, how: Decoding, targets: Sequence[str], clock: Callable[[], Any] | None = None
    ) -> None:
        """Take note of how the stream is decoded, before its first item.

        Parameters
        ----------
        how : Decoding
            Model and decisions.
        targets : sequence of str
            Names of the emotions.
        clock : callable or None
            Returns the state of the clock stage (a dataclass), None without one.
        """
        xml = plain_xml(FRAMES, "Emotions", "double64", frame_labels(targets))
        self._frames = self._file.add_stream(xml)
        self._clock = clock or self._clock
        self._session = self._session.model_copy(
            update={
                "decoded": Decoded(
                    stream=self._stream,
                    frames=self._frames,
                    described=self._described,
                    reasons=tuple(sorted(Reason.ALL)),
                    how=how,
                )
            }
        )
        self._save()

    def process(self, item: Item) -> Iterator[Item]:
        """Record a chunk or an event of the source, and pass everything on."""
        if isinstance(item, Chunk):
            self._chunk(item)
        elif isinstance(item, Event):
            self._note(item)
        if self.problem and not self._told:
            self._told = True
            message = f"The recording has stopped: {self.problem}"
            yield Event(0, math.nan, Kind.WARNING, {"message": message})
        yield item

    def reset(self) -> None:
        """Do nothing: what was recorded stays."""

    def publish(self, publication: Publication) -> None:
        """Record a frame, for replays to be compared with."""
        if publication.frame.index is not None:
            row = frame_row(publication)[None, :]
            self._file.numbers(self._frames, np.array([publication.frame.time]), row)

    def event(self, event: Event) -> None:
        """Leave alone what follows from the source's items: a replay finds it again."""

    def close(self, ended: str = "finished") -> None:
        """Write everything that is left; may be called twice."""
        if self._closed:
            return
        self._closed = True
        self._state()
        self._file.close()
        clock = self._clock_state()
        streams = tuple(
            stream.model_copy(update={"samples": self._file.count(stream.id), "clock": clock})
            for stream in self._session.streams
        )
        self._session = self._session.model_copy(
            update={
                "recording": self._file.path.name,
                "closed_utc": _utc(),
                "ended": self.problem or ended,
                "streams": streams,
            }
        )
        self._save()

    def _chunk(self, chunk: Chunk) -> None:
        if chunk.missing_before:
            payload = {"missing": chunk.missing_before}
            self._note(Event(chunk.first_sample, float(chunk.times[0]), MISSING, payload))
        values = chunk.values if isinstance(chunk, ReceivedChunk) else chunk.data
        self._file.numbers(self._stream, chunk.times, values)
        if time.monotonic() - self._noted >= STATE_EVERY_S:
            self._state()

    def _note(self, event: Event) -> None:
        if event.kind == Kind.CLOCK_OFFSET:
            offset = float(event.payload["offset"])
            remote = float(event.payload.get("remote_time", event.time - offset))
            self._file.offset(self._stream, remote, offset)
        said = {
            "stream": self._stream,
            "sample": event.sample,
            "time": event.time,
            "kind": event.kind,
            "payload": dict(event.payload),
        }
        stamp = event.time if math.isfinite(event.time) else 0.0
        self._file.texts(self._events, [stamp], [[json.dumps(said)]])

    def _state(self) -> None:
        self._noted = time.monotonic()
        if (state := self._clock_state()) is not None:
            self._note(Event(0, math.nan, STATE, state))

    def _clock_state(self) -> dict[str, Any] | None:
        state = self._clock()
        return None if state is None else dataclasses.asdict(state)

    def _save(self) -> None:
        try:
            save_session(session_path(self._file.path), self._session)
        except OutletError as problem:
            log.warning("%s", problem)


def _recorded(stream: int, xml: str) -> RecordedStream:
    root = ElementTree.fromstring(xml)
    return RecordedStream(
        id=stream,
        name=root.findtext("name") or "",
        type=root.findtext("type") or "",
        source_id=root.findtext("source_id") or "",
        host=root.findtext("hostname") or "",
    )


def _utc() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat()
