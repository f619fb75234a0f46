"""Simulated EEG, and the true emotions beside it, on the Lab Streaming Layer."""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Any

import numpy as np

from ..errors import SetupError
from ..lsl import load_pylsl
from ..signal import FloatArray, StreamInfo
from .brain import Brain
from .codes import EMOTIONS
from .faults import Faults, Sent, Transmission
from .truth import TRUTH_TYPE, truth_hop


@dataclass(frozen=True)
class Progress:
    """How far a broadcast has come.

    Attributes
    ----------
    samples : int
        EEG samples sent.
    seconds : float
        The same in seconds of signal.
    truth : tuple of float
        The eight emotions at the newest sample.
    listening : bool
        True while somebody receives the EEG.
    """

    samples: int
    seconds: float
    truth: tuple[float, ...]
    listening: bool


def broadcast(
    brain: Brain,
    seconds: float | None = None,
    chunk_s: float = 0.02,
    name: str | None = None,
    source_id: str | None = None,
    stop: Event | None = None,
    progress: Callable[[Progress], None] | None = None,
    faults: Faults | None = None,
) -> int:
    """Publish a brain on LSL in real time until told to stop.

    The EEG stream (type ``EEG``, float32 microvolts) names unit, type and location
    (millimetres, head frame) of every channel, and says ``simulated`` = ``true`` in its
    description. A second stream, ``<name>-truth`` of type ``EmotionTruth``, carries the
    eight emotions about four times a second under the stamps of the EEG samples they
    belong to. Sample k is stamped first stamp + k/sfreq, faults aside, every one
    explicitly: a single stamp a chunk would be that of its last sample, and receivers
    would derive the others by adding up. While `faults` keep the stream away, both
    outlets are closed, and return under the same identity.

    Parameters
    ----------
    brain : Brain
        What to publish; its next sample is the first.
    seconds : float, optional
        How long; without end by default.
    chunk_s : float
        Length of a chunk in seconds, at least one sample.
    name, source_id : str, optional
        Identity on the network; the brain's own by default.
    stop : threading.Event, optional
        Set it to end cleanly. So does Ctrl-C, which is not passed on.
    progress : callable, optional
        Called with a `Progress` about four times a second.
    faults : Faults, optional
        What goes wrong on the way; nothing by default.

    Returns
    -------
    int
        Number of EEG samples gone through, lost ones included.

    Raises
    ------
    SetupError
        When `chunk_s` or `seconds` make no sense.
    OutletError
        When the LSL library cannot be loaded.
    """
    if not (chunk_s > 0 and math.isfinite(chunk_s)) or (seconds is not None and not seconds >= 0):
        raise SetupError(
            f"a broadcast needs a positive chunk and no negative length, got {chunk_s} s "
            f"and {seconds} s"
        )
    sender = _Sender(
        brain, name or brain.info.name, source_id or _source_id(brain), faults or Faults()
    )
    total = math.inf if seconds is None else round(seconds * brain.info.sfreq)
    chunk = max(1, round(chunk_s * brain.info.sfreq))
    try:
        while sender.sent < total and not (stop is not None and stop.is_set()):
            told = sender.send(int(min(chunk, total - sender.sent)))
            if told is not None and progress is not None:
                progress(told)
    except KeyboardInterrupt:
        pass
    return sender.sent


class _Sender:
    """Two outlets and the clock they share."""

    def __init__(self, brain: Brain, name: str, source_id: str, faults: Faults) -> None:
        self._pylsl = load_pylsl()
        self._brain = brain
        self._rate = brain.info.sfreq
        self._hop = truth_hop(self._rate)
        self._name, self._source_id = name, source_id
        self._eeg: Any = None
        self._truth: Any = None
        self._connect(True)
        first = float(self._pylsl.local_clock())
        self._sending = Transmission(faults, self._rate, brain.seeds, first)
        self.sent = 0

    def send(self, n: int) -> Progress | None:
        """Send `n` samples once the last of them is due; tell when truth went out."""
        due = self._sending.true_time(self.sent + n)
        chunk, truth = self._brain.read(n)
        way = self._sending.send(n)
        time.sleep(max(0.0, due - float(self._pylsl.local_clock())))
        self._connect(bool(way.connected.any()))
        if way.arrives.any():
            samples = np.ascontiguousarray(chunk.data[way.arrives] * 1e6, dtype=np.float32)
            self._eeg.push_chunk(samples, way.stamps[way.arrives].tolist())
        rows = np.flatnonzero((np.arange(self.sent, self.sent + n) % self._hop) == 0)
        self.sent += n
        return self._send_truth(rows, way, truth)

    def _connect(self, there: bool) -> None:
        """Have both outlets, or neither."""
        if there == (self._eeg is not None):
            return
        self._eeg = self._truth = None
        if there:
            name, source_id = self._name, self._source_id
            eeg = eeg_stream_info(self._brain.info, name, source_id)
            rate = self._rate / self._hop
            truth = truth_stream_info(rate, f"{name}-truth", f"{source_id}-truth")
            self._eeg = self._pylsl.StreamOutlet(eeg)
            self._truth = self._pylsl.StreamOutlet(truth)

    def _send_truth(
        self, rows: np.ndarray[Any, np.dtype[np.int64]], way: Sent, truth: FloatArray
    ) -> Progress | None:
        for row in rows[way.connected[rows]]:
            self._truth.push_sample(truth[row].tolist(), float(way.stamps[row]))
        if len(rows) == 0:
            return None
        return Progress(
            self.sent,
            self.sent / self._rate,
            tuple(truth[-1].tolist()),
            self._eeg is not None and bool(self._eeg.have_consumers()),
        )


def _source_id(brain: Brain) -> str:
    """Return an identity that another machine's simulation does not have."""
    return f"{brain.info.source_id}-{platform.node()}"


def eeg_stream_info(info: StreamInfo, name: str, source_id: str) -> Any:
    """Describe simulated EEG to LSL, as a `pylsl.StreamInfo`."""
    pylsl = load_pylsl()
    stream = pylsl.StreamInfo(name, "EEG", info.n_channels, info.sfreq, "float32", source_id)
    desc = stream.desc()
    desc.append_child_value("manufacturer", "rtemotion")
    desc.append_child_value("simulated", "true")
    desc.append_child("reference").append_child_value("label", info.reference)
    channels = desc.append_child("channels")
    for label, kind, position in zip(info.channels, info.kinds, info.positions, strict=True):
        channel = channels.append_child("channel")
        channel.append_child_value("label", label)
        channel.append_child_value("unit", "microvolts")
        channel.append_child_value("type", kind.upper())
        if not np.isfinite(position).all():
            continue
        location = channel.append_child("location")
        for axis, metres in zip("XYZ", position, strict=True):
            location.append_child_value(axis, f"{1000 * metres:.6f}")
    return stream


def truth_stream_info(rate: float, name: str, source_id: str) -> Any:
    """Describe the true emotions to LSL, as a `pylsl.StreamInfo`."""
    pylsl = load_pylsl()
    stream = pylsl.StreamInfo(name, TRUTH_TYPE, len(EMOTIONS), rate, "float32", source_id)
    desc = stream.desc()
    desc.append_child_value("manufacturer", "rtemotion")
    desc.append_child_value("simulated", "true")
    channels = desc.append_child("channels")
    for label in EMOTIONS:
        channel = channels.append_child("channel")
        channel.append_child_value("label", label)
        channel.append_child_value("unit", "normalized")
        channel.append_child_value("type", TRUTH_TYPE)
    return stream
