"""A recording in the making: the XDF file, its stream of events, the session file beside it."""

from __future__ import annotations

import datetime
import json
import logging
import math
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ..description import plain_xml
from ..errors import OutletError
from ..session import Decoded, RecordedStream, Session, save_session, session_path, versions
from ..xdf_format import EVENTS
from .files import check_writable
from .xdf_file import XdfFile, check_xdf

log = logging.getLogger(__name__)


def check_recording(path: Path, overwrite: bool = False) -> None:
    """Refuse a recording whose two files could not be written.

    Raises
    ------
    OutletError
        See `check_xdf`.
    """
    check_xdf(path, overwrite)
    check_writable(session_path(path), overwrite)


class SessionFile:
    """Owns the two files of a recording; safe to use from several threads.

    Parameters
    ----------
    path : Path
        The XDF file to write; the session file goes beside it.
    overwrite : bool
        Replace files that exist.

    Attributes
    ----------
    xdf : XdfFile
        Where samples go.

    Raises
    ------
    OutletError
        If the files cannot be written.
    """

    def __init__(self, path: Path, overwrite: bool = False) -> None:
        check_recording(path, overwrite)
        self.xdf = XdfFile(path, overwrite)
        self._events = self.xdf.add_stream(plain_xml(EVENTS, "Events", "string", ("event",)))
        self._session = Session(
            recording=path.name, created_utc=_utc(), versions=versions(), events=self._events
        )
        self._begun = time.monotonic()
        self._closed = False
        # Several threads add streams; the session file has one writer at a time.
        self._lock = threading.Lock()
        self._update()

    def add_stream(self, xml: str) -> int:
        """Describe a stream by LSL's ``<info>`` document; return its number.

        Raises
        ------
        OutletError
            If it cannot be recorded.
        """
        stream = self.xdf.add_stream(xml)
        root = ElementTree.fromstring(xml)

        def said(tag: str) -> str:
            return (root.findtext(tag) or "").strip()

        described = RecordedStream(
            id=stream,
            name=said("name"),
            type=said("type"),
            source_id=said("source_id"),
            host=said("hostname"),
        )
        self._update(described)
        return stream

    def decoded(self, decoded: Decoded) -> None:
        """Take note of which stream is decoded, and how."""
        self._update(decoded=decoded)

    def note(
        self, stream: int, sample: int, moment: float, kind: str, payload: Mapping[str, Any]
    ) -> None:
        """Record an event of a stream, right before its next sample."""
        said = {
            "stream": stream,
            "sample": sample,
            "time": moment,
            "kind": kind,
            "payload": dict(payload),
        }
        stamp = moment if math.isfinite(moment) else 0.0
        self.xdf.texts(self._events, [stamp], [[json.dumps(said)]])

    def said(self) -> str:
        """Return how long and how much was recorded, in words."""
        if self.xdf.problem:
            return f"NOT RECORDING: {self.xdf.problem}"
        minutes, seconds = divmod(int(time.monotonic() - self._begun), 60)
        return f"● REC {minutes:02d}:{seconds:02d}  {self.xdf.size / 1e6:.1f} MB"

    def close(
        self, ended: str = "finished", clocks: Mapping[int, dict[str, Any]] | None = None
    ) -> None:
        """Write everything that is left; may be called twice.

        Parameters
        ----------
        ended : str
            How the recording ended.
        clocks : mapping, optional
            What the clock stage found out about a stream, by its number.
        """
        if self._closed:
            return
        self._closed = True
        self.xdf.close()
        streams = tuple(
            stream.model_copy(
                update={
                    "samples": self.xdf.count(stream.id),
                    "clock": (clocks or {}).get(stream.id),
                }
            )
            for stream in self._session.streams
        )
        self._update(
            recording=self.xdf.path.name,
            closed_utc=_utc(),
            ended=self.xdf.problem or ended,
            streams=streams,
        )

    def _update(self, *added: RecordedStream, **values: Any) -> None:
        with self._lock:
            if added:
                values["streams"] = (*self._session.streams, *added)
            self._session = self._session.model_copy(update=values)
            try:
                save_session(session_path(self.xdf.path), self._session)
            except OutletError as problem:
                log.warning("%s", problem)


def _utc() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat()
