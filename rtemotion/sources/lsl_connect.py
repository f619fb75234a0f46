"""Opening an LSL inlet and pulling from it, with the sender's clock measured before."""

from __future__ import annotations

import ctypes
import logging
import math
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..lsl import load_pylsl
from ..signal import FloatArray
from .lsl_metadata import StreamDescription, describe_stream
from .lsl_network import FoundStream, found
from .rates import measured_rate

logger = logging.getLogger(__name__)

# LSL takes 0.63 s for a first measurement.
_OFFSET_TIMEOUT_S = 2.0
_COLLECT_S = 5.0
_MAX_SAMPLES = 1024
# Where no rate is stated, LSL counts its buffer in hundreds of samples.
_SAMPLES_A_UNIT = 100
_ASSUMED_HZ = 1000.0


@dataclass(frozen=True)
class Opening:
    """How streams are opened.

    Attributes
    ----------
    unit : str or None
        Unit of EEG channels, see `describe_stream`.
    sfreq : float or None
        Sampling rate in Hz, in place of the stated one.
    buffer_s : int
        Seconds of signal kept for us while nobody pulls.
    timeout : float
        Seconds that each question to the sender may take.
    """

    unit: str | None = None
    sfreq: float | None = None
    buffer_s: int = 360
    timeout: float = 5.0


@dataclass(frozen=True, eq=False)
class Batch:
    """What one pull has given.

    Attributes
    ----------
    values : array, shape (n_samples, n_channels)
        The sender's numbers, in its own dtype.
    stamps : array, shape (n_samples,)
        The sender's stamps.
    arrival : float
        Our clock's time at which all of it had arrived, in seconds.
    """

    values: NDArray[Any]
    stamps: FloatArray
    arrival: float


@dataclass(frozen=True, eq=False)
class Connection:
    """An inlet that is open, and what is known about what it delivers.

    Attributes
    ----------
    inlet : pylsl.StreamInlet
        Without processing flags and without liblsl's own recovery.
    described : StreamDescription
        The stream's description.
    xml : str
        The sender's ``<info>`` document as received.
    stream : FoundStream
        What was announced, the uid included.
    offset : dict or None
        The first clock offset; None when the sender did not answer.
    collected : tuple of Batch
        Samples that were received while the sampling rate was measured.
    """

    inlet: Any
    described: StreamDescription
    xml: str
    stream: FoundStream
    offset: dict[str, float] | None = None
    collected: tuple[Batch, ...] = ()


def connect(info: Any, opening: Opening) -> Connection:
    """Open a resolved stream, so that every sample from now on is received.

    Parameters
    ----------
    info : pylsl.StreamInfo
        As resolved.
    opening : Opening
        How to open it.

    Raises
    ------
    SourceError
        If the stream does not answer, is gone, or cannot be decoded.
    """
    pylsl = load_pylsl()
    stream = found(info)
    measure = not (stream.sfreq or opening.sfreq)
    try:
        inlet = pylsl.StreamInlet(info, max_buflen=_buffer(stream.sfreq, opening), recover=False)
        xml = inlet.info(opening.timeout).as_xml()
        # With any rate at all, what else is wrong is found before measuring it.
        described = describe_stream(xml, opening.unit, 1.0 if measure else opening.sfreq)
        # LSL measures in a thread of its own, once asked to: it does so while we go on.
        measured_offset(inlet, 0.0)
        inlet.open_stream(opening.timeout)
        collected = _collect(inlet) if measure else ()
        offset = measured_offset(inlet, _OFFSET_TIMEOUT_S)
    except RuntimeError as problem:  # what every error of pylsl derives from
        raise SourceError(
            f"the stream ({stream}) was announced but cannot be reached: {problem} Check that no "
            "firewall or VPN blocks TCP ports 16572-16604 between the two machines."
        ) from problem
    if offset is None:
        logger.info(
            "stream '%s' does not answer when its clock is measured (is UDP blocked?): until it "
            "does, its time stamps are taken for ours",
            stream.name,
        )
    if measure:
        described = _with_measured_rate(described, collected)
    return Connection(inlet, described, xml, stream, offset, collected)


def pull(inlet: Any, timeout: float, max_samples: int = _MAX_SAMPLES) -> Batch | None:
    """Return what has arrived, waiting at most `timeout` seconds for the first sample.

    Raises
    ------
    RuntimeError
        If the connection is lost, or pylsl fails otherwise.
    """
    values, stamps = inlet.pull_chunk(
        timeout=timeout, max_samples=max_samples, min_samples=1, as_numpy=True
    )
    if len(stamps) == 0:
        return None
    # Copies of the rows received, since consumers keep chunks and pylsl's arrays may
    # be as long as the longest pull.
    received = np.array(values)
    received.flags.writeable = False
    return Batch(received, np.array(stamps), float(load_pylsl().local_clock()))


def measured_offset(inlet: Any, timeout: float) -> dict[str, float] | None:
    """Return the newest measurement of the sender's clock, None if there is none yet.

    Parameters
    ----------
    inlet : pylsl.StreamInlet
        Open or not.
    timeout : float
        Seconds to wait for the first measurement; later ones are at hand.

    Returns
    -------
    dict or None
        ``offset`` (s, to be added to stamps), ``uncertainty`` (s) and ``remote_time``.

    Raises
    ------
    RuntimeError
        If the connection is lost, or pylsl fails otherwise.
    """
    pylsl = load_pylsl()
    remote, uncertainty, error = ctypes.c_double(), ctypes.c_double(), ctypes.c_int()
    function = pylsl.lib.lib.lsl_time_correction_ex
    function.restype = ctypes.c_double
    offset = function(
        inlet.obj,
        ctypes.byref(remote),
        ctypes.byref(uncertainty),
        ctypes.c_double(timeout),
        ctypes.byref(error),
    )
    try:
        pylsl.util.handle_error(error)
    except pylsl.util.TimeoutError:
        return None
    return {
        "offset": float(offset),
        "remote_time": remote.value,
        "uncertainty": uncertainty.value,
    }


def _buffer(stated: float, opening: Opening) -> int:
    if stated:
        return opening.buffer_s
    samples = opening.buffer_s * (opening.sfreq or _ASSUMED_HZ)
    return math.ceil(samples / _SAMPLES_A_UNIT)


def _collect(inlet: Any) -> tuple[Batch, ...]:
    batches: list[Batch] = []
    deadline = time.monotonic() + _COLLECT_S
    while (left := deadline - time.monotonic()) > 0:
        batch = pull(inlet, left)
        if batch is not None:
            batches.append(batch)
    return tuple(batches)


def _with_measured_rate(
    described: StreamDescription, collected: tuple[Batch, ...]
) -> StreamDescription:
    name = described.info.name
    stamps = np.concatenate([np.empty(0), *(batch.stamps for batch in collected)])
    try:
        rate = measured_rate(stamps)
    except SourceError:
        raise SourceError(
            f"stream '{name}' states no sampling rate (irregular) and sent {len(stamps)} samples "
            f"in {_COLLECT_S:g} s, too few to measure it; start the sender's acquisition, or say "
            "which rate it is with --sfreq."
        ) from None
    logger.warning(
        "stream '%s' states no sampling rate; %g Hz was measured from its first %d samples. "
        "If that is wrong, say which it is with --sfreq.",
        name,
        rate,
        len(stamps),
    )
    return replace(described, info=replace(described.info, sfreq=rate))
