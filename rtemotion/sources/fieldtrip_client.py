"""One connection to a FieldTrip buffer, over the client that comes with mne-realtime.

mne-realtime's `FieldTripClient` serves MEG: it reads a number out of every channel's
name and fails on those that have none (``ValueError: invalid literal for int() with
base 10: 'Cz'``). The client it stands on, of FieldTrip's own authors, serves anyone,
but takes a connection that was closed for one that is slow and waits for it for ever.
So it is given a connection that says so.
"""

from __future__ import annotations

import socket
import struct
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..signal import FloatArray

# What an answer that is none leaves behind in the client.
_NOT_UNDERSTOOD = (OSError, struct.error, TypeError, ValueError, IndexError)
_RESOLUTIONS = 3
# Formats of XDF, and the next wider one where it has none.
_FORMATS = {
    "int8": "int8",
    "uint8": "int16",
    "int16": "int16",
    "uint16": "int32",
    "int32": "int32",
    "uint32": "int64",
    "int64": "int64",
    "float32": "float32",
}


@dataclass(frozen=True, eq=False)
class BufferHeader:
    """What a buffer says about its data.

    Attributes
    ----------
    labels : tuple of str
        Names of the channels; numbers where it gives none.
    sfreq : float
        Sampling rate in Hz.
    n_samples, n_events : int
        How many were ever written.
    format : str
        LSL's name of the format in which the samples are delivered.
    resolutions : array, shape (n_channels,), or None
        What the amplifier's integers are multiplied by, already done here.
    """

    labels: tuple[str, ...]
    sfreq: float
    n_samples: int
    n_events: int
    format: str
    resolutions: FloatArray | None = None


def load_fieldtrip() -> Any:
    """Import mne-realtime's ``FieldTrip`` module.

    Raises
    ------
    SourceError
        If mne-realtime is not installed or no longer fits MNE.
    """
    try:
        with warnings.catch_warnings():
            # It announces at every import that it is no longer developed.
            warnings.simplefilter("ignore")
            from mne_realtime.externals import FieldTrip
    except (ImportError, AttributeError) as problem:
        raise SourceError(
            f"mne-realtime cannot be imported ({problem}), which FieldTrip buffers are reached "
            'through; install it with: pip install "rtemotion[mne-realtime]"'
        ) from problem
    return FieldTrip


class BufferClient:
    """A connection to a buffer; every call raises `ConnectionError` when it is lost.

    Parameters
    ----------
    host : str
        Machine the buffer runs on.
    port : int
        Its TCP port.
    timeout : float
        Seconds to wait for an answer.
    """

    def __init__(self, host: str, port: int, timeout: float) -> None:
        module = load_fieldtrip()
        try:
            connection = socket.create_connection((host, port), timeout)
        except OSError as problem:
            raise ConnectionError(str(problem)) from problem
        self._number_types = module.numpyType
        self._client = module.Client()
        self._client.sock = _Connection(connection)
        self._client.isConnected = True
        self._format = "double64"
        self._resolutions: FloatArray | None = None

    def header(self) -> BufferHeader | None:
        """Return what the buffer says about its data; None when nothing was written yet."""
        said = self._ask("getHeader")
        if said is None:
            return None
        if not (said.nChannels and said.fSample > 0 and said.dataType < len(self._number_types)):
            raise ConnectionError("the buffer's header has no channels, rate or number format")
        scaled = said.chunks.get(_RESOLUTIONS, b"")
        if len(scaled) == 8 * said.nChannels:
            self._resolutions = np.frombuffer(scaled, dtype=np.float64)
        name = str(np.dtype(self._number_types[said.dataType]))
        self._format = _FORMATS.get(name, "double64")
        if self._resolutions is not None:
            self._format = "double64"
        labels = tuple(said.labels) or tuple(str(i + 1) for i in range(said.nChannels))
        return BufferHeader(
            labels=labels,
            sfreq=float(said.fSample),
            n_samples=int(said.nSamples),
            n_events=int(said.nEvents),
            format=self._format,
            resolutions=self._resolutions,
        )

    def wait(self, n_samples: int, n_events: int, seconds: float) -> tuple[int, int]:
        """Return how many samples and events there are, once there are more than these.

        Or when so many seconds have passed.
        """
        samples, events = self._ask("wait", n_samples, n_events, round(1e3 * seconds))
        return int(samples), int(events)

    def data(self, start: int, stop: int) -> NDArray[Any] | None:
        """Return samples ``start:stop``, one a row; None when the buffer has dropped some."""
        values = self._ask("getData", (start, stop - 1))
        if values is None:
            return None
        if self._resolutions is not None:
            scaled: NDArray[Any] = values.astype(np.float64) * self._resolutions
            return scaled
        dtype = "float64" if self._format == "double64" else self._format
        plain: NDArray[Any] = np.array(values, dtype=dtype)
        return plain

    def events(self, start: int, stop: int) -> list[tuple[int, str]]:
        """Return sample and description of events ``start:stop``; none when dropped."""
        found = self._ask("getEvents", (start, stop - 1))
        return [(int(event.sample), _described(event)) for event in found]

    def close(self) -> None:
        """Disconnect; may be called twice."""
        self._client.disconnect()

    def _ask(self, method: str, *arguments: Any) -> Any:
        try:
            return getattr(self._client, method)(*arguments)
        except _NOT_UNDERSTOOD as problem:
            raise ConnectionError(str(problem) or type(problem).__name__) from problem


class _Connection:
    """A socket that raises when the other side has hung up."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    def send(self, data: bytes) -> int:
        return self._socket.send(data)

    def recv(self, size: int) -> bytes:
        data = self._socket.recv(size)
        if not data:
            raise ConnectionError("the buffer has closed the connection")
        return data

    def close(self) -> None:
        self._socket.close()


def _described(event: Any) -> str:
    return " ".join(part for part in map(_text, (event.type, event.value)) if part)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").rstrip("\0").strip()
    if isinstance(value, np.ndarray):
        return " ".join(f"{number:g}" for number in value.tolist())
    return str(value)
