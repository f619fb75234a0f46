"""A headset that BrainFlow drives (OpenBCI, Muse, g.tec, BrainBit …) as a source."""

from __future__ import annotations

import logging
import math
import platform
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from ..description import stream_xml
from ..errors import SourceError
from ..signal import Chunk, Event, FloatArray, Kind, ReceivedChunk, StreamInfo, Tick
from .brainflow_boards import (
    PLAYBACK,
    STREAMING,
    BoardSummary,
    Layout,
    board_id,
    boards,
    describe,
    layout_of,
    load_brainflow,
)
from .brainflow_clock import Converted, SteadyStamps
from .brainflow_counter import RULES, PacketCounter
from .brainflow_session import BoardSession, Opening, Reopener, check_opening
from .sleep import SleepWatch

__all__ = ["BoardSummary", "BrainFlowSource", "boards", "open_board"]

logger = logging.getLogger(__name__)

_POLL_S = 0.01
# Below the 100 ms that a source may be silent, with room for a busy machine.
_TICK_S = 0.08
# Bluetooth may pause for a second or two and go on; opening anew loses more than that.
_LOST_S = 4.0
# From here on another machine's clock is taken to be another clock.
_FOREIGN_S = 0.5
# What a board on the command line may be told.
_TEXTS = ("serial_port", "mac_address", "ip_address", "serial_number", "file", "master")
_NUMBERS = ("ip_port", "timeout")


class BrainFlowSource:
    """Receive a board's samples through BrainFlow, and open it again when it is lost.

    Chunks carry BrainFlow's stamps, taken when a sample arrived, moved from the
    system's clock to one that nobody sets (LSL's own on this machine); the clock stage
    turns them into sample times. Where a board's packet numbers are known
    (`rtemotion.sources.brainflow_counter.RULES`) the samples lost on the way stand in
    `Chunk.missing_before`; elsewhere the stamps tell. The iteration ends only when the
    source is closed. Events are

    - ``"marker"`` (``description``, ``value``), for what `insert_marker` put in;
    - ``"stream returned"`` (``reconnected`` true), for a board that was lost;
    - ``"machine slept"`` (``seconds``), when this machine did;
    - ``"clock offset"``, for a board in a process on another machine.

    Parameters
    ----------
    board : str or int
        BrainFlow's name of the board (``"cyton"``, ``"muse_2"``, ``"synthetic"`` …) or
        its number; `boards` lists those that measure EEG.
    serial_port, mac_address, ip_address, ip_port, serial_number
        Where the board is, as BrainFlow asks for it; empty where it finds it itself.
    file : str
        The recording of a ``"playback_file"`` board.
    master : str or int, optional
        The board behind a ``"playback_file"`` or ``"streaming"`` one.
    unit : str
        Unit of the voltages; BrainFlow's are microvolts.
    buffer_s : float
        Seconds of signal kept for us while nobody iterates.
    timeout : int
        Seconds for which BrainFlow looks for the board; its own default when 0.
    stamps, sleep : optional
        What moves stamps to the steady clock, and what notices that this machine slept.

    Raises
    ------
    SourceError
        If BrainFlow is not installed, or the board cannot be opened or measures no EEG.
    """

    def __init__(
        self,
        board: str | int,
        serial_port: str = "",
        mac_address: str = "",
        ip_address: str = "",
        ip_port: int = 0,
        serial_number: str = "",
        file: str = "",
        master: str | int | None = None,
        unit: str = "uV",
        buffer_s: float = 360.0,
        timeout: int = 0,
        stamps: SteadyStamps | None = None,
        sleep: SleepWatch | None = None,
    ) -> None:
        self._opening = Opening(
            board=board_id(board),
            serial_port=serial_port,
            mac_address=mac_address,
            ip_address=ip_address,
            ip_port=ip_port,
            serial_number=serial_number,
            file=file,
            master=None if master is None else board_id(master),
            timeout=timeout,
        )
        check_opening(self._opening)
        number = self._opening.described
        self._layout = layout_of(describe(load_brainflow(), number), unit)
        self._info = _info(self._opening, self._layout, unit)
        rule = RULES.get(number)
        self._counter = None if rule is None else PacketCounter(*rule, self._info.sfreq)
        self._foreign = self._opening.board == STREAMING
        self._stamps = stamps or (_one_offset() if self._foreign else SteadyStamps())
        self._sleep = sleep or SleepWatch()
        self._closing = threading.Event()
        # Reading and closing exclude each other.
        self._lock = threading.RLock()
        self._reopener: Reopener | None = None
        self._returned = False
        self._received = 0
        self._latest: FloatArray = np.full(max(self._layout.rows) + 1, np.nan)
        self._n_samples = max(1, round(buffer_s * self._info.sfreq))
        self._session: BoardSession | None = BoardSession(self._opening, self._n_samples)
        self._last_arrival = self._opened = self.now()

    @property
    def info(self) -> StreamInfo:
        """What is known about the stream."""
        return self._info

    @property
    def factors(self) -> FloatArray:
        """What the board's own numbers are multiplied by to be volts, one a channel."""
        return self._layout.factors

    @property
    def xml(self) -> str:
        """The stream's description as LSL's ``<info>`` document."""
        root = ElementTree.fromstring(stream_xml(self._info, "double64", self._info.unit))
        maker = ElementTree.SubElement(_desc(root), "acquisition")
        ElementTree.SubElement(maker, "manufacturer").text = "BrainFlow"
        ElementTree.SubElement(maker, "model").text = self._layout.title
        return '<?xml version="1.0"?>\n' + ElementTree.tostring(root, "unicode")

    def now(self) -> float:
        """Return the steady clock's time in seconds."""
        return self._stamps.now()

    def impedances(self) -> dict[str, float]:
        """Return what the board last said about its contacts, in ohm by EEG channel.

        NaN where the board does not measure it, or has not yet: most have to be told
        to, and measure either that or the EEG.
        """
        ohm = [self._latest[row] or np.nan for row in self._layout.resistances]
        names = self._layout.eeg
        known = dict(zip(names, map(float, ohm), strict=False))
        return {name: known.get(name, math.nan) for name in names}

    def battery(self) -> float:
        """Return the battery's level as the board last said it, NaN when it does not."""
        row = self._layout.battery
        return float(self._latest[row]) if row >= 0 else math.nan

    def insert_marker(self, value: float) -> None:
        """Put a marker beside the next sample; it comes back as an event.

        Raises
        ------
        SourceError
            If the value is 0, or the board is not connected at the moment.
        """
        with self._lock:
            if self._session is None:
                raise SourceError(
                    f"the marker {value} was not set: the board is not connected at the moment."
                )
            self._session.mark(value)

    def close(self) -> None:
        """Release the board; an iteration under way ends."""
        self._closing.set()
        with self._lock:
            if self._reopener is not None:
                self._reopener.close()
                self._reopener = None
            if self._session is not None:
                self._session.close()
                self._session = None

    def __iter__(self) -> Iterator[Chunk | Event | Tick]:
        """Yield what arrives, and a tick whenever 80 ms pass without a sample."""
        told = self.now()
        while not self._closing.is_set():
            data, converted = self._read()
            if (slept := self._sleep.slept()) > 0 and data is None:
                yield self._slept(slept)
            if data is not None:
                yield from self._items(data, converted, slept)
                told = self.now()
            elif (now := self.now()) - told >= _TICK_S and not self._closing.is_set():
                yield Tick(now, now - self._last_arrival)
                told = now
            self._closing.wait(_POLL_S)

    def _read(self) -> tuple[FloatArray | None, Converted]:
        """Return what has arrived, and its stamps on the steady clock."""
        with self._lock:
            if self._reopener is not None and (session := self._reopener.take()) is not None:
                self._adopt(session)
            data = None if self._session is None else self._session.read()
            converted = self._stamps.convert(
                np.empty(0) if data is None else data[self._layout.timestamp]
            )
            now = self.now()
            if data is not None:
                self._last_arrival = now
            elif now - max(self._last_arrival, self._opened) > _LOST_S:
                self._reopen()
        return data, converted

    def _adopt(self, session: BoardSession) -> None:
        if self._reopener is not None:
            self._reopener.close()
        self._reopener, self._session = None, session
        self._opened, self._returned = self.now(), True
        if self._counter is not None:
            self._counter.restart()

    def _reopen(self) -> None:
        if self._session is None or self._closing.is_set() or self._opening.board == PLAYBACK:
            return
        logger.warning("'%s' has gone silent and is opened again.", self._info.name)
        self._reopener = Reopener(self._session, self._opening, self._n_samples)
        self._session = None

    def _items(
        self, data: FloatArray, converted: Converted, slept: float
    ) -> Iterator[Chunk | Event]:
        """Yield one batch as chunks, cut wherever something stands between two samples."""
        layout, times, n = self._layout, converted.times, data.shape[1]
        self._latest = data[: len(self._latest), -1].copy()
        if self._returned:
            self._returned = False
            logger.warning("'%s' is back", self._info.name)
            yield Event(
                self._received, float(times[0]), Kind.STREAM_RETURNED, {"reconnected": True}
            )
        if self._foreign:
            self._foreign = False
            yield from self._clock_offset(float(times[-1]))
        missing: NDArray[np.int64] = np.zeros(n, dtype=np.int64)
        if self._counter is not None:
            missing = self._counter.missing(data[layout.counter], times)
        marks = data[layout.marker] if layout.marker >= 0 else np.zeros(n)
        woke = (converted.row or 0) if slept > 0 else -1
        values = np.ascontiguousarray(data[layout.rows].T)
        cuts = {0, n, *np.flatnonzero(missing).tolist(), *np.flatnonzero(marks).tolist()}
        for start, stop in pairwise(sorted(cuts | ({woke} if woke > 0 else set()))):
            if start == woke:
                yield self._slept(slept)
            first = self._received + int(missing[start])
            if marks[start]:
                said = {"description": f"{marks[start]:g}", "value": float(marks[start])}
                yield Event(first, float(times[start]), Kind.MARKER, said)
            rows = values[start:stop]
            self._received = first + len(rows)
            yield ReceivedChunk(
                rows * layout.factors,
                first,
                times[start:stop],
                missing_before=int(missing[start]),
                values=rows,
            )
        if woke == n:
            yield self._slept(slept)

    def _slept(self, seconds: float) -> Event:
        return Event(self._received, self.now(), Kind.SLEPT, {"seconds": seconds})

    def _clock_offset(self, newest: float) -> Iterator[Event]:
        now = self.now()
        if abs(now - newest) > _FOREIGN_S:
            measured = {"offset": now - newest, "remote_time": newest, "uncertainty": _FOREIGN_S}
            yield Event(self._received, now, Kind.CLOCK_OFFSET, measured)


def open_board(spec: str, unit: str | None = None) -> BrainFlowSource:
    """Open a board as it is written on the command line.

    Parameters
    ----------
    spec : str
        ``NAME[,KEY=VALUE…]``, the keys being parameters of `BrainFlowSource` that say
        where the board is: ``"cyton,serial_port=/dev/ttyUSB0"``.
    unit : str, optional
        Unit of the voltages, where it is not microvolts.

    Raises
    ------
    SourceError
        If a key is unknown or its value is not a number where one is expected, and as
        `BrainFlowSource` does.
    """
    name, *parts = (part.strip() for part in spec.split(","))
    options: dict[str, str | int] = {}
    for part in parts:
        key, equals, value = (piece.strip() for piece in part.partition("="))
        key = key.replace("-", "_")
        number = key in _NUMBERS
        if not equals or key not in (*_TEXTS, *_NUMBERS) or (number and not value.isdecimal()):
            raise SourceError(
                f"'{part}' of the board '{spec}' is not understood, expected KEY=VALUE with any "
                f"of {', '.join(_TEXTS)} and, as numbers, {', '.join(_NUMBERS)}."
            )
        options[key] = int(value) if number else value
    return BrainFlowSource(name, unit=unit or "uV", **options)  # type: ignore[arg-type]


def _info(opening: Opening, layout: Layout, unit: str) -> StreamInfo:
    return StreamInfo(
        channels=layout.channels,
        sfreq=layout.sfreq,
        kinds=layout.kinds,
        unit=unit,
        timestamps="raw",
        name=f"BrainFlow {layout.title}",
        source_id="-".join(
            part for part in ("brainflow", str(opening.described), opening.place) if part
        ),
        host=platform.node(),
    )


def _one_offset() -> SteadyStamps:
    """Return what moves another process's stamps: by the same amount all the time."""
    ahead = time.time() - time.perf_counter()
    return SteadyStamps(wall=lambda: time.perf_counter() + ahead)


def _desc(root: ElementTree.Element) -> ElementTree.Element:
    found = root.find("desc")
    return ElementTree.SubElement(root, "desc") if found is None else found
