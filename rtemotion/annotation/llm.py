"""A language model at an endpoint as an annotator."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..signal import FloatArray
from .answer import NoAnswerError, read_reply
from .cache import Cache, key_of
from .cost import Estimate, estimate
from .emotions import EMOTIONS
from .endpoint import Chat
from .errors import AnnotationError
from .prompt import CONTEXT_WORDS, Messages, messages, order_of, schema
from .segments import Segment

log = logging.getLogger(__name__)

# How often a question is put before its segment counts as unanswered.
ASKS = 3
# With so many unanswered in a row and never an answer, it is no use to go on.
_HOPELESS = 10


@dataclass(frozen=True)
class Unanswered:
    """A segment without scores, and why."""

    index: int
    reason: str


class LlmAnnotator:
    """Asks a language model about one segment after another, with the story so far.

    Parameters
    ----------
    chat : Chat
    cache : Cache
        Where answers are kept; what is there is not asked again.
    number : int
        Which pass it is, from 1 on; passes list the emotions in different orders.
    context_words : int
        Words of the story before a segment that go with it.
    """

    def __init__(
        self, chat: Chat, cache: Cache, number: int = 1, context_words: int = CONTEXT_WORDS
    ) -> None:
        self._chat, self._cache = chat, cache
        self._order = order_of(number)
        self._context_words = context_words
        self.unanswered: list[Unanswered] = []
        self.tokens_in = self.tokens_out = 0
        nothing = Segment("", 0.0, 0.0, "", 0)
        prompt = key_of("", messages([nothing], 0, order_of(1)))[:8]
        self.identity = (
            f"llm {chat.endpoint.model} temperature 0 prompt:{prompt} context {context_words}"
        )

    def scores(self, segments: Sequence[Segment]) -> Iterator[FloatArray]:
        """Yield 0..1 for every emotion, shape (8,); NaN where no valid answer came.

        Raises
        ------
        AnnotationError
            If the endpoint cannot be asked, or none of the first ten segments is answered.
        """
        self.unanswered = []
        for index in range(len(segments)):
            question = self._question(segments, index)
            key = self._key(question)
            found = self._cache.get(key)
            if found is None:
                found, reason = self._ask(question)
                if found is None:
                    self._miss(index, reason)
                else:
                    self._cache.put(key, found)
            yield np.full(len(EMOTIONS), np.nan) if found is None else found

    def estimate(self, segments: Sequence[Segment]) -> Estimate:
        """Return what `scores` will take beyond what is kept."""
        asked = [self._question(segments, index) for index in range(len(segments))]
        to_come = [q for q in asked if self._cache.get(self._key(q)) is None]
        return estimate(to_come, len(asked) - len(to_come))

    def _question(self, segments: Sequence[Segment], index: int) -> Messages:
        return messages(segments, index, self._order, self._context_words)

    def _key(self, question: Messages) -> str:
        return key_of(self._chat.endpoint.model, question)

    def _ask(self, question: Messages) -> tuple[FloatArray | None, str]:
        reason = ""
        for _ in range(ASKS):
            body = self._chat.ask(question, schema(self._order))
            self._count(body)
            try:
                return read_reply(body), ""
            except NoAnswerError as problem:
                reason = str(problem)
                log.info("no answer: %s", reason)
        return None, reason

    def _miss(self, index: int, reason: str) -> None:
        self.unanswered.append(Unanswered(index, reason))
        if len(self.unanswered) == index + 1 == _HOPELESS:
            raise AnnotationError(
                f"none of the first {_HOPELESS} segments was answered (the last: {reason}), "
                f"expected eight numbers from {self._chat.endpoint.model}; try another model."
            )

    def _count(self, body: bytes) -> None:
        """Add the tokens an endpoint says it used, where it says so."""
        try:
            used = json.loads(body)["usage"]
            self.tokens_in += int(used["prompt_tokens"])
            self.tokens_out += int(used["completion_tokens"])
        except (ValueError, LookupError, TypeError):
            pass
