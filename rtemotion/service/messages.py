"""The messages between the service and its clients, as bytes or as text.

A message is a mapping with a ``type``. Binary WebSocket frames carry msgpack, text
frames JSON; a client is answered in what it greets with. Arrays travel as ``{"dtype",
"shape", "data"}`` in msgpack, as nested lists with null for NaN in JSON.
docs/protocol.md lists every message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from ..errors import ServiceError
from ..words import without_nan

# Clients of another major version are refused; a newer minor one only adds.
PROTOCOL = (1, 0)
# What a client may say at once; arrays only ever come from the service.
LARGEST = 2**20
TOPICS = ("frames", "signals", "features", "contributions", "networks")
_DTYPES = frozenset({"<f4", "<f8", "<i8", "|u1", "|b1"})

Message = dict[str, Any]


def pack(message: Mapping[str, Any]) -> bytes:
    """Return a message as msgpack."""
    packed: bytes = msgpack.packb(message, default=_to_plain)
    return packed


def unpack(content: bytes) -> Message:
    """Read what `pack` wrote.

    Raises
    ------
    ServiceError
        When it is anything else.
    """
    try:
        message = msgpack.unpackb(content, object_hook=_from_plain, strict_map_key=True)
    except (ValueError, TypeError, msgpack.UnpackException, RecursionError) as problem:
        raise ServiceError(
            f"A message cannot be read as msgpack ({problem or type(problem).__name__}); send one "
            "mapping in a binary frame, or JSON in a text frame."
        ) from problem
    return _message(message)


def to_text(message: Mapping[str, Any]) -> str:
    """Return a message as JSON, arrays as lists and NaN as null."""
    return json.dumps(without_nan(_listed(message)), default=_to_list, ensure_ascii=False)


def from_text(text: str) -> Message:
    """Read a message from JSON.

    Raises
    ------
    ServiceError
        When it is anything else.
    """
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise ServiceError(
            f"A message cannot be read as JSON ({problem}); send one object in a text frame, or "
            "msgpack in a binary frame."
        ) from problem
    return _message(message)


def _message(value: Any) -> Message:
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise ServiceError("A message must be a mapping with a text under 'type'.")
    return value


def _to_plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        rows = np.ascontiguousarray(value)
        return {"dtype": rows.dtype.str, "shape": list(rows.shape), "data": rows.tobytes()}
    return _to_list(value)


def _from_plain(said: dict[Any, Any]) -> Any:
    if said.keys() != {"dtype", "shape", "data"}:
        return said
    if said["dtype"] not in _DTYPES:
        raise ValueError(f"an array of {said['dtype']!r}")
    array: NDArray[Any] = np.frombuffer(said["data"], dtype=said["dtype"])
    return array.reshape(said["shape"])


def _listed(value: Any) -> Any:
    """Return arrays as lists, all the way down, so that NaN in them is found."""
    if isinstance(value, Mapping):
        return {key: _listed(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value


def _to_list(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple | frozenset | set):
        return sorted(value) if not isinstance(value, tuple) else list(value)
    raise TypeError(f"{type(value).__name__} does not travel")
