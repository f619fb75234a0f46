"""Text recordings of consumer headsets (CSV, OpenBCI, ARFF) as a source."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..signal import Chunk, Event, FloatArray, Kind, StreamInfo, Tick
from .pacing import ReplayClock, check_speed, chunk_length, paced, with_events
from .paths import TEXT_EXTENSIONS, check_path
from .text_layouts import KNOWN, Layout, detect_layout
from .text_profile import TextLayout, resolve
from .text_rows import (
    Counter,
    blocks,
    first_lines,
    has_sample,
    measured_rate,
    numbers,
    stamps,
    texts,
)
from .units import to_volts_factor

logger = logging.getLogger(__name__)

# By how much the stamps' rate may differ from the device's before that is said, and refused.
_SAID, _REFUSED = 0.02, 0.5
# A measured rate this near a whole number of Hz is that number.
_WHOLE = 0.005
_PAUSE_S = 1.0


@dataclass(frozen=True)
class _Survey:
    """What one look through the whole file told."""

    n_samples: int
    sfreq: float
    counter: FloatArray


class TextSource:
    """Read a text recording as if it arrived.

    The layout is told by how the file begins: muse-lsl, BrainFlow Muse, Mind
    Monitor, OpenBCI, Emotiv as ARFF, or any CSV whose first row names 10-20 sites
    and a column of times. Times are the sample index over the sampling rate, which
    is the device's own: the stamps in such files are those of Bluetooth packets.
    Samples missing by a device's own counter are missing here too; cells that are
    no numbers are NaN. Markers are events of kind ``"marker"`` with a
    ``description`` and the name of their column as ``channel``. Iterating again
    starts again.

    Parameters
    ----------
    path : str or Path
        A ``.csv``, ``.txt`` or ``.arff`` file.
    speed : float
        How many times real time; infinite (the default) for as fast as possible.
    chunk_s : float, optional
        Longest chunk in seconds of signal.
    unit : str, optional
        Unit of the EEG channels, in place of the device's usual one; a unit that
        the file states stands.
    layout : TextLayout, optional
        Where the file keeps what, in place of what it begins with.

    Raises
    ------
    SourceError
        If the file is missing, of no known layout, without numbers or not text, or
        neither it nor its layout tells the sampling rate or the unit.
    """

    def __init__(
        self,
        path: str | Path,
        speed: float = math.inf,
        chunk_s: float | None = None,
        unit: str | None = None,
        layout: TextLayout | None = None,
    ) -> None:
        check_speed(speed)
        self._path = Path(path)
        kind = check_path(self._path, TEXT_EXTENSIONS)
        self._layout = _layout(self._path, kind, layout)
        self._survey = _look_through(self._path, self._layout)
        self._info, self._factors = _describe(self._path, self._layout, self._survey.sfreq, unit)
        self._length = chunk_length(chunk_s, speed, self._info.sfreq)
        self.pace = ReplayClock(speed)
        self._closed = False

    @property
    def info(self) -> StreamInfo:
        """What is known about the recording."""
        return self._info

    @property
    def n_samples(self) -> int:
        """Length of the recording in samples, missing ones counted."""
        return self._survey.n_samples

    def now(self) -> float:
        """Return stream time on the replay's clock; NaN at full speed."""
        return self.pace.now()

    def close(self) -> None:
        """End an iteration under way; the file is open during one only."""
        self._closed = True

    def __iter__(self) -> Iterator[Chunk | Event | Tick]:
        """Yield chunks and events in stream order, and ticks while waiting.

        Raises
        ------
        SourceError
            If the file can no longer be read.
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
        layout = self._layout
        counter = Counter(self._survey.counter)
        markers = _Markers(layout, self._info.sfreq)
        index, unread = 0, 0
        for rows in blocks(self._path, layout):
            events, rows = markers.rows_without_sample(rows, index)
            data = numbers(rows, layout.columns, layout)
            missing = np.zeros(len(rows), dtype=np.int64)
            if layout.counter is not None:
                indices = numbers(rows, [layout.counter], layout)[:, 0]
                missing = counter.missing(indices)
            samples = index + np.cumsum(missing + 1) - 1
            events += markers.of(rows, samples.tolist())
            unread += int(np.isnan(data).sum())
            queue = deque(sorted(events, key=lambda event: event.sample))
            for chunk in _without_gaps(data * self._factors, samples, missing, self._info.sfreq):
                yield from with_events(chunk, queue)
            yield from queue
            index = int(samples[-1]) + 1 if len(rows) else index
        if unread:
            logger.warning("%s: %d cells are no numbers: missing samples", self._path, unread)


class _Markers:
    """Turns marker columns into events; remembers the last value from block to block."""

    def __init__(self, layout: Layout, sfreq: float) -> None:
        self._layout = layout
        self._sfreq = sfreq
        self._last = ""

    def of(self, rows: Sequence[str], samples: Sequence[int]) -> list[Event]:
        """Return an event wherever a marker begins or a state changes."""
        layout = self._layout
        if layout.marker is None:
            return []
        events = []
        for text, sample in zip(texts(rows, layout.marker, layout), samples, strict=True):
            nothing = text in {"", "?", "nan"} or (text == "0" and not layout.state)
            if text != self._last and not nothing:
                events.append(self._event(sample, text))
            self._last = text
        return events

    def rows_without_sample(self, rows: list[str], index: int) -> tuple[list[Event], list[str]]:
        """Take out the rows that are events only; return those events and the other rows."""
        layout = self._layout
        if not layout.marker_rows or layout.marker is None:
            return [], rows
        events, kept = [], []
        for row in rows:
            if has_sample(row, layout):
                kept.append(row)
            elif text := texts([row], layout.marker, layout)[0]:
                events.append(self._event(index + len(kept), text))
        return events, kept

    def _event(self, sample: int, text: str) -> Event:
        payload = {"description": text}
        if self._layout.marker_name:
            payload["channel"] = self._layout.marker_name
        return Event(sample, sample / self._sfreq, Kind.MARKER, payload)


def _without_gaps(
    data: FloatArray, samples: NDArray[np.int64], missing: NDArray[np.int64], sfreq: float
) -> Iterator[Chunk]:
    cuts = [0, *(np.flatnonzero(missing[1:]) + 1).tolist(), len(data)]
    for start, stop in zip(cuts[:-1], cuts[1:], strict=True):
        if stop > start:
            first = int(samples[start])
            yield Chunk(
                data[start:stop],
                first,
                np.arange(first, first + stop - start) / sfreq,
                missing_before=int(missing[start]),
            )


@dataclass(frozen=True)
class Glance:
    """What the beginning of a text recording tells.

    Attributes
    ----------
    layout : Layout
        Where it keeps what.
    info : StreamInfo
        What is known about the stream.
    n_rows : int
        Lines after the header.
    """

    layout: Layout
    info: StreamInfo
    n_rows: int


def glance(path: Path, layout: TextLayout | None = None) -> Glance:
    """Return what the first block of a text recording tells, and count its lines.

    Raises
    ------
    SourceError
        As `TextSource` does, but for what only the whole file would show.
    """
    found = _layout(path, check_path(path, TEXT_EXTENSIONS), layout)
    rows = next(blocks(path, found), [])
    sfreq = _rate(path, found, stamps(rows, found))
    info, _ = _describe(path, found, sfreq, None)
    with path.open("rb") as file:
        n_lines = sum(block.count(b"\n") for block in iter(lambda: file.read(2**20), b""))
    return Glance(found, info, max(n_lines - found.header_lines, 0))


def _layout(path: Path, kind: str, described: TextLayout | None) -> Layout:
    if described is not None:
        return resolve(path, described, first_lines(path, described.skip_rows))
    layout = detect_layout(first_lines(path))
    if layout is None:
        raise SourceError(
            f"{path} begins like no {kind} recording known here, expected one of: "
            f"{'; '.join(KNOWN)}; describe it in the table [text] of a profile (channels = "
            '{TP9 = "a column", …}, sfreq, unit, and time or marker where there are such columns) '
            "and name that with --profile."
        )
    return layout


def _look_through(path: Path, layout: Layout) -> _Survey:
    counter: Counter | None = None
    first_indices, times = np.empty(0), np.empty(0)
    n_samples, numeric, pauses = 0, False, 0
    last = np.empty(0)
    for rows in blocks(path, layout):
        if layout.marker_rows:
            rows = [row for row in rows if has_sample(row, layout)]
        if not numeric:
            numeric = bool(np.isfinite(numbers(rows, layout.columns, layout)).any())
        found = stamps(rows, layout)
        times = times if n_samples else found
        pauses += int((np.diff(np.concatenate([last, found])) > _PAUSE_S).sum())
        last = found[-1:]
        if layout.counter is not None:
            indices = numbers(rows, [layout.counter], layout)[:, 0]
            if counter is None:
                first_indices, counter = indices, Counter(indices)
            n_samples += int(counter.missing(indices).sum())
        n_samples += len(rows)
    if not numeric:
        raise SourceError(
            f"{path} ({layout.name}) has no row of numbers in {', '.join(layout.channels[:4])} …, "
            "expected one a sample with decimal points; export it again."
        )
    rate = _rate(path, layout, times)
    if pauses and counter is None:
        logger.warning(
            "%s: the stamps pause %d times for more than %g s; how many samples are missing there "
            "is not known",
            *(path, pauses, _PAUSE_S),
        )
    return _Survey(n_samples, rate, first_indices)


def _rate(path: Path, layout: Layout, times: FloatArray) -> float:
    """Return the nominal rate, checked against the stamps, or theirs where there is none."""
    measured = measured_rate(times)
    if layout.sfreq is None:
        if not math.isfinite(measured):
            raise SourceError(
                f"{path} does not tell its sampling rate, expected a column 'time' of seconds "
                "that increases; add one."
            )
        whole = round(measured)
        rate = float(whole) if abs(measured - whole) <= _WHOLE * measured else measured
        logger.info("%s: %g Hz by its stamps", path, rate)
        return rate
    off = measured / layout.sfreq - 1.0
    if off > _REFUSED or off < 1.0 / (1.0 + _REFUSED) - 1.0:
        raise SourceError(
            f"{path} ({layout.name}) has {measured:.4g} samples a second by its stamps, expected "
            f"about {layout.sfreq:g}; export every sample the device sent."
        )
    if abs(off) > _SAID:
        logger.warning(
            "%s (%s): %.4g Hz by its stamps, taken as the device's %g Hz",
            *(path, layout.name, measured, layout.sfreq),
        )
    return layout.sfreq


def _describe(
    path: Path, layout: Layout, sfreq: float, unit: str | None
) -> tuple[StreamInfo, FloatArray]:
    said = layout.unit if layout.unit_stated else unit or layout.unit
    try:
        factor = to_volts_factor(said)
    except SourceError as problem:
        if unit is None or said == unit:
            raise SourceError(f"in the EEG columns of {path}, {problem}") from None
        said, factor = unit, to_volts_factor(unit)
    info = StreamInfo(
        channels=layout.channels, sfreq=sfreq, kinds=layout.kinds, unit=said, name=path.name
    )
    factors = np.array([factor if kind == "eeg" else 1.0 for kind in layout.kinds])
    return info, factors
