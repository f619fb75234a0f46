"""Writing to a reader who may be slow, or have stopped: what runs never waits for it.

A terminal that is halted (Ctrl-S, a selection with the mouse) or a pipe that nobody
empties would otherwise hold decoding up, and with it what is received.
"""

from __future__ import annotations

import io
import os
import queue
import threading
import time
from typing import TextIO, cast

# Text that may wait for the reader; what comes beyond is left out.
MOST = 2**18
_DRAIN_S = 2.0


def shedding(stream: TextIO) -> TextIO:
    """Return a stream to the same place that never blocks; the stream itself if it has none."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        return stream
    stream.flush()
    return cast(TextIO, Shedding(number, stream.isatty()))


class Shedding(io.TextIOBase):
    """Text written by a thread of its own, and left out when too much is waiting.

    Parameters
    ----------
    number : int
        File descriptor to write to; stays open.
    terminal : bool
        Whether that is a terminal.

    Attributes
    ----------
    left_out : int
        Writes that were left out.
    """

    encoding = "utf-8"

    def __init__(self, number: int, terminal: bool = False) -> None:
        self._number, self._terminal = number, terminal
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._waiting = 0
        self._lock = threading.Lock()
        self._broken = False
        self.left_out = 0
        self._thread = threading.Thread(target=self._run, name="rtemotion-output", daemon=True)
        self._thread.start()

    def writable(self) -> bool:
        """Return True."""
        return True

    def isatty(self) -> bool:
        """Tell whether it leads to a terminal."""
        return self._terminal

    def fileno(self) -> int:
        """Return the descriptor it leads to."""
        return self._number

    def write(self, text: str) -> int:
        """Take text, to be written when the reader takes it.

        Raises
        ------
        BrokenPipeError
            If the reader has gone.
        """
        if self._broken:
            raise BrokenPipeError
        encoded = text.encode("utf-8", "replace")
        with self._lock:
            if self._waiting > MOST:
                self.left_out += 1
                return len(text)
            self._waiting += len(encoded)
        self._queue.put(encoded)
        return len(text)

    def flush(self) -> None:
        """Do nothing: the thread writes at once."""

    def close(self) -> None:
        """Give the reader a moment to take what is left, then let go; may be called twice."""
        if self.closed:
            return
        if self.left_out:
            note = f"# {self.left_out} lines were left out, since nobody read them in time\n"
            self._queue.put(note.encode())
        self._queue.put(None)
        self._thread.join(_DRAIN_S)
        super().close()

    def _run(self) -> None:
        while (encoded := self._queue.get()) is not None:
            rest = memoryview(encoded)
            try:
                while len(rest):
                    rest = rest[self._write(rest) :]
            except OSError:
                self._broken = True
                return
            with self._lock:
                self._waiting -= len(encoded)

    def _write(self, rest: memoryview) -> int:
        try:
            # Past Python's own buffer, whose lock a blocked thread would hold at exit.
            return os.write(self._number, rest)
        except BlockingIOError:
            time.sleep(0.01)
            return 0
