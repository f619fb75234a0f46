"""Cutting a transcript into segments of some seconds that end where sentences do."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from .errors import AnnotationError
from .transcript import Transcript, Word

SECONDS = 8.0
# Times the wished length from which a sentence counts as long.
LONG = 1.5
_CLAUSE = (",", ";", ":", "—", "–", ")", ",'", ',"', "，", "、", "；")


@dataclass(frozen=True)
class Segment:
    """A piece of a story that is scored as one.

    Attributes
    ----------
    marker : str
        The piece of sound it is in; its times count from there.
    start, end : float
        Onset of its first word and offset of its last, s.
    text : str
        What is said.
    n_words : int
        How many words.
    """

    marker: str
    start: float
    end: float
    text: str
    n_words: int


def cut(
    transcript: Transcript, seconds: float = SECONDS, within_sentences: bool = False
) -> tuple[Segment, ...]:
    """Cut a transcript; every word is in one segment, in order.

    Sentences are put together for as long as that brings a segment nearer to the wished
    length; a segment never goes on in another piece of sound.

    Parameters
    ----------
    transcript : Transcript
    seconds : float
        Wished length.
    within_sentences : bool
        Cut sentences of more than 1.5 times the wished length at clauses or pauses. A
        transcript that shows no sentence is cut so in any case.

    Raises
    ------
    AnnotationError
        If the length is not above 0 or there is no word.
    """
    if not (math.isfinite(seconds) and seconds > 0.0):
        raise AnnotationError(f"segments of {seconds:g} s cannot be cut, expected more than 0 s.")
    if not transcript.words:
        raise AnnotationError("the transcript holds no word, expected a text to annotate.")
    within = within_sentences or not transcript.knows_sentences
    segments: list[Segment] = []
    for _, block in groupby(transcript.words, key=lambda word: word.block):
        pieces = [
            piece
            for sentence in _sentences(block)
            for piece in (_parts(sentence, seconds) if within else [sentence])
        ]
        segments += [_segment(words) for words in _put_together(pieces, seconds)]
    return tuple(segments)


def _sentences(words: Iterable[Word]) -> list[list[Word]]:
    sentences: list[list[Word]] = [[]]
    for word in words:
        if sentences[-1] and sentences[-1][-1].ends_sentence:
            sentences.append([])
        sentences[-1].append(word)
    return sentences


def _length(words: Sequence[Word]) -> float:
    return words[-1].offset - words[0].onset


def _put_together(pieces: Sequence[list[Word]], seconds: float) -> list[list[Word]]:
    together: list[list[Word]] = []
    for piece in pieces:
        if together:
            longer = [*together[-1], *piece]
            if abs(_length(longer) - seconds) <= abs(_length(together[-1]) - seconds):
                together[-1] = longer
                continue
        together.append(list(piece))
    # What is left over at the end is too short to be judged alone.
    if len(together) > 1 and _length(together[-1]) < seconds / 3.0:
        together[-2:] = [together[-2] + together[-1]]
    return together


def _parts(sentence: list[Word], seconds: float) -> list[list[Word]]:
    """Cut a long sentence near equal parts: after a clause, else at the longest pause."""
    length = _length(sentence)
    if length <= LONG * seconds or len(sentence) < 2:
        return [sentence]
    n_parts = min(max(2, round(length / seconds)), len(sentence))
    parts, first = [], 0
    for k in range(1, n_parts):
        wished = sentence[0].onset + k * length / n_parts
        # At least one word stays for each part to come.
        last = range(first, len(sentence) - (n_parts - k))
        best = min(last, key=lambda i: _reluctance(sentence, i, wished, seconds))
        parts.append(sentence[first : best + 1])
        first = best + 1
    return [*parts, sentence[first:]]


def _reluctance(
    sentence: list[Word], i: int, wished: float, seconds: float
) -> tuple[bool, bool, float, float]:
    """Order the places to cut after a word, the best first."""
    away = abs(sentence[i].offset - wished)
    far = away > seconds / 4.0
    if far:
        return (True, True, away, 0.0)
    pause = sentence[i + 1].onset - sentence[i].offset
    return (False, not sentence[i].text.endswith(_CLAUSE), -pause, away)


def _segment(words: Sequence[Word]) -> Segment:
    text = "".join(word.text + word.space for word in words).strip()
    return Segment(words[0].block, words[0].onset, words[-1].offset, text, len(words))
