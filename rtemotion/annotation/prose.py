"""Words and sentences of running text."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Where no spaces are written every character is a word, with the marks that follow it.
_UNSPACED = r"\u3040-\u30ff\u3400-\u9fff"
_TOKEN = re.compile(rf"[{_UNSPACED}][\u3000-\u303f\uff00-\uffef]*|[^\s{_UNSPACED}]+")
_END = re.compile(r"(?:[.!?…]+[\"'”’»)\]*_]*|[。！？]+[」』”’）]*)$")
_OPENERS = "\"'“‘«([_*—–-「『（"
_INITIAL = re.compile(r"^[^\W\d_]\.$")
_ABBREVIATION = re.compile(
    r"^(?:mr|mrs|ms|dr|st|prof|sr|jr|vs|e\.g|i\.e|cf|vol|capt|col|gen|lt|rev|hon|messrs|mt)\.$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Token:
    """A word as written, what separates it from the next, and whether a sentence ends there."""

    text: str
    space: str
    ends_sentence: bool


def split_words(text: str) -> list[Token]:
    """Return the words of a text; a blank line ends a sentence, as its end does."""
    found = list(_TOKEN.finditer(text))
    tokens = []
    for i, match in enumerate(found):
        following = found[i + 1] if i + 1 < len(found) else None
        between = text[match.end() : following.start()] if following else ""
        ends = (
            following is None
            or between.count("\n") > 1
            or ends_sentence(match.group(), following.group())
        )
        space = " " if between or following is None else ""
        tokens.append(Token(match.group(), space, ends))
    return tokens


def ends_sentence(word: str, following: str | None) -> bool:
    """Whether a sentence ends with a word, judged by its marks and by how the next begins."""
    if not _END.search(word):
        return False
    if following is None or word.endswith(tuple("。！？」』）")):
        return True
    inner = word.lstrip(_OPENERS)
    if _ABBREVIATION.match(inner) or _INITIAL.match(inner):
        return False
    return not following.lstrip(_OPENERS)[:1].islower()


def bare(word: str) -> str:
    """Return a word without case and marks, to compare by."""
    return "".join(c for c in word.casefold() if c.isalnum())
