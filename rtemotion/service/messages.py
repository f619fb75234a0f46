"""The messages between the service and its clients, as bytes or as text.

A message is a mapping with a ``type``. Binary WebSocket frames carry msgpack, text
frames JSON; a client is answered in what it greets with. Arrays travel as ``{"dtype",
"shape", "data"}`` in msgpack, as nested lists with null for NaN in JSON.
docs/protocol.md lists every message.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from ..errors import ServiceError

# Clients of another major version are refused; a newer minor one only adds.
PROTOCOL = (1, 0)
# What a client may say at once, in bytes; arrays only ever come from the service.
LARGEST = 2**18
_DEEPEST = 32
# Numbers that are made text at once.
_LARGE = 4096
TOPICS = ("frames", "signals", "features", "contributions", "networks")
_DTYPES = frozenset({"<f4", "<f8", "<i8", "|u1", "|b1"})

Message = dict[str, Any]


def pack(message: Mapping[str, Any]) -> bytes:
    """Return a message as msgpack."""
    packed: bytes = msgpack.packb(message, default=_to_plain, unicode_errors="replace")
    return packed


def unpack(content: bytes) -> Message:
    """Read what `pack` wrote.

    Raises
    ------
    ServiceError
        When it is anything else.
    """
    return _unpacked(content, _from_plain)


def _unpacked(content: bytes, hook: Callable[[dict[Any, Any]], Any] | None) -> Message:
    try:
        message = msgpack.unpackb(content, object_hook=hook, strict_map_key=True)
    except (ValueError, TypeError, msgpack.UnpackException, RecursionError) as problem:
        raise ServiceError(
            f"A message cannot be read as msgpack ({problem or type(problem).__name__}); send one "
            "mapping in a binary frame, or JSON in a text frame."
        ) from problem
    return _message(message)


def read_request(content: bytes | str) -> Message:
    """Read what a client says, in either way; arrays are not understood here.

    Raises
    ------
    ServiceError
        When it is no message, or holds anything that JSON and msgpack do not share.
    """
    message = from_text(content) if isinstance(content, str) else _unpacked(content, None)
    _check(message, 0)
    return message


def to_text(message: Mapping[str, Any]) -> str:
    """Return a message as JSON, arrays as lists and what is not finite as null."""
    # In parts: one call would keep every other thread, the engine's too, from working.
    parts = (f"{json.dumps(key)}: {_part(value)}" for key, value in message.items())
    return "{" + ", ".join(parts) + "}"


def _part(value: Any) -> str:
    if not (isinstance(value, np.ndarray) and value.ndim > 1 and value.size > _LARGE):
        return json.dumps(_listed(value), default=_to_list)
    if (row := value[0].size) > _LARGE:
        return "[" + ", ".join(_part(rows) for rows in value) + "]"
    step = max(1, _LARGE // row)
    blocks = (json.dumps(_rows(value[at : at + step])) for at in range(0, len(value), step))
    return "[" + ", ".join(block[1:-1] for block in blocks) + "]"


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


def _check(value: Any, depth: int) -> None:
    """Refuse what could not be handed on to every client, written to a file or counted with."""
    if depth > _DEEPEST:
        raise ServiceError(f"A message is nested more than {_DEEPEST} deep; make it flatter.")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ServiceError(f"A message has the key {key!r:.40}; keys are texts.")
            _check(key, depth)
            _check(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)
    elif isinstance(value, str):
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            raise ServiceError("A message holds half a character (a lone surrogate); send UTF-8.")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ServiceError("A message holds a number that is not finite; leave it out.")
    elif isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise ServiceError("A message holds a whole number of more than 64 bits.")
    elif value is not None:
        raise ServiceError(
            f"A message holds a {type(value).__name__}; expected what JSON holds: mappings, "
            "lists, texts, numbers, true, false and null."
        )


def _to_plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        rows = np.asarray(value, order="C")
        return {"dtype": rows.dtype.str, "shape": list(rows.shape), "data": rows.tobytes()}
    return _to_list(value)


def _from_plain(said: dict[Any, Any]) -> Any:
    # Somebody's payload may have these keys too, but never bytes.
    if said.keys() != {"dtype", "shape", "data"} or not isinstance(said["data"], bytes):
        return said
    if said["dtype"] not in _DTYPES:
        raise ValueError(f"an array of {said['dtype']!r}")
    array: NDArray[Any] = np.frombuffer(said["data"], dtype=said["dtype"])
    return array.reshape(said["shape"])


def _listed(value: Any) -> Any:
    """Return mappings and lists for JSON, all the way down, arrays as lists too."""
    if isinstance(value, Mapping):
        return {key: _listed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_listed(item) for item in value]
    if isinstance(value, np.ndarray):
        return _rows(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _rows(array: NDArray[Any]) -> Any:
    """Return an array as lists; large ones mostly are finite, and need no look at each value."""
    if array.dtype.kind == "f" and not (finite := np.isfinite(array)).all():
        listed = array.astype(object)
        listed[~finite] = None
        return listed.tolist()
    return array.tolist()


def _to_list(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple | frozenset | set):
        return sorted(value) if not isinstance(value, tuple) else list(value)
    raise TypeError(f"{type(value).__name__} does not travel")
