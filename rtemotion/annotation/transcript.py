"""A transcript: words in order with their times, from a text, a table or subtitles."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Literal

from .errors import AnnotationError
from .prose import Token, bare, split_words

Timing = Literal["measured", "interpolated", "estimated"]

# Words a minute of a story read aloud.
WORDS_A_MINUTE = 170.0
# Aligners round: words may overlap by so many seconds.
OVERLAP_S = 0.01
# Below this share of common words a text is not what was spoken.
_COMMON = 0.8
_BOOK = 5000
_TIMED = (".csv", ".tsv", ".srt", ".vtt")


@dataclass(frozen=True)
class Word:
    """One spoken word.

    Attributes
    ----------
    text : str
        As written, with its punctuation.
    onset, offset : float
        Seconds since the start of its block.
    block : str
        The piece of sound it is in, ``""`` where there is only one; times start anew in each.
    ends_sentence : bool
        Whether a sentence ends with it.
    space : str
        What separates it from the next word: a space or nothing.
    """

    text: str
    onset: float
    offset: float
    block: str = ""
    ends_sentence: bool = False
    space: str = " "


@dataclass(frozen=True)
class Transcript:
    """Words in the order they are spoken.

    Attributes
    ----------
    words : tuple of Word
    timing : str
        ``"measured"``; ``"interpolated"`` within subtitles; ``"estimated"`` from a reading rate.
    notes : tuple of str
        What its reader should be told.
    """

    words: tuple[Word, ...]
    timing: Timing
    notes: tuple[str, ...] = ()

    @property
    def knows_sentences(self) -> bool:
        """Whether any sentence ends before its block does."""
        pairs = zip(self.words, self.words[1:], strict=False)
        return any(a.ends_sentence and a.block == b.block for a, b in pairs)


def read_transcript(
    path: Path, times: Path | None = None, words_a_minute: float = WORDS_A_MINUTE
) -> Transcript:
    """Read what was spoken, and when.

    Parameters
    ----------
    path : Path
        A text; or a table of words or subtitles, which carry their own times.
    times : Path or None
        Times of the words of a text: a table (.csv, .tsv) or subtitles (.srt, .vtt).
    words_a_minute : float
        Reading rate from which times are estimated where there are none.

    Raises
    ------
    AnnotationError
        If a file cannot be read, is empty, lacks columns, has times that run backwards or
        overlap, or if the text and the timed words are not the same story.
    """
    if path.suffix.lower() in _TIMED:
        if times is not None:
            raise AnnotationError(
                f"{path} has times of its own, expected a text beside {times}; leave one out."
            )
        return _read_timed(path)
    text = read_text(path)
    if times is None:
        return estimated(split_words(text), words_a_minute)
    return with_text(_read_timed(times), split_words(text), f"{path} and {times}")


def read_text(path: Path) -> str:
    """Return a file's text.

    Raises
    ------
    AnnotationError
        If it cannot be read, is not UTF-8, or holds no word.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise AnnotationError(
            f"{path} is not UTF-8 text (byte {problem.start}), expected a plain text file, a "
            "table (.csv, .tsv) or subtitles (.srt, .vtt); save it as UTF-8."
        ) from problem
    except OSError as problem:
        raise AnnotationError(
            f"{path} cannot be read ({problem.strerror}), expected a text file; check its name."
        ) from problem
    if not any(character.isalnum() for character in text):
        raise AnnotationError(f"{path} holds no word, expected a text to annotate; check it.")
    return text


def estimated(tokens: Iterable[Token], words_a_minute: float = WORDS_A_MINUTE) -> Transcript:
    """Give words times as if they were read at an even rate."""
    step = 60.0 / words_a_minute
    words = tuple(
        Word(token.text, i * step, (i + 1) * step, "", token.ends_sentence, token.space)
        for i, token in enumerate(tokens)
    )
    note = (
        f"times are estimated from {words_a_minute:g} words a minute; give measured ones with "
        "--words"
    )
    return Transcript(words, "estimated", (note,))


def check_times(words: Iterable[tuple[int, Word]], path: Path) -> None:
    """Refuse times that cannot be, naming the line.

    Raises
    ------
    AnnotationError
        If a time is missing or negative, a word ends before it begins, times run backwards,
        words overlap by more than 10 ms, or a block is taken up again.
    """
    before: Word | None = None
    blocks: set[str] = set()
    for line, word in words:
        if problem := _problem(before, word, blocks):
            raise AnnotationError(f"{path}, line {line}: '{word.text}' {problem}.")
        blocks.add(word.block)
        before = word


def _problem(before: Word | None, word: Word, blocks: set[str]) -> str:
    times = f"{word.onset:g} to {word.offset:g} s"
    if not (math.isfinite(word.onset) and math.isfinite(word.offset)) or word.onset < 0.0:
        return f"lasts from {times}, expected numbers from 0 on; correct the line"
    if word.offset < word.onset:
        return f"ends before it begins ({times}), expected offset after onset; correct the line"
    if before is None or before.block != word.block:
        if word.block in blocks:
            return (
                f"is in segment {word.block}, which had ended before: times run backwards, "
                "expected the words in the order they are heard; sort the table"
            )
        return ""
    if word.onset < before.onset:
        return (
            f"begins at {word.onset:g} s, before the word above it ({before.onset:g} s): times "
            "run backwards, expected the order in which words are heard; sort the table, or name "
            "the pieces of sound in a column 'Segment' where times start anew"
        )
    if word.onset < before.offset - OVERLAP_S:
        return (
            f"begins at {word.onset:g} s while the word above it lasts until {before.offset:g} s: "
            "they overlap, expected one word at a time; correct the times"
        )
    return ""


def with_text(timed: Transcript, tokens: list[Token], where: str) -> Transcript:
    """Spell timed words as a text does, with its punctuation and sentences.

    Words of the text without a time join the word before them, so that none is lost.

    Raises
    ------
    AnnotationError
        If fewer than 80 % of the words are common to both.
    """
    spoken = [bare(word.text) for word in timed.words]
    written = [bare(token.text) for token in tokens]
    # In a book, matches begin at its rarer words, or it would take minutes.
    matcher = SequenceMatcher(None, spoken, written, autojunk=len(written) > _BOOK)
    common = matcher.get_matching_blocks()
    n_common = sum(part.size for part in common)
    if n_common < _COMMON * max(len(spoken), len(written)):
        raise AnnotationError(
            f"{where} do not tell the same story ({n_common} common words of {len(spoken)} timed "
            f"and {len(written)} written), expected at least {_COMMON:.0%}; check that they "
            "belong together."
        )
    place = {part.b + k: part.a + k for part in common for k in range(part.size)}
    words = _spelled(timed.words, tokens, place)
    notes = list(timed.notes)
    if n_common < max(len(spoken), len(written)):
        notes.append(
            f"{len(written) - n_common} written words have no time of their own, "
            f"{len(spoken) - n_common} timed words are not in the text"
        )
    return Transcript(words, timed.timing, tuple(notes))


def _spelled(
    words: tuple[Word, ...], tokens: list[Token], place: dict[int, int]
) -> tuple[Word, ...]:
    """Put every token where its timed word is, or with the one before it."""
    at: dict[int, list[Token]] = {}
    current = place[min(place)]
    for i, token in enumerate(tokens):
        current = place.get(i, current)
        at.setdefault(current, []).append(token)
    spelled = []
    for i, word in enumerate(words):
        if i not in at:
            spelled.append(word)
            continue
        # A gap in the sentence column ends a sentence even where the text's mark is missing.
        ends = any(token.ends_sentence for token in at[i]) or word.ends_sentence
        text = "".join(t.text + t.space for t in at[i][:-1]) + at[i][-1].text
        spelled.append(replace(word, text=text, ends_sentence=ends, space=at[i][-1].space))
    return tuple(spelled)


def _read_timed(path: Path) -> Transcript:
    from .subtitles import read_subtitles
    from .word_table import read_word_table

    reads_subtitles = path.suffix.lower() in (".srt", ".vtt")
    return (read_subtitles if reads_subtitles else read_word_table)(path)
