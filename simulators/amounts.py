"""How much of what: frozen dataclasses of amounts that can be given as text.

A field's metadata name its key and its unit; ``blinks=12,drift=30`` sets two of them.
"""

from __future__ import annotations

from dataclasses import field, fields, replace
from typing import Any, TypeVar

import numpy as np

from ..errors import SetupError

T = TypeVar("T")


def amount(default: float, key: str, unit: str, most: float = np.inf) -> Any:
    """Return a dataclass field from 0 to `most`, called `key` in text."""
    return field(default=default, metadata={"key": key, "unit": unit, "most": most})


def check_amounts(amounts: Any, what: str) -> None:
    """Refuse what is below 0, above its limit, or no number.

    Raises
    ------
    SetupError
        With the key, the value and the range.
    """
    for each in fields(amounts):
        value, most = getattr(amounts, each.name), each.metadata["most"]
        if not (0 <= value <= most and value < np.inf):
            upto = "on" if most == np.inf else f"to {most:g}"
            raise SetupError(
                f"{what} '{each.metadata['key']}' is {value}, expected a number "
                f"({each.metadata['unit']}) from 0 {upto}"
            )


def with_amounts(base: T, text: str, what: str) -> T:
    """Return `base` with the amounts in ``KEY=VALUE,KEY=VALUE``.

    Raises
    ------
    SetupError
        When a key is unknown, a value is no number, or an amount is out of range.
    """
    names = {each.metadata["key"]: each.name for each in fields(base)}  # type: ignore[arg-type]
    values: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, _, number = (piece.strip() for piece in part.partition("="))
        try:
            values[names[key]] = float(number)
        except (KeyError, ValueError):
            raise SetupError(
                f"{what} '{part}' is not understood, expected KEY=NUMBER with a key of "
                f"{describe_amounts(base)}"
            ) from None
    changed: T = replace(base, **values)  # type: ignore[type-var]
    return changed


def describe_amounts(amounts: Any) -> str:
    """Return every key with its unit, for help and messages."""
    return ", ".join(f"{e.metadata['key']} ({e.metadata['unit']})" for e in fields(amounts))
