"""An XDF file that is being written: appended to by a thread of its own, on disk within a second.

Whoever hands it samples never waits for the disk. When the disk takes no more, the
file is cut back to its last whole chunk and closed, and the reason can be read.
"""

from __future__ import annotations

import datetime
import logging
import os
import queue
import shutil
import tempfile
import threading
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from .. import xdf_format as encoding
from ..errors import OutletError
from ..signal import FloatArray
from .files import FLUSH_S, cannot_write, check_writable

log = logging.getLogger(__name__)

LEAST_FREE = 100 * 2**20
# What may wait for a disk that stalls, before the recording is given up.
LONGEST_QUEUE = 512 * 2**20
BOUNDARY_EVERY_S = 10.0
# Room for less than this long is worth a word.
TIGHT_S = 600.0
_WAIT_S = 0.2


@dataclass
class _Stream:
    format: str
    n_channels: int
    count: int = 0
    first: float = np.nan
    last: float = np.nan
    measured: array[float] = field(default_factory=lambda: array("d"))
    offsets: array[float] = field(default_factory=lambda: array("d"))


def check_xdf(path: Path, overwrite: bool = False) -> None:
    """Refuse a recording that could not be written, before anything else is waited for.

    Raises
    ------
    OutletError
        If the extension is another, the place cannot be written, the file
        exists, or less than 100 MB are free.
    """
    if path.suffix.lower() != ".xdf":
        raise OutletError(
            f"a recording cannot be written to {path} with the extension '{path.suffix}', "
            "expected .xdf; rename it."
        )
    check_writable(path, overwrite)
    free = shutil.disk_usage(path.parent).free
    if free < LEAST_FREE:
        raise OutletError(
            f"there are only {free / 2**20:.0f} MB free where {path} should go, expected at least "
            f"{LEAST_FREE / 2**20:.0f} MB; free some space or choose another place."
        )


class XdfFile:
    """Append-only XDF of any number of streams; safe to use from several threads.

    Parameters
    ----------
    path : Path
        Ends in ``.xdf``.
    overwrite : bool
        Replace a file that exists.

    Attributes
    ----------
    path : Path
        Where it is.
    size : int
        Bytes written.
    problem : str
        Why nothing more is written; empty while all is well.

    Raises
    ------
    OutletError
        See `check_xdf`.
    """

    def __init__(self, path: Path, overwrite: bool = False) -> None:
        check_xdf(path, overwrite)
        self.path = path
        self.size = 0
        self.problem = ""
        self._streams: dict[int, _Stream] = {}
        self._lock = threading.Lock()
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._queued = 0
        self._begun = time.monotonic()
        self._warned = False
        try:
            # Readable too: what is written can be saved if the file is deleted meanwhile.
            self._file: IO[bytes] = path.open("w+b", buffering=0)
        except OSError as problem:
            raise cannot_write(path, problem) from problem
        self._put(encoding.file_header(datetime.datetime.now(datetime.UTC).isoformat()))
        self._thread = threading.Thread(target=self._run, name="rtemotion-xdf", daemon=True)
        self._thread.start()

    def add_stream(self, xml: str) -> int:
        """Describe a stream by LSL's ``<info>`` document; return its number in the file.

        Raises
        ------
        OutletError
            If the document names no format that XDF knows.
        """
        root = ElementTree.fromstring(xml)
        fmt = (root.findtext("channel_format") or "").strip()
        if fmt != encoding.TEXT and fmt not in encoding.DTYPES:
            raise OutletError(
                f"stream '{root.findtext('name')}' has samples of format '{fmt}', expected one of "
                f"{', '.join(encoding.DTYPES)} or string; it cannot be recorded."
            )
        with self._lock:
            stream = len(self._streams) + 1
            self._streams[stream] = _Stream(fmt, int(root.findtext("channel_count") or 1))
            self._put(encoding.stream_header(stream, xml))
        return stream

    def numbers(self, stream: int, stamps: FloatArray, values: NDArray[Any]) -> None:
        """Append samples of numbers, shape (n_samples, n_channels), in the stream's format."""
        if len(stamps):
            known = self._streams[stream]
            self._counted(
                known,
                float(stamps[0]),
                float(stamps[-1]),
                len(stamps),
                encoding.numbers(stream, known.format, stamps, values),
            )

    def texts(
        self, stream: int, stamps: Sequence[float], rows: Sequence[Sequence[str | bytes]]
    ) -> None:
        """Append samples of strings, a row of channels each."""
        if len(stamps):
            known = self._streams[stream]
            self._counted(
                known, stamps[0], stamps[-1], len(stamps), encoding.texts(stream, stamps, rows)
            )

    def offset(self, stream: int, remote_time: float, offset: float) -> None:
        """Append a measurement of the sender's clock against ours, seconds."""
        with self._lock:
            known = self._streams[stream]
            known.measured.append(remote_time)
            known.offsets.append(offset)
            self._put(encoding.clock_offset(stream, remote_time, offset))

    def count(self, stream: int) -> int:
        """Return how many samples of a stream were handed over."""
        return self._streams[stream].count

    def close(self) -> None:
        """Write the footers and wait until everything is on disk; may be called twice."""
        if not self._thread.is_alive():
            return
        with self._lock:
            for stream, known in self._streams.items():
                offsets = list(zip(known.measured, known.offsets, strict=True))
                self._put(
                    encoding.stream_footer(stream, known.first, known.last, known.count, offsets)
                )
            self._waiting.put(None)
        self._thread.join()

    def _counted(
        self, known: _Stream, first: float, last: float, count: int, chunk: bytes
    ) -> None:
        with self._lock:
            if known.count == 0:
                known.first = first
            known.last = last
            known.count += count
            self._put(chunk)

    def _put(self, chunk: bytes) -> None:
        if not self.problem:
            self._queued += len(chunk)
            self._waiting.put(chunk)

    def _run(self) -> None:
        synced = bounded = time.monotonic()
        try:
            while True:
                chunks, ending = self._taken()
                now = time.monotonic()
                if now - bounded >= BOUNDARY_EVERY_S or ending:
                    chunks.append(encoding.boundary())
                    self._queued += len(chunks[-1])
                    bounded = now
                self._append(chunks)
                if ending or now - synced >= FLUSH_S:
                    self._sync()
                    synced = now
                if ending:
                    break
        except OSError as problem:
            self._give_up(str(cannot_write(self.path, problem)))
        finally:
            self._file.close()

    def _taken(self) -> tuple[list[bytes], bool]:
        """Return what waits to be written, and whether that is the end of it."""
        chunks: list[bytes] = []
        try:
            chunk = self._waiting.get(timeout=_WAIT_S)
            while chunk is not None:
                chunks.append(chunk)
                chunk = self._waiting.get_nowait()
        except queue.Empty:
            return chunks, False
        return chunks, True

    def _append(self, chunks: Sequence[bytes]) -> None:
        """Write chunks; where one cannot be written, keep the whole ones before it."""
        for batch in _batches(chunks):
            rest = memoryview(b"".join(batch))
            length = len(rest)
            try:
                while len(rest):
                    rest = rest[self._file.write(rest) :]
            except OSError:
                ends = np.cumsum([len(chunk) for chunk in batch])
                self.size += int(ends[ends <= length - len(rest)].max(initial=0))
                self._file.truncate(self.size)
                raise
            self.size += length
            with self._lock:
                self._queued -= length
        if self._queued > LONGEST_QUEUE:
            raise OSError(0, f"the disk is {self._queued / 2**20:.0f} MB behind")

    def _sync(self) -> None:
        if os.fstat(self._file.fileno()).st_nlink == 0:
            self._save_deleted()
        os.fsync(self._file.fileno())
        self._warn_if_tight()

    def _warn_if_tight(self) -> None:
        rate = self.size / max(time.monotonic() - self._begun, 1.0)
        left_s = shutil.disk_usage(self.path.parent).free / max(rate, 1.0)
        if left_s < TIGHT_S and not self._warned:
            self._warned = True
            log.warning(
                "there is room for about %.0f more minutes of recording where %s is; free some",
                left_s / 60,
                self.path,
            )

    def _save_deleted(self) -> None:
        """Write anew a file that was deleted under us, where it was or where there is room."""
        for place in (self.path, Path.home(), Path(tempfile.gettempdir())):
            path = place if place == self.path else place / self.path.name
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                copy = path.open("x+b", buffering=0)
            except OSError:
                continue
            self._file.seek(0)
            shutil.copyfileobj(self._file, copy)
            self._file.close()
            self._file, deleted, self.path = copy, self.path, path
            log.warning("%s was deleted while it was written; it goes on as %s", deleted, path)
            return
        raise OSError(0, "it was deleted, and there is no place to save it to")

    def _give_up(self, reason: str) -> None:
        self.problem = reason
        with self._lock:
            self._queued = 0
        log.error("the recording stops: %s", reason)


def _batches(chunks: Sequence[bytes], size: int = 2**20) -> Iterator[list[bytes]]:
    """Group chunks to pieces of about a megabyte."""
    batch: list[bytes] = []
    length = 0
    for chunk in chunks:
        batch.append(chunk)
        length += len(chunk)
        if length >= size:
            yield batch
            batch, length = [], 0
    if batch:
        yield batch
