"""Senders of LSL streams in processes of their own, for tests to receive from."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rtemotion.signal import Chunk, Event, Tick
from rtemotion.sources.lsl import LSLSource

HELPERS = Path(__file__).parent / "helpers"
Process = subprocess.Popen[str]


class Start:
    """Starts senders; calling it gives a source_id and the process."""

    def __init__(self) -> None:
        self.processes: list[Process] = []

    def __call__(
        self, source_id: str = "", prefix: tuple[str, ...] = (), **options: Any
    ) -> tuple[str, Process]:
        source_id = source_id or f"test-{uuid.uuid4().hex}"
        sender = str(HELPERS / "sender.py")
        return source_id, self.launch(sender, source_id, json.dumps(options), prefix=prefix)

    def launch(self, *arguments: str, prefix: tuple[str, ...] = ()) -> Process:
        process = subprocess.Popen(
            [*prefix, sys.executable, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.processes.append(process)
        assert process.stdout is not None
        # Libraries write their own lines first.
        assert any(line.strip() == "ready" for line in iter(process.stdout.readline, ""))
        return process


@contextmanager
def senders() -> Iterator[Start]:
    """End every sender afterwards, and see that the receivers left no thread behind."""
    before = set(threading.enumerate())
    start = Start()
    try:
        yield start
    finally:
        for process in start.processes:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
            process.wait(10)
            assert process.stdout is not None
            process.stdout.close()
    left = [t.name for t in threading.enumerate() if t not in before]
    assert not left


def collect(source: LSLSource, seconds: float) -> list[Chunk | Event | Tick]:
    items, end = [], time.monotonic() + seconds
    for item in source:
        items.append(item)
        if time.monotonic() >= end:
            break
    return items


def chunks(items: list[Chunk | Event | Tick]) -> list[Chunk]:
    return [item for item in items if isinstance(item, Chunk)]


def events(items: list[Chunk | Event | Tick], kind: str) -> list[Event]:
    return [item for item in items if isinstance(item, Event) and item.kind == kind]
