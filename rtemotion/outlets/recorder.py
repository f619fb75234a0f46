"""The recorder of what is decoded: the sender's samples, the events, and the frames.

It stands in the pipeline right behind the source and sees every item before
anything is made of it, so that a replay meets the same items in the same order.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from ..description import plain_xml, stream_xml
from ..session import FIRST, MISSING, PERSON, STATE, Decoded, Decoding, Described
from ..signal import Chunk, Event, Item, Kind, Publication, ReceivedChunk, Source
from ..xdf_format import FRAMES
from .frame_rows import REASONS, frame_labels, frame_row
from .session_file import SessionFile

# How often the clock's state is noted, for a session that is killed.
STATE_EVERY_S = 10.0
# And what is known of the person, in seconds of signal: a replay may begin there.
PERSON_EVERY_S = 300.0


class Companion(Protocol):
    """Something that records into the same file."""

    def close(self) -> None:
        """Hand over what is left."""


class Recorder:
    """Records a source while it is decoded (a stage), and its frames (an outlet).

    Parameters
    ----------
    target : SessionFile
        Where to; closed with the recorder.
    source : Source
        What is recorded. Its own numbers are kept where it gives `ReceivedChunk`
        and has ``xml`` (LSL's ``<info>`` document) and ``factors`` (to volts);
        volts otherwise.
    companion : Companion or None
        Records other streams into the same file; closed with the recorder.
    """

    def __init__(
        self, target: SessionFile, source: Source, companion: Companion | None = None
    ) -> None:
        self.target = target
        self._companion = companion
        xml = str(getattr(source, "xml", "") or stream_xml(source.info))
        factors = np.asarray(getattr(source, "factors", np.ones(source.info.n_channels)))
        self._described = Described.of(source.info, factors)
        self._stream = target.add_stream(xml)
        self._frames = 0
        self._clock: Callable[[], Any] = lambda: None
        self._person: Callable[[], dict[str, Any] | None] = lambda: None
        self._person_every = round(PERSON_EVERY_S * source.info.sfreq)
        self._person_due = self._person_every
        self._noted = time.monotonic()
        self._begun = self._told = self._closed = False

    def begin(
        self,
        how: Decoding,
        targets: Sequence[str],
        clock: Callable[[], Any] | None = None,
        person: Callable[[], dict[str, Any] | None] | None = None,
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
        person : callable or None
            Returns what the decoder knows of the person, None before it knows anything.
        """
        self._clock = clock or self._clock
        self._person = person or self._person
        self._frames = self.target.xdf.add_stream(
            plain_xml(FRAMES, "Emotions", "double64", frame_labels(targets))
        )
        self.target.decoded(
            Decoded(
                stream=self._stream,
                frames=self._frames,
                described=self._described,
                reasons=REASONS,
                how=how,
            )
        )

    def process(self, item: Item) -> Iterator[Item]:
        """Record a chunk or an event of the source, and pass everything on."""
        if isinstance(item, Chunk):
            if len(item):
                self._chunk(item)
        elif isinstance(item, Event):
            self._event(item)
        problem = self.target.xdf.problem
        if problem and not self._told:
            self._told = True
            message = f"The recording has stopped: {problem}"
            yield Event(0, math.nan, Kind.WARNING, {"message": message})
        yield item

    def reset(self) -> None:
        """Do nothing: what was recorded stays."""

    def publish(self, publication: Publication) -> None:
        """Record a frame, for replays to be compared with."""
        if publication.frame.index is not None:
            row = frame_row(publication)[None, :]
            self.target.xdf.numbers(self._frames, np.array([publication.frame.time]), row)

    def event(self, event: Event) -> None:
        """Leave alone what follows from the source's items: a replay finds it again."""

    def close(self) -> None:
        """Write everything that is left; may be called twice."""
        if self._closed:
            return
        self._closed = True
        if self._companion is not None:
            self._companion.close()
        self._state()
        state = self._clock_state()
        self.target.close(clocks={} if state is None else {self._stream: state})

    def _chunk(self, chunk: Chunk) -> None:
        first = chunk.first_sample - chunk.missing_before
        if not self._begun and first:
            self._note(first, float(chunk.times[0]), FIRST, {"sample": first})
        self._begun = True
        if chunk.missing_before:
            payload = {"missing": chunk.missing_before}
            self._note(chunk.first_sample, float(chunk.times[0]), MISSING, payload)
        if chunk.first_sample >= self._person_due and (known := self._person()) is not None:
            self._person_due = chunk.first_sample + self._person_every
            self._note(chunk.first_sample, float(chunk.times[0]), PERSON, known)
        values = chunk.values if isinstance(chunk, ReceivedChunk) else chunk.data
        self.target.xdf.numbers(self._stream, chunk.times, values)
        if time.monotonic() - self._noted >= STATE_EVERY_S:
            self._state()

    def _event(self, event: Event) -> None:
        if event.kind == Kind.CLOCK_OFFSET:
            offset = float(event.payload["offset"])
            remote = float(event.payload.get("remote_time", event.time - offset))
            self.target.xdf.offset(self._stream, remote, offset)
        self._note(event.sample, event.time, event.kind, event.payload)

    def _note(self, sample: int, moment: float, kind: str, payload: Any) -> None:
        self.target.note(self._stream, sample, moment, kind, payload)

    def _state(self) -> None:
        self._noted = time.monotonic()
        if (state := self._clock_state()) is not None:
            self._note(0, math.nan, STATE, state)

    def _clock_state(self) -> dict[str, Any] | None:
        state = self._clock()
        return None if state is None else dataclasses.asdict(state)
