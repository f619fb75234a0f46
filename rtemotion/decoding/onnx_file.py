"""What may not be in a model file: tensors kept elsewhere, operators that are not ONNX's own.

onnxruntime would follow a path out of the file, or ask for a library of operators. Telling
beforehand needs no more of the format than the field numbers of onnx.proto, and the wire
format of protocol buffers, of which this reads the part that ONNX uses.
"""

from __future__ import annotations

from collections.abc import Iterator

# Where messages lie in one another: message, field, message inside.
_INSIDE = {
    ("model", 7): "graph",
    ("model", 25): "function",
    ("graph", 1): "node",
    ("graph", 5): "tensor",
    ("graph", 15): "sparse",
    ("function", 7): "node",
    ("function", 11): "attribute",
    ("node", 5): "attribute",
    ("attribute", 5): "tensor",
    ("attribute", 6): "graph",
    ("attribute", 10): "tensor",
    ("attribute", 11): "graph",
    ("attribute", 22): "sparse",
    ("attribute", 23): "sparse",
    ("sparse", 1): "tensor",
    ("sparse", 2): "tensor",
}
_DOMAIN = {("node", 7), ("function", 10)}
_EXTERNAL_DATA, _DATA_LOCATION = ("tensor", 13), ("tensor", 14)
_DEEPEST = 64


def forbidden(content: bytes) -> str:
    """Say what a model file holds that is not run; nothing if all is well.

    Parameters
    ----------
    content : bytes
        The file. One that is no protocol buffer has nothing forbidden: onnxruntime says
        what it is.
    """
    try:
        return next(_forbidden(memoryview(content), "model", 0), "")
    except _NotProtobufError:
        return ""


class _NotProtobufError(Exception):
    """These bytes are no message."""


def _forbidden(message: memoryview, kind: str, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        raise _NotProtobufError
    for number, value in _fields(message):
        field = (kind, number)
        if field == _EXTERNAL_DATA or (field == _DATA_LOCATION and value == 1):
            yield "it keeps numbers in another file beside it"
        elif field in _DOMAIN and isinstance(value, memoryview):
            domain = bytes(value).decode(errors="replace")
            if domain not in ("", "ai.onnx") and not domain.startswith("ai.onnx."):
                yield f"it asks for operators of '{domain}', which are not ONNX's own"
        elif field in _INSIDE and isinstance(value, memoryview):
            yield from _forbidden(value, _INSIDE[field], depth + 1)


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield number and value of the fields of a message; numbers of fixed width are bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire == 2:
            length, at = _varint(message, at)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise _NotProtobufError
        if at + length > len(message):
            raise _NotProtobufError
        yield number, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            break
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise _NotProtobufError
