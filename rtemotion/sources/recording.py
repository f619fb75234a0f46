"""A recording as a source: any file MNE reads, at full speed or at a clock's pace."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mne
import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..signal import Chunk, Event, FloatArray, StreamInfo, Tick
from .edf_header import EdfHeader, record_onsets
from .gdf_header import GdfHeader
from .mne_files import OpenedRecording, open_with_mne, reading
from .pacing import ReplayClock, check_speed, chunk_length, paced, with_events
from .paths import TEXT_EXTENSIONS, XDF_EXTENSIONS, check_path
from .segments import Annotation, Segment, annotated_segments, marker_events, record_segments
from .stim import OnsetFinder

if TYPE_CHECKING:
    from .text import TextSource
    from .text_profile import TextLayout
    from .xdf import XdfSource

logger = logging.getLogger(__name__)

_BLOCK_S = 10.0
_BLOCK_BYTES = 32 * 2**20


class RecordingSource:
    """Read a recording as if it arrived.

    Yields the samples in volts, and events of kind ``"marker"``, each right before
    the sample it belongs to: the file's annotations (payload: ``description`` and
    ``duration`` in s) and the onsets of codes in its stimulus channels (payload:
    ``description``, the code as text, and ``channel``). A code is the lower 16 bits
    of a BDF's ``Status``; its upper ones are the amplifier's state. Stimulus
    channels stay channels, of kind ``"stim"``. Times start at 0 and are the sample
    index over the sampling rate. Parts that were not recorded are missing samples:
    skips of a FIF file, gaps of EDF+D and BDF+D, EEGLAB boundaries and BrainVision's
    new segments (of one sample at least, where the file states no length).
    Channels at another rate than the EEG's are left out; nothing is resampled.
    Iterating again starts again.

    Parameters
    ----------
    path : str or Path
        An EDF, BDF, GDF, FIF, BrainVision, EEGLAB, CNT … recording.
    speed : float
        How many times real time; infinite (the default) for as fast as possible.
    chunk_s : float, optional
        Longest chunk in seconds of signal. By default 10 s at full speed and what
        passes in 20 ms otherwise.
    unit : str, optional
        Unit of EEG channels whose unit the file does not state; one that it
        states stands.

    Raises
    ------
    SourceError
        If the file is missing, damaged, mislabelled, or would be read wrongly.
    """

    def __init__(
        self,
        path: str | Path,
        speed: float = math.inf,
        chunk_s: float | None = None,
        unit: str | None = None,
    ) -> None:
        check_speed(speed)
        self._path = Path(path)
        self._opened: OpenedRecording = open_with_mne(self._path, unit)
        self._raw: Any = self._opened.raw
        self._info = self._opened.info
        self._length = chunk_length(chunk_s, speed, self._info.sfreq)
        longest = min(_BLOCK_S * self._info.sfreq, _BLOCK_BYTES / (8 * self._info.n_channels))
        # A whole number of chunks, so that no chunk straddles two blocks.
        self._block = self._length * max(1, round(longest / self._length))
        self.pace = ReplayClock(speed)
        self._closed = False
        self._segments, self._events = self._look()

    @property
    def info(self) -> StreamInfo:
        """What is known about the recording."""
        return self._info

    @property
    def n_samples(self) -> int:
        """Length of the recording in samples, missing ones counted."""
        last = self._segments[-1]
        return last.first + last.stop - last.start

    @property
    def n_events(self) -> int | None:
        """Number of events; None where only the codes on the way will tell."""
        return None if self._opened.stims else len(self._events)

    def now(self) -> float:
        """Return stream time on the replay's clock; NaN at full speed."""
        return self.pace.now()

    def close(self) -> None:
        """Let go of the file and end an iteration under way."""
        if not self._closed:
            self._closed = True
            self._raw.close()

    def __iter__(self) -> Iterator[Chunk | Event | Tick]:
        """Yield chunks and events in stream order, and ticks while waiting.

        Raises
        ------
        SourceError
            If the file turns out to be damaged on the way.
        """
        if self._closed:
            return
        for item in paced(self._items(), self._length, self._due, self.pace):
            yield item
            if self._closed:
                return

    def _due(self, stop: int) -> float:
        return stop / self._info.sfreq

    def _items(self) -> Iterator[Chunk | Event]:
        waiting = deque(self._events)
        finder = OnsetFinder(self._opened.stims, self._info.sfreq)
        reached = 0
        for first, rows, codes in self._pieces():
            stop = first + len(rows)
            events = finder.find(codes, first)
            while waiting and waiting[0].sample < stop:
                events.append(waiting.popleft())
            # In one place the file's annotations come before the codes.
            queue = deque(sorted(events, key=lambda e: (e.sample, "channel" in e.payload)))
            times = np.arange(first, stop) / self._info.sfreq
            chunk = Chunk(rows, first, times, missing_before=first - reached)
            yield from with_events(chunk, queue)
            reached = stop
        yield from waiting

    def _pieces(self) -> Iterator[tuple[int, FloatArray, NDArray[np.int64]]]:
        """Yield first sample, rows in volts and codes of what lies in one block and segment."""
        block: tuple[int, FloatArray, NDArray[np.int64]] | None = None
        for segment in self._segments:
            position = segment.start
            while position < segment.stop:
                number = position // self._block
                if block is None or block[0] != number:
                    block = (number, *self._read(number))
                stop = min(segment.stop, (number + 1) * self._block)
                part = slice(position - number * self._block, stop - number * self._block)
                yield position - segment.start + segment.first, block[1][part], block[2][part]
                position = stop

    def _read(self, number: int) -> tuple[FloatArray, NDArray[np.int64]]:
        """Return one block and the codes in it, shapes (n_samples, n_channels or n_stims)."""
        start = number * self._block
        stop = min(start + self._block, self._raw.n_times)
        opened = self._opened
        with reading(self._path, f"at {start / self._info.sfreq:.1f} s") as warned:
            data = self._raw[opened.picks, start:stop][0]
        if any("could not be read" in message for message in warned.messages):
            raise SourceError(
                f"{self._path} is damaged after {start / self._info.sfreq:.1f} s: samples there "
                "cannot be read; copy it again from where it was recorded."
            )
        if np.any(opened.factors != 1):
            data = data * opened.factors
        rows = np.ascontiguousarray(data.T)
        codes = np.zeros((len(rows), len(opened.stims)), dtype=np.int64)
        for k, stim in enumerate(opened.stims):
            codes[:, k] = stim.codes(rows[:, stim.index])
            rows[:, stim.index] = codes[:, k]
        return rows, codes

    def _look(self) -> tuple[tuple[Segment, ...], tuple[Event, ...]]:
        """Return which rows are which samples, and what the file says of them."""
        header, sfreq = self._opened.header, self._info.sfreq
        total = int(self._raw.n_times)
        if isinstance(header, GdfHeader):
            notes = list(header.events)
        elif self._opened.annotations is not None:
            notes = _notes(self._opened.annotations, 0.0)
        else:
            # MNE counts from where the acquisition started, not from the first sample.
            notes = _notes(self._raw.annotations, self._raw.first_time)
        if isinstance(header, EdfHeader) and header.discontinuous:
            onsets = record_onsets(self._path, header)
            segments = record_segments(onsets, round(header.record_s * sfreq), sfreq)
            return segments, marker_events(notes, segments, sfreq, rows=False)
        notes = [note for note in notes if note.onset * sfreq <= total]
        segments = annotated_segments(notes, sfreq, total)
        return segments, marker_events(notes, segments, sfreq, rows=True)


def open_recording(
    path: str | Path,
    speed: float = math.inf,
    chunk_s: float | None = None,
    unit: str | None = None,
    stream: str | None = None,
    layout: TextLayout | None = None,
    sfreq: float | None = None,
) -> RecordingSource | XdfSource | TextSource:
    """Open a recording of any known format with the source that reads it.

    Parameters
    ----------
    path, speed, chunk_s, unit
        See `RecordingSource`.
    stream : str, optional
        Which stream of an XDF file that holds several; see `XdfSource`.
    layout : TextLayout, optional
        Where a text file keeps what, in place of what it begins with; see
        `rtemotion.sources.text_profile.layout_from`.
    sfreq : float, optional
        Sampling rate in Hz of an XDF stream that states none.

    Returns
    -------
    RecordingSource, XdfSource or TextSource
        By the extension.

    Raises
    ------
    SourceError
        If the extension is unknown (the message lists those there are), or the
        file cannot be read.
    """
    kind = check_path(Path(path))
    if kind in XDF_EXTENSIONS:
        from .xdf import XdfSource

        return XdfSource(path, speed=speed, chunk_s=chunk_s, unit=unit, stream=stream, sfreq=sfreq)
    if kind in TEXT_EXTENSIONS:
        from .text import TextSource

        return TextSource(path, speed=speed, chunk_s=chunk_s, unit=unit, layout=layout)
    return RecordingSource(path, speed=speed, chunk_s=chunk_s, unit=unit)


def _notes(found: mne.Annotations, origin: float) -> list[Annotation]:
    return [
        Annotation(float(onset) - origin, float(duration), str(description))
        for onset, duration, description in zip(
            found.onset, found.duration, found.description, strict=True
        )
    ]
