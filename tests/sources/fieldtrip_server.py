"""A FieldTrip buffer in a process of its own, and an amplifier that writes to it.

Written after the protocol's public description (FieldTrip's "Low-level FieldTrip buffer
TCP network protocol"). Arguments: port, and JSON with any of labels, sfreq, type,
resolutions, keep, first, event_every, seconds, block, header_after. The first channel
counts the samples. Prints "ready" once it listens. Also importable, for its parts.
"""

from __future__ import annotations

import json
import socketserver
import struct
import sys
import threading
import time

import numpy as np

PUT_HDR, PUT_DAT, PUT_EVT, PUT_OK, PUT_ERR = 0x101, 0x102, 0x103, 0x104, 0x105
GET_HDR, GET_DAT, GET_EVT, GET_OK, GET_ERR = 0x201, 0x202, 0x203, 0x204, 0x205
FLUSH_HDR, FLUSH_DAT, FLUSH_EVT, FLUSH_OK = 0x301, 0x302, 0x303, 0x304
WAIT_DAT, WAIT_OK, WAIT_ERR = 0x402, 0x404, 0x405
TYPES = (
    *("S1", "uint8", "uint16", "uint32", "uint64"),
    *("int8", "int16", "int32", "int64", "float32", "float64"),
)


class Buffer:
    """What a buffer holds: a header, the last samples, the last events."""

    def __init__(self, keep: int) -> None:
        self.keep = keep
        self.changed = threading.Condition()
        self.clear()

    def clear(self) -> None:
        self.header: tuple[int, float, int, bytes] | None = None
        self.empty_samples()
        self.empty_events()

    def empty_samples(self) -> None:
        self.samples: list[bytes] = []
        self.n_samples = 0

    def empty_events(self) -> None:
        self.events: list[bytes] = []
        self.n_events = 0

    def answer(self, command: int, body: bytes) -> tuple[int, bytes]:
        if command == WAIT_DAT:
            return self.wait(*struct.unpack("<III", body))
        with self.changed:
            if command == GET_HDR:
                return self.get_header()
            if command == GET_DAT:
                return self.get_samples(body)
            if command == GET_EVT:
                return self.get_events(body)
            try:
                return self.put(command, body)
            finally:
                self.changed.notify_all()

    def put(self, command: int, body: bytes) -> tuple[int, bytes]:
        if command == PUT_HDR:
            n_channels, _, _, sfreq, kind, size = struct.unpack_from("<IIIfII", body)
            self.clear()
            self.header = (n_channels, sfreq, kind, body[24 : 24 + size])
            return PUT_OK, b""
        if command == PUT_DAT and self.header is not None:
            n_channels, n_samples, kind, size = struct.unpack_from("<IIII", body)
            if (n_channels, kind) != (self.header[0], self.header[2]) or not n_samples:
                return PUT_ERR, b""
            row = size // n_samples
            self.samples += [body[16 + i * row : 16 + (i + 1) * row] for i in range(n_samples)]
            self.samples = self.samples[-self.keep :]
            self.n_samples += n_samples
            return PUT_OK, b""
        if command == PUT_EVT and self.header is not None:
            while body:
                size = 32 + struct.unpack_from("<I", body, 28)[0]
                self.events.append(body[:size])
                self.n_events += 1
                body = body[size:]
            self.events = self.events[-self.keep :]
            return PUT_OK, b""
        if command in (FLUSH_HDR, FLUSH_DAT, FLUSH_EVT):
            empty = {FLUSH_HDR: self.clear, FLUSH_DAT: self.empty_samples}
            empty.get(command, self.empty_events)()
            return FLUSH_OK, b""
        return PUT_ERR, b""

    def get_header(self) -> tuple[int, bytes]:
        if self.header is None:
            return GET_ERR, b""
        n_channels, sfreq, kind, chunks = self.header
        counts = (n_channels, self.n_samples, self.n_events)
        return GET_OK, struct.pack("<IIIfII", *counts, sfreq, kind, len(chunks)) + chunks

    def get_samples(self, body: bytes) -> tuple[int, bytes]:
        oldest = self.n_samples - len(self.samples)
        first, last = struct.unpack("<II", body) if body else (oldest, self.n_samples - 1)
        if self.header is None or not oldest <= first <= last < self.n_samples:
            return GET_ERR, b""
        rows = self.samples[first - oldest : last - oldest + 1]
        data = b"".join(rows)
        said = struct.pack("<IIII", self.header[0], len(rows), self.header[2], len(data))
        return GET_OK, said + data

    def get_events(self, body: bytes) -> tuple[int, bytes]:
        oldest = self.n_events - len(self.events)
        first, last = struct.unpack("<II", body) if body else (oldest, self.n_events - 1)
        if self.header is None or not oldest <= first <= last < self.n_events:
            return GET_ERR, b""
        return GET_OK, b"".join(self.events[first - oldest : last - oldest + 1])

    def wait(self, n_samples: int, n_events: int, milliseconds: int) -> tuple[int, bytes]:
        with self.changed:
            if self.header is None:
                return WAIT_ERR, b""
            self.changed.wait_for(
                lambda: self.n_samples > n_samples or self.n_events > n_events,
                milliseconds / 1000,
            )
            return WAIT_OK, struct.pack("<II", self.n_samples, self.n_events)


class Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while head := self.receive(8):
            version, command, size = struct.unpack("<HHI", head)
            body = self.receive(size)
            if version != 1 or len(body) < size:
                return
            code, said = self.server.buffer.answer(command, body)  # type: ignore[attr-defined]
            self.request.sendall(struct.pack("<HHI", 1, code, len(said)) + said)

    def receive(self, size: int) -> bytes:
        got = b""
        while len(got) < size:
            part = self.request.recv(size - len(got))
            if not part:
                return b""
            got += part
        return got


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, keep: int) -> None:
        self.buffer = Buffer(keep)
        super().__init__(("localhost", port), Handler)


def header(labels: list[str], sfreq: float, kind: int, resolutions: list[float]) -> bytes:
    names = b"".join(label.encode() + b"\0" for label in labels)
    chunks = struct.pack("<II", 1, len(names)) + names if any(labels) else b""
    if resolutions:
        scaled = np.array(resolutions).tobytes()
        chunks += struct.pack("<II", 3, len(scaled)) + scaled
    return struct.pack("<IIIfII", len(labels), 0, 0, sfreq, kind, len(chunks)) + chunks


def event(sample: int, kind: str, value: str) -> bytes:
    texts = kind.encode() + value.encode()
    fixed = (0, len(kind), 0, len(value), sample, 0, 0, len(texts))
    return struct.pack("<IIIIiiiI", *fixed) + texts


def main() -> None:
    port, options = int(sys.argv[1]), json.loads(sys.argv[2])
    labels = options.get("labels", ["Cz", "Pz", "Oz", "VEOG"])
    sfreq, first = options.get("sfreq", 250.0), options.get("first", 0)
    kind = TYPES.index(options.get("type", "float32"))
    block, every = options.get("block", 5), options.get("event_every")
    server = Server(port, options.get("keep", 5000))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    buffer, number, late = server.buffer, first, options.get("header_after", 0.0)
    said = header(labels, sfreq, kind, options.get("resolutions", []))
    if not late:
        buffer.answer(PUT_HDR, said)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    if late:
        time.sleep(late)
        buffer.answer(PUT_HDR, said)
    buffer.n_samples = first
    began = time.monotonic()
    while time.monotonic() - began < options.get("seconds", 60):
        for sample in range(number, number + block) if every else ():
            if sample % every == 0:
                buffer.answer(PUT_EVT, event(sample, "trigger", str(sample)))
        rows = np.full((block, len(labels)), 10.0)
        rows[:, 0] = np.arange(number, number + block)
        data = rows.astype(TYPES[kind]).tobytes()
        said = struct.pack("<IIII", len(labels), block, kind, len(data))
        buffer.answer(PUT_DAT, said + data)
        number += block
        time.sleep(max(0.0, began + (number - first) / sfreq - time.monotonic()))
    time.sleep(60)


if __name__ == "__main__":
    main()
