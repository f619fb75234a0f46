"""Reading a language model's answer: eight numbers from 0 to 1, or nothing."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import numpy as np

from ..signal import FloatArray
from .emotions import EMOTIONS

_FENCE = re.compile(r"^```(?:json)?\s*\n(.*)\n```$", re.DOTALL)


class NoAnswerError(Exception):
    """What came back is no answer to the question; the message says why."""


def read_reply(body: bytes) -> FloatArray:
    """Return the scores in a chat completion, shape (8,).

    Raises
    ------
    NoAnswerError
        If the model refused, was cut off, or answered outside the schema.
    """
    try:
        choice = json.loads(body)["choices"][0]
        message = choice["message"]
        refusal, content = message.get("refusal"), message.get("content")
        finish = choice.get("finish_reason")
    except (ValueError, LookupError, TypeError, AttributeError) as problem:
        raise NoAnswerError("what came back is no chat completion") from problem
    if refusal or finish == "content_filter":
        raise NoAnswerError("the model refused")
    if finish == "length":
        raise NoAnswerError("the answer was cut off")
    if not isinstance(content, str):
        raise NoAnswerError("the answer holds no text")
    return read_scores(content)


def read_scores(content: str) -> FloatArray:
    """Return the scores in a JSON object, shape (8,).

    Raises
    ------
    NoAnswerError
        If it is not exactly the eight emotions with a number from 0 to 1 each.
    """
    text = content.strip()
    if fenced := _FENCE.match(text):
        text = fenced.group(1)
    try:
        found = json.loads(text, object_pairs_hook=_pairs, parse_constant=_no_constant)
    except (ValueError, RecursionError) as problem:
        raise NoAnswerError("the answer is not JSON") from problem
    if not isinstance(found, dict) or sorted(found) != sorted(EMOTIONS):
        raise NoAnswerError("the answer does not hold exactly the eight emotions")
    if not all(_is_score(value) for value in found.values()):
        raise NoAnswerError("the answer holds something other than numbers from 0 to 1")
    return np.array([found[emotion] for emotion in EMOTIONS], dtype=np.float64)


def _is_score(value: Any) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and 0.0 <= value <= 1.0
    )


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
