"""Runs one measurement in a fresh process, and leaves none behind."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys

from ..errors import RtemotionError
from .measurements import Measurement, Result

# Many times what the longest takes.
LIMIT_S = 600.0
GRACE_S = 5.0

log = logging.getLogger(__name__)


class MeasurementError(RtemotionError):
    """A measurement gave no result."""


def measure_apart(measurement: Measurement, quick: bool = False) -> Result:
    """Run a measurement in a process of its own and return what it found.

    Parameters
    ----------
    measurement : Measurement
        What to measure.
    quick : bool
        Show that it works, not how fast.

    Raises
    ------
    MeasurementError
        If the process fails or never ends, with its last words.
    """
    arguments = [sys.executable, "-m", __package__, measurement.name]
    # In a session of its own Ctrl-C reaches this process alone, which then ends that one
    # once and in order, and whatever it has started with it.
    child = subprocess.Popen(
        [*arguments, *(["--quick"] if quick else [])],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        said, complaints = child.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired as error:
        raise MeasurementError(f"it did not end within {LIMIT_S:g} s") from error
    finally:
        _end(child)
    log.debug("%s said on stderr: %s", measurement.name, complaints)
    if child.returncode != 0:
        words = complaints.strip().splitlines()
        raise MeasurementError(words[-1] if words else f"it ended with code {child.returncode}")
    try:
        return Result(**json.loads(said.splitlines()[-1]))
    except (IndexError, TypeError, ValueError) as error:
        raise MeasurementError(f"it did not answer in JSON ({said[-100:]!r})") from error


def _end(child: subprocess.Popen[str]) -> None:
    """End a process that still runs, and what it has started: first asked, then told."""
    if child.poll() is not None:
        return
    _signal(child, signal.SIGTERM)
    try:
        child.communicate(timeout=GRACE_S)
    except subprocess.TimeoutExpired:
        _signal(child, getattr(signal, "SIGKILL", signal.SIGTERM))
        child.communicate()


def _signal(child: subprocess.Popen[str], number: signal.Signals) -> None:
    if not hasattr(os, "killpg"):
        child.kill()
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, number)
