"""Puts another card into a model file; its network stays to the bit."""

from __future__ import annotations

from collections.abc import Iterator

from .card import METADATA_KEY, ModelCard

# Numbers of fields in onnx.proto.
_METADATA = 14
_KEY, _VALUE = 1, 2
_LENGTH_DELIMITED = 2


def with_card(content: bytes, card: ModelCard, where: str) -> bytes:
    """Return a model file with another card.

    Parameters
    ----------
    content : bytes
        The file.
    card : ModelCard
        What it is to say of itself.
    where : str
        Where it will lie, for what is said of a card that cannot be.

    Raises
    ------
    ModelError
        When the card could not be read again.
    """
    text = ModelCard.from_json(card.to_json(), where).to_json()
    return _with_metadata(content, METADATA_KEY, text)


def _with_metadata(content: bytes, key: str, value: str) -> bytes:
    """Return an ONNX file with one entry of its metadata set, everything else as it is."""
    kept = bytearray()
    for number, raw, inside in _fields(content):
        if number == _METADATA and (_KEY, key.encode()) in _contents(inside):
            continue
        kept += raw
    entry = _field(_KEY, key.encode()) + _field(_VALUE, value.encode())
    return bytes(kept + _field(_METADATA, entry))


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield number, bytes and content of every field of a protocol buffer."""
    at = 0
    while at < len(message):
        start = at
        tag, at = _varint(message, at)
        wire = tag & 7
        if wire == 0:
            _, stop = _varint(message, at)
        elif wire == _LENGTH_DELIMITED:
            length, at = _varint(message, at)
            stop = at + length
        else:
            stop = at + (8 if wire == 1 else 4)
        yield tag >> 3, message[start:stop], message[at:stop]
        at = stop


def _contents(message: bytes) -> list[tuple[int, bytes]]:
    return [(number, content) for number, _, content in _fields(message)]


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _field(number: int, content: bytes) -> bytes:
    """Return a field of text or bytes."""
    return _as_varint(number << 3 | _LENGTH_DELIMITED) + _as_varint(len(content)) + content


def _as_varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
