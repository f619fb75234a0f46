"""A small English word list as an annotator: offline, simple, and blind to most of a story."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib import resources

import numpy as np

from ..signal import FloatArray
from .emotions import EMOTIONS
from .segments import Segment

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|[.,;:!?…]")
_NEGATIONS = frozenset(
    [
        "not",
        "no",
        "never",
        "none",
        "nobody",
        "nothing",
        "neither",
        "nor",
        "without",
        "hardly",
        "scarcely",
        "barely",
        "cannot",
    ]
)
# What a degree word just before multiplies a weight by.
_DEGREES: Mapping[str, float] = {
    **dict.fromkeys(
        ["very", "so", "really", "extremely", "terribly", "awfully", "most", "utterly"], 1.3
    ),
    **dict.fromkeys(
        ["completely", "absolutely", "deeply", "quite", "too", "such", "dreadfully"], 1.2
    ),
    **dict.fromkeys(["slightly", "somewhat", "little", "bit", "barely", "partly", "mildly"], 0.6),
    **dict.fromkeys(["rather", "fairly", "almost", "nearly"], 0.8),
}
# How many words a negation reaches, within its clause.
_REACH = 3
_STRONGEST = 0.99


class LexiconAnnotator:
    """Scores a segment by the emotion words in it.

    A score is 1 − ∏(1 − w) over the emotion words of the segment, w being a word's weight for
    the emotion times that of a degree word before it: 0 without such a word, and nearer to 1
    with each. A word within three words after a negation, in the same clause, counts nothing.

    The list knows some hundreds of English words and their regular inflections. It sees
    neither context, irony, metaphor nor who feels what.
    """

    def __init__(self) -> None:
        self._weights, digest = _load()
        self.identity = f"lexicon of {len(self._weights)} English words sha256:{digest[:12]}"

    def scores(self, segments: Sequence[Segment]) -> Iterator[FloatArray]:
        """Yield 0..1 for every emotion, shape (8,), one segment after another."""
        for segment in segments:
            yield self.score(segment.text)

    def score(self, text: str) -> FloatArray:
        """Return 0..1 for every emotion of one text, shape (8,)."""
        absent = np.ones(len(EMOTIONS))
        words = [match.group().lower().replace("’", "'") for match in _WORD.finditer(text)]
        since_negation = _REACH + 1
        degree = 1.0
        for word in words:
            if not word[0].isalpha():
                since_negation, degree = _REACH + 1, 1.0
                continue
            if word in _NEGATIONS or word.endswith("n't"):
                since_negation, degree = 0, 1.0
                continue
            since_negation += 1
            weights = self._weight(word)
            if weights is not None and since_negation > _REACH:
                absent *= 1.0 - np.minimum(weights * degree, _STRONGEST)
            degree = _DEGREES.get(word, 1.0)
        return 1.0 - absent

    def _weight(self, word: str) -> FloatArray | None:
        return next((self._weights[f] for f in _forms(word) if f in self._weights), None)


def _forms(word: str) -> Iterator[str]:
    """Yield a word and what it may be an inflection of, the likeliest first."""
    yield word
    word = word.removesuffix("'s")
    yield word
    for ending, stems in _INFLECTIONS:
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            stem = word.removesuffix(ending)
            yield from (stem + more for more in stems)
            # "stopped" is of "stop".
            if stem[-1] == stem[-2] and "" in stems and len(ending) > 1:
                yield stem[:-1]


_INFLECTIONS: Sequence[tuple[str, tuple[str, ...]]] = (
    ("iest", ("y",)),
    ("ness", ("", "y")),
    ("ied", ("y",)),
    ("ies", ("y",)),
    ("ily", ("y",)),
    ("ier", ("y",)),
    ("ing", ("", "e")),
    ("est", ("", "e")),
    ("ed", ("", "e")),
    ("es", ("", "e")),
    ("er", ("", "e")),
    ("ly", ("", "le")),
    ("s", ("",)),
)


@lru_cache(maxsize=1)
def _load() -> tuple[Mapping[str, FloatArray], str]:
    """Return every word's weights, shape (8,), and the digest of the list."""
    text = resources.files(__package__).joinpath("lexicon.txt").read_text(encoding="utf-8")
    weights: dict[str, FloatArray] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            what, words = line.split(":")
            emotion, weight = what.split()
            for word in words.split():
                row = weights.setdefault(word, np.zeros(len(EMOTIONS)))
                row[EMOTIONS.index(emotion)] = float(weight)
    return weights, hashlib.sha256(text.encode()).hexdigest()
