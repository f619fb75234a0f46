"""Tables of words with onset and offset, such as the Alice data's."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from .errors import AnnotationError
from .prose import ends_sentence
from .transcript import Transcript, Word, check_times, read_text

# What a column may be called, in any case.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "word": ("word", "text", "token"),
    "onset": ("onset", "start", "begin", "tmin"),
    "offset": ("offset", "end", "stop", "tmax"),
    "segment": ("segment", "block", "file"),
    "sentence": ("sentence", "sentence_id"),
}
_NEEDED = ("word", "onset", "offset")


def read_word_table(path: Path) -> Transcript:
    """Read a table with one word a row.

    Columns ``Word``, ``onset`` and ``offset`` (s) are needed; ``Segment`` names the piece of
    sound in which times start anew, ``Sentence`` changes where a sentence ends. Others are
    ignored, and so are rows without a word.

    Raises
    ------
    AnnotationError
        If columns are missing, or a line does not hold what it should (the line is named).
    """
    text = read_text(path)
    first = text.splitlines()[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        columns = _columns(path, next(reader))
        rows = [
            (reader.line_num, row) for row in reader if row and _cell(row, columns["word"]).strip()
        ]
    except csv.Error as problem:
        raise AnnotationError(
            f"{path}, line {reader.line_num}: {problem}, expected a table with one word a row; "
            "correct the line."
        ) from problem
    if not rows:
        raise AnnotationError(f"{path} holds no word, expected one a row below its header.")
    words = [(line, _word(path, line, row, columns)) for line, row in rows]
    check_times(words, path)
    sentences = [_cell(row, columns["sentence"]) for _, row in rows]
    return Transcript(_with_ends([word for _, word in words], sentences), "measured")


def _columns(path: Path, header: Sequence[str]) -> dict[str, int | None]:
    names = [name.strip().lower() for name in header]
    found: dict[str, int | None] = {}
    for what, accepted in _NAMES.items():
        found[what] = next((names.index(name) for name in accepted if name in names), None)
    if missing := [what for what in _NEEDED if found[what] is None]:
        raise AnnotationError(
            f"{path} has no column '{missing[0]}' (its columns are {', '.join(header)}), expected "
            "Word, onset and offset, with Segment and Sentence where they are known; name them "
            "in the first line."
        )
    return found


def _cell(row: Sequence[str], column: int | None) -> str:
    return row[column] if column is not None and column < len(row) else ""


def _word(path: Path, line: int, row: Sequence[str], columns: dict[str, int | None]) -> Word:
    word = _cell(row, columns["word"]).strip()
    times = []
    for name in ("onset", "offset"):
        cell = _cell(row, columns[name])
        try:
            times.append(float(cell))
        except ValueError as problem:
            raise AnnotationError(
                f"{path}, line {line}: the {name} of '{word}' is '{cell}', expected seconds as a "
                "number; correct the line."
            ) from problem
    return Word(word, times[0], times[1], _cell(row, columns["segment"]).strip())


def _with_ends(words: list[Word], sentences: list[str]) -> tuple[Word, ...]:
    """Mark the last word of every sentence, by number where there is one, else by its marks."""
    ended = []
    numbered = any(sentences)
    for i, word in enumerate(words):
        following = words[i + 1] if i + 1 < len(words) else None
        if following is None or following.block != word.block:
            ends = True
        elif numbered:
            ends = sentences[i] != sentences[i + 1]
        else:
            ends = ends_sentence(word.text, following.text)
        ended.append(Word(word.text, word.onset, word.offset, word.block, ends))
    return tuple(ended)
