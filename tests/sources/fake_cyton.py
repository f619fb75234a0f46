"""An OpenBCI Cyton at the far end of a pseudo-terminal, for BrainFlow's own driver.

Speaks the board's serial protocol as its maker documents it: answers to ``v`` and
``d``, streams after ``b``, stops at ``s``; 33 bytes a packet, the second of which
counts. Every packet's first channel holds the number of the packet, so that what was
lost and what was not can be told from the samples alone.
"""

from __future__ import annotations

import os
import pty
import select
import struct
import threading
import time
import tty
from pathlib import Path

GREETING = b"OpenBCI V3 8-16 channel\r\nOn Board ADS1299\r\nFirmware: v3.1.2\r\n$$$"
# Microvolts a count at gain 24 and 4.5 V, as the maker gives it.
MICROVOLTS = 4.5 / (2**23 - 1) / 24 * 1e6


class FakeCyton:
    def __init__(self, port: Path, lost: set[int] | None = None, daisy: bool = False) -> None:
        self.port, self.lost = port, lost or set()
        self.rate = 250.0
        self.daisy = daisy
        self.sent = 0
        self._ending = threading.Event()
        self._plug()

    def _plug(self) -> None:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._master)
        tty.setraw(self._slave)
        self.port.unlink(missing_ok=True)
        self.port.symlink_to(os.ttyname(self._slave))
        self._ending.clear()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def unplug(self) -> None:
        self._ending.set()
        self._thread.join()
        os.close(self._master)
        os.close(self._slave)
        self.port.unlink()

    def replug(self) -> None:
        self._plug()

    def _serve(self) -> None:
        began, first, streaming = 0.0, 0, False
        while not self._ending.is_set():
            ready, _, _ = select.select([self._master], [], [], 0.002)
            for command in os.read(self._master, 64) if ready else b"":
                if command in b"v":
                    os.write(self._master, GREETING)
                elif command in b"dC":
                    os.write(self._master, b"16$$$" if self.daisy else b"done$$$")
                elif command in b"b":
                    began, first, streaming = time.monotonic(), self.sent, True
                elif command in b"s":
                    streaming = False
            while streaming and self.sent - first < (time.monotonic() - began) * self.rate:
                if self.sent not in self.lost:
                    os.write(self._master, self._packet(self.sent))
                self.sent += 1

    def _packet(self, number: int) -> bytes:
        counts = [number, *range(1, 8)]
        eeg = b"".join(struct.pack(">i", count)[1:] for count in counts)
        return b"\xa0" + bytes([number % 256]) + eeg + bytes(6) + b"\xc0"
