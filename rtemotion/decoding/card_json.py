"""A model card to JSON and back: every field is there, and what is not understood is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from ..errors import ModelError

SCHEMA_VERSION = "2.1"
_MAJOR, _MINOR = 2, 1
# Fields of the card that a minor version added, and what older files have in their place.
_ADDED: dict[str, tuple[int, Any]] = {"tied": (1, None)}

Card = TypeVar("Card")


def write_card(card: Any, where: str) -> str:
    """Return a card as JSON.

    Raises
    ------
    ModelError
        When a number in it is not finite.
    """
    inner = asdict(card)
    _require_finite(inner, where)
    return json.dumps({"schema_version": SCHEMA_VERSION, "card": inner}, allow_nan=False)


def read_card(kind: type[Card], text: str, where: str) -> Card:
    """Return the card in a text, without judging whether its parts fit.

    Nothing is filled in: a field that the text lacks is an error, unless the text is older
    than the field. One that is not known is an error too, unless the text is of a newer
    minor version, which may have added it.

    Raises
    ------
    ModelError
        When the text is damaged, of another major version, or a field is absent,
        unknown, not finite or of the wrong type.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        outer = json.loads(text)
        inner = outer["card"]
        version = str(outer["schema_version"] if "schema_version" in outer else outer["format"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(
            f"The description inside {where} is damaged ({error}); get the file again."
        ) from error
    minor = _minor_of(version, where)
    newer = minor > _MINOR
    if isinstance(inner, dict):
        inner = {name: was for name, (since, was) in _ADDED.items() if minor < since} | inner
    _require_finite(inner, where)
    absent, unknown = _fields_amiss(kind, inner)
    if absent:
        raise ModelError(
            f"The description inside {where} lacks the field '{absent[0]}'; export the model "
            "again."
        )
    if unknown and not newer:
        raise ModelError(
            f"The description inside {where} has a field '{unknown[0]}' that format "
            f"{SCHEMA_VERSION} does not know; export the model again."
        )
    try:
        return TypeAdapter(kind).validate_json(json.dumps(inner), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "card"
        raise ModelError(
            f"The description inside {where} does not fit: {name}: {first['msg']}."
        ) from error


def _minor_of(version: str, where: str) -> int:
    major, _, minor = version.partition(".")
    if not (major.isdecimal() and (minor or "0").isdecimal()):
        raise ModelError(
            f"The description inside {where} is damaged ('{version}' is no format version); get "
            "the file again."
        )
    if int(major) < _MAJOR:
        raise ModelError(
            f"{where} is in model format {version}, which is no longer read (now it is "
            f"{SCHEMA_VERSION}); export the model again."
        )
    if int(major) > _MAJOR:
        raise ModelError(
            f"{where} is in model format {version}, which is newer than this version reads "
            f"({SCHEMA_VERSION}); install a newer rtemotion."
        )
    return int(minor or 0)


def _require_finite(value: Any, where: str) -> None:
    if (path := next(_not_finite(value), None)) is not None:
        raise ModelError(
            f"The description of {where} holds a number that is not finite, in '{path}'; export "
            "the model again with numbers there."
        )


def _not_finite(value: Any, path: str = "") -> Iterator[str]:
    """Yield where numbers are NaN or infinite."""
    if isinstance(value, float) and not math.isfinite(value):
        yield path
    parts: Any = ()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list | tuple):
        parts = enumerate(value)
    for key, part in parts:
        yield from _not_finite(part, f"{path}.{key}" if path else str(key))


def _fields_amiss(kind: Any, value: Any, path: str = "") -> tuple[list[str], list[str]]:
    """Return the fields of nested dataclasses that are absent from JSON, and those unknown."""
    absent: list[str] = []
    unknown: list[str] = []
    for part_kind, part, name in _parts(kind, value, path):
        if part is _ABSENT:
            absent.append(name)
        elif part_kind is None:
            unknown.append(name)
        else:
            more_absent, more_unknown = _fields_amiss(part_kind, part, name + ".")
            absent += more_absent
            unknown += more_unknown
    return absent, unknown


_ABSENT = object()


def _parts(kind: Any, value: Any, path: str) -> Iterator[tuple[Any, Any, str]]:
    """Yield type, value and name of what a value consists of; no type where it is unknown."""
    if is_dataclass(kind) and isinstance(value, dict):
        hints = get_type_hints(kind)
        for name, hint in hints.items():
            yield hint, value.get(name, _ABSENT), path + name
        for name in value.keys() - hints.keys():
            yield None, value[name], path + name
    elif get_origin(kind) is tuple and isinstance(value, list):
        for i, part in enumerate(value):
            yield get_args(kind)[0], part, f"{path}{i}"
    else:
        # Of the alternatives of a union, at most one is a dataclass.
        for alternative in filter(is_dataclass, get_args(kind)):
            yield from _parts(alternative, value, path)
