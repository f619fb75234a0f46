"""A model file with another hop, for measuring how fast that runs; not for decoding people.

A hop is part of what a model was trained with, so that another one is another file, which
has to say that nobody has measured how well it does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..decoding import Model
from ..decoding.card import METADATA_KEY, ModelCard
from ..errors import ModelError

# Numbers of fields in onnx.proto.
_METADATA = 14
_KEY, _VALUE = 1, 2
_LENGTH_DELIMITED = 2


def with_hop(model_file: Path, hop_s: float, out: Path) -> Path:
    """Write a copy of a model file whose features come at another hop.

    The network stays to the bit. What was measured at the old hop is left out of the card,
    and the card says where it comes from.

    Parameters
    ----------
    model_file : Path
        The model file.
    hop_s : float
        Seconds between frames.
    out : Path
        File to write.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    ModelError
        If the file is no model, or cannot have this hop.
    """
    model = Model(model_file)
    card = _with_hop(model.card, hop_s, model.identity)
    # What cannot be read again is not written.
    text = ModelCard.from_json(card.to_json(), str(out)).to_json()
    out.write_bytes(_with_metadata(model_file.read_bytes(), METADATA_KEY, text))
    return out


def _with_hop(card: ModelCard, hop_s: float, origin: str) -> ModelCard:
    if not 0.0 < hop_s <= min(band.segment for band in card.features.bands):
        raise ModelError(
            f"A hop of {hop_s:g} s does not go with the segments of {card.name}, expected one "
            "above 0 and no longer than its shortest segment; choose another."
        )
    return replace(
        card,
        name=f"{card.name}-hop-{hop_s:g}",
        description=(
            f"{card.description} This copy has a hop of {hop_s:g} s instead of "
            f"{card.features.hop:g} s; its network, intervals and familiarity are those of the "
            "original, and how well it does at this hop was not measured."
        ),
        features=replace(card.features, hop=hop_s),
        scores={},
        provenance=card.provenance | {"copied_from": origin, "hop_before_s": card.features.hop},
        information_delay_s=None,
    )


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
