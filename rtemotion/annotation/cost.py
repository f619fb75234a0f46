"""What asking a language model will take, before it is asked."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from .prompt import Messages

# Characters a token of English; other scripts have about one token a character.
_CHARACTERS_A_TOKEN = 4.0
# What chat formats add to a question, and what an answer takes: eight names and numbers.
_AROUND = 120
_ANSWER = 80


@dataclass(frozen=True)
class Estimate:
    """Requests to come, and about how many tokens they take.

    Attributes
    ----------
    requests, cached : int
        Questions to be asked, and those whose answers are kept already.
    tokens_in, tokens_out : int
        Estimated from the length of the text; repeated requests are not in them.
    """

    requests: int
    cached: int
    tokens_in: int
    tokens_out: int

    def cost(self, price: tuple[float, float]) -> float:
        """Return what they cost at a price per million tokens in and out."""
        return (self.tokens_in * price[0] + self.tokens_out * price[1]) / 1e6


def estimate(questions: Iterable[Messages], cached: int) -> Estimate:
    """Estimate what the questions that are to be asked will take."""
    sizes = [tokens(json.dumps(question, ensure_ascii=False)) for question in questions]
    n = len(sizes)
    return Estimate(n, cached, sum(sizes) + n * _AROUND, n * _ANSWER)


def tokens(text: str) -> int:
    """Return about how many tokens a text is."""
    plain = sum(character.isascii() for character in text)
    return round(plain / _CHARACTERS_A_TOKEN) + len(text) - plain
